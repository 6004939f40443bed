//! Caps: the limits of an account's money and messages by span, and what is counted in them now.

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
use crate::extract::Path;
use crate::openapi::Problems;

pub use dto::{AccountCaps, CapState, TrafficPart};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[rule("GET", "/v1/accounts/{id}/caps", Who::Roles(CUSTOMER, Scope::BillingRead))];

/// Reads the caps of accounts.
pub trait CapsService: Send + Sync + 'static {
    /// The caps of an account, with what is counted in the present span of each.
    fn caps(&self, caller: &Caller, account: &str) -> Answer<AccountCaps>;
}

type Service = Arc<dyn CapsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn CapsService>> {
    OpenApiRouter::new().routes(routes!(of_account))
}

/// Read an account's caps
///
/// Each limit with the money and the messages that are counted in its present span. Spans are minutes, hours, days and months
/// of the calendar in the time zone of the account's plan. A hard cap refuses what is beyond it with `spending_cap`; a soft
/// one raises an alert.
#[utoipa::path(get, path = "/v1/accounts/{id}/caps", tag = "caps", operation_id = "list_caps",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The caps", body = AccountCaps), Problems))]
async fn of_account(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<AccountCaps>> {
    call(service, move |service| service.caps(&caller, &id)).await.map(Json)
}
