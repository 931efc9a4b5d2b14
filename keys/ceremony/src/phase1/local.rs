//! Powers of τ made by one party from known secrets: for tests. Anyone can forge proofs under what comes
//! of them.

use super::contributions::{self, PowersContribution, Proof};
use super::file::{self, CHUNK, MAGIC, Section, VERSION};
use super::verify::{first_challenge, g2_sp};
use super::{PowersError, encoding};
use crate::draws::Draws;
use crate::midstate::Midstate;
use crate::progress::{Meter, Stage};
use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::scalar_mul::BatchMulPreprocessing;
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
use ark_ff::Field;
use blake2::{Blake2b512, Digest};
use medproof_keys::Progress;
use medproof_keys::circom::Source;
use medproof_keys::circom::points::{write_g1, write_g2};
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Writes a file of 2^power powers with one contribution, whose secrets follow from a public seed:
/// insecure by design.
///
/// # Errors
/// [`PowersError::Io`], [`PowersError::Cancelled`]. Nothing is left behind.
pub fn make_insecure(
    power: u32,
    seed: &[u8; 32],
    path: &Path,
    progress: &dyn Progress<Stage>,
) -> Result<(), PowersError> {
    let challenge = first_challenge(power, progress)?;
    let mut draws = Draws::new(seed);
    let secrets = [(); 3].map(|()| draws.scalar());
    let proofs = prove(&secrets, &challenge, &mut draws);
    let [tau, alpha, beta] = secrets;
    let mut answer = Midstate::new();
    answer.update(&challenge);
    let mut next = Vec::new();
    let mut out = Writer::create(path, 7)?;
    out.section(file::HEADER)?;
    out.write(&file::header(power, power))?;
    let total = Section::POWERS
        .map(|section| section.points(power))
        .iter()
        .sum::<usize>();
    let mut meter = Meter::new(progress, Stage::Multiplying, total as u64);
    for section in Section::POWERS {
        let first = match section {
            Section::AlphaTauG1 => alpha,
            Section::BetaTauG1 | Section::BetaG2 => beta,
            _ => Fr::ONE,
        };
        out.section(section.number())?;
        let powers: Vec<Fr> = std::iter::successors(Some(first), |last| Some(*last * tau))
            .take(section.points(power))
            .collect();
        for powers in powers.chunks(CHUNK) {
            if section.point_bytes() == 128 {
                let points = BatchMulPreprocessing::new(G2Projective::generator(), powers.len()).batch_mul(powers);
                out.write(&write_g2(&points))?;
                points
                    .iter()
                    .for_each(|point| answer.update(&encoding::g2_compressed(point)));
                next.extend(points.iter().flat_map(encoding::g2));
            } else {
                let points = BatchMulPreprocessing::new(G1Projective::generator(), powers.len()).batch_mul(powers);
                out.write(&write_g1(&points))?;
                points
                    .iter()
                    .for_each(|point| answer.update(&encoding::g1_compressed(point)));
                next.extend(points.iter().flat_map(encoding::g1));
            }
            meter.add(powers.len() as u64)?;
        }
    }
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let mut contribution = PowersContribution {
        tau_g1: (g1 * tau).into_affine(),
        tau_g2: (g2 * tau).into_affine(),
        alpha_g1: (g1 * alpha).into_affine(),
        beta_g1: (g1 * beta).into_affine(),
        beta_g2: (g2 * beta).into_affine(),
        proofs,
        answer,
        next_challenge: [0; 64],
        source: Source::Secret,
        name: None,
    };
    let hash = Blake2b512::new()
        .chain_update(contribution.response_hash())
        .chain_update(next);
    contribution.next_challenge = hash.finalize().into();
    out.section(file::CONTRIBUTIONS)?;
    out.write(&contributions::write(&[contribution]))?;
    out.finish()
}

fn prove(secrets: &[Fr; 3], challenge: &[u8; 64], draws: &mut Draws) -> [Proof; 3] {
    let mut which = 0;
    secrets.map(|secret| {
        let g1_s = draws.g1();
        let g1_sx = (g1_s * secret).into_affine();
        let sp = g2_sp(which, challenge, &g1_s, &g1_sx);
        which += 1;
        Proof {
            g1_s,
            g1_sx,
            g2_spx: (sp * secret).into_affine(),
        }
    })
}

/// A file that takes its name when it is whole.
pub(super) struct Writer {
    file: File,
    path: PathBuf,
    partial: PathBuf,
    // Where the section's content begins, whose length is written when the next one does.
    open: Option<u64>,
    end: u64,
    finished: bool,
}

impl Writer {
    pub(super) fn create(path: &Path, sections: u32) -> Result<Writer, PowersError> {
        let mut partial = path.to_owned().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).map_err(|source| PowersError::Io {
            action: "create",
            path: partial.clone(),
            source,
        })?;
        let mut writer = Writer {
            file,
            path: path.to_owned(),
            partial,
            open: None,
            end: 0,
            finished: false,
        };
        writer.write(MAGIC)?;
        writer.write(&VERSION.to_le_bytes())?;
        writer.write(&sections.to_le_bytes())?;
        Ok(writer)
    }

    fn io(&self, action: &'static str) -> impl Fn(io::Error) -> PowersError {
        let path = self.partial.clone();
        move |source| PowersError::Io {
            action,
            path: path.clone(),
            source,
        }
    }

    pub(super) const fn position(&self) -> u64 {
        self.end
    }

    /// Bytes after all that was written.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), PowersError> {
        self.at(self.end, bytes)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Bytes at a place.
    pub(super) fn at(&mut self, place: u64, bytes: &[u8]) -> Result<(), PowersError> {
        self.file.seek(SeekFrom::Start(place)).map_err(self.io("write"))?;
        self.file.write_all(bytes).map_err(self.io("write"))
    }

    /// All up to here was written at its place.
    pub(super) fn end(&mut self, end: u64) -> Result<(), PowersError> {
        self.end = end;
        self.close()
    }

    fn close(&mut self) -> Result<(), PowersError> {
        if let Some(begin) = self.open.take() {
            self.at(begin - 8, &(self.end - begin).to_le_bytes())?;
        }
        Ok(())
    }

    /// Begins a section.
    pub(super) fn section(&mut self, number: u32) -> Result<(), PowersError> {
        self.close()?;
        self.write(&number.to_le_bytes())?;
        self.write(&[0; 8])?;
        self.open = Some(self.end);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), PowersError> {
        self.close()?;
        self.file.sync_all().map_err(self.io("write"))?;
        fs::rename(&self.partial, &self.path).map_err(self.io("rename"))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.finished {
            // What failed was said already.
            let _ = fs::remove_file(&self.partial);
        }
    }
}
