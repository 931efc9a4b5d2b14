//! Secrets in files that a passphrase opens.
//!
//! ```text
//! {"cipher":…,"contents":C,"memory_kib":M,"nonce":…,"passes":T,"salt":…,"type":"medproof/sealed","version":1}
//! key    = Argon2id 1.3(passphrase, salt(128); memory M KiB, T passes, one lane), 256 bits
//! cipher = XChaCha20-Poly1305(key, nonce(192), length(32) ‖ secret ‖ zeros up to a multiple of 64)
//! ```
//!
//! All other fields are authenticated with the secret: contents that were renamed, or a cost that was
//! lowered, do not open. The passphrase is taken as UTF-8, as it was typed.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use core::fmt;
use medproof_messages::encoding::Hex;
use medproof_messages::json::{self, JsonError, Wire};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::random::{self, RandomError};
use crate::secret_json;

const SALT: usize = 16;
const NONCE: usize = 24;
const BLOCK: usize = 64;

/// The fewest characters of a new passphrase.
pub const LEAST_CHARACTERS: usize = 12;

/// Why a file was not sealed, or does not open.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SealedError {
    /// Not a sealed file.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Another secret than the one asked for.
    #[error("expected a sealed {expected}, found another sealed secret: check which file this is")]
    Contents {
        /// What was to be opened.
        expected: &'static str,
    },
    /// Opening asks more of the machine than any file of ours does, or less than the algorithm takes.
    #[error(
        "expected a cost of {least} to {most} KiB in 1 to {passes} passes, found {memory} KiB in {found}: the file is not \
         one of this software's"
    )]
    Cost {
        /// The least memory.
        least: u32,
        /// The most memory.
        most: u32,
        /// The most passes.
        passes: u32,
        /// The memory asked for.
        memory: u32,
        /// The passes asked for.
        found: u32,
    },
    /// Another passphrase, or a changed file: nobody can tell which.
    #[error("the passphrase is another, or the file was changed")]
    Refused,
    /// A new passphrase that is soon guessed.
    #[error("expected a passphrase of {LEAST_CHARACTERS} characters or more, found {found}: use several random words")]
    Short {
        /// How many characters it has.
        found: usize,
    },
    /// The machine has no memory for the cost.
    #[error("the machine did not give the {memory} KiB of memory that this file takes to open")]
    Memory {
        /// How much was asked for.
        memory: u32,
    },
    /// More than a sealed file holds.
    #[error("expected a secret of at most {most} bytes, found {found}")]
    TooLarge {
        /// The most.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl SealedError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            SealedError::Json(error) => error.code(),
            SealedError::Contents { .. } => "sealed.contents",
            SealedError::Cost { .. } => "sealed.cost",
            SealedError::Refused => "sealed.refused",
            SealedError::Short { .. } => "sealed.passphrase",
            SealedError::Memory { .. } => "sealed.memory",
            SealedError::TooLarge { .. } => "sealed.too_large",
            SealedError::Random(_) => "random",
        }
    }
}

/// What a person knows. Wiped when dropped, never shown.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// As it was typed.
    #[must_use]
    pub const fn new(text: Zeroizing<String>) -> Passphrase {
        Passphrase(text)
    }

    /// Whether two are the same: one is typed twice where a file is sealed.
    #[must_use]
    pub fn is(&self, other: &Passphrase) -> bool {
        *self.0 == *other.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// What each guess at a passphrase costs who guesses, and each opening costs us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// KiB of memory.
    pub memory_kib: u32,
    /// How often it is passed over.
    pub passes: u32,
}

impl Cost {
    /// 256 MiB in three passes: about a second.
    pub const DEFAULT: Cost = Cost {
        memory_kib: 256 << 10,
        passes: 3,
    };
    /// The least that keys in use are sealed with: RFC 9106's choice for machines with little memory.
    pub const LEAST: Cost = Cost {
        memory_kib: 64 << 10,
        passes: 3,
    };
    /// The least that the algorithm takes: for trials of the software, and nothing else.
    pub const TRIAL: Cost = Cost {
        memory_kib: Params::MIN_M_COST,
        passes: 1,
    };

    const MOST: Cost = Cost {
        memory_kib: 4 << 20,
        passes: 16,
    };

    fn argon2(self) -> Result<Argon2<'static>, SealedError> {
        let in_range = (Cost::TRIAL.memory_kib..=Cost::MOST.memory_kib).contains(&self.memory_kib)
            && (1..=Cost::MOST.passes).contains(&self.passes);
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32)).ok();
        let params = params.filter(|_| in_range).ok_or(SealedError::Cost {
            least: Cost::TRIAL.memory_kib,
            most: Cost::MOST.memory_kib,
            passes: Cost::MOST.passes,
            memory: self.memory_kib,
            found: self.passes,
        })?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// Seals a secret. `contents` says what it is to who reads the file, and is bound to it.
///
/// # Errors
/// [`SealedError::Short`] among others.
pub fn seal(
    contents: &'static str,
    secret: &[u8],
    passphrase: &Passphrase,
    cost: Cost,
) -> Result<Vec<u8>, SealedError> {
    let found = passphrase.0.chars().count();
    if found < LEAST_CHARACTERS {
        return Err(SealedError::Short { found });
    }
    let mut form = Form {
        cipher: String::new(),
        contents: contents.to_owned(),
        memory_kib: cost.memory_kib,
        nonce: Hex(*random::bytes()?),
        passes: cost.passes,
        salt: Hex(*random::bytes()?),
        kind: Form::TYPE.to_owned(),
        version: json::VERSION,
    };
    let mut inside = padded(secret)?;
    let failed = SealedError::TooLarge {
        most: MOST_SECRET,
        found: secret.len(),
    };
    let nonce = XNonce::from(form.nonce.0);
    form.cipher_under(passphrase)?
        .encrypt_in_place(&nonce, &form.bound(), &mut *inside)
        .map_err(|_| failed)?;
    form.cipher = format!("0x{}", hex::encode(&*inside));
    Ok(json::write(&form))
}

/// Opens a sealed file that holds these contents.
///
/// # Errors
/// [`SealedError::Refused`] where the passphrase is another or the file was changed.
pub fn open(contents: &'static str, file: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, SealedError> {
    let form = read(file)?;
    if form.contents != contents {
        return Err(SealedError::Contents { expected: contents });
    }
    let mut inside = Zeroizing::new(secret_json::bytes(&form.cipher).ok_or(SealedError::Refused)?);
    let nonce = XNonce::from(form.nonce.0);
    form.cipher_under(passphrase)?
        .decrypt_in_place(&nonce, &form.bound(), &mut *inside)
        .map_err(|_| SealedError::Refused)?;
    unpadded(&inside).ok_or(SealedError::Refused)
}

/// What a sealed file tells without its passphrase.
///
/// # Errors
/// Where it is none.
pub fn cost_of(file: &[u8]) -> Result<Cost, SealedError> {
    let form = read(file)?;
    Ok(Cost {
        memory_kib: form.memory_kib,
        passes: form.passes,
    })
}

/// Whether a file is a sealed one at all, whole or not.
#[must_use]
pub fn is_sealed(file: &[u8]) -> bool {
    file.starts_with(b"{")
}

fn read(file: &[u8]) -> Result<Form, SealedError> {
    // An editor's last line break is no change of the secret.
    Ok(json::read(file.strip_suffix(b"\n").unwrap_or(file))?)
}

const MOST_SECRET: usize = 1 << 16;

fn padded(secret: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealedError> {
    let found = secret.len();
    let too_large = SealedError::TooLarge {
        most: MOST_SECRET,
        found,
    };
    let length = u32::try_from(found).ok().filter(|_| found <= MOST_SECRET);
    let length = length.ok_or(too_large)?;
    let size = (4 + found).next_multiple_of(BLOCK);
    // Room for the tag as well: the buffer never moves.
    let mut inside = Zeroizing::new(Vec::with_capacity(size + 16));
    inside.extend_from_slice(&length.to_be_bytes());
    inside.extend_from_slice(secret);
    inside.resize(size, 0);
    Ok(inside)
}

fn unpadded(inside: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (length, rest) = inside.split_first_chunk()?;
    let (secret, zeros) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    zeros.iter().all(|b| *b == 0).then(|| Zeroizing::new(secret.to_vec()))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    cipher: String,
    contents: String,
    memory_kib: u32,
    nonce: Hex<NONCE>,
    passes: u32,
    salt: Hex<SALT>,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for Form {
    const TYPE: &'static str = "medproof/sealed";
    const MAX_BYTES: usize = 4 * MOST_SECRET;
}

impl Form {
    fn cipher_under(&self, passphrase: &Passphrase) -> Result<XChaCha20Poly1305, SealedError> {
        let cost = Cost {
            memory_kib: self.memory_kib,
            passes: self.passes,
        };
        let mut key = Zeroizing::new([0; 32]);
        cost.argon2()?
            .hash_password_into(passphrase.0.as_bytes(), &self.salt.0, key.as_mut_slice())
            .map_err(|_| SealedError::Memory {
                memory: self.memory_kib,
            })?;
        let mut key = Key::from(*key);
        let cipher = XChaCha20Poly1305::new(&key);
        key.as_mut_slice().zeroize();
        Ok(cipher)
    }

    // Fields of fixed length first: no two headers are the same bytes.
    fn bound(&self) -> Vec<u8> {
        [
            b"medproof/v1/sealed".as_slice(),
            &self.memory_kib.to_be_bytes(),
            &self.passes.to_be_bytes(),
            &self.salt.0,
            self.contents.as_bytes(),
        ]
        .concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Zeroizing::new(text.to_owned()))
    }

    fn sealed() -> Vec<u8> {
        seal(
            "master key",
            &[7; 32],
            &passphrase("correct horse battery"),
            Cost::TRIAL,
        )
        .unwrap()
    }

    #[test]
    fn it_opens_with_its_passphrase_alone() {
        let (file, right) = (sealed(), passphrase("correct horse battery"));
        assert_eq!(**open("master key", &file, &right).unwrap(), [7; 32]);
        assert_eq!(
            open("master key", &file, &passphrase("correct horse batterY")),
            Err(SealedError::Refused)
        );
        let expected = "key share";
        assert_eq!(open(expected, &file, &right), Err(SealedError::Contents { expected }));
        assert_ne!(file, sealed());
        assert!(is_sealed(&file) && !is_sealed(b"00ff"));
        assert_eq!(cost_of(&file), Ok(Cost::TRIAL));
    }

    #[test]
    fn a_change_anywhere_is_refused() {
        let (file, right) = (sealed(), passphrase("correct horse battery"));
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] = match changed[at] {
                b'0' => b'1',
                b'8' => b'9',
                other => other ^ 1,
            };
            // A cost that costs more than this test may take is a change as well.
            let cheap = cost_of(&changed).is_ok_and(|c| c.memory_kib < 1 << 14 && c.passes < 10);
            if cheap {
                assert!(open("master key", &changed, &right).is_err(), "byte {at}");
            } else {
                assert!(read(&changed).map_or(true, |form| form.bound() != read(&file).unwrap().bound()));
            }
        }
    }

    #[test]
    fn a_file_has_one_spelling() {
        let file = String::from_utf8(sealed()).unwrap();
        let (before, after) = file.split_once("\",\"contents").unwrap();
        let spelt = format!(
            "{}\",\"contents{after}",
            before.to_uppercase().replacen("CIPHER\":\"0X", "cipher\":\"0x", 1)
        );
        assert_ne!(spelt, file);
        let right = passphrase("correct horse battery");
        assert_eq!(open("master key", spelt.as_bytes(), &right), Err(SealedError::Refused));
        assert!(open("master key", file.as_bytes(), &right).is_ok());
    }

    #[test]
    fn a_renamed_secret_does_not_open() {
        let file = String::from_utf8(sealed()).unwrap();
        let renamed = file.replace("master key", "key share");
        let opened = open("key share", renamed.as_bytes(), &passphrase("correct horse battery"));
        assert_eq!(opened, Err(SealedError::Refused));
    }

    #[test]
    fn costs_out_of_range_are_refused_before_they_are_paid() {
        let file = String::from_utf8(sealed()).unwrap();
        for (from, to) in [
            ("\"memory_kib\":8,", "\"memory_kib\":4194305,"),
            ("\"memory_kib\":8,", "\"memory_kib\":7,"),
            ("\"passes\":1,", "\"passes\":17,"),
            ("\"passes\":1,", "\"passes\":0,"),
        ] {
            let changed = file.replace(from, to);
            assert_ne!(changed, file);
            let opened = open("master key", changed.as_bytes(), &passphrase("correct horse battery"));
            assert!(matches!(opened, Err(SealedError::Cost { .. })), "{to}");
        }
    }

    #[test]
    fn short_passphrases_seal_nothing() {
        let sealed = seal("master key", &[7; 32], &passphrase("elf zeichen"), Cost::TRIAL);
        assert_eq!(sealed, Err(SealedError::Short { found: 11 }));
    }

    #[test]
    fn lengths_tell_little() {
        let of = |length: usize| {
            let secret = vec![1; length];
            seal("x", &secret, &passphrase("correct horse battery"), Cost::TRIAL).map(|file| file.len())
        };
        assert_eq!(of(1), of(60));
        assert_ne!(of(60), of(61));
        assert!(matches!(of(MOST_SECRET + 1), Err(SealedError::TooLarge { .. })));
        let secret = vec![9; 61];
        let right = passphrase("correct horse battery");
        let file = seal("x", &secret, &right, Cost::TRIAL).unwrap();
        assert_eq!(**open("x", &file, &right).unwrap(), secret);
    }

    /// Made outside, by argon2-cffi and PyCryptodome: the format is what the head of this file says.
    #[test]
    fn a_file_that_others_made_opens() {
        let file = br#"{"cipher":"0x0a848a0ca6ab44720becd5e71db05072683bd11dcaaecbaa630e756f93755e6626219fc6afc54ea81b87f8a9898073a9bc85786fb527778e11c615e9aec07a519b438ad045a0774c51629f60f466fef5","contents":"master key","memory_kib":8,"nonce":"0x6465666768696a6b6c6d6e6f707172737475767778797a7b","passes":1,"salt":"0x000102030405060708090a0b0c0d0e0f","type":"medproof/sealed","version":1}"#;
        let opened = open("master key", file, &passphrase("correct horse battery"));
        assert_eq!(**opened.unwrap(), [7; 32]);
    }

    #[test]
    fn passphrases_are_never_shown() {
        assert_eq!(format!("{:?}", passphrase("correct horse battery")), "Passphrase(…)");
    }
}
