/* What the header promises of addresses, lengths, ownership and threads. Run under valgrind as well.
 *
 * usage: abi SETTINGS BUNDLE REQUEST CLAIM PRESENTATION NOW, all of which make a good answer. */

#include <medproof.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(condition)                                                     \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);   \
            exit(1);                                                          \
        }                                                                     \
    } while (0)

enum { SETTINGS, BUNDLE, REQUEST, CLAIM, PRESENTATION, FILES };

static uint8_t *bytes[FILES];
static size_t len[FILES];
static uint64_t now;

/* A buffer of just its length, so that valgrind sees a read beyond it. */
static void read_file(const char *path, int i) {
    FILE *in = fopen(path, "rb");
    EXPECT(in != NULL);
    EXPECT(fseek(in, 0, SEEK_END) == 0);
    len[i] = (size_t)ftell(in);
    rewind(in);
    bytes[i] = malloc(len[i]);
    EXPECT(bytes[i] != NULL && fread(bytes[i], 1, len[i], in) == len[i]);
    fclose(in);
}

static medproof_verifier *opened(void) {
    medproof_verifier *verifier;
    medproof_answer *answer;
    EXPECT(medproof_verifier_open(bytes[SETTINGS], len[SETTINGS], bytes[BUNDLE], len[BUNDLE], &verifier,
                                  &answer) == MEDPROOF_STATUS_OK);
    EXPECT(verifier != NULL && answer == NULL);
    return verifier;
}

static medproof_status verify(medproof_verifier *verifier, const uint8_t *presentation, size_t length,
                              medproof_answer **answer) {
    return medproof_verifier_verify(verifier, bytes[REQUEST], len[REQUEST], bytes[CLAIM], len[CLAIM],
                                    presentation, length, now, answer);
}

static void a_good_answer_has_its_texts(void) {
    medproof_verifier *verifier = opened();
    medproof_answer *answer;
    EXPECT(verify(verifier, bytes[PRESENTATION], len[PRESENTATION], &answer) == MEDPROOF_STATUS_OK);
    /* It lasts longer than its verifier. */
    medproof_verifier_free(verifier);
    const char *const texts[] = {
        medproof_answer_issuer(answer), medproof_answer_nullifier(answer),
        medproof_answer_scope(answer),  medproof_answer_nonce(answer),
        medproof_answer_consent_handle(answer), medproof_answer_title(answer),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        EXPECT(texts[i] != NULL && strstr(medproof_answer_json(answer), texts[i]) != NULL);
        EXPECT(strncmp(texts[i], "0x", 2) == 0 || texts[i] == texts[5]);
        for (size_t j = 0; j < i; j++)
            EXPECT(strcmp(texts[i], texts[j]) != 0);
    }
    EXPECT(medproof_answer_code(answer) == NULL && medproof_answer_message(answer) == NULL);
    EXPECT(!medproof_answer_development(answer));
    medproof_answer_free(answer);
}

static void a_refusal_has_code_and_message(void) {
    medproof_verifier *verifier = opened();
    medproof_answer *answer;
    EXPECT(verify(verifier, bytes[PRESENTATION], len[PRESENTATION] - 1, &answer) == MEDPROOF_STATUS_REFUSED);
    EXPECT(strcmp(medproof_answer_code(answer), "presentation.length") == 0);
    EXPECT(strstr(medproof_answer_message(answer), "expected 321 bytes, found 320") != NULL);
    EXPECT(medproof_answer_nullifier(answer) == NULL && medproof_answer_title(answer) == NULL);
    medproof_answer_free(answer);
    medproof_verifier_free(verifier);
}

static void no_bytes_may_have_no_address(void) {
    medproof_verifier *verifier = opened(), *none;
    medproof_answer *answer;
    EXPECT(verify(verifier, NULL, 0, &answer) == MEDPROOF_STATUS_REFUSED);
    EXPECT(strcmp(medproof_answer_code(answer), "presentation.length") == 0);
    medproof_answer_free(answer);
    EXPECT(medproof_verifier_open(NULL, 0, NULL, 0, &none, &answer) == MEDPROOF_STATUS_REFUSED);
    EXPECT(none == NULL && strcmp(medproof_answer_code(answer), "json.syntax") == 0);
    medproof_answer_free(answer);
    medproof_verifier_free(verifier);
}

static void what_is_missing_is_told(void) {
    const medproof_status invalid = MEDPROOF_STATUS_INVALID_ARGUMENT;
    medproof_verifier *verifier = opened(), *none;
    medproof_answer *answer = (medproof_answer *)&now;
    EXPECT(verify(NULL, bytes[PRESENTATION], len[PRESENTATION], &answer) == invalid);
    EXPECT(answer == NULL);
    EXPECT(verify(verifier, NULL, 321, &answer) == invalid && answer == NULL);
    EXPECT(verify(verifier, bytes[PRESENTATION], SIZE_MAX, &answer) == invalid && answer == NULL);
    EXPECT(verify(verifier, bytes[PRESENTATION], len[PRESENTATION], NULL) == invalid);
    EXPECT(medproof_verifier_open(NULL, 1, NULL, 0, &none, &answer) == invalid);
    EXPECT(medproof_verifier_open(NULL, 0, NULL, 1, &none, &answer) == invalid && none == NULL);
    EXPECT(medproof_verifier_open(NULL, 0, NULL, 0, NULL, &answer) == invalid && answer == NULL);
    EXPECT(medproof_verifier_open(NULL, 0, NULL, 0, &none, NULL) == invalid && none == NULL);
    /* The verifier is as it was. */
    EXPECT(verify(verifier, bytes[PRESENTATION], len[PRESENTATION], &answer) == MEDPROOF_STATUS_OK);
    medproof_answer_free(answer);
    medproof_verifier_free(verifier);
}

static void nothing_may_be_asked_and_freed(void) {
    medproof_verifier_free(NULL);
    medproof_answer_free(NULL);
    EXPECT(medproof_answer_json(NULL) == NULL && medproof_answer_code(NULL) == NULL);
    EXPECT(medproof_answer_message(NULL) == NULL && medproof_answer_scope(NULL) == NULL);
    EXPECT(!medproof_answer_development(NULL));
    EXPECT(strcmp(medproof_status_text(MEDPROOF_STATUS_OK), "ok") == 0);
    EXPECT(strcmp(medproof_status_text(17), "no status of this library") == 0);
    EXPECT(strchr(medproof_version(), '.') != NULL);
}

static void *ask(void *verifier) {
    for (int i = 0; i < 4; i++) {
        medproof_answer *answer;
        size_t length = len[PRESENTATION] - (size_t)(i % 2);
        medproof_status expected = i % 2 == 0 ? MEDPROOF_STATUS_OK : MEDPROOF_STATUS_REFUSED;
        EXPECT(verify(verifier, bytes[PRESENTATION], length, &answer) == expected);
        medproof_answer_free(answer);
    }
    return NULL;
}

static void threads_may_share_a_verifier(void) {
    medproof_verifier *verifier = opened();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        EXPECT(pthread_create(&threads[i], NULL, ask, verifier) == 0);
    for (int i = 0; i < 4; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
    medproof_verifier_free(verifier);
}

int main(int argc, char **argv) {
    EXPECT(argc == 2 + FILES);
    for (int i = 0; i < FILES; i++)
        read_file(argv[1 + i], i);
    now = strtoumax(argv[1 + FILES], NULL, 10);
    a_good_answer_has_its_texts();
    a_refusal_has_code_and_message();
    no_bytes_may_have_no_address();
    what_is_missing_is_told();
    nothing_may_be_asked_and_freed();
    threads_may_share_a_verifier();
    for (int i = 0; i < FILES; i++)
        free(bytes[i]);
    return 0;
}
