//! The bodies of requests about how accounts are invoiced.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::percent::Percent;

/// Whoever issues a document or is to pay it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Party {
    /// The legal name; the account's name if it is not given.
    #[schema(max_length = 200, example = "Acme Messaging Ltd")]
    pub name: Option<String>,
    /// Street and house, as they are written on a letter: at most six lines of 100 characters.
    pub address_lines: Vec<String>,
    /// The postal code.
    #[schema(max_length = 20)]
    pub postal_code: Option<String>,
    /// The city of the address.
    #[schema(max_length = 100)]
    pub city: Option<String>,
    /// The country of the address (ISO 3166-1 alpha-2).
    #[schema(example = "KE")]
    pub country: Option<String>,
    /// The number by which it is registered for the tax.
    #[schema(max_length = 50)]
    pub tax_id: Option<String>,
    /// The number in the register of companies.
    #[schema(max_length = 50)]
    pub registration: Option<String>,
    /// The address that documents and reminders go to; the account's e-mail address if it is not given.
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// The number that can be called.
    #[schema(max_length = 50)]
    pub phone: Option<String>,
    /// The address of its pages in the web.
    #[schema(max_length = 200)]
    pub website: Option<String>,
}

/// A bank account that can be paid to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BankAccount {
    /// In whose name it is.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub holder: Option<String>,
    /// The IBAN, or the number of the account where there is none.
    #[schema(min_length = 1, max_length = 50)]
    pub account_number: String,
    /// The BIC, also named SWIFT code.
    #[serde(default)]
    #[schema(max_length = 20)]
    pub bic: Option<String>,
    /// The bank's name.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub bank_name: Option<String>,
}

/// The category of a tax, UNCL 5305 as EN 16931 uses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaxCategory {
    /// Taxed at a rate above zero.
    Standard,
    /// Taxed at a rate of zero.
    ZeroRated,
    /// Exempt from tax.
    Exempt,
    /// The customer owes the tax.
    ReverseCharge,
    /// Sold to a country outside the tax area.
    Export,
    /// Not subject to the tax at all.
    #[default]
    OutsideScope,
}

/// The tax on what an account is charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxTerms {
    /// The category, which says why the rate is what it is.
    pub category: TaxCategory,
    /// The rate, from 0 to 100: above zero for `standard`, and zero for all others.
    #[serde(default = "no_percent")]
    pub rate_percent: Percent,
    /// The reason why nothing is taken, in words; a usual one if it is not given.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub reason: Option<String>,
}

/// The rhythm of an account's invoices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceCycle {
    /// Months of the calendar.
    #[default]
    Monthly,
    /// Weeks from Monday on.
    Weekly,
    /// Days of the calendar.
    Daily,
}

/// The handling of money that is given back for a charge after its invoice was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundHandling {
    /// A line of the next invoice.
    #[default]
    NextInvoice,
    /// A credit note of the invoice.
    CreditNote,
}

/// The terms of an account's invoices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InvoiceTerms {
    /// Whoever is to pay.
    pub party: Party,
    /// The tax on its charges.
    pub tax: TaxTerms,
    /// The rhythm, in the time zone of its plan.
    pub cycle: InvoiceCycle,
    /// Days from sending to the due date, at most 366; null for what the configuration says.
    #[schema(maximum = 366)]
    pub due_days: Option<u32>,
    /// True to have what the schedule drafts sent at once; null for what the configuration says.
    pub send_automatically: Option<bool>,
    /// The handling of money that is given back after an invoice was sent.
    pub refunds: RefundHandling,
    /// The addresses that invoices and reminders are mailed to, at most ten, each in a mail of its own; none for the account's own
    /// address.
    #[schema(max_items = 10)]
    pub billing_emails: Vec<String>,
    /// The terms that hold, with what comes from the configuration, the plan and the accounts above. Only shown: a change of the
    /// terms leaves it out, or sends it back unread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_force: Option<InvoiceTermsInForce>,
}

/// The terms of an account's invoices that hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceTermsInForce {
    /// Days from sending to the due date.
    pub due_days: u32,
    /// True if what the schedule drafts is sent at once.
    pub send_automatically: bool,
    /// The time zone of its plan, in which periods begin and end (IANA).
    #[schema(example = "Africa/Nairobi")]
    pub time_zone: String,
    /// The name of whoever issues its invoices.
    pub issuer: String,
    /// The reseller that issues them; null for the house.
    pub issued_by: Option<String>,
}

/// The data of an issuer on its documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Issuer {
    /// Whoever asks for the money.
    pub party: Party,
    /// The account that the money may be sent to.
    pub bank: Option<BankAccount>,
    /// The terms of payment in words.
    #[schema(max_length = 500)]
    pub payment_terms: Option<String>,
    /// The name of the tax, such as `VAT`.
    #[schema(max_length = 20)]
    pub tax_name: Option<String>,
}

impl Default for TaxTerms {
    fn default() -> Self {
        Self { category: TaxCategory::default(), rate_percent: no_percent(), reason: None }
    }
}

fn no_percent() -> Percent {
    Percent(rust_decimal::Decimal::ZERO)
}
