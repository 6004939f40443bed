//! The audit log: who changed what, when, and what it said before and after. It can only be read.

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
use crate::extract::{Path, Query};
use crate::list_query;
use crate::openapi::Problems;
use crate::page::Page;
use crate::time::Time;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/audit", Who::RolesOnly(ADMIN)),
    rule("GET", "/v1/audit/{sequence}", Who::RolesOnly(ADMIN)),
];

/// Reads the audit log.
pub trait AuditService: Send + Sync + 'static {
    /// Its entries, the newest first.
    fn audit(&self, query: &AuditQuery) -> Answer<Page<AuditEntry>>;

    /// One of them.
    fn audit_entry(&self, sequence: u64) -> Answer<AuditEntry>;
}

type Service = Arc<dyn AuditService>;

/// One change that somebody made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its number, counted from 1 without gaps.
    pub sequence: u64,
    /// The time of the change.
    pub at: Time,
    /// The actor: `user:` and the e-mail address, `key:` and the key's id, `cli:` and the number of the user of the
    /// daemon's machine who ran a command there, or `system`.
    #[schema(example = "user:ann@example.com")]
    pub actor: String,
    /// The name of the action.
    #[schema(example = "account.update")]
    pub action: String,
    /// The resource that was changed.
    #[schema(example = "account/biz_test_001")]
    pub resource: String,
    /// The resource before the change; null if it did not exist.
    pub before: Option<serde_json::Value>,
    /// The resource after the change; null if it was deleted.
    pub after: Option<serde_json::Value>,
    /// The request that asked for it; empty where there was none.
    pub request_id: String,
    /// Hash of the entry before, in hexadecimal; zeros in the first.
    pub previous: String,
    /// Hash of this entry, in hexadecimal: SHA-256 over its number, `previous` and all that it says.
    pub hash: String,
}

list_query! {
    /// The filters of a list of entries.
    pub struct AuditQuery {
        /// Only what this one did, such as `user:ann@example.com`, or one of this kind: `user`, `key`, `cli` or `system`.
        pub actor: Option<String>,
        /// Only this, such as `account.update`.
        pub action: Option<String>,
        /// Only what was done to something whose name begins so, such as `account/biz_test_001`.
        pub resource: Option<String>,
        /// Only at or after this.
        #[param(value_type = Option<Time>)]
        pub from: Option<Time>,
        /// Only before this.
        #[param(value_type = Option<Time>)]
        pub to: Option<Time>,
    }
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn AuditService>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// List the audit log
///
/// The newest entry first. Filters are looked for a bounded number of entries at a time, so that a page may
/// have fewer entries than its limit, or none, and still name a next one.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", operation_id = "list_audit", params(AuditQuery),
    responses((status = 200, description = "A page of entries", body = Page<AuditEntry>), Problems))]
async fn list(
    State(service): State<Service>,
    _caller: Caller,
    Query(query): Query<AuditQuery>,
) -> Answer<Json<Page<AuditEntry>>> {
    call(service, move |service| service.audit(&query)).await.map(Json)
}

/// Read an entry of the audit log
#[utoipa::path(get, path = "/v1/audit/{sequence}", tag = "audit", operation_id = "get_audit_entry",
    params(("sequence" = u64, Path, description = "The entry's number")),
    responses((status = 200, description = "The entry", body = AuditEntry), Problems))]
async fn get(
    State(service): State<Service>,
    _caller: Caller,
    Path(sequence): Path<u64>,
) -> Answer<Json<AuditEntry>> {
    call(service, move |service| service.audit_entry(sequence)).await.map(Json)
}
