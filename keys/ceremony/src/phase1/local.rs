//! Powers of τ made by one party from known secrets: for tests. Anyone can forge proofs under what comes
//! of them.

use super::contributions::{self, PowersContribution, Proof};
use super::file::{self, CHUNK, Section};
use super::verify::{first_challenge, g2_sp};
use super::writer::Writer;
use super::{PowersError, encoding};
use crate::draws::Draws;
use crate::midstate::Midstate;
use crate::progress::{Meter, Stage};
use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::scalar_mul::BatchMulPreprocessing;
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
use ark_ff::Field;
use blake2::{Blake2b512, Digest};
use medproof_keys::Progress;
use medproof_keys::circom::Source;
use medproof_keys::circom::points::{write_g1, write_g2};
use std::path::Path;

/// Writes a file of 2^power powers with one contribution, whose secrets follow from a public seed:
/// insecure by design.
///
/// # Errors
/// [`PowersError::Io`], [`PowersError::Cancelled`]. Nothing is left behind.
pub fn make_insecure(
    power: u32,
    seed: &[u8; 32],
    path: &Path,
    progress: &dyn Progress<Stage>,
) -> Result<(), PowersError> {
    let challenge = first_challenge(power, progress)?;
    let mut draws = Draws::new(seed);
    let secrets = [(); 3].map(|()| draws.scalar());
    let proofs = prove(&secrets, &challenge, &mut draws);
    let [tau, alpha, beta] = secrets;
    let mut answer = Midstate::new();
    answer.update(&challenge);
    let mut next = Vec::new();
    let mut out = Writer::create(path, 7)?;
    out.section(file::HEADER)?;
    out.write(&file::header(power, power))?;
    let total = Section::POWERS
        .map(|section| section.points(power))
        .iter()
        .sum::<usize>();
    let mut meter = Meter::new(progress, Stage::Multiplying, total as u64);
    let table = BatchMulPreprocessing::new(G1Projective::generator(), total);
    let table_g2 = BatchMulPreprocessing::new(G2Projective::generator(), Section::TauG2.points(power));
    for section in Section::POWERS {
        let first = match section {
            Section::AlphaTauG1 => alpha,
            Section::BetaTauG1 | Section::BetaG2 => beta,
            _ => Fr::ONE,
        };
        out.section(section.number())?;
        let powers: Vec<Fr> = std::iter::successors(Some(first), |last| Some(*last * tau))
            .take(section.points(power))
            .collect();
        for powers in powers.chunks(CHUNK) {
            if section.point_bytes() == 128 {
                let points = table_g2.batch_mul(powers);
                out.write(&write_g2(&points))?;
                points
                    .iter()
                    .for_each(|point| answer.update(&encoding::g2_compressed(point)));
                next.extend(points.iter().flat_map(encoding::g2));
            } else {
                let points = table.batch_mul(powers);
                out.write(&write_g1(&points))?;
                points
                    .iter()
                    .for_each(|point| answer.update(&encoding::g1_compressed(point)));
                next.extend(points.iter().flat_map(encoding::g1));
            }
            meter.add(powers.len() as u64)?;
        }
    }
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let mut contribution = PowersContribution {
        tau_g1: (g1 * tau).into_affine(),
        tau_g2: (g2 * tau).into_affine(),
        alpha_g1: (g1 * alpha).into_affine(),
        beta_g1: (g1 * beta).into_affine(),
        beta_g2: (g2 * beta).into_affine(),
        proofs,
        answer,
        next_challenge: [0; 64],
        source: Source::Secret,
        name: None,
    };
    let hash = Blake2b512::new()
        .chain_update(contribution.response_hash())
        .chain_update(next);
    contribution.next_challenge = hash.finalize().into();
    out.section(file::CONTRIBUTIONS)?;
    let contributions = contributions::write(&[contribution]).map_err(|source| PowersError::Format {
        path: path.to_owned(),
        source,
    })?;
    out.write(&contributions)?;
    out.finish()
}

fn prove(secrets: &[Fr; 3], challenge: &[u8; 64], draws: &mut Draws) -> [Proof; 3] {
    let mut which = 0;
    secrets.map(|secret| {
        let g1_s = draws.g1();
        let g1_sx = (g1_s * secret).into_affine();
        let sp = g2_sp(which, challenge, &g1_s, &g1_sx);
        which += 1;
        Proof {
            g1_s,
            g1_sx,
            g2_spx: (sp * secret).into_affine(),
        }
    })
}
