//! A claim that is known to be expressible.

use crate::compile::{self, CompileError};
use crate::error::ClaimError;
use crate::explain::{self, Explanation};
use crate::json::{self, Json};
use crate::plan::Plan;
use crate::spec::{ClaimSpec, Clause, Rule, Test};
use crate::{read, write};
use alloc::vec::Vec;
use medproof_statement::Fr;
use medproof_statement::day::Day;
use medproof_statement::hash::digest;
use medproof_statement::policy::Policy;
use medproof_statement::tier::Tier;
use thiserror::Error;

/// A claim, checked whole: it can be compiled for any day that its windows allow.
#[derive(Clone, Debug)]
pub struct Claim {
    spec: ClaimSpec,
    plan: Plan,
}

impl PartialEq for Claim {
    fn eq(&self, other: &Claim) -> bool {
        self.spec == other.spec
    }
}

impl Eq for Claim {}

/// Something that an author should know, though the claim is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Warning {
    /// The dead are not excluded.
    #[error("nothing excludes the deceased: a record can outlive its patient. Trials add {{\"not_deceased\": true}}")]
    DeceasedNotExcluded,
    /// Only records of any age are asked for.
    #[error("nothing bounds the age of the record: facts after it was read are not in it. Consider issued_within")]
    AnyRecordAge,
}

impl Claim {
    /// Reads and checks a claim in JSON.
    ///
    /// # Errors
    /// [`ClaimError`]: where, what is wrong, and what was probably meant.
    pub fn parse(bytes: &[u8]) -> Result<Claim, ClaimError> {
        Claim::from_json(&Json::parse(bytes)?)
    }

    /// Reads and checks a claim that another reader turned into JSON.
    ///
    /// # Errors
    /// As [`Claim::parse`].
    pub fn from_json(json: &Json) -> Result<Claim, ClaimError> {
        Claim::checked(read::claim(json)?)
    }

    /// Checks a claim that was put together in code. What no reader would accept (an empty title,
    /// say) is refused here as well.
    ///
    /// # Errors
    /// As [`Claim::parse`]; paths are those of the claim's normal form.
    pub fn new(spec: ClaimSpec) -> Result<Claim, ClaimError> {
        Claim::from_json(&write::claim(&spec))
    }

    fn checked(spec: ClaimSpec) -> Result<Claim, ClaimError> {
        let plan = Plan::of(&spec)?;
        Ok(Claim { spec, plan })
    }

    /// The parts.
    pub const fn spec(&self) -> &ClaimSpec {
        &self.spec
    }

    /// The claim in its normal form.
    pub fn to_json(&self) -> Json {
        write::claim(&self.spec)
    }

    /// The normal form as canonical JSON (RFC 8785).
    pub fn canonical_bytes(&self) -> Vec<u8> {
        json::canonical(&self.to_json())
    }

    /// claim_id = D of the canonical bytes: what a standing consent is bound to.
    pub fn id(&self) -> Fr {
        digest("medproof/v1/claim", &[&self.canonical_bytes()])
    }

    /// The policy for one day. `tier` is what the request fixes; without it the claim's own tier
    /// holds, else the smallest that has the rows, and the openings of the simplest chart.
    /// Deterministic: whoever compiles it gets the same table.
    ///
    /// # Errors
    /// [`CompileError`] where a window has no day, or the tier is too small.
    pub fn compile(&self, as_of: Day, tier: Option<Tier>) -> Result<Policy, CompileError> {
        compile::compile(&self.spec, &self.plan, self.id(), as_of, tier)
    }

    /// What a proof of it shows, and what it does not, in plain words. With a day, windows are
    /// given as days.
    pub fn explain(&self, as_of: Option<Day>) -> Explanation {
        explain::explain(&self.spec, &self.plan, as_of)
    }

    /// What its author should know.
    pub fn warnings(&self) -> Vec<Warning> {
        let must_hold = self.spec.clauses.iter().flat_map(|clause| match clause {
            Clause::One(one) => core::slice::from_ref(&**one),
            Clause::Group(group) if group.rule == Rule::All => &group.of,
            Clause::Group(_) => &[],
        });
        let mut warnings = Vec::new();
        if !must_hold
            .into_iter()
            .any(|criterion| criterion.test == Test::NotDeceased)
        {
            warnings.push(Warning::DeceasedNotExcluded);
        }
        if self.spec.issued_within.is_none() {
            warnings.push(Warning::AnyRecordAge);
        }
        warnings
    }
}
