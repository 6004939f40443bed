//! The caller of a request, with its role and visibility.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::keyed_request::KeyedRequest;
use crate::problem::Problem;

/// The role of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Operations and billing staff: everything.
    Admin,
    /// An account with accounts below it: its own subtree.
    Reseller,
    /// The owner or a user of an account: that account.
    Customer,
    /// A program with an API key: what the key's scopes say, within the key's reach.
    Service,
}

/// A permission of an API key. A scope to write does not include the one to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum Scope {
    /// Accounts, their credentials and policies: look.
    #[serde(rename = "accounts:read")]
    AccountsRead,
    /// Accounts, their credentials and policies: change.
    #[serde(rename = "accounts:write")]
    AccountsWrite,
    /// Balances, transactions, usage, invoices, alerts: look.
    #[serde(rename = "billing:read")]
    BillingRead,
    /// Top-ups, adjustments, invoices: move money.
    #[serde(rename = "billing:write")]
    BillingWrite,
    /// CDRs and dispatches: look.
    #[serde(rename = "messages:read")]
    MessagesRead,
    /// Charges, refunds, outcomes, dispatches: make and change.
    #[serde(rename = "messages:write")]
    MessagesWrite,
    /// Sender IDs and templates: look.
    #[serde(rename = "content:read")]
    ContentRead,
    /// Sender IDs and templates: change.
    #[serde(rename = "content:write")]
    ContentWrite,
    /// Operators and links: read.
    #[serde(rename = "operators:read")]
    OperatorsRead,
    /// Operators and links: write.
    #[serde(rename = "operators:write")]
    OperatorsWrite,
    /// Plans and rates: look.
    #[serde(rename = "tariff:read")]
    TariffRead,
    /// Plans and rates: change, reload, roll back.
    #[serde(rename = "tariff:write")]
    TariffWrite,
}

/// The accounts that a caller may see and change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It sees all accounts.
    All,
    /// An account's and those of all accounts below it.
    Subtree(String),
    /// It sees one account.
    Account(String),
}

/// The caller of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// For the audit log: `user:ann@example.com`, `key:01J…`, `cli:1000`, `system`.
    pub actor: String,
    /// The user's or key's id.
    pub id: String,
    /// The caller's role.
    pub role: Role,
    /// The accounts that it may see.
    pub reach: Reach,
    /// The scopes of its API key; `None` if the role alone decides.
    pub scopes: Option<Vec<Scope>>,
    /// The session that its access token is of; `None` for API keys and for the daemon itself.
    pub session: Option<String>,
    /// Of this request.
    pub request_id: String,
    /// True if its account is suspended, or that of the user who has made its API key: it makes nothing then.
    pub is_suspended: bool,
    /// The network address that the request comes from, where it is known.
    pub peer: Option<IpAddr>,
    /// The request, where it has an Idempotency-Key.
    pub keyed: Option<Arc<KeyedRequest>>,
}

impl Caller {
    /// The account that a request is about: the one it names, or the caller's own.
    pub fn account_for(&self, asked: Option<String>) -> Result<String, Problem> {
        let own = || self.account().map(ToOwned::to_owned);
        let missing = || Problem::field("account", "is required: your user belongs to no account");
        asked.or_else(own).ok_or_else(missing)
    }

    /// The daemon itself, for what it does by schedule.
    pub fn system() -> Self {
        Self {
            actor: "system".to_owned(),
            id: "system".to_owned(),
            role: Role::Admin,
            reach: Reach::All,
            scopes: None,
            session: None,
            request_id: String::new(),
            is_suspended: false,
            peer: None,
            keyed: None,
        }
    }

    /// Whoever may use the control socket of the daemon, by its permissions: the user with this number on its machine.
    pub fn on_the_machine(uid: u32) -> Self {
        Self { actor: format!("cli:{uid}"), id: "cli".to_owned(), ..Self::system() }
    }

    /// The role that it counts as where a rule asks: a user's own, and for an API key the one that has the
    /// key's reach. So a key of one account can do nothing that its account cannot, whatever its scopes.
    pub fn grade(&self) -> Role {
        match (self.role, &self.reach) {
            (Role::Service, Reach::All) => Role::Admin,
            (Role::Service, Reach::Subtree(_)) => Role::Reseller,
            (Role::Service, Reach::Account(_)) => Role::Customer,
            (role, _) => role,
        }
    }

    /// True if it sees all accounts: admins, and keys that are not bound to an account.
    pub fn reaches_all(&self) -> bool {
        self.reach == Reach::All
    }

    /// The account that it belongs to, where it belongs to one.
    pub fn account(&self) -> Option<&str> {
        match &self.reach {
            Reach::All => None,
            Reach::Subtree(account) | Reach::Account(account) => Some(account),
        }
    }
}

/// The caller of a request that did not come over HTTP, and is known already. The daemon puts it into the extensions of a
/// request that came over its control socket; nothing that comes over the network can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCaller(pub Caller);

/// The caller is in the request's extensions on every route that is not open to all.
impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Problem::unauthenticated("log in, or send an API key"))
    }
}
