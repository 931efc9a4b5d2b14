//! Records, consents and requests for tests, of this crate and of those above it.
//!
//! All keys and salts here are public. Nothing in this module is reachable without the feature.

use crate::assign::{NotProvable, Slots, assign};
use crate::check::{Witness, public_inputs};
use crate::concept::{Concept, Kind, System};
use crate::consent::{Bound, Consent, SignedConsent};
use crate::coverage::Coverage;
use crate::day::Day;
use crate::eddsa::{EdwardsAffine, Scalar, SigningKey};
use crate::fact::{Fact, Seq};
use crate::holder::{Holder, NullifierKey};
use crate::policy::{Criterion, Header, Mode, Policy, Table};
use crate::public::PublicInputs;
use crate::record::{Facts, RecordOpening, empty_record};
use crate::request::{Purpose, Request, Time};
use crate::tier::Tier;
use crate::tree::{REGISTRY_DEPTH, Tree};
use crate::value::Value;
use crate::{Fr, SCHEMA};
use alloc::vec;
use alloc::vec::Vec;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, PrimeField};

/// A point of Baby Jubjub of order eight: what multiplication by the prime order leaves of a point of the curve.
pub fn point_of_order_eight() -> EdwardsAffine {
    let mut y = Fr::from(2u64);
    loop {
        if let Some((x, _)) = EdwardsAffine::get_xs_from_y_unchecked(y) {
            let point = EdwardsAffine::new_unchecked(x, y);
            let torsion = point.mul_bigint(Scalar::MODULUS).into_affine();
            let four = (torsion * Scalar::from(4u64)).into_affine();
            if torsion.is_on_curve() && !four.is_zero() {
                return torsion;
            }
        }
        y += Fr::ONE;
    }
}

/// The day of all test claims.
pub const AS_OF: Day = Day(60_000);

/// A SNOMED condition with a small number for a code.
pub fn condition(code: u32) -> Concept {
    concept(Kind::Condition, code)
}

/// A LOINC-less observation: a concept of the kind with a small number for a code.
pub fn concept(kind: Kind, code: u32) -> Concept {
    let (lo, _) = Concept::whole(kind, System::Snomed);
    Concept::from_bits(lo.bits() + u128::from(code)).unwrap_or(Concept::MAX)
}

/// A certain fact of a concept on a day, open-ended, without a value.
pub fn fact(concept: Concept, date: u32, event: u16) -> Fact {
    Fact {
        concept,
        date: Day(date),
        seq: Seq { event, sub: 0 },
        contested: false,
        uncertain: false,
        value: Value::NONE,
        until: Day::OPEN,
        since: Day(date),
    }
}

/// AT_LEAST one fact of a concept, ever; ends its clause.
pub fn has(concept: Concept) -> Criterion {
    Criterion {
        mode: Mode::AtLeast,
        concept_lo: concept,
        concept_hi: concept,
        set_root: None,
        date_lo: Day(0),
        date_hi: AS_OF,
        active_on: None,
        either: false,
        value: None,
        count: 1,
        min_gap_days: 0,
        threshold: Some(1),
    }
}

/// The latest fact of a concept, whatever it is; ends its clause.
pub fn latest(concept: Concept) -> Criterion {
    Criterion {
        mode: Mode::Latest,
        ..has(concept)
    }
}

/// No fact of an interval of concepts; ends its clause.
pub fn none(concept_lo: Concept, concept_hi: Concept) -> Criterion {
    Criterion {
        mode: Mode::None,
        count: 0,
        concept_hi,
        ..has(concept_lo)
    }
}

/// A header that asks for nothing but a day.
pub fn header(tier: Tier) -> Header {
    Header {
        tier,
        claim_id: Fr::from(0xc1a1u64),
        as_of: AS_OF,
        schema: SCHEMA,
        issued_min: Day(0),
        required_coverage: Coverage::NONE,
    }
}

/// A policy without code sets.
///
/// # Panics
/// Where the table is not valid.
#[allow(clippy::expect_used)]
pub fn policy(tier: Tier, criteria: Vec<Criterion>) -> Policy {
    let sets = vec![None; criteria.len()];
    Policy::new(Table::new(header(tier), criteria).expect("a valid table"), sets).expect("no sets")
}

/// Facts with salts 1, 2, 3 …
///
/// # Panics
/// Where the facts are out of order.
#[allow(clippy::expect_used)]
pub fn facts(facts: &[Fact]) -> Facts {
    let salts: Vec<Fr> = (1..=facts.len() as u64 + 1).map(Fr::from).collect();
    Facts::new(facts, &salts).expect("facts in order")
}

/// All that a witness is made from, to be changed before [`Case::prove`].
#[derive(Clone, Debug)]
pub struct Case {
    /// What is to be shown.
    pub policy: Policy,
    /// The chart.
    pub facts: Facts,
    /// The holder's signing key.
    pub signing: SigningKey,
    /// The custodians' signing key.
    pub emergency: SigningKey,
    /// The record, but for its facts_root.
    pub record: RecordOpening,
    /// The request.
    pub request: Request,
    /// The consent.
    pub consent: Consent,
}

impl Case {
    /// A holder who consents to this policy, once, for research.
    pub fn new(policy: Policy, facts: Facts) -> Case {
        let signing = SigningKey::from_bytes([1; 32]);
        let emergency = SigningKey::from_bytes([2; 32]);
        let holder = Holder {
            pk: signing.public(),
            emergency_pk: emergency.public(),
            nk: NullifierKey::from_bytes(&[3; 31]),
        };
        let record = RecordOpening {
            facts_root: facts.root(),
            holder,
            coverage: Coverage(u64::MAX),
            schema: SCHEMA,
            issued_on: AS_OF,
            salt: Fr::from(4u64),
        };
        let time = |seconds| Time::new(seconds).unwrap_or(TIME_ZERO);
        let request = Request {
            audience: Fr::from(5u64),
            purpose: Purpose::Research,
            subject: Fr::from(0u64),
            scope: Fr::from(6u64),
            requested_at: time(1_000_000),
            expires_at: time(1_000_600),
            rest: Fr::from(7u64),
        };
        let consent = Consent {
            bound: Bound::Policy(policy.table().digest()),
            not_before: time(999_000),
            not_after: time(1_001_000),
            grant_id: Fr::from(8u64),
        };
        Case {
            policy,
            facts,
            signing,
            emergency,
            record,
            request,
            consent,
        }
    }

    /// The witness with the slots that the prover finds, and its public inputs.
    ///
    /// # Errors
    /// [`NotProvable`] where there are no slots.
    pub fn prove(&self) -> Result<(PublicInputs, Witness), NotProvable> {
        let slots = assign(&self.policy, &self.facts)?;
        Ok(self.with_slots(slots))
    }

    /// The witness with these slots, true or not, and its public inputs.
    ///
    /// # Panics
    /// Never: position 9 lies within every registry.
    #[allow(clippy::expect_used)]
    pub fn with_slots(&self, slots: Slots) -> (PublicInputs, Witness) {
        let mut record = self.record.clone();
        record.facts_root = self.facts.root();
        let mut registry = Tree::<REGISTRY_DEPTH>::new(empty_record());
        registry
            .set_many(&[(3, Fr::from(99u64)), (9, record.commit())])
            .expect("room");
        let emergency = self.request.purpose == Purpose::EmergencyTreatment;
        let signer = if emergency { &self.emergency } else { &self.signing };
        let signature = signer.sign(self.consent.message(&self.request));
        let witness = Witness {
            record,
            position: registry.path(9).expect("position 9"),
            table: self.policy.table().clone(),
            request: self.request,
            consent: SignedConsent {
                consent: self.consent.clone(),
                signature,
            },
            slots,
        };
        let public = public_inputs(&witness).expect("an index within the tree");
        (public, witness)
    }
}

const TIME_ZERO: Time = match Time::new(0) {
    Ok(time) => time,
    Err(_) => unreachable!(),
};
