//! The field of degree twelve, by sums of products: Fq12 = Fq6\[w\]/(w² - v), Fq6 = Fq2\[v\]/(v³ - ξ).

use super::lines::Line;
use super::sums::{self, Factor};
use ark_bn254::{Fq2, Fq6, Fq6Config, Fq12, Fq12Config};
use ark_ff::{AdditiveGroup, Fp6Config, Fp12Config};

/// a·b.
pub(super) fn times(a: &Fq12, b: &Fq12) -> Fq12 {
    let (even, odd) = (times_6(&a.c0, &b.c0), times_6(&a.c1, &b.c1));
    let crossed = times_6(&(a.c0 + a.c1), &(b.c0 + b.c1)) - even - odd;
    Fq12::new(even + times_v(odd), crossed)
}

/// a².
pub(super) fn square(a: &Fq12) -> Fq12 {
    // (e + o)(e + v·o) is e² + v·o² and (1 + v)eo.
    let product = times_6(&a.c0, &a.c1);
    let even = times_6(&(a.c0 + a.c1), &(a.c0 + times_v(a.c1))) - product - times_v(product);
    Fq12::new(even, product.double())
}

/// a², of an element whose order divides p⁴ - p² + 1 (Granger, Scott, *Faster squaring in the cyclotomic subgroup of sixth
/// degree extensions*, PKC 2010, §3.2).
pub(super) fn cyclotomic_square(a: &Fq12) -> Fq12 {
    let Fq12 { c0: e, c1: o } = a;
    let (s0, t0) = square_4(&e.c0, &o.c1);
    let (s1, t1) = square_4(&o.c0, &e.c2);
    let (s2, t2) = square_4(&e.c1, &o.c2);
    Fq12::new(
        Fq6::new(minus(s0, e.c0), minus(s1, e.c1), minus(s2, e.c2)),
        Fq6::new(plus(times_xi(t2), o.c0), plus(t0, o.c1), plus(t1, o.c2)),
    )
}

// (a + b·s)² with s² = ξ: both parts.
fn square_4(a: &Fq2, b: &Fq2) -> (Fq2, Fq2) {
    let factor = Factor::new(b);
    let even = sums::of_two([(a, &Factor::new(a)), (&times_xi(*b), &factor)]);
    (even, sums::times(a, b).double())
}

// 3s - 2a.
fn minus(s: Fq2, a: Fq2) -> Fq2 {
    (s - a).double() + s
}

// 3t + 2a.
fn plus(t: Fq2, a: Fq2) -> Fq2 {
    (t + a).double() + t
}

/// f·(1 + (a + b·v)·w).
pub(super) fn times_line(f: &Fq12, line: &Line) -> Fq12 {
    let [a, b, rb] = [line.w, line.vw, times_xi(line.vw)].map(|element| Factor::new(&element));
    let Fq12 { c0: e, c1: o } = f;
    Fq12::new(
        Fq6::new(
            e.c0 + times_xi(sums::of_two([(&o.c2, &a), (&o.c1, &b)])),
            e.c1 + sums::of_two([(&o.c0, &a), (&o.c2, &rb)]),
            e.c2 + sums::of_two([(&o.c1, &a), (&o.c0, &b)]),
        ),
        Fq6::new(
            o.c0 + sums::of_two([(&e.c0, &a), (&e.c2, &rb)]),
            o.c1 + sums::of_two([(&e.c1, &a), (&e.c0, &b)]),
            o.c2 + sums::of_two([(&e.c2, &a), (&e.c1, &b)]),
        ),
    )
}

/// f·(c + (a + b·v)·w).
pub(super) fn times_whole_line(f: &Fq12, c: &Fq2, line: &Line) -> Fq12 {
    let [c, a, b] = [*c, line.w, line.vw].map(|element| Factor::new(&element));
    let [ra, rb] = [line.w, line.vw].map(|element| Factor::new(&times_xi(element)));
    let Fq12 { c0: e, c1: o } = f;
    Fq12::new(
        Fq6::new(
            sums::of_three([(&e.c0, &c), (&o.c2, &ra), (&o.c1, &rb)]),
            sums::of_three([(&e.c1, &c), (&o.c0, &a), (&o.c2, &rb)]),
            sums::of_three([(&e.c2, &c), (&o.c1, &a), (&o.c0, &b)]),
        ),
        Fq6::new(
            sums::of_three([(&o.c0, &c), (&e.c0, &a), (&e.c2, &rb)]),
            sums::of_three([(&o.c1, &c), (&e.c1, &a), (&e.c0, &b)]),
            sums::of_three([(&o.c2, &c), (&e.c2, &a), (&e.c1, &b)]),
        ),
    )
}

fn times_6(a: &Fq6, b: &Fq6) -> Fq6 {
    let [b0, b1, b2] = [b.c0, b.c1, b.c2].map(|element| Factor::new(&element));
    let [r1, r2] = [b.c1, b.c2].map(|element| Factor::new(&times_xi(element)));
    Fq6::new(
        sums::of_three([(&a.c0, &b0), (&a.c1, &r2), (&a.c2, &r1)]),
        sums::of_three([(&a.c0, &b1), (&a.c1, &b0), (&a.c2, &r2)]),
        sums::of_three([(&a.c0, &b2), (&a.c1, &b1), (&a.c2, &b0)]),
    )
}

fn times_v(mut element: Fq6) -> Fq6 {
    Fq12Config::mul_fp6_by_nonresidue_in_place(&mut element);
    element
}

fn times_xi(mut element: Fq2) -> Fq2 {
    Fq6Config::mul_fp2_by_nonresidue_in_place(&mut element);
    element
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{CyclotomicMultSubgroup, Field};

    fn element(number: u64) -> Fq12 {
        let mut next = Fq2::new((number + 3).into(), (number + 5).into());
        let mut part = || {
            next = next.square() + Fq2::new(number.into(), 7.into());
            next
        };
        let mut half = || Fq6::new(part(), part(), part());
        let (even, odd) = (half(), half());
        Fq12::new(even, odd)
    }

    // Of the cyclotomic subgroup: after the easy part of the final exponentiation.
    fn cyclotomic(f: Fq12) -> Fq12 {
        let conjugate = Fq12::new(f.c0, -f.c1);
        let f = conjugate * f.inverse().unwrap_or(Fq12::ONE);
        let mut twice = f;
        twice.frobenius_map_in_place(2);
        twice * f
    }

    #[test]
    fn it_is_the_field() {
        for number in 0..20 {
            let (a, b) = (element(number), element(number + 50));
            assert_eq!(times(&a, &b), a * b);
            assert_eq!(square(&a), a.square());
            let c = cyclotomic(a);
            assert_eq!(cyclotomic_square(&c), c.cyclotomic_square());
            assert_eq!(cyclotomic_square(&c), c.square());
        }
    }

    #[test]
    fn lines_are_elements_with_zeros() {
        for number in 0..20 {
            let (f, g) = (element(number), element(number + 50));
            let (w, vw) = (g.c0.c1, g.c1.c2);
            let line = Line { w, vw };
            let of = |c: Fq2| Fq12::new(Fq6::new(c, Fq2::ZERO, Fq2::ZERO), Fq6::new(w, vw, Fq2::ZERO));
            assert_eq!(times_line(&f, &line), f * of(Fq2::ONE));
            assert_eq!(times_whole_line(&f, &g.c0.c0, &line), f * of(g.c0.c0));
        }
    }
}
