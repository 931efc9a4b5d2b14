/* medproof: checks presentations, offline. Apache-2.0.
 *
 * Made by cbindgen from verifier/bindings/c/src; do not edit.
 *
 * Open a verifier, ask it as often as you like, free what you were given:
 *
 *     medproof_verifier *verifier;
 *     medproof_answer *answer;
 *     medproof_status status = medproof_verifier_open(settings, settings_len, bundle, bundle_len,
 *                                                     &verifier, &answer);
 *
 * Texts end with a zero, are UTF-8, and belong to the answer that they are of. Field elements, digests
 * and addresses are hexadecimal, with 0x before them. A NULL address with the length 0 is an empty buffer. */

#ifndef MEDPROOF_H
#define MEDPROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * How a call ended.
 */
typedef enum {
  /**
   * It did what it was asked.
   */
  MEDPROOF_STATUS_OK = 0,
  /**
   * Nothing was verified: the answer says why.
   */
  MEDPROOF_STATUS_REFUSED = 1,
  /**
   * An address is NULL that must not be, or a length is no buffer's: there is no answer.
   */
  MEDPROOF_STATUS_INVALID_ARGUMENT = 2,
  /**
   * A fault of this library, which is in no state to answer: there is no answer, and the verifier gives none any more.
   */
  MEDPROOF_STATUS_INTERNAL = 3,
} medproof_status;

/**
 * What a verifier says: that a presentation was verified and what it shows, or why not.
 */
typedef struct medproof_answer medproof_answer;

/**
 * A verifier of presentations: settings, a trust bundle, and the keys that were needed so far.
 */
typedef struct medproof_verifier medproof_verifier;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Opens a verifier: reads settings, and a trust bundle of the signer that they name.
 *
 * @param settings      JSON of type medproof/verifier-settings, in any spelling.
 * @param settings_len  Its bytes. A zero at the end does not count.
 * @param bundle        A trust bundle, as it was signed.
 * @param bundle_len    Its bytes.
 * @param verifier      Becomes the verifier, for medproof_verifier_free; NULL unless the status is OK.
 * @param answer        Becomes the refusal, for medproof_answer_free; NULL unless the status is REFUSED.
 *
 * # Safety
 * Addresses are NULL or as said.
 */
medproof_status medproof_verifier_open(const uint8_t *settings,
                                       size_t settings_len,
                                       const uint8_t *bundle,
                                       size_t bundle_len,
                                       medproof_verifier **verifier,
                                       medproof_answer **answer);

/**
 * Checks a presentation. Takes about a millisecond, longer when a key is first needed, and reads nothing but its arguments.
 *
 * Several threads may use one verifier: they take turns. For checks at the same time open a verifier for each thread.
 *
 * @param verifier          An open one.
 * @param request           The request that was answered, as you signed it.
 * @param request_len       Its bytes.
 * @param claim             The claim that it asks about: JSON in any spelling.
 * @param claim_len         Its bytes.
 * @param presentation      What was presented: 321 bytes, or canonical JSON.
 * @param presentation_len  Its bytes.
 * @param now               Seconds since 1970.
 * @param answer            Becomes the answer, for medproof_answer_free; NULL unless the status is OK or REFUSED.
 *
 * # Safety
 * Addresses are NULL or as said.
 */
medproof_status medproof_verifier_verify(const medproof_verifier *verifier,
                                         const uint8_t *request,
                                         size_t request_len,
                                         const uint8_t *claim,
                                         size_t claim_len,
                                         const uint8_t *presentation,
                                         size_t presentation_len,
                                         uint64_t now,
                                         medproof_answer **answer);

/**
 * Frees a verifier. NULL is none.
 *
 * # Safety
 * It is one of medproof_verifier_open, no call uses it, and none will.
 */
void medproof_verifier_free(medproof_verifier *verifier);

/**
 * Frees an answer, and its texts with it. NULL is none.
 *
 * # Safety
 * It is one of this library, nothing uses it or a text of it, and nothing will.
 */
void medproof_answer_free(medproof_answer *answer);

/**
 * All of an answer: JSON by answer-v1.schema.json, the same in every language. The answer owns the text, as those of the
 * functions below; NULL for no answer.
 *
 * # Safety
 * The answer is NULL or was not freed.
 */
const char *medproof_answer_json(const medproof_answer *answer);

/**
 * The name of a refusal, the same in every language and version: "presentation.proof". NULL where it is none.
 *
 * # Safety
 * The answer is NULL or was not freed.
 */
const char *medproof_answer_code(const medproof_answer *answer);

/**
 * Of a refusal: what was expected, what was found, and what to do. NULL where it is none.
 *
 * # Safety
 * The answer is NULL or was not freed.
 */
const char *medproof_answer_message(const medproof_answer *answer);

/**
 * What the claim is called that was shown. NULL where nothing was verified.
 *
 * # Safety
 * The answer is NULL or was not freed.
 */
const char *medproof_answer_title(const medproof_answer *answer);

/**
 * Whose chart it is, by the ledger: an address. NULL where nothing was verified.
 *
 * # Safety
 * The answer is NULL or was not freed.
 */
const char *medproof_answer_issuer(const medproof_answer *answer);

/**
 * The same for all answers of a holder in the scope, and for nobody else's: keep the pair of both, and refuse a second one.
 * NULL where nothing was verified.
 *
 * # Safety
 * The answer is NULL or was not freed.
 */
const char *medproof_answer_nullifier(const medproof_answer *answer);

/**
 * Within what the nullifier must not come twice. NULL where nothing was verified.
 *
 * # Safety
 * The answer is NULL or was not freed.
 */
const char *medproof_answer_scope(const medproof_answer *answer);

/**
 * The request's: a request that one answer was enough for is done with. NULL where nothing was verified.
 *
 * # Safety
 * The answer is NULL or was not freed.
 */
const char *medproof_answer_nonce(const medproof_answer *answer);

/**
 * By which the holder can revoke the consent: watch the ledger for it. NULL where nothing was verified.
 *
 * # Safety
 * The answer is NULL or was not freed.
 */
const char *medproof_answer_consent_handle(const medproof_answer *answer);

/**
 * Whether anybody can forge proofs under the key: then the answer is evidence of nothing. Only settings for development let
 * such a key pass. False where nothing was verified.
 *
 * # Safety
 * The answer is NULL or was not freed.
 */
bool medproof_answer_development(const medproof_answer *answer);

/**
 * A status in words, which last for ever.
 */
const char *medproof_status_text(int status);

/**
 * The version of this library: "0.1.0". It lasts for ever.
 */
const char *medproof_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MEDPROOF_H */
