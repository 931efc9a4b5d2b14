//! A turn: δ times a secret, and L and H divided by it.

use super::verify::{Transcript, Verified};
use super::{Initial, Phase2Error};
use crate::draws::{Draws, g2_of};
use crate::progress::{Meter, Stage};
use crate::ratio::NoRandomness;
use crate::{FEWEST_ITERATIONS, MOST_ITERATIONS};
use ark_bn254::{Fr, G1Affine};
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field, PrimeField, Zero};
use blake2::{Blake2b512, Digest};
use medproof_keys::Progress;
use medproof_keys::circom::{Contribution, Source, Zkey};
use medproof_lanes::Path;
use medproof_lanes::multiples::{Factor, scale};
use medproof_lanes::points::{Curve, Packed};
use rayon::prelude::*;
use zeroize::Zeroizing;

/// What a contributor's secret is made of: randomness of the operating system, and anything that the
/// contributor adds, so that neither alone has to be trusted. Wiped when dropped.
pub struct Entropy(Zeroizing<[u8; 64]>);

impl Entropy {
    /// Of both.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn new(own: &[u8]) -> Result<Entropy, NoRandomness> {
        let mut system = Zeroizing::new([0; 64]);
        getrandom::fill(&mut *system).map_err(NoRandomness)?;
        let hash = Blake2b512::new()
            .chain_update(b"medproof/v1/ceremony/entropy")
            .chain_update(system.as_slice())
            .chain_update(own);
        Ok(Entropy(Zeroizing::new(hash.finalize().into())))
    }

    // 512 bits for a number of 254: as good as any below the modulus.
    fn scalar(&self, of: &[u8]) -> Zeroizing<Fr> {
        let hash = Blake2b512::new().chain_update(self.0.as_slice()).chain_update(of);
        let wide: Zeroizing<[u8; 64]> = Zeroizing::new(hash.finalize().into());
        Zeroizing::new(Fr::from_le_bytes_mod_order(&*wide))
    }

    // Nothing of it is secret: it shows x·S for an S of one's own.
    fn point(&self) -> G1Affine {
        let hash = Blake2b512::new().chain_update(self.0.as_slice()).chain_update(b"point");
        let wide: [u8; 64] = hash.finalize().into();
        let mut seed = [0; 32];
        seed.copy_from_slice(wide.split_at(32).0);
        Draws::new(&seed).g1()
    }
}

struct Secret {
    x: Zeroizing<Fr>,
    g1_s: G1Affine,
    source: Source,
    name: Option<String>,
}

impl Verified {
    /// The key after one turn more.
    ///
    /// # Errors
    /// [`Phase2Error::AfterBeacon`]; [`Phase2Error::Cancelled`], which leaves nothing.
    pub fn contribute(
        self,
        entropy: &Entropy,
        name: Option<String>,
        progress: &dyn Progress<Stage>,
    ) -> Result<Verified, Phase2Error> {
        let mut x = entropy.scalar(b"secret");
        if x.is_zero() {
            // One in 2^254.
            *x = Fr::ONE.double();
        }
        let g1_s = entropy.point();
        let source = Source::Secret;
        self.multiply(Secret { x, g1_s, source, name }, progress)
    }

    /// The key after a beacon, which ends its ceremony: as snarkjs' `zkey beacon`.
    ///
    /// # Errors
    /// [`Phase2Error::Iterations`], and those of [`Verified::contribute`].
    pub fn beacon(
        self,
        value: Vec<u8>,
        iterations: u8,
        name: Option<String>,
        progress: &dyn Progress<Stage>,
    ) -> Result<Verified, Phase2Error> {
        if !(FEWEST_ITERATIONS..=MOST_ITERATIONS).contains(&iterations) {
            return Err(Phase2Error::Iterations { found: iterations });
        }
        let mut draws = Draws::of_beacon(&value, iterations, progress)?;
        let secret = Secret {
            x: Zeroizing::new(draws.scalar()),
            g1_s: draws.g1(),
            source: Source::Beacon { iterations, value },
            name,
        };
        self.multiply(secret, progress)
    }

    fn multiply(self, secret: Secret, progress: &dyn Progress<Stage>) -> Result<Verified, Phase2Error> {
        let turn = self.key().contributions.turns.len() + 1;
        if self.ended() {
            return Err(Phase2Error::AfterBeacon { turn });
        }
        let mut key = self.into_key();
        let contribution = proven(&key, &secret);
        let by = |p: G1Affine| (p * *secret.x).into_affine();
        (key.delta_g1, key.delta_g2) = (by(key.delta_g1), (key.delta_g2 * *secret.x).into_affine());
        key.contributions.turns.push(contribution);
        // A secret is not 0.
        let inverse = Zeroizing::new(secret.x.inverse().unwrap_or_default());
        let total = (key.l_query.len() + key.h_query.len()) as u64;
        let mut meter = Meter::new(progress, Stage::Multiplying, total);
        for query in [&mut key.l_query, &mut key.h_query] {
            divide(query, &inverse, &mut meter)?;
        }
        Ok(Verified::contributed(key))
    }
}

fn proven(key: &Zkey, secret: &Secret) -> Contribution {
    let g1_s = secret.g1_s;
    let g1_sx = (g1_s * *secret.x).into_affine();
    let transcript = Transcript::of(&key.contributions).with(&g1_s, &g1_sx);
    Contribution {
        delta_after: (key.delta_g1 * *secret.x).into_affine(),
        g1_s,
        g1_sx,
        g2_spx: (g2_of(&transcript) * *secret.x).into_affine(),
        transcript,
        source: secret.source.clone(),
        name: secret.name.clone(),
    }
}

fn divide(points: &mut [G1Affine], inverse: &Fr, meter: &mut Meter<'_>) -> Result<(), Phase2Error> {
    const TOGETHER: usize = 1 << 13;
    let path = Path::best();
    let factor = Factor::new::<G1Affine, 1>(inverse);
    for points in points.chunks_mut(TOGETHER) {
        let mut packed: Vec<Packed<1>> = points.par_iter().map(|point| point.pack(path)).collect();
        scale::<G1Affine, 1>(&mut packed, |_| &factor, path);
        points
            .par_iter_mut()
            .zip(&packed)
            .for_each(|(point, packed)| *point = G1Affine::unpack(path, packed));
        meter.add(points.len() as u64)?;
    }
    Ok(())
}

impl From<Initial> for Verified {
    /// A key without contributions.
    fn from(initial: Initial) -> Verified {
        Verified::contributed(initial.into_key())
    }
}
