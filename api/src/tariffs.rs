//! Tariff versions: loading the files again, every version that was ever in force, and the way back to one.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, Rule, Who, rule};
use crate::answer::{Answer, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{IfMatch, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{
    ChangeResult, ReloadQuery, RollbackQuery, TariffChange, TariffFile, TariffRollback, TariffSort,
    TariffVersion, TariffsQuery,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("POST", "/v1/reload", Who::Roles(ADMIN, Scope::TariffWrite)),
    rule("GET", "/v1/tariffs", Who::Roles(ADMIN, Scope::TariffRead)),
    rule("GET", "/v1/tariffs/{version}", Who::Roles(ADMIN, Scope::TariffRead)),
    rule("POST", "/v1/tariffs/{version}/rollback", Who::Roles(ADMIN, Scope::TariffWrite)),
];

/// Reads tariff versions, reloads the files and rolls back.
pub trait TariffsService: Send + Sync + 'static {
    /// Reads every file of the configuration again and puts it in force, whole or not at all.
    fn reload(
        &self,
        caller: &Caller,
        if_match: IfMatch,
        query: ReloadQuery,
    ) -> Answer<Versioned<TariffChange>>;

    /// Every version, the one that came last first.
    fn tariffs(&self, query: &TariffsQuery) -> Answer<Page<TariffVersion>>;

    /// One of them, by its content hash.
    fn tariff(&self, version: &str) -> Answer<TariffVersion>;

    /// Writes plans and rates as they were in a version, and puts that in force.
    fn roll_back(
        &self,
        caller: &Caller,
        version: &str,
        if_match: IfMatch,
        query: RollbackQuery,
    ) -> Answer<Versioned<TariffRollback>>;
}

type Service = Arc<dyn TariffsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn TariffsService>> {
    OpenApiRouter::new()
        .routes(routes!(reload))
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(roll_back))
}

/// Reload all files
///
/// Everything is read afresh, validated whole, and put in force whole or not at all. What is wrong is named
/// by file, line and key. With `dry_run` it is only said what would be different; the ETag is that of the tariff in force.
#[utoipa::path(post, path = "/v1/reload", tag = "tariffs", operation_id = "reload",
    params(ReloadQuery, ("If-Match" = Option<String>, Header, description = "The ETag of the tariff that is left by it")),
    responses((status = 200, description = "What is different", body = TariffChange), Problems))]
async fn reload(
    State(service): State<Service>,
    caller: Caller,
    if_match: IfMatch,
    Query(query): Query<ReloadQuery>,
) -> Answer<Versioned<TariffChange>> {
    call(service, move |service| service.reload(&caller, if_match, query)).await
}

/// List tariff versions
///
/// Every version that was ever in force.
#[utoipa::path(get, path = "/v1/tariffs", tag = "tariffs", operation_id = "list_tariffs", params(TariffsQuery),
    responses((status = 200, description = "A page of versions", body = Page<TariffVersion>), Problems))]
async fn list(
    State(service): State<Service>,
    _caller: Caller,
    Query(query): Query<TariffsQuery>,
) -> Answer<Json<Page<TariffVersion>>> {
    call(service, move |service| service.tariffs(&query)).await.map(Json)
}

/// Read a tariff version
#[utoipa::path(get, path = "/v1/tariffs/{version}", tag = "tariffs", operation_id = "get_tariff",
    params(("version" = String, Path, description = "The version's content hash")),
    responses((status = 200, description = "The version", body = TariffVersion), Problems))]
async fn get(
    State(service): State<Service>,
    _caller: Caller,
    Path(version): Path<String>,
) -> Answer<Json<TariffVersion>> {
    call(service, move |service| service.tariff(&version)).await.map(Json)
}

/// Roll back to a tariff version
///
/// Plans and rates are written as they were in it and put in force. What accounts and operators have of their
/// own, networks and numbering stay, and are named where they differ. The ETag is that of the tariff in force: what `dry_run`
/// says holds for it.
#[utoipa::path(post, path = "/v1/tariffs/{version}/rollback", tag = "tariffs", operation_id = "roll_back_tariff",
    params(("version" = String, Path, description = "The version's content hash"), RollbackQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag of the tariff that is left by it")),
    responses((status = 200, description = "What is different", body = TariffRollback), Problems))]
async fn roll_back(
    State(service): State<Service>,
    caller: Caller,
    Path(version): Path<String>,
    if_match: IfMatch,
    Query(query): Query<RollbackQuery>,
) -> Answer<Versioned<TariffRollback>> {
    call(service, move |service| service.roll_back(&caller, &version, if_match, query)).await
}
