//! Canonical JSON that holds secrets: as `medproof_messages::json`, without copies that outlive their use.

use medproof_messages::json::{self, JsonError, Wire};
use zeroize::Zeroizing;

/// The canonical bytes, in one buffer that never grows: one that does leaves what it held behind.
pub(crate) fn write<W: Wire>(form: &W) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(W::MAX_BYTES));
    // Strings, integers and lists alone: serialising these into memory has no way to fail.
    let written = serde_json::to_writer(&mut *bytes, form);
    debug_assert!(written.is_ok() && bytes.len() <= W::MAX_BYTES);
    bytes
}

/// Reads the canonical bytes.
pub(crate) fn read<W: Wire>(bytes: &[u8]) -> Result<W, JsonError> {
    let form: W = json::read_any_spelling(bytes)?;
    let again = write(&form);
    match again.as_slice() == bytes {
        true => Ok(form),
        false => {
            let at = again.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            Err(JsonError::NotCanonical { at })
        }
    }
}

/// Bytes as they are written: lower-case digits after 0x.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?;
    let one_spelling = !digits.bytes().any(|digit| digit.is_ascii_uppercase());
    hex::decode(digits).ok().filter(|_| one_spelling)
}
