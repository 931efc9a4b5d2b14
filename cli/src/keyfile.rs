//! Key files: holders', audiences', accounts' and contributors'. DEVELOPMENT GRADE: JSON that only its owner can
//! read (mode 0600), unsealed; whoever reads the file has the key.
//!
//! Secrets are wiped from memory when dropped and never shown.

use crate::error::CliError;
use crate::files::{self, Overwrite, Secrecy};
use medproof_ceremony::transcript::Contributor;
use medproof_ledger::Account;
use medproof_messages::did::AudienceKey;
use medproof_messages::encoding::Hex;
use medproof_statement::eddsa::{PublicKey, SigningKey};
use medproof_statement::holder::{Holder, NullifierKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Version of the files.
const VERSION: u64 = 1;
/// Version of what is shared for recovery, and its length.
const SECRET_VERSION: u8 = 1;
const SECRET: usize = 1 + 32 + 31 + 32;

/// A holder's keys.
pub struct HolderKeys {
    seed: Zeroizing<[u8; 32]>,
    nk: NullifierKey,
    emergency_pk: PublicKey,
}

impl HolderKeys {
    /// New keys. Without custodians the holder's own key signs for emergencies too.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub fn generate(emergency_pk: Option<PublicKey>) -> Result<HolderKeys, CliError> {
        let seed = random::<32>()?;
        let nk = NullifierKey::from_bytes(&*random::<31>()?);
        let emergency_pk = emergency_pk.unwrap_or_else(|| SigningKey::from_bytes(*seed).public());
        Ok(HolderKeys { seed, nk, emergency_pk })
    }

    /// The same holder with a new signing key: nk, and with it every nullifier, stays.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub fn rotated(&self) -> Result<HolderKeys, CliError> {
        let seed = random::<32>()?;
        // Without custodians the emergency key is the signing key, so it changes with it.
        let emergency_pk = if self.emergency_pk == self.signing().public() {
            SigningKey::from_bytes(*seed).public()
        } else {
            self.emergency_pk
        };
        Ok(HolderKeys {
            seed,
            nk: self.nk.clone(),
            emergency_pk,
        })
    }

    /// All that the holder would lose with the file, for shares that give it back: a version, the signing
    /// seed, nk and the custodians' key.
    #[must_use]
    pub fn to_secret(&self) -> Zeroizing<Vec<u8>> {
        let mut secret = Zeroizing::new(Vec::with_capacity(SECRET));
        secret.push(SECRET_VERSION);
        secret.extend_from_slice(self.seed.as_slice());
        secret.extend_from_slice(self.nk.to_bytes().as_slice());
        secret.extend_from_slice(&self.emergency_pk.to_bytes());
        secret
    }

    /// What [`HolderKeys::to_secret`] gave. `None` for anything else.
    #[must_use]
    pub fn from_secret(secret: &[u8]) -> Option<HolderKeys> {
        let rest = secret.strip_prefix(&[SECRET_VERSION])?;
        let (seed, rest) = rest.split_first_chunk::<32>()?;
        let (nk, emergency_pk) = rest.split_first_chunk::<31>()?;
        Some(HolderKeys {
            seed: Zeroizing::new(*seed),
            nk: NullifierKey::from_bytes(nk),
            emergency_pk: PublicKey::from_bytes(emergency_pk).ok()?,
        })
    }

    /// The key that signs consents.
    #[must_use]
    pub fn signing(&self) -> SigningKey {
        SigningKey::from_bytes(*self.seed)
    }

    /// What the issuer commits to.
    #[must_use]
    pub fn holder(&self) -> Holder {
        Holder {
            pk: self.signing().public(),
            emergency_pk: self.emergency_pk,
            nk: self.nk.clone(),
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// As [`files::write`].
    pub fn save(&self, path: &Path, overwrite: Overwrite) -> Result<(), CliError> {
        let form = HolderForm {
            kind: HolderForm::TYPE.to_owned(),
            version: VERSION,
            signing_seed: Hex(*self.seed).to_string(),
            nullifier_key: Hex(*self.nk.to_bytes()).to_string(),
            emergency_pk: Hex(self.emergency_pk.to_bytes()).to_string(),
        };
        save(&form, path, overwrite)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Where it is not a holder's key file, or others can read it.
    pub fn load(path: &Path) -> Result<HolderKeys, CliError> {
        let form: HolderForm = load(path)?;
        let emergency_pk = bytes::<32>(path, "emergency_pk", &form.emergency_pk)?;
        let nk = bytes::<31>(path, "nullifier_key", &form.nullifier_key)?;
        Ok(HolderKeys {
            seed: bytes::<32>(path, "signing_seed", &form.signing_seed)?,
            nk: NullifierKey::from_bytes(&nk),
            emergency_pk: PublicKey::from_bytes(emergency_pk.as_slice())
                .map_err(|e| malformed::<HolderForm>(path, format!("emergency_pk: {e}")))?,
        })
    }
}

/// An audience's keys: one signs requests, the other is its account on the ledger.
pub struct AudienceKeys {
    seed: Zeroizing<[u8; 32]>,
    /// Signs requests and trust bundles.
    pub key: AudienceKey,
    /// Opens requests on the ledger.
    pub account: Account,
    secret: Zeroizing<[u8; 32]>,
}

impl AudienceKeys {
    /// New keys.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub fn generate() -> Result<AudienceKeys, CliError> {
        AudienceKeys::from_secrets(random()?, random()?).map_err(|e| CliError::system("random", e))
    }

    fn from_secrets(seed: Zeroizing<[u8; 32]>, secret: Zeroizing<[u8; 32]>) -> Result<AudienceKeys, String> {
        Ok(AudienceKeys {
            key: AudienceKey::from_seed(*seed).map_err(|e| e.to_string())?,
            account: Account::from_secret(&secret).map_err(|e| e.to_string())?,
            seed,
            secret,
        })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// As [`files::write`].
    pub fn save(&self, path: &Path, overwrite: Overwrite) -> Result<(), CliError> {
        let form = AudienceForm {
            kind: AudienceForm::TYPE.to_owned(),
            version: VERSION,
            did: self.key.did().to_string(),
            signing_seed: Hex(*self.seed).to_string(),
            account: self.account.address().to_string(),
            account_secret: Hex(*self.secret).to_string(),
        };
        save(&form, path, overwrite)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Where it is not an audience's key file, or others can read it.
    pub fn load(path: &Path) -> Result<AudienceKeys, CliError> {
        let form: AudienceForm = load(path)?;
        let seed = bytes::<32>(path, "signing_seed", &form.signing_seed)?;
        let secret = bytes::<32>(path, "account_secret", &form.account_secret)?;
        let keys = AudienceKeys::from_secrets(seed, secret).map_err(|e| malformed::<AudienceForm>(path, e))?;
        if keys.key.did().to_string() != form.did {
            return Err(malformed::<AudienceForm>(path, "did is not the key's"));
        }
        Ok(keys)
    }
}

/// Makes an account on a ledger and keeps its key.
///
/// # Errors
/// Where the system gives no randomness, or the file cannot be written.
pub fn create_account(path: &Path, overwrite: Overwrite) -> Result<Account, CliError> {
    let secret = random::<32>()?;
    let account = Account::from_secret(&secret).map_err(|e| CliError::system("random", e))?;
    let form = AccountForm {
        kind: AccountForm::TYPE.to_owned(),
        version: VERSION,
        address: account.address().to_string(),
        secret: Hex(*secret).to_string(),
    };
    save(&form, path, overwrite)?;
    Ok(account)
}

/// Reads an account's key file.
///
/// # Errors
/// Where it is none, or others can read it.
pub fn load_account(path: &Path) -> Result<Account, CliError> {
    let form: AccountForm = load(path)?;
    let secret = bytes::<32>(path, "secret", &form.secret)?;
    Account::from_secret(&secret).map_err(|e| malformed::<AccountForm>(path, e))
}

/// An account that nobody else has, for a chain where gas is free.
///
/// # Errors
/// Where the system gives no randomness.
pub fn passing_account() -> Result<Account, CliError> {
    Account::from_secret(&*random::<32>()?).map_err(|e| CliError::system("random", e))
}

/// A contributor's key, by which turns of a ceremony are signed. It is made where there is none.
///
/// # Errors
/// Where the file is none, others can read it, or it cannot be written.
pub fn contributor(path: &Path) -> Result<Contributor, CliError> {
    if !path.exists() {
        let seed = random::<32>()?;
        let contributor = Contributor::new(seed.clone());
        let contributor = contributor.ok_or_else(|| CliError::system("random", "the system's generator gave zeros"))?;
        let form = ContributorForm {
            kind: ContributorForm::TYPE.to_owned(),
            version: VERSION,
            public_key: contributor.public_key(),
            signing_seed: Hex(*seed).to_string(),
        };
        save(&form, path, Overwrite::Never)?;
        return Ok(contributor);
    }
    let form: ContributorForm = load(path)?;
    let contributor = Contributor::new(bytes::<32>(path, "signing_seed", &form.signing_seed)?);
    let contributor = contributor.ok_or_else(|| malformed::<ContributorForm>(path, "signing_seed is zeros"))?;
    if contributor.public_key() != form.public_key {
        return Err(malformed::<ContributorForm>(path, "public_key is not the key's"));
    }
    Ok(contributor)
}

/// Bytes of the system's generator.
///
/// # Errors
/// Where it gives none.
pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, CliError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|e| CliError::system("random", e))?;
    Ok(bytes)
}

trait Form: Serialize + DeserializeOwned {
    const TYPE: &'static str;
    const WHAT: &'static str;
    fn head(&self) -> (&str, u64);
}

macro_rules! forms {
    ($($(#[doc = $doc:literal])+ $name:ident $kind:literal $what:literal { $($field:ident),* $(,)? })*) => {$(
        $(#[doc = $doc])+
        #[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
        #[serde(deny_unknown_fields)]
        struct $name {
            #[serde(rename = "type")]
            kind: String,
            version: u64,
            $($field: String,)*
        }

        impl Form for $name {
            const TYPE: &'static str = $kind;
            const WHAT: &'static str = $what;
            fn head(&self) -> (&str, u64) {
                (&self.kind, self.version)
            }
        }
    )*};
}

forms! {
    /// A holder's file.
    HolderForm "medproof/holder-key" "a holder's key file" { signing_seed, nullifier_key, emergency_pk }
    /// An audience's file.
    AudienceForm "medproof/audience-key" "an audience's key file" { did, signing_seed, account, account_secret }
    /// An account's file.
    AccountForm "medproof/account-key" "an account's key file" { address, secret }
    /// A contributor's file.
    ContributorForm "medproof/contributor-key" "a contributor's key file" { public_key, signing_seed }
}

fn save<F: Form>(form: &F, path: &Path, overwrite: Overwrite) -> Result<(), CliError> {
    let mut text = Zeroizing::new(Vec::with_capacity(1024));
    serde_json::to_writer_pretty(&mut *text, form).map_err(|e| CliError::system("output", e))?;
    text.push(b'\n');
    files::write(path, &text, Secrecy::Secret, overwrite)
}

fn load<F: Form>(path: &Path) -> Result<F, CliError> {
    let text = files::read_secret(path, F::WHAT)?;
    // The parser's own message could repeat a secret.
    let form: F = serde_json::from_slice(&text)
        .map_err(|e| malformed::<F>(path, format!("line {}, column {}", e.line(), e.column())))?;
    match form.head() {
        (kind, VERSION) if kind == F::TYPE => Ok(form),
        (kind, _) if kind != F::TYPE => Err(malformed::<F>(path, "it is of another type")),
        (_, version) => Err(malformed::<F>(path, format!("version {version}, expected {VERSION}"))),
    }
}

fn bytes<const N: usize>(path: &Path, field: &str, text: &str) -> Result<Zeroizing<[u8; N]>, CliError> {
    let digits = text.strip_prefix("0x").unwrap_or_default();
    let mut bytes = Zeroizing::new([0; N]);
    hex::decode_to_slice(digits, bytes.as_mut_slice()).map_err(|_| {
        let message = format!(
            "{}: expected 0x and {} hexadecimal digits in {field}",
            path.display(),
            2 * N
        );
        CliError::input("key_file.malformed", message)
    })?;
    Ok(bytes)
}

fn malformed<F: Form>(path: &Path, why: impl std::fmt::Display) -> CliError {
    let message = format!("{}: expected {}, found something else: {why}", path.display(), F::WHAT);
    CliError::input("key_file.malformed", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_reads_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let holder = HolderKeys::generate(None).unwrap();
        holder.save(&path("h"), Overwrite::Never).unwrap();
        assert_eq!(HolderKeys::load(&path("h")).unwrap().holder(), holder.holder());
        let audience = AudienceKeys::generate().unwrap();
        audience.save(&path("a"), Overwrite::Never).unwrap();
        let read = AudienceKeys::load(&path("a")).unwrap();
        assert_eq!(read.key.did(), audience.key.did());
        assert_eq!(read.account.address(), audience.account.address());
        let account = create_account(&path("c"), Overwrite::Never).unwrap();
        assert_eq!(load_account(&path("c")).unwrap().address(), account.address());
        let made = contributor(&path("s")).unwrap();
        assert_eq!(contributor(&path("s")).unwrap().public_key(), made.public_key());
    }

    #[test]
    fn a_contributors_seed_of_zeros_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("zeros");
        let form = ContributorForm {
            kind: ContributorForm::TYPE.to_owned(),
            version: VERSION,
            public_key: "00".repeat(32),
            signing_seed: Hex([0; 32]).to_string(),
        };
        save(&form, &path, Overwrite::Never).unwrap();
        let refused = contributor(&path).err().unwrap();
        assert_eq!(refused.code, "key_file.malformed");
        assert!(refused.message.contains("zeros"), "{}", refused.message);
    }

    #[test]
    fn rotation_keeps_the_nullifier_key_and_custodians() {
        let own = HolderKeys::generate(None).unwrap();
        let (before, after) = (own.holder(), own.rotated().unwrap().holder());
        assert!(before.nk == after.nk && before.pk != after.pk && after.emergency_pk == after.pk);
        let custodians = SigningKey::from_bytes([7; 32]).public();
        let keys = HolderKeys::generate(Some(custodians)).unwrap();
        assert_eq!(keys.rotated().unwrap().holder().emergency_pk, custodians);
    }

    #[test]
    fn a_recovered_holder_is_the_same() {
        let custodians = SigningKey::from_bytes([7; 32]).public();
        let keys = HolderKeys::generate(Some(custodians)).unwrap();
        let secret = keys.to_secret();
        assert_eq!(secret.len(), SECRET);
        let again = HolderKeys::from_secret(&secret).unwrap();
        assert_eq!(again.holder(), keys.holder());
        assert_eq!(again.signing().public(), keys.signing().public());
        assert!(HolderKeys::from_secret(&secret[1..]).is_none());
        assert!(HolderKeys::from_secret(&secret[..SECRET - 1]).is_none());
        assert!(HolderKeys::from_secret(&[&secret[..], &[0]].concat()).is_none());
    }

    #[test]
    fn a_file_of_another_type_is_refused_without_its_contents() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("h");
        HolderKeys::generate(None)
            .unwrap()
            .save(&path, Overwrite::Never)
            .unwrap();
        let secret = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
        let seed = secret.split("signing_seed\": \"").nth(1).unwrap()[..66].to_owned();
        for error in [AudienceKeys::load(&path).err(), load_account(&path).err()] {
            let error = error.unwrap();
            assert_eq!(error.code, "key_file.malformed");
            assert!(!error.to_string().contains(&seed));
        }
        let broken = secret.replace(&seed, &seed[..60]);
        files::write(&path, broken.as_bytes(), Secrecy::Secret, Overwrite::Force).unwrap();
        let error = HolderKeys::load(&path).err().unwrap();
        assert!(error.message.contains("signing_seed") && !error.message.contains(&seed[..60]));
    }
}
