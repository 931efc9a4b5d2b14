//! An engine: a key for each tier.

use crate::assignment::Assignment;
use crate::error::ProveError;
use crate::pipeline::{self, Prover};
use crate::stage::ProveStage;
use crate::{Engine, Proven};
use medproof_keys::circuit::InsecureKey;
use medproof_keys::{Mode, Progress};
use medproof_statement::check::Witness;
use medproof_statement::public::PublicInputs;
use medproof_statement::tier::Tier;
use std::collections::BTreeMap;

/// Proves with the prover of a statement's tier.
pub struct Tiers<P>(BTreeMap<Tier, P>);

impl<P: Prover> Tiers<P> {
    /// An engine with these keys, the last of a tier if there are several.
    ///
    /// # Errors
    /// [`InsecureKey`] for a development key outside development mode.
    pub fn new(mode: Mode, keys: impl IntoIterator<Item = impl Into<P>>) -> Result<Self, InsecureKey> {
        let mut tiers = BTreeMap::new();
        for prover in keys.into_iter().map(Into::into) {
            mode.admit(prover.tier(), prover.provenance())?;
            tiers.insert(prover.tier(), prover);
        }
        Ok(Tiers(tiers))
    }

    pub(crate) fn of_tier(&self, tier: Tier) -> Result<&P, ProveError> {
        self.0.get(&tier).ok_or(ProveError::NoKey { tier })
    }

    /// Proves an assignment of this tier's circuit: checks every row, proves, verifies.
    ///
    /// # Errors
    /// Those of [`Engine::prove`], but for those of the native check.
    pub fn prove_assignment(
        &self,
        tier: Tier,
        assignment: &Assignment,
        progress: &dyn Progress<ProveStage>,
    ) -> Result<Proven, ProveError> {
        pipeline::prove_assignment(self.of_tier(tier)?, assignment, progress)
    }
}

impl<P: Prover + Send + Sync> Engine for Tiers<P> {
    fn prove(
        &self,
        public: &PublicInputs,
        witness: &Witness,
        progress: &dyn Progress<ProveStage>,
    ) -> Result<Proven, ProveError> {
        pipeline::prove(self.of_tier(witness.table.header().tier)?, public, witness, progress)
    }
}
