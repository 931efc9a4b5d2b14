use super::file::PAIRS;
use super::*;
use crate::draws::Draws;
use crate::subgroup::tests::of_the_curve;
use ark_bn254::{Fr, G1Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Field;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use medproof_keys::Quiet;
use medproof_keys::circom::points::write_g2;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

const SEED: [u8; 32] = [5; 32];

fn tau() -> Fr {
    Draws::new(&SEED).scalar()
}

fn file(folder: &Path, power: u32) -> PathBuf {
    let path = folder.join("local.ptau");
    make_insecure(power, &SEED, &path, &Quiet).unwrap();
    path
}

fn verified(path: &Path) -> Result<Verified, PowersError> {
    Verified::new(Powers::open(path)?, &Quiet)
}

#[test]
fn local_powers_are_powers_and_are_verified() {
    let folder = tempfile::tempdir().unwrap();
    let powers = verified(&file(folder.path(), 3)).unwrap();
    assert_eq!(
        (powers.power(), powers.is_prepared(), powers.contributions().len()),
        (3, false, 1)
    );
    let found = powers.g1(Section::TauG1, 0, 15).unwrap();
    for (i, point) in found.iter().enumerate() {
        assert_eq!(*point, (G1Affine::generator() * tau().pow([i as u64])).into_affine());
    }
}

#[test]
fn prepared_powers_are_the_lagrange_polynomials_at_tau() {
    let folder = tempfile::tempdir().unwrap();
    let powers = verified(&file(folder.path(), 3)).unwrap();
    let path = folder.path().join("prepared.ptau");
    prepare(&powers, &path, &Quiet).unwrap();
    let prepared = verified(&path).unwrap();
    assert!(prepared.is_prepared());
    for power in 0..=4 {
        let size = 1 << power;
        let domain = Radix2EvaluationDomain::<Fr>::new(size).unwrap();
        let values = domain.evaluate_all_lagrange_coefficients(tau());
        let found = prepared.g1(Section::LagrangeTauG1, size - 1, size).unwrap();
        // One power is missing of the highest form: what it would have added is.
        let missing = if power == 4 {
            tau().pow([15]) * domain.size_inv
        } else {
            Fr::from(0u64)
        };
        for (i, (point, value)) in found.iter().zip(values).enumerate() {
            let less = missing * domain.element(i).inverse().unwrap().pow([15]);
            assert_eq!(
                *point,
                (G1Affine::generator() * (value - less)).into_affine(),
                "{i} of 2^{power}"
            );
        }
        if power <= 3 {
            let there = powers.g1(Section::TauG1, 0, size).unwrap();
            assert_eq!(lagrange_of::<G1Affine, 1>(&there, power, &Quiet).unwrap(), found);
        }
    }
}

// A change that is not found by its form is found by what the points should be.
#[test]
fn every_byte_counts() {
    let folder = tempfile::tempdir().unwrap();
    let plain = file(folder.path(), 2);
    let path = folder.path().join("prepared.ptau");
    prepare(&verified(&plain).unwrap(), &path, &Quiet).unwrap();
    let good = fs::read(&path).unwrap();
    let bad = folder.path().join("bad.ptau");
    let mut found = 0;
    // What a hash's block holds after its filled part says nothing: it is overwritten.
    let powers = Powers::open(&path).unwrap();
    let block = powers.contributions_place() + 4 + 4 * 64 + 2 * 128 - 64 + 6 * 64 + 3 * 128;
    let filled = good[block + 200] as usize;
    let unused = block + filled..block + 128;
    assert!(!unused.is_empty() && good[block + 201..block + 216] == [0; 15]);
    for at in (0..80)
        .chain((80..good.len()).step_by(41))
        .filter(|at| !unused.contains(at))
    {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&bad, bytes).unwrap();
        let error = verified(&bad).expect_err(&format!("byte {at} of {}", good.len()));
        found += usize::from(!matches!(error, PowersError::Format { .. }));
    }
    assert!(found > 5, "{found}");
    for length in (0..good.len()).step_by(97) {
        fs::write(&bad, &good[..length]).unwrap();
        assert!(
            matches!(Powers::open(&bad), Err(PowersError::Format { .. })),
            "{length}"
        );
    }
    fs::write(&bad, [&good[..], &[0]].concat()).unwrap();
    assert!(matches!(Powers::open(&bad), Err(PowersError::Format { .. })));
    assert!(matches!(
        Powers::open(&folder.path().join("none")),
        Err(PowersError::Io { .. })
    ));
}

// A file with a point in another's place.
fn with(good: &[u8], at: usize, point: &[u8], path: &Path) -> PowersError {
    let mut bytes = good.to_vec();
    bytes[at..at + point.len()].copy_from_slice(point);
    fs::write(path, bytes).unwrap();
    verified(path).unwrap_err()
}

#[test]
fn a_wrong_lagrange_form_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prepared.ptau");
    prepare(&verified(&file(folder.path(), 3)).unwrap(), &path, &Quiet).unwrap();
    let (good, powers) = (fs::read(&path).unwrap(), Powers::open(&path).unwrap());
    for (of, lagrange) in PAIRS {
        let size = lagrange.point_bytes();
        let other = good[powers.place(of) as usize + 2 * size..][..size].to_vec();
        for power in 0..=3 + u32::from(of == Section::TauG1) {
            let last = (2 << power) - 2;
            let refused = with(&good, powers.place(lagrange) as usize + last * size, &other, &path);
            assert!(
                matches!(refused, PowersError::Lagrange { section, power: of } if (section, of) == (lagrange, power)),
                "2^{power}: {refused}"
            );
        }
    }
}

#[test]
fn a_point_outside_the_group_is_refused_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), 7);
    let (good, powers) = (fs::read(&path).unwrap(), Powers::open(&path).unwrap());
    let outside = write_g2(&[of_the_curve()]);
    for i in [2, 77, 127] {
        let place = powers.place(Section::TauG2) as usize + i * outside.len();
        let PowersError::Format { source, .. } = with(&good, place, &outside, &path) else {
            panic!("expected a point to be refused")
        };
        let [expected, found] = ["a point of G2", "one outside the group"].map(str::to_owned);
        let at = place;
        assert_eq!(source, FormatError::Value { at, expected, found });
    }
}

#[test]
fn points_of_another_ceremony_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let one = fs::read(file(folder.path(), 2)).unwrap();
    let path = folder.path().join("other.ptau");
    make_insecure(2, &[6; 32], &path, &Quiet).unwrap();
    let other = fs::read(&path).unwrap();
    let powers = Powers::open(&path).unwrap();
    for section in Section::POWERS {
        let begin = powers.place(section) as usize;
        let end = begin + section.bytes(2) as usize;
        let mut mixed = one.clone();
        mixed[begin..end].copy_from_slice(&other[begin..end]);
        fs::write(&path, mixed).unwrap();
        let refused = verified(&path).unwrap_err();
        assert!(
            matches!(refused, PowersError::Points { section: at, .. } if at == section),
            "{refused}"
        );
    }
}

#[test]
fn powers_without_a_contribution_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), 2);
    let mut bytes = fs::read(&path).unwrap();
    let powers = Powers::open(&path).unwrap();
    let at = powers.raw_contributions().unwrap().len();
    let begin = bytes.len() - at;
    bytes.truncate(begin);
    bytes[begin - 8..].copy_from_slice(&4_u64.to_le_bytes());
    bytes.extend([0; 4]);
    fs::write(&path, bytes).unwrap();
    assert!(matches!(verified(&path), Err(PowersError::NoContribution)));
}

// They are all in memory at a time. The file has no blocks where it has no bytes.
#[test]
fn contributions_without_end_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), 2);
    let begin = Powers::open(&path).unwrap().contributions_place() as u64;
    let claiming = |bytes: u64| {
        let mut file = File::options().write(true).open(&path).unwrap();
        file.set_len(begin + bytes).unwrap();
        file.seek(SeekFrom::Start(begin - 8)).unwrap();
        file.write_all(&bytes.to_le_bytes()).unwrap();
        match Powers::open(&path).unwrap_err() {
            PowersError::Format { source, .. } => source,
            other => panic!("{other}"),
        }
    };
    for bytes in [(64 << 20) + 1, 1 << 33] {
        let expected = "contributions of at most 64 MiB".to_owned();
        let (at, found) = (begin as usize, bytes.to_string());
        assert_eq!(claiming(bytes), FormatError::Value { at, expected, found });
    }
    // At the bound they are read, and end before the section does.
    let FormatError::Trailing { found, .. } = claiming(64 << 20) else {
        panic!("expected bytes after the contribution")
    };
    assert!(found > 67_000_000, "{found}");
}

#[test]
fn nothing_is_left_of_work_that_was_stopped() {
    struct Stop;
    impl medproof_keys::Progress<crate::Stage> for Stop {
        fn advance(&self, _: crate::Stage, _: u64, _: u64) {}
        fn cancelled(&self) -> bool {
            true
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let powers = verified(&file(folder.path(), 2)).unwrap();
    let path = folder.path().join("prepared.ptau");
    assert!(matches!(prepare(&powers, &path, &Stop), Err(PowersError::Cancelled(_))));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

// A secret that is said to be a beacon, hashed a little, or for ever.
#[test]
fn a_beacon_is_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), 2);
    let good = fs::read(&path).unwrap();
    let powers = Powers::open(&path).unwrap();
    let begin = powers.contributions_place();
    for (iterations, expected) in [
        (10, "tau"),
        (41, "the number of its hashes"),
        (255, "the number of its hashes"),
    ] {
        // Its kind and the length of its parameters are the last eight bytes.
        let mut bytes = good[..good.len() - 8].to_vec();
        bytes.extend([1, 0, 0, 0, 5, 0, 0, 0, 2, iterations, 3, 1, 9]);
        let length = (bytes.len() - begin) as u64;
        bytes[begin - 8..begin].copy_from_slice(&length.to_le_bytes());
        fs::write(&path, bytes).unwrap();
        let refused = verified(&path).unwrap_err();
        assert!(
            matches!(refused, PowersError::Beacon { turn: 1, what } if what == expected),
            "{refused}"
        );
    }
}
