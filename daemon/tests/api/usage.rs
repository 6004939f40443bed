//! Usage over HTTP, held against the CDRs: what the counters say is what counting every message says.

use std::collections::BTreeMap;

use crate::support::api::{Api, start_with_admin};
use crate::support::books::micros;
use crate::support::esme::Esme;
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes::{self, Outcome};
use crate::support::receipts::{DELIVERED, UNDELIVERABLE, in_both};
use crate::support::sm::Sm;
use crate::support::smpp::{BUSINESS_1, BUSINESS_2};
use crate::support::smsc::{Reply, Smsc};
use crate::support::wait::eventually;
use serde_json::{Value, json};

const ESME_RINVDSTADR: u32 = 0x0B;

/// Safaricom and Airtel of Kenya, and one of Uganda.
const NETWORKS: [&str; 3] = ["254722", "254733", "256772"];

/// Refuses numbers that end in 9, and knows each other message by its destination.
fn operator() -> Smsc {
    Smsc::start_with(0, |message| {
        let digits = message.destination.digits.as_str();
        Some(if digits.ends_with('9') {
            Reply::Refuse(ESME_RINVDSTADR)
        } else {
            Reply::Accept(digits.into())
        })
    })
}

/// Counters as a scan of CDRs has them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    sent: u64,
    delivered: u64,
    failed: u64,
    pending: u64,
    segments: u64,
    cost_micros: i64,
    operator_cost_micros: i64,
}

impl Counted {
    fn add(&mut self, outcome: &Outcome) {
        let refunded = outcome.column("refunded");
        let is_refunded = !refunded.is_empty() && micros(refunded) > 0;
        self.sent += 1;
        self.delivered += u64::from(outcome.state() == "delivered");
        self.failed += u64::from(["undeliverable", "rejected"].contains(&outcome.state()));
        self.pending += u64::from(outcome.state() == "enroute");
        if !is_refunded {
            self.segments += outcome.column("segments").parse::<u64>().expect("a number");
        }
        self.cost_micros += outcome.price_micros() - if is_refunded { micros(refunded) } else { 0 };
        let cost = outcome.column("cost");
        self.operator_cost_micros += if cost.is_empty() { 0 } else { micros(cost) };
    }

    /// As the API says it.
    fn of(json: &Value, prefix: &str) -> Self {
        let count = |name: &str| {
            json[format!("{prefix}{name}")].as_u64().unwrap_or_else(|| panic!("{name} in {json}"))
        };
        let total = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}{name}") };
        Self {
            sent: count("messages_sent"),
            delivered: count("messages_delivered"),
            failed: count("messages_failed"),
            pending: count("messages_pending"),
            segments: count("segments"),
            cost_micros: micros(json[total("cost")].as_str().expect("a cost")),
            operator_cost_micros: json["operator_cost"].as_str().map_or(0, micros),
        }
    }

    fn without_operator_cost(self) -> Self {
        Self { operator_cost_micros: 0, ..self }
    }
}

fn counted<'a>(
    outcomes: impl Iterator<Item = &'a Outcome>,
    by: impl Fn(&Outcome) -> String,
) -> BTreeMap<String, Counted> {
    let mut counted: BTreeMap<String, Counted> = BTreeMap::new();
    for outcome in outcomes {
        counted.entry(by(outcome)).or_default().add(outcome);
    }
    counted
}

fn said(list: &Value, by: impl Fn(&Value) -> String) -> BTreeMap<String, Counted> {
    list.as_array().expect("a list").iter().map(|one| (by(one), Counted::of(one, ""))).collect()
}

fn text(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

/// Messages of several networks, lengths and outcomes; every third is never settled.
fn send(gateway: &Esme, operator: &Smsc) -> Vec<String> {
    let long = "x".repeat(200);
    let messages: Vec<Sm> = (0..60)
        .map(|at| {
            let message = Sm::to(&format!("{}{:06}", NETWORKS[at % 3], at));
            if at % 7 == 0 { message.text(&long[..120 + at]) } else { message }
        })
        .collect();
    let ids = gateway.accepted_all(&messages);
    let refused = messages.iter().filter(|message| message.destination.digits.ends_with('9')).count();
    let settled = messages.len() - refused;
    for (at, message) in operator.until_seen(messages.len()).iter().enumerate() {
        let digits = &message.destination.digits;
        if digits.ends_with('9') || digits.ends_with('4') {
            continue;
        }
        let state = if at % 2 == 0 { DELIVERED } else { UNDELIVERABLE };
        assert_eq!(operator.deliver(&in_both(message, digits, state)), 0);
    }
    let left = messages.iter().filter(|message| message.destination.digits.ends_with('4')).count();
    eventually("the receipts", || (gateway.receipts().len() >= settled + refused - left).then_some(()));
    ids
}

fn usage(api: &Api, account: &str, query: &str) -> Value {
    api.get(&format!("/v1/accounts/{account}/usage?{query}")).expect(200).json
}

#[test]
fn usage_is_what_a_scan_of_the_cdrs_counts() {
    let smsc = operator();
    let sandbox = sandbox(&[Operator::new("hand", smsc.port())]);
    sandbox.replace("plans.toml", "name = \"starter\"", "name = \"starter\"\nrefund_on = [\"undelivered\"]");
    let (daemon, api) = start_with_admin(&sandbox);
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let ids = send(&gateway, &smsc);
    // Somebody else's, which must not show.
    Esme::transceiver(daemon.smpp, BUSINESS_2).accepted(&Sm::to("254722999994"));

    let month = usage(&api, BUSINESS_1.system_id, "daily=true");
    let today = usage(&api, BUSINESS_1.system_id, "period=today");
    let list = api.get("/v1/usage?period=this_month").expect(200).json;
    drop(gateway);
    daemon.stop();
    let outcomes = outcomes::balanced(&sandbox);
    let own = || outcomes.values().filter(|outcome| outcome.column("account") == BUSINESS_1.system_id);
    assert_eq!(own().count(), ids.len());

    let mut total = Counted::default();
    own().for_each(|outcome| total.add(outcome));
    assert!(total.delivered > 0 && total.failed > 0 && total.pending > 0 && total.cost_micros > 0);
    let total = total.without_operator_cost();
    assert_eq!(Counted::of(&month, "total_"), total);
    assert_eq!(Counted::of(&today, "total_"), total, "unless it was just midnight in Nairobi");
    let rate = u64::try_from(month["success_rate"].as_str().map(micros).expect("a rate")).unwrap();
    assert_eq!((rate * total.sent + 500_000) / 1_000_000, total.delivered * 100);
    let average = micros(month["average_cost_per_message"].as_str().expect("an average"));
    let sent = i64::try_from(total.sent).unwrap();
    assert!((average * sent - total.cost_micros).abs() * 2 <= sent, "rounded to the nearest millionth");

    let networks = counted(own(), |one| format!("{}/{}", one.column("mcc"), one.column("mnc")));
    let networks: BTreeMap<_, _> =
        networks.into_iter().map(|(network, counted)| (network, counted.without_operator_cost())).collect();
    assert_eq!(networks.len(), 3);
    assert_eq!(
        said(&month["network_usage"], |one| format!("{}/{}", text(&one["mcc"]), text(&one["mnc"]))),
        networks
    );
    let countries = counted(own(), |one| one.column("country").to_owned());
    let countries: BTreeMap<_, _> =
        countries.into_iter().map(|(country, counted)| (country, counted.without_operator_cost())).collect();
    assert_eq!(said(&month["country_usage"], |one| text(&one["country_name"])), countries);
    let asked = own().filter(|one| !one.column("operator_code").is_empty());
    let operators = counted(asked, |one| one.column("operator_code").to_owned());
    assert!(operators["hand"].operator_cost_micros > 0);
    assert_eq!(said(&month["operator_usage"], |one| text(&one["operator"])), operators);
    let margin = micros(month["operator_usage"][0]["margin"].as_str().expect("a margin"));
    assert_eq!(margin, operators["hand"].cost_micros - operators["hand"].operator_cost_micros);

    let days = month["daily_usage"].as_array().expect("days");
    assert!((28..=31).contains(&days.len()));
    let sum: u64 = days.iter().map(|day| day["messages_sent"].as_u64().unwrap()).sum();
    assert_eq!(sum, total.sent);
    let in_list = |account: &str| {
        list["items"].as_array().unwrap().iter().find(|one| one["account"] == account).cloned()
    };
    assert_eq!(Counted::of(&in_list("biz_test_001").unwrap(), ""), total);
    assert_eq!(in_list("biz_test_002").unwrap()["messages_sent"], 1);
}

#[test]
fn a_range_reaches_outwards_to_quarters_of_an_hour() {
    let smsc = operator();
    let sandbox = sandbox(&[Operator::new("hand", smsc.port())]);
    let (daemon, api) = start_with_admin(&sandbox);
    let now = jiff::Timestamp::now();
    Esme::transceiver(daemon.smpp, BUSINESS_1).accepted(&Sm::to("254722000004"));
    let range = |from: jiff::Timestamp, to: jiff::Timestamp| format!("period=range&from={from}&to={to}");
    let hour = jiff::SignedDuration::from_hours(1);
    let found = usage(&api, "biz_test_001", &range(now, now + hour));
    assert_eq!(found["total_messages_sent"], 1);
    let from: jiff::Timestamp = found["from"].as_str().unwrap().parse().unwrap();
    assert!(from <= now && from.as_second() % 900 == 0);
    assert_eq!(usage(&api, "biz_test_001", &range(now - hour - hour, now - hour))["total_messages_sent"], 0);

    for query in [
        "period=range",
        "period=today&from=2026-01-01",
        "period=range&from=2026-01-02&to=2026-01-01",
        "period=range&from=2020-01-01&to=2026-01-01",
        "period=range&from=0001-01-01&to=9999-01-01",
    ] {
        let answer = api.get(&format!("/v1/accounts/biz_test_001/usage?{query}"));
        assert!([400, 422].contains(&answer.status), "{query}: {}", answer.json);
        let answer = api.get(&format!("/v1/usage?{query}"));
        assert!([400, 422].contains(&answer.status), "{query}: {}", answer.json);
    }
    assert_eq!(api.get("/v1/accounts/biz_test_001/usage?period=never").expect(400).code(), "invalid_request");
    api.get("/v1/accounts/nobody/usage").expect(404);
}

#[test]
fn a_customer_sees_its_own_usage_and_no_costs_of_operators() {
    let smsc = operator();
    let sandbox = sandbox(&[Operator::new("hand", smsc.port())]);
    let (daemon, api) = start_with_admin(&sandbox);
    Esme::transceiver(daemon.smpp, BUSINESS_1).accepted(&Sm::to("254722000004"));
    let body = json!({ "name": "own", "scopes": ["billing:read"], "account": "biz_test_001" });
    let key = api.post("/v1/api-keys", &body).expect(201).json;
    let customer = api.with_token(key["key"].as_str().expect("the key"));
    let month = eventually("the operator to have it", || {
        let month = usage(&customer, "biz_test_001", "");
        (month["operator_usage"][0]["operator"] == "hand").then_some(month)
    });
    assert!(month["operator_usage"][0].get("operator_cost").is_none());
    assert!(month["operator_usage"][0].get("margin").is_none());
    customer.get("/v1/accounts/biz_test_002/usage").expect(404);
}

/// Networks of one country have numbers of others, and some numbers have a country and no network.
#[test]
fn the_country_is_that_of_the_number_in_usage_cdrs_and_invoices_alike() {
    const JERSEY: [&str; 2] = ["447700300123", "441534700123"];
    let others =
        ["447781100123", "447911123456", "16715550123", "12125550123", "262639000123", "77011234567"];
    let sandbox = crate::support::sandbox::Sandbox::new();
    sandbox.replace("accounts.toml", "plan = \"starter\"", "plan = \"starter\"\nnumber_lengths = \"warn\"");
    let (daemon, api) = start_with_admin(&sandbox);
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    for number in JERSEY.iter().chain(&others) {
        gateway.accepted(&Sm::to(number));
    }
    let account = BUSINESS_1.system_id;
    let counts = |list: &Value, name: &str, count: &str| {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for one in list.as_array().expect("a list") {
            let country = one.pointer(name).map(text).expect("a country");
            *counts.entry(country).or_default() +=
                one.pointer(count).map_or(1, |count| count.as_u64().unwrap());
        }
        counts
    };
    let cdrs = api.get(&format!("/v1/cdrs?account={account}&limit=100")).expect(200).json;
    let of_cdrs = counts(&cdrs["items"], "/network/country", "/none");
    assert_eq!(of_cdrs.get("JE"), Some(&2), "{of_cdrs:?}");
    assert!(of_cdrs.len() >= 5, "{of_cdrs:?}");
    for cdr in cdrs["items"].as_array().unwrap() {
        let explained = api.get(&format!("/v1/cdrs/{}/explain", text(&cdr["message_id"]))).expect(200).json;
        assert_eq!(explained["network"]["country"], cdr["network"]["country"], "{explained}");
    }
    let month = usage(&api, account, "");
    assert_eq!(counts(&month["country_usage"], "/country_code", "/messages_sent"), of_cdrs);
    assert_eq!(counts(&month["network_usage"], "/country_code", "/messages_sent"), of_cdrs);
    let jersey = month["country_usage"].as_array().unwrap().iter().find(|one| one["country_code"] == "JE");
    assert!(text(&jersey.unwrap()["country_name"]).starts_with("Jersey"), "{month}");
    let until = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string();
    let draft = json!({ "account": account, "period_start": "2026-01-01T00:00:00Z", "period_end": until });
    let invoice = api.post("/v1/invoices", &draft).expect(201).json;
    assert_eq!(counts(&invoice["line_items"], "/details/country_code", "/details/messages"), of_cdrs);
    // The same once the counts are in their rows, and after a start.
    drop(gateway);
    daemon.stop();
    let daemon = sandbox.start();
    let again = usage(&api.at_daemon(&daemon), account, "");
    assert_eq!(counts(&again["country_usage"], "/country_code", "/messages_sent"), of_cdrs);
    daemon.stop();
    outcomes::balanced(&sandbox);
}
