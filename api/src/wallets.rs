//! Wallets and ledgers: what an account has, what has moved its money, and money in and out by hand.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::export::{Export, OrFile, TableFormat};
use crate::extract::{Body, Conditions, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{
    Balance, BalanceQuery, NewAdjustment, NewTopup, Transaction, TransactionKind, TransactionStatus,
    TransactionsQuery, Wallet,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/accounts/{id}/balance", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/accounts/{id}/wallet", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/accounts/{id}/transactions", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/accounts/{id}/transactions/{transaction_id}", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/accounts/{id}/topups", Who::Roles(ADMIN, Scope::BillingWrite)),
    rule("POST", "/v1/accounts/{id}/adjustments", Who::Roles(ADMIN, Scope::BillingWrite)),
];

/// Reads wallets and ledgers, and posts money by hand.
pub trait WalletsService: Send + Sync + 'static {
    /// The balance of an account, now or at a time in the past.
    fn balance(&self, caller: &Caller, account: &str, query: BalanceQuery) -> Answer<Balance>;

    /// An account's money and its limits.
    fn wallet(&self, caller: &Caller, account: &str) -> Answer<Wallet>;

    /// The transactions of an account, the newest first.
    fn transactions(
        &self,
        caller: &Caller,
        account: &str,
        query: &TransactionsQuery,
    ) -> Answer<Page<Transaction>>;

    /// Begins to write all of them.
    fn export_transactions(
        &self,
        caller: &Caller,
        account: &str,
        query: &TransactionsQuery,
        format: TableFormat,
    ) -> Answer<Export>;

    /// One of them.
    fn transaction(&self, caller: &Caller, account: &str, id: &str) -> Answer<Transaction>;

    /// Posts money that was paid in, once for each Idempotency-Key.
    fn top_up(
        &self,
        caller: &Caller,
        account: &str,
        topup: NewTopup,
        conditions: &Conditions,
    ) -> Answer<Transaction>;

    /// Posts a correction, once for each Idempotency-Key.
    fn adjust(
        &self,
        caller: &Caller,
        account: &str,
        adjustment: NewAdjustment,
        conditions: &Conditions,
    ) -> Answer<Transaction>;
}

type Service = Arc<dyn WalletsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn WalletsService>> {
    OpenApiRouter::new()
        .routes(routes!(balance))
        .routes(routes!(wallet))
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(top_up))
        .routes(routes!(adjust))
}

fn created(account: &str, transaction: Transaction) -> Created<Json<Transaction>> {
    let location = format!("/v1/accounts/{account}/transactions/{}", transaction.id);
    Created { location, body: Json(transaction) }
}

/// Read an account's balance
///
/// Now, as the next message finds it; or with `at` as it was durable at an instant of the past.
#[utoipa::path(get, path = "/v1/accounts/{id}/balance", tag = "wallets", operation_id = "get_balance",
    params(("id" = String, Path, description = "The account's id"), BalanceQuery),
    responses((status = 200, description = "The balance", body = Balance), Problems))]
async fn balance(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<BalanceQuery>,
) -> Answer<Json<Balance>> {
    call(service, move |service| service.balance(&caller, &id, query)).await.map(Json)
}

/// Read an account's wallet
///
/// Its balance with its limits, thresholds, status and the segments of the month.
#[utoipa::path(get, path = "/v1/accounts/{id}/wallet", tag = "wallets", operation_id = "get_wallet",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The wallet", body = Wallet), Problems))]
async fn wallet(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Wallet>> {
    call(service, move |service| service.wallet(&caller, &id)).await.map(Json)
}

/// List an account's transactions
///
/// All that has moved its money, the newest first: debits by messages, top-ups, refunds, adjustments and the
/// opening balance. A reseller has the debits of its children's messages among them, at its own price. Their sum is the balance. A page may be short, or empty, and still not be the last:
/// `next_cursor` says. With `format` it is a file with all of them, written while it is read.
#[utoipa::path(get, path = "/v1/accounts/{id}/transactions", tag = "wallets", operation_id = "list_transactions",
    params(("id" = String, Path, description = "The account's id"), TransactionsQuery),
    responses((status = 200, description = "A page of transactions, or a file with all", content(
        (Page<Transaction> = "application/json"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<TransactionsQuery>,
) -> Answer<OrFile<Json<Page<Transaction>>>> {
    call(service, move |service| match query.file()? {
        None => service.transactions(&caller, &id, &query).map(Json).map(OrFile::Json),
        Some(format) => service.export_transactions(&caller, &id, &query, format).map(OrFile::File),
    })
    .await
}

/// Read a transaction
#[utoipa::path(get, path = "/v1/accounts/{id}/transactions/{transaction_id}", tag = "wallets",
    operation_id = "get_transaction",
    params(("id" = String, Path, description = "The account's id"),
        ("transaction_id" = String, Path, description = "The transaction's id")),
    responses((status = 200, description = "The transaction", body = Transaction), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path((id, transaction)): Path<(String, String)>,
) -> Answer<Json<Transaction>> {
    call(service, move |service| service.transaction(&caller, &id, &transaction)).await.map(Json)
}

/// Top up an account
///
/// The money is durable and can be spent over SMPP once this is answered. Send an `Idempotency-Key` to be
/// able to repeat a request whose answer was lost: the same key with the same body is posted once and
/// answered alike.
#[utoipa::path(post, path = "/v1/accounts/{id}/topups", tag = "wallets", operation_id = "create_topup",
    params(("id" = String, Path, description = "The account's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the account that this is meant for")),
    request_body = NewTopup,
    responses((status = 201, description = "The transaction", body = Transaction), Problems))]
async fn top_up(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
    Body(topup): Body<NewTopup>,
) -> Answer<Created<Json<Transaction>>> {
    let account = id.clone();
    let posted = call(service, move |service| service.top_up(&caller, &id, topup, &conditions)).await?;
    Ok(created(&account, posted))
}

/// Adjust an account's balance
///
/// A correction by hand. One that takes money never takes more than balance and credit limit cover. Send an
/// `Idempotency-Key` to be able to repeat a request whose answer was lost.
#[utoipa::path(post, path = "/v1/accounts/{id}/adjustments", tag = "wallets", operation_id = "create_adjustment",
    params(("id" = String, Path, description = "The account's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the account that this is meant for")),
    request_body = NewAdjustment,
    responses((status = 201, description = "The transaction", body = Transaction), Problems))]
async fn adjust(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
    Body(adjustment): Body<NewAdjustment>,
) -> Answer<Created<Json<Transaction>>> {
    let account = id.clone();
    let posted = call(service, move |service| service.adjust(&caller, &id, adjustment, &conditions)).await?;
    Ok(created(&account, posted))
}
