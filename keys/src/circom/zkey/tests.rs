use super::*;
use crate::circom::FormatError;
use crate::circom::testing::{outside_the_group, refused_at, refuses_damage, with, without, zkey};
use crate::circom::writer::Section;
use ark_bn254::Fq;
use ark_ec::AffineRepr;
use ark_ff::PrimeField;

// In the header, after two moduli.
const COUNTS: usize = 72;
const POINTS: usize = COUNTS + 12;

fn file() -> Vec<u8> {
    write_zkey(&zkey()).unwrap()
}

fn bytes(write: impl Fn(&mut Section)) -> Vec<u8> {
    let mut section = Section::new(0, 0);
    write(&mut section);
    section.content().to_vec()
}

#[test]
fn a_key_survives_its_file() {
    assert!(read_zkey(&file()).unwrap() == zkey());
}

#[test]
fn the_rows_after_the_circuits_own_bind_the_public_inputs() {
    let key = zkey();
    // Five rows, five public inputs and the constant.
    assert_eq!((key.public, key.domain), (5, 16));
    for input in 0..6 {
        assert_eq!(key.a[5 + input], [(Fr::from(1), input)]);
    }
    assert!(key.a[11..].iter().chain(&key.b[5..]).all(Vec::is_empty));
}

#[test]
fn queries_of_other_lengths_make_no_key() {
    let (circuit, key) = (crate::testing::matrices(), crate::testing::small_key());
    let values = |n: usize| vec![G1Affine::generator(); n];
    assert!(Zkey::new(&circuit, key.clone(), values(16)).is_ok());
    assert_eq!(
        Zkey::new(&circuit, key.clone(), values(15)).unwrap_err().part,
        "the H query"
    );
    let mut other = key.clone();
    other.l_query.pop();
    assert_eq!(Zkey::new(&circuit, other, values(16)).unwrap_err().part, "the L query");
    let mut other = key;
    other.vk.gamma_abc_g1.pop();
    assert!(Zkey::new(&circuit, other, values(16)).is_err());
}

#[test]
fn damaged_files_are_refused() {
    refuses_damage(&file(), |bytes| read_zkey(bytes).map(drop));
}

#[test]
fn every_section_but_the_contributions_is_needed() {
    for section in 1..=9 {
        let found = read_zkey(&without(&file(), section)).unwrap_err();
        assert_eq!(
            found.to_string(),
            format!("expected section {section} once, found it 0 times")
        );
    }
    assert!(read_zkey(&without(&file(), 10)).unwrap() == zkey());
}

#[test]
fn other_protocols_and_curves_are_refused() {
    let good = file();
    refused_at(read_zkey(&with(&good, 1, 0, &[2])), &good, 1, 0);
    for (modulus, length) in [(0, 4), (36, 40)] {
        refused_at(read_zkey(&with(&good, HEADER, modulus, &[48])), &good, HEADER, modulus);
        refused_at(read_zkey(&with(&good, HEADER, length, &[0])), &good, HEADER, modulus);
    }
}

#[test]
fn counts_are_held_against_each_other_and_the_file() {
    let good = file();
    let change = |offset: usize, count: u32| with(&good, HEADER, COUNTS + offset, &count.to_le_bytes());
    let (variables, public, domain) = (0, 4, 8);
    // No fewer public inputs than variables.
    refused_at(read_zkey(&change(variables, 5)), &good, HEADER, COUNTS);
    refused_at(read_zkey(&change(public, u32::MAX)), &good, HEADER, COUNTS);
    // No power of two, or one above 2^28.
    for count in [0, 15, 1 << 29] {
        refused_at(read_zkey(&change(domain, count)), &good, HEADER, COUNTS);
    }
    // Others than there is something for: nothing is made room for.
    for (offset, count) in [
        (variables, 10),
        (variables, 12),
        (variables, u32::MAX),
        (public, 4),
        (public, 6),
        (domain, 8),
        (domain, 32),
        (domain, 1 << 28),
    ] {
        let refused = read_zkey(&change(offset, count));
        assert!(
            matches!(refused, Err(FormatError::Short { .. } | FormatError::Trailing { .. })),
            "{refused:?}"
        );
    }
    let coefficients = with(&good, COEFFICIENTS, 0, &u32::MAX.to_le_bytes());
    assert!(matches!(read_zkey(&coefficients), Err(FormatError::Short { .. })));
}

#[test]
fn coefficients_are_canonical_and_in_place() {
    let good = file();
    let entry = 4 + 2 * COEFFICIENT;
    let modulus = bytes(|section| section.number(&Fr::MODULUS));
    refused_at(
        read_zkey(&with(&good, COEFFICIENTS, entry + 12, &modulus)),
        &good,
        COEFFICIENTS,
        entry + 12,
    );
    // Matrix, row, variable: one above the last.
    for (offset, number) in [(0, 2), (4, 16), (8, 11)] {
        let bad = with(&good, COEFFICIENTS, entry + offset, &u32::to_le_bytes(number));
        refused_at(read_zkey(&bad), &good, COEFFICIENTS, entry);
    }
}

#[test]
fn points_of_every_section_are_canonical_and_on_the_curve() {
    let good = file();
    let modulus = bytes(|section| section.number(&Fq::MODULUS));
    for (section, at) in [(HEADER, POINTS), (3, 64), (5, 0), (6, 0), (7, 0), (8, 64), (9, 64)] {
        let refused = read_zkey(&with(&good, section, at, &modulus));
        refused_at(refused, &good, section, at);
        // Another ordinate.
        let ordinate = if section == 7 { 64 } else { 32 };
        let refused = read_zkey(&with(&good, section, at + ordinate, &[9; 31]));
        refused_at(refused, &good, section, at);
    }
}

#[test]
fn points_of_the_header_are_finite_and_of_their_group() {
    let good = file();
    let outside = bytes(|section| section.g2(&outside_the_group()));
    // α β in G1, β γ in G2, δ in G1, δ in G2.
    let (mut at, mut groups) = (POINTS, 0);
    for size in [64, 64, 128, 128, 64, 128] {
        let infinite = with(&good, HEADER, at, &vec![0; size]);
        refused_at(read_zkey(&infinite), &good, HEADER, at);
        if size == 128 {
            groups += 1;
            refused_at(read_zkey(&with(&good, HEADER, at, &outside)), &good, HEADER, at);
        }
        at += size;
    }
    assert_eq!(groups, 3);
}

#[test]
fn contributions_are_read_to_their_end() {
    let key = zkey();
    let contribution = |kind: u8, parameters: &[u8], point: &G2Affine| {
        bytes(|section| {
            (0..3).for_each(|_| section.g1(&key.delta_g1));
            section.g2(point);
            section.bytes(&[1; 64]);
            section.bytes(&[kind, 0, 0, 0]);
            section.bytes(&(parameters.len() as u32).to_le_bytes());
            section.bytes(parameters);
        })
    };
    let good = file();
    // The last section: its content goes to the file's end.
    let start = crate::circom::testing::start_of(&good, 10);
    let with_contributions = |count: u8, content: &[u8]| {
        let mut other = good[..start].to_vec();
        other[start - 8..].copy_from_slice(&(68 + content.len() as u64).to_le_bytes());
        other.extend([7; 64]);
        other.extend([count, 0, 0, 0]);
        other.extend(content);
        read_zkey(&other).map(|read| {
            assert_eq!(write_zkey(&read).unwrap(), other);
            assert!(
                Zkey {
                    contributions: Contributions::default(),
                    ..read.clone()
                } == key
            );
            read.contributions.turns
        })
    };
    let named = contribution(0, b"\x01\x01a", &key.delta_g2);
    let nameless = contribution(0, b"", &key.delta_g2);
    let beacon = contribution(1, b"\x01\x02bc\x02\x0a\x03\x02\xff\x00", &key.delta_g2);
    let turns = with_contributions(3, &[&named[..], &nameless, &beacon].concat()).unwrap();
    let names: Vec<Option<&str>> = turns.iter().map(|turn| turn.name.as_deref()).collect();
    assert_eq!(names, [Some("a"), None, Some("bc")]);
    let value = vec![0xff, 0];
    assert_eq!(turns[1].source, Source::Secret);
    assert_eq!(turns[2].source, Source::Beacon { iterations: 10, value });
    assert_eq!(turns[0].to_bytes().unwrap(), named);
    let malformed = |kind: u8, parameters: &[u8]| (1, contribution(kind, parameters, &key.delta_g2));
    for (count, content) in [
        (0, named.clone()),
        (2, named.clone()),
        (1, named[..named.len() - 1].to_vec()),
        (1, contribution(0, b"", &outside_the_group())),
        (1, contribution(0, b"", &G2Affine::zero())),
        // A name that is too short or too long, empty, twice, no text.
        malformed(0, b"\x01\x02a"),
        malformed(0, b"\x01\x00a"),
        malformed(0, b"\x01\x00"),
        malformed(0, b"\x01\x01a\x01\x01a"),
        malformed(0, b"\x01\x01\xff"),
        // A beacon without its value or iterations, in another order, of no beacon; an unknown kind.
        malformed(1, b"\x02\x0a"),
        malformed(1, b"\x03\x01a"),
        malformed(1, b"\x02\x0a\x03\x00"),
        malformed(1, b"\x03\x01a\x02\x0a"),
        malformed(0, b"\x02\x0a\x03\x01a"),
        malformed(1, b"\x01\x01a"),
        malformed(2, b"\x01\x01a"),
        malformed(0, b"\x04\x01a"),
    ] {
        assert!(with_contributions(count, &content).is_err(), "{content:?}");
    }
}
