//! Users: who may log in, as what, and for which account.

use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{RESELLER, Rule, Who, rule};
use crate::answer::{Answer, Created, Gone, Versioned};
use crate::call::call;
use crate::caller::{Caller, Role};
use crate::extract::{Body, IfMatch, Path, Query};
use crate::list_query;
use crate::openapi::Problems;
use crate::page::Page;
use crate::patch::patched;
use crate::time::Time;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/users", Who::RolesOnly(RESELLER)),
    rule("POST", "/v1/users", Who::RolesOnly(RESELLER)),
    rule("GET", "/v1/users/{id}", Who::RolesOnly(RESELLER)),
    rule("PATCH", "/v1/users/{id}", Who::RolesOnly(RESELLER)),
    rule("DELETE", "/v1/users/{id}", Who::RolesOnly(RESELLER)),
    rule("POST", "/v1/users/{id}/unlock", Who::RolesOnly(RESELLER)),
];

/// Reads and changes users.
pub trait UsersService: Send + Sync + 'static {
    /// Those whose account the caller may see.
    fn users(&self, caller: &Caller, query: &UsersQuery) -> Answer<Page<User>>;

    /// One of them.
    fn user(&self, caller: &Caller, id: &str) -> Answer<Versioned<User>>;

    /// Makes one; a reseller makes customers of its subtree.
    fn create_user(&self, caller: &Caller, new: NewUser) -> Answer<Versioned<User>>;

    /// Changes one. Sessions of one that is disabled end.
    fn change_user(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        patch: UserPatch,
    ) -> Answer<Versioned<User>>;

    /// Removes one, with sessions and API keys.
    fn delete_user(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<()>;

    /// Lifts the lock after too many failed logins.
    fn unlock_user(&self, caller: &Caller, id: &str) -> Answer<Versioned<User>>;
}

type Service = Arc<dyn UsersService>;

/// The role of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// Operations and billing staff: everything.
    Admin,
    /// For an account with accounts below it: its own subtree.
    Reseller,
    /// For one account.
    Customer,
}

impl From<UserRole> for Role {
    fn from(role: UserRole) -> Self {
        match role {
            UserRole::Admin => Self::Admin,
            UserRole::Reseller => Self::Reseller,
            UserRole::Customer => Self::Customer,
        }
    }
}

/// A user as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct User {
    /// The id of it.
    #[schema(example = "usr_4k7xw2m9q3z8r6t5v2n7")]
    pub id: String,
    /// The e-mail address that it logs in with, in lower case.
    #[schema(example = "ann@example.com")]
    pub email: String,
    /// Its name, for people.
    pub name: String,
    /// The caller's role.
    pub role: UserRole,
    /// The account that the user belongs to; null for admins.
    pub account: Option<String>,
    /// True if it may not log in.
    pub disabled: bool,
    /// True if the e-mail address is proven, or was confirmed when the user was made.
    pub email_verified: bool,
    /// The end of its lock after too many failed logins.
    pub locked_until: Option<Time>,
    /// The time at which it was made.
    pub created_at: Time,
    /// The time at which it was changed last.
    pub updated_at: Time,
}

/// A user to make.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The e-mail address that it logs in with.
    #[schema(example = "ben@example.com", max_length = 254)]
    pub email: String,
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// The user's role; none above the caller's own.
    pub role: UserRole,
    /// The account that the user belongs to; null for admins, needed for all others.
    #[serde(default)]
    pub account: Option<String>,
    /// Its password. Without one it gets a mail with a token to set it, which holds for a day.
    #[serde(default)]
    #[schema(min_length = 12, max_length = 128)]
    pub password: Option<String>,
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser").field("role", &self.role).finish_non_exhaustive()
    }
}

/// A change. Fields that are not sent stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    /// The e-mail address that it logs in with.
    #[serde(default)]
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// Its name, for people.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// The user's role; none above the caller's own.
    #[serde(default)]
    pub role: Option<UserRole>,
    /// The account that the user belongs to; null for admins.
    #[serde(default, deserialize_with = "patched")]
    #[schema(value_type = Option<String>)]
    pub account: Option<Option<String>>,
    /// True if it may not log in; its sessions end, and its API keys rest.
    #[serde(default)]
    pub disabled: Option<bool>,
}

/// The order of a list of users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub enum UserSort {
    /// By e-mail address.
    #[default]
    #[serde(rename = "email")]
    Email,
    /// The oldest first.
    #[serde(rename = "created_at")]
    Oldest,
    /// The newest first.
    #[serde(rename = "-created_at")]
    Newest,
}

list_query! {
    /// The filters of a list of users.
    pub struct UsersQuery {
        /// Only those with this role.
        #[param(inline)]
        pub role: Option<UserRole>,
        /// Only those of this account.
        pub account: Option<String>,
        /// Only those who may, or may not, log in.
        pub disabled: Option<bool>,
        /// Only those whose e-mail address or name contains this, in upper or lower case.
        pub search: Option<String>,
        /// The order of the list; by e-mail address if it is not given.
        #[param(inline)]
        pub sort: Option<UserSort>,
    }
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn UsersService>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, delete))
        .routes(routes!(unlock))
}

/// List users
///
/// Admins see all of them, resellers those of the accounts in their subtree.
#[utoipa::path(get, path = "/v1/users", tag = "users", operation_id = "list_users", params(UsersQuery),
    responses((status = 200, description = "A page of users", body = Page<User>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<UsersQuery>,
) -> Answer<axum::Json<Page<User>>> {
    call(service, move |service| service.users(&caller, &query)).await.map(axum::Json)
}

/// Create a user
///
/// A reseller makes customers of the accounts in its subtree. Without a password the user gets a mail to set
/// one.
#[utoipa::path(post, path = "/v1/users", tag = "users", operation_id = "create_user", request_body = NewUser,
    responses((status = 201, description = "The user", body = User), Problems))]
async fn create(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<NewUser>,
) -> Answer<Created<Versioned<User>>> {
    let body = call(service, move |service| service.create_user(&caller, new)).await?;
    Ok(Created { location: format!("/v1/users/{}", body.value.id), body })
}

/// Read a user
#[utoipa::path(get, path = "/v1/users/{id}", tag = "users", operation_id = "get_user",
    params(("id" = String, Path, description = "The user's id")),
    responses((status = 200, description = "The user", body = User), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Versioned<User>> {
    call(service, move |service| service.user(&caller, &id)).await
}

/// Change a user
///
/// Sessions and mailed tokens of the user end with another e-mail address, role or account, and when the user
/// is disabled or enabled. Who has no password yet is invited again.
#[utoipa::path(patch, path = "/v1/users/{id}", tag = "users", operation_id = "change_user",
    params(("id" = String, Path, description = "The user's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = UserPatch,
    responses((status = 200, description = "The user as it is now", body = User), Problems))]
async fn change(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Body(patch): Body<UserPatch>,
) -> Answer<Versioned<User>> {
    call(service, move |service| service.change_user(&caller, &id, if_match, patch)).await
}

/// Remove a user
///
/// Its sessions end, and the API keys that it has made are revoked. The last admin stays.
#[utoipa::path(delete, path = "/v1/users/{id}", tag = "users", operation_id = "delete_user",
    params(("id" = String, Path, description = "The user's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the removal is meant for")),
    responses((status = 204, description = "The user is gone"), Problems))]
async fn delete(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
) -> Answer<Gone> {
    call(service, move |service| service.delete_user(&caller, &id, if_match)).await?;
    Ok(Gone)
}

/// Unlock a user
///
/// After too many failed logins. Failures are counted from zero again.
#[utoipa::path(post, path = "/v1/users/{id}/unlock", tag = "users", operation_id = "unlock_user",
    params(("id" = String, Path, description = "The user's id")),
    responses((status = 200, description = "The user as it is now", body = User), Problems))]
async fn unlock(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Versioned<User>> {
    call(service, move |service| service.unlock_user(&caller, &id)).await
}
