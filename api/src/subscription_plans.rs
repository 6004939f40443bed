//! Subscription plans: what can be subscribed to, at which price, and what comes with it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created, Gone, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IfMatch, Path, Query};
use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::openapi::Problems;
use crate::page::Page;
use crate::time::Time;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/subscription-plans", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("POST", "/v1/subscription-plans", Who::Roles(ADMIN, Scope::TariffWrite)),
    rule("GET", "/v1/subscription-plans/{name}", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("PUT", "/v1/subscription-plans/{name}", Who::Roles(ADMIN, Scope::TariffWrite)),
    rule("DELETE", "/v1/subscription-plans/{name}", Who::Roles(ADMIN, Scope::TariffWrite)),
];

/// Reads and changes subscription plans.
pub trait SubscriptionPlansService: Send + Sync + 'static {
    /// Those that an account within the caller's reach may subscribe to; admins see all.
    fn subscription_plans(
        &self,
        caller: &Caller,
        query: &SubscriptionPlansQuery,
    ) -> Answer<Page<SubscriptionPlan>>;

    /// One of them.
    fn subscription_plan(&self, caller: &Caller, name: &str) -> Answer<Versioned<SubscriptionPlan>>;

    /// Makes a plan.
    fn create_subscription_plan(
        &self,
        caller: &Caller,
        new: SubscriptionPlanInput,
    ) -> Answer<Versioned<SubscriptionPlan>>;

    /// Puts another definition in the place of one. Subscriptions keep the terms that they were bought with.
    fn replace_subscription_plan(
        &self,
        caller: &Caller,
        name: &str,
        if_match: IfMatch,
        input: SubscriptionPlanInput,
    ) -> Answer<Versioned<SubscriptionPlan>>;

    /// Deletes one. Subscriptions keep the terms that they were bought with.
    fn delete_subscription_plan(&self, caller: &Caller, name: &str, if_match: IfMatch) -> Answer<()>;
}

type Service = Arc<dyn SubscriptionPlansService>;

/// The unit of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeriodKind {
    /// So many days.
    Days,
    /// Up to the same day of the next calendar month.
    Month,
    /// Up to the same day of the next year.
    Year,
}

/// The length of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodLength {
    /// The unit of it.
    pub kind: PeriodKind,
    /// Days of the kind `days`.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3660)]
    pub days: Option<u16>,
}

/// The definition of a subscription plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionPlanInput {
    /// Its name: 1 to 64 letters, digits, `_`, `-`, `.`; it never changes.
    #[schema(example = "basic")]
    pub name: String,
    /// A description for people; at most 2,000 characters.
    #[serde(default)]
    pub description: String,
    /// The price of a period, which may be zero.
    pub price: Money,
    /// The currency of the price, and of the accounts that may subscribe.
    pub currency: CurrencyCode,
    /// The length of a period.
    pub period: PeriodLength,
    /// The bundle product of which each period brings one; null for none. At most one of `bundle` and `tokens` is given.
    #[serde(default)]
    #[schema(example = "kenya_1000")]
    pub bundle: Option<String>,
    /// The tokens that each period brings, for services beside messages; null for none.
    #[serde(default)]
    pub tokens: Option<u64>,
    /// Days for which an account may try it for nothing before the first period, once; zero for none.
    #[serde(default)]
    #[schema(maximum = 366)]
    pub trial_days: u16,
    /// False for a subscription that ends with its first period.
    #[serde(default = "is_usual")]
    pub recurring: bool,
    /// The plan of the tariff that the account is on while it subscribes; null leaves it as it is.
    #[serde(default)]
    #[schema(example = "starter")]
    pub plan: Option<String>,
    /// The time zone in which periods begin; null for that of the account's plan.
    #[serde(default)]
    #[schema(example = "Africa/Nairobi")]
    pub time_zone: Option<String>,
    /// False for one that nobody can subscribe to any more.
    #[serde(default = "is_usual")]
    pub on_offer: bool,
}

const fn is_usual() -> bool {
    true
}

/// A subscription plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SubscriptionPlan {
    /// Its name, which subscriptions refer to.
    #[schema(example = "basic")]
    pub name: String,
    /// Its number, which existing clients refer to; it is given once and never changes.
    #[schema(minimum = 1)]
    pub number: u32,
    /// A description for people.
    pub description: String,
    /// The price of a period.
    pub price: Money,
    /// The currency of the price, and of the accounts that may subscribe.
    pub currency: CurrencyCode,
    /// The length of a period.
    pub period: PeriodLength,
    /// The bundle product of which each period brings one; null for none.
    pub bundle: Option<String>,
    /// The tokens that each period brings; null for none.
    pub tokens: Option<u64>,
    /// Days for which an account may try it for nothing, once.
    pub trial_days: u16,
    /// False for a subscription that ends with its first period.
    pub recurring: bool,
    /// The plan of the tariff that comes with it; null for none.
    pub plan: Option<String>,
    /// The time zone in which periods begin; null for that of the account's plan.
    pub time_zone: Option<String>,
    /// False for one that nobody can subscribe to any more.
    pub on_offer: bool,
    /// The time at which it was made.
    pub created_at: Time,
    /// The time at which it was changed last.
    pub updated_at: Time,
}

list_query! {
    /// The filters of a list of subscription plans.
    pub struct SubscriptionPlansQuery {
        /// Only those that are on offer, or are not.
        pub on_offer: Option<bool>,
        /// Only those that this account may subscribe to.
        pub account: Option<String>,
    }
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn SubscriptionPlansService>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, replace, delete))
}

/// List subscription plans
///
/// Those that an account within the caller's reach may subscribe to, by name. Admins see all.
#[utoipa::path(get, path = "/v1/subscription-plans", tag = "subscriptions", operation_id = "list_subscription_plans",
    params(SubscriptionPlansQuery),
    responses((status = 200, description = "A page of plans", body = Page<SubscriptionPlan>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<SubscriptionPlansQuery>,
) -> Answer<Json<Page<SubscriptionPlan>>> {
    call(service, move |service| service.subscription_plans(&caller, &query)).await.map(Json)
}

/// Create a subscription plan
#[utoipa::path(post, path = "/v1/subscription-plans", tag = "subscriptions", operation_id = "create_subscription_plan",
    request_body = SubscriptionPlanInput,
    responses((status = 201, description = "The plan", body = SubscriptionPlan), Problems))]
async fn create(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<SubscriptionPlanInput>,
) -> Answer<Created<Versioned<SubscriptionPlan>>> {
    let body = call(service, move |service| service.create_subscription_plan(&caller, new)).await?;
    Ok(Created { location: format!("/v1/subscription-plans/{}", body.value.name), body })
}

/// Read a subscription plan
#[utoipa::path(get, path = "/v1/subscription-plans/{name}", tag = "subscriptions", operation_id = "get_subscription_plan",
    params(("name" = String, Path, description = "The plan's name")),
    responses((status = 200, description = "The plan", body = SubscriptionPlan), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer<Versioned<SubscriptionPlan>> {
    call(service, move |service| service.subscription_plan(&caller, &name)).await
}

/// Replace a subscription plan
///
/// Subscriptions keep the terms that they were bought with; one that is changed to the plan gets the new ones.
#[utoipa::path(put, path = "/v1/subscription-plans/{name}", tag = "subscriptions",
    operation_id = "replace_subscription_plan",
    params(("name" = String, Path, description = "The plan's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version to be changed")),
    request_body = SubscriptionPlanInput,
    responses((status = 200, description = "The plan", body = SubscriptionPlan), Problems))]
async fn replace(
    State(service): State<Service>,
    caller: Caller,
    Path(name): Path<String>,
    if_match: IfMatch,
    Body(input): Body<SubscriptionPlanInput>,
) -> Answer<Versioned<SubscriptionPlan>> {
    call(service, move |service| service.replace_subscription_plan(&caller, &name, if_match, input)).await
}

/// Delete a subscription plan
///
/// Subscriptions keep the terms that they were bought with, and are renewed by them.
#[utoipa::path(delete, path = "/v1/subscription-plans/{name}", tag = "subscriptions",
    operation_id = "delete_subscription_plan",
    params(("name" = String, Path, description = "The plan's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version to be deleted")),
    responses((status = 204, description = "It is deleted"), Problems))]
async fn delete(
    State(service): State<Service>,
    caller: Caller,
    Path(name): Path<String>,
    if_match: IfMatch,
) -> Answer<Gone> {
    call(service, move |service| service.delete_subscription_plan(&caller, &name, if_match)).await?;
    Ok(Gone)
}
