//! The bodies and parameters of the SaaS billing service's clients. `Debug` prints no password and no token.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::money::{CurrencyCode, Money};
use crate::time::Time;

/// Keeps what it holds out of every log.
macro_rules! unprinted {
    ($($name:ident),+) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })+
    };
}

unprinted!(SaasSignUp, SaasLogin, SaasTokens, SaasRefresh, SaasPaymentIntent);

/// Somebody who wants an account.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaasSignUp {
    /// The name of the user; the e-mail address if it is not given.
    #[serde(default)]
    pub username: Option<String>,
    /// The address to which the mail with the link is sent.
    #[schema(example = "ann@example.com")]
    pub email: String,
    /// The password; rules as for `POST /v1/auth/register`.
    pub password: String,
}

/// A user who can log in once the link of the mail was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SaasUser {
    /// The name of the user.
    pub username: String,
    /// The address of the user.
    pub email: String,
    /// The next step, as a text for people.
    pub detail: String,
}

/// The credentials of a login.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaasLogin {
    /// The e-mail address, under the name that these clients have for it.
    #[serde(alias = "email")]
    pub username: String,
    /// The password of the user.
    pub password: String,
}

/// The tokens of a session.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SaasTokens {
    /// For `Authorization: Bearer`.
    pub access: String,
    /// For one use of `POST /api/token/refresh/`.
    pub refresh: String,
}

/// A refresh token that is used up by this.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaasRefresh {
    /// The token, as it was given out last.
    pub refresh: String,
}

/// A plan as these clients know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SaasPlan {
    /// The number of it.
    pub id: u32,
    /// The name of it.
    #[schema(example = "Basic")]
    pub name: String,
    /// The price of a period.
    pub price: Money,
    /// The currency of the price.
    pub currency: CurrencyCode,
    /// The days of a period; 30 for a calendar month, and 365 for a year.
    pub duration_days: u32,
    /// A description for people.
    pub description: String,
}

/// The definition of a plan. What these clients do not know of it stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaasPlanInput {
    /// Its name, which never changes.
    #[schema(example = "Basic")]
    pub name: String,
    /// The price of a period.
    pub price: Money,
    /// The currency of the price.
    pub currency: CurrencyCode,
    /// The days of a period; a calendar month if it is not given.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3660)]
    pub duration_days: Option<u16>,
    /// A description for people.
    #[serde(default)]
    pub description: String,
}

/// The status of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SaasSubscriptionStatus {
    /// It waits for its first payment.
    Pending,
    /// It can be used.
    Active,
    /// It was cancelled; it can be used until its period ends.
    Cancelled,
    /// It is over, or its period could not be paid for.
    Expired,
}

/// The filter of a list of subscriptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SaasSubscriptionsQuery {
    /// Only those with this status.
    #[serde(default)]
    #[param(inline)]
    pub status: Option<SaasSubscriptionStatus>,
}

/// A subscription as these clients know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SaasSubscription {
    /// The id of it.
    #[schema(example = "biz_test_001-1")]
    pub id: String,
    /// The account that has it.
    pub user: String,
    /// The number of its plan.
    pub plan: u32,
    /// The name of its plan.
    pub plan_name: String,
    /// The status of it.
    pub status: SaasSubscriptionStatus,
    /// The time at which it began.
    pub start_date: Time,
    /// The first instant behind its period.
    pub end_date: Time,
}

/// A plan to be subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaasNewSubscription {
    /// The number of the plan.
    pub plan: u32,
}

/// The status of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SaasInvoiceStatus {
    /// It is to be paid.
    Pending,
    /// It was paid.
    Paid,
    /// It was to be paid by now.
    Overdue,
}

/// The filter of a list of invoices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SaasInvoicesQuery {
    /// Only those with this status.
    #[serde(default)]
    #[param(inline)]
    pub status: Option<SaasInvoiceStatus>,
}

/// An invoice as these clients know it: one that was sent, or the price that a subscription waits for or was paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SaasInvoice {
    /// Its number, or the id of the subscription.
    #[schema(example = "INV-2026-000042")]
    pub id: String,
    /// The account that owes it.
    pub user: String,
    /// The subscription that it is for; null for one of messages.
    pub subscription: Option<String>,
    /// The amount of it.
    pub amount: Money,
    /// The currency of the amount.
    pub currency: CurrencyCode,
    /// The status of it.
    pub status: SaasInvoiceStatus,
    /// The time by which it is to be paid.
    pub due_date: Option<Time>,
    /// The time at which it was made.
    pub created_at: Time,
}

/// The parameter of the page on which an invoice is paid.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SaasPayQuery {
    /// The id of the invoice.
    #[param(example = "INV-2026-000042")]
    pub invoice_id: String,
}

/// An invoice that is to be paid.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaasToPay {
    /// Its id: a number, or the id of a subscription that waits for its price.
    #[schema(example = "INV-2026-000042")]
    #[serde(alias = "invoice")]
    pub invoice_id: String,
}

/// A payment that was begun.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SaasPaymentIntent {
    /// The secret that the client's own page has it paid with.
    pub client_secret: Option<String>,
    /// The id of it, by which `POST /api/payment-success/` names it.
    pub payment_id: String,
    /// The id of the invoice.
    pub invoice_id: String,
    /// The amount of it.
    pub amount: Money,
    /// The currency of the amount.
    pub currency: CurrencyCode,
    /// A page on which it can be paid as well, which needs no login.
    pub pay_url: String,
}

/// A payment of which somebody says that it was paid.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaasPaymentSuccess {
    /// The id of the payment.
    pub payment_id: String,
    /// The id of the invoice, which is not needed.
    #[serde(default, alias = "invoice")]
    pub invoice_id: Option<String>,
}

/// An invoice as it stands after its provider was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SaasPaid {
    /// The id of the payment.
    pub payment_id: String,
    /// The id of the invoice.
    pub invoice_id: String,
    /// `paid` once the money is there.
    pub status: SaasInvoiceStatus,
    /// The reason of a decline, as a text for people.
    pub detail: Option<String>,
}
