//! Message templates: texts with placeholders that an account may send once they are approved.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created, Gone, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IfMatch, Path, Query};
use crate::moderation::{ApprovedQuery, ContentQuery, Moderation};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{MessageTemplate, NewTemplate, TemplateChange, TemplateMatch, TextToCheck};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/templates", Who::Roles(CUSTOMER, Scope::ContentRead)),
    rule("POST", "/v1/templates", Who::Roles(CUSTOMER, Scope::ContentWrite)),
    rule("GET", "/v1/templates/{id}", Who::Roles(CUSTOMER, Scope::ContentRead)),
    rule("PUT", "/v1/templates/{id}", Who::Roles(CUSTOMER, Scope::ContentWrite)),
    rule("DELETE", "/v1/templates/{id}", Who::Roles(CUSTOMER, Scope::ContentWrite)),
    rule("POST", "/v1/templates/{id}/moderate", Who::Roles(ADMIN, Scope::ContentWrite)),
    rule("POST", "/v1/templates/{id}/check", Who::Roles(CUSTOMER, Scope::ContentRead)),
    rule("GET", "/v1/templates/account/{id}/approved", Who::Roles(CUSTOMER, Scope::ContentRead)),
];

/// Reads, changes and moderates templates.
pub trait TemplatesService: Send + Sync + 'static {
    /// Those of the accounts that the caller may see.
    fn templates(&self, caller: &Caller, query: &ContentQuery) -> Answer<Page<MessageTemplate>>;

    /// The approved ones of one account.
    fn approved_templates(
        &self,
        caller: &Caller,
        account: &str,
        query: &ApprovedQuery,
    ) -> Answer<Page<MessageTemplate>>;

    /// One of them.
    fn template(&self, caller: &Caller, id: &str) -> Answer<Versioned<MessageTemplate>>;

    /// Asks for one.
    fn create_template(&self, caller: &Caller, new: NewTemplate) -> Answer<Versioned<MessageTemplate>>;

    /// Changes one, which then waits to be approved again.
    fn change_template(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        change: TemplateChange,
    ) -> Answer<Versioned<MessageTemplate>>;

    /// Deletes one. The next text that no other one makes is refused where the account's policy asks for
    /// approval.
    fn delete_template(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<()>;

    /// Approves or rejects one. It holds for the next message.
    fn moderate_template(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        moderation: Moderation,
    ) -> Answer<Versioned<MessageTemplate>>;

    /// Checks if a text is the template with its placeholders filled, whatever the state of its moderation.
    fn check_template(&self, caller: &Caller, id: &str, text: &TextToCheck) -> Answer<TemplateMatch>;
}

type Service = Arc<dyn TemplatesService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn TemplatesService>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, delete))
        .routes(routes!(moderate))
        .routes(routes!(check))
        .routes(routes!(approved))
}

/// List templates
///
/// Those of the accounts that the caller may see.
#[utoipa::path(get, path = "/v1/templates", tag = "templates", operation_id = "list_templates", params(ContentQuery),
    responses((status = 200, description = "A page of templates", body = Page<MessageTemplate>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<ContentQuery>,
) -> Answer<Json<Page<MessageTemplate>>> {
    call(service, move |service| service.templates(&caller, &query)).await.map(Json)
}

/// Request a template
///
/// It is pending until it is moderated. An account has at most 1000.
#[utoipa::path(post, path = "/v1/templates", tag = "templates", operation_id = "create_template",
    request_body = NewTemplate,
    responses((status = 201, description = "The template", body = MessageTemplate), Problems))]
async fn create(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<NewTemplate>,
) -> Answer<Created<Versioned<MessageTemplate>>> {
    let body = call(service, move |service| service.create_template(&caller, new)).await?;
    Ok(Created { location: format!("/v1/templates/{}", body.value.id), body })
}

/// Read a template
#[utoipa::path(get, path = "/v1/templates/{id}", tag = "templates", operation_id = "get_template",
    params(("id" = String, Path, description = "The template's id")),
    responses((status = 200, description = "The template", body = MessageTemplate), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Versioned<MessageTemplate>> {
    call(service, move |service| service.template(&caller, &id)).await
}

/// Change a template
///
/// With anything but another description, or after a rejection, it is pending again, and may not be used
/// meanwhile. Another description alone leaves an approved one approved.
#[utoipa::path(put, path = "/v1/templates/{id}", tag = "templates", operation_id = "change_template",
    params(("id" = String, Path, description = "The template's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = TemplateChange,
    responses((status = 200, description = "The template as it is now", body = MessageTemplate), Problems))]
async fn change(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Body(change): Body<TemplateChange>,
) -> Answer<Versioned<MessageTemplate>> {
    call(service, move |service| service.change_template(&caller, &id, if_match, change)).await
}

/// Delete a template
///
/// Where the account's policy asks for approval, the next text that no other template makes is refused.
#[utoipa::path(delete, path = "/v1/templates/{id}", tag = "templates", operation_id = "delete_template",
    params(("id" = String, Path, description = "The template's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that is meant")),
    responses((status = 204, description = "It is gone"), Problems))]
async fn delete(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
) -> Answer<Gone> {
    call(service, move |service| service.delete_template(&caller, &id, if_match)).await?;
    Ok(Gone)
}

/// Approve or reject a template
///
/// It holds from the answer on, also for binds that are open. With If-Match the decision is about what was
/// read: a template that its owner has changed meanwhile is not decided about.
#[utoipa::path(post, path = "/v1/templates/{id}/moderate", tag = "templates", operation_id = "moderate_template",
    params(("id" = String, Path, description = "The template's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the decision is meant for")),
    request_body = Moderation,
    responses((status = 200, description = "The template as it is now", body = MessageTemplate), Problems))]
async fn moderate(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Body(moderation): Body<Moderation>,
) -> Answer<Versioned<MessageTemplate>> {
    call(service, move |service| service.moderate_template(&caller, &id, if_match, moderation)).await
}

/// Check a text against a template
///
/// Whether the text is the template with its placeholders filled, whatever the state of its moderation. The
/// text is not kept.
#[utoipa::path(post, path = "/v1/templates/{id}/check", tag = "templates", operation_id = "check_template",
    params(("id" = String, Path, description = "The template's id")),
    request_body = TextToCheck,
    responses((status = 200, description = "Whether it matches", body = TemplateMatch), Problems))]
async fn check(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Body(text): Body<TextToCheck>,
) -> Answer<Json<TemplateMatch>> {
    call(service, move |service| service.check_template(&caller, &id, &text)).await.map(Json)
}

/// List an account's approved templates
///
/// What it may send where its policy asks for approval.
#[utoipa::path(get, path = "/v1/templates/account/{id}/approved", tag = "templates",
    operation_id = "list_approved_templates",
    params(("id" = String, Path, description = "The account's id"), ApprovedQuery),
    responses((status = 200, description = "A page of approved templates", body = Page<MessageTemplate>), Problems))]
async fn approved(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<ApprovedQuery>,
) -> Answer<Json<Page<MessageTemplate>>> {
    call(service, move |service| service.approved_templates(&caller, &id, &query)).await.map(Json)
}
