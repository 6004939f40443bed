//! Binds: the gateways that are connected now, and their end.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Gone};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Path, Query};
use crate::list_query;
use crate::openapi::Problems;
use crate::page::Page;
use crate::time::Time;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/binds", Who::Roles(CUSTOMER, Scope::AccountsRead)),
    rule("DELETE", "/v1/binds/{id}", Who::Roles(CUSTOMER, Scope::AccountsWrite)),
];

/// Knows who is bound.
pub trait BindsService: Send + Sync + 'static {
    /// The open binds of accounts that the caller may see, the earliest first.
    fn binds(&self, caller: &Caller, query: &BindsQuery) -> Answer<Page<Bind>>;

    /// Has an open bind end: its gateway is answered what it is owed, and unbound.
    fn disconnect(&self, caller: &Caller, id: &str) -> Answer<()>;
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
    /// The `system_type` that it has bound with, which is only shown; empty as a rule.
    pub system_type: String,
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
    /// Requests that are unanswered now.
    pub in_flight: u32,
    /// Messages that it has submitted, accepted or not.
    pub messages: u64,
    /// Messages that it submitted in the last whole second.
    pub per_second: u32,
    /// The time of its last message; null before the first.
    pub last_message_at: Option<Time>,
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
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(disconnect))
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

/// Disconnect a bind
///
/// The gateway gets the answers that it is owed and an unbind. It may bind again at once; to keep it out, suspend its account
/// or change its password.
#[utoipa::path(delete, path = "/v1/binds/{id}", tag = "binds", operation_id = "disconnect_bind",
    params(("id" = String, Path, description = "The number of the bind")),
    responses((status = 204, description = "The bind is about to end"), Problems))]
async fn disconnect(State(service): State<Service>, caller: Caller, Path(id): Path<String>) -> Answer<Gone> {
    call(service, move |service| service.disconnect(&caller, &id)).await?;
    Ok(Gone)
}
