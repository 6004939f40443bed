//! The bodies and parameters of requests about invoices.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::export::AnswerFormat;
use crate::money::{CurrencyCode, Money};
use crate::table_query;
use crate::time::Time;

/// An invoice. Once it has been sent, nothing of what it says of its period changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invoice {
    /// Counted within the year without gaps, from the draft on; never used twice.
    #[schema(example = "INV-2026-000001")]
    pub invoice_number: String,
    /// The account that owes it.
    pub account: String,
    /// First instant of its period.
    pub period_start: Time,
    /// First instant that is no longer in it.
    pub period_end: Time,
    /// The sum of its lines: what the ledger says was debited in the period, less what was given back in it.
    pub total_amount: Money,
    /// The part of the total that is to be paid: what was not debited from a balance above zero. It is fixed when the
    /// invoice is sent, and null before.
    pub amount_due: Option<Money>,
    /// Of all money here.
    pub currency: CurrencyCode,
    /// The status of the invoice.
    pub status: InvoiceStatus,
    /// The lines: first the charges, then the refunds, each in the order of networks.
    pub line_items: Vec<InvoiceLine>,
    /// For information: other money that moved in the period. It is no part of the total.
    pub payments: InvoicePayments,
    /// The versions of the tariff that its messages were priced by, in the order of their first use.
    pub tariff_versions: Vec<String>,
    /// The time at which it was drafted.
    pub created_at: Time,
    /// The time at which it was sent.
    pub issued_at: Option<Time>,
    /// The time at which it is to be paid by; null where nothing is due.
    pub due_at: Option<Time>,
    /// The time at which it was noted as paid.
    pub paid_at: Option<Time>,
    /// The reference of the payment, as it was entered.
    pub payment_reference: Option<String>,
    /// The time at which it was cancelled.
    pub cancelled_at: Option<Time>,
    /// The reason for which it was cancelled.
    pub cancel_reason: Option<String>,
    /// SHA-256 of its content in hexadecimal, from when it was sent on.
    pub content_hash: Option<String>,
}

/// An invoice in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvoiceSummary {
    /// The number of it.
    #[schema(example = "INV-2026-000001")]
    pub invoice_number: String,
    /// The account that owes it.
    pub account: String,
    /// First instant of its period.
    pub period_start: Time,
    /// First instant that is no longer in it.
    pub period_end: Time,
    /// The sum of its lines.
    pub total_amount: Money,
    /// The part of the total that is to be paid, from when it was sent on.
    #[serde(default)]
    pub amount_due: Option<Money>,
    /// Of the total.
    pub currency: CurrencyCode,
    /// The status of the invoice.
    pub status: InvoiceStatus,
    /// The time at which it was drafted.
    pub created_at: Time,
    /// The time at which it was sent.
    pub issued_at: Option<Time>,
    /// The time at which it is to be paid by.
    pub due_at: Option<Time>,
    /// The time at which it was noted as paid.
    pub paid_at: Option<Time>,
}

/// The status of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    /// It can still be brought up to date.
    Draft,
    /// It is fixed, and what is due of it is owed.
    Sent,
    /// It was paid.
    Paid,
    /// It is owed, and was to be paid by now.
    Overdue,
    /// It was taken back.
    Cancelled,
}

/// One line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvoiceLine {
    /// A text for people.
    #[schema(example = "SMS to Safaricom, Kenya (639/02)")]
    pub description: String,
    /// The number of segments.
    pub quantity: u64,
    /// Total over quantity, rounded half to even to a millionth; the total is what holds.
    pub unit_price: Money,
    /// Exact; negative where it was given back.
    pub total: Money,
    /// The category of the line.
    pub category: LineCategory,
    /// More of it.
    pub details: LineDetails,
}

/// The category of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineCategory {
    /// The line is for messages.
    Sms,
    /// Use of the API.
    Api,
    /// The line is for storage.
    Storage,
    /// The line is for support.
    Support,
    /// The line is for anything else.
    Other,
}

/// More of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineDetails {
    /// Messages charged, or given back.
    pub messages: u64,
    /// True if these were given back.
    pub is_refund: bool,
    /// True if accounts below sent them and this one paid for them as a reseller.
    #[serde(default)]
    pub is_resale: bool,
    /// Mobile country code.
    #[schema(example = "639")]
    pub mcc: Option<String>,
    /// Mobile network code; null where only the MCC is known.
    #[schema(example = "02")]
    pub mnc: Option<String>,
    /// The name of the network's operator; null if it is not in the catalogue.
    #[schema(example = "Safaricom")]
    pub network: Option<String>,
    /// The country of the numbers (ISO 3166-1 alpha-2); null for networks of no country.
    #[schema(example = "KE")]
    pub country_code: Option<String>,
}

/// Money that moved in a period and is no part of what is owed for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvoicePayments {
    /// Paid in, an opening balance included.
    pub top_ups: Money,
    /// Corrections by hand, of either sign.
    pub adjustments: Money,
    /// Payments of invoices.
    #[serde(default, skip_serializing_if = "Money::is_zero")]
    pub invoice_payments: Money,
}

/// An invoice to draft.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvoice {
    /// The account's id.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// First instant of its period, not in the future.
    pub period_start: Time,
    /// First instant that is no longer in it; at most 400 days later.
    pub period_end: Time,
}

/// The payment of an invoice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// The reference of the payment, as it is entered.
    #[serde(default)]
    #[schema(max_length = 200, example = "bank transfer 4711")]
    pub reference: Option<String>,
}

/// The reason for which an invoice is cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// The reason, as it is entered.
    #[schema(min_length = 1, max_length = 200)]
    pub reason: String,
}

/// The form of an invoice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvoiceQuery {
    /// The format of the answer.
    #[serde(default)]
    #[param(inline)]
    pub format: AnswerFormat,
    /// True for texts in CSV as they are. Otherwise an apostrophe stands before those that a spreadsheet would
    /// take for a formula, such as `=1+1`; numbers and amounts never have one.
    #[serde(default)]
    pub raw: bool,
}

table_query! {
    /// The filters of a list of invoices.
    pub struct InvoicesQuery {
        /// Only those of this account.
        pub account: Option<String>,
        /// Only those that are so far.
        #[param(inline)]
        pub status: Option<InvoiceStatus>,
        /// Only those whose period ends after this.
        #[param(value_type = Option<Time>)]
        pub from: Option<Time>,
        /// Only those whose period begins before this.
        #[param(value_type = Option<Time>)]
        pub to: Option<Time>,
    }
}
