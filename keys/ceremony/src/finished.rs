//! What a ceremony ends with: the key that provers and verifiers take.

use crate::phase2::{Phase2Error, Verified, require_circuit};
use crate::progress::{Meter, Stage};
use crate::transcript::{Plan, Transcript};
use ark_bn254::{Bn254, Fr, G1Affine};
use ark_ff::{AdditiveGroup, FftField, Field};
use ark_groth16::ProvingKey;
use medproof_gadgets::shape::Matrices;
use medproof_keys::circom::Zkey;
use medproof_keys::{Progress, Provenance, Sha256Digest};
use medproof_lanes::Path;
use medproof_lanes::group_transform::{scale_each, transform};
use medproof_lanes::points::{Curve, Packed};
use medproof_statement::tier::Tier;

/// A key of which everything was verified, from the powers of tau to the beacon.
#[derive(Debug)]
pub struct Finished {
    pub(crate) plan: Plan,
    pub(crate) transcript: Transcript,
    pub(crate) matrices: Matrices,
    pub(crate) key: Verified,
    // As the last turn wrote it: its digest is in the transcript.
    pub(crate) file: Vec<u8>,
}

impl Finished {
    /// What was decided before the first turn.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &Verified {
        &self.key
    }

    /// Its `.zkey`, as the last turn wrote it.
    #[must_use]
    pub fn file(&self) -> &[u8] {
        &self.file
    }

    /// Whose circuit it is for, if a tier's.
    #[must_use]
    pub fn tier(&self) -> Option<Tier> {
        self.plan.circuit.tier()
    }
}

/// Where the key of a ceremony comes from.
pub(crate) fn provenance(plan: &Plan, transcript: &Transcript) -> Provenance {
    Provenance::Ceremony {
        transcript: Sha256Digest::of(&transcript.to_bytes()),
        development: plan.development,
    }
}

/// A key as `ark-groth16` has it: its H query over coefficients.
///
/// P_j = −Z(τ)/(2δ)·L_j(τ/s) for values on the domain's coset by s, and Σ_j ω^(ij)·L_j(x) = x^i, so that
/// τ^i·Z(τ)/δ = −2·s^i·Σ_j ω^(ij)·P_j. The last of them belongs to a degree that no quotient has.
///
/// # Errors
/// [`Phase2Error::Other`], [`Phase2Error::Misfit`] for another circuit's key; [`Phase2Error::Cancelled`].
pub(crate) fn proving(
    matrices: &Matrices,
    key: &Zkey,
    progress: &dyn Progress<Stage>,
) -> Result<ProvingKey<Bn254>, Phase2Error> {
    let domain = require_circuit(matrices, key)?.domain() as u64;
    let roots = (Fr::get_root_of_unity(domain), Fr::get_root_of_unity(2 * domain));
    let (Some(root), Some(shift)) = roots else {
        return Err(Phase2Error::Other { part: "the domain" });
    };
    let mut meter = Meter::new(progress, Stage::Quotient, u64::from(domain.ilog2()));
    let path = Path::best();
    let mut points: Vec<Packed<1>> = key.h_query.iter().map(|point| point.pack(path)).collect();
    transform::<G1Affine, 1, _>(&mut points, root, path, || meter.add(1))?;
    points.pop();
    let factors: Vec<Fr> = std::iter::successors(Some(-Fr::ONE.double()), |last| Some(*last * shift))
        .take(points.len())
        .collect();
    scale_each::<G1Affine, 1>(&mut points, &factors, path);
    Ok(ProvingKey {
        vk: key.verifying(),
        beta_g1: key.beta_g1,
        delta_g1: key.delta_g1,
        a_query: key.a_query.clone(),
        b_g1_query: key.b_g1_query.clone(),
        b_g2_query: key.b_g2_query.clone(),
        h_query: points.iter().map(|point| G1Affine::unpack(path, point)).collect(),
        l_query: key.l_query.clone(),
    })
}
