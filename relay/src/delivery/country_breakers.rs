//! Breakers of one operator by country: one for each country that has failed lately, so that messages to it go to other
//! operators while those to other countries go on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tollgate_engine::breaker::{Breaker, BreakerConfig, BreakerState};
use tollgate_engine::time::UnixMicros;

/// A country as networks name it: the MCC (ITU-T E.212).
pub type Mcc = u16;

/// The breakers of the countries where messages have failed. Most of the time there are none, and a look costs one load.
#[derive(Debug)]
pub struct CountryBreakers {
    config: BreakerConfig,
    troubled: AtomicUsize,
    breakers: Mutex<HashMap<Mcc, Breaker>>,
}

impl CountryBreakers {
    /// Without any failure yet.
    pub fn new(config: BreakerConfig) -> Self {
        Self { config, troubled: AtomicUsize::new(0), breakers: Mutex::default() }
    }

    /// True if there is a country whose messages have to be looked at one by one.
    pub fn any(&self) -> bool {
        self.troubled.load(Ordering::Relaxed) > 0
    }

    /// True if a message to this country may go to the operator now. It may be a probe, whose outcome has to be noted.
    pub fn admits(&self, country: Mcc, now: UnixMicros) -> bool {
        !self.any() || self.breakers.lock().get_mut(&country).is_none_or(|breaker| breaker.admit(now))
    }

    /// True if messages to this country are to go elsewhere. Takes no probe.
    pub fn is_open(&self, country: Mcc, now: UnixMicros) -> bool {
        let is_open = |breaker: &Breaker| breaker.state(now) == BreakerState::Open;
        self.any() && self.breakers.lock().get(&country).is_some_and(is_open)
    }

    /// Notes that a message to this country was taken, or refused for a reason of its own.
    pub fn succeeded(&self, country: Mcc, now: UnixMicros) {
        if !self.any() {
            return;
        }
        let mut breakers = self.breakers.lock();
        if let Some(breaker) = breakers.get_mut(&country) {
            breaker.success(now);
            if breaker.state(now) == BreakerState::Closed {
                breakers.remove(&country);
            }
        }
        self.troubled.store(breakers.len(), Ordering::Relaxed);
    }

    /// Notes that a message to this country was not taken.
    pub fn failed(&self, country: Mcc, now: UnixMicros) {
        let mut breakers = self.breakers.lock();
        breakers.entry(country).or_insert_with(|| Breaker::new(self.config)).failure(now);
        self.troubled.store(breakers.len(), Ordering::Relaxed);
    }

    /// The number of countries whose messages go elsewhere now.
    pub fn open(&self, now: UnixMicros) -> usize {
        self.breakers.lock().values().filter(|breaker| breaker.state(now) == BreakerState::Open).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KENYA: Mcc = 639;
    const UGANDA: Mcc = 641;
    const CONFIG: BreakerConfig = BreakerConfig {
        failures: 3,
        failure_percent: 50,
        minimum_responses: 1_000,
        open_for_micros: 1_000,
        open_for_max_micros: 8_000,
        probes: 1,
    };

    #[test]
    fn a_country_that_fails_is_stepped_over_and_tried_out_again() {
        let countries = CountryBreakers::new(CONFIG);
        let at = UnixMicros;
        for _ in 0..3 {
            countries.failed(KENYA, at(0));
        }
        assert!(countries.is_open(KENYA, at(10)) && !countries.admits(KENYA, at(10)));
        assert!(!countries.is_open(UGANDA, at(10)) && countries.admits(UGANDA, at(10)));
        assert_eq!(countries.open(at(10)), 1);
        assert!(!countries.is_open(KENYA, at(1_000)), "its time is over");
        assert!(countries.admits(KENYA, at(1_000)), "one message tries it out");
        assert!(!countries.admits(KENYA, at(1_001)), "and no second one meanwhile");
        let mut now = 1_002;
        countries.succeeded(KENYA, at(now));
        while countries.any() {
            now += 1;
            assert!(now < 2_000, "it ramps up and closes");
            if countries.admits(KENYA, at(now)) {
                countries.succeeded(KENYA, at(now));
            }
        }
    }

    #[test]
    fn a_single_failure_is_forgotten_with_the_next_success() {
        let countries = CountryBreakers::new(CONFIG);
        countries.failed(KENYA, UnixMicros(0));
        assert!(countries.any() && countries.admits(KENYA, UnixMicros(1)));
        countries.succeeded(KENYA, UnixMicros(2));
        assert!(!countries.any());
    }
}
