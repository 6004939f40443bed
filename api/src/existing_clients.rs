//! The eight endpoints of the wecall clients, by the paths and field names that they know: thin views over
//! what the other areas answer.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::Answer;
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IdempotencyKey, Path, Query};
use crate::openapi::Problems;

pub use dto::{
    WecallAlert, WecallAlertType, WecallCategory, WecallCountryUsage, WecallInvoice, WecallInvoiceLine,
    WecallInvoiceQuery, WecallInvoiceStatus, WecallInvoicesQuery, WecallOperatorUsage, WecallPeriod,
    WecallPlan, WecallPlanType, WecallRate, WecallRatesQuery, WecallSeverity, WecallTier, WecallTopup,
    WecallTransaction, WecallTransactionStatus, WecallTransactionType, WecallTransactionsQuery, WecallUsage,
    WecallUsageQuery, WecallWallet, WecallWalletPatch,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/api/billing/wallet/{business_sid}/", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("PATCH", "/api/billing/wallet/{business_sid}/", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("GET", "/api/billing/transactions/{business_sid}/", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/api/billing/topup/", Who::Roles(ADMIN, Scope::BillingWrite)),
    rule("GET", "/api/billing/pricing-plans/", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("GET", "/api/billing/rate-cards/", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("GET", "/api/billing/usage/{business_sid}/", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/api/billing/invoices/", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/api/billing/invoices/{business_sid}/", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/api/billing/alerts/{business_sid}/", Who::Roles(CUSTOMER, Scope::BillingRead)),
];

/// Answers the existing clients by the paths that they know.
pub trait ExistingClientsService: Send + Sync + 'static {
    /// An account's wallet. A new account is made for it if the configuration allows that.
    fn wecall_wallet(&self, caller: &Caller, account: &str) -> Answer<WecallWallet>;

    /// Sets auto-recharge of a wallet.
    fn wecall_change_wallet(
        &self,
        caller: &Caller,
        account: &str,
        patch: &WecallWalletPatch,
    ) -> Answer<WecallWallet>;

    /// The transactions of an account, the newest first.
    fn wecall_transactions(
        &self,
        caller: &Caller,
        account: &str,
        query: WecallTransactionsQuery,
    ) -> Answer<Vec<WecallTransaction>>;

    /// Posts money that was paid in, once for each Idempotency-Key.
    fn wecall_topup(&self, caller: &Caller, topup: WecallTopup, key: &IdempotencyKey)
    -> Answer<WecallWallet>;

    /// The plans that the caller may see.
    fn wecall_plans(&self, caller: &Caller) -> Answer<Vec<WecallPlan>>;

    /// The rates that the caller may see.
    fn wecall_rates(&self, caller: &Caller, query: &WecallRatesQuery) -> Answer<Vec<WecallRate>>;

    /// The usage of an account and its cost.
    fn wecall_usage(&self, caller: &Caller, account: &str, period: WecallPeriod) -> Answer<WecallUsage>;

    /// Invoices, the newest first.
    fn wecall_invoices(&self, caller: &Caller, query: WecallInvoicesQuery) -> Answer<Vec<WecallInvoice>>;

    /// The invoice of a range of days, or what it would be.
    fn wecall_invoice(
        &self,
        caller: &Caller,
        account: &str,
        query: WecallInvoiceQuery,
    ) -> Answer<WecallInvoice>;

    /// An account's alerts, the newest first.
    fn wecall_alerts(&self, caller: &Caller, account: &str) -> Answer<Vec<WecallAlert>>;
}

/// The beginning of the paths of existing clients.
pub(crate) const EXISTING_CLIENTS: &str = "/api/";

type Service = Arc<dyn ExistingClientsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn ExistingClientsService>> {
    OpenApiRouter::new()
        .routes(routes!(wallet, change_wallet))
        .routes(routes!(transactions))
        .routes(routes!(topup))
        .routes(routes!(plans))
        .routes(routes!(rates))
        .routes(routes!(usage))
        .routes(routes!(invoices))
        .routes(routes!(invoice))
        .routes(routes!(alerts))
}

/// Read a wallet
///
/// Where the configuration names a plan for that, a new account is made when an
/// admin, or a key that sees all accounts, asks for its wallet first.
#[utoipa::path(get, path = "/api/billing/wallet/{business_sid}/", tag = "wecall", operation_id = "wecall_wallet",
    params(("business_sid" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The wallet", body = WecallWallet), Problems))]
async fn wallet(
    State(service): State<Service>,
    caller: Caller,
    Path(account): Path<String>,
) -> Answer<Json<WecallWallet>> {
    call(service, move |service| service.wecall_wallet(&caller, &account)).await.map(Json)
}

/// Set a wallet's auto-recharge
///
/// The fields that are not given stay as they are.
#[utoipa::path(patch, path = "/api/billing/wallet/{business_sid}/", tag = "wecall", operation_id = "wecall_change_wallet",
    params(("business_sid" = String, Path, description = "The account's id")), request_body = WecallWalletPatch,
    responses((status = 200, description = "The wallet", body = WecallWallet), Problems))]
async fn change_wallet(
    State(service): State<Service>,
    caller: Caller,
    Path(account): Path<String>,
    Body(patch): Body<WecallWalletPatch>,
) -> Answer<Json<WecallWallet>> {
    call(service, move |service| service.wecall_change_wallet(&caller, &account, &patch)).await.map(Json)
}

/// List transactions
///
/// The newest first. `GET /v1/accounts/{id}/transactions` has filters and pages.
#[utoipa::path(get, path = "/api/billing/transactions/{business_sid}/", tag = "wecall",
    operation_id = "wecall_transactions",
    params(("business_sid" = String, Path, description = "The account's id"), WecallTransactionsQuery),
    responses((status = 200, description = "The transactions", body = Vec<WecallTransaction>), Problems))]
async fn transactions(
    State(service): State<Service>,
    caller: Caller,
    Path(account): Path<String>,
    Query(query): Query<WecallTransactionsQuery>,
) -> Answer<Json<Vec<WecallTransaction>>> {
    call(service, move |service| service.wecall_transactions(&caller, &account, query)).await.map(Json)
}

/// Top up a wallet
///
/// The money is durable and can be spent over SMPP once this is answered. Send an `Idempotency-Key` to be
/// able to repeat a request whose answer was lost.
#[utoipa::path(post, path = "/api/billing/topup/", tag = "wecall", operation_id = "wecall_topup",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters")),
    request_body = WecallTopup,
    responses((status = 200, description = "The wallet as it is now", body = WecallWallet), Problems))]
async fn topup(
    State(service): State<Service>,
    caller: Caller,
    key: IdempotencyKey,
    Body(topup): Body<WecallTopup>,
) -> Answer<Json<WecallWallet>> {
    call(service, move |service| service.wecall_topup(&caller, topup, &key)).await.map(Json)
}

/// List plans
///
/// With their volume tiers.
#[utoipa::path(get, path = "/api/billing/pricing-plans/", tag = "wecall", operation_id = "wecall_pricing_plans",
    responses((status = 200, description = "The plans", body = Vec<WecallPlan>), Problems))]
async fn plans(State(service): State<Service>, caller: Caller) -> Answer<Json<Vec<WecallPlan>>> {
    call(service, move |service| service.wecall_plans(&caller)).await.map(Json)
}

/// List rates
///
/// By country and operator: the first 10000. `GET /v1/rate-cards` has more filters, and pages.
#[utoipa::path(get, path = "/api/billing/rate-cards/", tag = "wecall", operation_id = "wecall_rate_cards",
    params(WecallRatesQuery),
    responses((status = 200, description = "The rates", body = Vec<WecallRate>), Problems))]
async fn rates(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<WecallRatesQuery>,
) -> Answer<Json<Vec<WecallRate>>> {
    call(service, move |service| service.wecall_rates(&caller, &query)).await.map(Json)
}

/// Read an account's usage
#[utoipa::path(get, path = "/api/billing/usage/{business_sid}/", tag = "wecall", operation_id = "wecall_usage",
    params(("business_sid" = String, Path, description = "The account's id"), WecallUsageQuery),
    responses((status = 200, description = "The usage", body = WecallUsage), Problems))]
async fn usage(
    State(service): State<Service>,
    caller: Caller,
    Path(account): Path<String>,
    Query(query): Query<WecallUsageQuery>,
) -> Answer<Json<WecallUsage>> {
    call(service, move |service| service.wecall_usage(&caller, &account, query.period)).await.map(Json)
}

/// List invoices
///
/// The newest first, with their lines. `GET /v1/invoices` has filters and cursors.
#[utoipa::path(get, path = "/api/billing/invoices/", tag = "wecall", operation_id = "wecall_invoices",
    params(WecallInvoicesQuery),
    responses((status = 200, description = "The invoices", body = Vec<WecallInvoice>), Problems))]
async fn invoices(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<WecallInvoicesQuery>,
) -> Answer<Json<Vec<WecallInvoice>>> {
    call(service, move |service| service.wecall_invoices(&caller, query)).await.map(Json)
}

/// Read the invoice of a range of days
///
/// The one that there is for exactly these days, a draft as the books are now; or else what it would be, without
/// a number. Nothing is written.
#[utoipa::path(get, path = "/api/billing/invoices/{business_sid}/", tag = "wecall", operation_id = "wecall_invoice",
    params(("business_sid" = String, Path, description = "The account's id"), WecallInvoiceQuery),
    responses((status = 200, description = "The invoice", body = WecallInvoice), Problems))]
async fn invoice(
    State(service): State<Service>,
    caller: Caller,
    Path(account): Path<String>,
    Query(query): Query<WecallInvoiceQuery>,
) -> Answer<Json<WecallInvoice>> {
    call(service, move |service| service.wecall_invoice(&caller, &account, query)).await.map(Json)
}

/// List alerts
///
/// The newest 100. `GET /v1/alerts` has filters and pages.
#[utoipa::path(get, path = "/api/billing/alerts/{business_sid}/", tag = "wecall", operation_id = "wecall_alerts",
    params(("business_sid" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The alerts", body = Vec<WecallAlert>), Problems))]
async fn alerts(
    State(service): State<Service>,
    caller: Caller,
    Path(account): Path<String>,
) -> Answer<Json<Vec<WecallAlert>>> {
    call(service, move |service| service.wecall_alerts(&caller, &account)).await.map(Json)
}
