//! The lines of a Miller loop, of points whose slopes are found by inversions: those of a key, and many that go together.

use super::sums;
use super::{Place, Step, steps};
use crate::pairing::point::Point;
use alloc::vec::Vec;
use ark_bn254::{Fq2, G2Affine};
use ark_ff::{AdditiveGroup, Field};

/// 1 + w·w + vw·v·w.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) w: Fq2,
    pub(super) vw: Fq2,
}

impl Line {
    // Through a point with this slope: at (x, y) of G1, and divided by y, 1 - slope·(x/y)·w + (slope·x' - y')·(1/y)·v·w.
    fn through(point: &Point, slope: &Fq2) -> Line {
        Line {
            w: -*slope,
            vw: sums::times(slope, &point.x) - point.y,
        }
    }

    /// Evaluated.
    pub(super) fn at(&self, place: &Place) -> Line {
        let Line { mut w, mut vw } = *self;
        w.mul_assign_by_fp(&place.x_over_y);
        vw.mul_assign_by_fp(&place.y_inverse);
        Line { w, vw }
    }
}

/// The lines of a point, one for each step: eleven kilobytes.
#[derive(Clone)]
pub(crate) struct Lines(Vec<Line>);

impl Lines {
    /// Of points of prime order.
    pub(crate) fn of<const N: usize>(points: &[G2Affine; N]) -> [Lines; N] {
        let mut running = Running::new(points);
        let mut all = [const { Lines(Vec::new()) }; N];
        for step in steps() {
            for (lines, line) in all.iter_mut().zip(running.step(step)) {
                lines.0.push(*line);
            }
        }
        all
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Line> {
        self.0.iter()
    }
}

/// Points on their way through the loop. They go together, so that each step takes one inversion: affine coordinates need the
/// fewest multiplications then.
pub(super) struct Running {
    points: Vec<OneRunning>,
    denominators: Vec<Fq2>,
    products: Vec<Fq2>,
    lines: Vec<Line>,
    exceptional: bool,
}

struct OneRunning {
    first: Point,
    now: Point,
}

impl Running {
    pub(super) fn new(points: &[G2Affine]) -> Running {
        let one = |point: &G2Affine| {
            let first = Point::from(point);
            OneRunning { first, now: first }
        };
        Running {
            points: points.iter().map(one).collect(),
            denominators: Vec::with_capacity(points.len()),
            products: Vec::with_capacity(points.len()),
            lines: Vec::with_capacity(points.len()),
            exceptional: false,
        }
    }

    /// The lines of this step.
    pub(super) fn step(&mut self, step: Step) -> &[Line] {
        self.lines.clear();
        self.denominators.clear();
        let denominator = |point: &OneRunning| match point.first.added(step) {
            None => point.now.y.double(),
            Some(other) => point.now.x - other.x,
        };
        self.denominators.extend(self.points.iter().map(denominator));
        // Where a point is of no prime order, it may come back too soon: what follows is nothing.
        self.exceptional |= !invert(&mut self.denominators, &mut self.products);
        for (OneRunning { first, now }, inverse) in self.points.iter_mut().zip(&self.denominators) {
            let other = first.added(step);
            let rise = match &other {
                None => {
                    let square = sums::square(&now.x);
                    square.double() + square
                }
                Some(other) => now.y - other.y,
            };
            let slope = sums::times(&rise, inverse);
            let line = Line::through(now, &slope);
            let x = sums::square(&slope) - now.x - other.map_or(now.x, |other| other.x);
            // The line at this x, with its sign changed.
            let y = line.vw - sums::times(&slope, &x);
            *now = Point { x, y };
            self.lines.push(line);
        }
        &self.lines
    }

    /// After all steps, whether every point was of prime order.
    pub(super) fn have_prime_order(&self) -> bool {
        !self.exceptional && self.points.iter().all(|point| point.now == point.first.last())
    }
}

// All by one inversion (Montgomery, *Speeding the Pollard and elliptic curve methods of factorization*, 1987, §10.3.1); or not, where one
// is 0.
fn invert(elements: &mut [Fq2], products: &mut Vec<Fq2>) -> bool {
    products.clear();
    let mut all = Fq2::ONE;
    for element in &*elements {
        products.push(all);
        all = sums::times(&all, element);
    }
    let Some(mut inverse) = all.inverse() else {
        return false;
    };
    for (element, before) in elements.iter_mut().zip(products).rev() {
        let rest = sums::times(&inverse, element);
        *element = sums::times(&inverse, before);
        inverse = rest;
    }
    true
}
