//! How messages become bytes: as prost has it, but for bounds that a bound of bytes does not give.
//!
//! An empty part of a list is two bytes on the wire, and a hundred in memory: what has more parts than any message of
//! ours is refused before it is read. And who follows something is told little, so that an answer begins with little
//! room.

use prost::Message;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use std::marker::PhantomData;
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};

/// Fields of a message, its lists' parts among them.
pub const MOST_FIELDS: usize = 16_384;

// Room that an answer begins with, and from which on it is sent, in bytes.
const ROOM: usize = 512;
const SENT: usize = 32 << 10;

/// Between messages `T` and `U`, and bytes.
#[derive(Clone, Debug)]
pub struct Bounded<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Bounded<T, U> {
    fn default() -> Self {
        Bounded(PhantomData)
    }
}

impl<T, U> Codec for Bounded<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = BoundedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(BufferSettings::new(ROOM, SENT))
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder(ProstCodec::<T, U>::raw_decoder(BufferSettings::new(ROOM, SENT)))
    }
}

/// Reads messages of bounded many fields.
#[derive(Clone, Debug)]
pub struct BoundedDecoder<U>(ProstDecoder<U>);

impl<U: Message + Default> Decoder for BoundedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        use prost::bytes::Buf;
        if !is_bounded(bytes.chunk()) {
            let message = format!("expected a message of at most {MOST_FIELDS} fields, found more: submit in parts");
            return Err(Status::out_of_range(message));
        }
        self.0.decode(bytes)
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}

// What is no message is for its reader to say.
fn is_bounded(mut bytes: &[u8]) -> bool {
    for _ in 0..MOST_FIELDS {
        if bytes.is_empty() {
            return true;
        }
        let skipped =
            decode_key(&mut bytes).and_then(|(tag, wire)| skip_field(wire, tag, &mut bytes, DecodeContext::default()));
        if skipped.is_err() {
            return true;
        }
    }
    bytes.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::{BatchSubmitDisclosuresRequest, Disclosure};

    #[test]
    fn lists_have_bounded_many_parts() {
        let batch = |count| BatchSubmitDisclosuresRequest {
            disclosures: vec![Disclosure::default(); count],
            idempotency_key: String::new(),
        };
        assert!(is_bounded(&[]) && is_bounded(&batch(MOST_FIELDS).encode_to_vec()));
        assert!(!is_bounded(&batch(MOST_FIELDS + 1).encode_to_vec()));
        // Bytes that are no message, and one that is long in one part.
        assert!(is_bounded(&[0xff; 100]) && is_bounded(&[0x0a, 200]));
        let long = Disclosure {
            request: vec![0; 1 << 20],
            ..Disclosure::default()
        };
        assert!(is_bounded(&long.encode_to_vec()));
    }
}
