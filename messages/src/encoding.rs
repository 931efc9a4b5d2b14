//! Bytes and field elements as text: `0x` and lower-case hexadecimal digits, nothing else.

use alloc::string::String;
use core::fmt;
use medproof_statement::{Fr, field};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of a fixed length, in JSON as `0x` and two lower-case hexadecimal digits a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> Hex<N> {
    /// Reads the one spelling of the bytes. `None` for every other.
    pub fn from_text(text: &str) -> Option<Hex<N>> {
        let mut bytes = [0; N];
        read(text, &mut bytes).map(|()| Hex(bytes))
    }
}

// Whether the text is the one spelling of as many bytes. Once for all lengths.
fn read(text: &str, bytes: &mut [u8]) -> Option<()> {
    let mut rest = Bytes(text.strip_prefix("0x")?.as_bytes());
    for byte in bytes {
        let [high, low] = rest.take()?;
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    rest.0.is_empty().then_some(())
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, &self.0)
    }
}

fn write(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("0x")?;
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut bytes = [0; N];
        deserializer.deserialize_str(Room(&mut bytes))?;
        Ok(Hex(bytes))
    }
}

/// Where bytes that are read go: one reader for all lengths.
struct Room<'a>(&'a mut [u8]);

impl Visitor<'_> for Room<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x and {} lower-case hexadecimal digits", 2 * self.0.len())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let Room(bytes) = self;
        // The text is not repeated: an error may be logged.
        read(text, bytes).ok_or_else(|| E::invalid_length(text.len(), &Room(bytes)))
    }
}

/// A field element in JSON: 32 canonical big-endian bytes as [`Hex`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldHex(pub Fr);

impl fmt::Display for FieldHex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(field::to_bytes(&self.0)).fmt(f)
    }
}

impl Serialize for FieldHex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FieldHex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Hex::<32>(bytes) = Hex::deserialize(deserializer)?;
        field::from_bytes(&bytes).map(FieldHex).map_err(D::Error::custom)
    }
}

/// Reads a message from its start, and knows when nothing is left.
pub(crate) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next `N` bytes. `None` where there are fewer.
    pub(crate) fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(head)
    }
}

/// Text for an error, cut to a length that no log minds and with nothing that a terminal obeys.
pub(crate) fn shown(text: &str) -> String {
    shown_up_to(64, text)
}

/// As [`shown`], of another length.
pub(crate) fn shown_up_to(longest: usize, text: &str) -> String {
    text.chars()
        .take(longest)
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn hexadecimal_has_one_spelling() {
        let hex = Hex([0x0a, 0xff]);
        assert_eq!(hex.to_string(), "0x0aff");
        assert_eq!(Hex::from_text("0x0aff"), Some(hex));
        for bad in [
            "0aff", "0X0aff", "0x0AFF", "0x0af", "0x0aff0", "0x0aff00", "0x0afg", "", "0x", " 0x0aff", "0x+aff",
        ] {
            assert_eq!(Hex::<2>::from_text(bad), None, "{bad}");
        }
    }

    #[test]
    fn field_elements_are_below_the_modulus() {
        let text = FieldHex(Fr::from(5u64));
        let json = serde_json::to_string(&text).unwrap();
        assert_eq!(serde_json::from_str::<FieldHex>(&json).unwrap(), text);
        // The modulus itself, and five more than it.
        for digits in ["01", "06"] {
            let alias = std::format!("\"0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f00000{digits}\"");
            assert!(serde_json::from_str::<FieldHex>(&alias).is_err());
        }
    }

    #[test]
    fn what_an_error_shows_is_short_and_harmless() {
        assert_eq!(shown("a\u{1b}[2J\nb"), "a?[2J?b");
        assert_eq!(shown(&"x".repeat(1000)).len(), 64);
    }
}
