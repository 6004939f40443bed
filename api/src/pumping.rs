//! Findings of traffic pumping: what was found in the traffic of accounts, with its evidence, and the step-downs that follow.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, RESELLER, Rule, Who, rule};
use crate::answer::Answer;
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{
    EvidenceNumber, PumpingEnd, PumpingEvidence, PumpingFinding, PumpingFindingKind, PumpingFindingsQuery,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/pumping-findings", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/pumping-findings/{id}", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/pumping-findings/{id}/lift", Who::Roles(RESELLER, Scope::AccountsWrite)),
];

/// Reads findings and lifts their step-downs.
pub trait PumpingService: Send + Sync + 'static {
    /// Those that the caller may know of, the newest first.
    fn findings(&self, caller: &Caller, query: &PumpingFindingsQuery) -> Answer<Page<PumpingFinding>>;

    /// One of them.
    fn finding(&self, caller: &Caller, id: &str) -> Answer<PumpingFinding>;

    /// Ends a finding and lifts its step-down.
    fn lift(&self, caller: &Caller, id: &str) -> Answer<PumpingFinding>;
}

type Service = Arc<dyn PumpingService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn PumpingService>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(lift))
}

/// List findings of traffic pumping
///
/// Those of accounts that the caller may see, the newest first. Numbers and counts are those of the moment at which the range
/// was found or stepped down; while a finding is open, `messages`, `delivered`, `undelivered` and `refused` go on counting.
#[utoipa::path(get, path = "/v1/pumping-findings", tag = "traffic pumping", operation_id = "list_pumping_findings",
    params(PumpingFindingsQuery),
    responses((status = 200, description = "A page of findings", body = Page<PumpingFinding>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<PumpingFindingsQuery>,
) -> Answer<Json<Page<PumpingFinding>>> {
    call(service, move |service| service.findings(&caller, &query)).await.map(Json)
}

/// Read a finding of traffic pumping
#[utoipa::path(get, path = "/v1/pumping-findings/{id}", tag = "traffic pumping", operation_id = "get_pumping_finding",
    params(("id" = String, Path, description = "The finding's id")),
    responses((status = 200, description = "The finding", body = PumpingFinding), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<PumpingFinding>> {
    call(service, move |service| service.finding(&caller, &id)).await.map(Json)
}

/// Lift a step-down
///
/// Ends the finding. Its range has its full rate again, and is not found again for a day. For the level above the account, a
/// reseller or an admin. A finding that has ended is refused with `wrong_state`.
#[utoipa::path(post, path = "/v1/pumping-findings/{id}/lift", tag = "traffic pumping",
    operation_id = "lift_pumping_finding",
    params(("id" = String, Path, description = "The finding's id")),
    responses((status = 200, description = "The finding as it is now", body = PumpingFinding), Problems))]
async fn lift(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<PumpingFinding>> {
    call(service, move |service| service.lift(&caller, &id)).await.map(Json)
}
