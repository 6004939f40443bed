//! Connections that found no place: counted for metrics, and told in the log now and then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::counter;
use tollgate_smpp::places::{NoPlace, Places};

/// The least time between two lines about one listener, however many connections are refused.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// The places of each listener's connections, by its name in metrics.
pub type ListenerPlaces = [(&'static str, Arc<Places>); 3];

/// The counts of one listener that were told last.
#[derive(Clone, Copy, Default)]
struct Told {
    at: Option<Instant>,
    counts: [u64; NoPlace::ALL.len()],
}

/// Follows the counts of all listeners.
pub struct RefusedConnections {
    places: ListenerPlaces,
    told: [Told; 3],
}

impl RefusedConnections {
    /// Nothing was told yet.
    pub fn new(places: ListenerPlaces) -> Self {
        Self { places, told: [Told::default(); 3] }
    }

    /// Takes the counts over into metrics, and tells those that grew.
    pub fn look(&mut self, now: Instant) {
        for ((listener, places), told) in self.places.iter().zip(&mut self.told) {
            let counts = NoPlace::ALL.map(|reason| places.refused(reason));
            for (reason, count) in NoPlace::ALL.into_iter().zip(counts) {
                let labels = [("listener", *listener), ("reason", reason.label())];
                counter!("tollgate_refused_connections_total", &labels).absolute(count);
            }
            if let Some(grown) = told.grown(counts, now) {
                let last = places.last_refused().map(|address| address.to_string()).unwrap_or_default();
                tracing::warn!(listener, last, "connections refused: {grown}");
            }
        }
    }
}

impl Told {
    /// The counts that grew since they were told last, in words, where it is time to tell them.
    fn grown(&mut self, counts: [u64; NoPlace::ALL.len()], now: Instant) -> Option<String> {
        let is_early = self.at.is_some_and(|at| now.saturating_duration_since(at) < LOG_INTERVAL);
        if counts == self.counts || is_early {
            return None;
        }
        let grown = NoPlace::ALL.into_iter().zip(counts).zip(self.counts);
        let grown = grown.filter(|((_, count), before)| count > before);
        let words = grown.map(|((reason, count), before)| format!("{} {}", count - before, reason.label()));
        let words: Vec<String> = words.collect();
        *self = Self { at: Some(now), counts };
        Some(words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_refusals_are_one_line_in_ten_seconds() {
        let (mut told, now) = (Told::default(), Instant::now());
        assert_eq!(told.grown([0; 5], now), None);
        assert_eq!(told.grown([2, 0, 0, 1, 0], now).as_deref(), Some("2 address_full, 1 sent_away"));
        assert_eq!(told.grown([5, 0, 0, 1, 0], now + LOG_INTERVAL / 2), None);
        assert_eq!(
            told.grown([5, 0, 1, 1, 0], now + LOG_INTERVAL).as_deref(),
            Some("3 address_full, 1 full")
        );
        assert_eq!(told.grown([5, 0, 1, 1, 0], now + LOG_INTERVAL * 3), None);
    }
}
