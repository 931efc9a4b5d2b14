//! The trust bundle: the ledger at one block in a signed file with an expiry, for verifiers that
//! have no connection or want none.

use crate::ledger::{Block, Issuer, KeyStatus, LedgerView, RootEntry, Snapshot, Unavailable};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use medproof_messages::did::{AudienceKey, Did, DidError};
use medproof_messages::encoding::{FieldHex, Hex};
use medproof_messages::json::{self, JsonError, Wire};
use medproof_messages::key::{KeyError, KeyId, PinnedKey, PinnedKeyWire};
use medproof_messages::request::LedgerWire;
use medproof_messages::terms::{Ledger, TermError};
use medproof_statement::Fr;
use medproof_statement::request::{Time, TimeError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a bundle's signature is a signature of.
const SIGNED: &str = "medproof/v1/trust-bundle";

/// The longest life of a bundle, in seconds: 31 days.
pub const MAX_LIFETIME: u64 = 31 * 86_400;

/// Why something is not a trust bundle.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BundleError {
    /// The JSON is not a bundle's.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The signature or its maker is none.
    #[error(transparent)]
    Did(#[from] DidError),
    /// A key in it is none.
    #[error("a key in the trust bundle: {0}")]
    Key(#[from] KeyError),
    /// The ledger is none.
    #[error(transparent)]
    Term(#[from] TermError),
    /// A time in it is none.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// Signed by another than the one who is trusted.
    #[error("expected a trust bundle signed by {expected}, found one by {found}: get it from whom you trust")]
    Signer {
        /// Who is trusted.
        expected: Did,
        /// Who signed.
        found: Did,
    },
    /// It expires before it is made, or far too late.
    #[error("expected an expiry after {issued_at} and at most {MAX_LIFETIME} seconds later, found {expires_at}")]
    Lifetime {
        /// Seconds since 1970.
        issued_at: u64,
        /// Seconds since 1970.
        expires_at: u64,
    },
    /// A list is not in order, or has an entry twice.
    #[error("expected `{list}` in strictly increasing order: write the bundle with this software")]
    Order {
        /// Which list.
        list: &'static str,
    },
    /// An integer that not every JSON reader keeps.
    #[error("expected `{field}` below 2^53, found {found}")]
    Integer {
        /// Which field.
        field: &'static str,
        /// Its value.
        found: u64,
    },
    /// A key's status and the time that belongs to it.
    #[error("key {key}: expected active, revoked, or retiring with `retiring_since`")]
    Status {
        /// The key.
        key: KeyId,
    },
}

impl BundleError {
    /// Its name in every interface: stable, lower case.
    pub const fn code(&self) -> &'static str {
        match self {
            BundleError::Json(error) => error.code(),
            BundleError::Did(error) => error.code(),
            BundleError::Key(error) => error.code(),
            BundleError::Term(_) | BundleError::Time(_) | BundleError::Integer { .. } => "bundle.value",
            BundleError::Signer { .. } => "bundle.signer",
            BundleError::Lifetime { .. } => "bundle.lifetime",
            BundleError::Order { .. } => "bundle.order",
            BundleError::Status { .. } => "bundle.status",
        }
    }
}

/// What a bundle says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleBody {
    /// Of which ledger.
    pub ledger: Ledger,
    /// As of which block.
    pub block: Block,
    /// Whether that block was final when the bundle was made.
    pub finalised: bool,
    /// Whether governance had paused the registry.
    pub paused: bool,
    /// When it was made.
    pub issued_at: Time,
    /// Until when it may be used. What changes on the ledger meanwhile, it does not know.
    pub expires_at: Time,
    /// The keys that may be used, with their life; unknown ones are not listed.
    pub keys: Vec<(PinnedKey, KeyStatus)>,
    /// The roots that were current or not long superseded.
    pub roots: Vec<(Fr, RootEntry)>,
    /// Handles of revoked consents.
    pub revoked: Vec<Fr>,
}

impl BundleBody {
    /// Puts it in order and signs it: the bundle's canonical JSON.
    ///
    /// # Errors
    /// [`BundleError`] where nobody could read it back.
    pub fn sign(mut self, key: &AudienceKey) -> Result<Vec<u8>, BundleError> {
        self.keys.sort_by_key(|(key, _)| key.id());
        self.roots.sort_by_key(|(root, entry)| (*root, entry.issuer));
        self.revoked.sort();
        self.revoked.dedup();
        self.check()?;
        let signer = key.did();
        let signature = key.sign(SIGNED, &json::write(&self.to_wire(&signer, None)?));
        Ok(json::write(&self.to_wire(&signer, Some(signature))?))
    }

    fn check(&self) -> Result<(), BundleError> {
        let (issued_at, expires_at) = (self.issued_at.seconds(), self.expires_at.seconds());
        if expires_at <= issued_at || expires_at - issued_at > MAX_LIFETIME {
            return Err(BundleError::Lifetime { issued_at, expires_at });
        }
        let numbers = self
            .roots
            .iter()
            .flat_map(|(_, entry)| [("epoch", entry.epoch), ("size", entry.size)]);
        if let Some((field, found)) = numbers
            .chain([("number", self.block.number)])
            .find(|(_, n)| n >> 53 != 0)
        {
            return Err(BundleError::Integer { field, found });
        }
        let order = |list, increasing| {
            if increasing {
                Ok(())
            } else {
                Err(BundleError::Order { list })
            }
        };
        order("keys", self.keys.is_sorted_by(|(a, _), (b, _)| a.id() < b.id()))?;
        order(
            "roots",
            self.roots.is_sorted_by(|(a, x), (b, y)| (a, x.issuer) < (b, y.issuer)),
        )?;
        order("revoked", self.revoked.is_sorted_by(|a, b| a < b))
    }

    fn to_wire(&self, signer: &Did, signature: Option<[u8; 64]>) -> Result<BundleWire, BundleError> {
        Ok(BundleWire {
            block: BlockWire {
                finalised: self.finalised,
                hash: Hex(self.block.hash),
                number: self.block.number,
                time: self.block.time.seconds(),
            },
            expires_at: self.expires_at.seconds(),
            issued_at: self.issued_at.seconds(),
            keys: self
                .keys
                .iter()
                .map(|(key, status)| KeyWire::of(key, *status))
                .collect::<Result<_, _>>()?,
            ledger: LedgerWire::of(&self.ledger),
            paused: self.paused,
            revoked: self.revoked.iter().copied().map(FieldHex).collect(),
            roots: self
                .roots
                .iter()
                .map(|(root, entry)| RootWire::of(*root, entry))
                .collect(),
            signature: signature.map(Hex),
            signer: signer.to_string(),
            kind: String::from(BundleWire::TYPE),
            version: json::VERSION,
        })
    }

    fn from_wire(wire: &BundleWire) -> Result<BundleBody, BundleError> {
        let body = BundleBody {
            ledger: wire.ledger.read()?,
            block: Block {
                number: wire.block.number,
                hash: wire.block.hash.0,
                time: Time::new(wire.block.time)?,
            },
            finalised: wire.block.finalised,
            paused: wire.paused,
            issued_at: Time::new(wire.issued_at)?,
            expires_at: Time::new(wire.expires_at)?,
            keys: wire.keys.iter().map(KeyWire::read).collect::<Result<_, _>>()?,
            roots: wire.roots.iter().map(RootWire::read).collect::<Result<_, _>>()?,
            revoked: wire.revoked.iter().map(|handle| handle.0).collect(),
        };
        body.check()?;
        Ok(body)
    }
}

/// A bundle whose signature was checked. Its expiry is checked whenever it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustBundle {
    body: BundleBody,
    signer: Did,
}

impl TrustBundle {
    /// Reads the canonical JSON that the trusted signer made.
    ///
    /// # Errors
    /// [`BundleError`] names the first rule that it breaks.
    pub fn open(bytes: &[u8], signer: &Did) -> Result<TrustBundle, BundleError> {
        let mut wire: BundleWire = json::read(bytes)?;
        let found = Did::parse(&wire.signer)?;
        if found != *signer {
            return Err(BundleError::Signer {
                expected: *signer,
                found,
            });
        }
        let Some(Hex(signature)) = wire.signature.take() else {
            let rule = String::from("missing field `signature`");
            return Err(JsonError::Form {
                kind: BundleWire::TYPE,
                rule,
            }
            .into());
        };
        signer.verify(SIGNED, &json::write(&wire), &signature)?;
        Ok(TrustBundle {
            body: BundleBody::from_wire(&wire)?,
            signer: found,
        })
    }

    /// What it says.
    pub const fn body(&self) -> &BundleBody {
        &self.body
    }

    /// Who signed it.
    pub const fn signer(&self) -> &Did {
        &self.signer
    }

    /// A key in it.
    pub fn key(&self, id: &KeyId) -> Option<&PinnedKey> {
        self.find(id).map(|(key, _)| key)
    }

    fn find(&self, id: &KeyId) -> Option<&(PinnedKey, KeyStatus)> {
        let at = self.body.keys.binary_search_by_key(id, |(key, _)| key.id()).ok()?;
        self.body.keys.get(at)
    }
}

impl LedgerView for TrustBundle {
    fn snapshot(&self) -> Result<Snapshot, Unavailable> {
        Ok(Snapshot {
            ledger: self.body.ledger,
            block: self.body.block,
            finalised: self.body.finalised,
            paused: self.body.paused,
            valid_until: Some(self.body.expires_at),
        })
    }

    fn roots(&self, root: Fr) -> Result<Vec<RootEntry>, Unavailable> {
        let from = self.body.roots.partition_point(|(other, _)| *other < root);
        let entries = self
            .body
            .roots
            .iter()
            .skip(from)
            .take_while(|(other, _)| *other == root);
        Ok(entries.map(|(_, entry)| *entry).collect())
    }

    fn is_revoked(&self, consent_handle: Fr) -> Result<bool, Unavailable> {
        Ok(self.body.revoked.binary_search(&consent_handle).is_ok())
    }

    fn key_status(&self, key: &KeyId) -> Result<KeyStatus, Unavailable> {
        Ok(self.find(key).map_or(KeyStatus::Unknown, |(_, status)| *status))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BundleWire {
    block: BlockWire,
    expires_at: u64,
    issued_at: u64,
    keys: Vec<KeyWire>,
    ledger: LedgerWire,
    paused: bool,
    revoked: Vec<FieldHex>,
    roots: Vec<RootWire>,
    // Absent from the bytes that are signed, and from nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<Hex<64>>,
    signer: String,
    #[serde(rename = "type")]
    kind: String,
    version: u64,
}

impl Wire for BundleWire {
    const TYPE: &'static str = "medproof/trust-bundle";
    // A million revoked handles.
    const MAX_BYTES: usize = 72 << 20;
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockWire {
    finalised: bool,
    hash: Hex<32>,
    number: u64,
    time: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyWire {
    key: PinnedKeyWire,
    retiring_since: Option<u64>,
    status: String,
}

impl KeyWire {
    fn of(key: &PinnedKey, status: KeyStatus) -> Result<KeyWire, BundleError> {
        let (name, since) = match status {
            KeyStatus::Active => ("active", None),
            KeyStatus::Retiring { since } => ("retiring", Some(since.seconds())),
            KeyStatus::Revoked => ("revoked", None),
            KeyStatus::Unknown => return Err(BundleError::Status { key: key.id() }),
        };
        Ok(KeyWire {
            key: key.to_wire(),
            retiring_since: since,
            status: String::from(name),
        })
    }

    fn read(&self) -> Result<(PinnedKey, KeyStatus), BundleError> {
        let key = PinnedKey::from_wire(self.key.clone())?;
        let status = match (self.status.as_str(), self.retiring_since) {
            ("active", None) => KeyStatus::Active,
            ("retiring", Some(since)) => KeyStatus::Retiring {
                since: Time::new(since)?,
            },
            ("revoked", None) => KeyStatus::Revoked,
            _ => return Err(BundleError::Status { key: key.id() }),
        };
        Ok((key, status))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RootWire {
    epoch: u64,
    issuer: Hex<20>,
    last_publication_at: u64,
    published_at: u64,
    root: FieldHex,
    size: u64,
    superseded_at: Option<u64>,
    suspended: bool,
}

impl RootWire {
    fn of(root: Fr, entry: &RootEntry) -> RootWire {
        RootWire {
            epoch: entry.epoch,
            issuer: Hex(entry.issuer.0),
            last_publication_at: entry.last_publication_at.seconds(),
            published_at: entry.published_at.seconds(),
            root: FieldHex(root),
            size: entry.size,
            superseded_at: entry.superseded_at.map(Time::seconds),
            suspended: entry.suspended,
        }
    }

    fn read(&self) -> Result<(Fr, RootEntry), BundleError> {
        let entry = RootEntry {
            issuer: Issuer(self.issuer.0),
            suspended: self.suspended,
            epoch: self.epoch,
            size: self.size,
            published_at: Time::new(self.published_at)?,
            superseded_at: self.superseded_at.map(Time::new).transpose()?,
            last_publication_at: Time::new(self.last_publication_at)?,
        };
        Ok((self.root.0, entry))
    }
}
