//! Plans: what messages are priced by. They stand in `plans.toml`, which is written whole or not at all.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::accounts::{Delivery, TrafficPumping};
use crate::answer::{Answer, Created, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::choice::documented;
use crate::extract::{Body, IfMatch, Path, Query};
use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::openapi::Problems;
use crate::page::Page;
use crate::percent::Percent;
use tollgate_engine::settlement::{ChargeOn, Outcome};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/plans", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("POST", "/v1/plans", Who::Roles(ADMIN, Scope::TariffWrite)),
    rule("GET", "/v1/plans/{name}", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("PUT", "/v1/plans/{name}", Who::Roles(ADMIN, Scope::TariffWrite)),
];

/// Reads and changes plans.
pub trait PlansService: Send + Sync + 'static {
    /// Those in force that the caller may see: all of them, or those of the accounts within reach.
    fn plans(&self, caller: &Caller, query: &PlansQuery) -> Answer<Page<Plan>>;

    /// One of them.
    fn plan(&self, caller: &Caller, name: &str) -> Answer<Versioned<Plan>>;

    /// Adds one to the file and puts it in force.
    fn create_plan(&self, caller: &Caller, new: PlanInput) -> Answer<Versioned<Plan>>;

    /// Puts another definition in the place of one; its rates stay.
    fn replace_plan(
        &self,
        caller: &Caller,
        name: &str,
        if_match: IfMatch,
        input: PlanInput,
    ) -> Answer<Versioned<Plan>>;
}

type Service = Arc<dyn PlansService>;

/// A plan, without its rates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Plan {
    /// The name that accounts refer to.
    #[schema(example = "starter")]
    pub name: String,
    /// Of every price in it.
    pub currency: CurrencyCode,
    /// The zone whose months the volume tiers count in, of the IANA database.
    #[schema(example = "Africa/Nairobi")]
    pub time_zone: String,
    /// Of a segment where no rate holds; null refuses such messages.
    pub base_price: Option<Money>,
    /// Volume tiers, ascending; empty for none.
    pub tiers: Vec<PlanTier>,
    /// The event after which the price is kept.
    pub charge_on: ChargePoint,
    /// The outcomes that refund the price nevertheless.
    pub refund_on: Vec<RefundOutcome>,
    /// The step that follows once messages of accounts on it that set none are charged.
    pub delivery: Delivery,
    /// True if segments that a bundle covers count for the tiers.
    pub bundle_segments_count: bool,
    /// The search for traffic pumping in the traffic of accounts on it that set nothing else; what is null is as for all.
    pub traffic_pumping: TrafficPumping,
    /// The number of rates that apply to it, including those of every plan.
    pub rates: u64,
}

/// A range of an account's segments in the calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanTier {
    /// The first segment in it, counted from one; behind the last of the tier before.
    pub from: u64,
    /// The last one; null in the last tier, and there only.
    #[serde(default)]
    pub to: Option<u64>,
    /// Lowers the price, from 0 to 100.
    #[serde(default)]
    pub discount_percent: Option<Percent>,
    /// In place of the base price. A tier has this or a discount.
    #[serde(default)]
    pub price_per_sms: Option<Money>,
}

documented! {
    /// The event after which a price is kept.
    ChargePoint = ChargeOn;
    /// An outcome that may give a price back.
    RefundOutcome = Outcome;
}

/// The new definition of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanInput {
    /// Its name: 1 to 64 letters, digits, `_`, `-`, `.`; it never changes.
    #[schema(example = "starter")]
    pub name: String,
    /// Of every price in it.
    pub currency: CurrencyCode,
    /// The zone whose months the volume tiers count in, of the IANA database.
    #[schema(example = "Africa/Nairobi")]
    pub time_zone: String,
    /// Of a segment where no rate holds; null refuses such messages.
    #[serde(default)]
    pub base_price: Option<Money>,
    /// Volume tiers: from segment one, ascending, without gaps, to an open end; empty for none.
    #[serde(default)]
    pub tiers: Vec<PlanTier>,
    /// The event after which the price is kept; `submit` if it is not given.
    #[serde(default)]
    pub charge_on: Option<ChargePoint>,
    /// The outcomes that refund the price nevertheless; `rejected` and `expired` if it is not given.
    #[serde(default)]
    #[schema(max_items = 4)]
    pub refund_on: Option<Vec<RefundOutcome>>,
    /// The step that follows once messages of accounts on it that set none are charged; `routed`, as the house's default says,
    /// if it is not given.
    #[serde(default)]
    pub delivery: Option<Delivery>,
    /// True if segments that a bundle covers count for the tiers; false if it is not given.
    #[serde(default)]
    pub bundle_segments_count: bool,
    /// The search for traffic pumping in the traffic of accounts on it that set nothing else; as for all if it is not given.
    #[serde(default)]
    pub traffic_pumping: Option<TrafficPumping>,
}

/// The order in which plans are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanSort {
    /// Sorted by name.
    #[default]
    Name,
    /// By currency, then by name.
    Currency,
}

list_query! {
    /// The filters of a list of plans.
    pub struct PlansQuery {
        /// Only those in this currency.
        #[param(value_type = Option<CurrencyCode>)]
        pub currency: Option<CurrencyCode>,
        /// The order of the list; by name if it is not given.
        #[param(inline)]
        pub sort: Option<PlanSort>,
    }
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn PlansService>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, replace))
}

/// List plans
///
/// Those in force: all for an admin, for others those of the accounts that they reach.
#[utoipa::path(get, path = "/v1/plans", tag = "plans", operation_id = "list_plans", params(PlansQuery),
    responses((status = 200, description = "A page of plans", body = Page<Plan>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<PlansQuery>,
) -> Answer<Json<Page<Plan>>> {
    call(service, move |service| service.plans(&caller, &query)).await.map(Json)
}

/// Add a plan
///
/// It is written into the file of plans and put in force, whole or not at all. What is wrong is named by file
/// and line, as the file would be.
#[utoipa::path(post, path = "/v1/plans", tag = "plans", operation_id = "create_plan", request_body = PlanInput,
    responses((status = 201, description = "The plan as it is in force", body = Plan), Problems))]
async fn create(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<PlanInput>,
) -> Answer<Created<Versioned<Plan>>> {
    let body = call(service, move |service| service.create_plan(&caller, new)).await?;
    Ok(Created { location: format!("/v1/plans/{}", body.value.name), body })
}

/// Read a plan
#[utoipa::path(get, path = "/v1/plans/{name}", tag = "plans", operation_id = "get_plan",
    params(("name" = String, Path, description = "The plan's name")),
    responses((status = 200, description = "The plan as it is in force", body = Plan), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer<Versioned<Plan>> {
    call(service, move |service| service.plan(&caller, &name)).await
}

/// Replace a plan
///
/// It is written into the file of plans and put in force, whole or not at all; the next message costs what it
/// says. The plan's rates stay.
#[utoipa::path(put, path = "/v1/plans/{name}", tag = "plans", operation_id = "replace_plan",
    params(("name" = String, Path, description = "The plan's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = PlanInput,
    responses((status = 200, description = "The plan as it is in force", body = Plan), Problems))]
async fn replace(
    State(service): State<Service>,
    caller: Caller,
    Path(name): Path<String>,
    if_match: IfMatch,
    Body(input): Body<PlanInput>,
) -> Answer<Versioned<Plan>> {
    call(service, move |service| service.replace_plan(&caller, &name, if_match, input)).await
}
