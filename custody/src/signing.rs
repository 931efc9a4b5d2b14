//! An emergency consent, signed by several custodians in two rounds of files.
//!
//! First every custodian who will sign gives a [`Commitment`]. Whoever coordinates puts them together
//! with the request and the grant to a [`Signing`]; each of those custodians reads it, sees the whole
//! request, and gives a [`SignatureShare`]; [`combine`] makes the consent of them. The coordinator learns
//! no secret and need not be trusted: custodians compute for themselves what they sign.

use crate::CustodyError;
use crate::group::{Group, trim};
use crate::suite::{self, BabyJubjub};
use frost_core::round1::SigningCommitments;
use frost_core::{SigningPackage, aggregate, round2};
use medproof_messages::encoding::{FieldHex, Hex};
use medproof_messages::json::{self, JsonError, Wire};
use medproof_messages::terms::ConsentKind;
use medproof_messages::{ConsentError, ConsentMessage, Grant, SignedRequest, VerifiedRequest};
use medproof_statement::eddsa::PublicKey;
use medproof_statement::request::{Purpose, Time};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// What a custodian gives in round one: for one signing, and then never again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    pub(crate) key: PublicKey,
    pub(crate) index: u16,
    pub(crate) commitments: SigningCommitments<BabyJubjub>,
}

impl Commitment {
    /// Whose it is.
    #[must_use]
    pub const fn index(&self) -> u16 {
        self.index
    }

    /// Reads a commitment's file.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_json(bytes: &[u8]) -> Result<Commitment, CustodyError> {
        let form: CommitmentForm = json::read(trim(bytes))?;
        Ok(Commitment {
            key: key(&form.group).ok_or(CustodyError::OtherGroup { index: form.index })?,
            index: form.index,
            commitments: form.commitment,
        })
    }

    /// The commitment's file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::write(&CommitmentForm {
            commitment: self.commitments,
            group: Hex(self.key.to_bytes()),
            index: self.index,
            kind: CommitmentForm::TYPE.to_owned(),
            version: json::VERSION,
        })
    }
}

/// What custodians are asked to sign: a request of its audience's, what is granted to it, and who signs.
#[derive(Clone, Debug)]
pub struct Signing {
    request: VerifiedRequest,
    grant: Grant,
    commitments: Vec<Commitment>,
}

impl Signing {
    /// Puts a signing together.
    ///
    /// # Errors
    /// [`CustodyError::Purpose`] for anything but emergency treatment; where the commitments are not of
    /// enough of the group's custodians; where the grant does not cover the request.
    pub fn new(
        request: VerifiedRequest,
        grant: Grant,
        commitments: Vec<Commitment>,
        group: &Group,
    ) -> Result<Signing, CustodyError> {
        let signing = Signing {
            request,
            grant,
            commitments,
        };
        signing.verify(group)?;
        Ok(signing)
    }

    /// The request, as its audience signed it.
    #[must_use]
    pub const fn request(&self) -> &VerifiedRequest {
        &self.request
    }

    /// What would be granted.
    #[must_use]
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Who signs.
    pub fn signers(&self) -> impl Iterator<Item = u16> + '_ {
        self.commitments.iter().map(Commitment::index)
    }

    /// Checks it against the group, whoever put it together.
    ///
    /// # Errors
    /// As [`Signing::new`].
    pub fn verify(&self, group: &Group) -> Result<(), CustodyError> {
        let body = self.request.body();
        if body.purpose != Purpose::EmergencyTreatment {
            let found = body.purpose.code();
            return Err(CustodyError::Purpose { found });
        }
        if self.grant.not_before > body.requested_at || body.expires_at > self.grant.not_after {
            return Err(CustodyError::Consent(ConsentError::Period {
                requested_at: body.requested_at.seconds(),
                expires_at: body.expires_at.seconds(),
                not_before: self.grant.not_before.seconds(),
                not_after: self.grant.not_after.seconds(),
            }));
        }
        let mut signers = BTreeSet::new();
        for commitment in &self.commitments {
            let index = commitment.index;
            if commitment.key != group.key() {
                return Err(CustodyError::OtherGroup { index });
            }
            group.member(index)?;
            if !signers.insert(index) {
                return Err(CustodyError::Twice { index });
            }
        }
        enough(signers.len(), group)
    }

    pub(crate) fn package(&self) -> Result<SigningPackage<BabyJubjub>, CustodyError> {
        let mut commitments = BTreeMap::new();
        for commitment in &self.commitments {
            commitments.insert(crate::group::identifier(commitment.index)?, commitment.commitments);
        }
        let message = ConsentMessage::message_of(&self.request, &self.grant);
        Ok(SigningPackage::new(commitments, &suite::message_bytes(&message)))
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut sha = Sha256::new_with_prefix(b"medproof/v1/custody-signing");
        sha.update(self.to_json());
        sha.finalize().into()
    }

    /// Reads a signing's file, and checks that the request is its audience's.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_json(bytes: &[u8]) -> Result<Signing, CustodyError> {
        let form: SigningForm = json::read(trim(bytes))?;
        let commitments = form
            .commitments
            .iter()
            .map(|text| Commitment::from_json(text.as_bytes()));
        Ok(Signing {
            request: SignedRequest::from_json(form.request.as_bytes())?.verify()?,
            grant: form.grant()?,
            commitments: commitments.collect::<Result<_, _>>()?,
        })
    }

    /// The signing's file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_default();
        json::write(&SigningForm {
            commitments: self.commitments.iter().map(|c| text(c.to_json())).collect(),
            consent: self.grant.kind.name().to_owned(),
            grant_id: FieldHex(self.grant.grant_id),
            not_after: self.grant.not_after.seconds(),
            not_before: self.grant.not_before.seconds(),
            request: text(self.request.signed().to_json()),
            kind: SigningForm::TYPE.to_owned(),
            version: json::VERSION,
        })
    }
}

/// What a custodian gives in round two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureShare {
    pub(crate) key: PublicKey,
    pub(crate) index: u16,
    pub(crate) signing: [u8; 32],
    pub(crate) share: round2::SignatureShare<BabyJubjub>,
}

impl SignatureShare {
    /// Whose it is.
    #[must_use]
    pub const fn index(&self) -> u16 {
        self.index
    }

    /// Reads a share's file.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_json(bytes: &[u8]) -> Result<SignatureShare, CustodyError> {
        let form: ShareForm = json::read(trim(bytes))?;
        Ok(SignatureShare {
            key: key(&form.group).ok_or(CustodyError::OtherGroup { index: form.index })?,
            index: form.index,
            signing: form.signing.0,
            share: form.share,
        })
    }

    /// The share's file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::write(&ShareForm {
            group: Hex(self.key.to_bytes()),
            index: self.index,
            share: self.share,
            signing: Hex(self.signing),
            kind: ShareForm::TYPE.to_owned(),
            version: json::VERSION,
        })
    }
}

/// The consent, of the shares of all who were asked.
///
/// # Errors
/// [`CustodyError::WrongShare`] names whose share is none; [`CustodyError::TooFew`] where one is missing.
pub fn combine(signing: &Signing, shares: &[SignatureShare], group: &Group) -> Result<ConsentMessage, CustodyError> {
    signing.verify(group)?;
    let digest = signing.digest();
    let mut by_signer = BTreeMap::new();
    for share in shares {
        let index = share.index;
        if share.key != group.key() {
            return Err(CustodyError::OtherGroup { index });
        }
        if share.signing != digest {
            return Err(CustodyError::OtherSigning { index });
        }
        if !signing.signers().any(|signer| signer == index) {
            return Err(CustodyError::NotAsked { index });
        }
        if by_signer.insert(group.member(index)?, share.share).is_some() {
            return Err(CustodyError::Twice { index });
        }
    }
    enough(by_signer.len(), group)?;
    if by_signer.len() < signing.commitments.len() {
        return Err(CustodyError::TooFew {
            expected: u16::try_from(signing.commitments.len()).unwrap_or(u16::MAX),
            found: by_signer.len(),
        });
    }
    let signature = aggregate(&signing.package()?, &by_signer, &group.package).map_err(|e| culprit(e, group))?;
    let signature = suite::statement_signature(&signature).ok_or(frost_core::Error::InvalidSignature)?;
    Ok(ConsentMessage::with_signature(
        &signing.request,
        &signing.grant,
        &group.key(),
        signature,
    )?)
}

fn enough(found: usize, group: &Group) -> Result<(), CustodyError> {
    let expected = group.threshold();
    match found >= usize::from(expected) {
        true => Ok(()),
        false => Err(CustodyError::TooFew { expected, found }),
    }
}

// Whose share it was.
fn culprit(error: frost_core::Error<BabyJubjub>, group: &Group) -> CustodyError {
    let culprits = error.culprits();
    let is_culprit = |index: &u16| group.member(*index).is_ok_and(|id| culprits.contains(&id));
    match (1..=group.custodians()).find(is_culprit) {
        Some(index) => CustodyError::WrongShare { index },
        None => error.into(),
    }
}

fn key(bytes: &Hex<32>) -> Option<PublicKey> {
    PublicKey::from_bytes(&bytes.0).ok()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitmentForm {
    commitment: SigningCommitments<BabyJubjub>,
    group: Hex<32>,
    index: u16,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for CommitmentForm {
    const TYPE: &'static str = "medproof/custody-commitment";
    const MAX_BYTES: usize = 1024;
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SigningForm {
    commitments: Vec<String>,
    consent: String,
    grant_id: FieldHex,
    not_after: u64,
    not_before: u64,
    request: String,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for SigningForm {
    const TYPE: &'static str = "medproof/custody-signing";
    const MAX_BYTES: usize = 16 << 20;
}

impl SigningForm {
    fn grant(&self) -> Result<Grant, CustodyError> {
        let malformed = |rule: &str| JsonError::Form {
            kind: SigningForm::TYPE,
            rule: rule.to_owned(),
        };
        let time = |seconds| Time::new(seconds).map_err(|_| malformed("expected seconds below 2^40"));
        let kind = [ConsentKind::Once, ConsentKind::Standing]
            .into_iter()
            .find(|kind| kind.name() == self.consent);
        Ok(Grant {
            kind: kind.ok_or_else(|| malformed("expected once or standing"))?,
            not_before: time(self.not_before)?,
            not_after: time(self.not_after)?,
            grant_id: self.grant_id.0,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareForm {
    group: Hex<32>,
    index: u16,
    share: round2::SignatureShare<BabyJubjub>,
    signing: Hex<32>,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for ShareForm {
    const TYPE: &'static str = "medproof/custody-signature-share";
    const MAX_BYTES: usize = 1024;
}
