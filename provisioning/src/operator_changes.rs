//! Changes of a reload to operators and routing. Of a password only the fact that it changed is shown.

use std::collections::BTreeMap;

use tollgate_engine::exchange::ExchangeRow;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::routing::{RouteRule, Strategy};

use crate::change_lines::{Lines, by_name, compare_rates, since};
use crate::operators::ProvisionedOperator;
use crate::routing::RoutingSettings;

pub fn compare_operators(old: &[ProvisionedOperator], new: &[ProvisionedOperator], lines: &mut Lines) {
    by_name(
        "operator",
        old,
        new,
        |provisioned| &provisioned.operator.code,
        lines,
        |was, is, lines| {
            let owner = format!("operator {}", is.operator.code);
            let mut changed = changed_keys(was, is);
            changed.extend(changed_smpp_keys(was, is));
            if !changed.is_empty() {
                lines.add(|| format!("{owner} changed: {}", changed.join(", ")));
            }
            if was.smpp.password != is.smpp.password {
                lines.add(|| format!("{owner}: password changed"));
            }
            compare_rates("cost", &owner, &was.operator.costs, &is.operator.costs, lines);
        },
    );
}

/// The keys of `[[operator]]` in which two versions of an operator differ, its costs aside.
fn changed_keys(was: &ProvisionedOperator, is: &ProvisionedOperator) -> Vec<&'static str> {
    let (old, new) = (&was.operator, &is.operator);
    differing([
        ("name", old.name != new.name),
        ("country", old.country != new.country),
        ("status", old.status != new.status),
        ("networks", old.networks != new.networks),
        ("currency", old.currency != new.currency),
        ("base_cost", old.base_cost != new.base_cost),
        ("priority", old.priority != new.priority),
        ("weight", old.weight != new.weight),
        ("senders", old.senders != new.senders),
        ("accounts", old.accounts != new.accounts),
        ("data_codings", old.data_codings != new.data_codings),
    ])
}

/// The keys of `[operator.smpp]` in which two versions of an operator differ, its password aside.
fn changed_smpp_keys(was: &ProvisionedOperator, is: &ProvisionedOperator) -> Vec<&'static str> {
    let (old, new) = (&was.smpp, &is.smpp);
    differing([
        ("smpp.host", old.host != new.host),
        ("smpp.port", old.port != new.port),
        ("smpp.tls", old.tls != new.tls),
        ("smpp.system_id", old.system_id != new.system_id),
        ("smpp.system_type", old.system_type != new.system_type),
        ("smpp.interface_version", old.interface_version != new.interface_version),
        ("smpp.bind", old.bind != new.bind),
        ("smpp.binds", old.binds != new.binds),
        ("smpp.window", old.window != new.window),
        ("smpp.throughput_per_second", old.throughput_per_second != new.throughput_per_second),
        ("smpp.enquire_link_seconds", old.enquire_link_seconds != new.enquire_link_seconds),
        ("smpp.response_seconds", old.response_seconds != new.response_seconds),
        ("smpp.connect_seconds", old.connect_seconds != new.connect_seconds),
        ("smpp.reconnect_min_ms", old.reconnect_min_ms != new.reconnect_min_ms),
        ("smpp.reconnect_max_ms", old.reconnect_max_ms != new.reconnect_max_ms),
        ("smpp.number_format", old.number_format != new.number_format),
        ("smpp.receipt_ids", old.receipt_ids != new.receipt_ids),
        ("smpp.receipt_states", old.receipt_states != new.receipt_states),
        ("smpp.receipt_time_zone", old.receipt_time_zone != new.receipt_time_zone),
        ("smpp.receipts", old.receipts != new.receipts),
        ("smpp.retries", old.retries != new.retries),
        ("smpp.long_messages", old.long_messages != new.long_messages),
        ("smpp.unknown_outcome", old.unknown_outcome != new.unknown_outcome),
    ])
}

fn differing<const N: usize>(keys: [(&'static str, bool); N]) -> Vec<&'static str> {
    keys.into_iter().filter_map(|(key, differs)| differs.then_some(key)).collect()
}

pub fn compare_routing(old: &RoutingSettings, new: &RoutingSettings, lines: &mut Lines) {
    lines.moved("routing.strategy", &shown(old.strategy), &shown(new.strategy));
    let guard = |routing: &RoutingSettings| routing.margin_guard.name();
    lines.moved("routing.margin_guard", &guard(old), &guard(new));
    let delivery = |routing: &RoutingSettings| routing.default_delivery.map_or("kept", crate::Choice::word);
    lines.moved("routing.default_delivery", &delivery(old), &delivery(new));
    let mut before: BTreeMap<Option<NetworkCode>, &RouteRule> =
        old.rules.iter().map(|rule| (rule.network, rule)).collect();
    for rule in &new.rules {
        match before.remove(&rule.network) {
            Some(was) if was == rule => {}
            Some(_) => lines.add(|| format!("routing rule for {} changed", networks(rule))),
            None => lines.add(|| format!("routing rule for {} added", networks(rule))),
        }
    }
    for rule in before.into_values() {
        lines.add(|| format!("routing rule for {} removed", networks(rule)));
    }
}

fn shown(strategy: Strategy) -> String {
    match strategy {
        Strategy::LeastCostAbove { score } => format!("{} {score}", strategy.name()),
        other => other.name().to_owned(),
    }
}

fn networks(rule: &RouteRule) -> String {
    rule.network.map_or_else(|| "all networks".to_owned(), |network| network.to_string())
}

pub fn compare_exchange(old: &[ExchangeRow], new: &[ExchangeRow], lines: &mut Lines) {
    let place = |row: &ExchangeRow| (row.base.to_string(), row.quote.to_string(), row.effective_from);
    let what =
        |row: &ExchangeRow| format!("exchange rate {}/{}{}", row.base, row.quote, since(row.effective_from));
    let mut before: BTreeMap<_, &ExchangeRow> = old.iter().map(|row| (place(row), row)).collect();
    for row in new {
        match before.remove(&place(row)) {
            Some(was) => lines.moved(what(row), &was.rate, &row.rate),
            None => lines.add(|| format!("{} added: {}", what(row), row.rate)),
        }
    }
    for row in before.into_values() {
        lines.add(|| format!("{} removed: {}", what(row), row.rate));
    }
}
