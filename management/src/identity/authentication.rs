//! The service that names the caller of a request and limits how many requests each caller sends.

use std::hash::Hasher;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultKeyedRateLimiter, Quota};
use tollgate_api::answer::Answer;
use tollgate_api::authentication::AuthenticationService;
use tollgate_api::caller::{Caller, Role, Scope};
use tollgate_api::problem::Problem;
use tollgate_provisioning::ApiSettings;
use tollgate_storage::clock::now;
use tollgate_storage::fnv::Fnv;

use super::api_keys::ApiKeys;
use super::browser_sessions::BrowserSessions;
use super::random;
use super::sessions::Sessions;
use super::visibility::Visibility;

/// Callers whose rate is remembered. Beyond this number those that have a full allowance again are forgotten.
const CALLERS_MAX: usize = 20_000;
/// Rates that callers share while there are more of them.
const SHARED_RATES: u64 = 4_096;

/// Names callers by their tokens.
#[derive(Debug)]
pub struct Authentication {
    sessions: Arc<Sessions>,
    browsers: Arc<BrowserSessions>,
    api_keys: Arc<ApiKeys>,
    visibility: Arc<Visibility>,
    limit: RequestLimit,
    /// True if existing clients may read without a token.
    opens_reads: bool,
}

/// The rate of requests that each caller may have.
#[derive(Debug)]
struct RequestLimit {
    per_second: u32,
    limiter: DefaultKeyedRateLimiter<String>,
}

impl RequestLimit {
    fn new(settings: &ApiSettings) -> Self {
        // The settings allow no zero.
        let per_second = NonZeroU32::new(settings.requests_per_second).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(settings.requests_burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self { per_second: per_second.get(), limiter: DefaultKeyedRateLimiter::keyed(quota) }
    }

    fn admits(&self, caller: &String) -> bool {
        if self.limiter.len() >= CALLERS_MAX {
            self.limiter.retain_recent();
            if self.limiter.len() >= CALLERS_MAX {
                // A flood of addresses shares the rates of some, so that none of the new ones is shut out for it.
                return self.limiter.check_key(&shared_rate(caller)).is_ok();
            }
        }
        self.limiter.check_key(caller).is_ok()
    }
}

/// The name of one of some rates that callers share.
fn shared_rate(caller: &str) -> String {
    let mut hasher = Fnv::default();
    hasher.write(caller.as_bytes());
    format!("shared {}", hasher.finish() % SHARED_RATES)
}

impl Authentication {
    /// By access tokens of these sessions, by cookies of browsers' sessions, and by these API keys.
    pub fn new(
        (sessions, browsers): (Arc<Sessions>, Arc<BrowserSessions>),
        api_keys: Arc<ApiKeys>,
        visibility: Arc<Visibility>,
        settings: &ApiSettings,
    ) -> Self {
        let opens_reads = settings.reads_without_token;
        Self { sessions, browsers, api_keys, visibility, limit: RequestLimit::new(settings), opens_reads }
    }

    /// The caller who has this cookie, and the token that pages of the session send along.
    pub fn of_browser(&self, cookie: &str, request_id: &str) -> Option<(Caller, String)> {
        let (caller, token) = self.browsers.caller_of(cookie, request_id)?;
        Some((self.with_suspension(caller), token))
    }

    fn with_suspension(&self, mut caller: Caller) -> Caller {
        caller.is_suspended |= caller.account().is_some_and(|account| self.visibility.is_suspended(account));
        caller
    }
}

impl AuthenticationService for Authentication {
    fn authenticate(&self, token: &str, peer: Option<IpAddr>, request_id: &str) -> Answer<Caller> {
        let caller = if token.starts_with("tg_") {
            self.api_keys.caller_of(token, peer, request_id)?
        } else {
            self.sessions.caller_of(token, request_id)
        };
        let gone = || Problem::unauthenticated("the access token or API key is not valid, or no longer");
        caller.map(|caller| self.with_suspension(caller)).ok_or_else(gone)
    }

    fn browser_session(&self, cookie: &str, request_id: &str) -> Option<(Caller, String)> {
        self.of_browser(cookie, request_id)
    }

    fn admit(&self, caller: Option<&Caller>, peer: Option<IpAddr>) -> Answer<()> {
        let who = match (caller, peer) {
            (Some(caller), _) => caller.id.clone(),
            (None, Some(peer)) => peer.to_string(),
            (None, None) => return Ok(()),
        };
        if self.limit.admits(&who) {
            return Ok(());
        }
        let rate = self.limit.per_second;
        Err(Problem::too_many_requests(format!("more than {rate} requests per second")).retry_after(1))
    }

    fn reader(&self, request_id: &str) -> Option<Caller> {
        self.opens_reads.then(|| Caller {
            actor: "without a token".to_owned(),
            id: "reader".to_owned(),
            role: Role::Service,
            scopes: Some(vec![Scope::BillingRead, Scope::TariffRead]),
            request_id: request_id.to_owned(),
            // It makes nothing, whatever a read would make for others.
            is_suspended: true,
            ..Caller::system()
        })
    }

    fn new_request_id(&self) -> String {
        random::id("req").unwrap_or_else(|_| format!("req_{}", now().0))
    }
}
