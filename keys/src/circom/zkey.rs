//! `.zkey`: a Groth16 proving key with its circuit's A and B.

use super::FormatError;
use super::container::{Bytes, Sections};
use ark_bn254::{Fq, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::Field;
use std::sync::LazyLock;

/// What snarkjs' `.zkey` of Groth16 holds.
///
/// C is not in it: a row's C·z is taken to be A·z times B·z. The H query is over values of
/// A·B − C on the coset of the domain by a root of unity of twice its order.
#[derive(Clone, Debug)]
pub struct Zkey {
    /// Public inputs, without the constant 1.
    pub public: usize,
    /// Elements of the domain.
    pub domain: usize,
    /// α in G1.
    pub alpha_g1: G1Affine,
    /// β in G1.
    pub beta_g1: G1Affine,
    /// β in G2.
    pub beta_g2: G2Affine,
    /// γ in G2.
    pub gamma_g2: G2Affine,
    /// δ in G1.
    pub delta_g1: G1Affine,
    /// δ in G2.
    pub delta_g2: G2Affine,
    /// Of the public inputs, the constant 1 first.
    pub ic: Vec<G1Affine>,
    /// Rows of A: coefficients and variables.
    pub a: Vec<Vec<(Fr, usize)>>,
    /// Rows of B.
    pub b: Vec<Vec<(Fr, usize)>>,
    /// For each variable.
    pub a_query: Vec<G1Affine>,
    /// For each variable.
    pub b_g1_query: Vec<G1Affine>,
    /// For each variable. On the curve; whether in the group is not checked.
    pub b_g2_query: Vec<G2Affine>,
    /// For each private variable.
    pub l_query: Vec<G1Affine>,
    /// For each element of the domain.
    pub h_query: Vec<G1Affine>,
}

const GROTH16: u32 = 1;
const LARGEST_DOMAIN: usize = 1 << 28;

/// Reads a `.zkey` of Groth16 over BN254.
///
/// # Errors
/// [`FormatError`] with the place.
pub fn read_zkey(bytes: &[u8]) -> Result<Zkey, FormatError> {
    let sections = Sections::read(bytes, "zkey", &[1])?;
    let mut protocol = sections.one(1)?;
    let at = protocol;
    match protocol.u32()? {
        GROTH16 => protocol.end("the protocol")?,
        other => return Err(at.not("Groth16, protocol 1", &format!("protocol {other}"))),
    }
    let mut header = sections.one(2)?;
    header.modulus::<Fq>("base field")?;
    header.modulus::<Fr>("scalar field")?;
    let at = header;
    let (variables, public, domain) = (header.count()?, header.count()?, header.count()?);
    if public >= variables {
        return Err(at.not(
            "fewer public inputs than variables",
            &format!("{public} and {variables}"),
        ));
    }
    if !domain.is_power_of_two() || domain > LARGEST_DOMAIN {
        return Err(at.not("a domain of a power of two to 2^28", &domain.to_string()));
    }
    let g1 = |header: &mut Bytes<'_>| finite(header, Bytes::g1);
    let g2 = |header: &mut Bytes<'_>| {
        let at = *header;
        let point = finite(header, Bytes::g2)?;
        let in_group = point.is_in_correct_subgroup_assuming_on_curve();
        if in_group {
            Ok(point)
        } else {
            Err(at.not("a point of G2", "one outside the group"))
        }
    };
    let (alpha_g1, beta_g1) = (g1(&mut header)?, g1(&mut header)?);
    let (beta_g2, gamma_g2) = (g2(&mut header)?, g2(&mut header)?);
    let (delta_g1, delta_g2) = (g1(&mut header)?, g2(&mut header)?);
    header.end("the header")?;
    let [a, b] = rows(sections.one(4)?, domain, variables)?;
    Ok(Zkey {
        public,
        domain,
        alpha_g1,
        beta_g1,
        beta_g2,
        gamma_g2,
        delta_g1,
        delta_g2,
        ic: points(sections.one(3)?, public + 1, 64, Bytes::g1)?,
        a,
        b,
        a_query: points(sections.one(5)?, variables, 64, Bytes::g1)?,
        b_g1_query: points(sections.one(6)?, variables, 64, Bytes::g1)?,
        b_g2_query: points(sections.one(7)?, variables, 128, Bytes::g2)?,
        l_query: points(sections.one(8)?, variables - public - 1, 64, Bytes::g1)?,
        h_query: points(sections.one(9)?, domain, 64, Bytes::g1)?,
    })
}

fn finite<'a, P: AffineRepr>(
    bytes: &mut Bytes<'a>,
    read: impl Fn(&mut Bytes<'a>) -> Result<P, FormatError>,
) -> Result<P, FormatError> {
    let at = *bytes;
    let point = read(bytes)?;
    if point.is_zero() {
        Err(at.not("a point", "infinity"))
    } else {
        Ok(point)
    }
}

// The length first: a count alone must not make room for anything.
fn points<'a, P>(
    mut section: Bytes<'a>,
    count: usize,
    size: usize,
    read: impl Fn(&mut Bytes<'a>) -> Result<P, FormatError>,
) -> Result<Vec<P>, FormatError> {
    let mut rest = section;
    rest.take(count.saturating_mul(size))?;
    rest.end("a query")?;
    (0..count).map(|_| read(&mut section)).collect()
}

type Matrix = Vec<Vec<(Fr, usize)>>;

// Each entry: matrix, row, variable, coefficient times R² for R = 2^256.
fn rows(mut section: Bytes<'_>, domain: usize, variables: usize) -> Result<[Matrix; 2], FormatError> {
    // What reading as Montgomery form leaves of R²: once R.
    static ONCE_MORE: LazyLock<Fr> = LazyLock::new(|| Fr::from(2).pow([256]).inverse().unwrap_or_default());
    let count = section.count()?;
    let mut rest = section;
    rest.take(count.saturating_mul(44))?;
    rest.end("the coefficients")?;
    let mut matrices = [vec![Vec::new(); domain], vec![Vec::new(); domain]];
    for _ in 0..count {
        let at = section;
        let (matrix, row, variable) = (section.count()?, section.count()?, section.count()?);
        let coefficient = section.montgomery()? * *ONCE_MORE;
        let place = matrices
            .get_mut(matrix)
            .and_then(|m| m.get_mut(row))
            .filter(|_| variable < variables);
        let Some(place) = place else {
            let expected = format!("matrix 0 or 1, a row below {domain}, a variable below {variables}");
            return Err(at.not(&expected, &format!("{matrix}, {row}, {variable}")));
        };
        place.push((coefficient, variable));
    }
    Ok(matrices)
}
