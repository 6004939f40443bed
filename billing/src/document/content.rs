//! The content of a document, as plain data.

use jiff::civil::Date;
use tollgate_engine::money::Amount;

use super::money::DocumentCurrency;
use super::party::{BankAccount, Party};
use super::tax::Tax;

/// Everything that a page or an XML file of a document shows. Amounts are whole minor units of the currency unless a field says
/// otherwise; dates are local to the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// An invoice, a credit note or a statement.
    pub kind: Kind,
    /// The number among those of its issuer; a draft has none.
    pub number: Option<String>,
    /// The day on which it was issued, or on which a draft was computed. It is also the date within the PDF, so that the same
    /// content is always the same file.
    pub issued: Date,
    /// The day until which it is to be paid, if anything is.
    pub due: Option<Date>,
    /// The days that it is about.
    pub period: Option<Period>,
    /// Whoever asks for the money: the house or a reseller.
    pub issuer: Party,
    /// Whoever is to pay.
    pub customer: Party,
    /// The name of the customer's account.
    pub account: Option<String>,
    /// The issuer's logo as the octets of a PNG file. One that cannot be read is left out of the page.
    pub logo: Option<Vec<u8>>,
    /// The currency of all amounts.
    pub currency: DocumentCurrency,
    /// The lines in the order of the page, charges and refunds alike. Lines of one country stand together.
    pub lines: Vec<Line>,
    /// The name of the tax, such as `VAT` or `GST`.
    pub tax_name: String,
    /// The tax by category and rate, each pair once. Lines name their tax by its place here.
    pub taxes: Vec<Tax>,
    /// The sums of the document.
    pub totals: Totals,
    /// The sum of the ledger's entries to the millionth, where the lines were made from it. It is less than one minor unit away
    /// from the net total.
    pub ledger_total: Option<Amount>,
    /// The terms of payment in words.
    pub payment_terms: Option<String>,
    /// The bank account that the money may be sent to.
    pub bank: Option<BankAccount>,
    /// The text that a payment is to be marked with.
    pub payment_reference: Option<String>,
    /// The address of the page on which it can be paid, beginning with `https://` or `http://`.
    pub pay_link: Option<String>,
    /// Further remarks, a paragraph each.
    pub notes: Vec<String>,
}

/// The kind of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An invoice: a postpaid account owes it.
    Invoice,
    /// A credit note: a part of an invoice that was sent is taken back. Its amounts are above zero where they are in the customer's favour.
    CreditNote(CorrectedInvoice),
    /// A statement of a prepaid account, which owes nothing.
    Statement(StatementBalances),
}

/// The invoice that a credit note corrects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectedInvoice {
    /// The number of the invoice.
    pub number: String,
    /// The day on which it was issued.
    pub issued: Date,
}

/// The balance of a prepaid account over the statement's period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementBalances {
    /// The balance when the period began.
    pub opening: i64,
    /// The changes of the balance, summed by kind of entry, in the order of the page.
    pub movements: Vec<Movement>,
    /// The balance when the period ended: opening and movements together.
    pub closing: i64,
}

/// One row between the opening and the closing balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The name of the change, such as `Top-ups`.
    pub description: String,
    /// Above zero where the balance grew.
    pub amount: i64,
}

/// A range of days, both of which belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub first: Date,
    /// The last day.
    pub last: Date,
}

/// One line of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The network's name, or a product, or a refund.
    pub description: String,
    /// The country under whose heading it stands, by name; lines without one stand under no heading.
    pub country: Option<String>,
    /// The codes of the network, such as `639-02`.
    pub network: Option<String>,
    /// The number of units; below zero where they are taken back.
    pub quantity: i64,
    /// The unit that is counted.
    pub unit: Unit,
    /// The exact price of one unit, to the millionth, never below zero.
    pub unit_price: Amount,
    /// Quantity times price, rounded to the minor unit. The rounding line has the difference to the ledger.
    pub total: i64,
    /// The place of the line's tax in [`Content::taxes`].
    pub tax: usize,
}

/// The unit of a line's quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Segments of messages.
    Segment,
    /// Periods of a subscription.
    Period,
    /// Anything else, and the rounding line.
    Piece,
}

/// The sums of a document, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// All lines together.
    pub net: i64,
    /// All taxes together.
    pub tax: i64,
    /// Net and tax together.
    pub gross: i64,
    /// The part that was paid already: from a balance above zero, or since.
    pub prepaid: i64,
    /// Gross without what was paid already.
    pub due: i64,
}
