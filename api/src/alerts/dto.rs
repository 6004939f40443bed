//! The bodies and parameters of requests about alerts and their webhooks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::list_query;
use crate::money::CurrencyCode;
use crate::time::Time;

/// Something that somebody should know of. It is raised once, and cleared once it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// The id of it.
    #[schema(example = "alr_00063f1c2b4d5e00k3mqz")]
    pub id: String,
    /// The account that it is about; null if it is about none, and then only admins see it.
    pub account: Option<String>,
    /// The kind of the alert.
    #[serde(rename = "type")]
    pub kind: AlertKind,
    /// The severity of the alert.
    pub severity: AlertSeverity,
    /// A text for people.
    #[schema(example = "The balance of 49.98 USD is below 50.00 USD")]
    pub message: String,
    /// The subject if that is not the account: the number of an invoice, the code of an operator, a range of
    /// numbers, or `clock`.
    pub subject: Option<String>,
    /// From where on it is raised: a decimal number of `currency` where there is one, otherwise of segments,
    /// messages or seconds.
    #[schema(example = "50.00")]
    pub threshold: Option<String>,
    /// The value that was measured when the alert was raised, in the same form.
    #[schema(example = "49.98")]
    pub current_value: Option<String>,
    /// Of `threshold` and `current_value`; null if they are not money.
    pub currency: Option<CurrencyCode>,
    /// The time at which it was raised.
    pub raised_at: Time,
    /// The time at which it was over; null while it holds.
    pub cleared_at: Option<Time>,
    /// True if somebody has read it.
    pub is_read: bool,
}

/// The kind of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// The balance is below the account's threshold. It is over once the balance is a twentieth above it.
    LowBalance,
    /// Most of the credit limit is used.
    CreditNearlyUsed,
    /// More segments in the calendar month than the account said it expects.
    Overage,
    /// An invoice is due within three days, or overdue.
    PaymentDue,
    /// An operator takes no messages.
    OperatorDown,
    /// The wall clock is not believed, so that nothing expires.
    ClockInDoubt,
    /// A message was beyond a cap of the account, soft or hard. It is over with the cap's span.
    SpendingCap,
    /// A message of a child was refused, because the account could not pay for it. It is over once none was for a minute.
    ChildrenRefused,
    /// The account sells to accounts below it for less than it pays itself, where the level above lets it do so with a warning or
    /// has made it so by prices of its own. It is over once it sells at its own price or above.
    BelowCost,
    /// Auto-recharge does not fill the wallet: it was declined, has switched itself off, or its monthly limit leaves no room. It is
    /// over once a charge succeeds or auto-recharge is set anew.
    AutoRecharge,
    /// A payment is disputed by who paid it. It is over once the dispute is decided.
    PaymentDispute,
    /// A provider said of a payment what cannot be, such as money for one that was cancelled. A person has to look.
    PaymentContradiction,
    /// Traffic to a range looks pumped; `GET /v1/pumping-findings` has the evidence. It is critical once the rate of the range is
    /// stepped down, and over once there was no sign for a while or somebody lifted it.
    TrafficPumping,
    /// A webhook endpoint has given no good answer for days and is switched off. It is over once it is switched on or removed.
    WebhookEndpoint,
}

/// The severity of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertSeverity {
    /// Good to know.
    Info,
    /// Something should be done soon.
    Warning,
    /// Something should be done now.
    Critical,
}

list_query! {
    /// The filters of a list of alerts.
    pub struct AlertsQuery {
        /// Only those of this account.
        pub account: Option<String>,
        /// Only those of this type.
        #[serde(rename = "type")]
        #[param(inline)]
        pub kind: Option<AlertKind>,
        /// Only those that are as bad as this.
        #[param(inline)]
        pub severity: Option<AlertSeverity>,
        /// Only those that somebody has read, or that nobody has.
        pub is_read: Option<bool>,
        /// Only those that still hold, or that are over.
        pub active: Option<bool>,
    }
}

/// The filters of a list of alerts to mark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadAll {
    /// Only those of this account.
    #[serde(default)]
    pub account: Option<String>,
}

/// The result of marking alerts as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReadAllDone {
    /// That nobody had read before.
    pub marked: u64,
}

/// The secret that signs posts to an account's webhook.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookSecret {
    /// The key of the HMAC, as it is given here; null in the answer to a repeated rotation.
    #[schema(example = "whsec_k3mqz…")]
    pub secret: Option<String>,
    /// Says in the answer to a repeated rotation where the secret is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSecret").finish_non_exhaustive()
    }
}

/// The answer of a webhook to a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookTested {
    /// True if the answer was one of 200 to 299.
    pub delivered: bool,
    /// The HTTP status of the answer; null where there was none.
    pub status: Option<u16>,
    /// The reason for which there was no answer.
    pub error: Option<String>,
}
