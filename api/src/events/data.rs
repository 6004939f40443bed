//! The data of events: one form for each family of event types.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::alerts::Alert;
use crate::invoices::InvoiceStatus;
use crate::money::{CurrencyCode, Money};
use crate::payments::{
    DisputeState, PaymentFailure, PaymentProvider, PaymentPurpose, PaymentRefundState, PaymentState,
};
use crate::subscriptions::SubscriptionStatus;
use crate::time::Time;

/// The families of event types: each has one form of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFamily {
    /// A payment, as [`PaymentEventData`].
    Payment,
    /// A refund of a payment, as [`PaymentRefundEventData`].
    PaymentRefund,
    /// A dispute of a payment, as [`PaymentDisputeEventData`].
    PaymentDispute,
    /// Auto-recharge, as [`AutoRechargeEventData`].
    AutoRecharge,
    /// A subscription, as [`SubscriptionEventData`].
    Subscription,
    /// An invoice, as [`InvoiceEventData`].
    Invoice,
    /// A credit note, as [`CreditNoteEventData`].
    CreditNote,
    /// A statement, as [`StatementEventData`].
    Statement,
    /// A wallet, as [`WalletEventData`].
    Wallet,
    /// A bundle, as [`BundleEventData`].
    Bundle,
    /// An account, as [`AccountEventData`].
    Account,
    /// An alert, as [`Alert`].
    Alert,
    /// A webhook endpoint, as [`EndpointEventData`].
    Endpoint,
}

impl EventFamily {
    /// The name of the schema of its data.
    pub fn schema(self) -> &'static str {
        match self {
            Self::Payment => "PaymentEventData",
            Self::PaymentRefund => "PaymentRefundEventData",
            Self::PaymentDispute => "PaymentDisputeEventData",
            Self::AutoRecharge => "AutoRechargeEventData",
            Self::Subscription => "SubscriptionEventData",
            Self::Invoice => "InvoiceEventData",
            Self::CreditNote => "CreditNoteEventData",
            Self::Statement => "StatementEventData",
            Self::Wallet => "WalletEventData",
            Self::Bundle => "BundleEventData",
            Self::Account => "AccountEventData",
            Self::Alert => "Alert",
            Self::Endpoint => "EndpointEventData",
        }
    }
}

/// The data of events of one family.
pub trait EventData: Serialize {
    /// The family that it is of.
    const FAMILY: EventFamily;
}

macro_rules! families {
    ($($data:ty => $family:ident),+ $(,)?) => {
        $(impl EventData for $data {
            const FAMILY: EventFamily = EventFamily::$family;
        })+
    };
}

families! {
    PaymentEventData => Payment,
    PaymentRefundEventData => PaymentRefund,
    PaymentDisputeEventData => PaymentDispute,
    AutoRechargeEventData => AutoRecharge,
    SubscriptionEventData => Subscription,
    InvoiceEventData => Invoice,
    CreditNoteEventData => CreditNote,
    StatementEventData => Statement,
    WalletEventData => Wallet,
    BundleEventData => Bundle,
    AccountEventData => Account,
    Alert => Alert,
    EndpointEventData => Endpoint,
}

/// A payment as it was after what the event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentEventData {
    /// The id of the payment.
    pub payment: String,
    /// The provider that it comes by.
    pub provider: PaymentProvider,
    /// The thing that it is for.
    pub purpose: PaymentPurpose,
    /// The amount that is asked for.
    pub amount: Money,
    /// The currency of its amounts.
    pub currency: CurrencyCode,
    /// The state of the payment.
    pub state: PaymentState,
    /// The amount that came in, once it has.
    pub received: Option<Money>,
    /// The reason of the last decline.
    pub failure: Option<PaymentFailure>,
    /// True if auto-recharge began it.
    pub is_recharge: bool,
}

/// A refund of a payment as it was after what the event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentRefundEventData {
    /// The id of the refund.
    pub refund: String,
    /// The payment that it is of.
    pub payment: String,
    /// The amount that goes back.
    pub amount: Money,
    /// The currency of the amount.
    pub currency: CurrencyCode,
    /// The state of the refund.
    pub state: PaymentRefundState,
    /// The reason that was given for it.
    pub reason: String,
}

/// A dispute of a payment as it was after what the event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentDisputeEventData {
    /// The id of the dispute.
    pub dispute: String,
    /// The payment that it is of.
    pub payment: String,
    /// The amount that is disputed.
    pub amount: Money,
    /// The currency of the amount.
    pub currency: CurrencyCode,
    /// The state of the dispute.
    pub state: DisputeState,
    /// The reason that the provider gives.
    pub reason: String,
}

/// Auto-recharge of an account after what the event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoRechargeEventData {
    /// The payment that it made last.
    pub payment: Option<String>,
    /// The amount of one charge, as it is set.
    pub amount: Money,
    /// The balance below which it charges.
    pub threshold: Money,
    /// The currency of the amounts.
    pub currency: CurrencyCode,
    /// True if it goes on by itself.
    pub enabled: bool,
    /// The number of charges that were declined one after another.
    pub declines: u32,
}

/// A subscription as it was after what the event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionEventData {
    /// The id of the subscription.
    pub subscription: String,
    /// The name of its plan.
    pub plan: String,
    /// The status of the subscription.
    pub status: SubscriptionStatus,
    /// The first day of the present period.
    pub first_day: Option<String>,
    /// The last day of the present period.
    pub last_day: Option<String>,
    /// The price of a period of its plan.
    pub price: Money,
    /// The currency of the price.
    pub currency: CurrencyCode,
    /// The plan that it changes to at the end of its period.
    pub next_plan: Option<String>,
    /// The number of attempts to have a period paid that have failed.
    pub attempts: u32,
    /// The reason that the last of them failed for.
    pub failure: Option<String>,
    /// The time at which something is due next: a renewal, another attempt, the end.
    pub next_at: Option<Time>,
}

/// An invoice as it was after what the event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceEventData {
    /// The number of the invoice; null for a draft.
    pub invoice_number: Option<String>,
    /// The id that it has had since it was drafted.
    pub id: String,
    /// The status of the invoice.
    pub status: InvoiceStatus,
    /// The total with its tax.
    pub gross_amount: Money,
    /// The part that is to be paid, from when it was sent on.
    pub amount_due: Option<Money>,
    /// The part of the amount due that was paid.
    pub amount_paid: Money,
    /// The part that is still to be paid.
    pub amount_open: Option<Money>,
    /// The currency of the amounts.
    pub currency: CurrencyCode,
    /// The time at which it is to be paid by.
    pub due_at: Option<Time>,
    /// The days after the due date, or before it where they are below zero, that a reminder is for.
    pub days_after_due: Option<i32>,
    /// The page on which it is paid, as long as something of it is open.
    pub pay_link: Option<String>,
}

/// A credit note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditNoteEventData {
    /// The number of the credit note.
    pub credit_note_number: String,
    /// The invoice that it takes back a part of.
    pub invoice_number: String,
    /// The amount before tax.
    pub total_amount: Money,
    /// The tax on the amount.
    pub tax_amount: Money,
    /// The currency of the amounts.
    pub currency: CurrencyCode,
    /// The reason that was given for it.
    pub reason: String,
}

/// A statement of a prepaid account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementEventData {
    /// The number of the statement.
    pub statement_number: String,
    /// The first instant of its period.
    pub period_start: Time,
    /// The first instant that is no longer in it.
    pub period_end: Time,
    /// The balance at its end.
    #[schema(example = "12.34")]
    pub closing_balance: String,
    /// The currency of the balance.
    pub currency: CurrencyCode,
}

/// A wallet, and what moved in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WalletEventData {
    /// The amount that moved, below zero where it was taken; null where the event is about the balance.
    pub amount: Option<Money>,
    /// The balance at the event; where an amount moves, the one just before.
    #[schema(example = "49.98")]
    pub balance: String,
    /// The threshold that the balance is below.
    pub threshold: Option<String>,
    /// The currency of the amounts.
    pub currency: CurrencyCode,
    /// The reference of the entry in the ledger.
    pub reference: Option<String>,
}

/// A bundle as it was after what the event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BundleEventData {
    /// The number of the bundle within its account; null where it has just begun.
    pub bundle: Option<u64>,
    /// The product that it is of.
    pub product: String,
    /// The units of a new bundle.
    pub units: u64,
    /// The units that are left.
    pub left: u64,
    /// The time at which it ends.
    pub expires_at: Time,
    /// The price that was paid for it; null where the event is not about the purchase.
    pub price: Option<Money>,
}

/// An account after what the event tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountEventData {
    /// The id of the account.
    pub account: String,
    /// True if nothing is sent for it.
    pub suspended: bool,
    /// The actor that suspended or resumed it.
    pub by: String,
}

/// A webhook endpoint that an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointEventData {
    /// The id of the endpoint.
    pub endpoint: String,
    /// The time since when no post to it was answered well; null where that is not what the event is about.
    pub failing_since: Option<Time>,
}
