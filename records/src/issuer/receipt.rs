//! The receipt: with it a holder checks that the issuer committed to *their* keys.

use core::fmt;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::holder::Holder;
use medproof_statement::record::RecordOpening;
use medproof_statement::tree::{ARITY, Path, REGISTRY_DEPTH};
use medproof_statement::{Fr, field};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::json::{self, JsonError};

/// Version of the message.
const VERSION: u64 = 1;

/// A receipt that does not show what it should.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReceiptError {
    /// Not a receipt's JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A place that the registry does not have.
    #[error("expected a place below 2^{} in the registry, found {found}", 3 * REGISTRY_DEPTH)]
    Place {
        /// The place given.
        found: u64,
    },
    /// Siblings of another tree.
    #[error("expected {REGISTRY_DEPTH} levels of {} siblings", ARITY - 1)]
    Shape,
    /// The issuer committed to other keys.
    #[error(
        "the issuer committed to keys other than yours: do not consent to anything; ask the issuer to revoke the record and enrol again"
    )]
    OtherHolder,
    /// The commitment is not under the root.
    #[error(
        "the record of this receipt is not under the registry root of the ledger: ask the issuer for a receipt of the present epoch"
    )]
    OtherRoot,
}

/// An opening of a record commitment without its facts, and its path in the registry.
///
/// Its salt ties the record's leaf to whoever shows it: a receipt is the holder's own.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The issuer's name.
    pub issuer: String,
    /// The epoch whose root the path leads to.
    pub epoch: u64,
    /// H_holder of the keys that the issuer committed to.
    pub holder: Fr,
    /// Hides the facts behind their salts.
    pub facts_root: Fr,
    /// What the chart is complete for.
    pub coverage: Coverage,
    /// How facts are encoded.
    pub schema: u64,
    /// The day on which the chart was read.
    pub issued_on: Day,
    /// record_salt.
    pub salt: Fr,
    /// From the record's leaf to the root.
    pub path: Path<REGISTRY_DEPTH>,
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("issuer", &self.issuer)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptForm {
    version: u64,
    issuer: String,
    epoch: u64,
    holder: String,
    facts_root: String,
    coverage: String,
    schema: u64,
    issued_on: u32,
    record_salt: String,
    leaf: u64,
    siblings: Vec<Vec<String>>,
}

impl Receipt {
    pub(super) fn new(issuer: &str, epoch: u64, opening: &RecordOpening, path: Path<REGISTRY_DEPTH>) -> Receipt {
        Receipt {
            issuer: issuer.to_owned(),
            epoch,
            holder: opening.holder.commit(),
            facts_root: opening.facts_root,
            coverage: opening.coverage,
            schema: opening.schema,
            issued_on: opening.issued_on,
            salt: opening.salt,
            path,
        }
    }

    /// Shows that the tree with `root` holds a record of these keys: recomputes the holder
    /// commitment from them, the record commitment from that, and the path to the root.
    ///
    /// `root` must come from the ledger's entry for this issuer, never from the issuer.
    ///
    /// # Errors
    /// [`ReceiptError::OtherHolder`] or [`ReceiptError::OtherRoot`].
    pub fn verify(&self, holder: &Holder, root: Fr) -> Result<(), ReceiptError> {
        if holder.commit() != self.holder {
            return Err(ReceiptError::OtherHolder);
        }
        let record = RecordOpening {
            facts_root: self.facts_root,
            holder: holder.clone(),
            coverage: self.coverage,
            schema: self.schema,
            issued_on: self.issued_on,
            salt: self.salt,
        };
        if self.path.root(record.commit()) == Some(root) {
            Ok(())
        } else {
            Err(ReceiptError::OtherRoot)
        }
    }

    /// JSON: `version`, `issuer`, `epoch`, `holder`, `facts_root`, `coverage` (16 digits),
    /// `schema`, `issued_on` (days since 1850-01-01), `record_salt`, `leaf`, `siblings`
    /// ([`REGISTRY_DEPTH`] levels of seven, from the leaf); field elements as 64 hexadecimal digits, big-endian.
    ///
    /// # Errors
    /// [`ReceiptError::Json`] where it cannot be written.
    pub fn to_json(&self) -> Result<String, ReceiptError> {
        let element = |x: &Fr| hex::encode(field::to_bytes(x));
        let form = ReceiptForm {
            version: VERSION,
            issuer: self.issuer.clone(),
            epoch: self.epoch,
            holder: element(&self.holder),
            facts_root: element(&self.facts_root),
            coverage: hex::encode(self.coverage.0.to_be_bytes()),
            schema: self.schema,
            issued_on: self.issued_on.0,
            record_salt: element(&self.salt),
            leaf: self.path.index,
            siblings: self
                .path
                .siblings
                .iter()
                .map(|l| l.iter().map(element).collect())
                .collect(),
        };
        Ok(json::write(&form)?)
    }

    /// Reads [`Receipt::to_json`]; refuses another version, unknown fields, trailing bytes,
    /// elements that are not canonical, and paths of another shape.
    ///
    /// # Errors
    /// [`ReceiptError`] names the field.
    pub fn from_json(text: &[u8]) -> Result<Receipt, ReceiptError> {
        let form: ReceiptForm = json::read("a receipt", VERSION, text)?;
        if form.leaf >> (3 * REGISTRY_DEPTH) != 0 {
            return Err(ReceiptError::Place { found: form.leaf });
        }
        let mut siblings = [[Fr::default(); ARITY - 1]; REGISTRY_DEPTH];
        if form.siblings.len() != REGISTRY_DEPTH || form.siblings.iter().any(|l| l.len() != ARITY - 1) {
            return Err(ReceiptError::Shape);
        }
        for (place, text) in siblings.iter_mut().flatten().zip(form.siblings.iter().flatten()) {
            *place = json::element("siblings", text)?;
        }
        Ok(Receipt {
            epoch: form.epoch,
            holder: json::element("holder", &form.holder)?,
            facts_root: json::element("facts_root", &form.facts_root)?,
            coverage: Coverage(u64::from_be_bytes(json::bytes("coverage", &form.coverage)?)),
            schema: form.schema,
            issued_on: Day(form.issued_on),
            salt: json::element("record_salt", &form.record_salt)?,
            path: Path {
                index: form.leaf,
                siblings,
            },
            issuer: form.issuer,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use medproof_statement::eddsa::SigningKey;
    use medproof_statement::holder::NullifierKey;

    fn holder(nk: u8) -> Holder {
        Holder {
            pk: SigningKey::from_bytes([1; 32]).public(),
            emergency_pk: SigningKey::from_bytes([2; 32]).public(),
            nk: NullifierKey::from_bytes(&[nk; 31]),
        }
    }

    fn receipt() -> (Receipt, Fr) {
        let opening = RecordOpening {
            facts_root: Fr::from(1u64),
            holder: holder(3),
            coverage: Coverage(2),
            schema: 1,
            issued_on: Day(4),
            salt: Fr::from(5u64),
        };
        let mut siblings = [[Fr::from(6u64); ARITY - 1]; REGISTRY_DEPTH];
        siblings[REGISTRY_DEPTH - 1][6] = Fr::from(7u64);
        let path = Path { index: 11, siblings };
        let root = path.root(opening.commit()).unwrap();
        (Receipt::new("hospital", 8, &opening, path), root)
    }

    #[test]
    fn it_shows_the_holder_their_own_record_and_nobody_elses() {
        let (receipt, root) = receipt();
        assert_eq!(receipt.verify(&holder(3), root), Ok(()));
        assert_eq!(receipt.verify(&holder(4), root), Err(ReceiptError::OtherHolder));
        assert_eq!(receipt.verify(&holder(3), root + root), Err(ReceiptError::OtherRoot));
        // An issuer that names the holder's commitment and committed to another's.
        let mut lie = receipt;
        lie.holder = holder(4).commit();
        assert_eq!(lie.verify(&holder(4), root), Err(ReceiptError::OtherRoot));
    }

    #[test]
    fn every_field_counts() {
        let (receipt, root) = receipt();
        let edits: [fn(&mut Receipt); 7] = [
            |r| r.facts_root = Fr::from(0u64),
            |r| r.coverage = Coverage(0),
            |r| r.schema = 0,
            |r| r.issued_on = Day(0),
            |r| r.salt = Fr::from(0u64),
            |r| r.path.index += 1 << (3 * REGISTRY_DEPTH),
            |r| r.path.siblings[5][3] = Fr::from(0u64),
        ];
        for edit in edits {
            let mut bad = receipt.clone();
            edit(&mut bad);
            assert_eq!(bad.verify(&holder(3), root), Err(ReceiptError::OtherRoot));
        }
    }

    #[test]
    fn it_reads_back_as_it_was_and_anything_else_is_refused() {
        let (receipt, _) = receipt();
        let text = receipt.to_json().unwrap();
        assert_eq!(Receipt::from_json(text.as_bytes()), Ok(receipt));
        let high = "ff".repeat(32);
        let element = format!("{:064x}", 5);
        for (from, to) in [
            ("\"version\":1", "\"version\":2"),
            ("\"version\":1", "\"version\":1,\"more\":0"),
            ("\"epoch\":8", "\"epoch\":-8"),
            ("\"leaf\":11", "\"leaf\":1073741824"),
            ("\"siblings\":[[", "\"siblings\":[[\"00\","),
            ("\"siblings\":[", "\"siblings\":[[],"),
            ("\"schema\":1,", ""),
            (element.as_str(), high.as_str()),
            (element.as_str(), &element[1..]),
        ] {
            assert!(text.contains(from), "{from}");
            assert!(
                Receipt::from_json(text.replacen(from, to, 1).as_bytes()).is_err(),
                "{to}"
            );
        }
        assert!(Receipt::from_json(format!("{text} x").as_bytes()).is_err());
    }

    #[test]
    fn its_opening_is_not_shown() {
        assert_eq!(
            format!("{:?}", receipt().0),
            "Receipt { issuer: \"hospital\", epoch: 8, .. }"
        );
    }
}
