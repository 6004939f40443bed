//! Users, sessions, API keys and mailed tokens as the books keep them.
//!
//! Passwords are kept as argon2id hashes, tokens as SHA-256 of 256 random bits: nothing here lets anybody in.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate_api::caller::{Caller, Reach, Scope};
use tollgate_api::time::Time;
use tollgate_api::users::{User, UserRole};
use tollgate_provisioning::passwords::PasswordHash;
use tollgate_provisioning::texts;
use tollgate_storage::clock::now;

use crate::documents::Document;

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
    /// The account of the reseller who has disabled it; `None` where an admin has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_by: Option<String>,
    #[serde(default)]
    pub email_verified: bool,
    #[serde(default)]
    pub locked_until: Option<Time>,
    /// The network for which it is locked. Locks of earlier versions, which held for everybody, have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_for: Option<String>,
}

/// One login and all that follows from it. The key is its id, which access tokens name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Id of the user.
    pub user: String,
    /// SHA-256 of the one valid refresh token, in hexadecimal.
    pub refresh_hash: String,
    /// End of that token, and of the session with it.
    pub expires_at: Time,
    /// SHA-256 of what all refresh tokens of the session have in common; sessions of earlier versions have none.
    #[serde(default)]
    pub family_hash: Option<String>,
    /// The part of a browser's session, which has a cookie in the place of tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<BrowserRecord>,
}

/// The part that a browser's session has and one by tokens has not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserRecord {
    /// SHA-256 of the cookie, in hexadecimal.
    pub cookie_hash: String,
    /// The end of the session however much it is used. Its record has the end if it is not used any more.
    pub ends_at: Time,
}

/// A token that was sent by mail. The key is its hash, in hexadecimal; it is gone once it was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailTokenRecord {
    pub purpose: Purpose,
    pub expires_at: Time,
}

/// Purpose of a mailed token.
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
        /// The user's id.
        user: String,
    },
}

/// An API key. The key in the collection is its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    pub name: String,
    pub scopes: Vec<Scope>,
    #[serde(default)]
    pub account: Option<String>,
    #[serde(default)]
    pub include_subtree: bool,
    #[serde(default)]
    pub expires_at: Option<Time>,
    #[serde(default)]
    pub allowed_ips: Vec<String>,
    /// Id of the user who made it.
    pub created_by: String,
    /// SHA-256 of the whole key, in hexadecimal. It is in no answer and in no audit note.
    pub secret_hash: String,
    #[serde(default)]
    pub last_used_at: Option<Time>,
}

impl KeyRecord {
    /// The key as the audit log has it.
    pub fn audited(&self) -> Value {
        serde_json::json!({
            "name": self.name,
            "scopes": self.scopes,
            "account": self.account,
            "include_subtree": self.include_subtree,
            "expires_at": self.expires_at,
            "allowed_ips": self.allowed_ips,
            "created_by": self.created_by,
        })
    }

    /// True if the key may be used from this address.
    pub fn admits(&self, peer: Option<IpAddr>) -> bool {
        if self.allowed_ips.is_empty() {
            return true;
        }
        let Some(peer) = peer.map(|peer| peer.to_canonical()) else { return false };
        let blocks = self.allowed_ips.iter().filter_map(|text| texts::address_block(text).ok());
        blocks.into_iter().any(|block| block.contains(&peer))
    }
}

impl UserRecord {
    /// The hash of the user's password, if there is one that can be read.
    pub fn hash(&self) -> Option<PasswordHash> {
        self.password_hash.as_deref().and_then(|hash| hash.parse().ok())
    }

    /// The accounts that the user may see.
    pub fn reach(&self) -> Reach {
        // A user without account, which cannot be made, would reach the account of no name, which cannot be made either.
        let account = self.account.clone().unwrap_or_default();
        match self.role {
            UserRole::Admin => Reach::All,
            UserRole::Reseller => Reach::Subtree(account),
            UserRole::Customer => Reach::Account(account),
        }
    }

    /// The user as the audit log has it: the view without the times, which the log has itself.
    pub fn audited(&self) -> Value {
        serde_json::json!({
            "email": self.email,
            "name": self.name,
            "role": self.role,
            "account": self.account,
            "disabled": self.disabled,
            "disabled_by": self.disabled_by,
            "email_verified": self.email_verified,
            "locked_until": self.locked_until,
        })
    }
}

/// The user as the API shows it. A lock that is over is left out.
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

/// A user as the caller of a request.
pub fn caller(id: &str, user: &UserRecord, session: Option<&str>, request_id: &str) -> Caller {
    Caller {
        actor: format!("user:{}", user.email),
        id: id.to_owned(),
        role: user.role.into(),
        reach: user.reach(),
        scopes: None,
        session: session.map(str::to_owned),
        request_id: request_id.to_owned(),
        // Found out with every request, by what is in force.
        is_suspended: false,
        peer: None,
        keyed: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(allowed_ips: &[&str]) -> KeyRecord {
        KeyRecord {
            name: "test".to_owned(),
            scopes: vec![Scope::BillingRead],
            account: None,
            include_subtree: false,
            expires_at: None,
            allowed_ips: allowed_ips.iter().map(ToString::to_string).collect(),
            created_by: "usr_1".to_owned(),
            secret_hash: "5ecret".to_owned(),
            last_used_at: None,
        }
    }

    #[test]
    fn a_key_is_used_from_its_addresses_alone() {
        let key = record(&["192.0.2.0/24", "2001:db8::/32"]);
        let from = |text: &str| key.admits(Some(text.parse().unwrap()));
        assert!(from("192.0.2.7") && from("::ffff:192.0.2.7") && from("2001:db8::1"));
        assert!(!from("192.0.3.7") && !from("::1") && !key.admits(None));
        assert!(record(&[]).admits(None));
    }

    #[test]
    fn the_audit_log_has_no_hash_of_a_key() {
        assert!(!record(&[]).audited().to_string().contains("5ecret"));
    }
}
