//! Who comes in, how often, and under which request id.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use tollgate_api::answer::Answer;
use tollgate_api::authentication::AuthenticationService;
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_engine::throttle::{RateLimit, Throttle};
use tollgate_storage::clock::now;

use super::random;
use crate::Office;
use tollgate_provisioning::ApiSettings;

/// Callers whose rate is remembered. Beyond it those that were quiet for long are forgotten.
const CALLERS_MAX: usize = 20_000;
/// A caller that was quiet for so long has a full bucket again, whatever the limits.
const QUIET_MICROS: u64 = 600 * 1_000_000;

/// What the door remembers.
#[derive(Debug)]
pub struct Door {
    limit: RateLimit,
    callers: DashMap<String, Bucket>,
}

#[derive(Debug, Default)]
struct Bucket {
    throttle: Throttle,
    seen_at: AtomicU64,
}

impl Door {
    /// With these limits.
    pub fn new(settings: &ApiSettings) -> Self {
        let limit = RateLimit { per_second: settings.requests_per_second, burst: settings.requests_burst };
        Self { limit, callers: DashMap::new() }
    }

    fn admits(&self, who: String) -> bool {
        let now = now();
        if self.callers.len() >= CALLERS_MAX {
            self.callers.retain(|_, bucket| {
                now.0.saturating_sub(bucket.seen_at.load(Ordering::Relaxed)) < QUIET_MICROS
            });
        }
        if self.callers.len() >= CALLERS_MAX && !self.callers.contains_key(&who) {
            return false;
        }
        let bucket = self.callers.entry(who).or_default();
        bucket.seen_at.store(now.0, Ordering::Relaxed);
        bucket.throttle.admit(self.limit, now)
    }
}

impl AuthenticationService for Office {
    fn authenticate(&self, token: &str, peer: Option<IpAddr>, request_id: &str) -> Answer<Caller> {
        let caller = if token.starts_with("tg_") {
            self.caller_of_api_key(token, peer, request_id)?
        } else {
            self.caller_of_access_token(token, request_id)
        };
        caller
            .ok_or_else(|| Problem::unauthenticated("the access token or API key is not valid, or no longer"))
    }

    fn admit(&self, caller: Option<&Caller>, peer: Option<IpAddr>) -> Answer<()> {
        let who = match (caller, peer) {
            (Some(caller), _) => caller.id.clone(),
            (None, Some(peer)) => peer.to_string(),
            (None, None) => return Ok(()),
        };
        if self.door.admits(who) {
            return Ok(());
        }
        let rate = self.door.limit.per_second;
        Err(Problem::too_many_requests(format!("more than {rate} requests per second")).retry_after(1))
    }

    fn new_request_id(&self) -> String {
        random::id("req").unwrap_or_else(|_| format!("req_{}", now().0))
    }
}
