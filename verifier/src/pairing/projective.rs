//! A point on its way through a Miller loop by itself: homogeneous coordinates need no inversion (Costello, Lange, Naehrig,
//! *Faster pairing computations on curves with high-degree twists*, PKC 2010, §5; Aranha, Barreto, Longa, Ricardini, *The realm of
//! the pairings*, SAC 2013, §4).

use super::lines::Line;
use super::point::Point;
use super::sums::{self, Factor};
use super::{Place, Step};
use ark_bn254::{Fq2, G2Affine};
use ark_ff::{AdditiveGroup, Field, MontFp};

/// A multiple of a point: (x/z, y/z).
pub(super) struct Projective {
    first: Point,
    x: Fq2,
    y: Fq2,
    z: Fq2,
}

/// c + (w + vw·v)·w, a line times its coefficient c.
pub(super) struct WholeLine {
    pub(super) c: Fq2,
    pub(super) line: Line,
}

impl WholeLine {
    /// Evaluated.
    pub(super) fn at(&self, place: &Place) -> WholeLine {
        WholeLine {
            c: self.c,
            line: self.line.at(place),
        }
    }
}

impl Projective {
    pub(super) fn new(point: &G2Affine) -> Projective {
        let first = Point::from(point);
        Projective {
            first,
            x: first.x,
            y: first.y,
            z: Fq2::ONE,
        }
    }

    /// The line of this step.
    pub(super) fn step(&mut self, step: Step) -> WholeLine {
        match self.first.added(step) {
            None => self.double(),
            Some(other) => self.add(&other),
        }
    }

    /// After all steps, whether the point was of prime order. Once z is 0 it stays so: where it is not, no step met a point that it
    /// is not for.
    pub(super) fn has_prime_order(&self) -> bool {
        let Point { x, y } = self.first.last();
        self.z != Fq2::ZERO && self.x == sums::times(&x, &self.z) && self.y == sums::times(&y, &self.z)
    }

    // With all coordinates four times as great as in the paper, which halves.
    fn double(&mut self) -> WholeLine {
        let Projective { x, y, z, .. } = self;
        let (b, j) = (sums::square(y), sums::square(x));
        let e = sums::times(&sums::square(z), &THREE_B);
        let f = e.double() + e;
        let h = sums::times(y, z).double();
        let square = sums::square(&e).double();
        *x = sums::times(&sums::times(x, y).double(), &(b - f));
        *y = sums::square(&(b + f)) - (square.double() + square).double();
        *z = sums::times(&b, &h).double().double();
        let (w, vw) = (j.double() + j, e - b);
        WholeLine {
            c: -h,
            line: Line { w, vw },
        }
    }

    fn add(&mut self, other: &Point) -> WholeLine {
        let Projective { x, y, z, .. } = self;
        let rise = *y - sums::times(&other.y, z);
        let run = *x - sums::times(&other.x, z);
        let squared = sums::square(&run);
        let cubed = sums::times(&run, &squared);
        let g = sums::times(x, &squared);
        let h = cubed + sums::times(&sums::square(&rise), z) - g.double();
        let (by_rise, by_cubed) = (Factor::new(&rise), Factor::new(&cubed));
        *x = sums::times(&run, &h);
        *y = sums::of_two([(&(g - h), &by_rise), (&-*y, &by_cubed)]);
        *z = sums::times(z, &cubed);
        let vw = sums::of_two([(&other.x, &by_rise), (&-run, &Factor::new(&other.y))]);
        WholeLine {
            c: run,
            line: Line { w: -rise, vw },
        }
    }
}

// Of the twist y² = x³ + b.
const THREE_B: Fq2 = Fq2::new(
    MontFp!("14681138511599513868579906292550611339979233093309515871315818100066920017953"),
    MontFp!("800789373359973483740722161411851527635230895998700865708135532730922910070"),
);

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::g2;
    use ark_ec::short_weierstrass::SWCurveConfig;

    #[test]
    fn three_times_b_is_that() {
        assert_eq!(THREE_B, <g2::Config as SWCurveConfig>::COEFF_B * Fq2::from(3u64));
    }
}
