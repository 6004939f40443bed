//! The things that commands ask for, and the requests of the management API that they are.

use serde_json::{Value, json};
use tollgate_engine::money::Amount;
use tollgate_engine::operator::OperatorStatus;
use tollgate_engine::time::UnixMicros;

use crate::api_call::{ApiCall, encoded};

/// Items of a page.
const PAGE: u32 = 500;

/// A thing that is asked for. Lists have an `items` in their answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The list of accounts.
    Accounts,
    /// One account with its settings.
    Account(String),
    /// The balance of an account.
    Balance(String),
    /// Money into a wallet.
    TopUp {
        /// The account that gets it.
        account: String,
        /// The amount, in the account's currency.
        amount: Amount,
        /// A note for the ledger.
        reference: String,
        /// A text that marks a repetition of the same top-up.
        key: Option<String>,
    },
    /// Messages that were submitted at or after an instant.
    Cdrs {
        /// Only those of this account.
        account: Option<String>,
        /// The instant from which they are asked for.
        from: UnixMicros,
    },
    /// The open binds of gateways.
    Binds,
    /// The list of operators.
    Operators,
    /// The health of an operator now.
    OperatorHealth(String),
    /// Another status for an operator.
    SetOperatorStatus(String, OperatorStatus),
    /// An admin of the management API.
    NewAdmin {
        /// The address to log in with.
        email: String,
        /// The name that people see.
        name: String,
        /// The password in clear.
        password: String,
    },
    /// The clock of the daemon.
    Clock,
}

/// The answer to what was asked, and whether it was given before under the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The answer in the words of the management API.
    pub value: Value,
    /// True if an earlier use of the same idempotency key did it.
    pub replayed: bool,
}

impl Ask {
    /// The request; for a list that of its first page.
    pub fn call(&self) -> ApiCall {
        match self {
            Self::Accounts | Self::Cdrs { .. } | Self::Binds | Self::Operators => self.page_after(None),
            Self::Account(id) => ApiCall::get(format!("/v1/accounts/{}", encoded(id))),
            Self::Balance(id) => ApiCall::get(format!("/v1/accounts/{}/balance", encoded(id))),
            Self::TopUp { account, amount, reference, key } => {
                let body = json!({ "amount": amount.to_string(), "reference": reference });
                let call = ApiCall::post(format!("/v1/accounts/{}/topups", encoded(account)), Some(body));
                ApiCall { idempotency_key: key.clone(), ..call }
            }
            Self::OperatorHealth(code) => ApiCall::get(format!("/v1/operators/{}/health", encoded(code))),
            Self::SetOperatorStatus(code, status) => {
                let step = match status {
                    OperatorStatus::Active => "resume",
                    OperatorStatus::Draining => "drain",
                    OperatorStatus::Disabled => "disable",
                };
                ApiCall::post(format!("/v1/operators/{}/{step}", encoded(code)), None)
            }
            Self::NewAdmin { email, name, password } => {
                let body = json!({ "email": email, "name": name, "role": "admin", "password": password });
                ApiCall::post("/v1/users", Some(body))
            }
            Self::Clock => ApiCall::get("/v1/clock"),
        }
    }

    /// The request for the page of a list behind a cursor.
    pub fn page_after(&self, cursor: Option<&str>) -> ApiCall {
        let (path, filters) = match self {
            Self::Accounts => ("/v1/accounts", String::new()),
            Self::Cdrs { account, from } => {
                let account = account.as_ref().map(|id| format!("&account={}", encoded(id)));
                let from = format!("&from={}", encoded(&from.to_rfc3339()));
                ("/v1/cdrs", account.unwrap_or_default() + &from)
            }
            Self::Binds => ("/v1/binds", String::new()),
            Self::Operators => ("/v1/operators", String::new()),
            _ => return self.call(),
        };
        let cursor = cursor.map(|cursor| format!("&cursor={}", encoded(cursor))).unwrap_or_default();
        ApiCall::get(format!("{path}?limit={PAGE}{filters}{cursor}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_in_its_place() {
        assert_eq!(Ask::Account("../users".to_owned()).call().path, "/v1/accounts/..%2Fusers");
        let cdrs = Ask::Cdrs { account: Some("a&b".to_owned()), from: UnixMicros(1_000_000) };
        let page = cdrs.page_after(Some("x=="));
        assert_eq!(
            page.path,
            "/v1/cdrs?limit=500&account=a%26b&from=1970-01-01T00%3A00%3A01Z&cursor=x%3D%3D"
        );
        assert_eq!(cdrs.call(), cdrs.page_after(None));
    }

    #[test]
    fn a_top_up_takes_its_key_along() {
        let topup = Ask::TopUp {
            account: "poor".to_owned(),
            amount: "1.50".parse().unwrap(),
            reference: "INV-7".to_owned(),
            key: Some("once".to_owned()),
        };
        let call = topup.call();
        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", "/v1/accounts/poor/topups"));
        assert_eq!(call.idempotency_key.as_deref(), Some("once"));
        assert_eq!(call.body, Some(json!({ "amount": "1.50", "reference": "INV-7" })));
    }
}
