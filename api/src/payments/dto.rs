//! The bodies and parameters of requests about payments, refunds and disputes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::time::Time;

/// The provider that a payment comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentProvider {
    /// A bank transfer, which somebody confirms once the money has come.
    Manual,
    /// Cards and more by Stripe.
    Stripe,
    /// An account at PayPal.
    Paypal,
}

/// The state of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// It is written down, and no answer of its provider is known.
    Created,
    /// Whoever pays has to do something: enter a card, confirm at the bank, transfer the money.
    RequiresAction,
    /// The provider is at it.
    Processing,
    /// The money is there. It is final.
    Succeeded,
    /// The last try to pay was declined; another may still succeed.
    Failed,
    /// The provider gave no answer, and is asked again.
    Unknown,
    /// Nothing was paid. It is final.
    Cancelled,
}

/// The thing that a payment is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PaymentPurpose {
    /// The money goes into the wallet.
    #[default]
    TopUp,
    /// An invoice of the house is paid, in whole or in part. What is beyond its open amount stays in the wallet.
    Invoice {
        /// The number of the invoice.
        #[schema(example = "INV-2026-000042")]
        number: String,
    },
    /// A period of a subscription is paid: the first, the one that is past due, or the one that begins with a change of plan.
    Subscription {
        /// The id of the subscription.
        #[schema(example = "biz_test_001-1")]
        id: String,
        /// The number of the period; the one that is to be paid now if it is not given.
        #[serde(default)]
        period: Option<u32>,
        /// The subscription plan that it changes to now; null for the one that it is to.
        #[serde(default)]
        plan: Option<String>,
    },
    /// A bundle is bought at its price.
    Bundle {
        /// The name of the bundle's product.
        #[schema(example = "kenya_1000")]
        product: String,
    },
}

/// A step that can be taken with a payment now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentAction {
    /// It is taken by `POST /v1/payments/{id}/cancel`.
    Cancel,
    /// It is taken by `POST /v1/payments/{id}/confirm`.
    Confirm,
    /// It is taken by `POST /v1/payments/{id}/refresh`.
    Refresh,
    /// It is taken by `POST /v1/payments/{id}/refunds`.
    Refund,
}

/// The reason that the last try to pay was declined for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentFailure {
    /// The provider's name of the reason.
    #[schema(example = "insufficient_funds")]
    pub code: String,
    /// The provider's text for people.
    pub message: String,
}

/// Money that comes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Payment {
    /// Its id, which the provider has in its own record too.
    #[schema(example = "pay_00063f1c2b4d5e00k3mqz")]
    pub id: String,
    /// The account whose wallet it is for.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// The provider that it comes by.
    pub provider: PaymentProvider,
    /// The thing that it is for.
    pub purpose: PaymentPurpose,
    /// The amount that is asked for.
    pub amount: Money,
    /// The account's currency.
    pub currency: CurrencyCode,
    /// The state of the payment.
    pub state: PaymentState,
    /// The amount that came in, once it has succeeded.
    pub received: Option<Money>,
    /// The sum of its refunds that did not fail.
    pub refunded: Money,
    /// The sum of its disputes that were lost.
    pub disputed: Money,
    /// The text by which a bank transfer is recognised; null for other providers.
    #[schema(example = "TG7K2M9QX4")]
    pub reference: Option<String>,
    /// The id of the provider's own record, once it is known.
    #[schema(example = "pi_3MtwBwLkdIwHu7ix28a3tqPa")]
    pub provider_id: Option<String>,
    /// The saved method that it is paid with, if it is paid with one.
    pub payment_method: Option<String>,
    /// The reason of the last decline.
    pub failure: Option<PaymentFailure>,
    /// The page on which it can be paid, which needs no login.
    #[schema(example = "https://billing.example.com/pay/k3mqz…")]
    pub pay_url: String,
    /// A secret that a page of the caller's own needs to have it paid at Stripe. It is in the answer to who begins a payment
    /// alone.
    pub client_secret: Option<String>,
    /// The page of PayPal on which it is approved. It is in the answer to who begins a payment alone.
    pub approve_url: Option<String>,
    /// The steps that can be taken with it now.
    pub actions: Vec<PaymentAction>,
    /// The actor that began it.
    pub created_by: String,
    /// The time at which it was begun.
    pub created_at: Time,
    /// The time of its last change.
    pub updated_at: Time,
    /// The time at which the money was credited.
    pub succeeded_at: Option<Time>,
}

/// A payment to be begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    /// The account; the caller's own if it is not given.
    #[serde(default)]
    pub account: Option<String>,
    /// The provider that it comes by.
    pub provider: PaymentProvider,
    /// More than zero, in the account's currency, and an amount that the provider can hold. A top-up needs it; for anything else
    /// it is the open amount or the price if it is not given.
    #[serde(default)]
    pub amount: Option<Money>,
    /// The thing that it is for; a top-up of the wallet if it is not given.
    #[serde(default)]
    pub purpose: PaymentPurpose,
    /// The id of a saved method of the account, which is charged at once, without anybody at a page.
    #[serde(default)]
    pub payment_method: Option<String>,
    /// True if the method that it is paid with is to be saved for payments without anybody at a page.
    #[serde(default)]
    pub save_method: bool,
}

/// The word of a person that a bank transfer has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentConfirmation {
    /// The amount that came; that of the payment if it is not given. Only a top-up may be of another amount.
    #[serde(default)]
    pub amount: Option<Money>,
    /// The bank's own reference of the transfer.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub bank_reference: Option<String>,
}

/// The state of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentRefundState {
    /// The money is out of the wallet, and on its way back to who paid it.
    Pending,
    /// The provider has given it back.
    Succeeded,
    /// It could not be given back, and is in the wallet again.
    Failed,
}

/// Money of a payment that goes back to who paid it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PaymentRefund {
    /// Its id, which the provider has in its own record too where it was asked for here.
    #[schema(example = "ref_00063f1c2b4d5e00k3mqz")]
    pub id: String,
    /// The payment's id.
    pub payment: String,
    /// The account whose wallet it is taken from.
    pub account: String,
    /// The amount that goes back.
    pub amount: Money,
    /// The currency of the amount.
    pub currency: CurrencyCode,
    /// The state of the refund.
    pub state: PaymentRefundState,
    /// The reason that was given.
    pub reason: String,
    /// The id of the provider's own record, once it is known.
    pub provider_id: Option<String>,
    /// The actor that asked for it; `system` where it was made on the provider's own pages.
    pub created_by: String,
    /// The time at which it was asked for, or became known.
    pub created_at: Time,
    /// The time of its last change.
    pub updated_at: Time,
}

/// A refund to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPaymentRefund {
    /// The amount; all that is left of the payment if it is not given.
    #[serde(default)]
    pub amount: Option<Money>,
    /// The reason, for people.
    #[schema(min_length = 1, max_length = 200, example = "paid twice")]
    pub reason: String,
}

/// The state of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisputeState {
    /// It is not decided.
    Opened,
    /// The money stays.
    Won,
    /// The money is gone, and taken from the wallet.
    Lost,
}

/// A payment whose payer asks the bank for the money back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PaymentDispute {
    /// Its id, which is not the provider's.
    #[schema(example = "dis_00063f1c2b4d5e00k3mqz")]
    pub id: String,
    /// The payment's id.
    pub payment: String,
    /// The account of the payment.
    pub account: String,
    /// The amount that is asked back.
    pub amount: Money,
    /// The currency of the amount.
    pub currency: CurrencyCode,
    /// The state of the dispute.
    pub state: DisputeState,
    /// The reason, in the provider's word.
    #[schema(example = "fraudulent")]
    pub reason: String,
    /// The id of the provider's own record.
    pub provider_id: String,
    /// The time at which it became known.
    pub created_at: Time,
    /// The time of its last change.
    pub updated_at: Time,
}

list_query! {
    /// The filters of a list of payments.
    pub struct PaymentsQuery {
        /// Only those of this account.
        pub account: Option<String>,
        /// Only those in this state.
        #[param(inline)]
        pub state: Option<PaymentState>,
        /// Only those by this provider.
        #[param(inline)]
        pub provider: Option<PaymentProvider>,
        /// Only the one with this reference of a bank transfer.
        pub reference: Option<String>,
        /// Only those begun at or after.
        pub from: Option<Time>,
        /// Only those begun before.
        pub to: Option<Time>,
    }
}
