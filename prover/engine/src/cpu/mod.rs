//! The fast engine.

mod lagrange;
