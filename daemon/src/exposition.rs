//! The metrics as Prometheus reads them.
//!
//! The metrics crate keeps a series for as long as the process lives. What belongs to an operator that is no longer there is left
//! out here, so that no alert goes on about it; should the operator come back, its counters go on where they were.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use tollgate_relay::clients::OpenBinds;
use tollgate_relay::metrics::{Metrics, descriptions};
use tollgate_relay::snapshot::Snapshot;

/// The label whose value is an operator's code.
const OPERATOR_LABEL: &str = "operator=\"";

/// Accounts that have a series of their own, so that there are few of them however many accounts there are.
const ACCOUNTS_MAX: usize = 10;

/// Every metric, in Prometheus' text format.
pub fn text(
    handle: &PrometheusHandle,
    metrics: &Metrics,
    snapshot: &Snapshot,
    open_binds: &OpenBinds,
) -> String {
    let in_force = |code: &str| {
        let mut queues = snapshot.operator_queues.iter();
        queues.any(|queue| &*queue.code == code && queue.setup.load().is_some())
    };
    let mut text = without_removed(&handle.render(), in_force);
    text.push_str(&metrics.render());
    text.push_str(&metrics.submit_seconds.render("tollgate_submit_duration_seconds"));
    // Written here, as a gauge of the metrics crate would keep a series for every version there ever was.
    text.push_str(&descriptions::header("tollgate_tariff_info"));
    // Writing to a String cannot fail.
    let _ = writeln!(text, "tollgate_tariff_info{{version=\"{}\"}} 1", snapshot.tables.version);
    let accounts: BTreeSet<_> = open_binds.all().into_iter().map(|(_, bind)| bind.account).collect();
    let held = |id: Arc<str>| Some((snapshot.by_account(&id)?.runtime.held.octets(), id));
    push_held(&mut text, accounts.into_iter().filter_map(held).collect());
    text
}

/// The octets that the binds of these accounts hold: in all, and of each of those that hold most.
fn push_held(text: &mut String, mut held: Vec<(usize, Arc<str>)>) {
    let sum: usize = held.iter().map(|(octets, _)| octets).sum();
    text.push_str(&descriptions::header("tollgate_held_bytes"));
    let _ = writeln!(text, "tollgate_held_bytes {sum}");
    held.retain(|(octets, _)| *octets > 0);
    held.sort_unstable_by(|one, other| other.cmp(one));
    held.truncate(ACCOUNTS_MAX);
    if !held.is_empty() {
        text.push_str(&descriptions::header("tollgate_account_held_bytes"));
    }
    for (octets, id) in held {
        let id = id.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = writeln!(text, "tollgate_account_held_bytes{{account=\"{id}\"}} {octets}");
    }
}

/// The text without series of operators that are not in force, and without the headers of metrics that have no other.
fn without_removed(text: &str, in_force: impl Fn(&str) -> bool) -> String {
    let (mut kept, mut header) = (String::with_capacity(text.len()), String::new());
    for line in text.lines() {
        if line.starts_with("# HELP") {
            header.clear();
        }
        if line.starts_with('#') {
            push_line(&mut header, line);
        } else if !line.is_empty() && operator_of(line).is_none_or(&in_force) {
            kept.push_str(&header);
            header.clear();
            push_line(&mut kept, line);
        }
    }
    kept
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// The code of the operator that a series belongs to. Codes have no character that would be escaped in a label.
fn operator_of(line: &str) -> Option<&str> {
    let (before, label) = line.split_once(OPERATOR_LABEL)?;
    let is_whole_name = before.ends_with(['{', ',']);
    label.split_once('"').filter(|_| is_whole_name).map(|(code, _)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP a_total Of operators.\n# TYPE a_total counter\na_total{operator=\"alpha\",kind=\"x\"} 1\n\
        a_total{kind=\"x\",operator=\"beta\"} 2\n\n# HELP b Of beta.\n# TYPE b gauge\nb{operator=\"beta\"} 3\n\n\
        # HELP c Of all.\n# TYPE c gauge\nc 4\nc{co_operator=\"beta\"} 5\n\n";

    #[test]
    fn series_of_operators_that_are_gone_are_left_out_with_their_headers() {
        let kept = "# HELP a_total Of operators.\n# TYPE a_total counter\na_total{operator=\"alpha\",kind=\"x\"} 1\n\
            # HELP c Of all.\n# TYPE c gauge\nc 4\nc{co_operator=\"beta\"} 5\n";
        assert_eq!(without_removed(TEXT, |code| code == "alpha"), kept);
    }

    #[test]
    fn few_accounts_have_a_series_of_their_own() {
        let mut text = String::new();
        let ids = (0..100_u32).map(|number| (number as usize * 3, format!("a{number}").into()));
        push_held(&mut text, ids.chain([(999, "a\"b\\".into())]).collect());
        assert!(text.contains("\ntollgate_held_bytes 15849\n"), "{text}");
        let of_accounts: Vec<&str> =
            text.lines().filter(|line| line.starts_with("tollgate_account_held_bytes{")).collect();
        assert_eq!(of_accounts.len(), ACCOUNTS_MAX);
        assert_eq!(
            of_accounts[..2],
            [
                "tollgate_account_held_bytes{account=\"a\\\"b\\\\\"} 999",
                "tollgate_account_held_bytes{account=\"a99\"} 297"
            ]
        );
        let mut text = String::new();
        push_held(&mut text, vec![(0, "idle".into())]);
        assert!(!text.contains("account_held_bytes"), "{text}");
    }

    #[test]
    fn nothing_else_is_left_out() {
        let lines = |text: &str| text.lines().filter(|line| !line.is_empty()).count();
        assert_eq!(lines(&without_removed(TEXT, |_| true)), lines(TEXT));
    }
}
