//! A session as services know it and as it is shown. `Debug` prints no cookie and no token.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, Scope};
use crate::operations::Operations;
use crate::time::Time;
use crate::users::User;

/// A session that has just begun.
#[derive(Clone)]
pub struct NewSession {
    /// Its user as the caller of requests.
    pub caller: Caller,
    /// The value of its cookie.
    pub cookie: String,
    /// As it is shown.
    pub state: SessionState,
}

/// Not printed: the cookie lets anybody in.
impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewSession(…)")
    }
}

/// The state of a session.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionState {
    /// The user who is logged in.
    pub user: User,
    /// The token that a page sends along; `None` for sessions by access tokens, which need none.
    pub csrf_token: Option<String>,
    /// The end of the session if it is not used any more.
    pub expires_at: Time,
    /// The end of the session however much it is used; `None` where it has none.
    pub ends_at: Option<Time>,
}

/// Not printed: the token is a secret of the session.
impl std::fmt::Debug for SessionState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionState").field("user", &self.user.id).finish_non_exhaustive()
    }
}

/// Whoever is logged in, with what may be asked for.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Session {
    /// The user who is logged in, with role and account.
    pub user: User,
    /// True if the account is suspended: it reads everything, and makes and changes nothing.
    pub suspended: bool,
    /// The scopes that an API key with the same rights would have.
    pub scopes: Vec<Scope>,
    /// The `operationId` of every operation of this document that this user may ask for.
    #[schema(example = json!(["list_accounts", "session"]))]
    pub operations: Vec<String>,
    /// The token for the header `X-CSRF-Token` of every request that is not GET or HEAD. It holds as long as the session. Null for
    /// a caller with an access token, who needs none.
    pub csrf_token: Option<String>,
    /// The end of the session if nothing more is asked for.
    pub expires_at: Time,
    /// The end of the session however much it is used; null where it has none.
    pub ends_at: Option<Time>,
}

/// Not printed: the token is a secret of the session.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("user", &self.user.id).finish_non_exhaustive()
    }
}

/// The sessions that end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EndQuery {
    /// True if all sessions of the user end, those by access tokens among them, and not this one alone.
    #[serde(default)]
    pub everywhere: bool,
}

impl Session {
    /// The session of this caller.
    pub(crate) fn of(state: SessionState, caller: &Caller, operations: &Operations) -> Self {
        Self {
            user: state.user,
            suspended: caller.is_suspended,
            scopes: operations.scopes_for(caller),
            operations: operations.names_for(caller),
            csrf_token: state.csrf_token,
            expires_at: state.expires_at,
            ends_at: state.ends_at,
        }
    }
}
