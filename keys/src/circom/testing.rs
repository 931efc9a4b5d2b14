//! Files to damage.

use super::{FormatError, R1cs, Zkey, development_zkey};
use crate::progress::Quiet;
use crate::testing::matrices;
use ark_bn254::g2::Config;
use ark_bn254::{Fq2, G2Affine};
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::Field;
use medproof_gadgets::r1cs_file::Declared;
use std::ops::Range;

pub(super) fn r1cs() -> R1cs {
    R1cs {
        declared: Declared { outputs: 2, private: 1 },
        matrices: matrices(),
    }
}

pub(super) fn zkey() -> Zkey {
    development_zkey(&r1cs(), &Quiet).unwrap()
}

/// On the curve, and not in the group.
pub(super) fn outside_the_group() -> G2Affine {
    let found = (1_u64..).find_map(|x| {
        let x = Fq2::from(x);
        let y = (x.square() * x + Config::COEFF_B).sqrt()?;
        Some(G2Affine::new_unchecked(x, y)).filter(|p| !p.is_in_correct_subgroup_assuming_on_curve())
    });
    found.unwrap()
}

/// Sections of a file: number, and where its number and its content are.
pub(super) fn sections(file: &[u8]) -> Vec<(u32, usize, Range<usize>)> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let mut at = 12;
    (0..word(8))
        .map(|_| {
            let (start, length) = (at, word(at + 4) as usize);
            at += 12 + length;
            (word(start), start, start + 12..at)
        })
        .collect()
}

/// Where a section's content begins.
pub(super) fn start_of(file: &[u8], section: u32) -> usize {
    let found = sections(file).into_iter().find(|(number, ..)| *number == section);
    found.unwrap().2.start
}

/// The file with these bytes at a place of a section's content.
pub(super) fn with(file: &[u8], section: u32, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let at = start_of(file, section) + offset;
    let mut changed = file.to_vec();
    changed[at..at + bytes.len()].copy_from_slice(bytes);
    assert_ne!(changed, file);
    changed
}

// The file with its sections made anew.
fn rebuilt(file: &[u8], change: impl Fn(&mut Vec<(u32, Vec<u8>)>)) -> Vec<u8> {
    let mut contents = sections(file)
        .into_iter()
        .map(|(number, _, range)| (number, file[range].to_vec()))
        .collect();
    change(&mut contents);
    let mut changed = file[..8].to_vec();
    changed.extend((contents.len() as u32).to_le_bytes());
    for (number, content) in contents {
        changed.extend(number.to_le_bytes());
        changed.extend((content.len() as u64).to_le_bytes());
        changed.extend(content);
    }
    changed
}

/// What every reader of a file of sections refuses.
pub(super) fn refuses_damage(good: &[u8], read: impl Fn(&[u8]) -> Result<(), FormatError>) {
    assert_eq!(read(good), Ok(()));
    for length in 0..good.len() {
        assert!(read(&good[..length]).is_err(), "{length} bytes");
    }
    let longer = [good, &[0]].concat();
    let trailing = FormatError::Trailing {
        at: good.len(),
        of: "the file",
        found: 1,
    };
    assert_eq!(read(&longer), Err(trailing));
    // Kind, version, number of sections: one fewer or more.
    for (place, byte) in [(0, b'?'), (3, b'?'), (4, 9), (8, 1), (8, 99), (11, 1)] {
        let mut bad = good.to_vec();
        bad[place] = byte;
        assert!(read(&bad).is_err(), "{byte} at {place}");
    }
    for (i, (number, start, _)) in sections(good).into_iter().enumerate() {
        // Shifts what follows.
        for by in [-1_i64, 1] {
            let mut bad = good.to_vec();
            let length = i64::from(u32::from_le_bytes(bad[start + 4..start + 8].try_into().unwrap()));
            bad[start + 4..start + 12].copy_from_slice(&(length + by).to_le_bytes());
            assert!(read(&bad).is_err(), "section {number} {by}");
        }
        let huge = [&good[..start + 4], &[0xff; 8], &good[start + 12..]].concat();
        assert!(read(&huge).is_err(), "section {number}");
        let longer = rebuilt(good, |all| all[i].1.push(0));
        assert!(read(&longer).is_err(), "section {number} with a byte more");
        let shorter = rebuilt(good, |all| {
            let length = all[i].1.len();
            all[i].1.truncate(length - 1);
        });
        assert!(read(&shorter).is_err(), "section {number} with a byte less");
        let twice = rebuilt(good, |all| all.push(all[i].clone()));
        assert_eq!(
            read(&twice),
            Err(FormatError::Section {
                section: number,
                found: 2
            })
        );
        let unknown = rebuilt(good, |all| all.push((77, Vec::new())));
        assert!(read(&unknown).unwrap_err().to_string().contains("sections"));
        let reversed = rebuilt(good, |all| all.reverse());
        assert_eq!(read(&reversed), Ok(()), "the order of sections");
    }
}

/// The file without a section.
pub(super) fn without(file: &[u8], section: u32) -> Vec<u8> {
    rebuilt(file, |all| all.retain(|(number, _)| *number != section))
}

/// That a file is refused for something at a place of a section's content.
#[track_caller]
pub(super) fn refused_at<T>(result: Result<T, FormatError>, file: &[u8], section: u32, offset: usize) {
    let expected = start_of(file, section) + offset;
    match result {
        Err(FormatError::Value { at, .. }) => assert_eq!(at, expected, "section {section}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}
