//! How long answers have taken: to say how long one will, and for answers that must take as long.

use medproof_statement::tier::Tier;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

// Of the last so many.
const KEPT: usize = 64;

/// Times of the last answers, by tier.
#[derive(Debug, Default)]
pub struct Times(Mutex<BTreeMap<Tier, VecDeque<Duration>>>);

impl Times {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Tier, VecDeque<Duration>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A proof in this tier took so long.
    pub fn took(&self, tier: Tier, time: Duration) {
        let mut all = self.all();
        let times = all.entry(tier).or_default();
        times.push_back(time);
        if times.len() > KEPT {
            times.pop_front();
        }
    }

    /// As long as one of the last took, whichever: what takes so long is not told from one by its time.
    pub fn like_one(&self, tier: Tier) -> Duration {
        let mut bytes = [0; 8];
        // Without randomness, the median is alike enough.
        let drawn = getrandom::fill(&mut bytes).ok().and_then(|()| {
            let all = self.all();
            let times = all.get(&tier).filter(|times| !times.is_empty())?;
            let place = u64::from_ne_bytes(bytes) % times.len() as u64;
            times.get(usize::try_from(place).ok()?).copied()
        });
        drawn.unwrap_or_else(|| self.expected(tier))
    }

    /// How long one takes: the median; before there was any, what it takes on two ordinary cores.
    pub fn expected(&self, tier: Tier) -> Duration {
        let mut times: Vec<Duration> = self.all().get(&tier).into_iter().flatten().copied().collect();
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or(match tier {
            Tier::Xs => Duration::from_millis(100),
            Tier::S => Duration::from_millis(150),
            Tier::M => Duration::from_millis(250),
            Tier::L => Duration::from_millis(500),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_is_the_median_of_the_last() {
        let times = Times::default();
        let ms = Duration::from_millis;
        assert_eq!(times.expected(Tier::Xs), ms(100));
        for time in [5, 1, 9] {
            times.took(Tier::Xs, ms(time));
        }
        assert_eq!((times.expected(Tier::Xs), times.expected(Tier::M)), (ms(5), ms(250)));
        assert_eq!(times.like_one(Tier::M), ms(250));
        let drawn: std::collections::BTreeSet<_> = (0..200).map(|_| times.like_one(Tier::Xs)).collect();
        assert_eq!(Vec::from_iter(drawn), [ms(1), ms(5), ms(9)]);
        (0..KEPT).for_each(|_| times.took(Tier::Xs, ms(70)));
        assert_eq!(times.expected(Tier::Xs), ms(70));
    }
}
