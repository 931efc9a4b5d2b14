//! A custodian: a share of the emergency key in a directory of the custodian's own.
//!
//! ```text
//! share        sealed with the custodian's passphrase: key share, group, and what seals nonces
//! nonces-ID    nonces that were given out as a commitment and have not signed: XChaCha20-Poly1305
//! spent-ID     those nonces signed, or were about to: made before a share is computed, and kept
//! ```
//!
//! Two signatures with the same nonces give a custodian's share to whoever has both. So `spent-ID` is
//! made first, by one process alone whatever happens; then the nonces are read and destroyed; then the
//! share is computed. What a crash interrupts is lost, and never signs. A copy of `nonces-ID` that is
//! put back signs nothing either, as long as `spent-ID` is there: **only `share` belongs in a backup.**

use crate::group::{self, Group};
use crate::sealed::{self, Cost, Passphrase};
use crate::signing::{Commitment, SignatureShare, Signing};
use crate::suite::BabyJubjub;
use crate::{CustodyError, random, secret_json};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use frost_core::keys::{KeyPackage, PublicKeyPackage};
use frost_core::round1::{Nonce, SigningCommitments, SigningNonces};
use frost_core::{round1, round2};
use medproof_messages::encoding::Hex;
use medproof_messages::json::{self, Wire};
use medproof_statement::eddsa::PublicKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use zeroize::{Zeroize, Zeroizing};

const SHARE: &str = "share";
const CONTENTS: &str = "custodian's key share";
const NONCE: usize = 24;

/// A share of an emergency key, before it has a place.
pub struct KeyShare {
    key: KeyPackage<BabyJubjub>,
    group: Group,
}

impl KeyShare {
    pub(crate) fn new(key: KeyPackage<BabyJubjub>, group: Group) -> KeyShare {
        KeyShare { key, group }
    }

    /// The group that it is of.
    #[must_use]
    pub const fn group(&self) -> &Group {
        &self.group
    }
}

/// An open directory of a custodian.
pub struct Custodian {
    directory: PathBuf,
    index: u16,
    key: KeyPackage<BabyJubjub>,
    group: Group,
    nonce_key: Zeroizing<[u8; 32]>,
}

impl Custodian {
    /// Puts a share into a directory that has none.
    ///
    /// # Errors
    /// Where it has one, or cannot be written.
    pub fn create(
        directory: &Path,
        share: KeyShare,
        passphrase: &Passphrase,
        cost: Cost,
    ) -> Result<Custodian, CustodyError> {
        make_directory(directory)?;
        let custodian = Custodian {
            directory: directory.to_owned(),
            index: index_of(&share.key, &share.group)?,
            key: share.key,
            group: share.group,
            nonce_key: random::bytes()?,
        };
        let sealed = custodian.sealed(passphrase, cost)?;
        write_new(&directory.join(SHARE), &sealed)?;
        Ok(custodian)
    }

    /// Opens a custodian's directory.
    ///
    /// # Errors
    /// Where there is none, or the passphrase is another.
    pub fn open(directory: &Path, passphrase: &Passphrase) -> Result<Custodian, CustodyError> {
        let path = directory.join(SHARE);
        let file = fs::read(&path).map_err(|e| disk("reading", &path, &e))?;
        let secret = sealed::open(CONTENTS, &file, passphrase)?;
        let form: Form = secret_json::read(&secret)?;
        let group = Group::new(form.group.clone())?;
        Ok(Custodian {
            directory: directory.to_owned(),
            index: index_of(&form.key, &group)?,
            key: form.key.clone(),
            group,
            nonce_key: Zeroizing::new(form.nonce_key.0),
        })
    }

    /// Seals the share with another passphrase.
    ///
    /// # Errors
    /// Where it cannot be written; the old file is there then.
    pub fn reseal(&self, passphrase: &Passphrase, cost: Cost) -> Result<(), CustodyError> {
        let sealed = self.sealed(passphrase, cost)?;
        let path = self.directory.join(SHARE);
        let temporary = self.directory.join("share.new");
        remove(&temporary)?;
        write_new(&temporary, &sealed)?;
        fs::rename(&temporary, &path).map_err(|e| disk("replacing", &path, &e))?;
        sync(&self.directory)
    }

    fn sealed(&self, passphrase: &Passphrase, cost: Cost) -> Result<Vec<u8>, CustodyError> {
        let mut form = Form {
            group: self.group.package.clone(),
            key: self.key.clone(),
            nonce_key: Hex(*self.nonce_key),
            kind: Form::TYPE.to_owned(),
            version: json::VERSION,
        };
        let secret = secret_json::write(&form);
        form.nonce_key.0.zeroize();
        Ok(sealed::seal(CONTENTS, &secret, passphrase, cost)?)
    }

    /// Which custodian of the group this is, from 1.
    #[must_use]
    pub const fn index(&self) -> u16 {
        self.index
    }

    /// The group.
    #[must_use]
    pub const fn group(&self) -> &Group {
        &self.group
    }

    /// The group's key: what holders enrol.
    #[must_use]
    pub const fn key(&self) -> PublicKey {
        self.group.key()
    }

    /// Round one: nonces, kept here, and the commitment to them, for one signing.
    ///
    /// # Errors
    /// Where they cannot be kept.
    pub fn commit(&self) -> Result<Commitment, CustodyError> {
        let (nonces, commitments) = round1::commit(self.key.signing_share(), &mut random::generator()?);
        let id = id_of(&commitments)?;
        write_new(&self.nonces(&id), &self.seal_nonces(&id, &nonces)?)?;
        Ok(Commitment {
            key: self.key(),
            index: self.index,
            commitments,
        })
    }

    /// Round two: this custodian's share of the signature, once for each commitment. Whoever calls has
    /// shown the custodian what is signed, and that the request is open.
    ///
    /// # Errors
    /// [`CustodyError::Purpose`] for anything but emergency treatment, [`CustodyError::Spent`] for
    /// nonces that were used; nothing is used up by what is refused before.
    pub fn sign(&self, signing: &Signing) -> Result<SignatureShare, CustodyError> {
        signing.verify(&self.group)?;
        let package = signing.package()?;
        let asked = package
            .signing_commitment(self.key.identifier())
            .ok_or(CustodyError::NotAsked { index: self.index })?;
        let nonces = self.consume(&id_of(&asked)?, &asked)?;
        let share = round2::sign(&package, &nonces, &self.key)?;
        Ok(SignatureShare {
            key: self.key(),
            index: self.index,
            signing: signing.digest(),
            share,
        })
    }

    fn consume(
        &self,
        id: &str,
        asked: &SigningCommitments<BabyJubjub>,
    ) -> Result<SigningNonces<BabyJubjub>, CustodyError> {
        let (unknown, spent) = (
            CustodyError::UnknownNonces { index: self.index },
            CustodyError::Spent { index: self.index },
        );
        let marker = self.directory.join(format!("spent-{id}"));
        let path = self.nonces(id);
        if marker.exists() {
            return Err(spent);
        }
        let nonces = match fs::read(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(unknown),
            read => read.map_err(|e| disk("reading", &path, &e))?,
        };
        let nonces = self.open_nonces(id, &nonces).ok_or(unknown)?;
        if nonces.commitments() != asked {
            return Err(CustodyError::UnknownNonces { index: self.index });
        }
        // From here on they are used, whatever happens.
        match write_new(&marker, b"") {
            Err(CustodyError::Stage { .. }) => return Err(spent),
            made => made?,
        }
        destroy(&path)?;
        Ok(nonces)
    }

    fn nonces(&self, id: &str) -> PathBuf {
        self.directory.join(format!("nonces-{id}"))
    }

    fn seal_nonces(&self, id: &str, nonces: &SigningNonces<BabyJubjub>) -> Result<Vec<u8>, CustodyError> {
        let nonce = *random::bytes::<NONCE>()?;
        let (hiding, binding) = (
            Zeroizing::new(nonces.hiding().serialize()),
            Zeroizing::new(nonces.binding().serialize()),
        );
        // Room for the tag as well: the buffer never moves.
        let mut inside = Zeroizing::new(Vec::with_capacity(64 + 16));
        inside.extend_from_slice(&hiding);
        inside.extend_from_slice(&binding);
        // Of 64 bytes: no way to fail.
        self.cipher()
            .encrypt_in_place(&XNonce::from(nonce), id.as_bytes(), &mut *inside)
            .map_err(|_| frost_core::Error::SerializationError)?;
        Ok([nonce.as_slice(), &inside].concat())
    }

    fn open_nonces(&self, id: &str, file: &[u8]) -> Option<SigningNonces<BabyJubjub>> {
        let (nonce, rest) = file.split_first_chunk::<NONCE>()?;
        let mut inside = Zeroizing::new(rest.to_vec());
        self.cipher()
            .decrypt_in_place(&XNonce::from(*nonce), id.as_bytes(), &mut *inside)
            .ok()?;
        let (hiding, binding) = inside.split_at_checked(32)?;
        let read = |bytes| Nonce::<BabyJubjub>::deserialize(bytes).ok();
        Some(SigningNonces::from_nonces(read(hiding)?, read(binding)?))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let mut key = Key::from(*self.nonce_key);
        let cipher = XChaCha20Poly1305::new(&key);
        key.as_mut_slice().zeroize();
        cipher
    }
}

impl fmt::Debug for Custodian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Custodian({} of {:?})", self.index, self.group.key())
    }
}

// Which custodian a share is, if it is one of the group's: its commitment is what the group has of it.
fn index_of(key: &KeyPackage<BabyJubjub>, group: &Group) -> Result<u16, CustodyError> {
    for index in 1..=group.custodians() {
        let id = group::identifier(index)?;
        if id == *key.identifier() {
            let same = group.package.verifying_shares().get(&id) == Some(key.verifying_share())
                && group.package.verifying_key() == key.verifying_key()
                && group.threshold() == *key.min_signers();
            return same.then_some(index).ok_or(CustodyError::OtherGroup { index });
        }
    }
    Err(frost_core::Error::UnknownIdentifier.into())
}

fn id_of(commitments: &SigningCommitments<BabyJubjub>) -> Result<String, CustodyError> {
    let mut sha = Sha256::new_with_prefix(b"medproof/v1/nonces");
    sha.update(commitments.hiding().serialize()?);
    sha.update(commitments.binding().serialize()?);
    Ok(hex::encode(sha.finalize().get(..16).unwrap_or_default()))
}

pub(crate) fn disk(doing: &'static str, path: &Path, error: &io::Error) -> CustodyError {
    CustodyError::Disk {
        doing,
        file: path.display().to_string(),
        reason: error.to_string(),
    }
}

pub(crate) fn make_directory(path: &Path) -> Result<(), CustodyError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|e| disk("making", path, &e))
}

/// Writes a file that must not be there, for its owner only: durable when it returns.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), CustodyError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = match options.open(path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            let what = "the custodian's directory has this already: give another directory";
            return Err(CustodyError::Stage { what });
        }
        opened => opened.map_err(|e| disk("writing", path, &e))?,
    };
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|e| disk("writing", path, &e))?;
    path.parent().map_or(Ok(()), sync)
}

pub(crate) fn remove(path: &Path) -> Result<(), CustodyError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(disk("removing", path, &e)),
        _ => Ok(()),
    }
}

/// Overwrites a file and removes it. What a device keeps of overwritten blocks is beyond this: the
/// nonces in them are sealed under the share's own key.
fn destroy(path: &Path) -> Result<(), CustodyError> {
    let overwrite = || {
        let mut file = OpenOptions::new().write(true).open(path)?;
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        file.write_all(&vec![0; length.min(1 << 12)])?;
        file.sync_all()
    };
    overwrite().map_err(|e| disk("destroying", path, &e))?;
    remove(path)?;
    path.parent().map_or(Ok(()), sync)
}

// Only Unix lets a directory be opened; elsewhere a name is as durable as it gets.
fn sync(directory: &Path) -> Result<(), CustodyError> {
    if !cfg!(unix) {
        return Ok(());
    }
    let directory = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|e| disk("saving", directory, &e))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    group: PublicKeyPackage<BabyJubjub>,
    key: KeyPackage<BabyJubjub>,
    nonce_key: Hex<32>,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Drop for Form {
    fn drop(&mut self) {
        self.nonce_key.0.zeroize();
    }
}

impl Wire for Form {
    const TYPE: &'static str = "medproof/custody-share";
    const MAX_BYTES: usize = 1 << 14;
}
