//! The lines of a Miller loop.

use super::{Place, Step, steps};
use alloc::vec::Vec;
use ark_bn254::{Config, Fq2, G2Affine};
use ark_ec::bn::BnConfig;
use ark_ff::{AdditiveGroup, Field, batch_inversion};

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
            vw: *slope * point.x - point.y,
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
    /// Of a point of prime order.
    pub(crate) fn of(point: &G2Affine) -> Lines {
        let mut running = Running::new(core::slice::from_ref(point));
        Lines(steps().flat_map(|step| running.step(step).to_vec()).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Line> {
        self.0.iter()
    }
}

#[derive(Clone, Copy)]
struct Point {
    x: Fq2,
    y: Fq2,
}

impl Point {
    fn frobenius(&self) -> Point {
        let conjugate = |mut element: Fq2| *element.conjugate_in_place();
        Point {
            x: conjugate(self.x) * Config::TWIST_MUL_BY_Q_X,
            y: conjugate(self.y) * Config::TWIST_MUL_BY_Q_Y,
        }
    }
}

/// Points of prime order on their way through the loop. They go together, so that each step takes one inversion: affine
/// coordinates need the fewest multiplications then.
pub(super) struct Running {
    points: Vec<G2>,
    denominators: Vec<Fq2>,
    lines: Vec<Line>,
}

struct G2 {
    first: Point,
    now: Point,
}

impl Running {
    pub(super) fn new(points: &[G2Affine]) -> Running {
        let point = |point: &G2Affine| {
            let point = Point { x: point.x, y: point.y };
            G2 {
                first: point,
                now: point,
            }
        };
        Running {
            points: points.iter().map(point).collect(),
            denominators: Vec::with_capacity(points.len()),
            lines: Vec::with_capacity(points.len()),
        }
    }

    /// The lines of this step.
    pub(super) fn step(&mut self, step: Step) -> &[Line] {
        self.lines.clear();
        self.denominators.clear();
        let other = |point: &G2| -> Option<Point> {
            let Point { x, y } = point.first;
            match step {
                Step::Double => None,
                Step::Add => Some(Point { x, y }),
                Step::Subtract => Some(Point { x, y: -y }),
                Step::AddFrobenius => Some(point.first.frobenius()),
                Step::SubtractFrobenius => {
                    let twice = point.first.frobenius().frobenius();
                    Some(Point {
                        x: twice.x,
                        y: -twice.y,
                    })
                }
            }
        };
        // None is 0: that would be a point of order 2, or a multiple of a point of prime order that comes back too soon.
        let denominator = |point: &G2| match other(point) {
            None => point.now.y.double(),
            Some(other) => point.now.x - other.x,
        };
        self.denominators.extend(self.points.iter().map(denominator));
        batch_inversion(&mut self.denominators);
        for (point, inverse) in self.points.iter_mut().zip(&self.denominators) {
            let other = other(point);
            let now = &mut point.now;
            let rise = match &other {
                None => {
                    let square = now.x.square();
                    square.double() + square
                }
                Some(other) => now.y - other.y,
            };
            let slope = rise * inverse;
            let line = Line::through(now, &slope);
            let x = slope.square() - now.x - other.map_or(now.x, |other| other.x);
            // The line at this x, with its sign changed.
            *now = Point {
                x,
                y: -(slope * x - line.vw),
            };
            self.lines.push(line);
        }
        &self.lines
    }
}
