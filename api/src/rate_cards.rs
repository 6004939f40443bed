//! Rate cards: the prices of plans by network, row by row and a whole deck at a time. They stand in the rate
//! files, which are written whole or not at all.

mod dto;

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IfMatch, Query};
use crate::openapi::Problems;
use crate::page::Page;
use crate::problem::Problem;
use crate::tariffs::TariffChange;
use crate::upload::read_upload;

pub use dto::{
    AddedRow, ChangedRow, DeckDifference, DeckQuery, DeckRow, FlaggedRow, PriceMove, RateCard,
    RateCardsQuery, RatePlaceQuery, RateRow, RateRows, RateSort,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/rate-cards", Who::Roles(CUSTOMER, Scope::TariffRead)),
    rule("PUT", "/v1/rate-cards/rows", Who::Roles(ADMIN, Scope::TariffWrite)),
    rule("DELETE", "/v1/rate-cards/rows", Who::Roles(ADMIN, Scope::TariffWrite)),
    rule("POST", "/v1/rate-cards/upload", Who::Roles(ADMIN, Scope::TariffWrite)),
];

/// Reads and changes rates.
pub trait RateCardsService: Send + Sync + 'static {
    /// Octets of a deck at most. Called on the runtime's threads; it must not wait.
    fn deck_octets_max(&self) -> usize;

    /// The rates of every file in force that the caller may see: all of them, or those of the plans of the
    /// accounts within reach. The version is that of the tariff.
    fn rate_cards(&self, caller: &Caller, query: &RateCardsQuery) -> Answer<Versioned<Page<RateCard>>>;

    /// Adds rates, and replaces those of the same plan, network and time.
    fn put_rates(
        &self,
        caller: &Caller,
        if_match: IfMatch,
        rows: RateRows,
    ) -> Answer<Versioned<TariffChange>>;

    /// Takes a rate out of its file.
    fn remove_rate(
        &self,
        caller: &Caller,
        if_match: IfMatch,
        place: RatePlaceQuery,
    ) -> Answer<Versioned<TariffChange>>;

    /// Compares a deck with what is there, and applies it.
    fn upload_deck(
        &self,
        caller: &Caller,
        if_match: IfMatch,
        query: DeckQuery,
        deck: Vec<u8>,
    ) -> Answer<Versioned<DeckDifference>>;
}

type Service = Arc<dyn RateCardsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn RateCardsService>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put, remove)).routes(routes!(upload))
}

/// List rates
///
/// Those in force: all for an admin, for others those of the plans of the accounts that they reach. The ETag
/// is that of the tariff as a whole.
#[utoipa::path(get, path = "/v1/rate-cards", tag = "rate cards", operation_id = "list_rate_cards",
    params(RateCardsQuery),
    responses((status = 200, description = "A page of rates", body = Page<RateCard>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<RateCardsQuery>,
) -> Answer<Versioned<Page<RateCard>>> {
    call(service, move |service| service.rate_cards(&caller, &query)).await
}

/// Add or change rates
///
/// A row takes the place of the one that begins at the same time for the same plan and network; others are
/// added at the end of the file. They are in force from the answer on, all or none.
#[utoipa::path(put, path = "/v1/rate-cards/rows", tag = "rate cards", operation_id = "put_rates",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the tariff that the change is meant for")),
    request_body = RateRows,
    responses((status = 200, description = "What is different", body = TariffChange), Problems))]
async fn put(
    State(service): State<Service>,
    caller: Caller,
    if_match: IfMatch,
    Body(rows): Body<RateRows>,
) -> Answer<Versioned<TariffChange>> {
    call(service, move |service| service.put_rates(&caller, if_match, rows)).await
}

/// Delete a rate
#[utoipa::path(delete, path = "/v1/rate-cards/rows", tag = "rate cards", operation_id = "remove_rate",
    params(RatePlaceQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag of the tariff that the change is meant for")),
    responses((status = 200, description = "What is different", body = TariffChange), Problems))]
async fn remove(
    State(service): State<Service>,
    caller: Caller,
    if_match: IfMatch,
    Query(place): Query<RatePlaceQuery>,
) -> Answer<Versioned<TariffChange>> {
    call(service, move |service| service.remove_rate(&caller, if_match, place)).await
}

/// Upload a rate deck
///
/// A CSV file with the columns `plan,mcc,mnc,price` and, where wanted, `effective_from,effective_to,note`, in
/// the place of a whole rate file or of one plan's rows in it. With `dry_run` it is only compared: rows
/// added, changed and removed, and price moves over the limit. Without, it is refused with `wrong_state`
/// while prices are flagged, unless `accept_flagged` says so. What is wrong is named by the deck's lines.
#[utoipa::path(post, path = "/v1/rate-cards/upload", tag = "rate cards", operation_id = "upload_rate_deck",
    params(DeckQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag of the tariff that the deck is meant for")),
    request_body(content = String, content_type = "text/csv", description = "The deck"),
    responses((status = 200, description = "What is different, or would be", body = DeckDifference), Problems))]
async fn upload(
    State(service): State<Service>,
    caller: Caller,
    if_match: IfMatch,
    Query(query): Query<DeckQuery>,
    Deck(deck): Deck,
) -> Answer<Versioned<DeckDifference>> {
    call(service, move |service| service.upload_deck(&caller, if_match, query, deck)).await
}

/// A body of `text/csv`, which may be longer than others.
struct Deck(Vec<u8>);

impl FromRequest<Service> for Deck {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Service) -> Result<Self, Problem> {
        read_upload(request, &["text/csv"], service.deck_octets_max()).await.map(Self)
    }
}
