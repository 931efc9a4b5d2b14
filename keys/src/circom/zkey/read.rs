//! Reading a `.zkey`.

use super::{
    A_QUERY, B_G1_QUERY, B_G2_QUERY, COEFFICIENT, COEFFICIENTS, CONTRIBUTIONS, G1, G2, GROTH16, H_QUERY, HEADER, IC,
    L_QUERY, PROTOCOL, Rows, VERSION, Zkey, contributions, montgomery_factor,
};
use crate::circom::FormatError;
use crate::circom::container::{Bytes, Sections, finite, in_group};
use ark_bn254::{Fq, Fr};
use ark_ff::Field;

const LARGEST_DOMAIN: usize = 1 << 28;
const ALL: [u32; 10] = [
    PROTOCOL,
    HEADER,
    IC,
    COEFFICIENTS,
    A_QUERY,
    B_G1_QUERY,
    B_G2_QUERY,
    L_QUERY,
    H_QUERY,
    CONTRIBUTIONS,
];

/// Reads a `.zkey` of Groth16 over BN254.
///
/// # Errors
/// [`FormatError`] with the place.
pub fn read_zkey(bytes: &[u8]) -> Result<Zkey, FormatError> {
    let sections = Sections::read(bytes, "zkey", &[VERSION], &ALL)?;
    let mut protocol = sections.one(PROTOCOL)?;
    let at = protocol;
    match protocol.u32()? {
        GROTH16 => protocol.end("the protocol")?,
        other => return Err(at.not("Groth16, protocol 1", &format!("protocol {other}"))),
    }
    let mut header = sections.one(HEADER)?;
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
    let (alpha_g1, beta_g1) = (finite(&mut header, Bytes::g1)?, finite(&mut header, Bytes::g1)?);
    let (beta_g2, gamma_g2) = (in_group(&mut header)?, in_group(&mut header)?);
    let (delta_g1, delta_g2) = (finite(&mut header, Bytes::g1)?, in_group(&mut header)?);
    header.end("the header")?;
    let contributions = sections.at_most_one(CONTRIBUTIONS)?.map(contributions::read);
    let contributions = contributions.transpose()?.unwrap_or_default();
    // First what is as long as the domain: a number alone must not make room for its rows.
    let h_query = points(sections.one(H_QUERY)?, domain, G1, Bytes::g1)?;
    let [a, b] = rows(sections.one(COEFFICIENTS)?, domain, variables)?;
    Ok(Zkey {
        public,
        domain,
        alpha_g1,
        beta_g1,
        beta_g2,
        gamma_g2,
        delta_g1,
        delta_g2,
        ic: points(sections.one(IC)?, public + 1, G1, Bytes::g1)?,
        a,
        b,
        a_query: points(sections.one(A_QUERY)?, variables, G1, Bytes::g1)?,
        b_g1_query: points(sections.one(B_G1_QUERY)?, variables, G1, Bytes::g1)?,
        b_g2_query: points(sections.one(B_G2_QUERY)?, variables, G2, Bytes::g2)?,
        l_query: points(sections.one(L_QUERY)?, variables - public - 1, G1, Bytes::g1)?,
        h_query,
        contributions,
    })
}

// The length first: a count alone must not make room for anything.
fn points<'a, P>(
    mut section: Bytes<'a>,
    count: usize,
    size: usize,
    read: impl Fn(&mut Bytes<'a>) -> Result<P, FormatError>,
) -> Result<Vec<P>, FormatError> {
    section.holds(count, size, "a query")?;
    (0..count).map(|_| read(&mut section)).collect()
}

// Each entry: matrix, row, variable, coefficient times R² for R = 2^256.
fn rows(mut section: Bytes<'_>, domain: usize, variables: usize) -> Result<[Rows; 2], FormatError> {
    // What reading as Montgomery form leaves of R²: once R.
    let once_more = montgomery_factor().inverse().unwrap_or_default();
    let count = section.count()?;
    section.holds(count, COEFFICIENT, "the coefficients")?;
    let mut matrices = [vec![Vec::new(); domain], vec![Vec::new(); domain]];
    for _ in 0..count {
        let at = section;
        let (matrix, row, variable) = (section.count()?, section.count()?, section.count()?);
        let coefficient = section.montgomery()? * once_more;
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
