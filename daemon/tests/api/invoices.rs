//! Invoices over HTTP: the ledger to the last millionth, rounded once; numbered without gaps when they are sent, and fixed from
//! then on.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::books::micros;
use crate::support::esme::Esme;
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::receipts::{DELIVERED, UNDELIVERABLE, in_both};
use crate::support::sandbox::Sandbox;
use crate::support::sm::Sm;
use crate::support::smpp::{BUSINESS_1, CANCEL_SM, ESME_ROK};
use crate::support::smsc::{Reply as Answer, Smsc};
use crate::support::wait::eventually;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const ACCOUNT: &str = "biz_test_001";
const ESME_RINVDSTADR: u32 = 0x0B;
/// The minor unit of the account's currency in millionths.
const CENT: i64 = 10_000;
/// Safaricom and Airtel of Kenya.
const NETWORKS: [&str; 2] = ["254722", "254733"];

fn draft(api: &Api, account: &str, from: &str, to: &str) -> Reply {
    api.post("/v1/invoices", &json!({ "account": account, "period_start": from, "period_end": to }))
}

fn money(json: &Value) -> i64 {
    micros(json.as_str().unwrap_or_else(|| panic!("{json} is an amount")))
}

fn balance_at(api: &Api, at: &str) -> i64 {
    money(&api.get(&format!("/v1/accounts/{ACCOUNT}/balance?at={at}")).expect(200).json["balance"])
}

/// An instant that everything until now lies before, and everything from now on behind.
fn instant() -> String {
    let at = Timestamp::now() + SignedDuration::from_millis(2);
    eventually("the clock to move on", || (Timestamp::now() > at).then_some(()));
    at.to_string()
}

fn number(at: usize) -> String {
    format!("{}{at:06}", NETWORKS[at % 2])
}

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

/// Sends receipts for those messages whose destinations end so.
fn settle(smsc: &Smsc, messages: &[Sm], last_digit: char, state: u8) {
    for message in messages.iter().filter(|message| message.destination.digits.ends_with(last_digit)) {
        let digits = &message.destination.digits;
        assert_eq!(smsc.deliver(&in_both(message, digits, state)), 0, "the receipt for {digits}");
    }
}

/// Checks that an invoice adds up within itself, and gives the exact sum of the ledger.
fn checked(invoice: &Value) -> i64 {
    let lines = invoice["line_items"].as_array().expect("lines");
    for line in lines {
        let (total, quantity) = (money(&line["total"]), line["quantity"].as_i64().expect("a quantity"));
        let unit = money(&line["unit_price"]);
        assert!((unit * quantity - total).abs() * 2 <= CENT, "{line}");
        assert_eq!(total % CENT, 0, "{line}");
        if line["category"] == "sms" {
            assert_eq!(line["details"]["is_refund"], unit < 0, "{line}");
        } else {
            assert_eq!(line["category"], "rounding");
        }
    }
    let sum: i64 = lines.iter().map(|line| money(&line["total"])).sum();
    assert_eq!(sum, money(&invoice["total_amount"]), "the lines are the total");
    let exact = money(&invoice["exact_amount"]);
    assert!((exact - sum).abs() * 2 <= CENT, "{sum} is {exact}, rounded");
    exact
}

#[test]
fn consecutive_invoices_are_what_the_ledger_says() {
    let smsc = operator();
    let sandbox = sandbox(&[Operator::new("hand", smsc.port())]);
    sandbox.replace("plans.toml", "name = \"starter\"", "name = \"starter\"\ncharge_on = \"delivery\"");
    let start = instant();
    let (daemon, api) = start_with_admin(&sandbox);
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let opening = instant();

    // Charged in the first period; given back in the second, some of them.
    let messages: Vec<Sm> = (0..40).map(|at| Sm::to(&number(at)).text(&"x".repeat(20 + 5 * at))).collect();
    let ids = gateway.accepted_all(&messages);
    let seen = smsc.until_seen(messages.len());
    settle(&smsc, &seen, '2', DELIVERED);
    eventually("refusals and the first receipts", || (gateway.receipts().len() == 8).then_some(()));
    let middle = instant();
    settle(&smsc, &seen, '4', UNDELIVERABLE);
    let later = Sm { schedule: "000000010000000R".to_owned(), ..Sm::to("254722777777") };
    let regretted = gateway.accepted(&later);
    assert_eq!(gateway.call(CANCEL_SM, cancel_body(&regretted, &later)).status, ESME_ROK);
    let more = gateway.accepted_all(&(100..110).map(|at| Sm::to(&number(at))).collect::<Vec<_>>());
    for id in [&ids[4], &ids[14], &ids[24], &ids[34], &more[9]] {
        gateway.receipt_of(id);
    }
    api.post(
        &format!("/v1/accounts/{ACCOUNT}/topups"),
        &json!({ "amount": "12.345678", "reference": "paid" }),
    )
    .expect(201);
    api.post(
        &format!("/v1/accounts/{ACCOUNT}/adjustments"),
        &json!({ "amount": "-0.000001", "reason": "test" }),
    )
    .expect(201);
    let end = instant();
    gateway.accepted(&Sm::to("254722888888"));
    let now = instant();

    let periods = [(&start, &opening), (&opening, &middle), (&middle, &end), (&end, &now)];
    let invoices = periods.map(|(from, to)| draft(&api, ACCOUNT, from, to).expect(201).json);
    let whole = draft(&api, ACCOUNT, &start, &now).expect(201).json;
    let totals = invoices.each_ref().map(checked);
    assert_eq!(totals[0], 0);
    assert!(totals.iter().skip(1).all(|total| *total != 0), "{totals:?}");
    assert_eq!(totals.iter().sum::<i64>(), checked(&whole), "periods that follow one another are everything");
    let payments = &invoices[2]["payments"];
    assert_eq!((money(&payments["top_ups"]), money(&payments["adjustments"])), (12_345_678, -1));
    assert_eq!(money(&invoices[0]["payments"]["top_ups"]), 1_000_000_000, "the opening balance");
    for ((from, to), invoice) in periods.iter().zip(&invoices) {
        let paid = money(&invoice["payments"]["top_ups"]) + money(&invoice["payments"]["adjustments"]);
        let moved = balance_at(&api, to) - balance_at(&api, from);
        assert_eq!(moved, paid - money(&invoice["exact_amount"]), "from {from} to {to}");
    }
    assert!(
        invoices[2]["line_items"].as_array().unwrap().iter().any(|line| line["details"]["is_refund"] == true)
    );
    assert_eq!(invoices[1]["tariff_versions"].as_array().unwrap().len(), 1);
    drop(gateway);
    daemon.stop();

    is_what_the_cdrs_say(&sandbox, &whole);
}

/// Holds an invoice of everything against the CDRs of the books.
fn is_what_the_cdrs_say(sandbox: &Sandbox, whole: &Value) {
    let outcomes = outcomes::balanced(sandbox);
    let own = || outcomes.values().filter(|outcome| outcome.column("account") == ACCOUNT);
    let mut charged: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for outcome in own() {
        let of = charged.entry(outcome.column("mnc").to_owned()).or_default();
        of.0 += outcome.price_micros();
        of.1 += outcome.column("segments").parse::<i64>().unwrap();
    }
    let lines = whole["line_items"].as_array().unwrap();
    let mut said: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for line in lines.iter().filter(|line| line["details"]["is_refund"] == false && line["category"] == "sms")
    {
        let of = said.entry(line["details"]["mnc"].as_str().unwrap().to_owned()).or_default();
        let quantity = line["quantity"].as_i64().unwrap();
        of.0 += money(&line["unit_price"]) * quantity;
        of.1 += quantity;
    }
    assert_eq!(said, charged);
    let refunded: i64 = own().map(|outcome| micros_or_zero(outcome.column("refunded"))).sum();
    let back: i64 = lines
        .iter()
        .filter(|line| line["details"]["is_refund"] == true)
        .map(|line| money(&line["unit_price"]) * line["quantity"].as_i64().unwrap())
        .sum();
    assert!(refunded > 0);
    assert_eq!(back, -refunded);
}

fn micros_or_zero(text: &str) -> i64 {
    if text.is_empty() { 0 } else { micros(text) }
}

fn cancel_body(message_id: &str, message: &Sm) -> Vec<u8> {
    let mut body = vec![0];
    body.extend_from_slice(message_id.as_bytes());
    body.push(0);
    for party in [&message.source, &message.destination] {
        body.extend_from_slice(&[party.ton, party.npi]);
        body.extend_from_slice(party.digits.as_bytes());
        body.push(0);
    }
    body
}

#[test]
fn numbers_have_no_gap_whoever_asks_at_once() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let year = Timestamp::now().to_string()[..4].to_owned();
    // Twenty at once, of which pairs ask for the same period; some are deleted at once, and all others sent.
    let sent: Vec<Option<String>> = thread::scope(|scope| {
        let tasks: Vec<_> = (0..20)
            .map(|at| {
                let api = &api;
                scope.spawn(move || {
                    let day = 1 + at / 2;
                    let (from, to) = (format!("2026-01-{day:02}"), format!("2026-01-{:02}", day + 1));
                    let answer = draft(api, ACCOUNT, &from, &to);
                    if answer.status == 409 {
                        return None;
                    }
                    assert!([200, 201].contains(&answer.status), "{}", answer.json);
                    assert_eq!(answer.json["invoice_number"], Value::Null, "a draft has no number");
                    let path = format!("/v1/invoices/{}", answer.json["id"].as_str().expect("an id"));
                    if at % 5 == 4 {
                        let gone = api.delete(&path).status;
                        assert!([204, 404, 409].contains(&gone), "{gone}");
                    }
                    let sent = api.order(&format!("{path}/send"));
                    assert!([200, 404, 409].contains(&sent.status), "{}", sent.json);
                    sent.json["invoice_number"].as_str().map(ToOwned::to_owned)
                })
            })
            .collect();
        tasks.into_iter().map(|task| task.join().expect("no panic with it")).collect()
    });
    let numbers: BTreeSet<String> = sent.into_iter().flatten().collect();
    let expected: Vec<String> = (1..=numbers.len()).map(|at| format!("INV-{year}-{at:06}")).collect();
    assert!(numbers.len() >= 5, "{numbers:?}");
    assert_eq!(numbers.iter().cloned().collect::<Vec<_>>(), expected, "each once, and none is left out");

    daemon.stop();
    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    let new = draft(&api, "biz_test_002", "2026-01-01", "2026-01-02").expect(201);
    let id = new.json["id"].as_str().unwrap().to_owned();
    assert_eq!(new.header("location"), Some(format!("/v1/invoices/{id}").as_str()));
    let next = api.order(&format!("/v1/invoices/{id}/send")).expect(200).json;
    assert_eq!(next["invoice_number"], format!("INV-{year}-{:06}", numbers.len() + 1), "a restart counts on");
    assert_eq!(api.get(&format!("/v1/invoices/{id}")).expect(200).json, next, "its id still finds it");
    let refused = api.delete(&format!("/v1/invoices/{id}"));
    assert_eq!((refused.status, refused.code()), (409, "wrong_state"));

    // Page by page, the newest first, every number is there.
    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/v1/invoices?limit=4&status=sent{cursor}")).expect(200).json;
        let items = page["items"].as_array().expect("items");
        listed.extend(items.iter().map(|one| one["invoice_number"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let all: Vec<String> = (1..=numbers.len() + 1).rev().map(|at| format!("INV-{year}-{at:06}")).collect();
    assert_eq!(listed, all);
    let of_account =
        api.get(&format!("/v1/invoices?account={ACCOUNT}&from=2026-01-03&to=2026-01-05")).expect(200).json;
    let starts = of_account["items"].as_array().unwrap().iter();
    assert!(
        starts.map(|one| &one["period_start"].as_str().unwrap()[..10]).all(|day| [
            "2026-01-03",
            "2026-01-04"
        ]
        .contains(&day))
    );
}

/// The fields that must not change once an invoice is sent.
fn fixed(invoice: &Value) -> [Value; 7] {
    let names = [
        "line_items",
        "total_amount",
        "payments",
        "tariff_versions",
        "content_hash",
        "period_end",
        "issued_at",
    ];
    names.map(|name| invoice[name].clone())
}

#[test]
fn a_draft_is_brought_up_to_date_until_its_period_is_over() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let start = instant();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    gateway.accepted(&Sm::to("254722000001"));
    let end = (Timestamp::now() + SignedDuration::from_hours(1)).to_string();
    let first = draft(&api, ACCOUNT, &start, &end).expect(201).json;
    let path = format!("/v1/invoices/{}", first["id"].as_str().unwrap());
    gateway.accepted(&Sm::to("254722000001"));
    let second = draft(&api, ACCOUNT, &start, &end).expect(200).json;
    assert_eq!(second["id"], first["id"]);
    assert_eq!(money(&second["total_amount"]), 2 * money(&first["total_amount"]));
    assert_eq!(
        api.order(&format!("{path}/send")).expect(409).code(),
        "wrong_state",
        "its period is not over"
    );
}

#[test]
fn an_invoice_is_fixed_once_it_is_sent() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let start = instant();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    gateway.accepted(&Sm::to("254722000001"));
    let end = instant();
    let number = draft(&api, ACCOUNT, &start, &end).expect(201).json["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/invoices/{number}");
    let before = api.get(&path).expect(200);
    let stale = api.header("If-Match", "\"99\"");
    assert_eq!(stale.order(&format!("{path}/send")).expect(412).code(), "precondition_failed");
    assert_eq!(api.order(&format!("{path}/pay")).expect(409).code(), "wrong_state", "nobody owes a draft");
    let sent = api
        .header("If-Match", before.header("etag").unwrap())
        .order(&format!("{path}/send"))
        .expect(200)
        .json;
    assert_eq!(
        (sent["status"].as_str(), sent["content_hash"].as_str().map(str::len)),
        (Some("sent"), Some(64))
    );
    assert_eq!((&sent["amount_due"], &sent["due_at"]), (&json!("0.00"), &Value::Null), "the wallet has paid");

    gateway.accepted(&Sm::to("254722000001"));
    assert_eq!(draft(&api, ACCOUNT, &start, &end).expect(409).code(), "wrong_state");
    assert_eq!(api.order(&format!("{path}/send")).expect(409).code(), "wrong_state");
    assert_eq!(fixed(&api.get(&path).expect(200).json), fixed(&sent));
    let paid = api.post(&format!("{path}/pay"), &json!({ "reference": "bank 4711" })).expect(200).json;
    assert_eq!(
        (paid["status"].as_str(), paid["payment_reference"].as_str()),
        (Some("paid"), Some("bank 4711"))
    );
    assert_eq!(fixed(&paid), fixed(&sent));
    for (action, body) in [("pay", json!({})), ("send", json!({})), ("cancel", json!({ "reason": "no" }))] {
        assert_eq!(
            api.post(&format!("{path}/{action}"), &body).expect(409).code(),
            "wrong_state",
            "{action}"
        );
    }
    assert_eq!(
        api.post(&format!("{path}/cancel"), &json!({ "reason": "" })).expect(422).code(),
        "unprocessable"
    );
    drop(gateway);
    daemon.stop();
    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    assert_eq!(api.get(&path).expect(200).json, paid, "after a restart it says the same");
    assert_eq!(daemon.stop().matches("panicked").count(), 0);
}

#[test]
fn a_cancelled_invoice_makes_room_for_another_and_only_its_account_sees_it() {
    let sandbox = Sandbox::new();
    let (_daemon, api) = start_with_admin(&sandbox);
    let first = draft(&api, ACCOUNT, "2026-01-01", "2026-02-01").expect(201).json;
    let path = format!("/v1/invoices/{}", first["id"].as_str().unwrap());
    api.order(&format!("{path}/send")).expect(200);
    let cancelled = api.post(&format!("{path}/cancel"), &json!({ "reason": "wrong plan" })).expect(200).json;
    assert_eq!(
        (cancelled["status"].as_str(), cancelled["cancel_reason"].as_str()),
        (Some("cancelled"), Some("wrong plan"))
    );
    let second = draft(&api, ACCOUNT, "2026-01-01", "2026-02-01").expect(201).json;
    assert_ne!(second["id"], first["id"]);
    api.get(&path).expect(200);

    let key = |account: &str| {
        let body = json!({ "name": "own", "scopes": ["billing:read"], "account": account });
        api.with_token(api.post("/v1/api-keys", &body).expect(201).json["key"].as_str().unwrap())
    };
    let (own, other) = (key(ACCOUNT), key("biz_test_002"));
    assert_eq!(own.get("/v1/invoices").expect(200).json["items"].as_array().unwrap().len(), 2);
    own.get(&path).expect(200);
    assert_eq!(other.get("/v1/invoices").expect(200).json["items"].as_array().unwrap().len(), 0);
    other.get(&path).expect(404);
    other.get(&format!("/v1/invoices?account={ACCOUNT}")).expect(404);
    own.order(&format!("{path}/send")).expect(403);
    draft(&own, ACCOUNT, "2026-03-01", "2026-04-01").expect(403);
    for (from, to, status) in [
        ("2026-02-01", "2026-01-01", 422),
        ("2024-01-01", "2026-01-01", 422),
        ("2999-01-01", "2999-02-01", 422),
        ("soon", "2026-01-01", 400),
    ] {
        draft(&api, ACCOUNT, from, to).expect(status);
    }
    draft(&api, "nobody", "2026-01-01", "2026-02-01").expect(404);
}
