//! The requests that are left to the users and API keys of a suspended account: to read, and what only takes rights away.

use axum::http::Method;

use crate::access::Rule;
use crate::caller::Caller;
use crate::problem::Problem;

/// Requests besides GET that they may still make. A message has a refusal of its own, which is counted as one.
const LEFT: &[(&str, &str)] = &[
    ("POST", "/v1/auth/logout"),
    ("POST", "/v1/auth/change-password"),
    ("DELETE", "/v1/session"),
    ("DELETE", "/v1/api-keys/{id}"),
    ("POST", "/v1/alerts/{id}/read"),
    ("POST", "/v1/alerts/read-all"),
    ("POST", "/v1/charges"),
    // What is owed can be paid.
    ("POST", "/v1/payments"),
    ("POST", "/v1/payments/{id}/refresh"),
    ("POST", "/v1/quotes"),
    ("POST", "/v1/templates/{id}/check"),
];

/// Refuses a request with which a suspended account would make or change something.
pub(crate) fn check(caller: &Caller, rule: &Rule) -> Result<(), Problem> {
    let is_left = rule.method == Method::GET.as_str() || LEFT.contains(&(rule.method, rule.path));
    if is_left || !caller.is_suspended {
        return Ok(());
    }
    Err(Problem::forbidden(
        "your account is suspended: it can be read, and nothing can be made or changed with it",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::rules;

    #[test]
    fn a_suspended_account_reads_and_makes_nothing() {
        let suspended = Caller { is_suspended: true, ..Caller::system() };
        let admitted: Vec<_> = rules()
            .filter(|rule| rule.method != "GET" && check(&suspended, rule).is_ok())
            .map(|rule| (rule.method, rule.path))
            .collect();
        assert_eq!(admitted.len(), LEFT.len(), "each of the list is a route: {admitted:?}");
        assert!(rules().all(|rule| check(&Caller::system(), rule).is_ok()));
        assert!(rules().filter(|rule| rule.method == "GET").all(|rule| check(&suspended, rule).is_ok()));
    }
}
