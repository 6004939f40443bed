//! The tables that the demo prints at its end.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use tollgate_engine::money::Amount;

use super::books::{AccountMoney, ChargedMessage};
use super::evidence::Evidence;
use super::operators::Failover;
use super::scrape;
use super::table::Table;
use crate::load::Report;
use crate::load::figures::{Millis, grouped, status_name};

/// Networks shown by name; the others are summed up in one row.
const NETWORKS_SHOWN: usize = 20;

/// ESME_RINVBNDSTS (SMPP 3.4 §5.1.3), the answer to a submit on a receiver bind.
const WRONG_BIND_STATE: u32 = 0x04;

/// Throughput and latency of the run.
pub fn performance(report: &Report) -> Table {
    let mut table = Table::new(&["throughput and latency", " value"]);
    let mut push = |what: &str, value: String| table.push([what.to_owned(), value]);
    push("messages answered", grouped(report.answered()));
    push("time", format!("{:.2} s", report.elapsed.as_secs_f64()));
    push("messages per second", grouped(report.per_second()));
    for (name, per_mille) in [("latency, p50", 500), ("p90", 900), ("p99", 990), ("longest", 1000)] {
        push(name, Millis(report.latency(per_mille)).to_string());
    }
    table
}

/// Charges of one network in one currency.
#[derive(Clone, Default)]
struct Charges {
    messages: u64,
    segments: u64,
    cheapest: Option<Amount>,
    dearest: Option<Amount>,
    total: Amount,
}

impl Charges {
    fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.segments += other.segments;
        self.cheapest = self.cheapest.into_iter().chain(other.cheapest).min();
        self.dearest = self.dearest.max(other.dearest);
        self.total = [self.total, other.total].into_iter().sum();
    }

    fn of(message: &ChargedMessage) -> Self {
        // A boundary of a volume tier inside a message makes its segments cost differently: this is their
        // mean.
        let segment = Amount::from_micros(message.price.micros() / i64::from(message.segments.max(1)));
        Self {
            messages: 1,
            segments: u64::from(message.segments),
            cheapest: Some(segment),
            dearest: Some(segment),
            total: message.price,
        }
    }

    fn row(&self, country: &str, operator: &str, currency: &str) -> [String; 6] {
        let price = match (self.cheapest, self.dearest) {
            (Some(cheapest), Some(dearest)) if cheapest == dearest => cheapest.to_string(),
            (Some(cheapest), Some(dearest)) => format!("{cheapest} – {dearest}"),
            _ => String::new(),
        };
        let total = format!("{} {currency}", self.total);
        [
            country.to_owned(),
            operator.to_owned(),
            grouped(self.messages),
            grouped(self.segments),
            price,
            total,
        ]
    }
}

/// The charges by network, the largest total first.
pub fn charges_by_network(messages: &[ChargedMessage]) -> Table {
    let mut networks: BTreeMap<(&str, &str, &str), Charges> = BTreeMap::new();
    for message in messages {
        let network = (&*message.currency, &*message.country, &*message.operator);
        networks.entry(network).or_default().add(&Charges::of(message));
    }
    let mut networks: Vec<_> = networks.into_iter().collect();
    networks.sort_by_key(|(_, charges)| Reverse(charges.total));
    let mut table =
        Table::new(&["country", "operator", " messages", " segments", " price of a segment", " total"]);
    for ((currency, country, operator), charges) in networks.iter().take(NETWORKS_SHOWN) {
        table.push(charges.row(country, operator_shown(operator), currency));
    }
    let others = networks.get(NETWORKS_SHOWN..).unwrap_or_default();
    let mut sums: BTreeMap<&str, [Charges; 2]> = BTreeMap::new();
    for ((currency, ..), charges) in &networks {
        sums.entry(currency).or_default()[0].add(charges);
    }
    for ((currency, ..), charges) in others {
        sums.entry(currency).or_default()[1].add(charges);
    }
    for (currency, [all, rest]) in sums {
        if rest.messages > 0 {
            table.push(rest.row("others", &format!("{} networks", others.len()), currency));
        }
        table.push(all.row("all", "", currency));
    }
    table
}

fn operator_shown(operator: &str) -> &str {
    if operator.is_empty() { "(not known by prefix)" } else { operator }
}

/// The reasons for which messages were not charged: refusals as the daemon counted them in rating, and those
/// before it came to that.
pub fn refusals_by_reason(rated: &[(String, u64)], report: &Report) -> Table {
    let all: u64 = report.tally.refused.values().sum();
    let on_receiver = report.tally.refused.get(&WRONG_BIND_STATE).copied().unwrap_or_default();
    let counted: u64 = rated.iter().map(|(_, count)| count).sum();
    let before_rating = [
        ("submitted on a receiver bind".to_owned(), on_receiver),
        ("PDU that cannot be read".to_owned(), all.saturating_sub(counted + on_receiver)),
    ];
    let mut rows: Vec<_> = rated.iter().cloned().chain(before_rating).collect();
    rows.sort_by_key(|(_, count)| Reverse(*count));
    let mut table = Table::new(&["refused for", " messages"]);
    for (reason, count) in rows {
        table.push([reason, grouped(count)]);
    }
    table
}

/// The answers that the gateways got, by status.
pub fn answers_by_status(report: &Report) -> Table {
    let mut table = Table::new(&["answered with", " messages"]);
    let rejected = report.tally.refused.iter().map(|(status, count)| (*status, *count));
    for (status, count) in std::iter::once((0, report.tally.acknowledged)).chain(rejected) {
        table.push([status_name(status), grouped(count)]);
    }
    table
}

/// The money of each account before and after the messages.
pub fn wallets(accounts: &[AccountMoney], messages: &[ChargedMessage]) -> Table {
    let mut table = Table::new(&["wallet", " before", " charged", " refunded", " after"]);
    for account in accounts {
        let of_account = messages.iter().filter(|message| message.account == account.account);
        let charged: Amount = of_account.map(|message| message.price).sum();
        let shown = |amount: Amount| format!("{amount} {}", account.currency);
        table.push([
            account.account.clone(),
            shown(account.opening_balance),
            shown(charged),
            shown(account.refunded),
            shown(account.balance),
        ]);
    }
    table
}

/// The states of the messages at each operator, and the margin left of their prices.
pub fn operators(messages: &[ChargedMessage], metrics: &str) -> Table {
    let mut table = Table::new(&[
        "operator",
        " delivered",
        " undelivered",
        " rejected",
        " open",
        " revenue",
        " cost",
        " margin",
        " score",
    ]);
    let mut by_operator: BTreeMap<&str, Vec<&ChargedMessage>> = BTreeMap::new();
    for message in messages {
        by_operator.entry(&message.operator_code).or_default().push(message);
    }
    for (operator, messages) in by_operator {
        let count = |states: &[&str]| {
            grouped(messages.iter().filter(|message| states.contains(&message.state.as_str())).count() as u64)
        };
        let sum = |amounts: &dyn Fn(&ChargedMessage) -> Amount| {
            messages.iter().map(|message| amounts(message)).sum::<Amount>()
        };
        let micros = |amount: Amount| amount.micros();
        let (price, refunded, cost) =
            (sum(&|message| message.price), sum(&|message| message.refunded), sum(&|message| message.cost));
        let revenue = Amount::from_micros(micros(price) - micros(refunded));
        let margin = Amount::from_micros(micros(revenue) - micros(cost));
        let score = scrape::value(metrics, "tollgate_operator_score", &format!("operator=\"{operator}\""));
        table.push([
            if operator.is_empty() { "(none)".to_owned() } else { operator.to_owned() },
            count(&["delivered"]),
            count(&["undeliverable", "expired"]),
            count(&["rejected"]),
            count(&["enroute", "accepted", "unknown"]),
            format!("{revenue} USD"),
            format!("{cost} USD"),
            format!("{margin} USD"),
            score.to_string(),
        ]);
    }
    table
}

/// The receipts that came back, and the effect of an operator's death.
pub fn delivery(report: &Report, failover: &Failover, metrics: &str) -> Table {
    let mut table = Table::new(&["receipts and failover", " value"]);
    let mut push = |what: &str, value: String| table.push([what.to_owned(), value]);
    push("receipts back at the gateways", grouped(report.receipts()));
    for (state, count) in &report.tally.receipts {
        push(&format!("  {state}"), grouped(*count));
    }
    let outstanding = report.receipts.map_or(0, |receipts| receipts.outstanding);
    push("receipts that died with the operator", grouped(outstanding));
    push("from kill -9 of alpha to beta's next message", Millis(failover.away).to_string());
    push("from alpha's return to its next message", Millis(failover.back).to_string());
    let sum = |name: &str| scrape::by_label(metrics, name).iter().map(|(_, count)| count).sum();
    push("of unknown outcome, sent again", grouped(sum("tollgate_possible_duplicates_total")));
    push("refunds", grouped(sum("tollgate_refunds_total")));
    table
}

/// The comparison of acknowledged messages and CDRs.
pub fn evidence(evidence: &Evidence) -> Table {
    let mut table = Table::new(&["acknowledged messages and CDRs", " count"]);
    for (what, count) in [
        ("messages acknowledged", evidence.acknowledged),
        ("CDRs on disk", evidence.charged),
        ("acknowledged without a CDR", evidence.missing),
        ("charged without being acknowledged", evidence.unacknowledged),
        ("ids given or charged twice", evidence.repeated),
    ] {
        table.push([what.to_owned(), grouped(count as u64)]);
    }
    table
}
