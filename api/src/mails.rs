//! Mails: the log of every e-mail that was queued, with what came of each try. Texts are not shown, as they may hold a token.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, Rule, Who, rule};
use crate::answer::Answer;
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::events::{DeliveryAttempt, DeliveryState};
use crate::extract::{Path, Query};
use crate::list_query;
use crate::openapi::Problems;
use crate::page::Page;
use crate::time::Time;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/mails", Who::Roles(CUSTOMER, Scope::AccountsRead)),
    rule("GET", "/v1/mails/{id}", Who::Roles(CUSTOMER, Scope::AccountsRead)),
    rule("POST", "/v1/mails/{id}/resend", Who::Roles(CUSTOMER, Scope::AccountsWrite)),
];

/// Reads the log of mails, and sends them again. A caller has those to accounts that it may see, and an admin all.
pub trait MailsService: Send + Sync + 'static {
    /// The mails, the newest first.
    fn mails(&self, caller: &Caller, query: &MailsQuery) -> Answer<Page<Mail>>;

    /// One of them.
    fn mail(&self, caller: &Caller, id: &str) -> Answer<Mail>;

    /// Queues one again.
    fn resend_mail(&self, caller: &Caller, id: &str) -> Answer<Mail>;
}

type Service = Arc<dyn MailsService>;

/// The occasion of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// Something that an account should know of: an alert, a reminder.
    Account,
    /// An alert for the house.
    House,
    /// A user's password was changed.
    PasswordChanged,
    /// The link that proves the address of somebody who registers.
    Registration,
    /// The token that sets a new password.
    PasswordReset,
    /// The token that sets the first password of a new user.
    Invitation,
}

/// A mail and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Mail {
    /// The id of it.
    #[schema(example = "job_00063f1c2b4d5e00k3mqz")]
    pub id: String,
    /// The occasion of the mail.
    pub kind: MailKind,
    /// The account that it is for; null if it is for none, and then only admins see it.
    pub account: Option<String>,
    /// The address that it goes to, where that is known before it is sent.
    pub to: Option<String>,
    /// The subject, where that is known before it is sent.
    pub subject: Option<String>,
    /// The state of the mail.
    pub state: DeliveryState,
    /// The number of all tries.
    pub attempts: u32,
    /// The time of the next try, if there is one.
    pub next_attempt_at: Option<Time>,
    /// The latest tries, the earliest first: twenty at most.
    pub log: Vec<DeliveryAttempt>,
    /// The time at which it was queued.
    pub created_at: Time,
}

list_query! {
    /// The filters of a list of mails.
    pub struct MailsQuery {
        /// Only those for this account.
        pub account: Option<String>,
        /// Only those in this state.
        #[param(inline)]
        pub state: Option<DeliveryState>,
    }
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn MailsService>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(resend))
}

/// List mails
///
/// Those for accounts that the caller may see, the newest first; for admins all, also those to people who register.
#[utoipa::path(get, path = "/v1/mails", tag = "mails", operation_id = "list_mails", params(MailsQuery),
    responses((status = 200, description = "A page of mails", body = Page<Mail>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<MailsQuery>,
) -> Answer<Json<Page<Mail>>> {
    call(service, move |service| service.mails(&caller, &query)).await.map(Json)
}

/// Read a mail's log
#[utoipa::path(get, path = "/v1/mails/{id}", tag = "mails", operation_id = "get_mail",
    params(("id" = String, Path, description = "The mail's id")),
    responses((status = 200, description = "The mail without its text", body = Mail), Problems))]
async fn get(State(service): State<Service>, caller: Caller, Path(id): Path<String>) -> Answer<Json<Mail>> {
    call(service, move |service| service.mail(&caller, &id)).await.map(Json)
}

/// Send a mail again
///
/// A mail with a token gets another token, and only as long as there is something to do with it. What can no longer be sent is
/// refused with `wrong_state`.
#[utoipa::path(post, path = "/v1/mails/{id}/resend", tag = "mails", operation_id = "resend_mail",
    params(("id" = String, Path, description = "The mail's id")),
    responses((status = 200, description = "The mail, which waits again", body = Mail), Problems))]
async fn resend(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Mail>> {
    call(service, move |service| service.resend_mail(&caller, &id)).await.map(Json)
}
