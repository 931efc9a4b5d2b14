//! Keys of tiers, one each: what engines have in common.

use crate::Proven;
use crate::assignment::Assignment;
use crate::error::ProveError;
use crate::pipeline::{self, Prover};
use crate::stage::ProveStage;
use medproof_keys::circuit::{InsecureKey, Provenance};
use medproof_keys::{Mode, Progress};
use medproof_statement::check::Witness;
use medproof_statement::public::PublicInputs;
use medproof_statement::tier::Tier;
use std::collections::BTreeMap;

/// A prover for each tier that there is a key of.
pub(crate) struct Tiers<P>(BTreeMap<Tier, P>);

impl<P: Prover> Tiers<P> {
    /// The last of a tier if there are several.
    ///
    /// # Errors
    /// [`InsecureKey`] for a development key outside development mode.
    pub(crate) fn new(
        mode: Mode,
        provers: impl IntoIterator<Item = (Tier, Provenance, P)>,
    ) -> Result<Self, InsecureKey> {
        let mut tiers = BTreeMap::new();
        for (tier, provenance, prover) in provers {
            mode.admit(tier, provenance)?;
            tiers.insert(tier, prover);
        }
        Ok(Tiers(tiers))
    }

    pub(crate) fn of_tier(&self, tier: Tier) -> Result<&P, ProveError> {
        self.0.get(&tier).ok_or(ProveError::NoKey { tier })
    }

    /// Proves a statement in the tier of its policy.
    pub(crate) fn prove(
        &self,
        public: &PublicInputs,
        witness: &Witness,
        progress: &dyn Progress<ProveStage>,
    ) -> Result<Proven, ProveError> {
        pipeline::prove(self.of_tier(witness.table.header().tier)?, public, witness, progress)
    }

    /// Proves an assignment of this tier's circuit.
    pub(crate) fn prove_assignment(
        &self,
        tier: Tier,
        assignment: &Assignment,
        progress: &dyn Progress<ProveStage>,
    ) -> Result<Proven, ProveError> {
        pipeline::prove_assignment(self.of_tier(tier)?, assignment, progress)
    }
}
