//! Money between an account and the reseller right above it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{RESELLER, Rule, Who, rule};
use crate::answer::{Answer, Created};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, Conditions, Path};
use crate::money::Money;
use crate::openapi::Problems;
use crate::wallets::Transaction;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("POST", "/v1/accounts/{id}/fund", Who::Roles(RESELLER, Scope::BillingWrite)),
    rule("POST", "/v1/accounts/{id}/withdraw", Who::Roles(RESELLER, Scope::BillingWrite)),
];

/// Moves money between an account and its parent, in both wallets or in none.
pub trait TransfersService: Send + Sync + 'static {
    /// Takes from one wallet and gives to the other. The answer is the entry in the account's ledger.
    fn transfer(
        &self,
        caller: &Caller,
        account: &str,
        transfer: &NewTransfer,
        conditions: &Conditions,
        direction: Direction,
    ) -> Answer<Transaction>;
}

/// The way that money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the parent's wallet into the account's.
    Fund,
    /// From the account's wallet into the parent's.
    Withdraw,
}

type Service = Arc<dyn TransfersService>;

/// Money to be moved between an account and its parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTransfer {
    /// More than zero, in the account's currency. A parent with another currency pays or gets it at the exchange rate of now,
    /// rounded half to even to a millionth.
    pub amount: Money,
    /// The reference, such as the number of a payment; it stands in both ledgers.
    #[schema(min_length = 1, max_length = 200, example = "2026-11/7")]
    pub reference: String,
    /// More about it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub details: Option<String>,
}

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn TransfersService>> {
    OpenApiRouter::new().routes(routes!(fund)).routes(routes!(withdraw))
}

/// Fund an account from its parent's wallet
///
/// Both wallets are moved in one change, or none. The parent's balance and credit limit have to cover it. Send an
/// `Idempotency-Key` to be able to repeat a request whose answer was lost.
#[utoipa::path(post, path = "/v1/accounts/{id}/fund", tag = "wallets", operation_id = "fund_account",
    params(("id" = String, Path, description = "The account that gets the money"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the account that this is meant for")),
    request_body = NewTransfer,
    responses((status = 201, description = "The entry in the account's ledger", body = Transaction), Problems))]
async fn fund(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
    Body(transfer): Body<NewTransfer>,
) -> Answer<Created<Json<Transaction>>> {
    move_money(service, (caller, id, conditions), transfer, Direction::Fund).await
}

/// Take money back from an account into its parent's wallet
///
/// Both wallets are moved in one change, or none. No more than the balance is taken, whatever credit the account has.
#[utoipa::path(post, path = "/v1/accounts/{id}/withdraw", tag = "wallets", operation_id = "withdraw_from_account",
    params(("id" = String, Path, description = "The account that the money is taken from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the account that this is meant for")),
    request_body = NewTransfer,
    responses((status = 201, description = "The entry in the account's ledger", body = Transaction), Problems))]
async fn withdraw(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
    Body(transfer): Body<NewTransfer>,
) -> Answer<Created<Json<Transaction>>> {
    move_money(service, (caller, id, conditions), transfer, Direction::Withdraw).await
}

async fn move_money(
    service: Service,
    (caller, id, conditions): (Caller, String, Conditions),
    transfer: NewTransfer,
    direction: Direction,
) -> Answer<Created<Json<Transaction>>> {
    let account = id.clone();
    let posted =
        call(service, move |service| service.transfer(&caller, &id, &transfer, &conditions, direction));
    let posted = posted.await?;
    Ok(Created { location: format!("/v1/accounts/{account}/transactions/{}", posted.id), body: Json(posted) })
}
