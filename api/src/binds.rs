//! Binds: the gateways that are connected now.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, Rule, Who, rule};
use crate::answer::Answer;
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::Query;
use crate::list_query;
use crate::openapi::Problems;
use crate::page::Page;
use crate::time::Time;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[rule("GET", "/v1/binds", Who::Roles(CUSTOMER, Scope::AccountsRead))];

/// Knows who is bound.
pub trait BindsService: Send + Sync + 'static {
    /// The open binds of accounts that the caller may see, the earliest first.
    fn binds(&self, caller: &Caller, query: &BindsQuery) -> Answer<Page<Bind>>;
}

type Service = Arc<dyn BindsService>;

/// An open bind of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Bind {
    /// The number of the bind, counted from the start of the daemon.
    #[schema(example = "17")]
    pub id: String,
    /// The account that is bound.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// The name that it has bound with.
    pub system_id: String,
    /// The kind of the bind.
    pub mode: BindMode,
    /// The version of SMPP that it was bound with.
    #[schema(example = "3.4")]
    pub version: String,
    /// The address that it comes from.
    #[schema(example = "192.0.2.7")]
    pub address: String,
    /// Requests that it may have unanswered.
    pub window: u32,
    /// The time at which it was bound.
    pub bound_at: Time,
}

/// The kind of a bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BindMode {
    /// It submits messages.
    Transmitter,
    /// It gets receipts.
    Receiver,
    /// It does both.
    Transceiver,
}

list_query! {
    /// The filters of a list of binds.
    pub struct BindsQuery {
        /// Only those of this account.
        pub account: Option<String>,
    }
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn BindsService>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// List binds
///
/// The gateways that are bound over SMPP now, the earliest first. A gateway that has gone without a word is among
/// them until the daemon notices.
#[utoipa::path(get, path = "/v1/binds", tag = "binds", operation_id = "list_binds", params(BindsQuery),
    responses((status = 200, description = "A page of binds", body = Page<Bind>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<BindsQuery>,
) -> Answer<Json<Page<Bind>>> {
    call(service, move |service| service.binds(&caller, &query)).await.map(Json)
}
