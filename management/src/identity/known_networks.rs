//! The networks that users logged in from lately.
//!
//! A login from one of them is judged by what came from there alone: no stranger who guesses elsewhere holds it up.

use serde::{Deserialize, Serialize};
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;

/// Networks of one user; one more makes room by the one that was quiet for longest.
const NETWORKS_MAX: usize = 8;
const DAY_MICROS: u64 = 86_400 * 1_000_000;
/// Time for which a network is known.
const KNOWN_MICROS: u64 = 90 * DAY_MICROS;
/// Time after which a network that is in use is written down again.
const WRITTEN_AGAIN_MICROS: u64 = DAY_MICROS;

/// The networks of a user. The key is the user's id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownNetworks {
    networks: Vec<KnownNetwork>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KnownNetwork {
    network: String,
    seen_at: Time,
}

impl KnownNetwork {
    fn age(&self, now: UnixMicros) -> u64 {
        now.0.saturating_sub(self.seen_at.0.0)
    }
}

impl KnownNetworks {
    /// True if the user was in from this network lately.
    pub fn has(&self, network: &str, now: UnixMicros) -> bool {
        self.networks.iter().any(|known| known.network == network && known.age(now) < KNOWN_MICROS)
    }

    /// The networks after a login from this one; `None` if that changes nothing worth writing down.
    pub fn with(&self, network: &str, now: UnixMicros) -> Option<Self> {
        let is_fresh = |known: &KnownNetwork| known.age(now) < WRITTEN_AGAIN_MICROS;
        if self.networks.iter().any(|known| known.network == network && is_fresh(known)) {
            return None;
        }
        let mut networks = self.networks.clone();
        networks.retain(|known| known.network != network && known.age(now) < KNOWN_MICROS);
        networks.sort_by_key(|known| known.seen_at.0);
        networks.drain(..(networks.len() + 1).saturating_sub(NETWORKS_MAX));
        networks.push(KnownNetwork { network: network.to_owned(), seen_at: Time(now) });
        Some(Self { networks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixMicros = UnixMicros(1_764_000_000_000_000);

    fn after(days: u64) -> UnixMicros {
        UnixMicros(START.0 + days * DAY_MICROS)
    }

    #[test]
    fn a_network_is_known_for_three_months_after_the_last_login() {
        let known = KnownNetworks::default().with("192.0.2.7", after(0)).unwrap();
        assert!(known.has("192.0.2.7", after(89)) && !known.has("192.0.2.7", after(90)));
        assert!(!known.has("192.0.2.8", after(0)));
        assert_eq!(known.with("192.0.2.7", UnixMicros(after(1).0 - 1)), None, "written a moment ago");
        let known = known.with("192.0.2.7", after(60)).unwrap();
        assert!(known.has("192.0.2.7", after(149)));
        assert_eq!(known.networks.len(), 1);
    }

    #[test]
    fn the_network_that_was_quiet_for_longest_is_forgotten_first() {
        let mut known = KnownNetworks::default();
        for number in 0..20_u64 {
            known = known.with(&format!("192.0.2.{number}"), after(number)).unwrap();
            if number >= 1 {
                known = known.with("198.51.100.1", after(number)).unwrap_or(known);
            }
        }
        assert_eq!(known.networks.len(), NETWORKS_MAX);
        assert!(known.has("192.0.2.19", after(20)) && known.has("198.51.100.1", after(20)));
        assert!(!known.has("192.0.2.12", after(20)));
    }
}
