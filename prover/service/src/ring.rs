//! The keys that proofs are made under, each by its id: several of a tier while one gives way to the next.
//!
//! They change while the service runs: an operator adds and retires keys, and what the ledger says of a key counts as
//! soon as it is seen.

use crate::events::ledger::LedgerChanged;
use crate::store::StoreError;
use medproof_engine::Engine;
use medproof_ledger::{LedgerEvent, Noticed};
use medproof_messages::{KeyId, PinnedKey};
use medproof_statement::tier::Tier;
use medproof_verifier::groth16::PreparedKey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// For all requests.
    Active,
    /// For requests that were made before: seconds since 1970.
    Retiring(u64),
    /// For none.
    Revoked,
}

/// A key, and what proves under it.
pub struct Held {
    verifying: PreparedKey,
    tier: Tier,
    standing: Standing,
    engine: Arc<dyn Engine>,
}

impl Held {
    /// A key where it is in its life, and an engine that has it.
    #[must_use]
    pub fn new(pinned: &PinnedKey, standing: Standing, engine: Arc<dyn Engine>) -> Held {
        Held {
            verifying: PreparedKey::new(pinned),
            tier: pinned.info().tier,
            standing,
            engine,
        }
    }

    /// What requests and presentations name it by.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.verifying.id()
    }

    /// The size of its circuit.
    #[must_use]
    pub const fn tier(&self) -> Tier {
        self.tier
    }
}

/// Why nothing is proved under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// It is not here.
    Unknown,
    /// It was retiring when the request was made.
    Retired,
    /// It was revoked.
    Revoked,
}

impl NoKey {
    /// Its name in every interface: stable, lower case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            NoKey::Unknown => "key.none",
            NoKey::Retired => "key.retired",
            NoKey::Revoked => "key.revoked",
        }
    }
}

#[derive(Default)]
struct Keys {
    held: BTreeMap<KeyId, Held>,
    // By the ledger, whatever the operator's own list says.
    revoked: BTreeSet<KeyId>,
}

/// The keys of a process.
#[derive(Default)]
pub struct Ring(RwLock<Keys>);

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.read().held.keys()).finish()
    }
}

impl Ring {
    fn read(&self) -> RwLockReadGuard<'_, Keys> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Keys> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has these keys from now on, and no others. What is proved meanwhile is brought to its end.
    pub fn replace(&self, keys: impl IntoIterator<Item = Held>) {
        let held = keys.into_iter().map(|held| (held.verifying.id(), held)).collect();
        self.write().held = held;
    }

    /// Nothing is proved under a key any more: the ledger says so.
    pub fn revoke(&self, id: KeyId) {
        self.write().revoked.insert(id);
    }

    /// What proves under a key, for a request that was made at a time, in seconds since 1970.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn engine(&self, id: &KeyId, requested_at: u64) -> Result<Arc<dyn Engine>, NoKey> {
        let keys = self.read();
        let held = keys.held.get(id).ok_or(NoKey::Unknown)?;
        match held.standing {
            _ if keys.revoked.contains(id) => Err(NoKey::Revoked),
            Standing::Revoked => Err(NoKey::Revoked),
            Standing::Retiring(since) if requested_at >= since => Err(NoKey::Retired),
            Standing::Retiring(_) | Standing::Active => Ok(Arc::clone(&held.engine)),
        }
    }

    /// What is ready to prove under a key, whatever has become of it: so that a key that stays is not read again.
    #[must_use]
    pub fn ready(&self, id: &KeyId) -> Option<Arc<dyn Engine>> {
        self.read().held.get(id).map(|held| Arc::clone(&held.engine))
    }

    /// What verifies under a key, whatever has become of it.
    #[must_use]
    pub fn verifying(&self, id: &KeyId) -> Option<PreparedKey> {
        self.read().held.get(id).map(|held| held.verifying.clone())
    }

    /// The keys of a tier that new requests may name.
    #[must_use]
    pub fn active(&self, tier: Tier) -> Vec<KeyId> {
        let keys = self.read();
        let active = |(id, held): &(&KeyId, &Held)| {
            held.tier == tier && held.standing == Standing::Active && !keys.revoked.contains(*id)
        };
        keys.held.iter().filter(active).map(|(id, _)| *id).collect()
    }

    /// All keys.
    #[must_use]
    pub fn ids(&self) -> Vec<KeyId> {
        self.read().held.keys().copied().collect()
    }
}

#[tonic::async_trait]
impl LedgerChanged for Ring {
    async fn noticed(&self, noticed: &Noticed) -> Result<(), StoreError> {
        if let LedgerEvent::KeyRevoked { key_id } = noticed.event {
            self.revoke(KeyId(key_id.0));
        }
        Ok(())
    }

    // A key that was once seen revoked proves nothing here until the service begins anew.
    async fn reorganised(&self, _: Option<u64>) -> Result<(), StoreError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{Fr, G1Affine, G2Affine};
    use ark_ec::{AffineRepr, CurveGroup};
    use medproof_engine::{ProveError, ProveStage, Proven};
    use medproof_keys::Progress;
    use medproof_ledger::{Address, B256};
    use medproof_messages::key::{KeyInfo, VerifyingKey};
    use medproof_statement::check::Witness;
    use medproof_statement::public::PublicInputs;

    // Proves nothing: which engine it is, is all that is asked.
    struct Idle(Tier);

    impl Engine for Idle {
        fn prove(&self, _: &PublicInputs, _: &Witness, _: &dyn Progress<ProveStage>) -> Result<Proven, ProveError> {
            Err(ProveError::NoKey { tier: self.0 })
        }
    }

    fn pinned(tier: Tier, seed: u64) -> PinnedKey {
        let g1 = |k: u64| (G1Affine::generator() * Fr::from(k)).into_affine();
        let g2 = |k: u64| (G2Affine::generator() * Fr::from(k)).into_affine();
        let ic: Vec<G1Affine> = (1000..1006).map(g1).collect();
        let key = VerifyingKey::new(g1(100 + seed), g2(211), g2(1), g2(10_007), &ic).unwrap();
        let info = KeyInfo {
            tier,
            circuit_version: 1,
            matrix_digest: [7; 32],
            development: false,
        };
        PinnedKey::new(key, info)
    }

    fn held(seed: u64, standing: Standing) -> Held {
        Held::new(&pinned(Tier::S, seed), standing, Arc::new(Idle(Tier::S)))
    }

    fn id(seed: u64) -> KeyId {
        pinned(Tier::S, seed).id()
    }

    fn ring() -> Ring {
        let ring = Ring::default();
        ring.replace([
            held(1, Standing::Active),
            held(2, Standing::Retiring(1000)),
            held(3, Standing::Revoked),
        ]);
        ring
    }

    fn why(ring: &Ring, seed: u64, requested_at: u64) -> Option<NoKey> {
        ring.engine(&id(seed), requested_at).err()
    }

    #[test]
    fn a_key_answers_what_its_standing_lets_it() {
        let ring = ring();
        for (seed, requested_at, expected) in [
            (1, 5000, None),
            (2, 999, None),
            (2, 1000, Some(NoKey::Retired)),
            (3, 0, Some(NoKey::Revoked)),
            (4, 0, Some(NoKey::Unknown)),
        ] {
            assert_eq!(why(&ring, seed, requested_at), expected, "{seed} at {requested_at}");
        }
        assert_eq!(ring.active(Tier::S), [id(1)]);
        assert!(ring.active(Tier::M).is_empty());
        // What was revoked is still told by its own name.
        assert!(ring.verifying(&id(3)).is_some_and(|key| key.id() == id(3)));
        assert!(ring.verifying(&id(4)).is_none());
    }

    #[test]
    fn other_keys_take_the_place_of_those_that_were() {
        let ring = ring();
        let engine = ring.engine(&id(1), 0).unwrap();
        ring.replace([held(4, Standing::Active)]);
        assert_eq!(why(&ring, 1, 0), Some(NoKey::Unknown));
        assert_eq!(why(&ring, 4, 0), None);
        // Who has begun has what it began with.
        assert_eq!(Arc::strong_count(&engine), 1);
        assert!(ring.ready(&id(1)).is_none() && ring.ready(&id(4)).is_some());
    }

    #[tokio::test]
    async fn what_the_ledger_revokes_is_revoked_whatever_the_list_says() {
        let ring = ring();
        let noticed = |event| Noticed {
            event,
            block: 1,
            block_hash: B256::ZERO,
            index: 0,
            at: 0,
        };
        let retired = LedgerEvent::KeyRetiring {
            key_id: B256::from(id(1).0),
        };
        ring.noticed(&noticed(retired)).await.unwrap();
        let other = LedgerEvent::IssuerSuspended { issuer: Address::ZERO };
        ring.noticed(&noticed(other)).await.unwrap();
        assert_eq!(why(&ring, 1, 0), None);
        let revoked = LedgerEvent::KeyRevoked {
            key_id: B256::from(id(1).0),
        };
        ring.noticed(&noticed(revoked)).await.unwrap();
        assert_eq!(why(&ring, 1, 0), Some(NoKey::Revoked));
        assert!(ring.active(Tier::S).is_empty());
        ring.replace([held(1, Standing::Active)]);
        ring.reorganised(None).await.unwrap();
        assert_eq!(why(&ring, 1, 0), Some(NoKey::Revoked));
    }
}
