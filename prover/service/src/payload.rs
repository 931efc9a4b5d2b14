//! What a worker needs to prove: the request and the consent as they came, and the record.

use medproof_messages::{ConsentMessage, SignedRequest, VerifiedRequest};
use medproof_records::issuer::CarriedRecord;
use thiserror::Error;
use zeroize::Zeroizing;

/// What a worker needs.
pub struct Payload {
    /// The audience's, verified.
    pub request: VerifiedRequest,
    /// The holder's, which only the record's holder key can verify.
    pub consent: ConsentMessage,
    /// Whose chart it is about. None where the record cannot be proved of: the job takes as long and is
    /// refused, as one that does not hold.
    pub record: Option<CarriedRecord>,
}

/// Bytes that are no payload: another version's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a payload of this version, found {0}: run workers and service of one version")]
pub struct NoPayload(&'static str);

/// Of a request, a consent and a record, one after the other: of each its length, and its bytes.
///
/// Messages are carried as they came, so that what was signed is what is verified.
#[must_use]
pub fn encode(request: &[u8], consent: &[u8], record: Option<&CarriedRecord>) -> Zeroizing<Vec<u8>> {
    let record = record.map(CarriedRecord::to_bytes);
    let record: &[u8] = record.as_ref().map_or(&[], |bytes| bytes);
    joined(&[request, consent, record])
}

/// Of a cohort's member: the record's name as the caller has it, and the consent.
#[must_use]
pub fn member(record: &str, consent: &[u8]) -> Zeroizing<Vec<u8>> {
    joined(&[record.as_bytes(), consent])
}

/// Name and consent from what [`member`] made.
///
/// # Errors
/// [`NoPayload`].
pub fn member_of(bytes: &[u8]) -> Result<(&str, &[u8]), NoPayload> {
    let mut parts = Parts(bytes);
    let (record, consent) = (parts.next("no record")?, parts.next("no consent")?);
    parts.end()?;
    let record = std::str::from_utf8(record).map_err(|_| NoPayload("another record"))?;
    Ok((record, consent))
}

fn joined(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let room = parts.iter().map(|part| part.len() + 8).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

// What was joined, one after the other.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn next(&mut self, missing: &'static str) -> Result<&'a [u8], NoPayload> {
        let (length, rest) = self.0.split_first_chunk::<8>().ok_or(NoPayload(missing))?;
        let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| NoPayload(missing))?;
        let (part, rest) = rest.split_at_checked(length).ok_or(NoPayload(missing))?;
        self.0 = rest;
        Ok(part)
    }

    fn end(self) -> Result<(), NoPayload> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(NoPayload("more bytes"))
        }
    }
}

impl Payload {
    /// From what [`encode`] made.
    ///
    /// # Errors
    /// [`NoPayload`].
    pub fn decode(bytes: &[u8]) -> Result<Payload, NoPayload> {
        let mut parts = Parts(bytes);
        let request = parts.next("no request")?;
        let consent = parts.next("no consent")?;
        let record = parts.next("no record")?;
        parts.end()?;
        let request = SignedRequest::from_json(request).and_then(SignedRequest::verify);
        Ok(Payload {
            request: request.map_err(|_| NoPayload("another request"))?,
            consent: ConsentMessage::from_json(consent).map_err(|_| NoPayload("another consent"))?,
            record: match record {
                [] => None,
                bytes => Some(CarriedRecord::from_bytes(bytes).map_err(|_| NoPayload("another record"))?),
            },
        })
    }
}
