//! The vault's own binary form: fixed widths, big-endian, lengths before what varies. A reader
//! refuses what a writer would not have written.

use medproof_statement::{Fr, field};
use thiserror::Error;
use zeroize::Zeroizing;

/// Bytes that no writer of this version made. They were authentic, so another version did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected {0}, found something else: the file was written by another version")]
pub struct DecodeError(pub &'static str);

/// Appends to a buffer that is wiped when dropped.
pub(crate) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// With room for so many bytes: a buffer that never grows leaves no copies behind.
    pub(crate) fn with_capacity(bytes: usize) -> Writer {
        Writer(Zeroizing::new(Vec::with_capacity(bytes)))
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn u8(&mut self, x: u8) {
        self.raw(&[x]);
    }

    pub(crate) fn u16(&mut self, x: u16) {
        self.raw(&x.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, x: u32) {
        self.raw(&x.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, x: u64) {
        self.raw(&x.to_be_bytes());
    }

    /// The low 80 bits.
    pub(crate) fn u80(&mut self, x: u128) {
        self.raw(&x.to_be_bytes()[6..]);
    }

    pub(crate) fn fr(&mut self, x: &Fr) {
        self.raw(&*Zeroizing::new(field::to_bytes(x)));
    }

    /// A length and as many bytes.
    pub(crate) fn blob(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.raw(bytes);
    }

    pub(crate) fn option<T>(&mut self, x: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.u8(u8::from(x.is_some()));
        if let Some(x) = x {
            write(self, x);
        }
    }

    /// How many, and each.
    pub(crate) fn list<T>(&mut self, items: impl ExactSizeIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.u64(items.len() as u64);
        items.for_each(|item| write(self, item));
    }

    pub(crate) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

/// Takes from the front of some bytes.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self.0.split_at_checked(n).ok_or(DecodeError("more bytes"))?;
        self.0 = tail;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(DecodeError("more bytes"))?;
        self.0 = tail;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[x]| x)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn u80(&mut self) -> Result<u128, DecodeError> {
        let bytes: [u8; 10] = self.array()?;
        Ok(bytes.iter().fold(0, |acc, b| acc << 8 | u128::from(*b)))
    }

    pub(crate) fn fr(&mut self) -> Result<Fr, DecodeError> {
        field::from_bytes(self.take(32)?).map_err(|_| DecodeError("a field element"))
    }

    /// A length that the bytes left could hold at `unit` bytes an item: no allocation larger
    /// than the input.
    fn length(&mut self, unit: usize) -> Result<usize, DecodeError> {
        usize::try_from(self.u64()?)
            .ok()
            .filter(|n| n.checked_mul(unit).is_some_and(|bytes| bytes <= self.0.len()))
            .ok_or(DecodeError("a length within the file"))
    }

    pub(crate) fn blob(&mut self) -> Result<&'a [u8], DecodeError> {
        let n = self.length(1)?;
        self.take(n)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        core::str::from_utf8(self.blob()?).map_err(|_| DecodeError("UTF-8"))
    }

    pub(crate) fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError("0 or 1")),
        }
    }

    pub(crate) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.bool()? { read(self).map(Some) } else { Ok(None) }
    }

    /// A list whose items take at least `unit` bytes each.
    pub(crate) fn list<T>(
        &mut self,
        unit: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let n = self.length(unit)?;
        let mut items = Vec::with_capacity(n);
        for _ in 0..n {
            items.push(read(self)?);
        }
        Ok(items)
    }

    pub(crate) fn end(self) -> Result<(), DecodeError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(DecodeError("the end"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut w = Writer::with_capacity(0);
        w.u8(1);
        w.u16(2);
        w.u32(3);
        w.u64(4);
        w.u80((1 << 80) - 5);
        w.fr(&Fr::from(6u64));
        w.blob("seven".as_bytes());
        w.option(Some(8), Writer::u8);
        w.option(None, Writer::u8);
        w.list([9, 10].into_iter(), Writer::u16);
        let bytes = w.finish();
        let mut r = Reader::new(&bytes);
        assert_eq!(r.u8(), Ok(1));
        assert_eq!(r.u16(), Ok(2));
        assert_eq!(r.u32(), Ok(3));
        assert_eq!(r.u64(), Ok(4));
        assert_eq!(r.u80(), Ok((1 << 80) - 5));
        assert_eq!(r.fr(), Ok(Fr::from(6u64)));
        assert_eq!(r.text(), Ok("seven"));
        assert_eq!(r.option(Reader::u8), Ok(Some(8)));
        assert_eq!(r.option(Reader::u8), Ok(None));
        assert_eq!(r.list(2, Reader::u16), Ok(vec![9, 10]));
        assert_eq!(r.end(), Ok(()));
    }

    #[test]
    fn what_no_writer_writes_is_refused() {
        assert!(Reader::new(&[0; 3]).u32().is_err());
        assert!(Reader::new(&[0xff; 32]).fr().is_err());
        assert!(Reader::new(&[2, 0]).option(Reader::u8).is_err());
        assert!(Reader::new(&[0]).end().is_err());
        assert!(Reader::new(&[0, 0, 0, 0, 0, 0, 0, 1, 0xff]).text().is_err());
        // A length beyond the input allocates nothing.
        assert!(Reader::new(&[0xff; 16]).list(8, Reader::u64).is_err());
        assert!(Reader::new(&[0xff; 16]).blob().is_err());
    }
}
