//! File descriptors: as many as the system gives, and shares of them that no listener can take from another.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Descriptors that are kept for the database, links to operators and the rest, where there are enough.
const RESERVE_MAX: u64 = 1_024;

/// The connections of each listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Connections of gateways.
    pub smpp: u32,
    /// Connections of the API.
    pub http: u32,
    /// Connections of those who read metrics.
    pub metrics: u32,
}

/// Raises the limit of this process as far as it may, and divides what is there. Says in the log where that is less than
/// what is configured.
pub fn share(wanted: Shares) -> Shares {
    let Some(limit) = raise() else { return wanted };
    let shares = divide(limit, open_now(), wanted);
    if shares != wanted {
        tracing::warn!(
            limit,
            smpp = shares.smpp,
            http = shares.http,
            metrics = shares.metrics,
            "the limit of open files leaves room for fewer connections than are configured"
        );
    }
    shares
}

/// The limit after it was raised; `None` where there is none.
fn raise() -> Option<u64> {
    let mut limits = getrlimit(Resource::Nofile);
    if limits.current != limits.maximum {
        let before = limits.current;
        limits.current = limits.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limits) {
            tracing::warn!(%error, "the limit of open files cannot be raised");
            return before;
        }
    }
    limits.current
}

/// Descriptors that are open at this moment.
fn open_now() -> u64 {
    std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64)
}

/// Half of what is left is SMPP's in any case, and the reserve is a quarter of it at most.
fn divide(limit: u64, open: u64, wanted: Shares) -> Shares {
    let left = limit.saturating_sub(open);
    let left = left - (left / 4).min(RESERVE_MAX);
    let at_most = |wanted: u32, most: u64| wanted.min(u32::try_from(most).unwrap_or(u32::MAX)).max(1);
    let metrics = at_most(wanted.metrics, left / 8);
    let http = at_most(wanted.http, left / 4);
    let smpp = at_most(wanted.smpp, left.saturating_sub(u64::from(metrics) + u64::from(http)));
    Shares { smpp, http, metrics }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Shares = Shares { smpp: 1_000, http: 500, metrics: 50 };

    #[test]
    fn everybody_has_what_is_configured_where_there_is_enough() {
        assert_eq!(divide(65_536, 100, WANTED), WANTED);
        assert_eq!(divide(4_096, 100, WANTED), WANTED);
    }

    #[test]
    fn shares_never_exceed_what_is_there_and_smpp_has_the_largest() {
        for (limit, open) in [(1_024, 60), (256, 60), (128, 60), (64, 60), (32, 60)] {
            let Shares { smpp, http, metrics } = divide(limit, open, WANTED);
            let (sum, left) = (u64::from(smpp + http + metrics), u64::saturating_sub(limit, open));
            assert!(sum <= left.max(3), "{sum} of {left}");
            assert!(smpp >= http && smpp >= metrics, "{smpp} {http} {metrics}");
        }
        assert_eq!(divide(256, 56, WANTED), Shares { smpp: 95, http: 37, metrics: 18 });
    }
}
