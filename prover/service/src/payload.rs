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
    let parts = [request, consent, record];
    let room = parts.iter().map(|part| part.len() + 8).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

impl Payload {
    /// From what [`encode`] made.
    ///
    /// # Errors
    /// [`NoPayload`].
    pub fn decode(mut bytes: &[u8]) -> Result<Payload, NoPayload> {
        let mut part = |name| {
            let (length, rest) = bytes.split_first_chunk::<8>().ok_or(NoPayload(name))?;
            let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| NoPayload(name))?;
            let (part, rest) = rest.split_at_checked(length).ok_or(NoPayload(name))?;
            bytes = rest;
            Ok(part)
        };
        let (request, consent, record) = (part("no request")?, part("no consent")?, part("no record")?);
        if !bytes.is_empty() {
            return Err(NoPayload("more bytes"));
        }
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
