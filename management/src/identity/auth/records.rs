//! Users, sessions and mailed tokens as the books keep them.
//!
//! Passwords are kept as argon2id hashes, tokens as SHA-256 of 256 random bits: nothing here lets anybody in.

use serde::{Deserialize, Serialize};
use tollgate_api::caller::{Caller, Reach};
use tollgate_api::time::Time;
use tollgate_api::users::{User, UserRole};
use tollgate_storage::clock::now;

use crate::documents::Document;
use tollgate_provisioning::passwords::PasswordHash;

/// A user. The key is its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    /// In lower case; no two users have the same.
    pub email: String,
    pub name: String,
    pub role: UserRole,
    /// `None` for admins.
    #[serde(default)]
    pub account: Option<String>,
    /// A PHC string; `None` for who was invited and has not set one. It is in no answer and in no audit note.
    #[serde(default)]
    pub password_hash: Option<String>,
    #[serde(default)]
    pub disabled: bool,
    #[serde(default)]
    pub email_verified: bool,
    #[serde(default)]
    pub locked_until: Option<Time>,
}

/// One login and all that follows from it. The key is its id, which access tokens name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Whose.
    pub user: String,
    /// Of the one refresh token that holds, in hexadecimal.
    pub refresh_hash: String,
    /// When that token no longer holds, and the session with it.
    pub expires_at: Time,
}

/// A token that was sent by mail. The key is its hash, in hexadecimal; it is gone once it was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailTokenRecord {
    pub purpose: Purpose,
    pub expires_at: Time,
}

/// What a mailed token is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Purpose {
    /// To become a user, with an account of one's own. Nobody is a user before the address is proven, so that nobody can
    /// take hold of somebody else's address.
    Register {
        email: String,
        name: String,
        password_hash: String,
        /// The account that will be made.
        account: String,
    },
    /// To set the password of a user.
    Reset {
        /// Its id.
        user: String,
    },
}

impl UserRecord {
    /// The hash of its password, where it has one that can be read.
    pub fn hash(&self) -> Option<PasswordHash> {
        self.password_hash.as_deref().and_then(|hash| hash.parse().ok())
    }

    /// How far it reaches.
    pub fn reach(&self) -> Reach {
        // A user without account, which cannot be made, would reach the account of no name, which cannot be made either.
        let account = self.account.clone().unwrap_or_default();
        match self.role {
            UserRole::Admin => Reach::All,
            UserRole::Reseller => Reach::Subtree(account),
            UserRole::Customer => Reach::Account(account),
        }
    }

    /// What the audit log says of it: the view without the times, which the log has itself.
    pub fn audited(&self) -> serde_json::Value {
        serde_json::json!({
            "email": self.email,
            "name": self.name,
            "role": self.role,
            "account": self.account,
            "disabled": self.disabled,
            "email_verified": self.email_verified,
            "locked_until": self.locked_until,
        })
    }
}

/// What may be said of a user. A lock that is over is none.
pub fn view(document: &Document<UserRecord>) -> User {
    let user = &document.value;
    User {
        id: document.key.clone(),
        email: user.email.clone(),
        name: user.name.clone(),
        role: user.role,
        account: user.account.clone(),
        disabled: user.disabled,
        email_verified: user.email_verified,
        locked_until: user.locked_until.filter(|until| until.0 > now()),
        created_at: Time(document.created_at),
        updated_at: Time(document.updated_at),
    }
}

/// A user as whoever calls.
pub fn caller(id: &str, user: &UserRecord, session: Option<&str>, request_id: &str) -> Caller {
    Caller {
        actor: format!("user:{}", user.email),
        id: id.to_owned(),
        role: user.role.into(),
        reach: user.reach(),
        scopes: None,
        session: session.map(str::to_owned),
        request_id: request_id.to_owned(),
    }
}
