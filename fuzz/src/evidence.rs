//! How deep to go, and the line that says what was found.

/// Whether the full depth is asked for: `MEDPROOF_EVIDENCE=1`.
pub fn full_depth() -> bool {
    std::env::var_os("MEDPROOF_EVIDENCE").is_some_and(|value| value == "1")
}
