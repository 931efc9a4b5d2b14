//! Groth16 over a fixed key behind one trait.
