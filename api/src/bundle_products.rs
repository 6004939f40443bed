//! Bundle products: units that accounts buy in advance.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tollgate_engine::bundle::BundleUnit as Unit;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, RESELLER, Rule, Who, rule};
use crate::accounts::Source;
use crate::answer::{Answer, Created, Gone, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::choice::documented;
use crate::extract::{Body, IfMatch, Path, Query};
use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::openapi::Problems;
use crate::page::Page;
use crate::time::Time;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/bundle-products", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("POST", "/v1/bundle-products", Who::Roles(RESELLER, Scope::TariffWrite)),
    rule("GET", "/v1/bundle-products/{name}", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("PUT", "/v1/bundle-products/{name}", Who::Roles(RESELLER, Scope::TariffWrite)),
    rule("DELETE", "/v1/bundle-products/{name}", Who::Roles(RESELLER, Scope::TariffWrite)),
];

/// Reads and changes bundle products. A reseller changes those that it sells itself, an admin all.
pub trait BundleProductsService: Send + Sync + 'static {
    /// Those that an account within the caller's reach may buy; admins see all.
    fn bundle_products(&self, caller: &Caller, query: &BundleProductsQuery) -> Answer<Page<BundleProduct>>;

    /// One of them.
    fn bundle_product(&self, caller: &Caller, name: &str) -> Answer<Versioned<BundleProduct>>;

    /// Makes a product.
    fn create_bundle_product(
        &self,
        caller: &Caller,
        new: BundleProductInput,
    ) -> Answer<Versioned<BundleProduct>>;

    /// Puts another definition in the place of one. Bundles that were bought stay as they are.
    fn replace_bundle_product(
        &self,
        caller: &Caller,
        name: &str,
        if_match: IfMatch,
        input: BundleProductInput,
    ) -> Answer<Versioned<BundleProduct>>;

    /// Deletes one. Bundles that were bought stay as they are.
    fn delete_bundle_product(&self, caller: &Caller, name: &str, if_match: IfMatch) -> Answer<()>;
}

type Service = Arc<dyn BundleProductsService>;

documented! {
    /// The kind of a bundle's units: segments, messages of any number of segments, or tokens for services beside messages.
    BundleUnit = Unit;
}

/// A bundle product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BundleProduct {
    /// Its name, which purchases refer to.
    #[schema(example = "kenya_1000")]
    pub name: String,
    /// The reseller that sells it to the accounts which buy their messages from it; null for the house.
    pub seller: Option<String>,
    /// The price of one bundle.
    pub price: Money,
    /// The currency of the price, and of the accounts that may buy it.
    pub currency: CurrencyCode,
    /// The units of one bundle.
    pub units: u64,
    /// The kind of a unit.
    pub unit: BundleUnit,
    /// The countries that take from it; null where they are not what it goes by.
    pub countries: Option<Vec<String>>,
    /// The networks and whole MCCs that take from it; null where they are not what it goes by.
    pub networks: Option<Vec<String>>,
    /// The leading digits of the numbers that take from it; null where they are not what it goes by.
    pub prefixes: Option<Vec<String>>,
    /// The time for which it can be used.
    pub validity: BundleValidity,
    /// The units that go over into one more period of the same length when it ends.
    pub rollover: BundleRollover,
    /// Of bundles that end together the one with the smaller number is taken first.
    pub priority: u32,
    /// The treatment of units that are refunded behind its end.
    pub late_refunds: LateRefunds,
    /// The plans of the accounts that may buy it; null for all.
    pub plans: Option<Vec<String>>,
    /// The place where it is provisioned.
    pub source: Source,
    /// The time at which it was made; null for one of a file.
    pub created_at: Option<Time>,
    /// The time at which it was changed last; null for one of a file.
    pub updated_at: Option<Time>,
    /// After a change: what it was made with, such as units below the price that its seller pays itself.
    pub warnings: Vec<String>,
}

/// The definition of a bundle product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BundleProductInput {
    /// Its name: 1 to 64 letters, digits, `_`, `-`, `.`; it never changes.
    #[schema(example = "kenya_1000")]
    pub name: String,
    /// The reseller that sells it to the accounts which buy their messages from it, and is paid for it: for a reseller its own
    /// account, which is taken if it is not given; for an admin the house if it is not given. It never changes.
    #[serde(default)]
    pub seller: Option<String>,
    /// The price of one bundle, which may be zero.
    pub price: Money,
    /// The currency of the price, and of the accounts that may buy it.
    pub currency: CurrencyCode,
    /// The units of one bundle.
    pub units: u64,
    /// The kind of a unit.
    pub unit: BundleUnit,
    /// ISO 3166-1 codes of the countries that take from it. At most one of the three lists is given.
    #[serde(default)]
    pub countries: Option<Vec<String>>,
    /// Networks and whole MCCs that take from it, such as `639/02` and `639`.
    #[serde(default)]
    pub networks: Option<Vec<String>>,
    /// Leading digits of the numbers that take from it, in international form.
    #[serde(default)]
    pub prefixes: Option<Vec<String>>,
    /// The time for which it can be used.
    pub validity: BundleValidity,
    /// The units that go over into one more period of the same length when it ends; none if it is not given.
    #[serde(default)]
    pub rollover: BundleRollover,
    /// Of bundles that end together the one with the smaller number is taken first; 100 if it is not given.
    #[serde(default = "usual_priority")]
    pub priority: u32,
    /// The treatment of units that are refunded behind its end; lost if it is not given.
    #[serde(default)]
    pub late_refunds: LateRefunds,
    /// The plans of the accounts that may buy it; null for all.
    #[serde(default)]
    pub plans: Option<Vec<String>>,
}

const fn usual_priority() -> u32 {
    tollgate_provisioning::bounds::bundle::PRIORITY.default
}

/// The time for which a bundle can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BundleValidity {
    /// The kind of it.
    pub kind: ValidityKind,
    /// Days of 24 hours from the purchase, of the kind `days`.
    #[serde(default)]
    pub days: Option<u32>,
}

/// The kinds of validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValidityKind {
    /// So many days.
    Days,
    /// To the end of the calendar month, in the time zone of the account's plan.
    CalendarMonth,
}

/// The units of a bundle that go over into one more period of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BundleRollover {
    /// The kind of it.
    pub kind: RolloverKind,
    /// The most units, of the kind `at_most`.
    #[serde(default)]
    pub at_most: Option<u64>,
}

/// The kinds of rollover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RolloverKind {
    /// No unit goes over.
    #[default]
    None,
    /// All that are left.
    All,
    /// All that are left, up to a number.
    AtMost,
}

/// The treatment of units that are refunded behind the end of their bundle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LateRefunds {
    /// The kind of it.
    pub kind: LateRefundKind,
    /// Days from the refund for which the bundle is valid again, of the kind `extend`.
    #[serde(default)]
    pub extend_days: Option<u32>,
}

/// The kinds of late refunds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LateRefundKind {
    /// The units are lost.
    #[default]
    Forfeit,
    /// The bundle is valid again.
    Extend,
}

list_query! {
    /// The filters of a list of bundle products.
    pub struct BundleProductsQuery {
        /// Only those that this account may buy.
        pub account: Option<String>,
    }
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn BundleProductsService>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, replace, delete))
}

/// List bundle products
///
/// Those that an account within the caller's reach may buy, by name. Admins see all.
#[utoipa::path(get, path = "/v1/bundle-products", tag = "bundles", operation_id = "list_bundle_products",
    params(BundleProductsQuery),
    responses((status = 200, description = "A page of products", body = Page<BundleProduct>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<BundleProductsQuery>,
) -> Answer<Json<Page<BundleProduct>>> {
    call(service, move |service| service.bundle_products(&caller, &query)).await.map(Json)
}

/// Create a bundle product
///
/// A product of a reseller is sold to the accounts that buy their messages from it, which pay its price to the reseller's wallet. A
/// unit that costs less than a segment costs its seller is refused or warned of as the level above wants it (`below_cost`).
#[utoipa::path(post, path = "/v1/bundle-products", tag = "bundles", operation_id = "create_bundle_product",
    request_body = BundleProductInput,
    responses((status = 201, description = "The product", body = BundleProduct), Problems))]
async fn create(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<BundleProductInput>,
) -> Answer<Created<Versioned<BundleProduct>>> {
    let body = call(service, move |service| service.create_bundle_product(&caller, new)).await?;
    Ok(Created { location: format!("/v1/bundle-products/{}", body.value.name), body })
}

/// Read a bundle product
#[utoipa::path(get, path = "/v1/bundle-products/{name}", tag = "bundles", operation_id = "get_bundle_product",
    params(("name" = String, Path, description = "The product's name")),
    responses((status = 200, description = "The product", body = BundleProduct), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer<Versioned<BundleProduct>> {
    call(service, move |service| service.bundle_product(&caller, &name)).await
}

/// Change a bundle product
///
/// Bundles that were bought stay as they are.
#[utoipa::path(put, path = "/v1/bundle-products/{name}", tag = "bundles", operation_id = "replace_bundle_product",
    params(("name" = String, Path, description = "The product's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = BundleProductInput,
    responses((status = 200, description = "The product as it is now", body = BundleProduct), Problems))]
async fn replace(
    State(service): State<Service>,
    caller: Caller,
    Path(name): Path<String>,
    if_match: IfMatch,
    Body(input): Body<BundleProductInput>,
) -> Answer<Versioned<BundleProduct>> {
    call(service, move |service| service.replace_bundle_product(&caller, &name, if_match, input)).await
}

/// Delete a bundle product
///
/// Bundles that were bought stay as they are.
#[utoipa::path(delete, path = "/v1/bundle-products/{name}", tag = "bundles", operation_id = "delete_bundle_product",
    params(("name" = String, Path, description = "The product's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag that is meant")),
    responses((status = 204, description = "It is gone"), Problems))]
async fn delete(
    State(service): State<Service>,
    caller: Caller,
    Path(name): Path<String>,
    if_match: IfMatch,
) -> Answer<Gone> {
    call(service, move |service| service.delete_bundle_product(&caller, &name, if_match)).await?;
    Ok(Gone)
}
