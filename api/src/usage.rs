//! Usage: what accounts sent in a period, what became of it and what it cost, from counters that are kept as
//! messages are charged.

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
use crate::export::{Export, OrFile, TableFormat};
use crate::extract::{Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{
    AccountUsage, CountryUsage, DailyUsage, NetworkUsage, OperatorUsage, Usage, UsageCounts, UsageListQuery,
    UsagePeriod, UsageQuery, UsageTable, Whose,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/accounts/{id}/usage", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/usage", Who::Roles(RESELLER, Scope::BillingRead)),
];

/// Reads the usage of accounts.
pub trait UsageService: Send + Sync + 'static {
    /// The usage of an account in a period.
    fn usage(&self, caller: &Caller, account: &str, query: &UsageQuery) -> Answer<Usage>;

    /// One of its tables as a file.
    fn export_usage(
        &self,
        caller: &Caller,
        account: &str,
        query: &UsageQuery,
        format: TableFormat,
    ) -> Answer<Export>;

    /// The totals of every account that the caller may see, in the order of their ids.
    fn usage_of_all(&self, caller: &Caller, query: &UsageListQuery) -> Answer<Page<AccountUsage>>;

    /// Begins to write the totals of all of them.
    fn export_usage_of_all(
        &self,
        caller: &Caller,
        query: &UsageListQuery,
        format: TableFormat,
    ) -> Answer<Export>;
}

type Service = Arc<dyn UsageService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn UsageService>> {
    OpenApiRouter::new().routes(routes!(of_account)).routes(routes!(of_all))
}

/// Read an account's usage
///
/// What it sent in a period, by country, network and operator. A message counts in the quarter of an hour in
/// which it was submitted, and what becomes of it later changes the same figures. Days, weeks and months are
/// those of the time zone of the account's plan; weeks begin on Monday. The bounds of a range are moved
/// outwards to the quarters of an hour that they fall in, and the answer says which period it counts. With
/// `format` it is a file with one of its tables, each row with account, currency and period. A reseller has its
/// own messages with `whose=own`, those of accounts below that it paid for with `whose=below`, and both with `whose=all`.
#[utoipa::path(get, path = "/v1/accounts/{id}/usage", tag = "usage", operation_id = "get_usage",
    params(("id" = String, Path, description = "The account's id"), UsageQuery),
    responses((status = 200, description = "The usage, or a file with one of its tables", content(
        (Usage = "application/json"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), Problems))]
async fn of_account(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<UsageQuery>,
) -> Answer<OrFile<Json<Usage>>> {
    call(service, move |service| match query.file()? {
        None => service.usage(&caller, &id, &query).map(Json).map(OrFile::Json),
        Some(format) => service.export_usage(&caller, &id, &query, format).map(OrFile::File),
    })
    .await
}

/// List the usage of accounts
///
/// The totals of every account that the caller may see, in the order of their ids, each in its own currency
/// and in the time zone of its own plan. With `format` it is a file with all of them.
#[utoipa::path(get, path = "/v1/usage", tag = "usage", operation_id = "list_usage", params(UsageListQuery),
    responses((status = 200, description = "A page of accounts with their usage, or a file with all", content(
        (Page<AccountUsage> = "application/json"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), Problems))]
async fn of_all(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<UsageListQuery>,
) -> Answer<OrFile<Json<Page<AccountUsage>>>> {
    call(service, move |service| match query.file()? {
        None => service.usage_of_all(&caller, &query).map(Json).map(OrFile::Json),
        Some(format) => service.export_usage_of_all(&caller, &query, format).map(OrFile::File),
    })
    .await
}
