//! The bodies and parameters of requests about credit notes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invoice_terms::{Issuer, Party};
use crate::invoices::{InvoiceLine, InvoiceTax};
use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::time::Time;

/// A credit note. Its amounts are above zero, in the customer's favour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CreditNote {
    /// Counted within its issuer and the year without gaps.
    #[schema(example = "CRN-2026-000001")]
    pub credit_note_number: String,
    /// The invoice that it corrects.
    #[schema(example = "INV-2026-000001")]
    pub invoice_number: String,
    /// The account that it is for.
    pub account: String,
    /// The reseller's account that issues it; null for the house.
    pub issued_by: Option<String>,
    /// Whoever issues it.
    pub seller: Issuer,
    /// Whoever it is for.
    pub buyer: Party,
    /// The reason, as it was entered.
    pub reason: String,
    /// Of all money here.
    pub currency: CurrencyCode,
    /// The amount without tax.
    pub total_amount: Money,
    /// The tax on it.
    pub tax: InvoiceTax,
    /// Total and tax.
    pub gross_amount: Money,
    /// The messages whose charges were given back; zero where an amount was entered.
    pub refunds: u64,
    /// The time at which it was issued.
    pub issued_at: Time,
    /// The lines of it by network and unit price, with amounts above zero, and what rounding has moved; none where an amount was
    /// entered.
    pub line_items: Vec<InvoiceLine>,
}

/// A credit note to issue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCreditNote {
    /// The reason, as it is entered.
    #[schema(min_length = 1, max_length = 200)]
    pub reason: String,
    /// The amount without tax, a multiple of the currency's minor unit; what was given back since if it is not given.
    #[serde(default)]
    pub amount: Option<Money>,
}

list_query! {
    /// The filters of a list of credit notes.
    pub struct CreditNotesQuery {
        /// Only those of this account.
        pub account: Option<String>,
    }
}
