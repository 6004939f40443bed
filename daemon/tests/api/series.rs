//! Time series over HTTP, held against the CDRs, and who sees what of them.

use std::collections::BTreeMap;

use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::books::micros;
use crate::support::esme::Esme;
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes::{self, Outcome};
use crate::support::receipts::{DELIVERED, UNDELIVERABLE, in_both};
use crate::support::sandbox::Sandbox;
use crate::support::sm::Sm;
use crate::support::smpp::{BUSINESS_1, BUSINESS_2};
use crate::support::smsc::{Reply as Answer, Smsc};
use crate::support::wait::eventually;
use serde_json::{Value, json};

const ESME_RINVDSTADR: u32 = 0x0B;
const COUNTS: &str = "messages,segments,accepted,delivered,failed,pending,spend,refunded,revenue,cost,margin";
/// Those that are kept by operator and plan.
const COUNTS_OF_HOUSE: &str = "messages,segments,accepted,delivered,failed,pending,revenue,cost,margin";

/// Refuses numbers that end in 9, and knows each other message by its destination.
fn operator() -> Smsc {
    Smsc::start_with(0, |message| {
        let digits = message.destination.digits.as_str();
        Some(if digits.ends_with('9') {
            Answer::Refuse(ESME_RINVDSTADR)
        } else {
            Answer::Accept(digits.into())
        })
    })
}

/// Figures as a scan of CDRs has them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    messages: i64,
    segments: i64,
    delivered: i64,
    failed: i64,
    pending: i64,
    spend_micros: i64,
    refunded_micros: i64,
    cost_micros: i64,
}

impl Counted {
    fn add(&mut self, outcome: &Outcome) {
        let amount = |column: &str| {
            let text = outcome.column(column);
            if text.is_empty() { 0 } else { micros(text) }
        };
        let refunded = amount("refunded");
        self.messages += 1;
        self.delivered += i64::from(outcome.state() == "delivered");
        self.failed += i64::from(["undeliverable", "rejected"].contains(&outcome.state()));
        self.pending += i64::from(outcome.state() == "enroute");
        if refunded == 0 {
            self.segments += outcome.column("segments").parse::<i64>().expect("a number");
        }
        self.spend_micros += outcome.price_micros() - refunded;
        self.refunded_micros += refunded;
        self.cost_micros += amount("cost");
    }

    fn of(figures: &Value) -> Self {
        let count = |name: &str| figures[name].as_i64().unwrap_or_else(|| panic!("{name} in {figures}"));
        let money = figures["money"].as_array().expect("amounts");
        let sum = |name: &str| money.iter().filter_map(|one| one[name].as_str()).map(micros).sum();
        // Where nobody resells, accounts pay what the house is paid.
        let paid = if money.iter().all(|one| one["spend"].is_null()) { "revenue" } else { "spend" };
        Self {
            messages: count("messages"),
            segments: count("segments"),
            delivered: count("delivered"),
            failed: count("failed"),
            pending: count("pending"),
            spend_micros: sum(paid),
            refunded_micros: sum("refunded"),
            cost_micros: sum("converted_cost"),
        }
    }
}

fn counted(
    outcomes: &BTreeMap<String, Outcome>,
    by: impl Fn(&Outcome) -> String,
) -> BTreeMap<String, Counted> {
    let mut counted: BTreeMap<String, Counted> = BTreeMap::new();
    for outcome in outcomes.values() {
        counted.entry(by(outcome)).or_default().add(outcome);
    }
    counted.remove("");
    counted
}

fn series(api: &Api, query: &str) -> Value {
    let series = api.get(&format!("/v1/series?{query}")).expect(200).json;
    adds_up(&series);
    series
}

/// Every group has a point for each step, without a gap, and its totals; groups add up to the totals.
fn adds_up(series: &Value) {
    let groups = series["groups"].as_array().expect("groups");
    let ends = |at: &Value| at.as_str().expect("an instant").parse::<jiff::Timestamp>().expect("an instant");
    let seconds = match series["step"].as_str() {
        Some("minute") => 60,
        Some("hour") => 3_600,
        _ => 86_400,
    };
    let (from, to) = (ends(&series["from"]), ends(&series["to"]));
    let steps = (to.as_second() - from.as_second()) / seconds;
    for group in groups {
        let points = group["points"].as_array().expect("points");
        assert_eq!(i64::try_from(points.len()).unwrap(), steps);
        for (at, point) in points.iter().enumerate() {
            assert_eq!(
                ends(&point["at"]).as_second(),
                from.as_second() + i64::try_from(at).unwrap() * seconds
            );
        }
        let sum: u64 = points.iter().filter_map(|point| point["messages"].as_u64()).sum();
        assert_eq!(sum, group["totals"]["messages"].as_u64().unwrap_or(0));
    }
    if series["by"] != "operator" {
        let sum: u64 = groups.iter().filter_map(|group| group["totals"]["messages"].as_u64()).sum();
        assert_eq!(sum, series["totals"]["messages"].as_u64().unwrap_or(0));
    }
}

fn by_key(series: &Value) -> BTreeMap<String, Counted> {
    let groups = series["groups"].as_array().expect("groups").iter();
    groups.map(|group| (group["key"].as_str().unwrap().to_owned(), Counted::of(&group["totals"]))).collect()
}

#[test]
fn series_are_what_a_scan_of_the_cdrs_counts() {
    let smsc = operator();
    let sandbox = sandbox(&[Operator::new("hand", smsc.port())]);
    sandbox.replace("plans.toml", "name = \"starter\"", "name = \"starter\"\nrefund_on = [\"undelivered\"]");
    let (daemon, api) = start_with_admin(&sandbox);
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let long = "x".repeat(200);
    let messages: Vec<Sm> = (0..30)
        .map(|at| {
            let message = Sm::to(&format!("{}{:06}", ["254722", "254733", "256772"][at % 3], at));
            if at % 7 == 0 { message.text(&long) } else { message }
        })
        .collect();
    gateway.accepted_all(&messages);
    Esme::transceiver(daemon.smpp, BUSINESS_2).accepted(&Sm::to("254722999994"));
    let (mut refused, mut left) = (0, 0);
    for (at, message) in smsc.until_seen(messages.len() + 1).iter().enumerate() {
        let digits = &message.destination.digits;
        match digits.as_bytes().last() {
            Some(b'9') => refused += 1,
            Some(b'4') => left += 1,
            _ => {
                let state = if at % 2 == 0 { DELIVERED } else { UNDELIVERABLE };
                assert_eq!(smsc.deliver(&in_both(message, digits, state)), 0);
            }
        }
    }
    assert!(refused > 0 && left > 0);
    let ended = messages.len() + 1 - left;
    eventually("the receipts", || (gateway.receipts().len() >= ended).then_some(()));

    let queries = [
        ("country", COUNTS),
        ("network", COUNTS),
        ("account", COUNTS),
        ("plan", COUNTS_OF_HOUSE),
        ("operator", COUNTS_OF_HOUSE),
    ]
    .map(|(by, counts)| (by, format!("measure={counts}&by={by}&step=minute")));
    let live: Vec<_> = queries.iter().map(|(_, query)| by_key(&series(&api, query))).collect();
    let whole = series(&api, &format!("measure={COUNTS}&step=day"));
    let rates = series(&api, "measure=delivery_rate,acceptance_latency,delivery_latency");
    drop(gateway);
    daemon.stop();
    let outcomes = outcomes::balanced(&sandbox);
    let columns: [fn(&Outcome) -> String; 5] = [
        |one| one.column("country").to_owned(),
        |one| format!("{}/{}", one.column("mcc"), one.column("mnc")),
        |one| one.column("account").to_owned(),
        |one| one.column("plan").to_owned(),
        |one| one.column("operator_code").to_owned(),
    ];
    let mut scanned: Vec<_> = columns.iter().map(|column| counted(&outcomes, column)).collect();
    for row in scanned[3..].iter_mut().flat_map(BTreeMap::values_mut) {
        row.refunded_micros = 0; // not kept by operator and plan
    }
    // Exports have names of countries, series their codes.
    let named = |name: &str| if name == "Kenya" { "KE" } else { "UG" }.to_owned();
    scanned[0] = std::mem::take(&mut scanned[0]).into_iter().map(|(name, row)| (named(&name), row)).collect();
    assert_eq!(live, scanned);
    let mut total = Counted::default();
    for outcome in outcomes.values() {
        total.add(outcome);
    }
    assert_eq!(Counted::of(&whole["totals"]), total);
    let money = &whole["totals"]["money"];
    let sum = |name: &str| -> i64 {
        money.as_array().unwrap().iter().filter_map(|one| one[name].as_str()).map(micros).sum()
    };
    assert_eq!(sum("revenue"), total.spend_micros);
    assert_eq!(whole["totals"]["margin_unknown"], 0);
    assert_eq!(sum("margin"), total.spend_micros - total.cost_micros);
    let percent = rates["totals"]["delivery_rate"].as_str().map(micros).expect("a rate");
    let expected = 100_000_000 * total.delivered / (total.delivered + total.failed);
    assert!((percent - expected).abs() <= 5_000, "{percent} {expected}");
    for (latency, messages) in [("acceptance_latency", total.messages), ("delivery_latency", total.delivered)]
    {
        let told = &rates["totals"][latency];
        assert!(told["messages"].as_i64().unwrap() <= messages && told["p50_ms"].is_u64(), "{told}");
    }

    // The same from the rows, after two more starts, of which the first takes the open cells into them.
    for _ in 0..2 {
        let daemon = sandbox.start();
        let api = api.at_daemon(&daemon);
        let again: Vec<_> = queries.iter().map(|(_, query)| by_key(&series(&api, query))).collect();
        assert_eq!(again, scanned);
        daemon.stop();
        outcomes::balanced(&sandbox);
    }
}

#[test]
fn refusals_are_told_by_reason_and_account() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    for _ in 0..3 {
        assert_ne!(gateway.submit(&Sm::to("999999999999")).status, 0);
    }
    gateway.accepted(&Sm::to("254722000001"));
    let told = series(&api, "measure=refusals&by=reason&step=minute");
    assert_eq!(told["totals"]["refusals"], 3, "what was refused before is in the answer");
    assert_eq!(told["groups"][0]["key"], "unknown_destination");
    let told = series(&api, "measure=messages,refusals&by=account");
    assert_eq!(told["groups"][0]["key"], "biz_test_001");
    assert_eq!(told["groups"][0]["totals"], json!({ "messages": 1, "refusals": 3 }));
    assert_eq!(series(&api, "measure=refusals&account=biz_test_002")["totals"]["refusals"], 0);
    let refused = api.get("/v1/series?measure=refusals&by=country").expect(422).json;
    assert_eq!(refused["errors"][0]["field"], "measure");
    drop(gateway);
    // A stop loses none.
    daemon.stop();
    let daemon = sandbox.start();
    let told = series(&api.at_daemon(&daemon), "measure=refusals&by=account");
    assert_eq!(told["totals"]["refusals"], 3);
}

#[test]
fn the_rest_is_one_group_and_what_is_too_much_is_refused() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    for to in ["254722000001", "254722000002", "256772000001", "447700300123"] {
        gateway.accepted(&Sm::to(to));
    }
    let told = series(&api, "measure=messages&by=country&top=1");
    let groups = told["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!((&groups[0]["key"], &groups[0]["totals"]["messages"]), (&json!("KE"), &json!(2)));
    assert_eq!((&groups[1]["is_other"], &groups[1]["totals"]["messages"]), (&json!(true), &json!(2)));
    for (query, field) in [
        ("step=minute&from=2026-11-01&to=2026-11-21", "from"),
        ("by=country&step=minute&from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z&top=50", "top"),
        ("by=country&top=0", "top"),
        ("top=5", "top"),
        ("from=2026-11-02&to=2026-11-01", "to"),
        ("time_zone=Mars/Base", "time_zone"),
        ("step=day&time_zone=Asia/Kathmandu", "time_zone"),
        ("country=kenya", "country"),
        ("network=639x", "network"),
        ("operator=nobody", "operator"),
        ("country=KE&network=639/02", "network"),
        ("by=country&plan=starter", "by"),
        ("by=plan&account=biz_test_001", "by"),
        ("by=reason", "by"),
        ("by=operator&measure=messages,spend", "measure"),
        ("plan=starter&measure=refunded", "measure"),
    ] {
        let answer = api.get(&format!("/v1/series?{query}")).expect(422);
        assert_eq!(answer.json["errors"][0]["field"], field, "{query}: {}", answer.json);
    }
    for query in ["measure=profit", "measure=", "measure=messages,messages", "by=weekday", "step=year", "x=1"]
    {
        api.get(&format!("/v1/series?{query}")).expect(400);
    }
    api.get("/v1/series?account=nobody").expect(404);
    let nairobi = series(&api, "step=hour&account=biz_test_001&network=639/02");
    assert_eq!(nairobi["totals"]["messages"], 2);
    let days = api.get("/v1/series?step=day&time_zone=Africa/Nairobi").expect(200).json;
    assert!(days["to"].as_str().unwrap().contains("T21:00:00"), "{days}");
    assert_eq!(days["totals"]["messages"], 4);
    drop(gateway);
}

fn key(api: &Api, account: &str, include_subtree: bool) -> Api {
    let body = json!({ "name": "own", "scopes": ["billing:read"], "account": account,
        "include_subtree": include_subtree });
    let key = api.post("/v1/api-keys", &body).expect(201).json;
    api.with_token(key["key"].as_str().expect("the key"))
}

#[test]
fn customers_see_their_own_and_no_costs() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    for gateway in [BUSINESS_1, BUSINESS_2] {
        Esme::transceiver(daemon.smpp, gateway).accepted(&Sm::to("254722000001"));
    }
    assert_eq!(series(&api, "measure=messages")["totals"]["messages"], 2);
    let customer = key(&api, "biz_test_001", false);
    let told = series(&customer, "measure=messages,spend,revenue&by=network");
    assert_eq!(told["totals"]["messages"], 1);
    let money = &told["totals"]["money"][0];
    assert_eq!(money["spend"], money["revenue"]);
    assert!(
        money.get("cost").is_none() && money.get("margin").is_none() && told["groups"][0]["key"].is_string()
    );
    let forbidden = |query: &str| -> Reply { customer.get(&format!("/v1/series?{query}")).expect(403) };
    for query in
        ["measure=cost", "measure=messages,margin", "by=operator", "by=plan", "operator=hand", "plan=starter"]
    {
        forbidden(query);
    }
    customer.get("/v1/series?account=biz_test_002").expect(404);
}
