//! The clock of the daemon: whether it is believed, and the order to believe it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, Rule, Who, rule};
use crate::answer::Answer;
use crate::call::call;
use crate::caller::Caller;
use crate::openapi::Problems;
use crate::time::Time;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/clock", Who::RolesOnly(ADMIN)),
    rule("POST", "/v1/clock/trust", Who::RolesOnly(ADMIN)),
];

/// Says whether the clock is believed, and believes it on request.
pub trait ClockService: Send + Sync + 'static {
    /// The clock as it is.
    fn clock(&self) -> Answer<Clock>;

    /// Believes the wall clock as it is.
    fn trust(&self, caller: &Caller) -> Answer<Clock>;
}

type Service = Arc<dyn ClockService>;

/// The clock of the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Clock {
    /// True while the wall clock is believed.
    pub trusted: bool,
    /// The reason for which it is not; null while it is.
    #[schema(example = "the clock has jumped")]
    pub doubt: Option<String>,
    /// The time that the daemon goes by. After a jump it goes on as if there had been none.
    pub now: Time,
    /// The wall clock of the machine.
    pub wall: Time,
    /// The time that deadlines are compared with. It stands still while the clock is in doubt.
    pub deadlines_at: Time,
    /// Time after which the clock is believed if it goes on as it does; null while it is.
    pub trusted_in_seconds: Option<u64>,
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn ClockService>> {
    OpenApiRouter::new().routes(routes!(get)).routes(routes!(trust))
}

/// Read the clock
///
/// Whether the wall clock of the machine is believed. One that jumped, or that a start found before the last
/// commit or long after it, is not until it has stood: nothing expires meanwhile, no idempotency key is
/// forgotten, and no scheduled message is sent.
#[utoipa::path(get, path = "/v1/clock", tag = "clock", operation_id = "get_clock",
    responses((status = 200, description = "The clock", body = Clock), Problems))]
async fn get(State(service): State<Service>, _caller: Caller) -> Answer<Json<Clock>> {
    call(service, ClockService::clock).await.map(Json)
}

/// Believe the clock
///
/// Says that the wall clock of the machine is right as it is now, so that deadlines go by it at once.
#[utoipa::path(post, path = "/v1/clock/trust", tag = "clock", operation_id = "trust_clock",
    responses((status = 200, description = "The clock, which is believed", body = Clock), Problems))]
async fn trust(State(service): State<Service>, caller: Caller) -> Answer<Json<Clock>> {
    call(service, move |service| service.trust(&caller)).await.map(Json)
}
