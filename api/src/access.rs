//! Who may call what: one rule for every route. A route without a rule is closed to everybody, and fails a test.

use axum::http::Method;

use crate::caller::{Caller, Role, Scope};

/// Who may call one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `GET`, `POST` …
    pub method: &'static str,
    /// As it is registered, such as `/v1/accounts/{id}`.
    pub path: &'static str,
    /// Who.
    pub who: Who,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody, without a token.
    Anybody,
    /// Whoever is logged in, whatever the role; no API key.
    Users,
    /// These roles, and API keys with this scope that count as one of them ([`Caller::grade`]). Whose things they reach is up
    /// to the office.
    Roles(&'static [Role], Scope),
    /// These roles, and no API key.
    RolesOnly(&'static [Role]),
}

/// Admins alone.
pub const ADMIN: &[Role] = &[Role::Admin];
/// Admins, and resellers for their subtree.
pub const RESELLER: &[Role] = &[Role::Admin, Role::Reseller];
/// Everybody with an account.
pub const CUSTOMER: &[Role] = &[Role::Admin, Role::Reseller, Role::Customer];

/// A rule.
pub const fn rule(method: &'static str, path: &'static str, who: Who) -> Rule {
    Rule { method, path, who }
}

impl Who {
    /// Whether this caller may; `None` for one without a token.
    pub fn admits(self, caller: Option<&Caller>) -> bool {
        let Some(caller) = caller else { return self == Self::Anybody };
        match self {
            Self::Anybody => true,
            Self::Users => caller.role != Role::Service,
            Self::RolesOnly(roles) => roles.contains(&caller.role),
            Self::Roles(roles, scope) => match &caller.scopes {
                Some(scopes) => scopes.contains(&scope) && roles.contains(&caller.grade()),
                None => roles.contains(&caller.role),
            },
        }
    }
}

/// Whether a role may give an API key this scope: whether there is anything that the role itself may do with it.
pub fn may_grant(role: Role, scope: Scope) -> bool {
    rules().any(|rule| match rule.who {
        Who::Roles(roles, needed) => needed == scope && roles.contains(&role),
        Who::Anybody | Who::Users | Who::RolesOnly(_) => false,
    })
}

/// Every rule.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    crate::router::AREAS.iter().flat_map(|area| area.rules)
}

/// The rule of a route.
pub fn rule_of(method: &Method, path: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.method == method.as_str() && rule.path == path)
}
