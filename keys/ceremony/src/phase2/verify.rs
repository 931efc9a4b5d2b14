//! That a key is what contributors made, one after the other, of the initial one.

use super::{Initial, Phase2Error};
use crate::draws::{Draws, g2_of};
use crate::encoding;
use crate::progress::{Meter, Stage};
use crate::ratio::{Ratios, coefficients};
use crate::{FEWEST_ITERATIONS, MOST_ITERATIONS};
use ark_bn254::{G1Affine, G1Projective, G2Affine};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use blake2::{Blake2b512, Digest};
use medproof_keys::Progress;
use medproof_keys::circom::{Contribution, Contributions, HASH, Source, Zkey};

/// A key of which it is known how it was made.
pub struct Verified {
    key: Zkey,
}

impl std::fmt::Debug for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verified").field("key", &self.key).finish()
    }
}

/// Hash of all turns so far, before the next.
pub(super) struct Transcript(Blake2b512);

impl Transcript {
    fn begin(circuit: &[u8; HASH]) -> Self {
        Transcript(Blake2b512::new().chain_update(circuit))
    }

    pub(super) fn of(contributions: &Contributions) -> Self {
        let mut transcript = Self::begin(&contributions.circuit);
        contributions.turns.iter().for_each(|turn| transcript.add(turn));
        transcript
    }

    fn add(&mut self, turn: &Contribution) {
        hash(&mut self.0, turn);
    }

    /// And of the next contributor's points.
    pub(super) fn with(&self, g1_s: &G1Affine, g1_sx: &G1Affine) -> [u8; HASH] {
        let hash = self
            .0
            .clone()
            .chain_update(encoding::g1(g1_s))
            .chain_update(encoding::g1(g1_sx));
        hash.finalize().into()
    }
}

fn hash(hash: &mut Blake2b512, turn: &Contribution) {
    for point in [&turn.delta_after, &turn.g1_s, &turn.g1_sx] {
        hash.update(encoding::g1(point));
    }
    hash.update(encoding::g2(&turn.g2_spx));
    hash.update(turn.transcript);
}

/// A contribution's hash, which contributors publish: snarkjs prints the same.
#[must_use]
pub fn contribution_hash(turn: &Contribution) -> [u8; HASH] {
    let mut of_one = Blake2b512::new();
    hash(&mut of_one, turn);
    of_one.finalize().into()
}

impl Verified {
    /// Verifies a key against the one that its ceremony began with.
    ///
    /// # Errors
    /// [`Phase2Error`] with the contribution, or the part of the key, that is not what it should be.
    pub fn new(key: Zkey, initial: &Initial, progress: &dyn Progress<Stage>) -> Result<Verified, Phase2Error> {
        let turns = key.contributions.turns.len();
        let mut meter = Meter::new(progress, Stage::Contributions, turns as u64 + 3);
        same(&key, initial.key())?;
        meter.add(1)?;
        let mut ratios = Ratios::new();
        delta(&key, &mut ratios, &mut meter, progress)?;
        let g2 = G2Affine::generator();
        let queries = [
            ("the L query", &key.l_query, &initial.key().l_query),
            ("the H query", &key.h_query, &initial.key().h_query),
        ];
        for (part, now, before) in queries {
            if let Some(sums) = sums(now, before, part)? {
                ratios.claim(sums, [g2, key.delta_g2], Claimed::Key(part));
            }
            meter.add(1)?;
        }
        conclude(ratios)?;
        Ok(Verified { key })
    }

    pub(super) const fn contributed(key: Zkey) -> Verified {
        Verified { key }
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &Zkey {
        &self.key
    }

    /// The key alone.
    #[must_use]
    pub fn into_key(self) -> Zkey {
        self.key
    }

    /// Whether its last turn was a beacon: nothing comes after it.
    #[must_use]
    pub fn ended(&self) -> bool {
        let last = self.key.contributions.turns.last();
        last.is_some_and(|turn| matches!(turn.source, Source::Beacon { .. }))
    }
}

/// That a key's delta is what its contributions made of 1: all that can be seen without its initial key.
///
/// # Errors
/// [`Phase2Error`] with the contribution, or the part of the key, that is not what it should be.
pub fn check_delta(key: &Zkey, progress: &dyn Progress<Stage>) -> Result<(), Phase2Error> {
    let turns = key.contributions.turns.len();
    let mut meter = Meter::new(progress, Stage::Contributions, turns as u64);
    let mut ratios = Ratios::new();
    delta(key, &mut ratios, &mut meter, progress)?;
    conclude(ratios)
}

fn delta(
    key: &Zkey,
    ratios: &mut Ratios<Claimed>,
    meter: &mut Meter<'_>,
    progress: &dyn Progress<Stage>,
) -> Result<(), Phase2Error> {
    chain(&key.contributions, ratios, meter, progress)?;
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let last = key.contributions.turns.last().map_or(g1, |turn| turn.delta_after);
    if key.delta_g1 != last {
        return Err(Phase2Error::Altered { part: "delta in G1" });
    }
    ratios.claim([g1, key.delta_g1], [g2, key.delta_g2], Claimed::Key("delta in G2"));
    Ok(())
}

fn conclude(ratios: Ratios<Claimed>) -> Result<(), Phase2Error> {
    match ratios.check()? {
        None => Ok(()),
        Some(Claimed::Turn { turn, what }) => Err(Phase2Error::Contribution { turn, what }),
        Some(Claimed::Key(part)) => Err(Phase2Error::Altered { part }),
    }
}

#[derive(Clone)]
enum Claimed {
    Turn { turn: usize, what: &'static str },
    Key(&'static str),
}

// What no contribution changes.
fn same(key: &Zkey, initial: &Zkey) -> Result<(), Phase2Error> {
    let parts = [
        ("the number of public inputs", key.public == initial.public),
        ("the domain", key.domain == initial.domain),
        (
            "the circuit's hash",
            key.contributions.circuit == initial.contributions.circuit,
        ),
        ("alpha", key.alpha_g1 == initial.alpha_g1),
        ("beta in G1", key.beta_g1 == initial.beta_g1),
        ("beta in G2", key.beta_g2 == initial.beta_g2),
        ("gamma", key.gamma_g2 == initial.gamma_g2),
        ("IC", key.ic == initial.ic),
        ("matrix A", key.a == initial.a),
        ("matrix B", key.b == initial.b),
        ("the A query", key.a_query == initial.a_query),
        ("the B query in G1", key.b_g1_query == initial.b_g1_query),
        ("the B query in G2", key.b_g2_query == initial.b_g2_query),
        ("the length of the L query", key.l_query.len() == initial.l_query.len()),
        ("the length of the H query", key.h_query.len() == initial.h_query.len()),
    ];
    match parts.into_iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((part, _)) => Err(Phase2Error::Other { part }),
    }
}

// Each turn against the ones before it.
fn chain(
    contributions: &Contributions,
    ratios: &mut Ratios<Claimed>,
    meter: &mut Meter<'_>,
    progress: &dyn Progress<Stage>,
) -> Result<(), Phase2Error> {
    let mut transcript = Transcript::begin(&contributions.circuit);
    let mut delta = G1Affine::generator();
    for (i, c) in contributions.turns.iter().enumerate() {
        let turn = i + 1;
        let not = |what| Phase2Error::Contribution { turn, what };
        if transcript.with(&c.g1_s, &c.g1_sx) != c.transcript {
            return Err(not("its hash"));
        }
        // Who multiplied by 1 did nothing, and everyone sees it.
        if c.g1_s == c.g1_sx {
            return Err(not("a factor other than 1"));
        }
        let g2_sp = g2_of(&c.transcript);
        let named = |what| Claimed::Turn { turn, what };
        ratios.claim([c.g1_s, c.g1_sx], [g2_sp, c.g2_spx], named("the proof of its secret"));
        ratios.claim([delta, c.delta_after], [g2_sp, c.g2_spx], named("delta"));
        if let Source::Beacon { iterations, value } = &c.source {
            if turn < contributions.turns.len() {
                return Err(Phase2Error::AfterBeacon { turn: turn + 1 });
            }
            beacon(c, turn, *iterations, value, progress)?;
        }
        transcript.add(c);
        delta = c.delta_after;
        meter.add(1)?;
    }
    Ok(())
}

fn beacon(
    c: &Contribution,
    turn: usize,
    iterations: u8,
    value: &[u8],
    progress: &dyn Progress<Stage>,
) -> Result<(), Phase2Error> {
    if !(FEWEST_ITERATIONS..=MOST_ITERATIONS).contains(&iterations) {
        return Err(Phase2Error::Iterations { found: iterations });
    }
    let mut draws = Draws::of_beacon(value, iterations, progress)?;
    let x = draws.scalar();
    let g1_s = draws.g1();
    if c.g1_s != g1_s || c.g1_sx != (g1_s * x).into_affine() {
        return Err(Phase2Error::Beacon {
            turn,
            what: "its factor",
        });
    }
    Ok(())
}

// Σ ρ_i of the query now and of that before: from one to the other as from 1 to δ. `None` where both are
// infinity, as of a query without points.
fn sums(now: &[G1Affine], before: &[G1Affine], part: &'static str) -> Result<Option<[G1Affine; 2]>, Phase2Error> {
    let weights = coefficients(now.len())?;
    let sums = [now, before].map(|points| G1Projective::msm_unchecked(points, &weights).into_affine());
    match sums.map(|sum| sum.is_zero()) {
        [true, true] => Ok(None),
        [false, false] => Ok(Some(sums)),
        _ => Err(Phase2Error::Altered { part }),
    }
}
