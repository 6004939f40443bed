//! Money over HTTP while messages are charged over SMPP: top-ups, adjustments, and the ledger that adds up at every instant.

use std::collections::HashSet;
use std::thread;

use crate::support::api::{Api, start_with_admin};
use crate::support::books::{self, micros};
use crate::support::gateway::{Control, Gateway};
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{BUSINESS_1, BUSINESS_2, Connection, ESME_ROK, ESME_RSUBMITFAIL, Login, Message};
use crate::support::wait::eventually;
use serde_json::{Value, json};

const POOR: Login = Login { system_id: "poor", password: "secret01" };
const KENYA: &str = "254722000001";

fn balance(api: &Api, account: &str) -> i64 {
    let answer = api.get(&format!("/v1/accounts/{account}/balance")).expect(200);
    micros(answer.json["balance"].as_str().expect("a balance"))
}

fn top_up(api: &Api, account: &str, amount: &str) -> Value {
    let body = json!({ "amount": amount, "reference": "paid" });
    api.post(&format!("/v1/accounts/{account}/topups"), &body).expect(201).json
}

/// Every transaction of an account, page by page, and how many pages that took.
fn all(api: &Api, account: &str, query: &str) -> (Vec<Value>, usize) {
    let (mut items, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let path = format!("/v1/accounts/{account}/transactions?limit=7{query}{cursor}");
        let page = api.get(&path).expect(200).json;
        pages += 1;
        items.extend(page["items"].as_array().expect("items").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (items, pages),
        }
    }
}

fn sum(transactions: &[Value]) -> i64 {
    transactions.iter().map(|one| micros(one["amount"].as_str().expect("an amount"))).sum()
}

#[test]
fn a_top_up_is_spent_by_the_next_message() {
    let sandbox = Sandbox::new();
    sandbox.add_account(POOR.system_id, "plan = \"starter\"\nopening_balance = \"0.00\"");
    let (daemon, api) = start_with_admin(&sandbox);
    let mut gateway = Connection::bound(daemon.smpp, POOR);
    assert_eq!(gateway.submit(&Message::to(KENYA)).status, ESME_RSUBMITFAIL);
    let posted = api
        .post(
            "/v1/accounts/poor/topups",
            &json!({
                "amount": 0.05, "reference": "INV-1", "details": "by bank", "metadata": { "bank": "KCB" },
            }),
        )
        .expect(201);
    let (id, location) = (posted.json["id"].as_str().unwrap(), posted.header("location").unwrap());
    assert_eq!(location, format!("/v1/accounts/poor/transactions/{id}"));
    assert_eq!(api.get(location).expect(200).json, posted.json);
    let expected = json!({
        "id": id, "account": "poor", "kind": "top_up", "amount": "0.05", "currency": "USD", "status": "completed",
        "reference": "INV-1", "details": "by bank", "metadata": { "bank": "KCB" },
        "actor": format!("user:{}", crate::support::api::ADMIN_EMAIL), "at": posted.json["at"], "balance_after": "0.05",
        "message_id": null, "sent_by": null, "units": null, "commission": null,
    });
    assert_eq!(posted.json, expected);
    let statuses = [(); 3].map(|()| gateway.submit(&Message::to(KENYA)).status);
    assert_eq!(statuses, [ESME_ROK, ESME_ROK, ESME_RSUBMITFAIL], "two at 0.02, and 0.01 is left");
    assert_eq!(balance(&api, "poor"), 10_000);
    drop(gateway);
    daemon.stop();
    books::balanced(&sandbox);
}

#[test]
fn an_account_that_is_refused_leaves_no_opening_balance() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let with = |opening: &str, settings: Value| json!({ "id": "new", "plan": "starter", "opening_balance": opening, "settings": settings });
    // The first is found when the record is read, the second when it is put beside the tariff.
    let wrong = [
        json!({ "alert_webhook_url": "nowhere" }),
        json!({ "rates": [{ "mcc": "639", "mnc": "02", "price": "-1" }] }),
    ];
    for settings in wrong {
        let refused = api.post("/v1/accounts", &with("10.00", settings));
        assert!((400..500).contains(&refused.status), "{}", refused.json);
    }
    api.post("/v1/accounts", &with("1000.00", json!({}))).expect(201);
    assert_eq!(balance(&api, "new"), 1_000_000_000);
    let entries = all(&api, "new", "").0;
    assert_eq!((entries.len(), sum(&entries)), (1, 1_000_000_000));
    daemon.stop();
    books::balanced(&sandbox);
}

#[test]
fn money_comes_in_while_messages_are_charged() {
    const TOP_UPS: i64 = 40;
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let control = Control::default();
    let ids = thread::scope(|scope| {
        let logins = [BUSINESS_1, BUSINESS_1, BUSINESS_2];
        let gateways = logins.map(|login| Gateway { login, burst: 20 }.spawn(scope, daemon.smpp, &control));
        let running = control.running();
        eventually("the load to be under way", || (control.accepted() > 500).then_some(()));
        let ids: HashSet<String> = (0..TOP_UPS)
            .map(|_| top_up(&api, BUSINESS_1.system_id, "1.50")["id"].as_str().unwrap().to_owned())
            .collect();
        let taken = json!({ "amount": "-2.5", "reason": "a fee" });
        api.post("/v1/accounts/biz_test_001/adjustments", &taken).expect(201);
        drop(running);
        for gateway in gateways {
            gateway.join().expect("the gateway ends");
        }
        ids
    });
    assert_eq!(ids.len(), 40, "every top-up is one of its own");
    let left = balance(&api, BUSINESS_1.system_id);
    daemon.stop();
    let cdrs = books::balanced(&sandbox);
    let of_account = cdrs.iter().filter(|cdr| cdr.account == BUSINESS_1.system_id);
    let spent: i64 = of_account.map(books::Cdr::net_micros).sum();
    assert!(spent > 0);
    assert_eq!(left, 1_000_000_000 + TOP_UPS * 1_500_000 - 2_500_000 - spent);
}

#[test]
fn the_sum_of_the_transactions_is_the_balance_at_every_instant() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
    let mut submit = |count: usize| {
        for _ in 0..count {
            assert_eq!(gateway.submit(&Message::to(KENYA)).status, ESME_ROK);
        }
    };
    submit(12);
    let instant = top_up(&api, "biz_test_001", "10")["at"].as_str().unwrap().to_owned();
    submit(9);
    let adjustment = json!({ "amount": "-0.000001", "reason": "rounding", "reference": "R-1" });
    let adjusted = api.post("/v1/accounts/biz_test_001/adjustments", &adjustment).expect(201).json;
    assert_eq!((&adjusted["details"], &adjusted["reference"]), (&json!("rounding"), &json!("R-1")));

    let (transactions, pages) = all(&api, "biz_test_001", "");
    assert_eq!((transactions.len(), pages), (24, 4));
    assert_eq!(sum(&transactions), balance(&api, "biz_test_001"));
    let ids: Vec<u64> = transactions.iter().map(|one| one["id"].as_str().unwrap().parse().unwrap()).collect();
    assert!(ids.is_sorted_by(|newer, older| newer > older), "the newest first");
    for one in &transactions {
        let path = format!("/v1/accounts/biz_test_001/transactions/{}", one["id"].as_str().unwrap());
        assert_eq!(api.get(&path).expect(200).json, *one);
    }
    let kinds = |kind: &str| transactions.iter().filter(|one| one["kind"] == kind).count();
    assert_eq!(["sms_debit", "top_up", "adjustment", "opening_balance"].map(kinds), [21, 1, 1, 1]);

    let (debits, _) = all(&api, "biz_test_001", "&kind=sms_debit");
    assert_eq!((debits.len(), sum(&debits)), (21, -420_000));
    assert_eq!(debits[0]["message_id"], debits[0]["id"]);
    assert_eq!(all(&api, "biz_test_001", "&min_amount=0").0.len(), 2);
    assert_eq!(all(&api, "biz_test_001", "&max_amount=-0.02&kind=adjustment").0.len(), 0);
    let (before, _) = all(&api, "biz_test_001", &format!("&to={instant}"));
    let (since, _) = all(&api, "biz_test_001", &format!("&from={instant}"));
    assert_eq!((before.len(), since.len()), (13, 11), "the top-up is the first that is not before itself");
    let past = api.get(&format!("/v1/accounts/biz_test_001/balance?at={instant}")).expect(200).json;
    assert_eq!(micros(past["balance"].as_str().unwrap()), sum(&before));
    assert_eq!(past["low"], Value::Null);
    let nothing = api.get("/v1/accounts/biz_test_001/balance?at=2020-01-01").expect(200).json;
    assert_eq!(nothing["balance"], "0.00");
    api.get("/v1/accounts/biz_test_001/balance?at=2999-01-01").expect(422);

    let wallet = api.get("/v1/accounts/biz_test_001/wallet").expect(200).json;
    assert_eq!((&wallet["segments_this_month"], &wallet["status"]), (&json!(21), &json!("active")));
    assert_eq!(wallet["low_balance_threshold"], "50.00");
    drop(gateway);
    daemon.stop();
    books::balanced(&sandbox);
}

#[test]
fn one_key_is_one_posting_and_no_adjustment_overspends() {
    let sandbox = Sandbox::new();
    sandbox.add_account(
        POOR.system_id,
        "plan = \"starter\"\nopening_balance = \"1.00\"\ncredit_limit = \"0.50\"",
    );
    let (daemon, api) = start_with_admin(&sandbox);
    let path = "/v1/accounts/poor/adjustments";
    let everything = json!({ "amount": "-1.50", "reason": "all of it" });
    // Each of them would find nothing left, were it not that all are one.
    let answers = thread::scope(|scope| {
        let ask = || api.header("Idempotency-Key", "k-1").post(path, &everything);
        let askers: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        askers.into_iter().map(|asker| asker.join().unwrap()).collect::<Vec<_>>()
    });
    for answer in &answers {
        assert_eq!((answer.status, &answer.json), (201, &answers[0].json));
    }
    assert_eq!(balance(&api, "poor"), -500_000);
    let again = json!({ "amount": "-0.000001", "reason": "a millionth more" });
    assert_eq!(api.header("Idempotency-Key", "k-1").post(path, &again).expect(409).code(), "key_reused");
    assert_eq!(api.post(path, &again).expect(402).code(), "insufficient_funds");
    // The same key of another path is another request.
    let topup = json!({ "amount": "1.50", "reference": "all of it" });
    let other = api.header("Idempotency-Key", "k-1").post("/v1/accounts/poor/topups", &topup);
    assert_eq!(other.expect(409).code(), "key_reused");
    for (field, body) in [
        ("amount", json!({ "amount": "0", "reference": "x" })),
        ("amount", json!({ "amount": "-1", "reference": "x" })),
        ("reference", json!({ "amount": "1", "reference": "" })),
        ("metadata", json!({ "amount": "1", "reference": "x", "metadata": { "a": "b".repeat(5_000) } })),
    ] {
        let refused = api.post("/v1/accounts/poor/topups", &body).expect(422);
        assert_eq!(refused.json["errors"][0]["field"], field);
    }
    api.post("/v1/accounts/nobody/topups", &topup).expect(404);
    assert_eq!(all(&api, "poor", "").0.len(), 2, "the opening balance and one adjustment");
    daemon.stop();
    books::balanced(&sandbox);
}
