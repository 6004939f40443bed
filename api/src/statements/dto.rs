//! The bodies and parameters of requests about statements.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::invoice_terms::{Issuer, Party};
use crate::list_query;
use crate::money::{CurrencyCode, MoneySum};
use crate::time::Time;
use crate::wallets::TransactionKind;

/// A statement. Its movements lead from the opening to the closing balance, to the millionth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Statement {
    /// Counted within its issuer and the year without gaps; null for one that is only computed.
    #[schema(example = "STM-2026-000001")]
    pub statement_number: Option<String>,
    /// The account whose balance it is.
    pub account: String,
    /// The reseller's account that issues it; null for the house.
    pub issued_by: Option<String>,
    /// First instant of its period.
    pub period_start: Time,
    /// First instant that is no longer in it.
    pub period_end: Time,
    /// The time zone of the account's plan.
    pub time_zone: String,
    /// Whoever issues it.
    pub seller: Issuer,
    /// The party that the account belongs to.
    pub buyer: Party,
    /// Of all money here.
    pub currency: CurrencyCode,
    /// The balance when the period began.
    pub opening_balance: MoneySum,
    /// The sums by kind, in the order of kinds. Kinds without a transaction are not there.
    pub movements: Vec<Movement>,
    /// The balance when the period ended.
    pub closing_balance: MoneySum,
    /// The time at which it was made.
    pub created_at: Time,
}

/// The transactions of one kind in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Movement {
    /// The kind of transaction.
    pub kind: TransactionKind,
    /// The number of transactions.
    pub count: u64,
    /// Added to the balance: below zero for what was taken.
    pub amount: MoneySum,
}

/// A statement to issue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStatement {
    /// The account's id.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// First instant of its period.
    pub period_start: Time,
    /// First instant that is no longer in it, not in the future; at most 400 days later.
    pub period_end: Time,
}

/// The period of a statement that is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatementRange {
    /// First instant of the period.
    #[param(value_type = Time)]
    pub from: Time,
    /// First instant that is no longer in it; at most 400 days later.
    #[param(value_type = Time)]
    pub to: Time,
}

list_query! {
    /// The filters of a list of statements.
    pub struct StatementsQuery {
        /// Only those of this account.
        pub account: Option<String>,
    }
}
