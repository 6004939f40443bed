//! The service that is asked before a handler is called.

use std::net::IpAddr;

use crate::answer::Answer;
use crate::caller::Caller;

/// Finds out who calls, and limits requests. It is called on the runtime's threads and must not block.
pub trait AuthenticationService: Send + Sync + 'static {
    /// The caller that has this access token or API key and calls from this address.
    fn authenticate(&self, token: &str, peer: Option<IpAddr>, request_id: &str) -> Answer<Caller>;

    /// The caller whose browser's session has this cookie, and the session's token that its pages send along; `None` where the
    /// session is over. The session is used by it.
    fn browser_session(&self, cookie: &str, request_id: &str) -> Option<(Caller, String)>;

    /// Refuses one more request of this caller, or from this address where nobody is logged in, if that is
    /// over its rate.
    fn admit(&self, caller: Option<&Caller>, peer: Option<IpAddr>) -> Answer<()>;

    /// The caller that reads of existing clients count as where they have no token; `None` where they need one.
    fn reader(&self, request_id: &str) -> Option<Caller>;

    /// An id for a request that brings none.
    fn new_request_id(&self) -> String;
}
