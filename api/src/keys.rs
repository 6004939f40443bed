//! API keys: with which programs come in, for what, and how far that reaches.

use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Rule, Who, rule};
use crate::answer::{Answer, Created, Gone};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, Path, Query};
use crate::list_query;
use crate::openapi::Problems;
use crate::page::Page;
use crate::time::Time;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/api-keys", Who::Users),
    rule("POST", "/v1/api-keys", Who::Users),
    rule("GET", "/v1/api-keys/{id}", Who::Users),
    rule("DELETE", "/v1/api-keys/{id}", Who::Users),
];

/// Reads, makes and revokes API keys.
pub trait KeysService: Send + Sync + 'static {
    /// Those that the caller has made, and those of accounts that it may see.
    fn api_keys(&self, caller: &Caller, query: &ApiKeysQuery) -> Answer<Page<ApiKey>>;

    /// One of them.
    fn api_key(&self, caller: &Caller, id: &str) -> Answer<ApiKey>;

    /// Makes one that sees no more than the caller does.
    fn create_api_key(&self, caller: &Caller, new: NewApiKey) -> Answer<CreatedApiKey>;

    /// Revokes one; it no longer holds from this instant on.
    fn revoke_api_key(&self, caller: &Caller, id: &str) -> Answer<()>;
}

type Service = Arc<dyn KeysService>;

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApiKey {
    /// The id of it.
    #[schema(example = "key_4k7xw2m9q3z8r6t5v2n7")]
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// The scopes of the key.
    pub scopes: Vec<Scope>,
    /// The account that it is bound to; null for all accounts.
    pub account: Option<String>,
    /// True if it also sees the accounts below.
    pub include_subtree: bool,
    /// First instant at which it no longer holds; null for an open end.
    pub expires_at: Option<Time>,
    /// Addresses and blocks that it may be used from; empty for any.
    pub allowed_ips: Vec<String>,
    /// Id of the user who made it. It holds no longer than that user is there, and may do no more than that
    /// user.
    pub created_by: String,
    /// The time at which it was made.
    pub created_at: Time,
    /// The time at which it was used last, to the minute where the daemon was killed since.
    pub last_used_at: Option<Time>,
}

/// An API key to make.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 200, example = "billing export")]
    pub name: String,
    /// The scopes of the key, none beyond the caller's own rights. A key of one account may do what a
    /// customer may, one with the subtree what a reseller may.
    #[schema(min_items = 1, max_items = 20)]
    pub scopes: Vec<Scope>,
    /// The account that it is bound to; null for all accounts, which only an admin's key may have.
    #[serde(default)]
    #[schema(example = "biz_test_001")]
    pub account: Option<String>,
    /// True if it also sees the accounts below.
    #[serde(default)]
    pub include_subtree: bool,
    /// First instant at which it no longer holds; null for an open end.
    #[serde(default)]
    pub expires_at: Option<Time>,
    /// Addresses and blocks that it may be used from; empty for any.
    #[serde(default)]
    #[schema(max_items = 100, example = json!(["192.0.2.0/24"]))]
    pub allowed_ips: Vec<String>,
}

/// An API key that was just made.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CreatedApiKey {
    /// The key, without its secret.
    pub api_key: ApiKey,
    /// The key to send as `Authorization: Bearer`. Only its hash is kept, and it is not shown again: null in the answer to
    /// a repeated request.
    #[schema(example = "tg_4k7xw2m9q3z8r6t5v2n7_…")]
    pub key: Option<String>,
    /// Says in the answer to a repeated request how to get another key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedApiKey").field("api_key", &self.api_key).finish_non_exhaustive()
    }
}

list_query! {
    /// The filters of a list of API keys.
    pub struct ApiKeysQuery {
        /// Only those that reach this account and are bound to it.
        pub account: Option<String>,
        /// Only those that this user has made.
        pub created_by: Option<String>,
    }
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn KeysService>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, revoke))
}

/// List API keys
///
/// Those that the caller has made, and those of accounts that the caller may see, in the order of their ids.
#[utoipa::path(get, path = "/v1/api-keys", tag = "api keys", operation_id = "list_api_keys", params(ApiKeysQuery),
    responses((status = 200, description = "A page of API keys", body = Page<ApiKey>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<ApiKeysQuery>,
) -> Answer<Json<Page<ApiKey>>> {
    call(service, move |service| service.api_keys(&caller, &query)).await.map(Json)
}

/// Create an API key
///
/// The key itself is in the answer and nowhere else. It may never do more than the user who made it.
#[utoipa::path(post, path = "/v1/api-keys", tag = "api keys", operation_id = "create_api_key", request_body = NewApiKey,
    responses((status = 201, description = "The key", body = CreatedApiKey), Problems))]
async fn create(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<NewApiKey>,
) -> Answer<Created<Json<CreatedApiKey>>> {
    let body = call(service, move |service| service.create_api_key(&caller, new)).await?;
    Ok(Created { location: format!("/v1/api-keys/{}", body.api_key.id), body: Json(body) })
}

/// Read an API key
#[utoipa::path(get, path = "/v1/api-keys/{id}", tag = "api keys", operation_id = "get_api_key",
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 200, description = "The API key, without its secret", body = ApiKey), Problems))]
async fn get(State(service): State<Service>, caller: Caller, Path(id): Path<String>) -> Answer<Json<ApiKey>> {
    call(service, move |service| service.api_key(&caller, &id)).await.map(Json)
}

/// Revoke an API key
#[utoipa::path(delete, path = "/v1/api-keys/{id}", tag = "api keys", operation_id = "revoke_api_key",
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 204, description = "The key no longer holds"), Problems))]
async fn revoke(State(service): State<Service>, caller: Caller, Path(id): Path<String>) -> Answer<Gone> {
    call(service, move |service| service.revoke_api_key(&caller, &id)).await?;
    Ok(Gone)
}
