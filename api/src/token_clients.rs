//! The paths of the token-subscription service, by the names and fields that its clients know: a thin view over subscription
//! plans, subscriptions and tokens. They are served where `[api] token_paths` asks for them. The account is the caller's own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IdempotencyKey};
use crate::money::{CurrencyCode, Money};
use crate::openapi::Problems;
use crate::subscriptions::{Revenue, TokenUsage};
use crate::time::Time;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/api/v1/billing/plans/", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("POST", "/api/v1/billing/purchase/", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("GET", "/api/v1/billing/subscription/", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/api/v1/billing/tokens/consume/", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("GET", "/api/v1/billing/tokens/usage/", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/api/v1/billing/revenue/", Who::Roles(ADMIN, Scope::BillingRead)),
];

/// Answers the clients of the token-subscription service.
pub trait TokenClientsService: Send + Sync + 'static {
    /// The plans on offer.
    fn token_plans(&self, caller: &Caller) -> Answer<Vec<TokenPlan>>;

    /// Buys a plan: a subscription is made, or renewed with its tokens.
    fn token_purchase(&self, caller: &Caller, purchase: &TokenPurchase) -> Answer<TokenPurchased>;

    /// The caller's subscription and the tokens that are left.
    fn token_subscription(&self, caller: &Caller) -> Answer<TokenSubscription>;

    /// Uses tokens, once for each Idempotency-Key.
    fn token_consume(
        &self,
        caller: &Caller,
        consumption: TokenConsumption,
        key: &IdempotencyKey,
    ) -> Answer<TokenConsumed>;

    /// The tokens that were used, by day and month.
    fn tokens_used(&self, caller: &Caller) -> Answer<TokenUsage>;

    /// The amounts that subscriptions have earned.
    fn token_revenue(&self, caller: &Caller) -> Answer<Revenue>;
}

type Service = Arc<dyn TokenClientsService>;

/// A plan as these clients know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenPlan {
    /// The number of it.
    pub id: u32,
    /// The name of it.
    #[schema(example = "basic")]
    pub name: String,
    /// The price of a period.
    pub price: Money,
    /// The currency of the price.
    pub currency: CurrencyCode,
    /// The tokens of a period; zero where it brings none.
    pub tokens_included: u64,
    /// The days of a period; 30 for a calendar month, and 365 for a year.
    pub duration_days: u32,
    /// True if it is renewed by itself.
    pub is_recurring: bool,
    /// A description for people.
    pub description: String,
}

/// The way in which a purchase is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenPaymentMethod {
    /// From the wallet.
    Wallet,
    /// By a card.
    CreditCard,
    /// By a payment at Stripe.
    Stripe,
    /// By a payment at PayPal.
    Paypal,
}

/// A plan to be bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenPurchase {
    /// The number of the plan.
    pub plan_id: u32,
    /// The way to pay; the wallet pays where no payment provider is configured.
    pub payment_method: TokenPaymentMethod,
}

/// The status of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenPaymentStatus {
    /// The provider has not said yet.
    Pending,
    /// It is paid.
    Completed,
    /// It was refused.
    Failed,
    /// It was given back.
    Refunded,
}

/// A payment as these clients know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenPayment {
    /// The id of it.
    pub transaction_id: String,
    /// The account that pays.
    pub user: String,
    /// The number of the plan.
    pub plan: u32,
    /// The price of the plan.
    pub amount: Money,
    /// The currency of the amount.
    pub currency: CurrencyCode,
    /// The way in which it is paid, as it was asked for.
    pub payment_method: TokenPaymentMethod,
    /// The status of it.
    pub status: TokenPaymentStatus,
    /// The time of it.
    pub payment_date: Time,
}

/// The result of a purchase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenPurchased {
    /// The payment itself.
    pub payment: TokenPayment,
    /// The id of the payment.
    pub payment_id: String,
    /// The secret with which the client pays at Stripe; null where it does not.
    pub client_secret: Option<String>,
    /// The page at which the client pays at PayPal; null where it does not.
    pub approval_url: Option<String>,
    /// The subscription; null until it is paid.
    pub subscription: Option<TokenSubscription>,
}

/// A subscription as these clients know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenSubscription {
    /// The plan of it, by the terms that it was bought with.
    pub plan: TokenPlan,
    /// True while its period is paid for and tokens are left.
    pub is_active: bool,
    /// The tokens that are left of all that the account has.
    pub tokens_remaining: u64,
    /// The time at which the present period began.
    pub start_date: Time,
    /// The first instant behind the present period.
    pub end_date: Time,
}

/// Tokens to be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenConsumption {
    /// The number of tokens, more than zero.
    #[schema(minimum = 1)]
    pub tokens: u64,
    /// The purpose that they are used for; at most 2,000 characters.
    #[serde(default)]
    pub description: String,
}

/// Tokens that were used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenConsumed {
    /// The number of tokens.
    pub used_tokens: u64,
    /// The tokens that are left.
    pub tokens_remaining: u64,
    /// The purpose that they were used for.
    pub description: String,
    /// The time of the use.
    pub usage_date: Time,
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn TokenClientsService>> {
    OpenApiRouter::new()
        .routes(routes!(plans))
        .routes(routes!(purchase))
        .routes(routes!(subscription))
        .routes(routes!(consume))
        .routes(routes!(usage))
        .routes(routes!(revenue))
}

/// List the plans on offer
#[utoipa::path(get, path = "/api/v1/billing/plans/", tag = "token clients", operation_id = "token_plans",
    responses((status = 200, description = "The plans", body = Vec<TokenPlan>), Problems))]
async fn plans(State(service): State<Service>, caller: Caller) -> Answer<Json<Vec<TokenPlan>>> {
    call(service, move |service| service.token_plans(&caller)).await.map(Json)
}

/// Buy a plan
///
/// A subscription is made, or renewed with its tokens. A client that pays at a provider gets what it needs for that, and the
/// subscription once the provider says that it is paid.
#[utoipa::path(post, path = "/api/v1/billing/purchase/", tag = "token clients", operation_id = "token_purchase",
    request_body = TokenPurchase,
    responses((status = 201, description = "The purchase", body = TokenPurchased), Problems))]
async fn purchase(
    State(service): State<Service>,
    caller: Caller,
    Body(purchase): Body<TokenPurchase>,
) -> Answer<Created<Json<TokenPurchased>>> {
    let bought = call(service, move |service| service.token_purchase(&caller, &purchase)).await?;
    Ok(Created { location: "/api/v1/billing/subscription/".to_owned(), body: Json(bought) })
}

/// Read the caller's subscription
///
/// `404` where there is none.
#[utoipa::path(get, path = "/api/v1/billing/subscription/", tag = "token clients", operation_id = "token_subscription",
    responses((status = 200, description = "The subscription", body = TokenSubscription), Problems))]
async fn subscription(State(service): State<Service>, caller: Caller) -> Answer<Json<TokenSubscription>> {
    call(service, move |service| service.token_subscription(&caller)).await.map(Json)
}

/// Use tokens
///
/// `404` without a subscription, `400` where it is not active or fewer tokens are left.
#[utoipa::path(post, path = "/api/v1/billing/tokens/consume/", tag = "token clients", operation_id = "token_consume",
    request_body = TokenConsumption,
    responses((status = 200, description = "The tokens that were used", body = TokenConsumed), Problems))]
async fn consume(
    State(service): State<Service>,
    caller: Caller,
    key: IdempotencyKey,
    Body(consumption): Body<TokenConsumption>,
) -> Answer<Json<TokenConsumed>> {
    call(service, move |service| service.token_consume(&caller, consumption, &key)).await.map(Json)
}

/// Read the tokens that were used
#[utoipa::path(get, path = "/api/v1/billing/tokens/usage/", tag = "token clients", operation_id = "tokens_used",
    responses((status = 200, description = "The tokens of 30 days", body = TokenUsage), Problems))]
async fn usage(State(service): State<Service>, caller: Caller) -> Answer<Json<TokenUsage>> {
    call(service, move |service| service.tokens_used(&caller)).await.map(Json)
}

/// Read the revenue of subscriptions
#[utoipa::path(get, path = "/api/v1/billing/revenue/", tag = "token clients", operation_id = "token_revenue",
    responses((status = 200, description = "The revenue", body = Revenue), Problems))]
async fn revenue(State(service): State<Service>, caller: Caller) -> Answer<Json<Revenue>> {
    call(service, move |service| service.token_revenue(&caller)).await.map(Json)
}
