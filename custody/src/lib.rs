//! Keys kept.
