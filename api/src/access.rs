//! The terms of access rules: the roles and scopes that a route admits. [`crate::rules`] has the rules of all
//! routes.

use crate::caller::{Caller, Role, Scope};

/// The access rule of one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The method, such as `GET`.
    pub method: &'static str,
    /// As it is registered, such as `/v1/accounts/{id}`.
    pub path: &'static str,
    /// The callers that it admits.
    pub who: Who,
}

/// The callers that a rule admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody, without a token.
    Anybody,
    /// Every user who is logged in, with any role; no API key.
    Users,
    /// These roles, and API keys with this scope that count as one of them ([`Caller::grade`]). The
    /// services decide which accounts they see.
    Roles(&'static [Role], Scope),
    /// These roles, and no API key.
    RolesOnly(&'static [Role]),
}

/// The role of admins alone.
pub const ADMIN: &[Role] = &[Role::Admin];
/// Admins, and resellers for their subtree.
pub const RESELLER: &[Role] = &[Role::Admin, Role::Reseller];
/// Everybody with an account.
pub const CUSTOMER: &[Role] = &[Role::Admin, Role::Reseller, Role::Customer];

/// Builds the rule of one route.
pub const fn rule(method: &'static str, path: &'static str, who: Who) -> Rule {
    Rule { method, path, who }
}

impl Who {
    /// True if this caller may; `None` for one without a token.
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
