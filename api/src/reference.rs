//! Networks and countries of the numbering plan, routing, and the settings of the process, as they are in force.
//!
//! All of it is set in files; here it is read.

mod dto;
mod networks;
mod routing;
mod settings;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use tollgate_provisioning::{Loaded, Settings};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::Answer;
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::Query;
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{CountriesQuery, Country, MobileNetwork, NetworksQuery, Setting, SettingsQuery, TakesEffect};
pub use routing::{OperatorPlace, OperatorShare, RouteRule, Routing};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/networks", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("GET", "/v1/countries", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("GET", "/v1/routing", Who::Roles(ADMIN, Scope::OperatorsRead)),
    rule("GET", "/v1/settings", Who::RolesOnly(ADMIN)),
];

/// Knows what is in force.
pub trait ReferenceService: Send + Sync + 'static {
    /// The files as they were loaded last.
    fn loaded(&self) -> Arc<Loaded>;

    /// The place of every operator in force among the others, wherever it was made.
    fn operators(&self) -> Vec<OperatorPlace>;

    /// True if messages of accounts that set no delivery go to operators.
    fn delivers_by_default(&self) -> bool;

    /// The settings that the process was started with.
    fn started_with(&self) -> Settings;
}

type Service = Arc<dyn ReferenceService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn ReferenceService>> {
    OpenApiRouter::new()
        .routes(routes!(list_networks))
        .routes(routes!(list_countries))
        .routes(routes!(get_routing))
        .routes(routes!(list_settings))
}

/// List networks
///
/// The mobile networks of the numbering plan, by code, with the number of prefixes that lead to each.
#[utoipa::path(get, path = "/v1/networks", tag = "networks", operation_id = "list_networks", params(NetworksQuery),
    responses((status = 200, description = "A page of networks", body = Page<MobileNetwork>), Problems))]
async fn list_networks(
    State(service): State<Service>,
    _caller: Caller,
    Query(query): Query<NetworksQuery>,
) -> Answer<Json<Page<MobileNetwork>>> {
    call(service, move |service| networks::networks(&service.loaded().provisioning, &query)).await.map(Json)
}

/// List countries
///
/// The countries of the numbering plan, by name.
#[utoipa::path(get, path = "/v1/countries", tag = "networks", operation_id = "list_countries", params(CountriesQuery),
    responses((status = 200, description = "A page of countries", body = Page<Country>), Problems))]
async fn list_countries(
    State(service): State<Service>,
    _caller: Caller,
    Query(query): Query<CountriesQuery>,
) -> Answer<Json<Page<Country>>> {
    call(service, move |service| networks::countries(&service.loaded().provisioning, &query)).await.map(Json)
}

/// Read the routing in force
///
/// The strategy, the margin guard, the rules for networks, and the operators with their priorities and shares. It is set in
/// `[routing]` of the settings; operators are changed by `/v1/operators`. The operators that would get one message, in order,
/// and the reasons why the others would not, are asked for by `POST /v1/quotes` with `route`.
#[utoipa::path(get, path = "/v1/routing", tag = "operators", operation_id = "get_routing",
    responses((status = 200, description = "The routing", body = Routing), Problems))]
async fn get_routing(State(service): State<Service>, _caller: Caller) -> Answer<Json<Routing>> {
    let view = |service: &dyn ReferenceService| {
        let loaded = service.loaded();
        routing::routing(&loaded.provisioning.routing, service.operators(), service.delivers_by_default())
    };
    call(service, move |service| Ok(view(service))).await.map(Json)
}

/// List the settings in force
///
/// Every key of `tollgate.toml` but those of `[routing]`, by name, without secrets. `config/README.md` has the meaning of each.
#[utoipa::path(get, path = "/v1/settings", tag = "settings", operation_id = "list_settings", params(SettingsQuery),
    responses((status = 200, description = "A page of settings", body = Page<Setting>), Problems))]
async fn list_settings(
    State(service): State<Service>,
    _caller: Caller,
    Query(query): Query<SettingsQuery>,
) -> Answer<Json<Page<Setting>>> {
    call(service, move |service| {
        settings::settings(&service.started_with(), &service.loaded().settings, &query)
    })
    .await
    .map(Json)
}
