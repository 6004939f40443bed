//! The files in `ops/` fit the daemon as it is: every metric exists, every runbook is there.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{Write, pipe};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::api::{Api, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::metrics::{Scrape, get, until_count};
use crate::support::operator::{self, Operator};
use crate::support::peer::tools;
use crate::support::sandbox::{Finished, Sandbox, repository};
use crate::support::smpp::{
    BIND_TRANSCEIVER, BUSINESS_1, Connection, ESME_RINVDSTADR, ESME_RINVPASWD, ESME_ROK, Login, Message,
};
use crate::support::wait::eventually;
use crate::support::webhook::Webhook;
use serde_json::{Value, json};

/// Suffixes that follow the name of a histogram in its series.
const HISTOGRAM_SUFFIXES: [&str; 3] = ["_bucket", "_sum", "_count"];

/// A port where nobody listens.
const NOBODY: u16 = 1;

/// Metrics with a label that is not known before the first event: a status, a state, a currency; and a histogram, which begins
/// with its first value. Nobody asks for their increase from zero, and they are looked for in the sources.
const FROM_THE_FIRST_EVENT: [&str; 6] = [
    "tollgate_account_held_bytes",
    "tollgate_api_request_duration_seconds",
    "tollgate_operator_cost_micros_total",
    "tollgate_operator_errors_total",
    "tollgate_operator_messages_refused_total",
    "tollgate_operator_receipts_total",
];

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every expression and query of the dashboard.
fn dashboard_queries() -> String {
    let dashboard: Value = serde_json::from_str(&read("ops/grafana/tollgate.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let expressions = targets.map(|target| target["expr"].as_str().expect("an expression").to_owned());
    let variables = dashboard["templating"]["list"].as_array().expect("variables").iter();
    let queries = variables.filter_map(|variable| variable["query"]["query"].as_str()).map(ToOwned::to_owned);
    expressions.chain(queries).collect::<Vec<_>>().join("\n")
}

/// Names of metrics that a text speaks of.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let names = words.filter(|word| word.starts_with("tollgate_"));
    names
        .map(|name| {
            HISTOGRAM_SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name).to_owned()
        })
        .collect()
}

/// The files that operations reads.
fn documents() -> Vec<String> {
    let runbooks = fs::read_dir(repository().join("ops/runbooks")).expect("runbooks");
    let runbook = |name: &OsStr| format!("ops/runbooks/{}", name.to_str().expect("a name in UTF-8"));
    let runbooks = runbooks.map(|entry| runbook(&entry.expect("runbooks can be listed").file_name()));
    ["README.md", "ops/README.md", "docs/operators.md"]
        .map(ToOwned::to_owned)
        .into_iter()
        .chain(runbooks)
        .collect()
}

/// Every document of the repository that may link to another.
fn every_document() -> Vec<String> {
    let folders = ["", ".github/", "config/", "docs/", "examples/", "ops/", "ops/runbooks/"];
    let in_folder = |folder: &str| -> Vec<String> {
        let files =
            fs::read_dir(repository().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let names =
            files.map(|file| file.expect("a file").file_name().into_string().expect("a name in UTF-8"));
        names
            .filter(|name| Path::new(name).extension().is_some_and(|kind| kind == "md"))
            .map(|name| format!("{folder}{name}"))
            .collect()
    };
    folders.into_iter().flat_map(in_folder).collect()
}

/// A scrape of a daemon that has just started with an operator that is not there, before any message. Some gauges are
/// brought up to date once a second.
fn fresh_scrape() -> Scrape {
    let sandbox = operator::sandbox(&[Operator::new("alpha", NOBODY)]);
    until_count(&sandbox.start(), "tollgate_wallets", 1)
}

#[test]
fn alerts_and_dashboard_use_metrics_that_are_exported_from_the_start() {
    // A counter that is first seen at 1 never increased, so that no alert on its increase would fire.
    let scrape = fresh_scrape();
    let mut exported: BTreeSet<String> = scrape.names().into_iter().map(ToOwned::to_owned).collect();
    exported.extend(FROM_THE_FIRST_EVENT.map(ToOwned::to_owned));
    let dashboard = metrics_in(&dashboard_queries());
    for (place, used) in
        [("alerts.yml", metrics_in(&read("ops/prometheus/alerts.yml"))), ("dashboard", dashboard.clone())]
    {
        assert!(used.len() > 10, "{place} uses metrics");
        let unknown: Vec<_> = used.difference(&exported).collect();
        assert!(unknown.is_empty(), "{place} uses {unknown:?}, which is not exported");
    }
    let ours: BTreeSet<String> = exported.into_iter().filter(|name| name.starts_with("tollgate_")).collect();
    let unseen: Vec<_> = ours.difference(&dashboard).collect();
    assert!(unseen.is_empty(), "no panel shows {unseen:?}");
}

#[test]
fn documents_speak_of_metrics_that_are_exported() {
    let scrape = fresh_scrape();
    let exported: BTreeSet<String> =
        scrape.names().into_iter().chain(FROM_THE_FIRST_EVENT).map(ToOwned::to_owned).collect();
    for document in documents() {
        let unknown: Vec<_> = metrics_in(&read(&document)).difference(&exported).cloned().collect();
        assert!(unknown.is_empty(), "{document} speaks of {unknown:?}, which is not exported");
    }
}

#[test]
fn metrics_of_later_are_in_the_sources() {
    let files = [
        "api/src/metrics.rs",
        "daemon/src/exposition.rs",
        "relay/src/delivery/metrics.rs",
        "relay/src/operators/receipts_in.rs",
    ];
    let sources = files.map(read).concat();
    let scrape = fresh_scrape();
    for metric in FROM_THE_FIRST_EVENT {
        assert!(sources.contains(&format!("\"{metric}\"")), "{metric} is counted");
        assert!(!scrape.names().contains(&metric), "{metric} is exported from the start");
    }
}

#[test]
fn label_values_in_alerts_are_exported_from_the_start() {
    let scrape = fresh_scrape();
    let alerts = read("ops/prometheus/alerts.yml");
    let mut selectors = 0;
    for label in ["outcome", "reason", "result", "mode"] {
        for (_, rest) in alerts.match_indices(&format!("{label}=\"")).map(|(at, _)| alerts.split_at(at)) {
            let selector = &rest[..=rest.match_indices('"').nth(1).expect("a closing quote").0];
            assert!(scrape.text.contains(selector), "no series has {selector}");
            selectors += 1;
        }
    }
    assert!(selectors > 0, "alerts select by label");
}

#[test]
fn histograms_have_buckets() {
    let scrape = fresh_scrape();
    for histogram in ["submit_duration_seconds", "commit_batch_messages", "commit_duration_seconds"] {
        let line = format!("# TYPE tollgate_{histogram} histogram");
        assert!(scrape.text.contains(&line), "{line:?} is not in {}", scrape.text);
    }
}

#[test]
fn promtool_finds_nothing_to_say_about_a_scrape() {
    let sandbox = operator::sandbox(&[Operator::new("alpha", NOBODY)]);
    let (daemon, api) = start_with_admin(&sandbox);
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    connection.submit(&Message::to("254722000001"));
    api.get("/v1/accounts").expect(200);
    let scrape = until_count(&daemon, "tollgate_wallets", 1);
    let program = tools().join("promtool");
    let program = if program.is_file() { program } else { "promtool".into() };
    let (reader, mut writer) = pipe().expect("a pipe");
    let mut promtool = Command::new(program);
    let child =
        promtool.args(["check", "metrics"]).stdin(reader).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().expect("`ops/setup.sh test` installs promtool");
    drop(promtool);
    writer.write_all(scrape.text.as_bytes()).expect("promtool reads");
    drop(writer);
    let checked = Finished::from(child.wait_with_output().expect("promtool ends"));
    assert_eq!((checked.code, &*checked.stdout, &*checked.stderr), (Some(0), "", ""), "{}", scrape.text);
}

#[test]
fn series_of_an_operator_go_with_it_and_come_back_with_it() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let gone = json!({
        "code": "gone", "name": "Gone", "country": "UZ", "currency": "USD", "price_per_sms": "0.01",
        "smpp_config": { "host": "127.0.0.1", "port": NOBODY, "system_id": "tollgate", "password": "hunter22" },
    });
    let series = "tollgate_operator_link_failures_total{operator=\"gone\"}";
    api.post("/v1/operators", &gone).expect(201);
    let failures = until_count(&daemon, series, 1).count(series);
    api.delete("/v1/operators/gone").expect(204);
    assert!(!Scrape::of(&daemon).text.contains("gone"), "{}", Scrape::of(&daemon).text);
    api.post("/v1/operators", &gone).expect(201);
    until_count(&daemon, series, failures + 1);
}

/// Waits until a series has this value.
fn until_told(daemon: &Daemon, series: &str, count: u64) {
    let told = || (Scrape::of(daemon).count(series) == count).then_some(());
    eventually(&format!("{series} to be {count}"), told);
}

#[test]
fn metrics_count_what_happens() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    assert_eq!(connection.submit(&Message::to("254722000001")).status, ESME_ROK);
    assert_eq!(connection.submit(&Message::to("2109999999")).status, ESME_RINVDSTADR);
    let stranger = Login { password: "secret02", ..BUSINESS_1 };
    assert_eq!(Connection::open(daemon.smpp).bind(BIND_TRANSCEIVER, stranger).status, ESME_RINVPASWD);

    for (series, count) in [
        ("tollgate_submits_total{outcome=\"charged\"}", 1),
        ("tollgate_submits_total{outcome=\"refused\"}", 1),
        ("tollgate_refusals_total{reason=\"unknown_destination\"}", 1),
        ("tollgate_segments_total", 1),
        ("tollgate_revenue_micros_total{currency=\"USD\"}", 20_000),
        ("tollgate_submit_duration_seconds_count", 1),
        ("tollgate_commit_batch_messages_sum", 1),
        ("tollgate_binds{mode=\"transceiver\"}", 1),
        ("tollgate_window_requests", 1_000),
        ("tollgate_inflight_requests", 0),
        ("tollgate_commit_queue_messages", 0),
        ("tollgate_storage_available", 1),
        ("tollgate_wallets", 2),
        ("tollgate_wallets_below_threshold", 0),
        ("tollgate_smpp_bind_failures_total", 1),
    ] {
        until_told(&daemon, series, count);
    }
    assert_eq!(Scrape::of(&daemon).in_force("tollgate_build_info"), env!("CARGO_PKG_VERSION"));
}

#[test]
fn metrics_count_what_the_api_is_asked() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    let route = "route=\"/v1/accounts/{id}\",method=\"GET\"";
    let scrape = Scrape::of(&daemon);
    let fault = format!("tollgate_api_requests_total{{{route},status=\"500\"}} 0\n");
    assert!(scrape.text.contains(&fault), "faults are counted from zero");
    let notes = scrape.count("tollgate_api_audit_notes_total");
    assert!(notes >= 1, "the log-in is noted");

    for number in 0..3 {
        admin.get(&format!("/v1/accounts/nobody_{number}")).expect(404);
    }
    Api::anonymous(&daemon).get("/v1/accounts/nobody").expect(401);
    admin.send("BREW", "/v1/accounts/nobody", None).expect(405);
    admin.get("/v1/nobody").expect(404);
    let guess = json!({ "email": "nobody@example.com", "password": "wrong horse 7 staple" });
    for _ in 0..5 {
        Api::anonymous(&daemon).post("/v1/auth/login", &guess).expect(401);
    }
    for (series, count) in [
        (&*format!("tollgate_api_requests_total{{{route},status=\"404\"}}"), 3),
        (&*format!("tollgate_api_requests_total{{{route},status=\"401\"}}"), 1),
        ("tollgate_api_requests_total{route=\"/v1/accounts/{id}\",method=\"other\",status=\"405\"}", 1),
        ("tollgate_api_requests_total{route=\"none\",method=\"GET\",status=\"404\"}", 1),
        ("tollgate_api_request_duration_seconds_count{route=\"/v1/accounts/{id}\"}", 5),
        ("tollgate_api_password_checks_total{outcome=\"granted\"}", 1),
        ("tollgate_api_password_checks_total{outcome=\"refused\"}", 4),
        ("tollgate_api_password_checks_total{outcome=\"locked\"}", 1),
        ("tollgate_api_audit_notes_total", notes),
    ] {
        until_told(&daemon, series, count);
    }
    assert!(!Scrape::of(&daemon).text.contains("nobody"), "what somebody asks for is no label");
}

#[test]
fn metrics_count_alerts_mails_and_webhooks() {
    let hook = Webhook::start();
    hook.answer_next(&["500 No"]);
    let sandbox = Sandbox::new();
    sandbox.set("webhooks", "allowed_networks = [\"127.0.0.0/8\"]");
    let (daemon, admin) = start_with_admin(&sandbox);
    let settings = json!({
        "email": "owner@example.com", "low_balance_threshold": "5.00", "alert_webhook_url": hook.url("/"),
    });
    let poor = json!({ "id": "poor", "plan": "starter", "opening_balance": "1.00", "settings": settings });
    admin.post("/v1/accounts", &poor).expect(201);
    for (series, count) in [
        ("tollgate_webhooks_total{outcome=\"delivered\"}", 1),
        ("tollgate_webhooks_total{outcome=\"failed\"}", 1),
        ("tollgate_webhooks_total{outcome=\"given_up\"}", 0),
        ("tollgate_alerts_open{kind=\"low_balance\"}", 1),
        ("tollgate_alerts_open{kind=\"overage\"}", 0),
        ("tollgate_mails_total{outcome=\"sent\"}", 1),
        ("tollgate_jobs_waiting{kind=\"email\"}", 0),
        ("tollgate_jobs_waiting{kind=\"webhook\"}", 0),
    ] {
        until_told(&daemon, series, count);
    }
}

#[test]
fn health_and_readiness_are_served() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    assert_eq!(get(daemon.http, "/healthz").0, 200);
    assert_eq!(get(daemon.http, "/readyz").0, 200);
    assert_eq!(get(daemon.http, "/nothing").0, 404);
}

#[test]
fn every_alert_names_a_runbook_that_names_it() {
    let alerts = read("ops/prometheus/alerts.yml");
    let value = |line: &str, key: &str| line.trim().strip_prefix(key).map(ToOwned::to_owned);
    let names: Vec<String> = alerts.lines().filter_map(|line| value(line, "- alert: ")).collect();
    let runbooks: Vec<String> = alerts.lines().filter_map(|line| value(line, "runbook: ")).collect();
    assert_eq!(runbooks.len(), names.len(), "one for each alert");
    for (name, runbook) in names.iter().zip(runbooks) {
        let text = read(&runbook);
        assert!(text.starts_with("# "), "{runbook} has a title");
        assert!(text.contains(name.as_str()), "{runbook} speaks of {name}");
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut links = 0;
    for document in every_document() {
        let folder = Path::new(&document).parent().expect("a file's folder");
        for link in read(&document).split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                assert!(repository().join(folder).join(target).exists(), "{document} links to {target}");
                links += 1;
            }
        }
    }
    assert!(links > 50, "{links} links");
}
