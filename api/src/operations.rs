//! The operations of the API that a caller may ask for, by the names that the OpenAPI document has for them.

use serde_json::Value;

use crate::access::{Rule, Who};
use crate::caller::{Caller, Scope};
use crate::suspension;

/// Every operation that is served, with its rule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Operations(Vec<(String, &'static Rule)>);

impl Operations {
    /// The operations of a document.
    pub(crate) fn of(document: &Value, rules: impl Iterator<Item = &'static Rule>) -> Self {
        let named = rules.filter_map(|rule| {
            let method = rule.method.to_ascii_lowercase();
            let operation = document.get("paths")?.get(rule.path)?.get(method)?;
            Some((operation.get("operationId")?.as_str()?.to_owned(), rule))
        });
        let mut all: Vec<_> = named.collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self(all)
    }

    fn open_to<'a>(&'a self, caller: &'a Caller) -> impl Iterator<Item = &'a (String, &'static Rule)> {
        let is_open = |rule: &Rule| rule.who.admits(Some(caller)) && suspension::check(caller, rule).is_ok();
        self.0.iter().filter(move |(_, rule)| is_open(rule))
    }

    /// The names of those that are open to a caller, in the order of their letters.
    pub(crate) fn names_for(&self, caller: &Caller) -> Vec<String> {
        self.open_to(caller).map(|(name, _)| name.clone()).collect()
    }

    /// The scopes that an API key would need for them.
    pub(crate) fn scopes_for(&self, caller: &Caller) -> Vec<Scope> {
        let scope = |(_, rule): &(String, &'static Rule)| match rule.who {
            Who::Roles(_, scope) => Some(scope),
            Who::Anybody | Who::Users | Who::RolesOnly(_) => None,
        };
        let mut scopes: Vec<Scope> = self.open_to(caller).filter_map(scope).collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::access::{ADMIN, CUSTOMER, rule};
    use crate::caller::{Reach, Role};

    static RULES: [Rule; 4] = [
        rule("GET", "/things", Who::Roles(CUSTOMER, Scope::BillingRead)),
        rule("POST", "/things", Who::Roles(CUSTOMER, Scope::BillingWrite)),
        rule("GET", "/log", Who::RolesOnly(ADMIN)),
        rule("GET", "/elsewhere", Who::Users),
    ];

    #[test]
    fn a_caller_is_told_the_names_of_what_is_open_to_it() {
        let document = json!({ "paths": {
            "/things": { "post": { "operationId": "make_thing" }, "get": { "operationId": "list_things" } },
            "/log": { "get": { "operationId": "read_log" } },
        } });
        let all = Operations::of(&document, RULES.iter());
        let admin = Caller::system();
        assert_eq!(
            all.names_for(&admin),
            ["list_things", "make_thing", "read_log"],
            "what is not served is left out"
        );
        let reach = Reach::Account("shop".to_owned());
        let customer = Caller { role: Role::Customer, reach, ..Caller::system() };
        assert_eq!(all.names_for(&customer), ["list_things", "make_thing"]);
        assert_eq!(all.scopes_for(&customer), [Scope::BillingRead, Scope::BillingWrite]);
        let suspended = Caller { is_suspended: true, ..customer };
        assert_eq!(all.names_for(&suspended), ["list_things"]);
        assert_eq!(all.scopes_for(&suspended), [Scope::BillingRead]);
    }
}
