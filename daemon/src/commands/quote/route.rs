//! `tollgate quote --route`: which operators could take the message, in which order, and why the others could not.
//!
//! Whether a link is up and how healthy an operator is are known to a running daemon only; here every operator counts
//! as up and healthy.

use serde_json::{Value, json};
use tollgate_engine::account::DeliveryMode;
use tollgate_engine::charging::Message;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::operator::Operator;
use tollgate_engine::quote::Quote;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::routing::{
    AllUp, Candidate, CandidateVerdict, Cost, NoRoute, RouteAsk, RouteStage, Routes,
};
use tollgate_engine::tables::Tables;
use tollgate_engine::time::UnixMicros;

use crate::config::Provisioning;

/// What equals are drawn with.
const SPREAD: u64 = 0;

/// What a reader of the ranking has to know.
const CONDITIONS: &str =
    "offline: every operator counts as up and healthy, and draws by weight differ from message to message";

/// Where a message would go.
pub enum Route {
    /// Nowhere, and why.
    ChargedOnly(&'static str),
    /// To an operator, if one takes it.
    Ranked(Ranked),
}

/// Every operator, ranked.
pub struct Ranked {
    candidates: Vec<Ranking>,
    refusal: Option<(Refusal, u32)>,
    price: Amount,
    currency: Currency,
}

/// One operator's place.
struct Ranking {
    operator: Operator,
    candidate: Candidate,
    /// From one; `None` where it could not take the message.
    rank: Option<usize>,
}

impl Route {
    /// Routes a quoted message as a daemon would in which every operator is up.
    pub fn find(
        provisioning: &Provisioning,
        tables: &Tables,
        quote: &Quote<'_>,
        price: Amount,
        message: &Message<'_>,
        now: UnixMicros,
    ) -> Result<Self, String> {
        let account = &quote.terms.account;
        if provisioning.operators.is_empty() {
            return Ok(Self::ChargedOnly("there are no operators"));
        }
        if account.delivery == DeliveryMode::ChargeOnly {
            return Ok(Self::ChargedOnly("the account's delivery is charge_only"));
        }
        let definition = provisioning.routing_definition(&provisioning.numbers_in_order());
        let routes = Routes::build(definition, &tables.networks)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
        let ask = RouteAsk {
            network: quote.rated.network,
            account: &account.id,
            source: message.source,
            data_coding: message.body.data_coding,
            segments: quote.rated.segments,
            price,
            currency: account.currency,
            now,
            spread: SPREAD,
            tried: &[],
            stage: RouteStage::Submit,
        };
        let refusal = routes.choose(&ask, &AllUp).err().map(|reason| {
            let refusal = match reason {
                NoRoute::NoCandidate => Refusal::NoRoute,
                NoRoute::AbovePrice => Refusal::AbovePrice,
            };
            (refusal, quote.terms.statuses.status(refusal))
        });
        let candidates = ranked(&routes, routes.explain(&ask, &AllUp));
        Ok(Self::Ranked(Ranked { candidates, refusal, price, currency: account.currency }))
    }

    /// For a person.
    pub fn print(&self) {
        match self {
            Self::ChargedOnly(why) => println!("route       none: {why}, so the message is only charged"),
            Self::Ranked(ranked) => ranked.print(),
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        match self {
            Self::ChargedOnly(why) => json!({ "charged_only": why }),
            Self::Ranked(ranked) => ranked.json(),
        }
    }
}

fn ranked(routes: &Routes, candidates: Vec<Candidate>) -> Vec<Ranking> {
    let mut next = 1;
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let operator = routes.operator(candidate.operator)?.clone();
            let takes = !matches!(candidate.verdict, CandidateVerdict::Refused(_));
            let rank = takes.then_some(next);
            next += usize::from(takes);
            Some(Ranking { operator, candidate, rank })
        })
        .collect()
}

impl Ranking {
    fn verdict(&self) -> &'static str {
        match self.candidate.verdict {
            CandidateVerdict::Chosen => "chosen",
            CandidateVerdict::Eligible => "eligible",
            CandidateVerdict::Refused(reason) => reason.name(),
        }
    }

    /// What is left of the price, in the account's currency; `None` where the cost cannot be converted.
    fn margin(&self, price: Amount) -> Option<Amount> {
        price.checked_sub(self.candidate.cost?.in_account_currency?)
    }

    /// As the columns of the table.
    fn cells(&self, price: Amount, currency: Currency) -> [String; 5] {
        let dash = || "-".to_owned();
        [
            self.rank.map_or_else(dash, |rank| rank.to_string()),
            self.operator.code.to_string(),
            self.verdict().to_owned(),
            self.cost(currency),
            self.margin(price).map_or_else(dash, |margin| format!("{margin} {currency}")),
        ]
    }

    fn cost(&self, currency: Currency) -> String {
        let Some(Cost { amount, in_account_currency }) = self.candidate.cost else {
            return "-".to_owned();
        };
        let own = format!("{amount} {}", self.operator.currency);
        match in_account_currency {
            Some(converted) if currency != self.operator.currency => {
                format!("{own} = {converted} {currency}")
            }
            _ => own,
        }
    }
}

impl Ranked {
    fn print(&self) {
        println!("route       {CONDITIONS}");
        let headings = ["rank", "operator", "verdict", "cost", "margin"].map(str::to_owned);
        let rows = self.candidates.iter().map(|ranking| ranking.cells(self.price, self.currency));
        let rows: Vec<[String; 5]> = std::iter::once(headings).chain(rows).collect();
        let width =
            |column: usize| rows.iter().filter_map(|row| Some(row.get(column)?.len())).max().unwrap_or(0);
        let (code, verdict, cost, margin) = (width(1), width(2), width(3), width(4));
        for [rank, operator, said, takes, left] in &rows {
            println!(
                "            {rank:>4}  {operator:<code$}  {said:<verdict$}  {takes:>cost$}  {left:>margin$}"
            );
        }
        if let Some((refusal, status)) = self.refusal {
            println!("refused     {refusal} (command_status 0x{status:08X})");
        }
    }

    fn json(&self) -> Value {
        let candidates: Vec<Value> = self
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
                    "margin": ranking.margin(self.price).map(|margin| margin.to_string()),
                })
            })
            .collect();
        json!({
            "conditions": CONDITIONS,
            "candidates": candidates,
            "refusal": self.refusal.map(|(refusal, _)| refusal.name()),
        })
    }
}
