//! What the module exports: integers alone, and no pointer that comes from outside.
//!
//! The module owns every buffer, so that no length which JavaScript gives is believed: [`medproof_input`] makes room of the
//! size that is asked for and says where it is, and the calls after it read this room and nothing else.
#![allow(
    unsafe_code,
    reason = "an exported name could be another library's; here each begins with `medproof_`, and there is no unsafe block"
)]

use crate::session::{Part, Session};
use std::sync::{Mutex, MutexGuard, PoisonError};

// The module has one thread, and so has each instance of it: nobody ever waits.
static SESSION: Mutex<Session> = Mutex::new(Session::new());

fn session() -> MutexGuard<'static, Session> {
    SESSION.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Room for the bytes of a part, in the order of [`Part`]; null where there is no such part, or not as much memory.
#[unsafe(no_mangle)]
pub extern "C" fn medproof_input(part: u32, length: usize) -> *mut u8 {
    let room = Part::of(part).and_then(|part| session().room(part, length));
    room.unwrap_or(core::ptr::null_mut())
}

/// Reads settings and bundle. The answer is empty where both are good, or says why not.
#[unsafe(no_mangle)]
pub extern "C" fn medproof_open() {
    session().open();
}

/// Answers to request, claim and presentation, at `now`.
#[unsafe(no_mangle)]
pub extern "C" fn medproof_verify(now: u64) {
    session().verify(now);
}

/// Explains the claim in words.
#[unsafe(no_mangle)]
pub extern "C" fn medproof_explain() {
    session().explain();
}

/// Where the answer is: JSON in UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn medproof_answer() -> *const u8 {
    session().answer().as_ptr()
}

/// How many bytes the answer has.
#[unsafe(no_mangle)]
pub extern "C" fn medproof_answer_length() -> usize {
    session().answer().len()
}
