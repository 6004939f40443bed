//! The content of a pay page.

use crate::payments::{PaymentProvider, PaymentState};

/// Everything that a pay page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayPage {
    /// The token that the page lives from.
    pub token: String,
    /// The name of who is paid for.
    pub account_name: String,
    /// The amount, as it is shown.
    pub amount: String,
    /// A line that says what it is for.
    pub purpose: String,
    /// The provider of the payment.
    pub provider: PaymentProvider,
    /// The state of the payment.
    pub state: PaymentState,
    /// The text of the last decline.
    pub failure: Option<String>,
    /// The reference of a bank transfer.
    pub reference: Option<String>,
    /// The lines that tell where to transfer money to.
    pub bank_details: Vec<String>,
    /// The keys of the form for cards, where there is one.
    pub card: Option<CardForm>,
    /// The page of PayPal on which the payment is approved.
    pub approve_url: Option<String>,
    /// The address that the provider sends the payer back to.
    pub return_url: String,
}

/// Everything that the page of an invoice shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoicePage {
    /// The token that the page lives from.
    pub token: String,
    /// The number of the invoice.
    pub number: String,
    /// The name of who has issued it.
    pub seller: String,
    /// True if whoever has issued it has a logo.
    pub has_logo: bool,
    /// The name of who owes it.
    pub buyer: String,
    /// The part that is to be paid, as it is shown; `None` where nothing is.
    pub open: Option<String>,
    /// The day by which it is to be paid.
    pub due: Option<String>,
    /// The providers that it can be paid by.
    pub providers: Vec<PaymentProvider>,
}

/// The outcome of the wish to pay an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentBegun {
    /// A payment can be paid.
    Payment {
        /// The token of its page.
        token: String,
    },
    /// Nothing is to be paid.
    NothingOpen {
        /// The token of the invoice's page.
        token: String,
    },
}

/// The keys of a form for cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardForm {
    /// The key that pages may know.
    pub publishable_key: String,
    /// The secret of this payment.
    pub client_secret: String,
}
