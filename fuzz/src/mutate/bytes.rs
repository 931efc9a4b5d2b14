//! Mutations of bytes.

use super::edges::{INTEGERS, WORDS};
use crate::rng::Rng;

/// One mutation.
pub fn any(input: &mut Vec<u8>, donor: &[u8], rng: &mut Rng) {
    let at = rng.below(input.len());
    match rng.below(14) {
        0..=2 => flip(input, at, rng),
        3 => set(input, at, rng),
        4 => word(input, rng),
        5 => integer(input, at, rng),
        6 => insert(input, rng),
        7 => remove(input, at, rng),
        8 => repeat(input, at, rng),
        9 => splice(input, donor, rng),
        10 => copy(input, donor, rng),
        11 => input.truncate(at),
        12 => step(input, at, rng),
        _ => extend(input, rng),
    }
}

fn flip(input: &mut [u8], at: usize, rng: &mut Rng) {
    if let Some(byte) = input.get_mut(at) {
        *byte ^= 1 << rng.below(8);
    }
}

fn set(input: &mut [u8], at: usize, rng: &mut Rng) {
    let other = rng_byte(rng);
    if let Some(byte) = input.get_mut(at) {
        *byte = *rng.one(&[0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff, b'0', b'"', b'{', other]);
    }
}

fn rng_byte(rng: &mut Rng) -> u8 {
    rng.bits() as u8
}

// A field element's bytes, in either order.
fn word(input: &mut [u8], rng: &mut Rng) {
    let mut word = *rng.one(&WORDS);
    if rng.once_in(2) {
        word.reverse();
    }
    overwrite(input, &word, rng);
}

fn integer(input: &mut [u8], at: usize, rng: &mut Rng) {
    let value = *rng.one(INTEGERS);
    let width = *rng.one(&[1, 2, 4, 8]);
    let bytes = if rng.once_in(2) {
        value.to_be_bytes()
    } else {
        value.swap_bytes().to_be_bytes()
    };
    let from = if rng.once_in(2) { 8 - width } else { 0 };
    for (to, byte) in input.iter_mut().skip(at).zip(&bytes[from..from + width]) {
        *to = *byte;
    }
}

fn insert(input: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.below(input.len() + 1);
    let byte = rng_byte(rng);
    let count = 1 + rng.below(8);
    input.splice(at..at, std::iter::repeat_n(byte, count));
}

fn remove(input: &mut Vec<u8>, at: usize, rng: &mut Rng) {
    let end = (at + 1 + rng.below(40)).min(input.len());
    input.drain(at.min(end)..end);
}

fn repeat(input: &mut Vec<u8>, at: usize, rng: &mut Rng) {
    let end = (at + 1 + rng.below(64)).min(input.len());
    let part = input.get(at..end).unwrap_or_default().to_vec();
    input.splice(at..at, part);
}

// The head of one and the tail of another.
fn splice(input: &mut Vec<u8>, donor: &[u8], rng: &mut Rng) {
    let at = rng.below(input.len().min(donor.len()) + 1);
    input.truncate(at);
    input.extend(&donor[at..]);
}

fn copy(input: &mut [u8], donor: &[u8], rng: &mut Rng) {
    let length = *rng.one(&[1, 4, 8, 20, 32, 64, 128]);
    let from = rng.below(donor.len());
    let part = donor
        .get(from..(from + length).min(donor.len()))
        .unwrap_or_default()
        .to_vec();
    overwrite(input, &part, rng);
}

fn overwrite(input: &mut [u8], part: &[u8], rng: &mut Rng) {
    let at = rng.below(input.len());
    for (to, byte) in input.iter_mut().skip(at).zip(part) {
        *to = *byte;
    }
}

fn step(input: &mut [u8], at: usize, rng: &mut Rng) {
    if let Some(byte) = input.get_mut(at) {
        *byte = byte.wrapping_add(*rng.one(&[1, 0xff, 2, 0xfe, 16]));
    }
}

fn extend(input: &mut Vec<u8>, rng: &mut Rng) {
    let byte = *rng.one(&[0, 0xff, b' ', b'\n', b'0']);
    input.extend(std::iter::repeat_n(byte, 1 + rng.below(70)));
}
