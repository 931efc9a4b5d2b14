//! Writing a `.zkey`, its sections in the order of snarkjs.

use super::{
    A_QUERY, B_G1_QUERY, B_G2_QUERY, COEFFICIENT, COEFFICIENTS, G1, G2, GROTH16, H_QUERY, HEADER, IC, L_QUERY,
    PROTOCOL, VERSION, Zkey, contributions, montgomery_factor,
};
use crate::circom::FormatError;
use crate::circom::writer::{Section, file};
use ark_bn254::{Fq, Fr, G1Affine, G2Affine};

/// The file's bytes.
///
/// # Errors
/// [`FormatError::TooLarge`] where a count does not fit 32 bits, [`FormatError::TooLong`] where a name does not fit.
pub fn write_zkey(key: &Zkey) -> Result<Vec<u8>, FormatError> {
    let sections = [
        protocol()?,
        header(key)?,
        coefficients(key)?,
        g1(IC, &key.ic),
        g1(H_QUERY, &key.h_query),
        g1(L_QUERY, &key.l_query),
        g1(A_QUERY, &key.a_query),
        g1(B_G1_QUERY, &key.b_g1_query),
        g2(B_G2_QUERY, &key.b_g2_query),
        contributions::write(&key.contributions)?,
    ];
    Ok(std::mem::take(&mut *file(b"zkey", VERSION, &sections)))
}

fn protocol() -> Result<Section, FormatError> {
    let mut section = Section::new(PROTOCOL, 4);
    section.count(GROTH16 as usize)?;
    Ok(section)
}

fn header(key: &Zkey) -> Result<Section, FormatError> {
    let mut section = Section::new(HEADER, 0);
    section.modulus::<Fq>()?;
    section.modulus::<Fr>()?;
    for count in [key.a_query.len(), key.public, key.domain] {
        section.count(count)?;
    }
    section.g1(&key.alpha_g1);
    section.g1(&key.beta_g1);
    section.g2(&key.beta_g2);
    section.g2(&key.gamma_g2);
    section.g1(&key.delta_g1);
    section.g2(&key.delta_g2);
    Ok(section)
}

// Row by row, of each A before B: snarkjs looks rows up by bisection.
fn coefficients(key: &Zkey) -> Result<Section, FormatError> {
    let factor = montgomery_factor();
    let count = key.a.iter().chain(&key.b).map(Vec::len).sum::<usize>();
    let mut section = Section::new(COEFFICIENTS, 4 + count.saturating_mul(COEFFICIENT));
    section.count(count)?;
    for row in 0..key.a.len().max(key.b.len()) {
        for (matrix, rows) in [&key.a, &key.b].into_iter().enumerate() {
            for (coefficient, variable) in rows.get(row).into_iter().flatten() {
                section.count(matrix)?;
                section.count(row)?;
                section.count(*variable)?;
                section.montgomery(&(*coefficient * factor));
            }
        }
    }
    Ok(section)
}

fn g1(number: u32, points: &[G1Affine]) -> Section {
    let mut section = Section::new(number, points.len() * G1);
    points.iter().for_each(|point| section.g1(point));
    section
}

fn g2(number: u32, points: &[G2Affine]) -> Section {
    let mut section = Section::new(number, points.len() * G2);
    points.iter().for_each(|point| section.g2(point));
    section
}
