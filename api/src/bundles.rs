//! Bundles of accounts: bought from the wallet or granted, used up by messages or by services beside them.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, Conditions, IdempotencyKey, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{
    Bundle, BundleEvent, BundleHistory, BundleState, BundlesQuery, Consumed, ConsumedFrom, NewBundle,
    NewConsumption,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/accounts/{id}/bundles", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/accounts/{id}/bundles/{bundle_id}", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/accounts/{id}/bundles", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("POST", "/v1/accounts/{id}/bundles/consume", Who::Roles(CUSTOMER, Scope::BillingWrite)),
];

/// Reads, sells and uses the bundles of accounts.
pub trait BundlesService: Send + Sync + 'static {
    /// The bundles of an account, the newest first.
    fn bundles(&self, caller: &Caller, account: &str, query: &BundlesQuery) -> Answer<Page<Bundle>>;

    /// One of them, with everything that has changed its units but messages.
    fn bundle(&self, caller: &Caller, account: &str, bundle: &str) -> Answer<BundleHistory>;

    /// Buys a bundle from the wallet, or grants it, once for each Idempotency-Key.
    fn begin_bundle(
        &self,
        caller: &Caller,
        account: &str,
        new: NewBundle,
        conditions: &Conditions,
    ) -> Answer<Bundle>;

    /// Takes tokens for a service beside messages, once for each Idempotency-Key.
    fn consume(
        &self,
        caller: &Caller,
        account: &str,
        new: NewConsumption,
        key: &IdempotencyKey,
    ) -> Answer<Consumed>;
}

type Service = Arc<dyn BundlesService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn BundlesService>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(begin))
        .routes(routes!(consume))
}

/// List an account's bundles
///
/// The newest first, also those that have ended.
#[utoipa::path(get, path = "/v1/accounts/{id}/bundles", tag = "bundles", operation_id = "list_bundles",
    params(("id" = String, Path, description = "The account's id"), BundlesQuery),
    responses((status = 200, description = "A page of bundles", body = Page<Bundle>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<BundlesQuery>,
) -> Answer<Json<Page<Bundle>>> {
    call(service, move |service| service.bundles(&caller, &id, &query)).await.map(Json)
}

/// Read a bundle
///
/// With its history: the ledger entries that have changed its units. What messages took is the rest of the difference, and
/// stands in their CDRs.
#[utoipa::path(get, path = "/v1/accounts/{id}/bundles/{bundle_id}", tag = "bundles", operation_id = "get_bundle",
    params(("id" = String, Path, description = "The account's id"),
        ("bundle_id" = String, Path, description = "The bundle's id")),
    responses((status = 200, description = "The bundle and its history", body = BundleHistory), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path((id, bundle)): Path<(String, String)>,
) -> Answer<Json<BundleHistory>> {
    call(service, move |service| service.bundle(&caller, &id, &bundle)).await.map(Json)
}

/// Buy or grant a bundle
///
/// The price is taken from the wallet, where balance and credit limit cover it, and messages take from the bundle once this is
/// answered. With `grant`, which is for admins, nothing is taken. Send an `Idempotency-Key` to be able to repeat a request
/// whose answer was lost.
#[utoipa::path(post, path = "/v1/accounts/{id}/bundles", tag = "bundles", operation_id = "create_bundle",
    params(("id" = String, Path, description = "The account's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the account that this is meant for")),
    request_body = NewBundle,
    responses((status = 201, description = "The bundle", body = Bundle), Problems))]
async fn begin(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
    Body(new): Body<NewBundle>,
) -> Answer<Created<Json<Bundle>>> {
    let account = id.clone();
    let bundle = call(service, move |service| service.begin_bundle(&caller, &id, new, &conditions)).await?;
    let location = format!("/v1/accounts/{account}/bundles/{}", bundle.id);
    Ok(Created { location, body: Json(bundle) })
}

/// Use tokens of an account's bundles
///
/// For a service beside messages. The tokens are taken from the bundles that end first, all of them or none: `409` with the
/// code `insufficient_tokens` where fewer are left. Send an `Idempotency-Key` to be able to repeat a request whose answer was
/// lost.
#[utoipa::path(post, path = "/v1/accounts/{id}/bundles/consume", tag = "bundles", operation_id = "consume_tokens",
    params(("id" = String, Path, description = "The account's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters")),
    request_body = NewConsumption,
    responses((status = 201, description = "The tokens that were taken", body = Consumed), Problems))]
async fn consume(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    key: IdempotencyKey,
    Body(new): Body<NewConsumption>,
) -> Answer<Created<Json<Consumed>>> {
    let account = id.clone();
    let consumed = call(service, move |service| service.consume(&caller, &id, new, &key)).await?;
    let location = format!("/v1/accounts/{account}/transactions/{}", consumed.transaction);
    Ok(Created { location, body: Json(consumed) })
}
