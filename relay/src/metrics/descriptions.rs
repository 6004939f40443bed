//! The description of every metric of the process, wherever it is counted: the HELP that Prometheus shows, and the unit.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only counts up. Its name ends in `_total`.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It counts values by size.
    Histogram,
}

/// A metric with its kind, its unit and its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// The name of its series, of a histogram without suffix.
    pub name: &'static str,
    /// The kind of its values.
    pub kind: Kind,
    /// The unit of its values.
    pub unit: Unit,
    /// The sentence that says what it is.
    pub help: &'static str,
}

const fn counter(name: &'static str, help: &'static str) -> Description {
    Description { name, kind: Kind::Counter, unit: Unit::Count, help }
}

const fn gauge(name: &'static str, help: &'static str) -> Description {
    Description { name, kind: Kind::Gauge, unit: Unit::Count, help }
}

const fn seconds(name: &'static str, help: &'static str) -> Description {
    Description { name, kind: Kind::Histogram, unit: Unit::Seconds, help }
}

/// Every metric, by name.
pub const DESCRIPTIONS: &[Description] = &[
    Description {
        name: "tollgate_account_held_bytes",
        kind: Kind::Gauge,
        unit: Unit::Bytes,
        help: "Bytes that the binds of an account hold between socket and answer, of the ten that hold most.",
    },
    gauge("tollgate_alerts_open", "Alerts whose condition holds, by kind."),
    counter(
        "tollgate_ambiguous_receipts_total",
        "Operators' receipts that may be of several messages, and ended none.",
    ),
    counter("tollgate_api_audit_notes_total", "Notes in the audit log that are durable."),
    counter(
        "tollgate_api_ignored_parameters_total",
        "Parameters that existing clients sent and that the route does not have.",
    ),
    counter("tollgate_api_password_checks_total", "Passwords of users that were checked, by outcome."),
    seconds(
        "tollgate_api_request_duration_seconds",
        "Time from a request of the API to the beginning of its answer.",
    ),
    counter("tollgate_api_requests_total", "Requests of the management API, by route, method and status."),
    gauge("tollgate_binds", "Open binds of gateways, by mode."),
    gauge("tollgate_build_info", "Always 1; the label is the version of the program."),
    counter("tollgate_clock_jumps_total", "Jumps of the wall clock that were noticed."),
    gauge("tollgate_clock_trusted", "1 while the wall clock is believed, 0 while it is in doubt."),
    Description {
        name: "tollgate_commit_batch_messages",
        kind: Kind::Histogram,
        unit: Unit::Count,
        help: "Messages of one durable commit.",
    },
    seconds("tollgate_commit_duration_seconds", "Time of one durable commit, from the fold to the sync."),
    gauge("tollgate_commit_queue_messages", "Messages that wait for their commit."),
    counter("tollgate_duplicate_acceptances_total", "Acceptances of messages that had been accepted before."),
    counter("tollgate_gateway_receipts_total", "Receipts sent to gateways, by what the gateway answered."),
    Description {
        name: "tollgate_held_bytes",
        kind: Kind::Gauge,
        unit: Unit::Bytes,
        help: "Bytes that the binds of all accounts hold between socket and answer.",
    },
    gauge("tollgate_inflight_requests", "Requests of gateways that wait for their answer."),
    gauge("tollgate_jobs_waiting", "Jobs that wait for their first try or another, by kind."),
    counter("tollgate_mails_total", "Tries to send an e-mail, by outcome."),
    counter("tollgate_messages_above_price_total", "Messages that cost more than their price."),
    counter("tollgate_messages_settled_total", "Messages that have reached their final state, by outcome."),
    counter(
        "tollgate_odd_number_lengths_total",
        "Messages to numbers of a length that their country does not have, of accounts that are only warned.",
    ),
    gauge("tollgate_operator_bound", "Links to an operator that are bound."),
    gauge("tollgate_operator_breaker_open", "1 while the circuit breaker of an operator is open."),
    counter("tollgate_operator_cost_micros_total", "Cost of messages, in millionths of the currency."),
    gauge(
        "tollgate_operator_countries_open",
        "Countries whose messages an operator does not get for a while.",
    ),
    counter(
        "tollgate_operator_errors_total",
        "Answers of an operator other than ESME_ROK, by command_status.",
    ),
    counter(
        "tollgate_operator_link_failures_total",
        "Tries to bind to an operator that failed, and links that broke.",
    ),
    counter(
        "tollgate_operator_messages_refused_total",
        "Messages of an operator that are no receipts, which are refused.",
    ),
    Description {
        name: "tollgate_operator_messages_per_second",
        kind: Kind::Gauge,
        unit: Unit::CountPerSecond,
        help: "Messages sent to an operator in the last second.",
    },
    counter(
        "tollgate_operator_receipts_total",
        "Receipts that settled a message, by operator and final state.",
    ),
    seconds("tollgate_operator_response_seconds", "Time from a message to the operator's answer."),
    gauge("tollgate_operator_score", "Health of an operator from 0 to 100, measured from its traffic."),
    counter("tollgate_operator_submits_total", "Messages sent to an operator, by the kind of its answer."),
    counter("tollgate_operator_unknown_outcomes_total", "Messages that an operator never answered."),
    gauge(
        "tollgate_operator_window_fill_ratio",
        "Share of an operator's windows that is in use, from 0 to 1.",
    ),
    counter("tollgate_possible_duplicates_total", "Messages sent again though an operator may have them."),
    gauge("tollgate_pumping_detector_bytes", "Memory of all detectors of traffic pumping."),
    gauge("tollgate_pumping_detectors", "Accounts that have a detector of traffic pumping."),
    counter(
        "tollgate_pumping_findings_total",
        "Ranges whose traffic looks pumped, by the sign they were found by.",
    ),
    gauge("tollgate_pumping_ranges_stepped_down", "Ranges whose rate is stepped down now."),
    counter("tollgate_pumping_step_downs_total", "Ranges whose rate was stepped down."),
    gauge("tollgate_queue_messages", "Messages that wait for an operator, in memory and on disk."),
    counter("tollgate_refunds_total", "Messages whose price was given back, by outcome."),
    counter(
        "tollgate_refusals_above_total",
        "Messages that a level above their sender refused, by level (1 is the sender's parent) and reason.",
    ),
    counter("tollgate_refusals_total", "Messages that were refused, by reason."),
    counter("tollgate_refused_connections_total", "Connections that found no place, by listener and reason."),
    counter("tollgate_revenue_micros_total", "Prices of charged messages, in millionths of the currency."),
    counter("tollgate_segments_total", "Segments that were charged."),
    counter(
        "tollgate_session_waits_total",
        "Times that a bind was not read until there was room, by the bound that was reached.",
    ),
    counter("tollgate_smpp_bind_failures_total", "Binds of gateways that were refused."),
    gauge("tollgate_smpp_connections", "Open connections of gateways, bound or not."),
    counter(
        "tollgate_smpp_dropped_tlvs_total",
        "Optional parameters that could not be read and were left out.",
    ),
    counter("tollgate_smpp_malformed_pdus_total", "PDUs of gateways that could not be read."),
    gauge(
        "tollgate_storage_available",
        "1 while the books can be written, 0 while every message is refused.",
    ),
    counter("tollgate_storage_failures_total", "Writes of the books that failed."),
    seconds("tollgate_submit_duration_seconds", "Time from reading a message off the socket to its answer."),
    counter("tollgate_submits_total", "Messages of gateways, by outcome."),
    Description {
        name: "tollgate_tariff_applied_timestamp_seconds",
        kind: Kind::Gauge,
        unit: Unit::Seconds,
        help: "The time at which the configuration in force was applied, in seconds since 1970.",
    },
    gauge("tollgate_tariff_info", "Always 1; the label is the tariff version in force."),
    counter("tollgate_tariff_loads_total", "Loads of the configuration, by result."),
    counter(
        "tollgate_unknown_receipt_states_total",
        "Operators' receipts with an unknown word for the state.",
    ),
    gauge("tollgate_unknown_outcomes", "Messages that were sent and whose outcome is not known."),
    counter("tollgate_unmatched_receipts_total", "Operators' receipts that match no message."),
    gauge("tollgate_wallets", "Wallets of accounts."),
    gauge("tollgate_wallets_below_threshold", "Wallets whose balance is below their account's threshold."),
    counter("tollgate_webhooks_total", "Calls of webhooks, by outcome."),
    gauge("tollgate_window_requests", "Requests that all open binds together may have unanswered."),
];

/// Tells the recorder of this process about each of them.
pub fn describe() {
    for Description { name, kind, unit, help } in DESCRIPTIONS {
        match kind {
            Kind::Counter => describe_counter!(*name, *unit, *help),
            Kind::Gauge => describe_gauge!(*name, *unit, *help),
            Kind::Histogram => describe_histogram!(*name, *unit, *help),
        }
    }
}

/// The lines that stand before the series of a metric that is written by hand.
pub fn header(name: &str) -> String {
    let Some(Description { kind, help, .. }) = DESCRIPTIONS.iter().find(|known| known.name == name) else {
        return String::new();
    };
    let kind = match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    format!("# HELP {name} {help}\n# TYPE {name} {kind}\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The crates whose sources count something.
    const CRATES: [&str; 7] = ["smpp", "storage", "provisioning", "api", "relay", "management", "daemon"];

    /// A text of this form that is no metric: the name of a cookie.
    const NO_METRIC: &str = "tollgate_session";

    fn names_in(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                names_in(&path, names);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("descriptions.rs")
            {
                let source = fs::read_to_string(&path).unwrap();
                let literals = source.split('"').filter(|text| text.starts_with("tollgate_"));
                let is_name = |text: &&str| text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
                names.extend(literals.filter(is_name).map(ToOwned::to_owned));
            }
        }
    }

    #[test]
    fn every_metric_is_described_and_no_other() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut counted = BTreeSet::new();
        for name in CRATES {
            names_in(&root.join(name).join("src"), &mut counted);
        }
        assert!(counted.remove(NO_METRIC), "there is such a text");
        let described: BTreeSet<String> = DESCRIPTIONS.iter().map(|known| known.name.to_owned()).collect();
        let missing: Vec<_> = counted.difference(&described).collect();
        assert!(missing.is_empty(), "{missing:?} have no description");
        let unused: Vec<_> = described.difference(&counted).collect();
        assert!(unused.is_empty(), "{unused:?} are counted nowhere");
        assert_eq!(described.len(), DESCRIPTIONS.len(), "one description each");
    }

    #[test]
    fn names_say_the_kind_and_the_unit() {
        for Description { name, kind, unit, help } in DESCRIPTIONS {
            assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert_eq!(*unit == Unit::Seconds, name.ends_with("_seconds"), "{name}");
            assert!(help.ends_with('.') && !help.contains(['\n', '\\']), "{name}: {help}");
        }
    }
}
