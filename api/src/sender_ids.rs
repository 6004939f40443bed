//! Sender IDs, which the paths call nicknames: source addresses that an account may use once they are
//! approved.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created, Gone, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IfMatch, Path, Query};
use crate::moderation::{ApprovedQuery, ContentCategory, ContentQuery, Moderation, ModerationStatus};
use crate::openapi::Problems;
use crate::page::Page;
use crate::time::Time;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/nicknames", Who::Roles(CUSTOMER, Scope::ContentRead)),
    rule("POST", "/v1/nicknames", Who::Roles(CUSTOMER, Scope::ContentWrite)),
    rule("GET", "/v1/nicknames/{id}", Who::Roles(CUSTOMER, Scope::ContentRead)),
    rule("PUT", "/v1/nicknames/{id}", Who::Roles(CUSTOMER, Scope::ContentWrite)),
    rule("DELETE", "/v1/nicknames/{id}", Who::Roles(CUSTOMER, Scope::ContentWrite)),
    rule("POST", "/v1/nicknames/{id}/moderate", Who::Roles(ADMIN, Scope::ContentWrite)),
    rule("GET", "/v1/nicknames/account/{id}/approved", Who::Roles(CUSTOMER, Scope::ContentRead)),
];

/// Reads, changes and moderates sender IDs.
pub trait SenderIdsService: Send + Sync + 'static {
    /// Those of the accounts that the caller may see.
    fn sender_ids(&self, caller: &Caller, query: &ContentQuery) -> Answer<Page<SenderId>>;

    /// The approved ones of one account.
    fn approved_sender_ids(
        &self,
        caller: &Caller,
        account: &str,
        query: &ApprovedQuery,
    ) -> Answer<Page<SenderId>>;

    /// One of them.
    fn sender_id(&self, caller: &Caller, id: &str) -> Answer<Versioned<SenderId>>;

    /// Asks for one.
    fn create_sender_id(&self, caller: &Caller, new: NewSenderId) -> Answer<Versioned<SenderId>>;

    /// Changes one, which then waits to be approved again.
    fn change_sender_id(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        change: SenderIdChange,
    ) -> Answer<Versioned<SenderId>>;

    /// Deletes one. The next message from it is refused where the account's policy asks for approval.
    fn delete_sender_id(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<()>;

    /// Approves or rejects one. It holds for the next message.
    fn moderate_sender_id(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        moderation: Moderation,
    ) -> Answer<Versioned<SenderId>>;
}

type Service = Arc<dyn SenderIdsService>;

/// A sender ID of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Nickname)]
pub struct SenderId {
    /// The id of it.
    #[schema(example = "nick_4k7xw2m9q3z8r6t5v2n7")]
    pub id: String,
    /// The account that it belongs to.
    #[schema(example = "biz_test_001")]
    pub account: String,
    /// The source address, as messages carry it, byte for byte.
    #[schema(example = "ACME Bank")]
    pub name: String,
    /// The purpose of messages from it.
    pub category: ContentCategory,
    /// An explanation of the name for those who moderate it.
    pub description: Option<String>,
    /// The state of its moderation.
    pub status: ModerationStatus,
    /// The reason of the decision.
    pub reason: Option<String>,
    /// The time at which it was decided last; null while it is pending.
    pub moderated_at: Option<Time>,
    /// The time at which it was asked for.
    pub created_at: Time,
    /// The time at which it was changed or decided last.
    pub updated_at: Time,
}

/// A sender ID to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewNickname)]
pub struct NewSenderId {
    /// The account that it is for; the caller's own if it is not given.
    #[serde(default)]
    #[schema(example = "biz_test_001")]
    pub account: Option<String>,
    /// The source address: 1 to 11 letters, digits, spaces, `-`, `_`, `.`, `&`, without a space at either
    /// end; or a number of 1 to 15 digits. It is compared byte for byte, whatever TON and NPI a message has.
    /// An account has each name once.
    #[schema(
        pattern = "^([A-Za-z0-9_.&-]([A-Za-z0-9 _.&-]{0,9}[A-Za-z0-9_.&-])?|[0-9]{12,15})$",
        example = "ACME Bank"
    )]
    pub name: String,
    /// The purpose of messages from it.
    pub category: ContentCategory,
    /// An explanation of the name for those who moderate it.
    #[serde(default)]
    #[schema(max_length = 500, example = "the registered brand of ACME Bank Ltd.")]
    pub description: Option<String>,
}

/// The new name and settings of a sender ID.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NicknameChange)]
pub struct SenderIdChange {
    /// The source address, as for a new one.
    #[schema(
        pattern = "^([A-Za-z0-9_.&-]([A-Za-z0-9 _.&-]{0,9}[A-Za-z0-9_.&-])?|[0-9]{12,15})$",
        example = "ACME Bank"
    )]
    pub name: String,
    /// The purpose of messages from it.
    pub category: ContentCategory,
    /// An explanation of the name for those who moderate it.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub description: Option<String>,
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn SenderIdsService>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, delete))
        .routes(routes!(moderate))
        .routes(routes!(approved))
}

/// List sender IDs
///
/// Those of the accounts that the caller may see.
#[utoipa::path(get, path = "/v1/nicknames", tag = "sender IDs", operation_id = "list_nicknames", params(ContentQuery),
    responses((status = 200, description = "A page of sender IDs", body = Page<SenderId>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<ContentQuery>,
) -> Answer<Json<Page<SenderId>>> {
    call(service, move |service| service.sender_ids(&caller, &query)).await.map(Json)
}

/// Request a sender ID
///
/// It is pending until it is moderated. An account has at most 1000.
#[utoipa::path(post, path = "/v1/nicknames", tag = "sender IDs", operation_id = "create_nickname", request_body = NewSenderId,
    responses((status = 201, description = "The sender ID", body = SenderId), Problems))]
async fn create(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<NewSenderId>,
) -> Answer<Created<Versioned<SenderId>>> {
    let body = call(service, move |service| service.create_sender_id(&caller, new)).await?;
    Ok(Created { location: format!("/v1/nicknames/{}", body.value.id), body })
}

/// Read a sender ID
#[utoipa::path(get, path = "/v1/nicknames/{id}", tag = "sender IDs", operation_id = "get_nickname",
    params(("id" = String, Path, description = "The sender ID's id")),
    responses((status = 200, description = "The sender ID", body = SenderId), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Versioned<SenderId>> {
    call(service, move |service| service.sender_id(&caller, &id)).await
}

/// Change a sender ID
///
/// With another name or category, or after a rejection, it is pending again, and may not be used meanwhile.
/// Another description alone leaves an approved one approved.
#[utoipa::path(put, path = "/v1/nicknames/{id}", tag = "sender IDs", operation_id = "change_nickname",
    params(("id" = String, Path, description = "The sender ID's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = SenderIdChange,
    responses((status = 200, description = "The sender ID as it is now", body = SenderId), Problems))]
async fn change(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Body(change): Body<SenderIdChange>,
) -> Answer<Versioned<SenderId>> {
    call(service, move |service| service.change_sender_id(&caller, &id, if_match, change)).await
}

/// Delete a sender ID
///
/// Where the account's policy asks for approval, the next message from it is refused.
#[utoipa::path(delete, path = "/v1/nicknames/{id}", tag = "sender IDs", operation_id = "delete_nickname",
    params(("id" = String, Path, description = "The sender ID's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that is meant")),
    responses((status = 204, description = "It is gone"), Problems))]
async fn delete(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
) -> Answer<Gone> {
    call(service, move |service| service.delete_sender_id(&caller, &id, if_match)).await?;
    Ok(Gone)
}

/// Approve or reject a sender ID
///
/// It holds from the answer on, also for binds that are open. With If-Match the decision is about what was
/// read: a sender ID that its owner has changed meanwhile is not decided about.
#[utoipa::path(post, path = "/v1/nicknames/{id}/moderate", tag = "sender IDs", operation_id = "moderate_nickname",
    params(("id" = String, Path, description = "The sender ID's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the decision is meant for")),
    request_body = Moderation,
    responses((status = 200, description = "The sender ID as it is now", body = SenderId), Problems))]
async fn moderate(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Body(moderation): Body<Moderation>,
) -> Answer<Versioned<SenderId>> {
    call(service, move |service| service.moderate_sender_id(&caller, &id, if_match, moderation)).await
}

/// List an account's approved sender IDs
///
/// What it may send from where its policy asks for approval.
#[utoipa::path(get, path = "/v1/nicknames/account/{id}/approved", tag = "sender IDs",
    operation_id = "list_approved_nicknames",
    params(("id" = String, Path, description = "The account's id"), ApprovedQuery),
    responses((status = 200, description = "A page of approved sender IDs", body = Page<SenderId>), Problems))]
async fn approved(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<ApprovedQuery>,
) -> Answer<Json<Page<SenderId>>> {
    call(service, move |service| service.approved_sender_ids(&caller, &id, &query)).await.map(Json)
}
