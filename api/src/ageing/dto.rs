//! The answers and parameters of requests about ageing.

use serde::Serialize;
use utoipa::ToSchema;

use crate::money::{CurrencyCode, MoneySum};
use crate::table_query;

/// The open amounts of an account's invoices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccountAgeing {
    /// The account that owes.
    pub account: String,
    /// Of all money here.
    pub currency: CurrencyCode,
    /// The invoices that are open.
    pub invoices: u64,
    /// To be paid today or later.
    pub not_due: MoneySum,
    /// Late by 1 to 30 days.
    pub days_1_to_30: MoneySum,
    /// Late by 31 to 60 days.
    pub days_31_to_60: MoneySum,
    /// Late by 61 to 90 days.
    pub days_61_to_90: MoneySum,
    /// Late by more than 90 days.
    pub days_over_90: MoneySum,
    /// All of it together.
    pub total: MoneySum,
}

table_query! {
    /// The filters of a list of what accounts owe.
    pub struct AgeingQuery {
        /// Only this account.
        pub account: Option<String>,
    }
}
