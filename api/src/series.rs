//! Time series: what traffic came to by minute, hour or day, and by country, network, operator, plan or account, from counters that
//! are kept as messages are charged.

mod dto;
mod measures;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, Rule, Who, rule};
use crate::answer::Answer;
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::Query;
use crate::openapi::Problems;

pub use dto::{
    LatencyFigures, MoneyFigures, Series, SeriesBy, SeriesFigures, SeriesGroup, SeriesPoint, SeriesQuery,
    SeriesStep,
};
pub use measures::{Measure, Measures};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[rule("GET", "/v1/series", Who::Roles(CUSTOMER, Scope::BillingRead))];

/// Reads time series.
pub trait SeriesService: Send + Sync + 'static {
    /// The series that a query asks for, of what the caller may see.
    fn series(&self, caller: &Caller, query: &SeriesQuery) -> Answer<Series>;
}

type Service = Arc<dyn SeriesService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn SeriesService>> {
    OpenApiRouter::new().routes(routes!(series))
}

/// Read time series
///
/// What traffic came to, by minute (kept for 48 hours), hour (90 days) or day (always), as a whole or by country, network,
/// operator, plan, account or reason of refusal. Every step of the span has a point, also where nothing was sent, and every group
/// has its totals. A message counts at the time of its submit, and what becomes of it later changes the same point; refusals
/// count when they are made. Figures are no older than `as_of`. The groups with the most of the first measure come by name, and
/// the rest is one group with `is_other`, so that groups always add up to the totals. Admins see all traffic, resellers that of
/// their accounts, customers their own. An answer has at most 6,000 points.
#[utoipa::path(get, path = "/v1/series", tag = "usage", operation_id = "get_series", params(SeriesQuery),
    responses((status = 200, description = "The series", body = Series), Problems))]
async fn series(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<SeriesQuery>,
) -> Answer<Json<Series>> {
    call(service, move |service| service.series(&caller, &query)).await.map(Json)
}
