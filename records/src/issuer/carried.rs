//! A record as it is carried to whoever proves of it, on another machine perhaps.

use super::OpenedRecord;
use crate::registry::Anchor;
use crate::salts::RecordSecret;
use crate::vault::DecodeError;
use crate::vault::codec::{Reader, Writer};
use crate::vault::content::{FACT_BYTES, read_fact, read_holder, write_fact, write_holder};
use core::fmt;
use medproof_lanes::poseidon2::Lanes;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::fact::Fact;
use medproof_statement::holder::Holder;
use medproof_statement::record::{Facts, RecordError, RecordOpening};
use medproof_statement::tree::{ARITY, Path, REGISTRY_DEPTH};
use medproof_statement::{Fr, SCHEMA};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const FORM: u8 = 1;
const PATH_BYTES: usize = 8 + REGISTRY_DEPTH * (ARITY - 1) * 32;

/// Why carried bytes open no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CarriedError {
    /// No writer of this version made them.
    #[error(transparent)]
    Form(#[from] DecodeError),
    /// Their facts are no record's.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// They are not under the root that they name.
    #[error("expected a record under the anchored root, found one of another: open it at the issuer again")]
    Root,
}

/// An enrolled record under the anchored root, without the patient's name. All of it is secret: it is
/// sealed before it is carried, and wiped when dropped.
pub struct CarriedRecord {
    pub(super) version: u64,
    pub(super) secret: RecordSecret,
    pub(super) facts: Vec<Fact>,
    pub(super) coverage: Coverage,
    pub(super) issued_on: Day,
    pub(super) holder: Holder,
    pub(super) path: Path<REGISTRY_DEPTH>,
    pub(super) anchor: Anchor,
}

impl Drop for CarriedRecord {
    fn drop(&mut self) {
        self.facts.zeroize();
        self.coverage.zeroize();
        self.issued_on.zeroize();
        self.path.zeroize();
    }
}

impl ZeroizeOnDrop for CarriedRecord {}

impl fmt::Debug for CarriedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CarriedRecord(epoch {}, …)", self.anchor.epoch)
    }
}

impl CarriedRecord {
    /// Whose record it is.
    pub const fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The anchored root that it is under.
    pub const fn root(&self) -> Fr {
        self.anchor.root
    }

    /// Links and hashes the facts, which is most of what opening a record takes.
    ///
    /// # Errors
    /// [`CarriedError::Root`] where what comes of it is not under the anchored root.
    pub fn open(&self) -> Result<OpenedRecord, CarriedError> {
        let salts = self.secret.leaf_salts(self.version, self.facts.len());
        let facts = Facts::new_by(&self.facts, &salts, &Lanes)?;
        let opening = RecordOpening {
            facts_root: facts.root(),
            holder: self.holder.clone(),
            coverage: self.coverage,
            schema: SCHEMA,
            issued_on: self.issued_on,
            salt: self.secret.record_salt(self.version),
        };
        if self.path.root(opening.commit()) != Some(self.anchor.root) {
            return Err(CarriedError::Root);
        }
        Ok(OpenedRecord {
            facts,
            opening,
            path: self.path.clone(),
            anchor: self.anchor,
        })
    }

    /// Its bytes, to be sealed.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut w = Writer::with_capacity(256 + PATH_BYTES + self.facts.len() * FACT_BYTES);
        w.u8(FORM);
        w.u64(self.version);
        w.raw(self.secret.expose());
        w.u64(self.coverage.0);
        w.u32(self.issued_on.0);
        write_holder(&mut w, &self.holder);
        w.fr(&self.anchor.root);
        w.u64(self.anchor.epoch);
        w.u64(self.anchor.size);
        w.u64(self.path.index);
        self.path.siblings.as_flattened().iter().for_each(|node| w.fr(node));
        w.list(self.facts.iter(), write_fact);
        w.finish()
    }

    /// From its bytes.
    ///
    /// # Errors
    /// [`CarriedError::Form`] for what [`CarriedRecord::to_bytes`] would not have written.
    pub fn from_bytes(bytes: &[u8]) -> Result<CarriedRecord, CarriedError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != FORM {
            return Err(DecodeError("form 1 of a carried record").into());
        }
        let record = CarriedRecord {
            version: r.u64()?,
            secret: RecordSecret::from_bytes(r.array()?),
            coverage: Coverage(r.u64()?),
            issued_on: Day(r.u32()?),
            holder: read_holder(&mut r)?,
            anchor: Anchor {
                root: r.fr()?,
                epoch: r.u64()?,
                size: r.u64()?,
            },
            path: read_path(&mut r)?,
            facts: r.list(FACT_BYTES, read_fact)?,
        };
        r.end()?;
        Ok(record)
    }
}

fn read_path(r: &mut Reader<'_>) -> Result<Path<REGISTRY_DEPTH>, DecodeError> {
    let mut path = Path {
        index: r.u64()?,
        siblings: [[Fr::default(); ARITY - 1]; REGISTRY_DEPTH],
    };
    for node in path.siblings.as_flattened_mut() {
        *node = r.fr()?;
    }
    Ok(path)
}
