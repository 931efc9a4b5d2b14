//! Times that were measured, and how they are spread.

use std::time::Duration;

/// Times, the shortest first.
#[derive(Clone, Debug, Default)]
pub struct Spread(Vec<Duration>);

impl Spread {
    /// Of these.
    pub fn of(times: impl IntoIterator<Item = Duration>) -> Spread {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort();
        Spread(times)
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The shortest that no fewer than this share of them exceed by nothing (nearest rank); zero of none.
    pub fn at(&self, share: f64) -> Duration {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0
            .get(rank.saturating_sub(1))
            .or(self.0.last())
            .copied()
            .unwrap_or_default()
    }

    /// The middle.
    pub fn median(&self) -> Duration {
        self.at(0.5)
    }

    /// What one of a hundred exceeds.
    pub fn p99(&self) -> Duration {
        self.at(0.99)
    }

    /// The longest.
    pub fn most(&self) -> Duration {
        self.at(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest() {
        let ms = Duration::from_millis;
        let spread = Spread::of((1..=200).rev().map(ms));
        assert_eq!(
            (spread.median(), spread.p99(), spread.most()),
            (ms(100), ms(198), ms(200))
        );
        assert_eq!((spread.at(0.0), spread.count()), (ms(1), 200));
        assert_eq!(Spread::of([ms(7)]).p99(), ms(7));
        assert_eq!(Spread::default().p99(), Duration::ZERO);
    }
}
