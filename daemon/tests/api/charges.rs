//! Charges over HTTP: what SMPP promises, without a bind; one space of keys for both; refunds; and quotes that agree.

use std::thread;

use crate::support::api::{Api, Reply, create_admin, start_with_admin};
use crate::support::books::{self, micros};
use crate::support::sandbox::{Sandbox, run};
use crate::support::smpp::{
    BUSINESS_1, Connection, ESME_RSUBMITFAIL, Login, Message, TLV_IDEMPOTENCY_KEY, TLV_PRICE,
    TLV_PRICE_REQUEST,
};
use serde_json::{Value, json};

const KENYA: &str = "254722000001";
const POOR: Login = Login { system_id: "poor", password: "secret01" };

/// The text of [`Message::to`].
const TEXT: &str = "Your code is 493817";

fn body(to: &str) -> Value {
    json!({ "account": "biz_test_001", "to": to, "from": "Tollgate", "text": TEXT })
}

/// The body with these fields in place of its own.
fn with(fields: Value) -> Value {
    let mut body = body(KENYA);
    let Value::Object(fields) = fields else { panic!("{fields} are no fields") };
    body.as_object_mut().unwrap().extend(fields);
    body
}

fn charge(api: &Api, body: &Value) -> Reply {
    api.post("/v1/charges", body)
}

fn id_of(charge: &Value) -> &str {
    charge["message_id"].as_str().expect("a message id")
}

fn balance(api: &Api, account: &str) -> i64 {
    let answer = api.get(&format!("/v1/accounts/{account}/balance")).expect(200);
    micros(answer.json["balance"].as_str().expect("a balance"))
}

#[test]
fn a_charge_is_what_a_submit_is() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let over_http = charge(&api, &with(json!({ "dispatch_id": "sale", "user_sms_id": 7 }))).expect(201);
    let charged = &over_http.json;
    assert_eq!(over_http.header("location"), Some(format!("/v1/cdrs/{}", id_of(charged)).as_str()));
    for (field, expected) in [
        ("account", json!("biz_test_001")),
        ("destination", json!(KENYA)),
        ("price", json!("0.02")),
        ("currency", json!("USD")),
        ("balance", json!("999.98")),
        ("segments", json!(1)),
        ("dispatch_id", json!("sale")),
        ("user_sms_id", json!(7)),
    ] {
        assert_eq!(charged[field], expected, "{field}");
    }
    let network = &charged["network"];
    assert_eq!(
        (&network["mcc"], &network["mnc"], &network["country"]),
        (&json!("639"), &json!("02"), &json!("KE"))
    );
    let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
    let over_smpp = gateway.submit(&Message::to(KENYA).tlv(TLV_PRICE_REQUEST, "1"));
    assert_eq!(over_smpp.tlv(TLV_PRICE).as_deref(), charged["price"].as_str());
    let long = charge(&api, &with(json!({ "text": "я".repeat(300), "to": "0722000002" }))).expect(201).json;
    assert_eq!((&long["segments"], &long["destination"]), (&json!(5), &json!("254722000002")));
    let octets =
        charge(&api, &with(json!({ "text": null, "payload": "0001ff", "data_coding": 4 }))).expect(201);
    assert_eq!(octets.json["segments"], 1);
    drop(gateway);
    daemon.stop();
    let cdrs = books::by_id(books::balanced(&sandbox));
    assert_eq!(cdrs.len(), 4);
    let (one, other) = (&cdrs[id_of(charged)], &cdrs[&over_smpp.message_id()]);
    assert_eq!(
        (&one.price, &one.mnc, &one.source, one.segments),
        (&other.price, &other.mnc, &other.source, 1)
    );
    assert_eq!((one.dispatch_id.as_str(), cdrs[id_of(&long)].segments), ("sale", 5));
}

#[test]
fn a_refusal_has_its_name_and_costs_nothing() {
    let sandbox = Sandbox::new();
    sandbox.add_account(
        POOR.system_id,
        "plan = \"starter\"\nopening_balance = \"0.03\"\nsenders = [\"ACME\"]\nmax_binds = 1",
    );
    sandbox.add_account("stopped", "plan = \"starter\"\nsuspended = true");
    sandbox.add_account(
        "slow",
        "plan = \"starter\"\nopening_balance = \"1.00\"\nrate_limit = { per_second = 1, burst = 1 }",
    );
    let (daemon, api) = start_with_admin(&sandbox);
    let poor = |from: &str| with(json!({ "account": "poor", "from": from }));
    let gateway = Connection::bound(daemon.smpp, POOR);
    charge(&api, &poor("ACME")).expect(201);
    drop(gateway);
    for (status, code, body) in [
        (402, "insufficient_funds", poor("ACME")),
        (422, "sender_not_allowed", poor("Tollgate")),
        (403, "suspended", with(json!({ "account": "stopped" }))),
        (422, "unknown_destination", body("21000000001")),
        (422, "unknown_destination", body("no number")),
        (422, "too_long", with(json!({ "text": "a".repeat(50_000) }))),
        (422, "invalid_validity", with(json!({ "expires_at": "2020-01-01T00:00:00Z" }))),
        (404, "not_found", with(json!({ "account": "nobody" }))),
        (422, "unprocessable", with(json!({ "text": null }))),
        (422, "unprocessable", with(json!({ "payload": "00" }))),
        (422, "unprocessable", with(json!({ "priority": 4 }))),
        (422, "unprocessable", with(json!({ "scheduled_at": "2999-01-01" }))),
        (400, "invalid_request", with(json!({ "texts": "x" }))),
    ] {
        let refused = charge(&api, &body).expect(status);
        assert_eq!(refused.code(), code, "{}", refused.json);
    }
    let slow = with(json!({ "account": "slow" }));
    charge(&api, &slow).expect(201);
    let throttled = charge(&api, &slow).expect(429);
    assert_eq!((throttled.code(), throttled.header("retry-after")), ("throttled", Some("1")));
    assert_eq!(balance(&api, "poor"), 10_000);
    // A charge takes no place among the binds, and gives none back.
    let only = Connection::bound(daemon.smpp, POOR);
    let mut second = Connection::open(daemon.smpp);
    assert_ne!(second.bind(crate::support::smpp::BIND_TRANSCEIVER, POOR).status, 0);
    drop(only);
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len(), 2);
}

#[test]
fn a_key_is_one_message_over_http_and_smpp_and_across_a_crash() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let keyed = |api: &Api, key: &str, body: &Value| charge(&api.header("Idempotency-Key", key), body);
    let first = keyed(&api, "order-1", &body(KENYA)).expect(201);
    let second = keyed(&api, "order-1", &body(KENYA)).expect(201);
    assert_eq!(first.json, second.json);
    let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
    let message = |key: &str| Message::to(KENYA).tlv(TLV_IDEMPOTENCY_KEY, key);
    assert_eq!(gateway.submit(&message("order-1")).message_id(), id_of(&first.json));
    let by_smpp = gateway.submit(&message("order-2")).message_id();
    assert_eq!(id_of(&keyed(&api, "order-2", &body(KENYA)).expect(201).json), by_smpp);
    let other = with(json!({ "text": "another" }));
    assert_eq!(keyed(&api, "order-1", &other).expect(409).code(), "key_reused");
    assert_eq!(gateway.submit(&message("order-1").text("another")).status, ESME_RSUBMITFAIL);
    drop(gateway);
    daemon.kill();

    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    let after = keyed(&api, "order-1", &body(KENYA)).expect(201);
    assert_eq!(id_of(&after.json), id_of(&first.json));
    assert_eq!(keyed(&api, "order-1", &other).expect(409).code(), "key_reused");
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len(), 2);
}

#[test]
fn a_charge_is_given_back_once() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let charged = charge(&api, &body(KENYA)).expect(201).json;
    let path = format!("/v1/charges/{}/refund", id_of(&charged));
    let reason = json!({ "reason": "sent twice" });
    let keyed = api.header("Idempotency-Key", "refund-1");
    let answers = thread::scope(|scope| {
        let askers: Vec<_> = (0..8).map(|_| scope.spawn(|| keyed.post(&path, &reason))).collect();
        askers.into_iter().map(|asker| asker.join().unwrap().expect(200).json).collect::<Vec<_>>()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!((&answers[0]["amount"], &answers[0]["state"]), (&json!("0.02"), &json!("deleted")));
    assert_eq!(balance(&api, "biz_test_001"), 1_000_000_000);
    let again = api.post(&path, &reason).expect(409);
    assert_eq!(again.code(), "wrong_state");
    assert!(again.json["detail"].as_str().unwrap().contains("refunded already"), "{}", again.json);
    let other = json!({ "reason": "another reason" });
    assert_eq!(keyed.post(&path, &other).expect(409).code(), "key_reused");

    // Without a key as well, one of many is the one.
    let charged = charge(&api, &body(KENYA)).expect(201).json;
    let path = format!("/v1/charges/{}/refund", id_of(&charged));
    let statuses = thread::scope(|scope| {
        let askers: Vec<_> = (0..8).map(|_| scope.spawn(|| api.post(&path, &reason).status)).collect();
        askers.into_iter().map(|asker| asker.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 409)));
    api.post("/v1/charges/1/refund", &reason).expect(404);
    api.post("/v1/charges/x/refund", &reason).expect(404);
    let refunds = api.get("/v1/accounts/biz_test_001/transactions?kind=refund").expect(200).json;
    assert_eq!(refunds["items"].as_array().unwrap().len(), 2);
    assert_eq!(refunds["items"][0]["message_id"], charged["message_id"]);
    assert_eq!(balance(&api, "biz_test_001"), 1_000_000_000, "in memory as on disk");
    daemon.stop();
    assert!(books::balanced(&sandbox).iter().all(|cdr| cdr.net_micros() == 0));
}

/// Volumes, texts and destinations of every kind: what is quoted is what is charged.
#[test]
fn a_quote_is_what_is_charged_then() {
    let sandbox = Sandbox::new();
    sandbox.replace(
        "plans.toml",
        "  { from = 1, to = 1000 },\n  { from = 1001, to = 10000, discount_percent = \"5\" },",
        "  { from = 1, to = 7 },\n  { from = 8, to = 10000, discount_percent = \"5\" },",
    );
    let (daemon, api) = start_with_admin(&sandbox);
    for (at, to) in [KENYA, "254733000001", "33612345678", KENYA, KENYA].into_iter().enumerate() {
        let text = ["short", &"a".repeat(400), &"я".repeat(75)][at % 3].to_owned();
        let fields = json!({ "account": "biz_test_001", "to": to, "text": text });
        let quoted = api.post("/v1/quotes", &fields).expect(200).json;
        let charged = charge(&api, &fields).expect(201).json;
        for field in ["price", "currency", "tariff_version"] {
            assert_eq!(quoted[field], charged[field], "{field} of {to}");
        }
        assert_eq!(quoted["segments"]["count"], charged["segments"]);
        assert_eq!(quoted["postings"][0]["balance_after"], charged["balance"]);
        let explained = api.get(&format!("/v1/cdrs/{}/explain", id_of(&charged))).expect(200).json;
        assert_eq!((&explained["agrees"], &explained["total"]), (&json!(true), &quoted["price"]));
        assert_eq!(explained["rate"]["price"], quoted["rate"]["price"]);
        assert_eq!(explained["volume"], quoted["volume"]);
    }
    let ask = json!({ "account": "biz_test_001", "to": KENYA, "segments": 3, "counted": 6, "at": "2026-11-21", "route": true });
    let quoted = api.post("/v1/quotes", &ask).expect(200).json;
    let mut command = sandbox.tollgate("quote");
    command.args([
        "--account",
        "biz_test_001",
        "--to",
        KENYA,
        "--segments",
        "3",
        "--counted",
        "6",
        "--at",
        "2026-11-21",
    ]);
    let by_command: Value = serde_json::from_str(&run(command.arg("--json")).stdout).unwrap();
    for field in ["price", "lines", "volume", "tariff_version", "number", "rate"] {
        assert_eq!(quoted[field], by_command[field], "{field}");
    }
    assert_eq!(
        quoted["route"]["charged_only"],
        "the account sets no delivery, and the default is charge_only"
    );
    let unknown = json!({ "account": "biz_test_001", "to": "21000000001", "segments": 1 });
    assert_eq!(api.post("/v1/quotes", &unknown).expect(422).code(), "unknown_destination");
    daemon.stop();
    books::balanced(&sandbox);
}

#[test]
fn a_queued_message_is_cancelled_by_its_refund_and_takes_no_report() {
    let sandbox = Sandbox::new();
    for line in ["# [operators]", "# file = \"operators.toml\"", "# exchange_rates = "] {
        sandbox.replace("tollgate.toml", line, &line[2..]);
    }
    create_admin(&sandbox);
    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    // In two days, so that it certainly waits and does not expire before.
    let at = json!({ "scheduled_at": in_two_days() });
    let charged = charge(&api, &with(at)).expect(201).json;
    let cdr = api.get(&format!("/v1/cdrs/{}", id_of(&charged))).expect(200).json;
    assert_eq!((&cdr["charge_only"], &cdr["operator_code"]), (&json!(false), &json!("alpha")));
    let status = format!("/v1/cdrs/{}/status", id_of(&charged));
    let refused = api.put(&status, &json!({ "status": "delivered" })).expect(409);
    assert_eq!(refused.code(), "wrong_state");
    let route = json!({ "account": "biz_test_001", "to": KENYA, "text": "x", "route": true });
    let quoted = api.post("/v1/quotes", &route).expect(200).json;
    assert_eq!(quoted["route"]["candidates"].as_array().unwrap().len(), 2, "{quoted}");
    let reason = json!({ "reason": "changed their mind" });
    let path = format!("/v1/charges/{}/refund", id_of(&charged));
    assert_eq!(api.post(&path, &reason).expect(200).json["state"], "deleted");
    assert_eq!(balance(&api, "biz_test_001"), 1_000_000_000);
    daemon.stop();
    books::balanced(&sandbox);
}

fn in_two_days() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let at = jiff::Timestamp::from_second(i64::try_from(now).unwrap() + 2 * 86_400).unwrap();
    at.to_string()
}
