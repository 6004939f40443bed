//! Breakers of one operator by country: one for each country that has failed lately, so that messages to it go to other
//! operators while those to other countries go on.

use rustc_hash::FxHashMap;
use tollgate_engine::breaker::{Breaker, BreakerConfig, BreakerState};
use tollgate_engine::time::UnixMicros;

/// A country as networks name it: the MCC (ITU-T E.212).
pub type Mcc = u16;

/// The breakers of the countries where messages have failed. Most of the time there are none.
#[derive(Debug)]
pub struct CountryBreakers {
    config: BreakerConfig,
    breakers: FxHashMap<Mcc, Breaker>,
}

impl CountryBreakers {
    /// Without any failure yet.
    pub fn new(config: BreakerConfig) -> Self {
        Self { config, breakers: FxHashMap::default() }
    }

    /// True if a message to this country may go to the operator now. It may be a probe, whose outcome has to be noted.
    pub fn admits(&mut self, country: Mcc, now: UnixMicros) -> bool {
        self.breakers.is_empty() || self.breakers.get_mut(&country).is_none_or(|breaker| breaker.admit(now))
    }

    /// True if messages to this country are to go elsewhere. Takes no probe.
    pub fn is_open(&self, country: Mcc, now: UnixMicros) -> bool {
        let is_open = |breaker: &Breaker| breaker.state(now) == BreakerState::Open;
        !self.breakers.is_empty() && self.breakers.get(&country).is_some_and(is_open)
    }

    /// Notes that a message to this country was taken, or refused for a reason of its own.
    pub fn succeeded(&mut self, country: Mcc, now: UnixMicros) {
        if let Some(breaker) = self.breakers.get_mut(&country) {
            breaker.success(now);
            if breaker.state(now) == BreakerState::Closed {
                self.breakers.remove(&country);
            }
        }
    }

    /// Notes that a message to this country was not taken.
    pub fn failed(&mut self, country: Mcc, now: UnixMicros) {
        self.breakers.entry(country).or_insert_with(|| Breaker::new(self.config)).failure(now);
    }

    /// The number of countries whose messages go elsewhere now.
    pub fn open(&self, now: UnixMicros) -> usize {
        self.breakers.values().filter(|breaker| breaker.state(now) == BreakerState::Open).count()
    }
}
