//! CDRs: the messages that were charged, what became of them, and why each cost what it cost.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::Answer;
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::export::Export;
use crate::extract::{Body, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use crate::cdr_state::CdrState;
pub use dto::{
    Cdr, CdrExplanation, CdrLevel, CdrsQuery, ExplainedLine, ExportFormat, ExportQuery, ReportedStatus,
    StatusReport,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/cdrs", Who::Roles(CUSTOMER, Scope::MessagesRead)),
    rule("GET", "/v1/cdrs/export", Who::Roles(CUSTOMER, Scope::MessagesRead)),
    rule("GET", "/v1/cdrs/{id}", Who::Roles(CUSTOMER, Scope::MessagesRead)),
    rule("GET", "/v1/cdrs/{id}/explain", Who::Roles(CUSTOMER, Scope::MessagesRead)),
    rule("PUT", "/v1/cdrs/{id}/status", Who::Roles(ADMIN, Scope::MessagesWrite)),
];

/// Reads messages that were charged, and settles those that are charged only.
pub trait CdrsService: Send + Sync + 'static {
    /// Messages that were charged: by account, and of each account the newest first.
    fn cdrs(&self, caller: &Caller, query: &CdrsQuery) -> Answer<Page<Cdr>>;

    /// One of them.
    fn cdr(&self, caller: &Caller, id: &str) -> Answer<Cdr>;

    /// Settles one that is charged only, by the report of the gateway that delivers it.
    fn report_status(&self, caller: &Caller, id: &str, report: StatusReport) -> Answer<Cdr>;

    /// Works one's price out again from the tariff version that it was charged by.
    fn explain_cdr(&self, caller: &Caller, id: &str) -> Answer<CdrExplanation>;

    /// Begins to write them all.
    fn export_cdrs(&self, caller: &Caller, query: &ExportQuery) -> Answer<Export>;
}

type Service = Arc<dyn CdrsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn CdrsService>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(export))
        .routes(routes!(get))
        .routes(routes!(explain))
        .routes(routes!(report))
}

/// List messages
///
/// By account in the order of their ids, and of each account the newest first. A page may be short, or empty,
/// and still not be the last, where filters leave few of many messages: `next_cursor` says.
#[utoipa::path(get, path = "/v1/cdrs", tag = "cdrs", operation_id = "list_cdrs", params(CdrsQuery),
    responses((status = 200, description = "A page of messages", body = Page<Cdr>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<CdrsQuery>,
) -> Answer<Json<Page<Cdr>>> {
    call(service, move |service| service.cdrs(&caller, &query)).await.map(Json)
}

/// Export messages
///
/// By account and time, as a file that is written while it is read. Two exports of one account's callers run at
/// once, and two of the house's; further ones are answered with 429. A connection that breaks before the end has
/// not brought all.
#[utoipa::path(get, path = "/v1/cdrs/export", tag = "cdrs", operation_id = "export_cdrs", params(ExportQuery),
    responses((status = 200, description = "The messages", content(
        (String = "text/csv"), (Vec<u8> = "application/vnd.apache.parquet"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), Problems))]
async fn export(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<ExportQuery>,
) -> Answer<Export> {
    call(service, move |service| service.export_cdrs(&caller, &query)).await
}

/// Read a message
#[utoipa::path(get, path = "/v1/cdrs/{id}", tag = "cdrs", operation_id = "get_cdr",
    params(("id" = String, Path, description = "The message's id")),
    responses((status = 200, description = "The message", body = Cdr), Problems))]
async fn get(State(service): State<Service>, caller: Caller, Path(id): Path<String>) -> Answer<Json<Cdr>> {
    call(service, move |service| service.cdr(&caller, &id)).await.map(Json)
}

/// Explain a price
///
/// Worked out again from the tariff version that the message was charged by, as it was archived, by the code
/// that charges.
#[utoipa::path(get, path = "/v1/cdrs/{id}/explain", tag = "cdrs", operation_id = "explain_cdr",
    params(("id" = String, Path, description = "The message's id")),
    responses((status = 200, description = "The explanation", body = CdrExplanation), Problems))]
async fn explain(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<CdrExplanation>> {
    call(service, move |service| service.explain_cdr(&caller, &id)).await.map(Json)
}

/// Report what became of a message
///
/// For messages that are charged only: a gateway that delivers by itself says how it ended, and the plan says
/// what its money does. The same report again changes nothing; another end after the first is refused, as is
/// one of a message that was handed to an operator.
#[utoipa::path(put, path = "/v1/cdrs/{id}/status", tag = "cdrs", operation_id = "report_status",
    params(("id" = String, Path, description = "The message's id")), request_body = StatusReport,
    responses((status = 200, description = "The message as it is now", body = Cdr), Problems))]
async fn report(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Body(report): Body<StatusReport>,
) -> Answer<Json<Cdr>> {
    call(service, move |service| service.report_status(&caller, &id, report)).await.map(Json)
}
