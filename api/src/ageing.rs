//! Ageing: what accounts owe on invoices that were sent, by how long it should have been paid.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, Rule, Who, rule};
use crate::answer::Answer;
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::export::{Export, OrFile, TableFormat};
use crate::extract::Query;
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{AccountAgeing, AgeingQuery};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[rule("GET", "/v1/ageing", Who::Roles(CUSTOMER, Scope::BillingRead))];

/// Adds up what is owed.
pub trait AgeingService: Send + Sync + 'static {
    /// The accounts that the caller may see and that owe anything, in the order of their ids.
    fn ageing(&self, caller: &Caller, query: &AgeingQuery) -> Answer<Page<AccountAgeing>>;

    /// All of them as a file.
    fn export_ageing(&self, caller: &Caller, query: &AgeingQuery, format: TableFormat) -> Answer<Export>;
}

type Service = Arc<dyn AgeingService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn AgeingService>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// List what accounts owe by age
///
/// The open amounts of invoices that were sent, by account and by the days since they were due. Accounts that owe nothing are not
/// there. With `format` it is a file.
#[utoipa::path(get, path = "/v1/ageing", tag = "invoices", operation_id = "list_ageing", params(AgeingQuery),
    responses((status = 200, description = "A page of accounts, or a file with all", content(
        (Page<AccountAgeing> = "application/json"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<AgeingQuery>,
) -> Answer<OrFile<Json<Page<AccountAgeing>>>> {
    call(service, move |service| match query.file()? {
        None => service.ageing(&caller, &query).map(Json).map(OrFile::Json),
        Some(format) => service.export_ageing(&caller, &query, format).map(OrFile::File),
    })
    .await
}
