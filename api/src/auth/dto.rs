//! The bodies of requests about sessions and passwords. `Debug` prints no password and no token.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::money::CurrencyCode;
use crate::users::User;

/// Keeps what it holds out of every log.
macro_rules! unprinted {
    ($($name:ident),+) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })+
    };
}

unprinted!(Login, Registration, Refresh, PasswordChange, ResetConfirmation, Tokens);

/// The credentials of a login.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The user's e-mail address, in upper or lower case.
    #[schema(example = "ann@example.com")]
    pub email: String,
    /// The user's password.
    pub password: String,
}

/// A request for an account.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The address to which the mail with the link is sent.
    #[schema(example = "ann@example.com", max_length = 254)]
    pub email: String,
    /// From 12 to 128 characters; at least five different ones, not a common password, without the e-mail
    /// address in it.
    #[schema(min_length = 12, max_length = 128)]
    pub password: String,
    /// The name of the user for people, and the account.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// The currency of the account; that of the plan that people register for if it is not given. Another one is refused.
    #[serde(default)]
    pub currency: Option<CurrencyCode>,
}

/// That a mail is on its way, or would be if there were somebody of this address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MailPromise {
    /// The next step, as a text for people.
    pub message: String,
}

/// The tokens of a session.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tokens {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// The type of the token, which is always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// Seconds for which the access token holds.
    #[schema(example = 900)]
    pub expires_in: u64,
    /// For one use of `POST /v1/auth/refresh`.
    pub refresh_token: String,
    /// Seconds for which the refresh token holds.
    #[schema(example = 2_592_000)]
    pub refresh_expires_in: u64,
    /// The user of the session.
    pub user: User,
}

/// A refresh token that is used up by this.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// As it was given out last.
    pub refresh_token: String,
}

/// The filters of a list of sessions are to end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Logout {
    /// True if all sessions of the user end, and not this one alone.
    #[serde(default)]
    pub everywhere: bool,
}

/// A change of the password.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The one until now.
    pub current_password: String,
    /// The one from now on; rules as at registration.
    #[schema(min_length = 12, max_length = 128)]
    pub new_password: String,
}

/// A request to reset a forgotten password.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    /// The address to which the mail with the token is sent, if a user has this address.
    #[schema(example = "ann@example.com", max_length = 254)]
    pub email: String,
}

/// The token of the mail, and the password from now on.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetConfirmation {
    /// The token, as the mail has it.
    pub token: String,
    /// The password from now on; rules as at registration.
    #[schema(min_length = 12, max_length = 128)]
    pub password: String,
}

/// An e-mail address that is verified now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Verified {
    /// The address that is verified.
    pub email: String,
    /// The user's account, which exists from now on.
    pub account: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_no_password() {
        let login = Login { email: "ann@example.com".to_owned(), password: "hunter2".to_owned() };
        assert_eq!(format!("{login:?}"), "Login { .. }");
    }
}
