//! The ledger's keys, read with this software's circuits.

use crate::context::Context;
use crate::error::CliError;
use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ff::{BigInt, PrimeField};
use medproof_disclosure::{CIRCUIT_VERSION, Disclosure};
use medproof_gadgets::shape::Matrices;
use medproof_ledger::{KeyState, KeyWords, Ledger, U256};
use medproof_messages::{KeyId, KeyInfo, PinnedKey, VerifyingKey};
use medproof_statement::tier::Tier;

/// A key as the ledger has it: its points, for this software's circuit of its tier. The id must
/// come out as it was asked for.
///
/// # Errors
/// Where the ledger has no such key, its points are unsound, or it is another circuit's.
pub fn registered_key(ledger: &dyn Ledger, id: KeyId, cx: &Context) -> Result<PinnedKey, CliError> {
    let status = ledger.key_status(id.0.into())?;
    let tier = match (status.state, Tier::from_code(status.tier.into())) {
        (KeyState::Unknown, _) | (_, None) => {
            let message = format!("key {id} is not registered on the ledger: pin one that is");
            return Err(CliError::refused("key.unknown", message));
        }
        (_, Some(tier)) => tier,
    };
    let words = ledger.verifying_key(id.0.into())?;
    let bar = cx.ui.bar("key");
    bar.set("reading the circuit's matrices", 0, 1);
    let matrices = Matrices::synthesise(Disclosure::blank(tier)).map_err(|e| CliError::system("circuit", e))?;
    let info = KeyInfo {
        tier,
        circuit_version: status.circuit_version,
        matrix_digest: matrices.shape().digest,
        development: status.development,
    };
    let key = PinnedKey::new(verifying_key(&words)?, info);
    if key.id() == id {
        return Ok(key);
    }
    let message = format!(
        "the ledger's key {id} is not that of this software's circuit (version {CIRCUIT_VERSION}, tier {tier}), which would be {}",
        key.id()
    );
    Err(CliError::refused("key.id", message).with_help("use the version of medproof that the key was made for"))
}

fn verifying_key(words: &KeyWords) -> Result<VerifyingKey, CliError> {
    let ic = words.ic.iter().map(g1).collect::<Option<Vec<G1Affine>>>();
    let points = (
        g1(&words.alpha),
        g2(&words.beta),
        g2(&words.gamma),
        g2(&words.delta),
        ic,
    );
    let (Some(alpha), Some(beta), Some(gamma), Some(delta), Some(ic)) = points else {
        let message = "the ledger's key has a coordinate that is not below the modulus";
        return Err(CliError::refused("key.coordinate", message));
    };
    // Whether the points are on their curves and related to none, this checks.
    Ok(VerifyingKey::new(alpha, beta, gamma, delta, &ic)?)
}

fn g1([x, y]: &[U256; 2]) -> Option<G1Affine> {
    Some(G1Affine::new_unchecked(coordinate(x)?, coordinate(y)?))
}

fn g2([x1, x0, y1, y0]: &[U256; 4]) -> Option<G2Affine> {
    let x = Fq2::new(coordinate(x0)?, coordinate(x1)?);
    let y = Fq2::new(coordinate(y0)?, coordinate(y1)?);
    Some(G2Affine::new_unchecked(x, y))
}

fn coordinate(word: &U256) -> Option<Fq> {
    Fq::from_bigint(BigInt::new(word.into_limbs()))
}
