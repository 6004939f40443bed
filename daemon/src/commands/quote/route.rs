//! `tollgate quote --route`: which operators could take the message, in which order, and why the others could not.
//!
//! Whether a link is up and how healthy an operator is are known to a running daemon only; here every operator counts
//! as up and healthy.

use serde_json::{Value, json};
use tollgate_engine::charging::Message;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::quote::Quote;
use tollgate_engine::routing::{AllUp, Cost, Routes};
use tollgate_engine::tables::Tables;
use tollgate_engine::time::UnixMicros;

use tollgate_management::quotes::route::{Ranked, Ranking, Route};
use tollgate_provisioning::Provisioning;
use tollgate_relay::default_delivery::DefaultDelivery;

use tollgate_console::say;

/// The conditions under which the ranking holds.
const CONDITIONS: &str =
    "offline: every operator counts as up and healthy, and draws by weight differ from message to message";

/// Routes a quoted message as a daemon would in which every operator is up.
pub fn find(
    provisioning: &Provisioning,
    tables: &Tables,
    quote: &Quote<'_>,
    price: Amount,
    message: &Message<'_>,
    now: UnixMicros,
) -> Result<Route, String> {
    let definition = provisioning.routing_definition(&provisioning.numbers_in_order());
    let routes = Routes::build(definition, &tables.networks)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let default = DefaultDelivery::of(None, provisioning).map_err(|error| error.to_string())?;
    Ok(Route::find((&routes, default.to_operators), &AllUp, quote, price, message, now))
}

/// Prints a route as text for a person.
pub fn print(route: &Route) {
    match route {
        Route::ChargedOnly(why) => say!("route       none: {why}, so the message is only charged"),
        Route::Ranked(ranked) => print_ranked(ranked),
    }
}

/// A route as JSON for programs.
pub fn json(route: &Route) -> Value {
    match route {
        Route::ChargedOnly(why) => json!({ "charged_only": why }),
        Route::Ranked(ranked) => ranked_json(ranked),
    }
}

/// The columns of one row of the table.
fn cells(ranking: &Ranking, price: Amount, currency: Currency) -> [String; 5] {
    let dash = || "-".to_owned();
    [
        ranking.rank.map_or_else(dash, |rank| rank.to_string()),
        ranking.operator.code.to_string(),
        ranking.verdict().to_owned(),
        cost(ranking, currency),
        ranking.margin(price).map_or_else(dash, |margin| format!("{margin} {currency}")),
    ]
}

fn cost(ranking: &Ranking, currency: Currency) -> String {
    let Some(Cost { amount, in_account_currency }) = ranking.candidate.cost else {
        return "-".to_owned();
    };
    let own = format!("{amount} {}", ranking.operator.currency);
    match in_account_currency {
        Some(converted) if currency != ranking.operator.currency => {
            format!("{own} = {converted} {currency}")
        }
        _ => own,
    }
}

fn print_ranked(ranked: &Ranked) {
    say!("route       {CONDITIONS}");
    let headings = ["rank", "operator", "verdict", "cost", "margin"].map(str::to_owned);
    let rows = ranked.candidates.iter().map(|ranking| cells(ranking, ranked.price, ranked.currency));
    let rows: Vec<[String; 5]> = std::iter::once(headings).chain(rows).collect();
    let width = |column: usize| rows.iter().filter_map(|row| Some(row.get(column)?.len())).max().unwrap_or(0);
    let (code, verdict, cost, margin) = (width(1), width(2), width(3), width(4));
    for [rank, operator, said, takes, left] in &rows {
        say!("            {rank:>4}  {operator:<code$}  {said:<verdict$}  {takes:>cost$}  {left:>margin$}");
    }
    if let Some((refusal, status)) = ranked.refusal {
        say!("refused     {refusal} (command_status 0x{status:08X})");
    }
}

fn ranked_json(ranked: &Ranked) -> Value {
    let candidates: Vec<Value> = ranked
        .candidates
        .iter()
        .map(|ranking| {
            json!({
                "rank": ranking.rank,
                "operator": &*ranking.operator.code,
                "verdict": ranking.verdict(),
                "cost": ranking.candidate.cost.map(|cost| json!({
                    "amount": cost.amount.to_string(),
                    "currency": ranking.operator.currency.as_str(),
                    "in_account_currency": cost.in_account_currency.map(|amount| amount.to_string()),
                })),
                "margin": ranking.margin(ranked.price).map(|margin| margin.to_string()),
            })
        })
        .collect();
    json!({
        "conditions": CONDITIONS,
        "candidates": candidates,
        "refusal": ranked.refusal.map(|(refusal, _)| refusal.name()),
    })
}
