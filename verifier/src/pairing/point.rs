//! Points of the twist, and where a Miller loop brings those of prime order.

use super::Step;
use ark_bn254::{Config, Fq2, G2Affine};
use ark_ec::bn::BnConfig;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) x: Fq2,
    pub(super) y: Fq2,
}

impl From<&G2Affine> for Point {
    fn from(point: &G2Affine) -> Point {
        Point { x: point.x, y: point.y }
    }
}

impl Point {
    /// What a step adds; nothing where it doubles.
    pub(super) fn added(&self, step: Step) -> Option<Point> {
        match step {
            Step::Double => None,
            Step::Add => Some(*self),
            Step::Subtract => Some(self.opposite()),
            Step::AddFrobenius => Some(self.frobenius()),
            Step::SubtractFrobenius => Some(self.frobenius().frobenius().opposite()),
        }
    }

    /// Where the loop ends, for a point Q of prime order: [6x + 2]Q + ψ(Q) - ψ²(Q) = -ψ³(Q), with the curve's parameter x and the
    /// twist's Frobenius ψ. For no other: the norm of 6x + 2 + ψ - ψ² + ψ³ and the twist's order have the subgroup's order as
    /// their greatest common divisor (Dai, Lin, Zhao, Zhou, *Fast subgroup membership testings for G1, G2 and GT on
    /// pairing-friendly curves*, 2022/348, §4).
    pub(super) fn last(&self) -> Point {
        self.frobenius().frobenius().frobenius().opposite()
    }

    fn opposite(&self) -> Point {
        Point { x: self.x, y: -self.y }
    }

    fn frobenius(&self) -> Point {
        let conjugate = |mut element: Fq2| *element.conjugate_in_place();
        Point {
            x: conjugate(self.x) * Config::TWIST_MUL_BY_Q_X,
            y: conjugate(self.y) * Config::TWIST_MUL_BY_Q_Y,
        }
    }
}
