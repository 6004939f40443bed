//! Exchange rates of currencies, by pair and date. They stand in the file that the settings name, which is written whole or
//! not at all.

mod dto;

use std::sync::Arc;

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, Rule, Who, rule};
use crate::answer::{Answer, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IfMatch, Query};
use crate::openapi::Problems;
use crate::page::Page;
use crate::tariffs::TariffChange;

pub use dto::{ExchangeRate, ExchangeRatePlaceQuery, ExchangeRateRow, ExchangeRateRows, ExchangeRatesQuery};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/exchange-rates", Who::Roles(ADMIN, Scope::TariffRead)),
    rule("PUT", "/v1/exchange-rates", Who::Roles(ADMIN, Scope::TariffWrite)),
    rule("DELETE", "/v1/exchange-rates", Who::Roles(ADMIN, Scope::TariffWrite)),
];

/// Reads and changes exchange rates.
pub trait ExchangeRatesService: Send + Sync + 'static {
    /// The rates in force, and those that will be. The version is that of the tariff.
    fn exchange_rates(&self, query: &ExchangeRatesQuery) -> Answer<Versioned<Page<ExchangeRate>>>;

    /// Adds rates, and replaces those of the same pair and time.
    fn put_exchange_rates(
        &self,
        caller: &Caller,
        if_match: IfMatch,
        rows: ExchangeRateRows,
    ) -> Answer<Versioned<TariffChange>>;

    /// Takes a rate out of the file.
    fn remove_exchange_rate(
        &self,
        caller: &Caller,
        if_match: IfMatch,
        place: ExchangeRatePlaceQuery,
    ) -> Answer<Versioned<TariffChange>>;
}

type Service = Arc<dyn ExchangeRatesService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn ExchangeRatesService>> {
    OpenApiRouter::new().routes(routes!(list, put, remove))
}

/// List exchange rates
///
/// By pair, the latest first. Where a pair is listed one way only, its inverse holds the other way. The ETag is that of the
/// tariff as a whole.
#[utoipa::path(get, path = "/v1/exchange-rates", tag = "exchange rates", operation_id = "list_exchange_rates",
    params(ExchangeRatesQuery),
    responses((status = 200, description = "A page of rates", body = Page<ExchangeRate>), Problems))]
async fn list(
    State(service): State<Service>,
    _caller: Caller,
    Query(query): Query<ExchangeRatesQuery>,
) -> Answer<Versioned<Page<ExchangeRate>>> {
    call(service, move |service| service.exchange_rates(&query)).await
}

/// Add or change exchange rates
///
/// A row takes the place of the one of the same pair that begins at the same time; others are added at the end of the file.
/// They are in force from the answer on, all or none, and make a tariff version. Refused with `wrong_state` where the settings
/// name no file of exchange rates.
#[utoipa::path(put, path = "/v1/exchange-rates", tag = "exchange rates", operation_id = "put_exchange_rates",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the tariff that the change is meant for")),
    request_body = ExchangeRateRows,
    responses((status = 200, description = "What is different", body = TariffChange), Problems))]
async fn put(
    State(service): State<Service>,
    caller: Caller,
    if_match: IfMatch,
    Body(rows): Body<ExchangeRateRows>,
) -> Answer<Versioned<TariffChange>> {
    call(service, move |service| service.put_exchange_rates(&caller, if_match, rows)).await
}

/// Delete an exchange rate
///
/// The one before it then holds on. Refused where accounts or operators need a rate of the pair and have no other.
#[utoipa::path(delete, path = "/v1/exchange-rates", tag = "exchange rates", operation_id = "remove_exchange_rate",
    params(ExchangeRatePlaceQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag of the tariff that the change is meant for")),
    responses((status = 200, description = "What is different", body = TariffChange), Problems))]
async fn remove(
    State(service): State<Service>,
    caller: Caller,
    if_match: IfMatch,
    Query(place): Query<ExchangeRatePlaceQuery>,
) -> Answer<Versioned<TariffChange>> {
    call(service, move |service| service.remove_exchange_rate(&caller, if_match, place)).await
}
