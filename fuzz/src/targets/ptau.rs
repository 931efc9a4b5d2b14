//! Files of powers of τ: every section and every contribution is written again as it was read, and what verifies
//! consists of powers.

use super::scratch;
use crate::oracle::{canonical, refused};
use crate::target::Verdict;
use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use medproof_ceremony::Stage;
use medproof_ceremony::phase1::{Powers, PowersError, Section, Verified};
use medproof_keys::Progress;
use medproof_keys::circom::points::{write_g1, write_g2};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// A file.
pub fn ptau(input: &[u8]) -> Verdict {
    let path = scratch::file("powers.ptau", input);
    let powers = match Powers::open(&path) {
        Err(error) => return refused(&error),
        Ok(powers) => powers,
    };
    let sections = sections(input);
    assert_eq!(sections.len(), if powers.is_prepared() { 11 } else { 7 });
    contributions(&powers, sections[&7]);
    match points(&powers, &sections) {
        Err(error) => return refused(&error),
        Ok(read) => assert_eq!(read, sections.len() - 2),
    }
    match Verified::new(powers, &Patience::default()) {
        Err(error) => refused(&error),
        Ok(powers) => {
            are_powers(&powers);
            if powers.is_prepared() {
                are_lagrange_forms(&powers);
            }
            Verdict::Accepted
        }
    }
}

// By number. What was opened is nothing but these.
fn sections(file: &[u8]) -> BTreeMap<u32, &[u8]> {
    let (mut sections, mut rest) = (BTreeMap::new(), &file[12..]);
    while let Some((head, after)) = rest.split_at_checked(12) {
        let number = u32::from_le_bytes(head[..4].try_into().unwrap());
        let length = u64::from_le_bytes(head[4..].try_into().unwrap());
        let (content, more) = after.split_at(length as usize);
        assert!(sections.insert(number, content).is_none(), "section {number} twice");
        rest = more;
    }
    assert!(rest.is_empty());
    sections
}

fn contributions(powers: &Powers, section: &[u8]) {
    let all = powers.contributions();
    let mut written = (all.len() as u32).to_le_bytes().to_vec();
    for contribution in all {
        written.extend(contribution.to_bytes().unwrap());
        let _ = contribution.response_hash();
    }
    canonical(section, &written);
}

const IN_G1: [(Section, u32); 6] = [
    (Section::TauG1, 2),
    (Section::AlphaTauG1, 4),
    (Section::BetaTauG1, 5),
    (Section::LagrangeTauG1, 12),
    (Section::LagrangeAlphaTauG1, 14),
    (Section::LagrangeBetaTauG1, 15),
];

const IN_G2: [(Section, u32); 3] = [(Section::TauG2, 3), (Section::BetaG2, 6), (Section::LagrangeTauG2, 13)];

// How many sections of points there are.
fn points(powers: &Powers, sections: &BTreeMap<u32, &[u8]>) -> Result<usize, PowersError> {
    let mut found = 0;
    for (section, number) in IN_G1 {
        let Some(content) = sections.get(&number) else { continue };
        let points = powers.g1(section, 0, content.len() / 64)?;
        let in_group = |p: &G1Affine| !p.is_zero() && p.is_on_curve();
        assert!(points.iter().all(in_group), "{section}: no point");
        canonical(content, &write_g1(&points));
        found += 1;
    }
    for (section, number) in IN_G2 {
        let Some(content) = sections.get(&number) else { continue };
        let points = powers.g2(section, 0, content.len() / 128)?;
        let in_group = |p: &G2Affine| !p.is_zero() && p.is_on_curve() && p.is_in_correct_subgroup_assuming_on_curve();
        assert!(points.iter().all(in_group), "{section}: no point");
        canonical(content, &write_g2(&points));
        found += 1;
    }
    Ok(found)
}

// By a pairing for each: e(P_(i+1), G) = e(P_i, τ·G).
fn are_powers(powers: &Verified) {
    let n = 1 << powers.power();
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let in_g2 = powers.g2(Section::TauG2, 0, n).unwrap();
    let tau = powers.g1(Section::TauG1, 1, 1).unwrap()[0];
    assert_eq!(in_g2[0], g2);
    assert_ne!(tau, g1);
    for (before, after) in in_g2.iter().zip(&in_g2[1..]) {
        assert_eq!(Bn254::pairing(g1, after), Bn254::pairing(tau, before));
    }
    let beta = powers.g2(Section::BetaG2, 0, 1).unwrap()[0];
    for (section, count) in [
        (Section::TauG1, 2 * n - 1),
        (Section::AlphaTauG1, n),
        (Section::BetaTauG1, n),
    ] {
        let points = powers.g1(section, 0, count).unwrap();
        for (before, after) in points.iter().zip(&points[1..]) {
            assert_eq!(Bn254::pairing(after, g2), Bn254::pairing(before, in_g2[1]), "{section}");
        }
        if section == Section::BetaTauG1 {
            assert_eq!(Bn254::pairing(points[0], g2), Bn254::pairing(g1, beta));
        }
    }
}

// The values of all Lagrange polynomials of a domain sum up to 1.
fn are_lagrange_forms(powers: &Verified) {
    let power = powers.power();
    for (of, section, highest) in [
        (Section::TauG1, Section::LagrangeTauG1, power + 1),
        (Section::AlphaTauG1, Section::LagrangeAlphaTauG1, power),
        (Section::BetaTauG1, Section::LagrangeBetaTauG1, power),
    ] {
        let first = powers.g1(of, 0, 1).unwrap()[0];
        for power in 0..=highest {
            let size = 1 << power;
            let form = powers.g1(section, size - 1, size).unwrap();
            let sum = form
                .iter()
                .fold(G1Affine::zero().into_group(), |sum, point| sum + point);
            assert_eq!(sum.into_affine(), first, "{section}, 2^{power}");
        }
    }
    for power in 0..=power {
        let size = 1 << power;
        let form = powers.g2(Section::LagrangeTauG2, size - 1, size).unwrap();
        let sum = form
            .iter()
            .fold(G2Affine::zero().into_group(), |sum, point| sum + point);
        assert_eq!(sum.into_affine(), G2Affine::generator(), "2^{power}");
    }
}

/// A beacon that is hashed for long is left.
#[derive(Default)]
struct Patience(AtomicBool);

impl Progress<Stage> for Patience {
    fn advance(&self, stage: Stage, _: u64, total: u64) {
        if stage == Stage::Beacon && total > 1 << 12 {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
