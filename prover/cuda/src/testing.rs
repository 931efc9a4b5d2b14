//! For tests that need a device.

use crate::Device;
use std::io::Write;

/// In the environment, not empty: a test without a device fails.
pub const REQUIRED: &str = "MEDPROOF_DEVICE";

/// The first device; without one, `None`, and it is said that these tests are skipped, and why.
///
/// # Panics
/// Where a device is required and there is none.
#[must_use]
#[allow(clippy::panic)]
pub fn device(tests: &str) -> Option<Device> {
    let missing = match Device::first() {
        Ok(device) => return Some(device),
        Err(missing) => missing,
    };
    if std::env::var_os(REQUIRED).is_some_and(|value| !value.is_empty()) {
        panic!("{REQUIRED} is set, but {missing}");
    }
    // Past what tests capture, so that it is seen.
    let said = format!("\n!!! GPU tests SKIPPED ({tests}): {missing}\n");
    let _ = std::io::stderr().write_all(said.as_bytes());
    None
}
