//! Resales: what a reseller's children sent, what it paid and earned for that, and the commission that it is paid.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, RESELLER, Rule, Who, rule};
use crate::answer::{Answer, Created};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, Conditions, Path, Query};
use crate::openapi::Problems;

pub use dto::{
    CommissionPayout, NewPayout, PayoutTo, ResaleLine, ResaleQuery, ResaleStatement, ResaleTotals,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/accounts/{id}/resales", Who::Roles(RESELLER, Scope::BillingRead)),
    rule("POST", "/v1/accounts/{id}/commission/payouts", Who::Roles(ADMIN, Scope::BillingWrite)),
];

/// Reads statements of resellers, and pays out their commission.
pub trait ResalesService: Send + Sync + 'static {
    /// The statement of a reseller for a month.
    fn statement(&self, caller: &Caller, account: &str, query: &ResaleQuery) -> Answer<ResaleStatement>;

    /// Pays out commission, once for each Idempotency-Key.
    fn pay_out(
        &self,
        caller: &Caller,
        account: &str,
        new: NewPayout,
        conditions: &Conditions,
    ) -> Answer<CommissionPayout>;
}

type Service = Arc<dyn ResalesService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn ResalesService>> {
    OpenApiRouter::new().routes(routes!(statement)).routes(routes!(pay_out))
}

/// Read a reseller's statement of commission and margin
///
/// What its children sent in a calendar month, by child, country and network: what they paid, what the reseller paid for it,
/// and the commission that it earned. Messages whose charge was given back are not in it, so that its sums are those of the
/// ledger. The month is that of the reseller's plan.
#[utoipa::path(get, path = "/v1/accounts/{id}/resales", tag = "resales", operation_id = "get_resales",
    params(("id" = String, Path, description = "The reseller's id"), ResaleQuery),
    responses((status = 200, description = "The statement", body = ResaleStatement), Problems))]
async fn statement(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<ResaleQuery>,
) -> Answer<Json<ResaleStatement>> {
    call(service, move |service| service.statement(&caller, &id, &query)).await.map(Json)
}

/// Pay out commission
///
/// Into the reseller's wallet, or outside of it, which is then only noted. Never more than was earned and not yet paid:
/// `409` with the code `insufficient_commission`. Send an `Idempotency-Key` to be able to repeat a request whose answer was
/// lost.
#[utoipa::path(post, path = "/v1/accounts/{id}/commission/payouts", tag = "resales", operation_id = "create_payout",
    params(("id" = String, Path, description = "The reseller's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the account that this is meant for")),
    request_body = NewPayout,
    responses((status = 201, description = "The payout", body = CommissionPayout), Problems))]
async fn pay_out(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
    Body(new): Body<NewPayout>,
) -> Answer<Created<Json<CommissionPayout>>> {
    let account = id.clone();
    let paid = call(service, move |service| service.pay_out(&caller, &id, new, &conditions)).await?;
    let location = format!("/v1/accounts/{account}/transactions/{}", paid.transaction);
    Ok(Created { location, body: Json(paid) })
}
