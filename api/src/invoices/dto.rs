//! The bodies and parameters of requests about invoices.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::export::AnswerFormat;
use crate::invoice_terms::{Issuer, Party, TaxCategory};
use crate::money::{CurrencyCode, Money};
use crate::percent::Percent;
use crate::table_query;
use crate::time::Time;

/// An invoice. Once it has been sent, nothing of what it says of its period changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invoice {
    /// The id that it has from the draft on; it is found by it, and by its number.
    pub id: String,
    /// Counted within its issuer and the year without gaps, and given when it is sent; null for a draft.
    #[schema(example = "INV-2026-000001")]
    pub invoice_number: Option<String>,
    /// The account that owes it.
    pub account: String,
    /// The reseller's account that issues it; null for the house.
    pub issued_by: Option<String>,
    /// First instant of its period.
    pub period_start: Time,
    /// First instant that is no longer in it.
    pub period_end: Time,
    /// The time zone of the account's plan, in which the days of the document are those of the calendar.
    pub time_zone: String,
    /// The day on which it was sent; null for a draft.
    #[schema(example = "2026-12-01")]
    pub issue_date: Option<String>,
    /// The day until which it is to be paid; null where nothing is due.
    #[schema(example = "2026-12-15")]
    pub due_date: Option<String>,
    /// Whoever issues it.
    pub seller: Issuer,
    /// Whoever is to pay it.
    pub buyer: Party,
    /// The sum of its lines, a multiple of the currency's minor unit: `exact_amount`, rounded half to even.
    pub total_amount: Money,
    /// The sum of the ledger: what was debited in the period, less what was given back in it, to the millionth.
    pub exact_amount: Money,
    /// The tax on the total.
    pub tax: InvoiceTax,
    /// Total and tax.
    pub gross_amount: Money,
    /// The part of the gross amount that is to be paid: what was not debited from a balance above zero. It is fixed when the
    /// invoice is sent, and null before.
    pub amount_due: Option<Money>,
    /// The part of the amount due that was paid. What is paid beyond it stays in the wallet.
    pub amount_paid: Money,
    /// The part of the amount due that credit notes took back.
    pub amount_credited: Money,
    /// The part that is still to be paid; null before it is sent.
    pub amount_open: Option<Money>,
    /// Of all money here.
    pub currency: CurrencyCode,
    /// The status of the invoice.
    pub status: InvoiceStatus,
    /// The same in the words of who waits for money; null for a draft and for one that was cancelled.
    pub payment_status: Option<PaymentStatus>,
    /// The lines: first the charges, then the refunds, each in the order of networks and unit prices, and last what rounding
    /// has moved.
    pub line_items: Vec<InvoiceLine>,
    /// For information: other money that moved in the period. It is no part of the total.
    pub payments: InvoicePayments,
    /// The versions of the tariff that its messages were priced by, in the order of their first use.
    pub tariff_versions: Vec<String>,
    /// The numbers of its credit notes.
    pub credit_notes: Vec<String>,
    /// The time at which it was drafted.
    pub created_at: Time,
    /// The time at which it was sent.
    pub issued_at: Option<Time>,
    /// The time at which it is to be paid by; null where nothing is due.
    pub due_at: Option<Time>,
    /// The page on which it can be paid, which needs no login; null where nothing is open, or where it is a reseller's.
    #[schema(example = "https://billing.example.com/pay/invoices/k3mqz…")]
    pub pay_link: Option<String>,
    /// The time at which it was paid in full.
    pub paid_at: Option<Time>,
    /// The time at which it was opened again after that, as money of a payment went back.
    #[serde(default)]
    pub reopened_at: Option<Time>,
    /// The reference of the last payment, as it was entered.
    pub payment_reference: Option<String>,
    /// The time at which it was cancelled.
    pub cancelled_at: Option<Time>,
    /// The reason for which it was cancelled.
    pub cancel_reason: Option<String>,
    /// SHA-256 of its content in hexadecimal, from when it was sent on.
    pub content_hash: Option<String>,
}

/// The tax on an invoice: one category for all of its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvoiceTax {
    /// The category, which says why the rate is what it is.
    pub category: TaxCategory,
    /// The rate of the tax.
    pub rate_percent: Percent,
    /// The reason why nothing is taken.
    pub reason: Option<String>,
    /// The sum of the lines.
    pub base: Money,
    /// The base times the rate, rounded half to even to the minor unit.
    pub amount: Money,
}

/// An invoice in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvoiceSummary {
    /// The id of it.
    #[serde(default)]
    pub id: String,
    /// The number of it; null for a draft.
    #[schema(example = "INV-2026-000001")]
    pub invoice_number: Option<String>,
    /// The account that owes it.
    pub account: String,
    /// The reseller's account that issues it; null for the house.
    #[serde(default)]
    pub issued_by: Option<String>,
    /// First instant of its period.
    pub period_start: Time,
    /// First instant that is no longer in it.
    pub period_end: Time,
    /// The sum of its lines.
    pub total_amount: Money,
    /// The tax on the total.
    #[serde(default)]
    pub tax_amount: Money,
    /// Total and tax.
    #[serde(default)]
    pub gross_amount: Money,
    /// The part of the gross amount that is to be paid, from when it was sent on.
    #[serde(default)]
    pub amount_due: Option<Money>,
    /// The part of the amount due that was paid.
    #[serde(default)]
    pub amount_paid: Money,
    /// The part that is still to be paid, from when it was sent on.
    #[serde(default)]
    pub amount_open: Option<Money>,
    /// Of all money here.
    pub currency: CurrencyCode,
    /// The status of the invoice.
    pub status: InvoiceStatus,
    /// The same in the words of who waits for money; null for a draft and for one that was cancelled.
    #[serde(default)]
    pub payment_status: Option<PaymentStatus>,
    /// The time at which it was drafted.
    pub created_at: Time,
    /// The time at which it was sent.
    pub issued_at: Option<Time>,
    /// The time at which it is to be paid by.
    pub due_at: Option<Time>,
    /// The time at which it was paid in full.
    pub paid_at: Option<Time>,
    /// The time at which it was opened again after that, as money of a payment went back.
    #[serde(default)]
    pub reopened_at: Option<Time>,
}

/// The status of an invoice's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Something of it is to be paid, and not late.
    Pending,
    /// Nothing of it is open.
    Paid,
    /// Something of it was to be paid by now.
    Overdue,
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
    /// The price of a segment, with up to six decimals; below zero where it was given back.
    pub unit_price: Money,
    /// Quantity times unit price, rounded half to even to the currency's minor unit.
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
    /// The difference that rounding of the lines makes to what the ledger says.
    Rounding,
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
    /// Taxes of invoices that were sent, below zero, and what was given back of them.
    #[serde(default, skip_serializing_if = "Money::is_zero")]
    pub taxes: Money,
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
pub struct NewInvoicePayment {
    /// The reference of the payment, as it is entered.
    #[serde(default)]
    #[schema(max_length = 200, example = "bank transfer 4711")]
    pub reference: Option<String>,
    /// The money that came in, a multiple of the currency's minor unit; what is open if it is not given. Less is a part, and
    /// what is beyond the open amount stays in the wallet.
    #[serde(default)]
    pub amount: Option<Money>,
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
        /// Only those whose money is so far.
        #[param(inline)]
        pub payment_status: Option<PaymentStatus>,
        /// Only those whose period ends after this.
        #[param(value_type = Option<Time>)]
        pub from: Option<Time>,
        /// Only those whose period begins before this.
        #[param(value_type = Option<Time>)]
        pub to: Option<Time>,
    }
}
