//! What one sealed record file holds: a patient's chart as facts, and what commits to it.

use core::fmt;
use medproof_lanes::poseidon2::Lanes;
use medproof_statement::SCHEMA;
use medproof_statement::concept::Concept;
use medproof_statement::coverage::Coverage;
use medproof_statement::day::Day;
use medproof_statement::eddsa::PublicKey;
use medproof_statement::fact::{Fact, Seq};
use medproof_statement::holder::{Holder, NullifierKey};
use medproof_statement::record::{Facts, RecordError, RecordOpening};
use medproof_statement::value::Value;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::codec::{DecodeError, Reader, Writer};
use super::index::PatientId;
use crate::salts::RecordSecret;

const FORM: u8 = 1;
pub(crate) const FACT_BYTES: usize = 36;

/// One version of a patient's record. Wiped when dropped, never shown.
#[derive(Clone)]
pub struct RecordContent {
    /// Whose it is.
    pub patient: PatientId,
    /// Counts from 1; every change of the record makes another, with other salts.
    pub version: u64,
    /// Its place in the registry, once enrolled.
    pub leaf: Option<u64>,
    /// Where its salts come from.
    pub secret: RecordSecret,
    /// In increasing order of their keys.
    pub facts: Vec<Fact>,
    /// What the chart is complete for.
    pub coverage: Coverage,
    /// The day on which the chart was read.
    pub issued_on: Day,
    /// The holder, once enrolled.
    pub holder: Option<Holder>,
}

impl Drop for RecordContent {
    fn drop(&mut self) {
        self.facts.zeroize();
        self.coverage.zeroize();
        self.issued_on.zeroize();
        self.leaf.zeroize();
    }
}

impl ZeroizeOnDrop for RecordContent {}

impl fmt::Debug for RecordContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordContent(version {}, …)", self.version)
    }
}

impl RecordContent {
    /// The facts under this version's salts, linked and hashed.
    ///
    /// # Errors
    /// Where the facts are not a record's.
    pub fn commit_facts(&self) -> Result<Facts, RecordError> {
        let salts = self.secret.leaf_salts(self.version, self.facts.len());
        Facts::new_by(&self.facts, &salts, &Lanes)
    }

    /// The record commitment's opening over [`RecordContent::commit_facts`], for a holder.
    pub fn opening(&self, facts: &Facts, holder: Holder) -> RecordOpening {
        RecordOpening {
            facts_root: facts.root(),
            holder,
            coverage: self.coverage,
            schema: SCHEMA,
            issued_on: self.issued_on,
            salt: self.secret.record_salt(self.version),
        }
    }

    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut w = Writer::with_capacity(512 + self.facts.len() * FACT_BYTES);
        w.u8(FORM);
        w.blob(self.patient.as_str().as_bytes());
        w.u64(self.version);
        w.option(self.leaf, Writer::u64);
        w.raw(self.secret.expose());
        w.u64(self.coverage.0);
        w.u32(self.issued_on.0);
        w.option(self.holder.as_ref(), write_holder);
        w.list(self.facts.iter(), write_fact);
        w.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<RecordContent, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != FORM {
            return Err(DecodeError("form 1 of a record"));
        }
        let content = RecordContent {
            patient: PatientId::parse(r.text()?).map_err(|_| DecodeError("a patient id"))?,
            version: r.u64()?,
            leaf: r.option(Reader::u64)?,
            secret: RecordSecret::from_bytes(r.array()?),
            coverage: Coverage(r.u64()?),
            issued_on: Day(r.u32()?),
            holder: r.option(read_holder)?,
            facts: r.list(FACT_BYTES, read_fact)?,
        };
        r.end()?;
        Ok(content)
    }
}

pub(crate) fn write_holder(w: &mut Writer, holder: &Holder) {
    w.raw(&holder.pk.to_bytes());
    w.raw(&holder.emergency_pk.to_bytes());
    w.raw(&*holder.nk.to_bytes());
}

pub(crate) fn read_holder(r: &mut Reader<'_>) -> Result<Holder, DecodeError> {
    let key = |r: &mut Reader<'_>| PublicKey::from_bytes(r.take(32)?).map_err(|_| DecodeError("a public key"));
    Ok(Holder {
        pk: key(r)?,
        emergency_pk: key(r)?,
        nk: NullifierKey::from_bytes(&Zeroizing::new(r.array()?)),
    })
}

pub(crate) fn write_fact(w: &mut Writer, fact: &Fact) {
    w.u80(fact.concept.bits());
    w.u32(fact.date.0);
    w.u16(fact.seq.event);
    w.u8(fact.seq.sub);
    w.u8(u8::from(fact.contested) << 1 | u8::from(fact.uncertain));
    w.u80(fact.value.bits());
    w.u32(fact.until.0);
    w.u32(fact.since.0);
}

pub(crate) fn read_fact(r: &mut Reader<'_>) -> Result<Fact, DecodeError> {
    let concept = Concept::from_bits(r.u80()?).ok_or(DecodeError("a concept"))?;
    let date = Day(r.u32()?);
    let seq = Seq {
        event: r.u16()?,
        sub: r.u8()?,
    };
    let flags = r.u8()?;
    if flags > 3 {
        return Err(DecodeError("two flags"));
    }
    Ok(Fact {
        concept,
        date,
        seq,
        contested: flags & 2 != 0,
        uncertain: flags & 1 != 0,
        value: Value::from_bits(r.u80()?).ok_or(DecodeError("a value"))?,
        until: Day(r.u32()?),
        since: Day(r.u32()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use medproof_statement::eddsa::SigningKey;

    fn content() -> RecordContent {
        let fact = Fact {
            concept: Concept::from_bits((1 << 79) + 3).unwrap(),
            date: Day(10),
            seq: Seq { event: 4, sub: 2 },
            contested: true,
            uncertain: false,
            value: Value::quantity(-5, true).unwrap(),
            until: Day::OPEN,
            since: Day(9),
        };
        let later = Fact {
            date: Day(11),
            contested: false,
            uncertain: true,
            value: Value::UNKNOWN,
            ..fact
        };
        RecordContent {
            patient: PatientId::parse("p-1").unwrap(),
            version: 3,
            leaf: Some(9),
            secret: RecordSecret::from_bytes([4; 32]),
            facts: vec![fact, later],
            coverage: Coverage(77),
            issued_on: Day(20),
            holder: Some(Holder {
                pk: SigningKey::from_bytes([1; 32]).public(),
                emergency_pk: SigningKey::from_bytes([2; 32]).public(),
                nk: NullifierKey::from_bytes(&[3; 31]),
            }),
        }
    }

    #[test]
    fn it_reads_back_as_it_was() {
        let content = content();
        let read = RecordContent::decode(&content.encode()).unwrap();
        assert_eq!(read.encode(), content.encode());
        assert_eq!(read.facts, content.facts);
        assert_eq!(read.holder, content.holder);
        assert_eq!((read.version, read.leaf), (3, Some(9)));
        assert_eq!(read.patient, content.patient);
        assert_eq!((read.coverage, read.issued_on), (content.coverage, content.issued_on));
        assert_eq!(read.secret.expose(), content.secret.expose());
    }

    #[test]
    fn cut_or_longer_bytes_are_refused() {
        let bytes = content().encode();
        for at in 0..bytes.len() {
            assert!(RecordContent::decode(&bytes[..at]).is_err());
        }
        assert!(RecordContent::decode(&[&bytes[..], &[0]].concat()).is_err());
        let mut another_form = bytes.to_vec();
        another_form[0] = 2;
        assert!(RecordContent::decode(&another_form).is_err());
        // The last fact's flags: two bits.
        let mut stray = bytes.to_vec();
        stray[bytes.len() - 19] = 4;
        assert!(RecordContent::decode(&stray).is_err());
    }

    #[test]
    fn a_version_shares_no_salt_with_the_next() {
        let (one, mut two) = (content(), content());
        two.version += 1;
        let (a, b) = (one.commit_facts().unwrap(), two.commit_facts().unwrap());
        assert_ne!(a.root(), b.root());
        let holder = || one.holder.clone().unwrap();
        assert_ne!(one.opening(&a, holder()).salt, two.opening(&a, holder()).salt);
    }

    #[test]
    fn nothing_of_it_is_shown() {
        assert_eq!(format!("{:?}", content()), "RecordContent(version 3, …)");
    }
}
