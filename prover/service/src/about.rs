//! What a job is about, as far as it is kept beside it: who asks and why, on which consent, and digests of
//! the questions. Nothing of it names a patient or a fact.

use medproof_messages::VerifiedRequest;
use medproof_statement::field;
use medproof_statement::policy::Criterion;
use medproof_statement::request::Purpose;
use medproof_statement::tier::Tier;
use sha2::{Digest, Sha256};

/// A patient's name for who has not its key: see [`medproof_audit::pseudonym`].
pub type Pseudonym = [u8; 32];

/// A consent's handle, by which the ledger knows it: 32 bytes, the highest first.
pub type Handle = [u8; 32];

/// What a job is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Who asks: a DID.
    pub audience: String,
    /// Why.
    pub purpose: Purpose,
    /// Which claim: 32 bytes, the highest first.
    pub claim: [u8; 32],
    /// Digest of the request.
    pub request: [u8; 32],
    /// About whom.
    pub pseudonym: Pseudonym,
    /// On which consent; none where no holder consented: the job is refused then.
    pub grant: Option<Grant>,
    /// What is asked.
    pub questions: Vec<Question>,
}

/// A holder's consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its name on the ledger.
    pub handle: Handle,
    /// From when, in seconds since 1970.
    pub not_before: u64,
    /// Until when.
    pub not_after: u64,
}

/// One row of a claim's table, by digests: what is asked about, and what in all, with the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Of the codes that it is about.
    pub concept: [u8; 32],
    /// Of all of it.
    pub whole: [u8; 32],
}

impl About {
    /// Of a request about somebody, on a consent.
    #[must_use]
    pub fn of(request: &VerifiedRequest, pseudonym: Pseudonym, grant: Option<Grant>) -> About {
        let body = request.body();
        let questions = request.policy().table().criteria().iter();
        About {
            audience: body.audience.to_string(),
            purpose: body.purpose,
            claim: field::to_bytes(&request.claim_id()),
            request: field::to_bytes(&request.request_digest()),
            pseudonym,
            grant,
            questions: questions.map(|row| Question::of(row, body.as_of.0)).collect(),
        }
    }
}

impl Question {
    fn of(row: &Criterion, as_of: u32) -> Question {
        let mut concept = Sha256::new();
        concept.update(row.concept_lo.bits().to_be_bytes());
        concept.update(row.concept_hi.bits().to_be_bytes());
        concept.update(row.set_root.map_or([0; 32], |root| field::to_bytes(&root)));
        let concept = concept.finalize();
        let mut whole = Sha256::new();
        whole.update(concept);
        whole.update(as_of.to_be_bytes());
        row.to_fields()
            .iter()
            .for_each(|element| whole.update(field::to_bytes(element)));
        Question {
            concept: concept.into(),
            whole: whole.finalize().into(),
        }
    }
}

/// How much work a proof is: as so many of the smallest tier, whose circuit has half as many rows from one
/// tier to the next.
#[must_use]
pub const fn work(tier: Tier) -> u64 {
    match tier {
        Tier::Xs => 1,
        Tier::S => 2,
        Tier::M => 4,
        Tier::L => 8,
    }
}
