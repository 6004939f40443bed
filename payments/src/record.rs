//! Payments, refunds and disputes as the books keep them, and the keys under which they are found.
//!
//! The collection of payments holds several kinds of documents, each by its own prefix: the payments by id; their ids by account,
//! by token, by the reference of a bank transfer, by the Idempotency-Key of the request, by what they pay where there
//! is one at a time, and by the time of the next look. One change writes all that belongs to a payment. What may be there once only is a key.

use serde::{Deserialize, Serialize};
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::payments::{
    DisputeState, Payment, PaymentAction, PaymentDispute, PaymentFailure, PaymentProvider, PaymentPurpose,
    PaymentRefund, PaymentRefundState, PaymentState,
};
use tollgate_api::time::Time;
use tollgate_billing::payment::{dispute, look, refund, state};
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;

const MICROS_PER_SECOND: u64 = 1_000_000;

/// Prefix of the keys of payments.
pub const BY_ID: &str = "p/";
/// Prefix of the keys of those that are looked at, by the time of the next look.
pub const BY_LOOK: &str = "o/";

/// A payment, whatever its state.
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the document by itself")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRecord {
    /// Its id in the books.
    pub id: String,
    /// The account that it is of.
    pub account: String,
    /// The provider that moves the money.
    pub provider: PaymentProvider,
    /// The use of the money.
    pub purpose: PaymentPurpose,
    /// The amount of it.
    pub amount: Money,
    /// The currency of its amounts.
    pub currency: CurrencyCode,
    /// The state that it is in.
    pub state: PaymentState,
    /// The token that its pay page lives from.
    pub token: String,
    /// The id of the attempt, which is the key by which the provider does it once.
    pub attempt: String,
    /// The name of who began it.
    pub created_by: String,
    /// The id of the user or key that began it.
    pub creator: String,
    /// The time of its beginning.
    pub created_at: Time,
    /// The time of its last change.
    pub updated_at: Time,
    /// True if the method is kept for later payments.
    #[serde(default)]
    pub save_method: bool,
    /// Our id of the saved method that it is paid with.
    #[serde(default)]
    pub payment_method: Option<String>,
    /// The provider's own id of the saved method.
    #[serde(default)]
    pub provider_method: Option<String>,
    /// The id by which the provider knows the account.
    #[serde(default)]
    pub customer: Option<String>,
    /// True if auto-recharge began it.
    #[serde(default)]
    pub is_recharge: bool,
    /// The reference of a bank transfer.
    #[serde(default)]
    pub reference: Option<String>,
    /// The provider's id of it, once it has one.
    #[serde(default)]
    pub provider_id: Option<String>,
    /// The provider's id of the money that moved.
    #[serde(default)]
    pub charge_id: Option<String>,
    /// The reason of the last decline.
    #[serde(default)]
    pub failure: Option<PaymentFailure>,
    /// The amount that came in, once it has.
    #[serde(default)]
    pub received: Option<Money>,
    /// The amount that went back.
    #[serde(default)]
    pub refunded: Money,
    /// The amount that was lost in disputes.
    #[serde(default)]
    pub disputed: Money,
    /// Refunds that have not come to their end.
    #[serde(default)]
    pub open_refunds: u32,
    /// The time at which the money came.
    #[serde(default)]
    pub succeeded_at: Option<Time>,
    /// The time at which its provider is asked again.
    #[serde(default)]
    pub next_look_at: Option<Time>,
    /// Looks since the last change of its state.
    #[serde(default)]
    pub looks: u32,
    /// The id of who confirmed a bank transfer.
    #[serde(default)]
    pub confirmed_by: Option<String>,
    /// The bank's own reference of a transfer.
    #[serde(default)]
    pub bank_reference: Option<String>,
    /// True once somebody was told that the provider says what cannot be.
    #[serde(default)]
    pub is_contradicted: bool,
    /// True if its money went into the wallet, as what it was for could not be settled any more.
    #[serde(default)]
    pub is_unsettled: bool,
    /// The accounts above the payer whose wallets have it too, as the house has taken it for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<PaymentShare>,
}

/// The share of a payment that an account above the payer has for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentShare {
    /// The account that has it.
    pub account: String,
    /// The whole of it, in the account's currency.
    pub amount: Money,
}

/// A refund of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRecord {
    /// Its id in the books.
    pub id: String,
    /// The payment that it is of.
    pub payment: String,
    /// The account that it is of.
    pub account: String,
    /// The provider that moves the money.
    pub provider: PaymentProvider,
    /// The amount of it.
    pub amount: Money,
    /// The currency of its amounts.
    pub currency: CurrencyCode,
    /// The state that it is in.
    pub state: PaymentRefundState,
    /// The reason that was given for it.
    pub reason: String,
    /// The provider's id of it, once it has one.
    #[serde(default)]
    pub provider_id: Option<String>,
    /// The name of who began it.
    pub created_by: String,
    /// The time of its beginning.
    pub created_at: Time,
    /// The time of its last change.
    pub updated_at: Time,
    /// True if the wallet has paid for it.
    pub is_taken: bool,
}

/// A dispute of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeRecord {
    /// Its id in the books.
    pub id: String,
    /// The payment that it is of.
    pub payment: String,
    /// The account that it is of.
    pub account: String,
    /// The provider that moves the money.
    pub provider: PaymentProvider,
    /// The amount of it.
    pub amount: Money,
    /// The currency of its amounts.
    pub currency: CurrencyCode,
    /// The state that it is in.
    pub state: DisputeState,
    /// The reason that was given for it.
    pub reason: String,
    /// The provider's id of it, once it has one.
    pub provider_id: String,
    /// The time of its beginning.
    pub created_at: Time,
    /// The time of its last change.
    pub updated_at: Time,
    /// True if the wallet has paid for it.
    pub is_taken: bool,
}

/// The payment or refund that a request with an Idempotency-Key made, and what tells the request from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The id of what was made.
    pub made: String,
    /// Tells the request from another one under the same key.
    pub fingerprint: u64,
}

impl PaymentRecord {
    /// The amount that is still with the house: what came in, less what went back or was lost.
    pub fn left(&self) -> Amount {
        let received = self.received.map_or(Amount::ZERO, |received| received.0);
        let gone = self.refunded.0.checked_add(self.disputed.0);
        gone.and_then(|gone| received.checked_sub(gone)).unwrap_or(Amount::ZERO).max(Amount::ZERO)
    }

    /// True if the provider is asked about it by itself: it is not at its end, or a refund of it is not.
    fn pause(&self) -> Option<u64> {
        let is_known = self.provider_id.is_some();
        match self.state {
            _ if self.provider == PaymentProvider::Manual => None,
            PaymentState::Succeeded if self.open_refunds > 0 => {
                look::pause(state::PaymentState::Unknown, self.looks)
            }
            // Nothing of it is at the provider.
            PaymentState::Failed if !is_known => None,
            state => look::pause(pure_state(state), self.looks),
        }
    }

    /// Sets the time of the next look, `at_least` seconds away.
    pub fn schedule(&mut self, now: UnixMicros, at_least: u64) {
        let pause = self.pause().map(|pause| pause.max(at_least));
        self.next_look_at = pause
            .map(|pause| Time(UnixMicros(now.0.saturating_add(pause.saturating_mul(MICROS_PER_SECOND)))));
    }

    /// The key under which lists of its account find it.
    pub fn list_key(&self) -> String {
        format!("{}{}", list_prefix(&self.account), self.id)
    }

    /// The key under which it is the only one at a time that pays what it is for by its provider.
    pub fn single_key(&self) -> String {
        let what = match &self.purpose {
            PaymentPurpose::TopUp => format!("top_up/{}", self.account),
            PaymentPurpose::Invoice { number } => format!("invoice/{number}"),
            PaymentPurpose::Subscription { id, period, plan } => {
                let period = period.map(|period| period.to_string()).unwrap_or_default();
                format!("subscription/{id}/{period}/{}", plan.as_deref().unwrap_or_default())
            }
            PaymentPurpose::Bundle { product } => format!("bundle/{}/{product}", self.account),
        };
        format!("b/{}/{what}", provider_name(self.provider))
    }

    /// The key under which it waits for its next look.
    pub fn look_key(&self) -> Option<String> {
        self.next_look_at.map(|at| format!("{}{}", look_prefix(at.0), self.id))
    }

    /// The steps that can be taken with it now.
    pub fn actions(&self) -> Vec<PaymentAction> {
        use PaymentState::{Cancelled, Created, Failed, Processing, RequiresAction, Succeeded, Unknown};
        let is_manual = self.provider == PaymentProvider::Manual;
        let mut actions = Vec::new();
        match self.state {
            Cancelled => {}
            Succeeded => {
                if self.left() > Amount::ZERO {
                    actions.push(PaymentAction::Refund);
                }
            }
            Created | RequiresAction | Processing | Failed | Unknown => {
                actions.push(PaymentAction::Cancel);
                actions.push(if is_manual { PaymentAction::Confirm } else { PaymentAction::Refresh });
            }
        }
        actions
    }

    /// As it is shown, with the page on which it is paid.
    pub fn view(&self, public_url: &str) -> Payment {
        Payment {
            id: self.id.clone(),
            account: self.account.clone(),
            provider: self.provider,
            purpose: self.purpose.clone(),
            amount: self.amount,
            currency: self.currency,
            state: self.state,
            received: self.received,
            refunded: self.refunded,
            disputed: self.disputed,
            reference: self.reference.clone(),
            provider_id: self.provider_id.clone(),
            payment_method: self.payment_method.clone(),
            failure: self.failure.clone(),
            pay_url: format!("{public_url}/pay/{}", self.token),
            client_secret: None,
            approve_url: None,
            actions: self.actions(),
            created_by: self.created_by.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            succeeded_at: self.succeeded_at,
        }
    }
}

impl RefundRecord {
    /// The key of the refund.
    pub fn key(&self) -> String {
        format!("{}/{}", self.payment, self.id)
    }

    /// As it is shown.
    pub fn view(self) -> PaymentRefund {
        PaymentRefund {
            id: self.id,
            payment: self.payment,
            account: self.account,
            amount: self.amount,
            currency: self.currency,
            state: self.state,
            reason: self.reason,
            provider_id: self.provider_id,
            created_by: self.created_by,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

impl DisputeRecord {
    /// The key of the dispute.
    pub fn key(&self) -> String {
        format!("{}/{}", self.payment, self.id)
    }

    /// As it is shown.
    pub fn view(self) -> PaymentDispute {
        PaymentDispute {
            id: self.id,
            payment: self.payment,
            account: self.account,
            amount: self.amount,
            currency: self.currency,
            state: self.state,
            reason: self.reason,
            provider_id: self.provider_id,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// The key of a payment.
pub fn id_key(id: &str) -> String {
    format!("{BY_ID}{id}")
}

/// The prefix of the keys of an account's payments in lists. No account has a slash in its id.
pub fn list_prefix(account: &str) -> String {
    format!("a/{account}/")
}

/// The key of the payment that a pay page's token is of.
pub fn token_key(token: &str) -> String {
    format!("t/{token}")
}

/// The key of the payment that a reference of a bank transfer is of.
pub fn reference_key(reference: &str) -> String {
    format!("r/{reference}")
}

/// The key of what a request with an Idempotency-Key made; `digest` is of the caller and the key.
pub fn request_key(digest: &str) -> String {
    format!("k/{digest}")
}

/// The prefix of the keys of payments that are looked at then.
pub fn look_prefix(at: UnixMicros) -> String {
    format!("{BY_LOOK}{:020}/", at.0)
}

/// The key of what a provider's id stands for.
pub fn provider_key(provider: PaymentProvider, id: &str) -> String {
    format!("{}/{id}", provider_name(provider))
}

/// A provider's name in keys, notes and logs.
pub fn provider_name(provider: PaymentProvider) -> &'static str {
    match provider {
        PaymentProvider::Manual => "manual",
        PaymentProvider::Stripe => "stripe",
        PaymentProvider::Paypal => "paypal",
    }
}

/// A state as the rules have it.
pub fn pure_state(shown: PaymentState) -> state::PaymentState {
    match shown {
        PaymentState::Created => state::PaymentState::Created,
        PaymentState::RequiresAction => state::PaymentState::RequiresAction,
        PaymentState::Processing => state::PaymentState::Processing,
        PaymentState::Succeeded => state::PaymentState::Succeeded,
        PaymentState::Failed => state::PaymentState::Failed,
        PaymentState::Unknown => state::PaymentState::Unknown,
        PaymentState::Cancelled => state::PaymentState::Cancelled,
    }
}

/// A state of the rules as it is shown.
pub fn shown_state(pure: state::PaymentState) -> PaymentState {
    match pure {
        state::PaymentState::Created => PaymentState::Created,
        state::PaymentState::RequiresAction => PaymentState::RequiresAction,
        state::PaymentState::Processing => PaymentState::Processing,
        state::PaymentState::Succeeded => PaymentState::Succeeded,
        state::PaymentState::Failed => PaymentState::Failed,
        state::PaymentState::Unknown => PaymentState::Unknown,
        state::PaymentState::Cancelled => PaymentState::Cancelled,
    }
}

/// A refund's state as the rules have it.
pub fn pure_refund(shown: PaymentRefundState) -> refund::RefundState {
    match shown {
        PaymentRefundState::Pending => refund::RefundState::Pending,
        PaymentRefundState::Succeeded => refund::RefundState::Succeeded,
        PaymentRefundState::Failed => refund::RefundState::Failed,
    }
}

/// A dispute's state as the rules have it.
pub fn pure_dispute(shown: DisputeState) -> dispute::DisputeState {
    match shown {
        DisputeState::Opened => dispute::DisputeState::Opened,
        DisputeState::Won => dispute::DisputeState::Won,
        DisputeState::Lost => dispute::DisputeState::Lost,
    }
}
