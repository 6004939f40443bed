//! Operators: the upstream SMSCs that messages are handed to, how they fare, and taking them in and out.

mod condition;
mod dto;
mod receipts;
mod smpp;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use tollgate_engine::operator;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, Rule, Who, rule};
use crate::answer::{Answer, Created, Gone, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IfMatch, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use condition::{
    BreakerState, CostInCurrency, HealthPoint, LinkBind, LinkState, OperatorHealth, OperatorLink,
    OperatorLinks, OperatorStats, PeriodQuery,
};
pub use dto::{
    Operator, OperatorAccounts, OperatorChangeQuery, OperatorCost, OperatorInput, OperatorSort,
    OperatorStatus, OperatorsQuery, UnroutedTraffic,
};
pub use receipts::{OperatorReceipts, UnknownReceiptState, UnmatchedReason, UnmatchedReceipt};
pub use smpp::{
    BindKind, InterfaceVersion, LongMessages, NumberFormat, OperatorTls, ReceiptIds, ReceiptState,
    SmppConfig, UnknownOutcome,
};

const READ: Who = Who::Roles(ADMIN, Scope::OperatorsRead);
const WRITE: Who = Who::Roles(ADMIN, Scope::OperatorsWrite);

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/operators", READ),
    rule("POST", "/v1/operators", WRITE),
    rule("GET", "/v1/operators/{id}", READ),
    rule("PUT", "/v1/operators/{id}", WRITE),
    rule("DELETE", "/v1/operators/{id}", WRITE),
    rule("GET", "/v1/operators/{id}/health", READ),
    rule("GET", "/v1/operators/{id}/stats", READ),
    rule("GET", "/v1/operators/{id}/links", READ),
    rule("GET", "/v1/operators/{id}/receipts", READ),
    rule("POST", "/v1/operators/{id}/drain", WRITE),
    rule("POST", "/v1/operators/{id}/resume", WRITE),
    rule("POST", "/v1/operators/{id}/disable", WRITE),
];

/// Reads and changes operators.
pub trait OperatorsService: Send + Sync + 'static {
    /// Those in force.
    fn operators(&self, query: &OperatorsQuery) -> Answer<Page<Operator>>;

    /// One of them, by its code.
    fn operator(&self, code: &str) -> Answer<Versioned<Operator>>;

    /// Makes one; its links are made at once.
    fn create_operator(
        &self,
        caller: &Caller,
        new: OperatorInput,
        dry_run: bool,
    ) -> Answer<Versioned<Operator>>;

    /// Puts another definition in the place of one that is not provisioned by file.
    fn replace_operator(
        &self,
        caller: &Caller,
        code: &str,
        if_match: IfMatch,
        input: OperatorInput,
        dry_run: bool,
    ) -> Answer<Versioned<Operator>>;

    /// Deletes one for whom nothing waits and that nothing is on its way to.
    fn delete_operator(&self, caller: &Caller, code: &str, if_match: IfMatch) -> Answer<()>;

    /// Gives one another status.
    fn set_operator_status(
        &self,
        caller: &Caller,
        code: &str,
        if_match: IfMatch,
        status: operator::OperatorStatus,
        dry_run: bool,
    ) -> Answer<Versioned<Operator>>;

    /// The health of an operator, now and over a period.
    fn operator_health(&self, code: &str, period: PeriodQuery) -> Answer<OperatorHealth>;

    /// The counts of its messages by outcome in a period.
    fn operator_stats(&self, code: &str, period: PeriodQuery) -> Answer<OperatorStats>;

    /// Its links as they are now.
    fn operator_links(&self, code: &str) -> Answer<OperatorLinks>;

    /// Its receipts that ended no message.
    fn operator_receipts(&self, code: &str) -> Answer<OperatorReceipts>;
}

type Service = Arc<dyn OperatorsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn OperatorsService>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, replace, delete))
        .routes(routes!(health))
        .routes(routes!(stats))
        .routes(routes!(links))
        .routes(routes!(receipts_of))
        .routes(routes!(drain))
        .routes(routes!(resume))
        .routes(routes!(disable))
}

/// List operators
///
/// Those in force: of `operators.toml` and of this API.
#[utoipa::path(get, path = "/v1/operators", tag = "operators", operation_id = "list_operators", params(OperatorsQuery),
    responses((status = 200, description = "A page of operators", body = Page<Operator>), Problems))]
async fn list(
    State(service): State<Service>,
    _caller: Caller,
    Query(query): Query<OperatorsQuery>,
) -> Answer<Json<Page<Operator>>> {
    call(service, move |service| service.operators(&query)).await.map(Json)
}

/// Create an operator
///
/// Its links are made at once, and messages go to it from the answer on. A code that was there before is the
/// same operator as before, with what still waits for it. The answer says which traffic of the last day finds no
/// route with it; with `dry_run` nothing is made.
#[utoipa::path(post, path = "/v1/operators", tag = "operators", operation_id = "create_operator",
    params(OperatorChangeQuery), request_body = OperatorInput,
    responses((status = 201, description = "The operator", body = Operator),
        (status = 200, description = "The operator as it would be", body = Operator), Problems))]
async fn create(
    State(service): State<Service>,
    caller: Caller,
    Query(OperatorChangeQuery { dry_run }): Query<OperatorChangeQuery>,
    Body(new): Body<OperatorInput>,
) -> Answer<Response> {
    let body = call(service, move |service| service.create_operator(&caller, new, dry_run)).await?;
    if dry_run {
        return Ok(body.into_response());
    }
    Ok(Created { location: format!("/v1/operators/{}", body.value.code), body }.into_response())
}

/// Read an operator
#[utoipa::path(get, path = "/v1/operators/{id}", tag = "operators", operation_id = "get_operator",
    params(("id" = String, Path, description = "The operator's code")),
    responses((status = 200, description = "The operator", body = Operator), Problems))]
async fn get(
    State(service): State<Service>,
    _caller: Caller,
    Path(code): Path<String>,
) -> Answer<Versioned<Operator>> {
    call(service, move |service| service.operator(&code)).await
}

/// Replace an operator
///
/// The body is the whole operator; what it leaves out is as for one that is new, only the password stays as
/// it is. Links are made again if a setting of their binds has changed.
#[utoipa::path(put, path = "/v1/operators/{id}", tag = "operators", operation_id = "replace_operator",
    params(("id" = String, Path, description = "The operator's code"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for"),
        OperatorChangeQuery),
    request_body = OperatorInput,
    responses((status = 200, description = "The operator as it is now", body = Operator), Problems))]
async fn replace(
    State(service): State<Service>,
    caller: Caller,
    Path(code): Path<String>,
    if_match: IfMatch,
    Query(OperatorChangeQuery { dry_run }): Query<OperatorChangeQuery>,
    Body(input): Body<OperatorInput>,
) -> Answer<Versioned<Operator>> {
    call(service, move |service| service.replace_operator(&caller, &code, if_match, input, dry_run)).await
}

/// Delete an operator
///
/// Refused with `wrong_state` while messages wait in its queue or are on their way to it: drain it first, and
/// let a day or two pass for the receipts of what it took, which do not come in any more once it is gone.
#[utoipa::path(delete, path = "/v1/operators/{id}", tag = "operators", operation_id = "delete_operator",
    params(("id" = String, Path, description = "The operator's code"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    responses((status = 204, description = "It is gone"), Problems))]
async fn delete(
    State(service): State<Service>,
    caller: Caller,
    Path(code): Path<String>,
    if_match: IfMatch,
) -> Answer<Gone> {
    call(service, move |service| service.delete_operator(&caller, &code, if_match)).await.map(|()| Gone)
}

/// Read an operator's health
///
/// The period is at most seven days.
#[utoipa::path(get, path = "/v1/operators/{id}/health", tag = "operators", operation_id = "get_operator_health",
    params(("id" = String, Path, description = "The operator's code"), PeriodQuery),
    responses((status = 200, description = "Its health", body = OperatorHealth), Problems))]
async fn health(
    State(service): State<Service>,
    _caller: Caller,
    Path(code): Path<String>,
    Query(period): Query<PeriodQuery>,
) -> Answer<Json<OperatorHealth>> {
    call(service, move |service| service.operator_health(&code, period)).await.map(Json)
}

/// Read an operator's statistics
///
/// From counters that are kept as messages are charged and settled. The period is at most 400 days.
#[utoipa::path(get, path = "/v1/operators/{id}/stats", tag = "operators", operation_id = "get_operator_stats",
    params(("id" = String, Path, description = "The operator's code"), PeriodQuery),
    responses((status = 200, description = "Its statistics", body = OperatorStats), Problems))]
async fn stats(
    State(service): State<Service>,
    _caller: Caller,
    Path(code): Path<String>,
    Query(period): Query<PeriodQuery>,
) -> Answer<Json<OperatorStats>> {
    call(service, move |service| service.operator_stats(&code, period)).await.map(Json)
}

/// List an operator's links
#[utoipa::path(get, path = "/v1/operators/{id}/links", tag = "operators", operation_id = "list_operator_links",
    params(("id" = String, Path, description = "The operator's code")),
    responses((status = 200, description = "Its links", body = OperatorLinks), Problems))]
async fn links(
    State(service): State<Service>,
    _caller: Caller,
    Path(code): Path<String>,
) -> Answer<Json<OperatorLinks>> {
    call(service, move |service| service.operator_links(&code)).await.map(Json)
}

/// List an operator's receipts that ended no message
///
/// Those whose word for the state is not known, and those that are given to no message.
#[utoipa::path(get, path = "/v1/operators/{id}/receipts", tag = "operators", operation_id = "list_operator_receipts",
    params(("id" = String, Path, description = "The operator's code")),
    responses((status = 200, description = "Its receipts", body = OperatorReceipts), Problems))]
async fn receipts_of(
    State(service): State<Service>,
    _caller: Caller,
    Path(code): Path<String>,
) -> Answer<Json<OperatorReceipts>> {
    call(service, move |service| service.operator_receipts(&code)).await.map(Json)
}

/// Drain an operator
///
/// It gets no new messages. What waits in its queue is still sent, its links stay, and receipts come in.
#[utoipa::path(post, path = "/v1/operators/{id}/drain", tag = "operators", operation_id = "drain_operator",
    params(("id" = String, Path, description = "The operator's code"), OperatorChangeQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    responses((status = 200, description = "The operator as it is now", body = Operator), Problems))]
async fn drain(
    State(service): State<Service>,
    caller: Caller,
    Path(code): Path<String>,
    if_match: IfMatch,
    Query(query): Query<OperatorChangeQuery>,
) -> Answer<Versioned<Operator>> {
    set_status(service, caller, (code, if_match), operator::OperatorStatus::Draining, query).await
}

/// Resume an operator
///
/// It gets messages again.
#[utoipa::path(post, path = "/v1/operators/{id}/resume", tag = "operators", operation_id = "resume_operator",
    params(("id" = String, Path, description = "The operator's code"), OperatorChangeQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    responses((status = 200, description = "The operator as it is now", body = Operator), Problems))]
async fn resume(
    State(service): State<Service>,
    caller: Caller,
    Path(code): Path<String>,
    if_match: IfMatch,
    Query(query): Query<OperatorChangeQuery>,
) -> Answer<Versioned<Operator>> {
    set_status(service, caller, (code, if_match), operator::OperatorStatus::Active, query).await
}

/// Disable an operator
///
/// Its links are closed, and receipts do not come in any more. What waits in its queue goes elsewhere, or
/// expires.
#[utoipa::path(post, path = "/v1/operators/{id}/disable", tag = "operators", operation_id = "disable_operator",
    params(("id" = String, Path, description = "The operator's code"), OperatorChangeQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    responses((status = 200, description = "The operator as it is now", body = Operator), Problems))]
async fn disable(
    State(service): State<Service>,
    caller: Caller,
    Path(code): Path<String>,
    if_match: IfMatch,
    Query(query): Query<OperatorChangeQuery>,
) -> Answer<Versioned<Operator>> {
    set_status(service, caller, (code, if_match), operator::OperatorStatus::Disabled, query).await
}

async fn set_status(
    service: Service,
    caller: Caller,
    (code, if_match): (String, IfMatch),
    status: operator::OperatorStatus,
    query: OperatorChangeQuery,
) -> Answer<Versioned<Operator>> {
    let dry_run = query.dry_run;
    call(service, move |service| service.set_operator_status(&caller, &code, if_match, status, dry_run)).await
}
