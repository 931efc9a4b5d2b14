//! A prepared key on disk: made once, found again.
//!
//! What a key's tables hold is a key's own points, multiplied: whoever can change the file could as
//! well change the key beside it. A digest at its end tells damage. A tier's file must hold the pinned
//! verifying key; that of a `.zkey` is trusted as the `.zkey` is: keep it as safe. Everything that is used as an index is checked as it is read, so
//! that a file can make a proof fail and no more.
//!
//! The file is read into memory and not mapped: a mapped file that shrinks ends the process, one that
//! changes afterwards was not the one that was checked, and random accesses to its small pages are
//! slower than to large ones.

use super::circuit::{Circuit, Scratch, Third};
use super::key::{Ready, Settings, Tables, Workshop};
use super::rows::Rows;
use crate::memory::{Large, OutOfMemory};
use crate::msm::{Digit, Table, Windows};
use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_groth16::VerifyingKey;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use bytemuck::{Pod, Zeroable, cast_slice, cast_slice_mut};
use medproof_lanes::Path as Kernel;
use medproof_lanes::points::{Curve, Packed};
use medproof_lanes::transform::Coset;
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Of the key that was prepared.
pub type Digest = [u8; 32];

/// A file that is no prepared key of what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused.
    #[error("cannot read or write it: {0}")]
    Io(#[from] io::Error),
    /// It is another key's, of another version, or for other settings.
    #[error("{part}: expected {expected}, found {found}")]
    Other {
        /// What differs.
        part: &'static str,
        /// As asked for.
        expected: String,
        /// In the file.
        found: String,
    },
    /// There is no room for it.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// It was cut, or a byte of it changed.
    #[error("{part} is damaged")]
    Damaged {
        /// Where.
        part: &'static str,
    },
}

impl FileError {
    /// Whether it is something else altogether: no prepared key of this or another version.
    #[must_use]
    pub fn is_other_format(&self) -> bool {
        matches!(self, FileError::Other { part: FORMAT, found, .. } if !found.starts_with(NAME))
    }
}

const FORMAT: &str = "format";
const NAME: &str = "medproof-ready/";

#[derive(Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
struct Head {
    key: Digest,
    // Of `medproof_lanes::Path`, filled with zeros.
    path: [u8; 16],
    // 0 where the number of variables chooses.
    window: u32,
    sets: u32,
    inputs: u64,
    domain: u64,
    // Whether C's rows follow those of A and B.
    third: u64,
    reserved: [u64; 5],
}

const MAGIC: [u8; 16] = *b"medproof-ready/2";
// Everything begins where a line of the cache could.
const ALIGNMENT: u64 = 64;
const DIGEST_BYTES: u64 = 32;

impl Head {
    fn of(key: &Digest, settings: Settings, inputs: usize, domain: usize, third: bool) -> Head {
        let mut path = [0; 16];
        path.iter_mut()
            .zip(settings.path.name().bytes())
            .for_each(|(to, from)| *to = from);
        Head {
            key: *key,
            path,
            window: settings.window.unwrap_or_default(),
            sets: settings.sets,
            inputs: inputs as u64,
            domain: domain as u64,
            third: u64::from(third),
            reserved: [0; 5],
        }
    }

    // What is not the file's own to say.
    fn require(&self, key: &Digest, settings: Settings) -> Result<(), FileError> {
        let asked = Head::of(
            key,
            settings,
            self.inputs as usize,
            self.domain as usize,
            self.third == 1,
        );
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
        let differs = |part, expected: String, found: String| {
            if expected == found {
                return Ok(());
            }
            Err(FileError::Other { part, expected, found })
        };
        differs("key", hex::encode(key), hex::encode(self.key))?;
        differs("path", text(&asked.path), text(&self.path))?;
        differs("window", asked.window.to_string(), self.window.to_string())?;
        differs("sets", asked.sets.to_string(), self.sets.to_string())?;
        if *self == asked {
            Ok(())
        } else {
            Err(damaged("the head"))
        }
    }
}

const fn damaged(part: &'static str) -> FileError {
    FileError::Damaged { part }
}

impl Ready {
    /// Of a key's bytes.
    #[must_use]
    pub fn digest_of(key: &[u8]) -> Digest {
        *blake3::Hasher::new().update_rayon(key).finalize().as_bytes()
    }

    /// Writes it to a new file beside `path`, and then renames that.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn write(&self, key: &Digest, path: &Path) -> Result<(), FileError> {
        let parent = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent)?;
        let mut file = tempfile::Builder::new().prefix(".ready-").tempfile_in(parent)?;
        let mut writer = Writer {
            file: file.as_file_mut(),
            hash: blake3::Hasher::new(),
            written: 0,
        };
        self.write_to(key, &mut writer)?;
        let digest = writer.hash.finalize();
        file.write_all(digest.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    fn write_to(&self, key: &Digest, writer: &mut Writer) -> Result<(), FileError> {
        let (circuit, tables) = (&self.circuit, &self.tables);
        let rows = circuit.third.rows();
        writer.bytes(&MAGIC)?;
        writer.pad()?;
        let head = Head::of(key, self.settings, circuit.inputs, circuit.coset.size(), rows.is_some());
        writer.put(&[head])?;
        let mut verifying = Vec::new();
        let serialised = circuit.verifying.serialize_uncompressed(&mut verifying);
        serialised.map_err(io::Error::other)?;
        writer.put(&verifying)?;
        for rows in [&circuit.a_rows, &circuit.b_rows].into_iter().chain(rows) {
            let (ends, entries, others) = rows.parts();
            writer.put(&[rows.columns() as u64])?;
            writer.put(ends)?;
            writer.put(entries)?;
            writer.put(others)?;
            writer.put(&rows.coefficients())?;
        }
        for table in [&tables.a, &tables.rest, &tables.quotient] {
            writer.table(table)?;
        }
        writer.table(&tables.b)
    }

    /// Reads what was written for this key and these settings.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn read(key: &Digest, settings: Settings, path: &Path) -> Result<Ready, FileError> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut reader = Reader {
            file,
            hash: blake3::Hasher::new(),
            at: 0,
            end: length.saturating_sub(DIGEST_BYTES),
        };
        reader.format()?;
        let ready = Ready::read_from(key, settings, &mut reader)?;
        reader.finish()?;
        Ok(ready)
    }

    fn read_from(key: &Digest, settings: Settings, reader: &mut Reader) -> Result<Ready, FileError> {
        let head: Head = *reader.take("the head")?.first().ok_or(damaged("the head"))?;
        head.require(key, settings)?;
        let most = Digit::MOST_SCALARS as u64;
        if head.domain > most || head.inputs > most || !head.domain.is_power_of_two() {
            return Err(damaged("the head"));
        }
        let (inputs, domain) = (head.inputs as usize, head.domain as usize);
        let verifying: Vec<u8> = reader.take("the verifying key")?;
        let verifying = VerifyingKey::<Bn254>::deserialize_uncompressed(verifying.as_slice());
        let verifying = verifying.map_err(|_| damaged("the verifying key"))?;
        if verifying.gamma_abc_g1.len() != inputs {
            return Err(damaged("the verifying key"));
        }
        let [a_rows, b_rows] = [
            reader.rows("the rows of A", settings.path)?,
            reader.rows("the rows of B", settings.path)?,
        ];
        let third = match head.third {
            0 => Third::Product,
            _ => Third::Rows(reader.rows("the rows of C", settings.path)?),
        };
        let windows = settings.windows(a_rows.columns());
        let a = reader.table::<G1Affine, 1>("the table of A", windows, settings)?;
        let rest = reader.table::<G1Affine, 1>("the table of the rest", windows, settings)?;
        let quotient = reader.table::<G1Affine, 1>("the table of the quotient", settings.windows(domain), settings)?;
        let b = reader.table::<G2Affine, 2>("the table of B", windows, settings)?;
        let variables = a_rows.columns();
        let bases = [a.bases(), rest.bases(), b.bases(), b_rows.columns()];
        let rows = [Some(&a_rows), Some(&b_rows), third.rows()];
        if bases != [variables; 4]
            || quotient.bases() != domain
            || inputs > variables
            || rows.into_iter().flatten().any(|rows| rows.len() > domain)
            || third.rows().is_some_and(|rows| rows.columns() != variables)
        {
            return Err(damaged("a count"));
        }
        let coset = third
            .shift_and_scale(domain)
            .and_then(|(shift, scale)| Coset::new(settings.path, domain, shift, scale));
        let circuit = Circuit {
            inputs,
            verifying,
            a_rows,
            b_rows,
            third,
            coset: coset.ok_or(damaged("the domain"))?,
            scratch: Scratch::default(),
        };
        let tables = Tables { a, b, rest, quotient };
        Ok(Ready {
            settings,
            circuit,
            tables,
            workshop: Workshop::default(),
        })
    }
}

struct Writer<'a> {
    file: &'a mut File,
    hash: blake3::Hasher,
    written: u64,
}

impl Writer<'_> {
    // The number of items, the items, and zeros.
    fn put<T: Pod>(&mut self, items: &[T]) -> Result<(), FileError> {
        self.bytes((items.len() as u64).to_le_bytes().as_slice())?;
        self.pad()?;
        self.bytes(cast_slice(items))?;
        self.pad()
    }

    fn pad(&mut self) -> Result<(), FileError> {
        let missing = self.written.next_multiple_of(ALIGNMENT) - self.written;
        self.bytes(&[0; ALIGNMENT as usize][..missing as usize])
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.hash.update_rayon(bytes);
        self.written += bytes.len() as u64;
        Ok(self.file.write_all(bytes)?)
    }

    fn table<C: Curve<D>, const D: usize>(&mut self, table: &Table<C, D>) -> Result<(), FileError> {
        self.put(&table.finite())?;
        self.put(table.points())
    }
}

struct Reader {
    file: File,
    hash: blake3::Hasher,
    at: u64,
    // Where the digest begins.
    end: u64,
}

// Bytes that a thread reads at a time.
const PART: usize = 1 << 21;

impl Reader {
    fn take<T: Pod>(&mut self, part: &'static str) -> Result<Vec<T>, FileError> {
        let (count, bytes) = self.count::<T>(part)?;
        let items = bytemuck::allocation::try_zeroed_vec(count);
        let mut items: Vec<T> = items.map_err(|()| OutOfMemory { bytes })?;
        self.items(part, &mut items)?;
        Ok(items)
    }

    // The number of items, and of their bytes.
    fn count<T: Pod>(&mut self, part: &'static str) -> Result<(usize, usize), FileError> {
        let mut count = [0; ALIGNMENT as usize];
        self.bytes(part, &mut count)?;
        let (count, zeros) = count.split_first_chunk::<8>().ok_or(damaged(part))?;
        if zeros.iter().any(|zero| *zero != 0) {
            return Err(damaged(part));
        }
        // Nothing is made larger than what is there.
        let count = usize::try_from(u64::from_le_bytes(*count)).map_err(|_| damaged(part))?;
        let bytes = count.checked_mul(size_of::<T>()).ok_or(damaged(part))?;
        if bytes as u64 > self.end - self.at {
            return Err(damaged(part));
        }
        Ok((count, bytes))
    }

    // The items, and zeros.
    fn items<T: Pod>(&mut self, part: &'static str, items: &mut [T]) -> Result<(), FileError> {
        self.bytes(part, cast_slice_mut(items))?;
        let mut padding = [0; ALIGNMENT as usize];
        let missing = self.at.next_multiple_of(ALIGNMENT) - self.at;
        let padding = &mut padding[..missing as usize];
        self.bytes(part, padding)?;
        if padding.iter().any(|zero| *zero != 0) {
            return Err(damaged(part));
        }
        Ok(())
    }

    fn format(&mut self) -> Result<(), FileError> {
        let mut start = [0; ALIGNMENT as usize];
        let mut expected = start;
        expected[..MAGIC.len()].copy_from_slice(&MAGIC);
        if self.end >= ALIGNMENT {
            self.bytes("its start", &mut start)?;
        }
        if start == expected {
            return Ok(());
        }
        Err(FileError::Other {
            part: FORMAT,
            expected: String::from_utf8_lossy(&MAGIC).into_owned(),
            found: String::from_utf8_lossy(&start[..MAGIC.len()]).into_owned(),
        })
    }

    fn bytes(&mut self, part: &'static str, bytes: &mut [u8]) -> Result<(), FileError> {
        let (at, length) = (self.at, bytes.len() as u64);
        if length > self.end - at {
            return Err(damaged(part));
        }
        (bytes.par_chunks_mut(PART).enumerate())
            .try_for_each(|(i, part)| self.file.read_exact_at(part, at + (i * PART) as u64))?;
        self.hash.update_rayon(bytes);
        self.at += length;
        Ok(())
    }

    fn rows(&mut self, part: &'static str, path: Kernel) -> Result<Rows, FileError> {
        let columns: Vec<u64> = self.take(part)?;
        let (ends, entries) = (self.take(part)?, self.take(part)?);
        let (others, coefficients) = (self.take(part)?, self.take(part)?);
        let columns = columns.first().and_then(|columns| usize::try_from(*columns).ok());
        let columns = columns.ok_or(damaged(part))?;
        Rows::from_parts(columns, ends, entries, others, coefficients, path).ok_or(damaged(part))
    }

    fn table<C: Curve<D>, const D: usize>(
        &mut self,
        part: &'static str,
        windows: Windows,
        settings: Settings,
    ) -> Result<Table<C, D>, FileError> {
        let finite: Vec<u8> = self.take(part)?;
        let (count, _) = self.count::<Packed<D>>(part)?;
        let mut points = Large::zeroed(count)?;
        self.items(part, &mut points)?;
        Table::from_parts(finite, points, windows, settings.path).ok_or(damaged(part))
    }

    fn finish(self) -> Result<(), FileError> {
        let mut digest = [0; DIGEST_BYTES as usize];
        self.file.read_exact_at(&mut digest, self.end)?;
        if self.at == self.end && self.hash.finalize() == blake3::Hash::from_bytes(digest) {
            return Ok(());
        }
        Err(damaged("its digest, or what follows"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blinding::Blinding;
    use crate::checkpoint::Unstoppable;
    use crate::testing::{Chain, key_of};
    use medproof_keys::Quiet;
    use medproof_statement::tier::Tier;

    const KEY: Digest = [7; 32];

    fn ready(settings: Settings) -> (Ready, crate::Assignment) {
        let key = key_of(Tier::Xs, 20);
        let assignment = crate::Assignment::synthesise(Chain::honest(20), key.shape()).unwrap();
        let ready = Ready::new(key.matrices(), key.proving(), settings, &Quiet).unwrap();
        (ready, assignment)
    }

    #[test]
    fn a_key_that_was_read_proves_as_the_one_that_was_written() {
        for path in [Kernel::best(), Kernel::Portable] {
            let settings = Settings {
                window: Some(6),
                sets: 2,
                path,
            };
            let (ready, assignment) = ready(settings);
            let scratch = tempfile::tempdir().unwrap();
            let file = scratch.path().join("deep/key.ready");
            ready.write(&KEY, &file).unwrap();
            let again = Ready::read(&KEY, settings, &file).unwrap();
            let prove = |ready: &Ready| {
                let blinding = Blinding::of(3.into(), 4.into()).unwrap();
                ready.prove(assignment.values(), &blinding, &Unstoppable).unwrap()
            };
            assert_eq!(prove(&ready), prove(&again));
            assert_eq!(again.verifying(), ready.verifying());
            let left: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().collect();
            assert_eq!(left.len(), 1, "nothing else is left there");
        }
    }

    #[test]
    fn another_keys_or_settings_files_are_told() {
        let settings = Settings {
            window: Some(6),
            ..Settings::default()
        };
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("key.ready");
        ready(settings).0.write(&KEY, &file).unwrap();
        let part = |key: &Digest, settings| match Ready::read(key, settings, &file) {
            Err(FileError::Other { part, .. }) => part,
            other => panic!("{:?}", other.err()),
        };
        assert_eq!(part(&[8; 32], settings), "key");
        assert_eq!(
            part(
                &KEY,
                Settings {
                    window: Some(7),
                    ..settings
                }
            ),
            "window"
        );
        assert_eq!(part(&KEY, Settings { sets: 2, ..settings }), "sets");
        if settings.path != Kernel::Portable {
            assert_eq!(
                part(
                    &KEY,
                    Settings {
                        path: Kernel::Portable,
                        ..settings
                    }
                ),
                "path"
            );
        }
    }

    #[test]
    fn a_prepared_key_of_another_version_is_told_from_other_files() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("key.ready");
        let is_other = |start: &[u8]| {
            std::fs::write(&file, [start, &[0; 200]].concat()).unwrap();
            let error = Ready::read(&KEY, Settings::default(), &file).err().unwrap();
            assert!(matches!(error, FileError::Other { part: FORMAT, .. }), "{error}");
            error.is_other_format()
        };
        assert!(!is_other(b"medproof-ready/1"));
        assert!(is_other(b"a patient's chart"));
    }

    // Every byte counts: a file with any one changed, cut anywhere or continued is refused.
    #[test]
    fn damaged_files_are_refused() {
        let settings = Settings {
            window: Some(4),
            ..Settings::default()
        };
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("key.ready");
        ready(settings).0.write(&KEY, &file).unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let other = scratch.path().join("other.ready");
        let refused = |bytes: &[u8]| {
            std::fs::write(&other, bytes).unwrap();
            Ready::read(&KEY, settings, &other).is_err()
        };
        assert!(!refused(&bytes));
        let step = (bytes.len() / 500).max(1);
        for at in (0..bytes.len())
            .step_by(step)
            .chain(0..300)
            .chain(bytes.len() - 40..bytes.len())
        {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(refused(&changed), "byte {at}");
            assert!(refused(&bytes[..at]), "cut at {at}");
        }
        assert!(refused(&[bytes.as_slice(), &[0]].concat()));
    }
}
