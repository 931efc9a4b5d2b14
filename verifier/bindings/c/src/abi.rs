//! The interface of C: every function of `medproof.h`, and all that is unsafe in this crate.
//!
//! Each function turns what C gave it into Rust's references, calls safe code, and hands over what comes out. What C must
//! keep to, and no code can check: an address is NULL or of what the header says, and lasts as long as the call does; an object is
//! freed once, when no call uses it. All else is checked: addresses that are NULL, lengths without bytes, and panics, which
//! end here and become a status.
#![allow(unsafe_code)]

use crate::answer::{Answer, Shown};
use crate::verifier::Verifier;
use medproof_verifier::portable::Asked;
use std::ffi::{CStr, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};

/// How a call ended.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It did what it was asked.
    Ok = 0,
    /// Nothing was verified: the answer says why.
    Refused = 1,
    /// An address is NULL that must not be, or a length is no buffer's: there is no answer.
    InvalidArgument = 2,
    /// A fault of this library, which is in no state to answer: there is no answer, and the verifier gives none any more.
    Internal = 3,
}

/// Opens a verifier: reads settings, and a trust bundle of the signer that they name.
///
/// @param settings      JSON of type medproof/verifier-settings, in any spelling.
/// @param settings_len  Its bytes. A zero at the end does not count.
/// @param bundle        A trust bundle, as it was signed.
/// @param bundle_len    Its bytes.
/// @param verifier      Becomes the verifier, for medproof_verifier_free; NULL unless the status is OK.
/// @param answer        Becomes the refusal, for medproof_answer_free; NULL unless the status is REFUSED.
///
/// # Safety
/// Addresses are NULL or as said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_verifier_open(
    settings: *const u8,
    settings_len: usize,
    bundle: *const u8,
    bundle_len: usize,
    verifier: *mut *mut Verifier,
    answer: *mut *mut Answer,
) -> Status {
    // SAFETY: C gives places for addresses, or NULL, and buffers that last as long as this call.
    let (given, files) = unsafe {
        let places = (Place::new(verifier), Place::new(answer));
        (places, (bytes(settings, settings_len), bytes(bundle, bundle_len)))
    };
    let ((Some(verifier), Some(answer)), (Some(settings), Some(bundle))) = (given, files) else {
        return Status::InvalidArgument;
    };
    guarded(|| match Verifier::open(settings, bundle) {
        Ok(opened) => verifier.hand_over(opened, Status::Ok),
        Err(refused) => answer.hand_over(Answer::refused(&refused), Status::Refused),
    })
}

/// Checks a presentation. Takes about a millisecond, longer when a key is first needed, and reads nothing but its arguments.
///
/// Several threads may use one verifier: they take turns. For checks at the same time open a verifier for each thread.
///
/// @param verifier          An open one.
/// @param request           The request that was answered, as you signed it.
/// @param request_len       Its bytes.
/// @param claim             The claim that it asks about: JSON in any spelling.
/// @param claim_len         Its bytes.
/// @param presentation      What was presented: 321 bytes, or canonical JSON.
/// @param presentation_len  Its bytes.
/// @param now               Seconds since 1970.
/// @param answer            Becomes the answer, for medproof_answer_free; NULL unless the status is OK or REFUSED.
///
/// # Safety
/// Addresses are NULL or as said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_verifier_verify(
    verifier: *const Verifier,
    request: *const u8,
    request_len: usize,
    claim: *const u8,
    claim_len: usize,
    presentation: *const u8,
    presentation_len: usize,
    now: u64,
    answer: *mut *mut Answer,
) -> Status {
    // SAFETY: C gives an open verifier, a place for an address, or NULL, and buffers that last as long as this call.
    let (given, files) = unsafe {
        let given = (verifier.as_ref(), Place::new(answer));
        let files = (bytes(request, request_len), bytes(claim, claim_len));
        (given, (files, bytes(presentation, presentation_len)))
    };
    let ((Some(verifier), Some(answer)), ((Some(request), Some(claim)), Some(presentation))) = (given, files) else {
        return Status::InvalidArgument;
    };
    let asked = Asked {
        request,
        claim,
        presentation,
        now,
    };
    guarded(|| match verifier.verify(&asked) {
        Ok(Ok(said)) => answer.hand_over(Answer::verified(&said), Status::Ok),
        Ok(Err(refused)) => answer.hand_over(Answer::refused(&refused), Status::Refused),
        Err(_) => Status::Internal,
    })
}

/// Frees a verifier. NULL is none.
///
/// # Safety
/// It is one of medproof_verifier_open, no call uses it, and none will.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_verifier_free(verifier: *mut Verifier) {
    // SAFETY: as C promises; `Place::hand_over` made it of a box.
    unsafe { take_back(verifier) }
}

/// Frees an answer, and its texts with it. NULL is none.
///
/// # Safety
/// It is one of this library, nothing uses it or a text of it, and nothing will.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_answer_free(answer: *mut Answer) {
    // SAFETY: as C promises; `Place::hand_over` made it of a box.
    unsafe { take_back(answer) }
}

/// All of an answer: JSON by answer-v1.schema.json, the same in every language. The answer owns the text, as those of the
/// functions below; NULL for no answer.
///
/// # Safety
/// The answer is NULL or was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_answer_json(answer: *const Answer) -> *const c_char {
    // SAFETY: as C promises.
    let answer = unsafe { answer.as_ref() };
    of(answer.map(Answer::json))
}

/// The name of a refusal, the same in every language and version: "presentation.proof". NULL where it is none.
///
/// # Safety
/// The answer is NULL or was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_answer_code(answer: *const Answer) -> *const c_char {
    // SAFETY: as C promises.
    let answer = unsafe { answer.as_ref() };
    of(answer.and_then(Answer::code))
}

/// Of a refusal: what was expected, what was found, and what to do. NULL where it is none.
///
/// # Safety
/// The answer is NULL or was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_answer_message(answer: *const Answer) -> *const c_char {
    // SAFETY: as C promises.
    let answer = unsafe { answer.as_ref() };
    of(answer.and_then(Answer::message))
}

/// What the claim is called that was shown. NULL where nothing was verified.
///
/// # Safety
/// The answer is NULL or was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_answer_title(answer: *const Answer) -> *const c_char {
    // SAFETY: as C promises.
    of(unsafe { shown(answer) }.map(|shown| &*shown.title))
}

/// Whose chart it is, by the ledger: an address. NULL where nothing was verified.
///
/// # Safety
/// The answer is NULL or was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_answer_issuer(answer: *const Answer) -> *const c_char {
    // SAFETY: as C promises.
    of(unsafe { shown(answer) }.map(|shown| &*shown.issuer))
}

/// The same for all answers of a holder in the scope, and for nobody else's: keep the pair of both, and refuse a second one.
/// NULL where nothing was verified.
///
/// # Safety
/// The answer is NULL or was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_answer_nullifier(answer: *const Answer) -> *const c_char {
    // SAFETY: as C promises.
    of(unsafe { shown(answer) }.map(|shown| &*shown.nullifier))
}

/// Within what the nullifier must not come twice. NULL where nothing was verified.
///
/// # Safety
/// The answer is NULL or was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_answer_scope(answer: *const Answer) -> *const c_char {
    // SAFETY: as C promises.
    of(unsafe { shown(answer) }.map(|shown| &*shown.scope))
}

/// The request's: a request that one answer was enough for is done with. NULL where nothing was verified.
///
/// # Safety
/// The answer is NULL or was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_answer_nonce(answer: *const Answer) -> *const c_char {
    // SAFETY: as C promises.
    of(unsafe { shown(answer) }.map(|shown| &*shown.nonce))
}

/// By which the holder can revoke the consent: watch the ledger for it. NULL where nothing was verified.
///
/// # Safety
/// The answer is NULL or was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_answer_consent_handle(answer: *const Answer) -> *const c_char {
    // SAFETY: as C promises.
    of(unsafe { shown(answer) }.map(|shown| &*shown.consent_handle))
}

/// Whether anybody can forge proofs under the key: then the answer is evidence of nothing. Only settings for development let
/// such a key pass. False where nothing was verified.
///
/// # Safety
/// The answer is NULL or was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn medproof_answer_development(answer: *const Answer) -> bool {
    // SAFETY: as C promises.
    unsafe { shown(answer) }.is_some_and(|shown| shown.development)
}

/// A status in words, which last for ever.
#[unsafe(no_mangle)]
pub extern "C" fn medproof_status_text(status: c_int) -> *const c_char {
    const ALL: [(Status, &CStr); 4] = [
        (Status::Ok, c"ok"),
        (Status::Refused, c"refused: the answer says why"),
        (
            Status::InvalidArgument,
            c"invalid argument: an address is NULL that must not be, or a length is no buffer's",
        ),
        (
            Status::Internal,
            c"internal error: open another verifier, and report this",
        ),
    ];
    let found = ALL.iter().find(|(known, _)| *known as c_int == status);
    of(Some(found.map_or(c"no status of this library", |(_, text)| text)))
}

/// The version of this library: "0.1.0". It lasts for ever.
#[unsafe(no_mangle)]
pub extern "C" fn medproof_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    of(CStr::from_bytes_with_nul(VERSION.as_bytes()).ok())
}

// ---- what they share ----

// Bytes of C's: none where there are none. Nothing where there should be some, or more than a buffer can have.
//
// SAFETY, for the caller: `start` is NULL or of `len` bytes that nobody writes for as long as 'a.
unsafe fn bytes<'a>(start: *const u8, len: usize) -> Option<&'a [u8]> {
    if len == 0 {
        return Some(&[]);
    }
    let fits = isize::try_from(len).is_ok();
    // SAFETY: as the caller promises; neither NULL nor too long.
    (!start.is_null() && fits).then(|| unsafe { std::slice::from_raw_parts(start, len) })
}

/// Where C wants an address.
struct Place<T>(NonNull<*mut T>);

impl<T> Place<T> {
    // NULL stands there from now on, until there is an address.
    //
    // SAFETY, for the caller: `place` is NULL, or may be written for as long as this lives.
    unsafe fn new(place: *mut *mut T) -> Option<Place<T>> {
        let place = NonNull::new(place)?;
        // SAFETY: as the caller promises.
        unsafe { place.write(ptr::null_mut()) };
        Some(Place(place))
    }

    // C's from now on, until it gives it back.
    fn hand_over(self, made: T, status: Status) -> Status {
        // SAFETY: it may be written, as `new` was promised.
        unsafe { self.0.write(Box::into_raw(Box::new(made))) };
        status
    }
}

// SAFETY, for the caller: `given` is NULL, or of `Place::hand_over`, and nobody uses it any more.
unsafe fn take_back<T>(given: *mut T) {
    if !given.is_null() {
        // SAFETY: as the caller promises.
        drop(unsafe { Box::from_raw(given) });
    }
}

// SAFETY, for the caller: `answer` is NULL or was not freed, nor will be for as long as 'a.
unsafe fn shown<'a>(answer: *const Answer) -> Option<&'a Shown> {
    // SAFETY: as the caller promises.
    unsafe { answer.as_ref() }.and_then(Answer::shown)
}

fn of(text: Option<&CStr>) -> *const c_char {
    text.map_or(ptr::null(), CStr::as_ptr)
}

// What is half done when a panic comes is either dropped here, or behind a lock that is poisoned by it.
fn guarded(work: impl FnOnce() -> Status) -> Status {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Status::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status() {
        assert_eq!(guarded(|| panic!("a fault")), Status::Internal);
        assert_eq!(guarded(|| Status::Ok), Status::Ok);
    }

    #[test]
    fn lengths_without_bytes_are_told_from_no_bytes() {
        // SAFETY: NULL, and a buffer that lasts.
        unsafe {
            assert_eq!(bytes(ptr::null(), 0), Some(&[][..]));
            assert_eq!(bytes(ptr::null(), 1), None);
            assert_eq!(bytes(b"ab".as_ptr(), 2), Some(&b"ab"[..]));
            assert_eq!(bytes(b"ab".as_ptr(), usize::MAX), None);
        }
    }
}
