//! What is said of alerts and their webhooks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::list_query;
use crate::money::CurrencyCode;
use crate::time::Time;

/// Something that somebody should know of. It is raised once, and cleared once it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Alert {
    /// Its id.
    #[schema(example = "alr_00063f1c2b4d5e00k3mqz")]
    pub id: String,
    /// Whose; null where it belongs to no account, and only admins know of it.
    pub account: Option<String>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: AlertKind,
    /// How bad it is.
    pub severity: AlertSeverity,
    /// For people.
    #[schema(example = "The balance of 49.98 USD is below 50.00 USD")]
    pub message: String,
    /// What it is about where that is not the account: an invoice's number, an operator's code.
    pub subject: Option<String>,
    /// From where on it is raised: a decimal number of `currency` where there is one, otherwise of segments or seconds.
    #[schema(example = "50.00")]
    pub threshold: Option<String>,
    /// What was there when it was raised, likewise.
    #[schema(example = "49.98")]
    pub current_value: Option<String>,
    /// Of `threshold` and `current_value`; null where they are no money.
    pub currency: Option<CurrencyCode>,
    /// When it was raised.
    pub raised_at: Time,
    /// When it was over; null while it holds.
    pub cleared_at: Option<Time>,
    /// Whether somebody has read it.
    pub is_read: bool,
}

/// What an alert is.
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
}

/// How bad something is.
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
    /// Which alerts.
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

/// Which alerts to mark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadAll {
    /// Only those of this account.
    #[serde(default)]
    pub account: Option<String>,
}

/// How many alerts were marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReadAllDone {
    /// That nobody had read before.
    pub marked: u64,
}

/// What an account's webhook is signed with.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookSecret {
    /// The key of the HMAC, as it stands here.
    #[schema(example = "whsec_k3mqz…")]
    pub secret: String,
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSecret").finish_non_exhaustive()
    }
}

/// How a webhook answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookTested {
    /// Whether the answer was one of 200 to 299.
    pub delivered: bool,
    /// The HTTP status of the answer; null where there was none.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
}
