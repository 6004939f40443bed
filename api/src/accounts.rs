//! Accounts: who pays, by which plan, what they may do, and how they bind.

mod chain;
mod dto;
mod pumping;
mod resale;

use std::sync::Arc;

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, RESELLER, Rule, Who, rule};
use crate::answer::{Answer, Created, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IfMatch, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;
use axum::Json;

pub use chain::{ChainSwitch, ChainSwitchQuery, NewChain, SwitchProblem, SwitchedAccount, SwitchedRate};
pub use dto::{
    Account, AccountPatch, AccountRate, AccountSort, AccountStatus, AccountsQuery, CreatedAccount,
    Credentials, DefaultCoding, Delivery, NewAccount, NumberLengths, RateLimit, SenderPolicy, Senders,
    Smpp33ReceiptIds, Source, TextPolicy,
};
pub use pumping::{PumpingMode, TrafficPumping};
pub use resale::{AccountCap, BelowCost, CapSpan, CommissionBase, Earning, EarningKind};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/accounts", Who::Roles(CUSTOMER, Scope::AccountsRead)),
    rule("POST", "/v1/accounts", Who::Roles(RESELLER, Scope::AccountsWrite)),
    rule("GET", "/v1/accounts/{id}", Who::Roles(CUSTOMER, Scope::AccountsRead)),
    rule("PATCH", "/v1/accounts/{id}", Who::Roles(RESELLER, Scope::AccountsWrite)),
    rule("POST", "/v1/accounts/{id}/credentials/rotate", Who::Roles(CUSTOMER, Scope::AccountsWrite)),
    rule("POST", "/v1/accounts/{id}/chain", Who::Roles(RESELLER, Scope::AccountsWrite)),
    rule("POST", "/v1/accounts/{id}/suspend", Who::Roles(RESELLER, Scope::AccountsWrite)),
    rule("POST", "/v1/accounts/{id}/resume", Who::Roles(RESELLER, Scope::AccountsWrite)),
];

/// Reads and changes accounts.
pub trait AccountsService: Send + Sync + 'static {
    /// Those that the caller may see, in the order asked for.
    fn accounts(&self, caller: &Caller, query: &AccountsQuery) -> Answer<Page<Account>>;

    /// One of them.
    fn account(&self, caller: &Caller, id: &str) -> Answer<Versioned<Account>>;

    /// Makes one; below the caller's own where the caller is a reseller.
    fn create_account(&self, caller: &Caller, new: NewAccount) -> Answer<Versioned<CreatedAccount>>;

    /// Changes one that is not provisioned by file.
    fn change_account(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        patch: AccountPatch,
    ) -> Answer<Versioned<Account>>;

    /// Has it buy the messages of its children from then on, or no more; with `dry_run` it only says what would be.
    fn switch_chain(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        new: NewChain,
        dry_run: bool,
    ) -> Answer<Versioned<ChainSwitch>>;

    /// Gives it a new SMPP password; the old one no longer binds, and open binds stay.
    fn rotate_credentials(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<Credentials>;

    /// Refuses its messages from now on, or takes them again.
    fn set_suspended(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        suspended: bool,
    ) -> Answer<Versioned<Account>>;
}

type Service = Arc<dyn AccountsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn AccountsService>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change))
        .routes(routes!(rotate))
        .routes(routes!(switch_chain))
        .routes(routes!(suspend))
        .routes(routes!(resume))
}

/// List accounts
///
/// Those that the caller may see, by id or in the order asked for.
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", operation_id = "list_accounts", params(AccountsQuery),
    responses((status = 200, description = "A page of accounts", body = Page<Account>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<AccountsQuery>,
) -> Answer<Json<Page<Account>>> {
    call(service, move |service| service.accounts(&caller, &query)).await.map(Json)
}

/// Create an account
///
/// It may bind and be charged from the answer on. Its SMPP password is in the answer and nowhere else.
#[utoipa::path(post, path = "/v1/accounts", tag = "accounts", operation_id = "create_account", request_body = NewAccount,
    responses((status = 201, description = "The account and its credentials", body = CreatedAccount), Problems))]
async fn create(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<NewAccount>,
) -> Answer<Created<Versioned<CreatedAccount>>> {
    let body = call(service, move |service| service.create_account(&caller, new)).await?;
    Ok(Created { location: format!("/v1/accounts/{}", body.value.account.id), body })
}

/// Read an account
#[utoipa::path(get, path = "/v1/accounts/{id}", tag = "accounts", operation_id = "get_account",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The account", body = Account), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Versioned<Account>> {
    call(service, move |service| service.account(&caller, &id)).await
}

/// Change an account
///
/// Fields that are not sent stay as they are; null removes an optional value. It holds for the next
/// message.
#[utoipa::path(patch, path = "/v1/accounts/{id}", tag = "accounts", operation_id = "change_account",
    params(("id" = String, Path, description = "The account's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = AccountPatch,
    responses((status = 200, description = "The account as it is now", body = Account), Problems))]
async fn change(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Body(patch): Body<AccountPatch>,
) -> Answer<Versioned<Account>> {
    call(service, move |service| service.change_account(&caller, &id, if_match, patch)).await
}

/// Make a new SMPP password
///
/// The old one no longer binds; binds that are open stay. The password is in the answer and nowhere else.
#[utoipa::path(post, path = "/v1/accounts/{id}/credentials/rotate", tag = "accounts", operation_id = "rotate_credentials",
    params(("id" = String, Path, description = "The account's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    responses((status = 200, description = "The new credentials", body = Credentials), Problems))]
async fn rotate(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
) -> Answer<Json<Credentials>> {
    call(service, move |service| service.rotate_credentials(&caller, &id, if_match)).await.map(Json)
}

/// Have an account buy its children's messages, or no more
///
/// The same as a change of `chain`, with what follows from it: the accounts below whose messages it pays for from then on or
/// earns on, their prices and its own, networks without a rate, and whether its wallet covers a message. With `dry_run` it only
/// says so, and names everything for which the switch would be refused. A switch back is refused where an account would have no
/// rate any more for a network that it can send to now.
#[utoipa::path(post, path = "/v1/accounts/{id}/chain", tag = "accounts", operation_id = "switch_chain",
    params(("id" = String, Path, description = "The account's id"), ChainSwitchQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    request_body = NewChain,
    responses((status = 200, description = "The effect of the switch", body = ChainSwitch), Problems))]
async fn switch_chain(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(ChainSwitchQuery { dry_run }): Query<ChainSwitchQuery>,
    if_match: IfMatch,
    Body(new): Body<NewChain>,
) -> Answer<Versioned<ChainSwitch>> {
    call(service, move |service| service.switch_chain(&caller, &id, if_match, new, dry_run)).await
}

/// Suspend an account
///
/// Its messages are refused with `suspended`, also on binds that are open, and its users and API keys make and
/// change nothing.
#[utoipa::path(post, path = "/v1/accounts/{id}/suspend", tag = "accounts", operation_id = "suspend_account",
    params(("id" = String, Path, description = "The account's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    responses((status = 200, description = "The account as it is now", body = Account), Problems))]
async fn suspend(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
) -> Answer<Versioned<Account>> {
    call(service, move |service| service.set_suspended(&caller, &id, if_match, true)).await
}

/// Resume an account
///
/// One that a level above the caller's own has suspended is resumed by that level or those above it alone.
#[utoipa::path(post, path = "/v1/accounts/{id}/resume", tag = "accounts", operation_id = "resume_account",
    params(("id" = String, Path, description = "The account's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    responses((status = 200, description = "The account as it is now", body = Account), Problems))]
async fn resume(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
) -> Answer<Versioned<Account>> {
    call(service, move |service| service.set_suspended(&caller, &id, if_match, false)).await
}
