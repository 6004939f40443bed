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

/// The keys of a form for cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardForm {
    /// The key that pages may know.
    pub publishable_key: String,
    /// The secret of this payment.
    pub client_secret: String,
}
