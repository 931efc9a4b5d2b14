//! Gadgets and tiers as circuits for checkers from outside: inputs and outputs public, the rest private.
//!
//! A gadget's results are made outputs by an equality each, and are allocated first, as iden3's format
//! has them. Some circuits are broken on purpose: a checker that finds nothing wrong with them is
//! no evidence about the others.

use crate::blocks::{block_of, blocks};
use ark_relations::gr1cs::{ConstraintSynthesizer, SynthesisError};
use medproof_disclosure::Disclosure;
use medproof_gadgets::bits::{self, Bit};
use medproof_gadgets::edwards::{CurvePoint, Point};
use medproof_gadgets::fixed_base::{FixedBase, SignedScalar};
use medproof_gadgets::r1cs_file::{Declared, R1csFileError, write};
use medproof_gadgets::select::{AtMostOne, OneHot, enforce_member8, select};
use medproof_gadgets::shape::Matrices;
use medproof_gadgets::wire::enforce_product;
use medproof_gadgets::{Cs, Wire, compare, eddsa, poseidon2, variable_base};
use medproof_statement::Fr;
use medproof_statement::eddsa::EdwardsAffine;
use medproof_statement::tier::Tier;

type Made = Result<(), SynthesisError>;

/// A circuit to be written: its name, which of its variables are outputs and inputs, and its constraints.
pub struct Export {
    /// The name of its files.
    pub name: &'static str,
    declared: Declared,
    build: fn(&Cs) -> Made,
}

/// Its two files: the constraints, and the names of the wires.
pub struct Files {
    /// iden3's binary format.
    pub r1cs: Vec<u8>,
    /// circom's list of signals: label, wire, component, name.
    pub sym: String,
}

impl Export {
    /// The circuit's matrices.
    pub fn matrices(&self) -> Matrices {
        Matrices::synthesise(self).expect("a circuit that needs no values")
    }

    /// Its files.
    ///
    /// # Errors
    /// Those of [`write()`].
    pub fn files(&self) -> Result<Files, R1csFileError> {
        let matrices = self.matrices();
        let Declared { outputs, private } = self.declared;
        let name = |wire| match wire {
            _ if wire <= outputs => format!("out{}", wire - 1),
            _ if wire < matrices.inputs() + private => format!("in{}", wire - 1 - outputs),
            _ => format!("w{}", wire - matrices.inputs() - private),
        };
        let sym = symbols(&matrices, name);
        Ok(Files {
            r1cs: write(&matrices, self.declared)?,
            sym,
        })
    }
}

impl ConstraintSynthesizer<Fr> for &Export {
    fn generate_constraints(self, cs: Cs) -> Made {
        (self.build)(&cs)
    }
}

/// A tier's files: its public inputs, and witness variables named by the block that mentions them first.
///
/// # Errors
/// Those of [`write()`].
pub fn tier(tier: Tier) -> Result<Files, R1csFileError> {
    let matrices = Matrices::synthesise(Disclosure::blank(tier)).expect("a circuit");
    let inputs = [
        "registry_root",
        "policy_digest",
        "request_digest",
        "nullifier",
        "consent_handle",
    ];
    let blocks = blocks(tier);
    let first = first_rows(&matrices);
    let name = |wire: usize| match inputs.get(wire - 1) {
        Some(name) => (*name).to_owned(),
        None => {
            let block = block_of(&blocks, first[wire]);
            let slot = block.slot.map_or_else(String::new, |slot| format!("slot{slot}."));
            let block = block.name.replace([':', ','], "").replace(' ', "_");
            format!("{slot}{block}.w{}", wire - matrices.inputs())
        }
    };
    let sym = symbols(&matrices, name);
    Ok(Files {
        r1cs: write(&matrices, Declared::default())?,
        sym,
    })
}

fn symbols(matrices: &Matrices, name: impl Fn(usize) -> String) -> String {
    let wires = 1..matrices.inputs() + matrices.witness();
    wires
        .map(|wire| format!("{wire},{wire},0,main.{}\n", name(wire)))
        .collect()
}

// For each wire the first row that mentions it.
fn first_rows(matrices: &Matrices) -> Vec<usize> {
    let mut first = vec![usize::MAX; matrices.inputs() + matrices.witness()];
    for matrix in matrices.abc() {
        for (row, terms) in matrix.iter().enumerate() {
            for (_, wire) in terms {
                first[*wire] = first[*wire].min(row);
            }
        }
    }
    first
}

macro_rules! permutation {
    ($name:literal, $width:literal) => {
        export($name, $width, |cs| {
            let out: [Wire; $width] = wires(cs)?;
            equal(cs, &poseidon2::permute::<$width>(cs, &wires(cs)?)?, &out)
        })
    };
}

/// Every gadget.
pub const GADGETS: &[Export] = &[
    export("bit-xor", 1, |cs| {
        let [out] = wires(cs)?;
        let [a, b] = bits_of(cs)?;
        a.xor(cs, &b)?.wire().enforce_equal(cs, &out)
    }),
    export("range-64", 64, |cs| {
        let out: [Wire; 64] = wires(cs)?;
        let [x] = wires(cs)?;
        equal(cs, bits::decompose(cs, &x, 64)?.iter().map(Bit::wire), &out)
    }),
    export("range-252", 252, |cs| {
        let out: [Wire; 252] = wires(cs)?;
        let [x] = wires(cs)?;
        equal(cs, bits::decompose(cs, &x, 252)?.iter().map(Bit::wire), &out)
    }),
    export("canonical", 254, |cs| {
        let out: [Wire; 254] = wires(cs)?;
        let [x] = wires(cs)?;
        equal(cs, bits::decompose_canonical(cs, &x)?.iter().map(Bit::wire), &out)
    }),
    export("is-zero", 1, |cs| {
        let [out, x] = wires(cs)?;
        bits::is_zero(cs, &x)?.wire().enforce_equal(cs, &out)
    }),
    export("is-equal", 1, |cs| {
        let [out, a, b] = wires(cs)?;
        bits::is_equal(cs, &a, &b)?.wire().enforce_equal(cs, &out)
    }),
    export("compare-le-64", 1, |cs| {
        let [out, a, b] = wires(cs)?;
        compare::is_le(cs, &a, &b, 64)?.wire().enforce_equal(cs, &out)
    }),
    export("compare-lt-136", 1, |cs| {
        let [out, a, b] = wires(cs)?;
        compare::is_lt(cs, &a, &b, 136)?.wire().enforce_equal(cs, &out)
    }),
    export("select", 1, |cs| {
        let [out, yes, no] = wires(cs)?;
        let [bit] = bits_of(cs)?;
        select(cs, &bit, &yes, &no)?.enforce_equal(cs, &out)
    }),
    export("member-8", 1, |cs| {
        let [out] = wires(cs)?;
        let index = bits_of(cs)?;
        enforce_member8(cs, &index, &wires(cs)?, &out)
    }),
    export("one-hot-8", 1, |cs| {
        let [out, at] = wires(cs)?;
        let values: [Wire; 8] = wires(cs)?;
        let hot = OneHot::witness(cs, 8, missing)?;
        let places: Vec<Fr> = (0..8u64).map(Fr::from).collect();
        hot.choose_constant(&places)?.enforce_equal(cs, &at)?;
        hot.choose(cs, &values)?.enforce_equal(cs, &out)
    }),
    export("at-most-one-8", 1, |cs| {
        let [out, at] = wires(cs)?;
        let values: [Wire; 8] = wires(cs)?;
        let hot = AtMostOne::witness(cs, 8, missing)?;
        let places: Vec<Fr> = (1..9u64).map(Fr::from).collect();
        hot.choose_constant(&places)?.enforce_equal(cs, &at)?;
        hot.choose(cs, &values)?.enforce_equal(cs, &out)
    }),
    permutation!("poseidon2-4", 4),
    permutation!("poseidon2-8", 8),
    permutation!("poseidon2-12", 12),
    permutation!("poseidon2-16", 16),
    export("tree-level", 2, |cs| {
        let [root, leaf] = wires(cs)?;
        let (index, children) = (bits_of(cs)?, wires(cs)?);
        enforce_member8(cs, &index, &children, &leaf)?;
        poseidon2::compress8(cs, &children)?.enforce_equal(cs, &root)
    }),
    export("edwards-add", 2, |cs| {
        let out = wires(cs)?;
        let (p, q) = (curve_point(cs)?, curve_point(cs)?);
        point_is(cs, &p.add(cs, &q)?, &out)
    }),
    export("edwards-double", 2, |cs| {
        let out = wires(cs)?;
        let p = curve_point(cs)?;
        point_is(cs, &p.double(cs)?, &out)
    }),
    with_private("fixed-base", 2, 3 * 84, |cs| {
        let out = wires(cs)?;
        let scalar = SignedScalar::witness(cs, missing)?;
        let base = FixedBase::new(&<EdwardsAffine as ark_ec::AffineRepr>::generator());
        point_is(cs, &base.times(cs, &scalar)?, &out)
    }),
    export("variable-base", 2, |cs| {
        let out = wires(cs)?;
        let point = curve_point(cs)?;
        let scalar: [Bit; bits::CANONICAL_BITS] = bits_of(cs)?;
        point_is(cs, &variable_base::times(cs, &point, &scalar)?, &out)
    }),
    // The nonce point and the scalar's digits are the signer's to choose.
    with_private("eddsa", 0, 2 + 3 * 84, |cs| {
        let [x, y, message] = wires(cs)?;
        eddsa::enforce_verifies(cs, &Point { x, y }, &message, missing)
    }),
];

/// Circuits with the field's recorded mistakes in them.
pub const BROKEN: &[Export] = &[
    // Weights of powers of two on what need not be bits.
    export("broken-range", 8, |cs| {
        let out: [Wire; 8] = wires(cs)?;
        let [x] = wires(cs)?;
        let digits: Vec<Bit> = out.iter().cloned().map(Bit::assume).collect();
        bits::pack(&digits).enforce_equal(cs, &x)
    }),
    // 254 bits without a bound: x and x + p.
    export("broken-alias", 254, |cs| {
        let out: [Bit; 254] = bits_of(cs)?;
        let [x] = wires(cs)?;
        bits::pack(&out).enforce_equal(cs, &x)
    }),
    // The half of is-zero that lets any number be called zero.
    export("broken-is-zero", 1, |cs| {
        let [out, x] = wires(cs)?;
        let inverse = Wire::witness(cs, missing)?;
        enforce_product(cs, &x, &inverse, &(Wire::from(1) - out))
    }),
    // A slope that two equal points leave open.
    export("broken-slope", 1, |cs| {
        let [out, u1, v1, u2, v2] = wires(cs)?;
        enforce_product(cs, &out, &(u2 - u1), &(v2 - v1))
    }),
    // A base assigned anew, as in Orchard until 2026.
    export("broken-base", 2, |cs| {
        let out = wires(cs)?;
        curve_point(cs)?;
        let scalar: [Bit; bits::CANONICAL_BITS] = bits_of(cs)?;
        let another = CurvePoint::enforce(cs, Point::witness(cs, missing)?)?;
        point_is(cs, &variable_base::times(cs, &another, &scalar)?, &out)
    }),
    // An index that need not be made of bits.
    export("broken-member", 1, |cs| {
        let [out, at] = wires(cs)?;
        let items = wires(cs)?;
        let digit = || Wire::witness(cs, missing).map(Bit::assume);
        let index = [digit()?, digit()?, digit()?];
        bits::pack(&index).enforce_equal(cs, &at)?;
        enforce_member8(cs, &index, &items, &out)
    }),
];

const fn export(name: &'static str, outputs: usize, build: fn(&Cs) -> Made) -> Export {
    with_private(name, outputs, 0, build)
}

const fn with_private(name: &'static str, outputs: usize, private: usize, build: fn(&Cs) -> Made) -> Export {
    let declared = Declared { outputs, private };
    Export { name, declared, build }
}

fn missing<T>() -> Result<T, SynthesisError> {
    Err(SynthesisError::AssignmentMissing)
}

/// The next public inputs.
fn wires<const N: usize>(cs: &Cs) -> Result<[Wire; N], SynthesisError> {
    let wires: Result<Vec<Wire>, _> = (0..N).map(|_| Wire::input(cs, missing)).collect();
    wires?.try_into().map_err(|_| SynthesisError::Unsatisfiable)
}

fn bits_of<const N: usize>(cs: &Cs) -> Result<[Bit; N], SynthesisError> {
    let bits: Result<Vec<Bit>, _> = wires::<N>(cs)?.into_iter().map(|wire| Bit::enforce(cs, wire)).collect();
    bits?.try_into().map_err(|_| SynthesisError::Unsatisfiable)
}

fn curve_point(cs: &Cs) -> Result<CurvePoint, SynthesisError> {
    let [x, y] = wires(cs)?;
    CurvePoint::enforce(cs, Point { x, y })
}

fn point_is(cs: &Cs, point: &CurvePoint, out: &[Wire; 2]) -> Made {
    point.x().enforce_equal(cs, &out[0])?;
    point.y().enforce_equal(cs, &out[1])
}

fn equal<'a>(cs: &Cs, results: impl IntoIterator<Item = &'a Wire>, out: &[Wire]) -> Made {
    let mut pairs = results.into_iter().zip(out);
    pairs.try_for_each(|(result, out)| result.enforce_equal(cs, out))
}
