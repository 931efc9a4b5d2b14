//! How a holder's keys come to the issuer: an invitation goes out, a signed enrolment comes back.

use core::fmt;
use medproof_statement::eddsa::{EddsaError, PublicKey, Signature, SigningKey};
use medproof_statement::hash::digest;
use medproof_statement::holder::{Holder, NullifierKey};
use medproof_statement::{Fr, field};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::json::{self, JsonError};

/// Version of both messages.
const VERSION: u64 = 1;

/// An enrolment that the issuer or the holder refuses.
#[derive(Debug, Error)]
pub enum EnrolmentError {
    /// Not the message's JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A key or signature that is none.
    #[error("the {field} of the enrolment is refused: {source}")]
    Key {
        /// Which field.
        field: &'static str,
        /// Why.
        source: EddsaError,
    },
    /// The signing key is not the holder's.
    #[error("expected the signing key of the holder's public key, found another's: sign with the key that is enrolled")]
    ForeignKey,
    /// The signature is for another invitation, for other keys, or by another key.
    #[error(
        "the enrolment is not signed by its own key for this invitation: ask for the present invitation and sign that"
    )]
    NotPossessed,
}

/// What the issuer hands to a patient in person, and to nobody else: who enrols with this code
/// becomes the holder of this patient's record. It serves once.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The issuer's name, as it gave it when it was created.
    pub issuer: String,
    /// 32 random bytes.
    pub code: [u8; 32],
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InvitationForm {
    version: u64,
    issuer: String,
    code: String,
}

impl Invitation {
    /// JSON: `version`, `issuer`, `code` (64 hexadecimal digits).
    ///
    /// # Errors
    /// [`JsonError`] where it cannot be written.
    pub fn to_json(&self) -> Result<String, JsonError> {
        json::write(&InvitationForm {
            version: VERSION,
            issuer: self.issuer.clone(),
            code: hex::encode(self.code),
        })
    }

    /// Reads [`Invitation::to_json`]; refuses another version, unknown fields and trailing bytes.
    ///
    /// # Errors
    /// [`JsonError`] says what was found.
    pub fn from_json(text: &[u8]) -> Result<Invitation, JsonError> {
        let form: InvitationForm = json::read("an invitation", VERSION, text)?;
        Ok(Invitation {
            code: json::bytes("code", &form.code)?,
            issuer: form.issuer,
        })
    }
}

/// A holder's keys for one issuer, signed. Holds nk: it goes to the issuer over a private channel
/// and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// The keys.
    pub holder: Holder,
    /// By `holder.pk`, over [`enrolment_message`].
    pub signature: Signature,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct EnrolmentForm {
    version: u64,
    pk: String,
    emergency_pk: String,
    nk: String,
    signature: String,
}

/// What a holder signs to enrol: D("medproof/v1/enrol", issuer, code, pk, emergency_pk, nk), keys
/// as their 32-byte encodings and nk as its 31 bytes.
///
/// The issuer and the code bind it to one patient of one hospital: a hospital cannot enrol its
/// holders elsewhere. The keys bind it to what is committed: nobody can pair a holder's signing
/// key with another nullifier key or other custodians.
pub fn enrolment_message(holder: &Holder, invitation: &Invitation) -> Fr {
    digest(
        "medproof/v1/enrol",
        &[
            invitation.issuer.as_bytes(),
            &invitation.code,
            &holder.pk.to_bytes(),
            &holder.emergency_pk.to_bytes(),
            holder.nk.to_bytes().as_slice(),
        ],
    )
}

impl Enrolment {
    /// Signs an enrolment with the holder's own key.
    ///
    /// # Errors
    /// [`EnrolmentError::ForeignKey`] where the key is not `holder.pk`'s.
    pub fn sign(holder: Holder, key: &SigningKey, invitation: &Invitation) -> Result<Enrolment, EnrolmentError> {
        if key.public() != holder.pk {
            return Err(EnrolmentError::ForeignKey);
        }
        let signature = key.sign(enrolment_message(&holder, invitation));
        Ok(Enrolment { holder, signature })
    }

    /// Checks that who sends it has the signing key and answers this invitation. That both public
    /// keys are of the subgroup of prime order, their type has shown.
    ///
    /// # Errors
    /// [`EnrolmentError::NotPossessed`].
    pub fn verify(&self, invitation: &Invitation) -> Result<(), EnrolmentError> {
        self.holder
            .pk
            .verify(enrolment_message(&self.holder, invitation), &self.signature)
            .map_err(|_| EnrolmentError::NotPossessed)
    }

    /// JSON: `version`, `pk`, `emergency_pk`, `nk` (62 digits), `signature`, all hexadecimal.
    ///
    /// # Errors
    /// [`JsonError`] where it cannot be written.
    pub fn to_json(&self) -> Result<Zeroizing<String>, JsonError> {
        let form = EnrolmentForm {
            version: VERSION,
            pk: hex::encode(self.holder.pk.to_bytes()),
            emergency_pk: hex::encode(self.holder.emergency_pk.to_bytes()),
            nk: hex::encode(self.holder.nk.to_bytes().as_slice()),
            signature: hex::encode(self.signature.to_bytes()),
        };
        json::write(&form).map(Zeroizing::new)
    }

    /// Reads [`Enrolment::to_json`]; refuses another version, unknown fields, trailing bytes, and
    /// keys that are none.
    ///
    /// # Errors
    /// [`EnrolmentError`] names the field, never its value.
    pub fn from_json(text: &[u8]) -> Result<Enrolment, EnrolmentError> {
        let form: EnrolmentForm = json::read("an enrolment", VERSION, text)?;
        let key = |field, text: &str| {
            PublicKey::from_bytes(&json::bytes::<32>(field, text)?)
                .map_err(|source| EnrolmentError::Key { field, source })
        };
        let nk = Zeroizing::new(json::bytes::<31>("nk", &form.nk)?);
        let signature = json::bytes::<64>("signature", &form.signature)?;
        Ok(Enrolment {
            holder: Holder {
                pk: key("pk", &form.pk)?,
                emergency_pk: key("emergency_pk", &form.emergency_pk)?,
                nk: NullifierKey::from_bytes(&nk),
            },
            signature: Signature::from_bytes(&signature).map_err(|source| EnrolmentError::Key {
                field: "signature",
                source,
            })?,
        })
    }
}

/// Equal for equal nullifier keys of one issuer; says nothing about the key.
pub(crate) fn nk_tag(vault: &[u8; 16], nk: &NullifierKey) -> [u8; 32] {
    field::to_bytes(&digest("medproof/v1/vault-nk", &[vault, nk.to_bytes().as_slice()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes([1; 32])
    }

    fn holder() -> Holder {
        Holder {
            pk: key().public(),
            emergency_pk: SigningKey::from_bytes([2; 32]).public(),
            nk: NullifierKey::from_bytes(&[3; 31]),
        }
    }

    fn invitation() -> Invitation {
        Invitation {
            issuer: "hospital".to_owned(),
            code: [4; 32],
        }
    }

    #[test]
    fn an_enrolment_answers_one_invitation_with_one_set_of_keys() {
        let enrolment = Enrolment::sign(holder(), &key(), &invitation()).unwrap();
        enrolment.verify(&invitation()).unwrap();
        for other in [
            Invitation {
                code: [5; 32],
                ..invitation()
            },
            Invitation {
                issuer: "other".to_owned(),
                ..invitation()
            },
        ] {
            assert!(matches!(enrolment.verify(&other), Err(EnrolmentError::NotPossessed)));
        }
        let edits: [fn(&mut Holder); 3] = [
            |h| h.nk = NullifierKey::from_bytes(&[9; 31]),
            |h| h.emergency_pk = h.pk,
            |h| h.pk = SigningKey::from_bytes([9; 32]).public(),
        ];
        for edit in edits {
            let mut bad = enrolment.clone();
            edit(&mut bad.holder);
            assert!(matches!(bad.verify(&invitation()), Err(EnrolmentError::NotPossessed)));
        }
    }

    #[test]
    fn only_the_own_key_signs() {
        let stranger = SigningKey::from_bytes([7; 32]);
        let error = Enrolment::sign(holder(), &stranger, &invitation()).unwrap_err();
        assert!(matches!(error, EnrolmentError::ForeignKey));
    }

    #[test]
    fn both_messages_read_back() {
        let invitation = invitation();
        let text = invitation.to_json().unwrap();
        assert_eq!(Invitation::from_json(text.as_bytes()).unwrap(), invitation);
        let enrolment = Enrolment::sign(holder(), &key(), &invitation).unwrap();
        let text = enrolment.to_json().unwrap();
        assert_eq!(Enrolment::from_json(text.as_bytes()).unwrap(), enrolment);
    }

    #[test]
    fn anything_else_is_refused() {
        let text = Enrolment::sign(holder(), &key(), &invitation())
            .unwrap()
            .to_json()
            .unwrap();
        let pk = hex::encode(holder().pk.to_bytes());
        let identity = format!("01{}", "00".repeat(31));
        for (from, to) in [
            ("\"version\":1", "\"version\":2"),
            ("\"version\":1", "\"version\":1,\"more\":0"),
            (pk.as_str(), identity.as_str()),
            (pk.as_str(), &pk[2..]),
            (pk.as_str(), &pk.to_uppercase()),
        ] {
            assert!(text.contains(from));
            assert!(Enrolment::from_json(text.replace(from, to).as_bytes()).is_err());
        }
        assert!(Enrolment::from_json(format!("{}x", *text).as_bytes()).is_err());
    }

    #[test]
    fn nothing_secret_is_shown() {
        let enrolment = Enrolment::sign(holder(), &key(), &invitation()).unwrap();
        assert!(!format!("{enrolment:?}").contains("030303"));
        assert!(!format!("{:?}", invitation()).contains("code"));
    }
}
