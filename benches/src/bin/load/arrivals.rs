//! When calls arrive: by a clock, however long those before them take. Gaps are exponential (a Poisson process), the
//! same in each run.

use ark_std::rand::rngs::StdRng;
use ark_std::rand::{Rng, SeedableRng};
use std::time::Duration;

/// From the beginning, until when each arrives.
pub fn arrivals(a_second: f64, within: Duration, seed: u64) -> Vec<Duration> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut at = 0.0;
    std::iter::from_fn(|| {
        at += gap(&mut rng) / a_second;
        (at < within.as_secs_f64()).then(|| Duration::from_secs_f64(at))
    })
    .collect()
}

/// Of mean 1.
pub fn gap(rng: &mut StdRng) -> f64 {
    // Above 0 and at most 1.
    let uniform: f64 = 1.0 - rng.gen_range(0.0..1.0);
    -uniform.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_as_many_as_was_said_and_without_memory() {
        let within = Duration::from_secs(1000);
        let all = arrivals(50.0, within, 1);
        // Fifty thousand, give or take five deviations.
        assert!(all.len().abs_diff(50_000) < 1200, "{}", all.len());
        assert!(all.is_sorted() && all.iter().all(|at| *at < within));
        // Of gaps, e⁻¹ are longer than the mean.
        let mean = 1.0 / 50.0;
        let longer = all
            .windows(2)
            .filter(|pair| (pair[1] - pair[0]).as_secs_f64() > mean)
            .count();
        assert!(
            (longer as f64 / all.len() as f64 - (-1f64).exp()).abs() < 0.01,
            "{longer}"
        );
        assert_eq!(all, arrivals(50.0, within, 1));
        assert_ne!(all[0], arrivals(50.0, within, 2)[0]);
    }
}
