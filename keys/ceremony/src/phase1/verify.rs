//! That a file of powers is what contributors made, one after the other, of nothing.

use super::contributions::{PowersContribution, Proof};
use super::file::{CHUNK, PAIRS, Powers, Section};
use super::{PowersError, encoding};
use crate::draws::{Draws, g2_of};
use crate::progress::{Meter, Stage};
use crate::ratio::{NoRandomness, Ratios, coefficients};
use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::AdditiveGroup;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use blake2::{Blake2b512, Digest};
use medproof_keys::Progress;
use medproof_keys::circom::Source;
use rayon::prelude::*;
use std::ops::{Deref, RangeInclusive};

/// Powers that were verified: contributions, points, and Lagrange forms if there are any.
#[derive(Debug)]
pub struct Verified {
    powers: Powers,
}

impl Deref for Verified {
    type Target = Powers;
    fn deref(&self) -> &Powers {
        &self.powers
    }
}

impl Verified {
    /// Verifies a file. Of one that is the beginning of a larger ceremony the last hash cannot be
    /// compared, for it is of all points; everything else is.
    ///
    /// # Errors
    /// [`PowersError`] with the contribution, or the points, that are not what they should be.
    pub fn new(powers: Powers, progress: &dyn Progress<Stage>) -> Result<Verified, PowersError> {
        let last = contributions(&powers, progress)?;
        let hash = points(&powers, last, progress)?;
        if powers.power() == powers.ceremony_power() && hash != last.next_challenge {
            return Err(PowersError::Hash);
        }
        if powers.is_prepared() {
            lagrange(&powers, progress)?;
        }
        Ok(Verified { powers })
    }
}

/// Blake2b of the points that a ceremony begins with: generators.
pub(super) fn first_challenge(power: u32, progress: &dyn Progress<Stage>) -> Result<[u8; 64], PowersError> {
    let mut hash = Blake2b512::new();
    hash.update(Blake2b512::digest([]));
    let g1 = encoding::g1(&G1Affine::generator()).repeat(CHUNK);
    let g2 = encoding::g2(&G2Affine::generator()).repeat(CHUNK);
    let uncompressed = |section: Section| if section.point_bytes() == 64 { &g1 } else { &g2 };
    let total = Section::POWERS.map(|section| section.bytes(power)).iter().sum();
    let mut meter = Meter::new(progress, Stage::FirstHash, total);
    for section in Section::POWERS {
        let mut left = section.bytes(power) as usize;
        while left > 0 {
            let some = left.min(uncompressed(section).len());
            hash.update(&uncompressed(section)[..some]);
            left -= some;
            meter.add(some as u64)?;
        }
    }
    Ok(hash.finalize().into())
}

// What a contribution is compared with.
struct Before {
    tau_g1: G1Affine,
    tau_g2: G2Affine,
    alpha_g1: G1Affine,
    beta_g1: G1Affine,
    beta_g2: G2Affine,
    challenge: [u8; 64],
}

impl Before {
    fn all(power: u32, progress: &dyn Progress<Stage>) -> Result<Before, PowersError> {
        let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
        Ok(Before {
            tau_g1: g1,
            tau_g2: g2,
            alpha_g1: g1,
            beta_g1: g1,
            beta_g2: g2,
            challenge: first_challenge(power, progress)?,
        })
    }

    const fn after(c: &PowersContribution) -> Before {
        Before {
            tau_g1: c.tau_g1,
            tau_g2: c.tau_g2,
            alpha_g1: c.alpha_g1,
            beta_g1: c.beta_g1,
            beta_g2: c.beta_g2,
            challenge: c.next_challenge,
        }
    }
}

/// The point of G2 for the proof of τ, α or β: 0, 1 or 2.
pub(super) fn g2_sp(which: u8, challenge: &[u8; 64], g1_s: &G1Affine, g1_sx: &G1Affine) -> G2Affine {
    let hash = Blake2b512::new()
        .chain_update([which])
        .chain_update(challenge)
        .chain_update(encoding::g1(g1_s))
        .chain_update(encoding::g1(g1_sx));
    g2_of(&hash.finalize().into())
}

const SECRETS: [&str; 3] = ["tau", "alpha", "beta"];

// Each contribution follows from the one before it; the last one.
fn contributions<'a>(
    powers: &'a Powers,
    progress: &dyn Progress<Stage>,
) -> Result<&'a PowersContribution, PowersError> {
    let all = powers.contributions();
    let last = all.last().ok_or(PowersError::NoContribution)?;
    let mut before = Before::all(powers.ceremony_power(), progress)?;
    let mut ratios = Ratios::new();
    for (i, c) in all.iter().enumerate() {
        let turn = i + 1;
        if let Source::Beacon { iterations, value } = &c.source {
            beacon(c, &before, turn, *iterations, value, progress)?;
        }
        let mut sp = [G2Affine::zero(); 3];
        for (which, proof) in c.proofs.iter().enumerate() {
            sp[which] = g2_sp(which as u8, &before.challenge, &proof.g1_s, &proof.g1_sx);
            let in_g1 = [proof.g1_s, proof.g1_sx];
            ratios.claim(in_g1, [sp[which], proof.g2_spx], (turn, SECRETS[which]));
        }
        let [tau, alpha, beta] = c.proofs;
        let ratio_g2 = |which: usize, proof: Proof| [sp[which], proof.g2_spx];
        let ratio_g1 = |proof: Proof| [proof.g1_s, proof.g1_sx];
        ratios.claim([before.tau_g1, c.tau_g1], ratio_g2(0, tau), (turn, "tau in G1"));
        ratios.claim(ratio_g1(tau), [before.tau_g2, c.tau_g2], (turn, "tau in G2"));
        ratios.claim([before.alpha_g1, c.alpha_g1], ratio_g2(1, alpha), (turn, "alpha in G1"));
        ratios.claim([before.beta_g1, c.beta_g1], ratio_g2(2, beta), (turn, "beta in G1"));
        ratios.claim(ratio_g1(beta), [before.beta_g2, c.beta_g2], (turn, "beta in G2"));
        before = Before::after(c);
    }
    match ratios.check()? {
        None => Ok(last),
        Some((turn, what)) => Err(PowersError::Contribution { turn, what }),
    }
}

fn beacon(
    c: &PowersContribution,
    before: &Before,
    turn: usize,
    iterations: u8,
    value: &[u8],
    progress: &dyn Progress<Stage>,
) -> Result<(), PowersError> {
    let wrong = |what| PowersError::Beacon { turn, what };
    if iterations > crate::MOST_ITERATIONS {
        return Err(wrong("the number of its hashes"));
    }
    let mut draws = Draws::of_beacon(value, iterations, progress)?;
    let secrets = [(); 3].map(|()| draws.scalar());
    for (which, (secret, proof)) in secrets.into_iter().zip(c.proofs).enumerate() {
        let g1_s = draws.g1();
        let g1_sx = (g1_s * secret).into_affine();
        let sp = g2_sp(which as u8, &before.challenge, &g1_s, &g1_sx);
        let expected = Proof {
            g1_s,
            g1_sx,
            g2_spx: (sp * secret).into_affine(),
        };
        if proof != expected {
            return Err(wrong(SECRETS[which]));
        }
    }
    Ok(())
}

// All points against the last contribution; their hash, which the next contributor answers.
fn points(powers: &Powers, last: &PowersContribution, progress: &dyn Progress<Stage>) -> Result<[u8; 64], PowersError> {
    let mut hash = Blake2b512::new();
    hash.update(last.response_hash());
    let total = Section::POWERS
        .map(|section| section.points(powers.power()))
        .iter()
        .sum::<usize>();
    let mut meter = Meter::new(progress, Stage::Powers, total as u64);
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let mut ratios = Ratios::new();
    for (section, first, second) in [
        (Section::TauG1, g1, Some(last.tau_g1)),
        (Section::TauG2, G1Affine::zero(), None),
        (Section::AlphaTauG1, last.alpha_g1, None),
        (Section::BetaTauG1, last.beta_g1, None),
    ] {
        let wrong = |rule| PowersError::Points { section, rule };
        if section == Section::TauG2 {
            let read = |from, count| powers.g2(section, from, count);
            let run = Run::of(
                section.points(powers.power()),
                read,
                encoding::g2,
                &mut hash,
                &mut meter,
            )?;
            if run.first != [g2, last.tau_g2] {
                return Err(wrong(
                    "the first point is the generator, the second as in the last contribution",
                ));
            }
            ratios.claim([g1, last.tau_g1], run.sums(), section);
        } else {
            let read = |from, count| powers.g1(section, from, count);
            let run = Run::of(
                section.points(powers.power()),
                read,
                encoding::g1,
                &mut hash,
                &mut meter,
            )?;
            if run.first[0] != first || second.is_some_and(|second| run.first[1] != second) {
                return Err(wrong("the first points are those of the last contribution"));
            }
            ratios.claim(run.sums(), [g2, last.tau_g2], section);
        }
    }
    let beta = powers.g2(Section::BetaG2, 0, 1)?;
    beta.iter().for_each(|point| hash.update(encoding::g2(point)));
    if beta != [last.beta_g2] {
        return Err(PowersError::Points {
            section: Section::BetaG2,
            rule: "the point is that of the last contribution",
        });
    }
    // τ is neither 0 nor 1, and 1, τ, τ², … are what they are: so no point is infinity.
    match ratios.check()? {
        None => Ok(hash.finalize().into()),
        Some(section) => Err(PowersError::Points {
            section,
            rule: "each point is tau times the one before it",
        }),
    }
}

// Σ ρ_i·P_i and Σ ρ_i·P_(i+1) of a section, whose ratio is τ if each of its points is τ times the one before.
struct Run<C: AffineRepr> {
    first: [C; 2],
    sums: [C::Group; 2],
}

impl<C> Run<C>
where
    C: AffineRepr<ScalarField = Fr>,
    C::Group: VariableBaseMSM<MulBase = C>,
{
    fn of<const N: usize>(
        points: usize,
        read: impl Fn(usize, usize) -> Result<Vec<C>, PowersError>,
        encode: impl Fn(&C) -> [u8; N] + Sync,
        hash: &mut Blake2b512,
        meter: &mut Meter<'_>,
    ) -> Result<Self, PowersError> {
        let mut run = Run {
            first: [C::zero(); 2],
            sums: [C::Group::default(); 2],
        };
        // Each chunk begins with the last point of the one before.
        let mut from = 0;
        while from + 1 < points {
            let count = (points - from).min(CHUNK + 1);
            let chunk = read(from, count)?;
            let fresh = chunk.get(usize::from(from > 0)..).unwrap_or_default();
            let encoded: Vec<[u8; N]> = fresh.par_iter().map(&encode).collect();
            hash.update(encoded.as_flattened());
            if let (0, [first, second, ..]) = (from, &chunk[..]) {
                run.first = [*first, *second];
            }
            run.add(&chunk)?;
            meter.add(fresh.len() as u64)?;
            from += count - 1;
        }
        Ok(run)
    }

    fn add(&mut self, chunk: &[C]) -> Result<(), NoRandomness> {
        let pairs = chunk.len().saturating_sub(1);
        let weights = coefficients(pairs)?;
        let (before, after) = (chunk.get(..pairs), chunk.get(1..));
        for (sum, points) in self.sums.iter_mut().zip([before, after]) {
            *sum += C::Group::msm_unchecked(points.unwrap_or_default(), &weights);
        }
        Ok(())
    }

    fn sums(&self) -> [C; 2] {
        self.sums.map(CurveGroup::into_affine)
    }
}

fn lagrange(powers: &Powers, progress: &dyn Progress<Stage>) -> Result<(), PowersError> {
    let total: usize = PAIRS
        .iter()
        .flat_map(|(section, lagrange)| [section, lagrange])
        .map(|section| section.points(powers.power()))
        .sum();
    let mut meter = Meter::new(progress, Stage::Comparing, total as u64);
    for pair in PAIRS {
        let highest = powers.power() + u32::from(pair.0 == Section::TauG1);
        if agree(powers, pair, 0..=highest, &mut meter)? {
            continue;
        }
        let power = different(powers, pair, highest, progress)?;
        return Err(PowersError::Lagrange { section: pair.1, power });
    }
    Ok(())
}

// The least power of two whose Lagrange forms are others.
fn different(
    powers: &Powers,
    pair: (Section, Section),
    highest: u32,
    progress: &dyn Progress<Stage>,
) -> Result<u32, PowersError> {
    let total = 2 * pair.1.points(powers.power());
    let mut meter = Meter::new(progress, Stage::Comparing, total as u64);
    for power in 0..highest {
        if !agree(powers, pair, power..=power, &mut meter)? {
            return Ok(power);
        }
    }
    Ok(highest)
}

// Whether a section's Lagrange forms of all these powers of two are those of its points.
fn agree(
    powers: &Powers,
    (section, lagrange): (Section, Section),
    of: RangeInclusive<u32>,
    meter: &mut Meter<'_>,
) -> Result<bool, PowersError> {
    let forms = (1 << of.start()) - 1;
    let there = section.points(powers.power());
    let (values, coefficients) = weights(of, there)?;
    Ok(if section == Section::TauG2 {
        let mut sum = |section, from, weights: &[Fr]| {
            weighted::<G2Projective>(weights, meter, |at, count| powers.g2(section, from + at, count))
        };
        sum(lagrange, forms, &values)? == sum(section, 0, &coefficients)?
    } else {
        let mut sum = |section, from, weights: &[Fr]| {
            weighted::<G1Projective>(weights, meter, |at, count| powers.g1(section, from + at, count))
        };
        sum(lagrange, forms, &values)? == sum(section, 0, &coefficients)?
    })
}

// Random v_j for each form L_j, and the u_i with which Σ v_j·L_j is Σ u_i·τ^i: for each power of two the coefficients of
// the polynomial that is v_j at ω^j, all of them added.
fn weights(of: RangeInclusive<u32>, there: usize) -> Result<(Vec<Fr>, Vec<Fr>), PowersError> {
    let (mut values, mut sums) = (Vec::new(), vec![Fr::ZERO; 1 << of.end()]);
    for power in of {
        let random = coefficients(1 << power)?;
        // There is a domain of every size that a file may have.
        if let Some(domain) = Radix2EvaluationDomain::<Fr>::new(random.len()) {
            let polynomial = domain.ifft(&random);
            sums.par_iter_mut().zip(polynomial).for_each(|(sum, one)| *sum += one);
        }
        values.extend(random);
    }
    // One power is missing of 2^(power+1), and counts as infinity.
    sums.truncate(there);
    Ok((values, sums))
}

fn weighted<P: VariableBaseMSM<ScalarField = Fr>>(
    weights: &[Fr],
    meter: &mut Meter<'_>,
    read: impl Fn(usize, usize) -> Result<Vec<P::MulBase>, PowersError>,
) -> Result<P, PowersError> {
    let mut sum = P::default();
    for (i, weights) in weights.chunks(CHUNK).enumerate() {
        let points = read(i * CHUNK, weights.len())?;
        sum += P::msm_unchecked(&points, weights);
        meter.add(weights.len() as u64)?;
    }
    Ok(sum)
}
