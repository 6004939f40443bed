//! The service of browsers' sessions: logging in for a cookie, and out again.

use std::net::IpAddr;
use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::auth::{AuthService, Login, Logout};
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_api::session::{NewSession, SessionService, SessionState};
use tollgate_storage::clock::now;

use super::authentication::Authentication;
use super::browser_sessions::BrowserSessions;
use super::login::LoginService;
use super::sessions::session_over;

/// The service of browsers' sessions.
#[derive(Debug)]
pub struct BrowserLogin {
    /// Checks passwords, and begins and ends sessions.
    pub login: Arc<LoginService>,
    /// Knows the sessions by their cookies.
    pub browsers: Arc<BrowserSessions>,
    /// Knows callers as they will be with the next request.
    pub authentication: Arc<Authentication>,
}

impl SessionService for BrowserLogin {
    fn begin(&self, request_id: &str, peer: Option<IpAddr>, login: &Login) -> Answer<NewSession> {
        let user = self.login.checked(peer, login)?;
        let (id, cookie, record) = self.browsers.made(&user.key, now())?;
        self.login.sessions.write(&user, (&id, record), request_id, peer)?;
        let (caller, _) = self.authentication.of_browser(&cookie, request_id).ok_or_else(session_over)?;
        let state = self.browsers.state(&id)?;
        Ok(NewSession { caller, cookie, state })
    }

    fn session(&self, caller: &Caller) -> Answer<SessionState> {
        let id = caller.session.as_deref();
        self.browsers.state(id.ok_or_else(|| Problem::unauthenticated("there is no session"))?)
    }

    fn end(&self, caller: &Caller, everywhere: bool) -> Answer<()> {
        self.login.logout(caller, &Logout { everywhere })
    }
}
