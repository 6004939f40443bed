//! Subscriptions of accounts: bought, renewed, changed and cancelled; their periods, what is used of them, and what they earn.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IfMatch, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{
    ChangeLine, ChangeLineKind, NewSubscription, PayBy, PeriodOrigin, Revenue, RevenueOfCurrency,
    RevenueOfMonth, RevenueOfPlan, Subscription, SubscriptionCancellation, SubscriptionChange,
    SubscriptionMethod, SubscriptionPeriod, SubscriptionPeriodsQuery, SubscriptionStatus, SubscriptionUnits,
    SubscriptionsQuery, TokenUsage, TokenUsageQuery, TokensOfDay, TokensOfMonth, UsedBy, WantedChange, When,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/subscriptions", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/accounts/{id}/subscription", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/accounts/{id}/subscription", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("POST", "/v1/accounts/{id}/subscription/pay", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("PUT", "/v1/accounts/{id}/subscription/payment-method", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("POST", "/v1/accounts/{id}/subscription/cancel", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("POST", "/v1/accounts/{id}/subscription/resume", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("POST", "/v1/accounts/{id}/subscription/change", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("GET", "/v1/accounts/{id}/subscription/periods", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/accounts/{id}/token-usage", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/subscription-revenue", Who::Roles(ADMIN, Scope::BillingRead)),
];

/// Sells, shows and changes subscriptions.
pub trait SubscriptionsService: Send + Sync + 'static {
    /// Those of accounts that the caller may see, by account and number.
    fn subscriptions(&self, caller: &Caller, query: &SubscriptionsQuery) -> Answer<Page<Subscription>>;

    /// The latest subscription of an account.
    fn subscription(&self, caller: &Caller, account: &str) -> Answer<Versioned<Subscription>>;

    /// Buys one from the wallet, or begins its trial.
    fn subscribe(&self, caller: &Caller, account: &str, new: &NewSubscription) -> Answer<Subscription>;

    /// Pays from the wallet what a subscription waits for: its first period, or the one that is past due.
    fn pay_subscription(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
    ) -> Answer<Versioned<Subscription>>;

    /// Has its periods charged to a saved method, or paid from the wallet.
    fn set_subscription_method(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
        method: &SubscriptionMethod,
    ) -> Answer<Versioned<Subscription>>;

    /// Cancels the one that an account has.
    fn cancel_subscription(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
        cancellation: &SubscriptionCancellation,
    ) -> Answer<Versioned<Subscription>>;

    /// Takes back a cancellation that has not come into effect.
    fn resume_subscription(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
    ) -> Answer<Versioned<Subscription>>;

    /// Changes it to another plan, or says what that would cost.
    fn change_subscription(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
        wanted: &WantedChange,
    ) -> Answer<Versioned<SubscriptionChange>>;

    /// The periods of all subscriptions of an account, the newest first.
    fn subscription_periods(
        &self,
        caller: &Caller,
        account: &str,
        query: &SubscriptionPeriodsQuery,
    ) -> Answer<Page<SubscriptionPeriod>>;

    /// The tokens that an account has used, by day and month.
    fn token_usage(&self, caller: &Caller, account: &str, query: TokenUsageQuery) -> Answer<TokenUsage>;

    /// The amounts that subscriptions have earned, by plan and month.
    fn subscription_revenue(&self, caller: &Caller) -> Answer<Revenue>;
}

type Service = Arc<dyn SubscriptionsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn SubscriptionsService>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, subscribe))
        .routes(routes!(pay))
        .routes(routes!(set_method))
        .routes(routes!(cancel))
        .routes(routes!(resume))
        .routes(routes!(change))
        .routes(routes!(periods))
        .routes(routes!(token_usage))
        .routes(routes!(revenue))
}

/// List subscriptions
///
/// Those of accounts that the caller may see, also those that are over.
#[utoipa::path(get, path = "/v1/subscriptions", tag = "subscriptions", operation_id = "list_subscriptions",
    params(SubscriptionsQuery),
    responses((status = 200, description = "A page of subscriptions", body = Page<Subscription>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<SubscriptionsQuery>,
) -> Answer<Json<Page<Subscription>>> {
    call(service, move |service| service.subscriptions(&caller, &query)).await.map(Json)
}

/// Read an account's subscription
///
/// The latest one: its status, its period and the units that are left of it. `404` where there never was one.
#[utoipa::path(get, path = "/v1/accounts/{id}/subscription", tag = "subscriptions", operation_id = "get_subscription",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The subscription", body = Subscription), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Versioned<Subscription>> {
    call(service, move |service| service.subscription(&caller, &id)).await
}

/// Subscribe
///
/// The price of the first period is taken from the wallet, its units are given, and the account is on the plan that comes with
/// it, all in one step or not at all. A trial costs nothing, once for each account. An account has one subscription at a time.
/// With `pay_by` `payment` it waits for its payment, for a day at most, and begins when that is there: `POST /v1/payments` with
/// the purpose `subscription` begins one, and a `payment_method` has a saved card charged at once.
#[utoipa::path(post, path = "/v1/accounts/{id}/subscription", tag = "subscriptions", operation_id = "subscribe",
    params(("id" = String, Path, description = "The account's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters")),
    request_body = NewSubscription,
    responses((status = 201, description = "The subscription", body = Subscription), Problems))]
async fn subscribe(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Body(new): Body<NewSubscription>,
) -> Answer<Created<Json<Subscription>>> {
    let location = format!("/v1/accounts/{id}/subscription");
    let subscription = call(service, move |service| service.subscribe(&caller, &id, &new)).await?;
    Ok(Created { location, body: Json(subscription) })
}

/// Pay a subscription now
///
/// From the wallet: the first period of one that waits for its payment, or the present period of one that is past due, without
/// waiting for the next attempt.
#[utoipa::path(post, path = "/v1/accounts/{id}/subscription/pay", tag = "subscriptions", operation_id = "pay_subscription",
    params(("id" = String, Path, description = "The account's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    responses((status = 200, description = "The subscription", body = Subscription), Problems))]
async fn pay(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
) -> Answer<Versioned<Subscription>> {
    call(service, move |service| service.pay_subscription(&caller, &id, if_match)).await
}

/// Choose how periods are paid
///
/// Every period from here on is charged to a saved method of the account, or paid from the wallet.
#[utoipa::path(put, path = "/v1/accounts/{id}/subscription/payment-method", tag = "subscriptions",
    operation_id = "set_subscription_method",
    params(("id" = String, Path, description = "The account's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = SubscriptionMethod,
    responses((status = 200, description = "The subscription", body = Subscription), Problems))]
async fn set_method(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Body(method): Body<SubscriptionMethod>,
) -> Answer<Versioned<Subscription>> {
    call(service, move |service| service.set_subscription_method(&caller, &id, if_match, &method)).await
}

/// Cancel a subscription
///
/// At the end of its period, up to which it goes on; or now, when its units are taken away and nothing is given back. An admin
/// may have the unused part of the price given back, which is reckoned as for a change. One that is past due or waits for its
/// payment ends now in either case.
#[utoipa::path(post, path = "/v1/accounts/{id}/subscription/cancel", tag = "subscriptions",
    operation_id = "cancel_subscription",
    params(("id" = String, Path, description = "The account's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = SubscriptionCancellation,
    responses((status = 200, description = "The subscription", body = Subscription), Problems))]
async fn cancel(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Body(cancellation): Body<SubscriptionCancellation>,
) -> Answer<Versioned<Subscription>> {
    call(service, move |service| service.cancel_subscription(&caller, &id, if_match, &cancellation)).await
}

/// Take back a cancellation
///
/// Of a subscription that is cancelled and whose period has not ended.
#[utoipa::path(post, path = "/v1/accounts/{id}/subscription/resume", tag = "subscriptions",
    operation_id = "resume_subscription",
    params(("id" = String, Path, description = "The account's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    responses((status = 200, description = "The subscription", body = Subscription), Problems))]
async fn resume(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
) -> Answer<Versioned<Subscription>> {
    call(service, move |service| service.resume_subscription(&caller, &id, if_match)).await
}

/// Change a subscription to another plan
///
/// Now: the unused part of the present period is given back, by time or by units used, whichever took more; its units are taken
/// away, and a period of the new plan begins today at its whole price. Or at the end of the period, at no cost now. With
/// `dry_run` nothing is done, and the answer says what it would be.
#[utoipa::path(post, path = "/v1/accounts/{id}/subscription/change", tag = "subscriptions",
    operation_id = "change_subscription",
    params(("id" = String, Path, description = "The account's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = WantedChange,
    responses((status = 200, description = "The change, line by line", body = SubscriptionChange), Problems))]
async fn change(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Body(wanted): Body<WantedChange>,
) -> Answer<Versioned<SubscriptionChange>> {
    call(service, move |service| service.change_subscription(&caller, &id, if_match, &wanted)).await
}

/// List the periods of an account's subscriptions
///
/// The newest first, each with what was paid for it.
#[utoipa::path(get, path = "/v1/accounts/{id}/subscription/periods", tag = "subscriptions",
    operation_id = "list_subscription_periods",
    params(("id" = String, Path, description = "The account's id"), SubscriptionPeriodsQuery),
    responses((status = 200, description = "A page of periods", body = Page<SubscriptionPeriod>), Problems))]
async fn periods(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<SubscriptionPeriodsQuery>,
) -> Answer<Json<Page<SubscriptionPeriod>>> {
    call(service, move |service| service.subscription_periods(&caller, &id, &query)).await.map(Json)
}

/// Read the tokens that an account has used
///
/// By day and by month of its time zone. The single uses, with their descriptions, are the transactions of the kind
/// `bundle_consumption`.
#[utoipa::path(get, path = "/v1/accounts/{id}/token-usage", tag = "subscriptions", operation_id = "get_token_usage",
    params(("id" = String, Path, description = "The account's id"), TokenUsageQuery),
    responses((status = 200, description = "The tokens", body = TokenUsage), Problems))]
async fn token_usage(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<TokenUsageQuery>,
) -> Answer<Json<TokenUsage>> {
    call(service, move |service| service.token_usage(&caller, &id, query)).await.map(Json)
}

/// Read what subscriptions have earned
///
/// In total, by plan and by month, for each currency: what was paid less what was given back. It is counted in the step that
/// moves the money, and `tollgate verify` compares it with the ledger.
#[utoipa::path(get, path = "/v1/subscription-revenue", tag = "subscriptions", operation_id = "get_subscription_revenue",
    responses((status = 200, description = "The revenue", body = Revenue), Problems))]
async fn revenue(State(service): State<Service>, caller: Caller) -> Answer<Json<Revenue>> {
    call(service, move |service| service.subscription_revenue(&caller)).await.map(Json)
}
