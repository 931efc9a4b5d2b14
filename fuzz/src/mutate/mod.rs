//! Mutations: what makes one input into another that is nearly as good.

mod bytes;
pub mod edges;
mod text;

use crate::rng::Rng;
use crate::target::{Form, Target};

/// Another input: up to a few mutations of `base`, which may take parts of `donor`.
pub fn mutate(target: &Target, base: &[u8], donor: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut input = base.to_vec();
    let rounds = 1 + rng.below(4);
    for _ in 0..1 + rng.below(rounds) {
        let structured = match target.form {
            Form::Json => !rng.once_in(6),
            Form::Text => rng.once_in(2),
            Form::Binary => false,
        };
        if structured && target.form == Form::Json {
            text::json(&mut input, donor, rng);
        } else if structured {
            text::words(&mut input, donor, rng);
        } else {
            bytes::any(&mut input, donor, rng);
        }
        input.truncate(target.max_bytes);
    }
    input
}
