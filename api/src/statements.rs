//! Statements: what moved an account's balance in a period, for accounts that pay beforehand. Nothing of one is due.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{Movement, NewStatement, Statement, StatementRange, StatementsQuery};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/statements", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/statements", Who::Roles(ADMIN, Scope::BillingWrite)),
    rule("GET", "/v1/statements/{number}", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/accounts/{id}/statement", Who::Roles(CUSTOMER, Scope::BillingRead)),
];

/// Computes, issues and shows statements.
pub trait StatementsService: Send + Sync + 'static {
    /// Those of accounts that the caller may see, the newest first.
    fn statements(&self, caller: &Caller, query: &StatementsQuery) -> Answer<Page<Statement>>;

    /// One of them.
    fn statement(&self, caller: &Caller, number: &str) -> Answer<Statement>;

    /// Issues one for a period that is over, or finds it; true if it is new.
    fn issue_statement(&self, caller: &Caller, new: &NewStatement) -> Answer<(Statement, bool)>;

    /// A statement as the books are now, which is not kept.
    fn computed_statement(&self, caller: &Caller, account: &str, range: &StatementRange)
    -> Answer<Statement>;
}

type Service = Arc<dyn StatementsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn StatementsService>> {
    OpenApiRouter::new().routes(routes!(list, issue)).routes(routes!(get)).routes(routes!(computed))
}

/// List statements
///
/// Those of accounts that the caller may see, the newest first.
#[utoipa::path(get, path = "/v1/statements", tag = "invoices", operation_id = "list_statements", params(StatementsQuery),
    responses((status = 200, description = "A page of statements", body = Page<Statement>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<StatementsQuery>,
) -> Answer<Json<Page<Statement>>> {
    call(service, move |service| service.statements(&caller, &query)).await.map(Json)
}

/// Issue a statement
///
/// For a period that is over. It gets the next number of its issuer and never changes. Asked for again, it is the same one. The
/// schedule issues those of accounts that have no credit.
#[utoipa::path(post, path = "/v1/statements", tag = "invoices", operation_id = "create_statement", request_body = NewStatement,
    responses((status = 201, description = "A new statement", body = Statement),
        (status = 200, description = "The statement that there was", body = Statement), Problems))]
async fn issue(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<NewStatement>,
) -> Answer<Response> {
    let (statement, is_new) = call(service, move |service| service.issue_statement(&caller, &new)).await?;
    if !is_new {
        return Ok(Json(statement).into_response());
    }
    let location = format!("/v1/statements/{}", statement.statement_number.as_deref().unwrap_or_default());
    Ok(Created { location, body: Json(statement) }.into_response())
}

/// Read a statement
#[utoipa::path(get, path = "/v1/statements/{number}", tag = "invoices", operation_id = "get_statement",
    params(("number" = String, Path, description = "The statement's number")),
    responses((status = 200, description = "The statement", body = Statement), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(number): Path<String>,
) -> Answer<Json<Statement>> {
    call(service, move |service| service.statement(&caller, &number)).await.map(Json)
}

/// Compute a statement
///
/// For any account and period, as the books are now. It has no number, and nothing is written.
#[utoipa::path(get, path = "/v1/accounts/{id}/statement", tag = "invoices", operation_id = "compute_statement",
    params(("id" = String, Path, description = "The account's id"), StatementRange),
    responses((status = 200, description = "The statement", body = Statement), Problems))]
async fn computed(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(range): Query<StatementRange>,
) -> Answer<Json<Statement>> {
    call(service, move |service| service.computed_statement(&caller, &id, &range)).await.map(Json)
}
