//! The verifier for JavaScript: `index.js` beside this crate copies bytes into the module's memory, calls, and copies the answer out.
//!
//! One instance of the module is one verifier. Whoever drops the instance has given all of its memory back, and an instance
//! that stopped, as one does that runs out of memory, takes no other with it.

mod abi;
mod session;
