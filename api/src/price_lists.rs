//! Price lists: what resellers ask of the accounts right below them, as rates or as mark-ups on what they pay themselves.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{RESELLER, Rule, Who, rule};
use crate::accounts::{AccountRate, Source};
use crate::answer::{Answer, Created, Gone, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IfMatch, Path, Query};
use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::openapi::Problems;
use crate::page::Page;
use crate::percent::Percent;
use crate::time::Time;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/price-lists", Who::Roles(RESELLER, Scope::TariffRead)),
    rule("POST", "/v1/price-lists", Who::Roles(RESELLER, Scope::TariffWrite)),
    rule("GET", "/v1/price-lists/{name}", Who::Roles(RESELLER, Scope::TariffRead)),
    rule("PUT", "/v1/price-lists/{name}", Who::Roles(RESELLER, Scope::TariffWrite)),
    rule("DELETE", "/v1/price-lists/{name}", Who::Roles(RESELLER, Scope::TariffWrite)),
];

/// Reads and changes price lists. A reseller has those of its own account, an admin all.
pub trait PriceListsService: Send + Sync + 'static {
    /// Those that the caller may see.
    fn price_lists(&self, caller: &Caller, query: &PriceListsQuery) -> Answer<Page<PriceList>>;

    /// One of them.
    fn price_list(&self, caller: &Caller, name: &str) -> Answer<Versioned<PriceList>>;

    /// Makes a price list.
    fn create_price_list(&self, caller: &Caller, new: PriceListInput) -> Answer<Versioned<PriceList>>;

    /// Puts another definition in the place of one. It holds for the next message of whoever buys by it.
    fn replace_price_list(
        &self,
        caller: &Caller,
        name: &str,
        if_match: IfMatch,
        input: PriceListInput,
    ) -> Answer<Versioned<PriceList>>;

    /// Deletes one that nobody buys by.
    fn delete_price_list(&self, caller: &Caller, name: &str, if_match: IfMatch) -> Answer<()>;
}

type Service = Arc<dyn PriceListsService>;

/// A price list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PriceList {
    /// The name that accounts refer to.
    #[schema(example = "resale")]
    pub name: String,
    /// The reseller that sells by it.
    #[schema(example = "reseller_1")]
    pub owner: String,
    /// The currency of its amounts, and of the accounts that buy by it.
    pub currency: CurrencyCode,
    /// The place where it is provisioned.
    pub source: Source,
    /// Prices by network, which come before mark-ups.
    pub rates: Vec<AccountRate>,
    /// Mark-ups, of which the first one that a destination belongs to holds.
    pub mark_ups: Vec<MarkUp>,
    /// The accounts that buy by it.
    pub accounts: u64,
    /// The time at which it was made; null for one of a file.
    pub created_at: Option<Time>,
    /// The time at which it was changed last; null for one of a file.
    pub updated_at: Option<Time>,
    /// Prices below cost that come with the change that this is the answer to, where they are warned of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub warnings: Vec<String>,
}

/// An addition to what the owner of the list pays for a segment before its volume tiers. At most one of `countries` and
/// `networks` is given; without them it holds for all traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkUp {
    /// ISO 3166-1 codes of the countries that it holds for.
    #[serde(default)]
    pub countries: Option<Vec<String>>,
    /// Networks and whole MCCs that it holds for, such as `639/02` and `639`.
    #[serde(default)]
    pub networks: Option<Vec<String>>,
    /// A share of the price, from 0 to 1000. This or `per_segment` is given, or both.
    #[serde(default)]
    pub percent: Option<Percent>,
    /// An amount for each segment, in the list's currency.
    #[serde(default)]
    pub per_segment: Option<Money>,
}

/// The definition of a price list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceListInput {
    /// Its name: 1 to 64 letters, digits, `_`, `-`, `.`; it never changes.
    #[schema(example = "resale")]
    pub name: String,
    /// The reseller that sells by it, which never changes; the caller's own account if it is not given.
    #[serde(default)]
    #[schema(example = "reseller_1")]
    pub owner: Option<String>,
    /// The currency of its amounts, and of the accounts that may buy by it.
    pub currency: CurrencyCode,
    /// Prices by network, which come before mark-ups.
    #[serde(default)]
    pub rates: Vec<AccountRate>,
    /// Mark-ups, of which the first one that a destination belongs to holds. They need an owner with `chain`.
    #[serde(default)]
    pub mark_ups: Vec<MarkUp>,
}

list_query! {
    /// The filters of a list of price lists.
    pub struct PriceListsQuery {
        /// Only those of this reseller.
        pub owner: Option<String>,
    }
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn PriceListsService>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, replace, delete))
}

/// List price lists
///
/// A reseller sees its own, an admin all.
#[utoipa::path(get, path = "/v1/price-lists", tag = "price lists", operation_id = "list_price_lists", params(PriceListsQuery),
    responses((status = 200, description = "A page of price lists", body = Page<PriceList>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<PriceListsQuery>,
) -> Answer<Json<Page<PriceList>>> {
    call(service, move |service| service.price_lists(&caller, &query)).await.map(Json)
}

/// Create a price list
///
/// Accounts right below its owner buy by it once their `price_list` names it.
#[utoipa::path(post, path = "/v1/price-lists", tag = "price lists", operation_id = "create_price_list",
    request_body = PriceListInput,
    responses((status = 201, description = "The price list", body = PriceList), Problems))]
async fn create(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<PriceListInput>,
) -> Answer<Created<Versioned<PriceList>>> {
    let body = call(service, move |service| service.create_price_list(&caller, new)).await?;
    Ok(Created { location: format!("/v1/price-lists/{}", body.value.name), body })
}

/// Read a price list
#[utoipa::path(get, path = "/v1/price-lists/{name}", tag = "price lists", operation_id = "get_price_list",
    params(("name" = String, Path, description = "The list's name")),
    responses((status = 200, description = "The price list", body = PriceList), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer<Versioned<PriceList>> {
    call(service, move |service| service.price_list(&caller, &name)).await
}

/// Change a price list
///
/// It holds for the next message of every account that buys by it. Prices below what the owner pays are refused where the level
/// above the owner wants it so (`below_cost`).
#[utoipa::path(put, path = "/v1/price-lists/{name}", tag = "price lists", operation_id = "replace_price_list",
    params(("name" = String, Path, description = "The list's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = PriceListInput,
    responses((status = 200, description = "The price list as it is now", body = PriceList), Problems))]
async fn replace(
    State(service): State<Service>,
    caller: Caller,
    Path(name): Path<String>,
    if_match: IfMatch,
    Body(input): Body<PriceListInput>,
) -> Answer<Versioned<PriceList>> {
    call(service, move |service| service.replace_price_list(&caller, &name, if_match, input)).await
}

/// Delete a price list
///
/// One that an account buys by is not deleted.
#[utoipa::path(delete, path = "/v1/price-lists/{name}", tag = "price lists", operation_id = "delete_price_list",
    params(("name" = String, Path, description = "The list's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag that is meant")),
    responses((status = 204, description = "It is gone"), Problems))]
async fn delete(
    State(service): State<Service>,
    caller: Caller,
    Path(name): Path<String>,
    if_match: IfMatch,
) -> Answer<Gone> {
    call(service, move |service| service.delete_price_list(&caller, &name, if_match)).await?;
    Ok(Gone)
}
