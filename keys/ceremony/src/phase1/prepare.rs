//! The Lagrange form of powers: for each power of two up to the file's, of the domain's points ω^j the
//! polynomials that are 1 there and 0 elsewhere, at τ.

use super::file::{PAIRS, Powers, Section};
use super::verify::Verified;
use super::writer::Writer;
use super::{PowersError, file};
use crate::progress::{Meter, Stage};
use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ff::{FftField, Field};
use medproof_keys::circom::points::{write_g1, write_g2};
use medproof_keys::{Cancelled, Progress};
use medproof_lanes::group_transform::{scale_each, transform};
use medproof_lanes::multiples::{Endomorphic, double};
use medproof_lanes::points::Packed;
use rayon::prelude::*;
use std::path::Path;

/// A point of G2 takes about as long as two and a half of G1: counted in halves.
const G1_WEIGHT: u64 = 2;
const G2_WEIGHT: u64 = 5;

// What a transform of 2^power points takes, with the division of its input.
const fn work(power: u32, weight: u64) -> u64 {
    weight * ((power as u64) << power) / 2
}

/// Writes a file with the powers of `powers` and their Lagrange forms, of which it needs none yet: under
/// a temporary name that takes the name of `path` when it is whole. One section is in memory at a time.
///
/// # Errors
/// [`PowersError::Io`], [`PowersError::Cancelled`]. Nothing is left behind.
pub fn prepare(powers: &Verified, path: &Path, progress: &dyn Progress<Stage>) -> Result<(), PowersError> {
    let power = powers.power();
    let mut total = 0;
    for (section, _) in PAIRS {
        let (highest, weight) = of(section, power);
        total += weight * (1 << highest) + (0..=highest).map(|p| work(p, weight)).sum::<u64>();
    }
    let mut meter = Meter::new(progress, Stage::Lagrange, total);
    let mut out = Writer::create(path, 11)?;
    copy(powers, &mut out)?;
    for (section, lagrange) in PAIRS {
        out.section(lagrange.number())?;
        let begin = out.position();
        let (highest, _) = of(section, power);
        if section == Section::TauG2 {
            let points = powers.g2(section, 0, 1 << highest)?;
            forms::<G2Affine, 2>(&points, highest, &mut meter, |p, points| {
                out.at(begin + ((1_u64 << p) - 1) * 128, &write_g2(points))
            })?;
        } else {
            let points = powers.g1(section, 0, (1_usize << highest).min(section.points(power)))?;
            forms::<G1Affine, 1>(&points, highest, &mut meter, |p, points| {
                out.at(begin + ((1_u64 << p) - 1) * 64, &write_g1(points))
            })?;
        }
        out.end(begin + lagrange.bytes(power))?;
    }
    out.finish()
}

const fn of(section: Section, power: u32) -> (u32, u64) {
    match section {
        Section::TauG1 => (power + 1, G1_WEIGHT),
        Section::TauG2 => (power, G2_WEIGHT),
        _ => (power, G1_WEIGHT),
    }
}

fn copy(powers: &Powers, out: &mut Writer) -> Result<(), PowersError> {
    out.section(file::HEADER)?;
    out.write(&file::header(powers.power(), powers.ceremony_power()))?;
    for section in Section::POWERS {
        out.section(section.number())?;
        let (mut at, mut left) = (powers.place(section), section.bytes(powers.power()));
        while left > 0 {
            let some = left.min(1 << 24);
            out.write(&powers.raw(at, some)?)?;
            (at, left) = (at + some, left - some);
        }
    }
    out.section(file::CONTRIBUTIONS)?;
    out.write(&powers.raw_contributions()?)
}

// Of the first 2^p points, from the highest p down.
fn forms<C: Endomorphic<D>, const D: usize>(
    points: &[C],
    highest: u32,
    meter: &mut Meter<'_>,
    mut write: impl FnMut(u32, &[C]) -> Result<(), PowersError>,
) -> Result<(), PowersError> {
    let path = medproof_lanes::Path::best();
    let weight = if D == 1 { G1_WEIGHT } else { G2_WEIGHT };
    let mut divided = divided::<C, D>(points, highest, path);
    meter.add(weight << highest)?;
    for p in (0..=highest).rev() {
        let mut form = divided.clone();
        let each = work(p, weight).checked_div(u64::from(p)).unwrap_or_default();
        transform_down::<C, D>(&mut form, p, path, || meter.add(each))?;
        let form: Vec<C> = form.par_iter().map(|point| C::unpack(path, point)).collect();
        write(p, &form)?;
        if p > 0 {
            // Half as many points, each divided by half as much.
            divided.truncate(1 << (p - 1));
            double::<C, D>(&mut divided, path);
        }
    }
    Ok(())
}

fn divided<C: Endomorphic<D>, const D: usize>(points: &[C], power: u32, path: medproof_lanes::Path) -> Vec<Packed<D>> {
    let size = 1_usize << power;
    let mut packed: Vec<Packed<D>> = points.par_iter().map(|point| point.pack(path)).collect();
    packed.resize(size, Packed::INFINITY);
    // A power of two is not 0 in the field.
    let inverse = Fr::from(size as u64).inverse().unwrap_or(Fr::ONE);
    scale_each::<C, D>(&mut packed, &vec![inverse; size], path);
    packed
}

fn transform_down<C: Endomorphic<D>, const D: usize>(
    points: &mut [Packed<D>],
    power: u32,
    path: medproof_lanes::Path,
    level: impl FnMut() -> Result<(), Cancelled>,
) -> Result<(), Cancelled> {
    let root = Fr::get_root_of_unity(1 << power).and_then(|root| root.inverse());
    // There is one for every power up to 28.
    transform::<C, D, Cancelled>(points, root.unwrap_or(Fr::ONE), path, level)
}

/// The Lagrange form of 2^power points, computed. Points that are missing at the end are infinity.
///
/// # Errors
/// [`PowersError::Cancelled`].
pub fn lagrange_of<C: Endomorphic<D>, const D: usize>(
    points: &[C],
    power: u32,
    progress: &dyn Progress<Stage>,
) -> Result<Vec<C>, PowersError> {
    let path = medproof_lanes::Path::best();
    let weight = if D == 1 { G1_WEIGHT } else { G2_WEIGHT };
    let mut meter = Meter::new(progress, Stage::Lagrange, (weight << power) + work(power, weight));
    let mut form = divided::<C, D>(points, power, path);
    meter.add(weight << power)?;
    let each = work(power, weight).checked_div(u64::from(power)).unwrap_or_default();
    transform_down::<C, D>(&mut form, power, path, || meter.add(each))?;
    Ok(form.par_iter().map(|point| C::unpack(path, point)).collect())
}
