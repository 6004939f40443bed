//! The eight endpoints of the wecall clients: their paths, field names and values, to the letter.

use std::thread;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::support::api::{self, Api};
use crate::support::books::micros;
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{BUSINESS_1, Connection, ESME_ROK, Message};
use crate::support::wait::eventually;

const ACCOUNT: &str = "biz_test_001";
const ORIGIN: &str = "https://billing.example.com";
/// Safaricom, 0.02 a segment.
const DESTINATION: &str = "254722000001";

/// With what an account of the files has from the beginning: 1000.00 USD.
fn start() -> (Sandbox, Daemon, Api) {
    let sandbox = Sandbox::new();
    let (daemon, api) = api::start_with_admin(&sandbox);
    (sandbox, daemon, api)
}

fn charge(daemon: &Daemon, messages: usize) {
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    for _ in 0..messages {
        assert_eq!(connection.submit(&Message::to(DESTINATION)).status, ESME_ROK);
    }
}

/// That a JSON object has exactly these fields.
#[track_caller]
fn has_fields(value: &Value, fields: &[&str]) {
    let mut found: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut expected = fields.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "{value}");
}

/// The first item of a list that is a plain array.
#[track_caller]
fn first(list: &Value) -> &Value {
    list.as_array().expect("a plain array").first().expect("an item")
}

#[test]
fn a_wallet_has_the_fields_that_clients_know() {
    let (_sandbox, _daemon, api) = start();
    let wallet = api.get("/api/billing/wallet/biz_test_001/").expect(200).json;
    let expected = json!({
        "sid": ACCOUNT, "business_sid": ACCOUNT, "balance": "1000.00", "currency": "USD", "credit_limit": "0.00",
        "auto_recharge_enabled": false, "auto_recharge_amount": null, "auto_recharge_threshold": null,
    });
    assert_eq!(wallet, expected);
    // Exactly these paths.
    api.get("/api/billing/wallet/biz_test_001").expect(404);
    api.get("/api/billing/pricing-plans").expect(404);
}

#[test]
fn a_top_up_is_exact_as_a_number_and_happens_once_with_a_key() {
    let (_sandbox, _daemon, api) = start();
    let topup = |api: &Api, amount: &str, extra: &str| {
        let body = format!(r#"{{"business_sid": "{ACCOUNT}", "amount": {amount}{extra}}}"#);
        api.send("POST", "/api/billing/topup/", Some((body.into_bytes(), "application/json")))
    };
    for (amount, balance) in [
        ("100.00", "1100.00"),
        ("0.1", "1100.10"),
        ("\"0.2\"", "1100.30"),
        ("0.000001", "1100.300001"),
        // No binary fraction is this number.
        ("123456.789012", "124557.089013"),
    ] {
        assert_eq!(topup(&api, amount, "").expect(200).json["balance"], balance, "{amount}");
    }
    for wrong in ["0", "-1", "1e2", "0.0000001", "\"ten\"", "null"] {
        let status = topup(&api, wrong, "").status;
        assert!((400..500).contains(&status), "{wrong}: {status}");
    }
    let keyed = api.header("Idempotency-Key", "topup-1");
    for _ in 0..3 {
        assert_eq!(topup(&keyed, "50", "").expect(200).json["balance"], "124607.089013");
    }
    assert_eq!(topup(&keyed, "51", "").expect(409).code(), "key_reused");
    assert_eq!(topup(&api, "1", r#", "amont": 1"#).expect(400).code(), "invalid_request");
    topup(&api, "1", r#", "reference": "INV-7""#).expect(200);
    let newest = api.get("/api/billing/transactions/biz_test_001/?limit=1").expect(200).json;
    assert_eq!((&first(&newest)["reference"], &first(&newest)["amount"]), (&json!("INV-7"), &json!("1.00")));
    let other = json!({ "business_sid": "nobody", "amount": 1 });
    api.post("/api/billing/topup/", &other).expect(404);
}

#[test]
fn transactions_are_of_the_types_that_clients_know() {
    let (_sandbox, daemon, api) = start();
    charge(&daemon, 1);
    let id = api.get("/v1/cdrs?account=biz_test_001").expect(200).json["items"][0]["message_id"].clone();
    let refund = format!("/v1/charges/{}/refund", id.as_str().expect("an id"));
    api.post(&refund, &json!({ "reason": "a test" })).expect(200);
    api.post("/api/billing/topup/", &json!({ "business_sid": ACCOUNT, "amount": "5" })).expect(200);
    let adjustment = json!({ "amount": "-1.00", "reason": "a fee" });
    api.post("/v1/accounts/biz_test_001/adjustments", &adjustment).expect(201);

    let list = api.get("/api/billing/transactions/biz_test_001/?limit=50").expect(200).json;
    let list = list.as_array().expect("a plain array");
    let told: Vec<_> = list.iter().map(|item| [&item["type"], &item["amount"], &item["status"]]).collect();
    let expected = [
        ["ADJUSTMENT", "-1.00", "COMPLETED"],
        ["TOPUP", "5.00", "COMPLETED"],
        ["REFUND", "0.02", "COMPLETED"],
        ["SMS_DEBIT", "-0.02", "COMPLETED"],
        ["OPENING_BALANCE", "1000.00", "COMPLETED"],
    ];
    assert_eq!(json!(told), json!(expected));
    let fields = [
        "sid",
        "business_sid",
        "type",
        "amount",
        "currency",
        "reference",
        "status",
        "details",
        "metadata",
        "created_at",
    ];
    for item in list {
        has_fields(item, &fields);
    }
    assert_eq!(list[3]["reference"], id);
    assert_eq!(list[0]["metadata"], json!({}));

    let newest = api.get("/api/billing/transactions/biz_test_001/?limit=2").expect(200).json;
    assert_eq!(newest.as_array().map(Vec::len), Some(2));
    assert_eq!(
        api.get("/api/billing/transactions/biz_test_001/?limit=0").expect(422).code(),
        "unprocessable"
    );
    api.get("/api/billing/transactions/biz_test_001/?limt=5").expect(200);
}

#[test]
fn plans_and_rates_have_the_fields_that_clients_know() {
    let (_sandbox, _daemon, api) = start();
    let plans = api.get("/api/billing/pricing-plans/").expect(200).json;
    let plan = |name: &str| {
        let plans = plans.as_array().expect("a plain array");
        plans.iter().find(|plan| plan["name"] == name).expect("the plan").clone()
    };
    let starter = plan("starter");
    let fields = ["sid", "name", "type", "base_price_per_sms", "currency", "volume_tiers", "features"];
    has_fields(&starter, &fields);
    assert_eq!(starter["type"], "PREPAID");
    assert_eq!(starter["base_price_per_sms"], "0.05");
    let tier = |min: u64, max: Option<u64>, price: &str, discount: &str| json!({ "min_messages": min, "max_messages": max, "price_per_sms": price, "discount_percent": discount });
    let tiers = json!([
        tier(1, Some(1000), "0.05", "0"),
        tier(1001, Some(10000), "0.0475", "5"),
        tier(10001, None, "0.045", "10"),
    ]);
    assert_eq!(starter["volume_tiers"], tiers);

    // Once every account on a plan has a credit limit, it is postpaid.
    let account = json!({ "id": "late", "plan": "enterprise", "settings": { "credit_limit": "10.00" } });
    assert_eq!(plan("enterprise")["type"], "PREPAID");
    api.post("/v1/accounts", &account).expect(201);
    let plans = api.get("/api/billing/pricing-plans/").expect(200).json;
    let enterprise = plans.as_array().unwrap().iter().find(|plan| plan["name"] == "enterprise").unwrap();
    assert_eq!(enterprise["type"], "POSTPAID");

    let rates = api.get("/api/billing/rate-cards/").expect(200).json;
    let rates = rates.as_array().expect("a plain array");
    assert_eq!(rates.len(), 17, "as many as the file of samples has");
    let safaricom = rates.iter().find(|rate| rate["operator"] == "Safaricom").expect("the rate");
    let expected = json!({
        "sid": "*:639-02", "plan": "*", "country_code": "KE", "country_name": "Kenya", "operator": "Safaricom",
        "price_per_sms": "0.02", "currency": "USD", "effective_from": null,
    });
    assert_eq!(*safaricom, expected);
}

#[test]
fn usage_and_invoice_say_what_was_charged() {
    let (_sandbox, daemon, api) = start();
    charge(&daemon, 3);
    let id = api.get("/v1/cdrs?account=biz_test_001").expect(200).json["items"][0]["message_id"].clone();
    let status = format!("/v1/cdrs/{}/status", id.as_str().expect("an id"));
    api.put(&status, &json!({ "status": "delivered" })).expect(200);

    let usage = api.get("/api/billing/usage/biz_test_001/?period=THIS_MONTH").expect(200).json;
    let expected = json!({
        "business_sid": ACCOUNT, "period": "THIS_MONTH", "total_messages_sent": 3, "total_messages_delivered": 1,
        "total_messages_failed": 0, "success_rate": "0.3333", "total_cost": "0.06",
        "average_cost_per_message": "0.02", "currency": "USD",
        "country_usage": [
            { "country_code": "KE", "country_name": "Kenya", "messages_sent": 3, "cost": "0.06" },
        ],
        "operator_usage": [
            { "operator": "Safaricom", "country": "Kenya", "messages_sent": 3, "cost": "0.06" },
        ],
    });
    assert_eq!(usage, expected);
    assert_eq!(api.get("/api/billing/usage/biz_test_001/").expect(200).json, expected);
    for (period, sent) in [("TODAY", 3), ("THIS_WEEK", 3), ("LAST_MONTH", 0)] {
        let usage = api.get(&format!("/api/billing/usage/biz_test_001/?period={period}")).expect(200).json;
        assert_eq!((&usage["period"], &usage["total_messages_sent"]), (&json!(period), &json!(sent)));
    }
    api.get("/api/billing/usage/biz_test_001/?period=this_month").expect(400);

    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let (first_day, last_day) =
        (today.yesterday().unwrap().to_string(), today.tomorrow().unwrap().to_string());
    let path = format!("/api/billing/invoices/biz_test_001/?period_start={first_day}&period_end={last_day}");
    let body = json!({ "name": "reader", "scopes": ["billing:read"] });
    let reader = api.with_token(api.post("/v1/api-keys", &body).expect(201).json["key"].as_str().unwrap());
    let invoice = reader.get(&path).expect(200).json;
    let fields = [
        "sid",
        "business_sid",
        "invoice_number",
        "period_start",
        "period_end",
        "total_amount",
        "currency",
        "status",
        "line_items",
        "due_date",
        "paid_date",
        "created_at",
    ];
    has_fields(&invoice, &fields);
    assert_eq!((&invoice["period_start"], &invoice["period_end"]), (&json!(first_day), &json!(last_day)));
    assert_eq!((&invoice["total_amount"], &invoice["currency"]), (&json!("0.06"), &json!("USD")));
    assert_eq!((&invoice["status"], &invoice["business_sid"]), (&json!("DRAFT"), &json!(ACCOUNT)));
    let line = first(&invoice["line_items"]);
    has_fields(line, &["description", "quantity", "unit_price", "total", "category", "details"]);
    assert_eq!(line["category"], "SMS");
    assert_eq!(
        (&line["quantity"], &line["unit_price"], &line["total"]),
        (&json!(3), &json!("0.02"), &json!("0.06"))
    );
    // To look writes nothing, so that what nobody has drafted has no number.
    assert_eq!((&invoice["invoice_number"], &invoice["sid"]), (&Value::Null, &Value::Null));
    charge(&daemon, 1);
    assert_eq!(reader.get(&path).expect(200).json["total_amount"], "0.08");
    assert_eq!(api.get("/v1/invoices").expect(200).json["items"], json!([]));
    // The calendar is that of the plan. A draft is shown as the books are now, and stays as it was.
    let last = today.tomorrow().unwrap().tomorrow().unwrap();
    let (from, to) = (format!("{first_day}T00:00:00+03:00"), format!("{last}T00:00:00+03:00"));
    let period = json!({ "account": ACCOUNT, "period_start": from, "period_end": to });
    let drafted = api.post("/v1/invoices", &period).expect(201).json;
    let id = drafted["id"].as_str().expect("an id");
    charge(&daemon, 1);
    let shown = reader.get(&path).expect(200).json;
    assert_eq!((&shown["sid"], &shown["total_amount"]), (&json!(id), &json!("0.10")));
    assert_eq!(api.get(&format!("/v1/invoices/{id}")).expect(200).json["total_amount"], "0.08");
    // One that was cancelled is out of the way.
    api.post(&format!("/v1/invoices/{id}/cancel"), &json!({ "reason": "a test" })).expect(200);
    let next = reader.get(&path).expect(200).json;
    assert_eq!((&next["invoice_number"], &next["status"]), (&Value::Null, &json!("DRAFT")));
    // The list has all that were made, the newest first, page by page, with the days of the plan's calendar.
    let second =
        json!({ "account": ACCOUNT, "period_start": format!("{}T00:00:00+03:00", today), "period_end": to });
    let second = api.post("/v1/invoices", &second).expect(201).json["id"].clone();
    let listed = |query: &str| {
        let listed =
            reader.get(&format!("/api/billing/invoices/?business_sid={ACCOUNT}{query}")).expect(200).json;
        listed.as_array().expect("a list").clone()
    };
    let all = listed("");
    assert_eq!(all.iter().map(|invoice| &invoice["sid"]).collect::<Vec<_>>(), [&second, &json!(id)]);
    has_fields(&all[0], &fields);
    assert_eq!((&all[1]["period_start"], &all[1]["period_end"]), (&json!(first_day), &json!(last_day)));
    assert_eq!((&listed("&limit=1")[..], &listed("&limit=1&offset=1")[..]), (&all[..1], &all[1..]));
    assert_eq!(
        (listed("&status=CANCELLED"), listed("&status=DRAFT")),
        (all[1..].to_vec(), all[..1].to_vec())
    );
    assert!(listed("&offset=2").is_empty());
    for wrong in ["limit=0", "limit=1001", "offset=10001", "status=draft"] {
        let refused = reader.get(&format!("/api/billing/invoices/?{wrong}"));
        assert!([400, 422].contains(&refused.status), "{wrong}: {}", refused.text());
    }
    for wrong in ["period_start=2026-01-02&period_end=2026-01-01", "period_start=now&period_end=2026-01-01"] {
        api.get(&format!("/api/billing/invoices/biz_test_001/?{wrong}")).expect(422);
    }
    api.get("/api/billing/invoices/biz_test_001/").expect(400);
}

#[test]
fn the_lines_of_an_invoice_with_tax_come_to_its_total() {
    let (_sandbox, daemon, api) = start();
    charge(&daemon, 5);
    let today = Timestamp::now().to_zoned(TimeZone::get("Africa/Nairobi").expect("a zone")).date();
    let (first, last) = (today.yesterday().expect("a day"), today.tomorrow().expect("a day"));
    let path = format!("/api/billing/invoices/biz_test_001/?period_start={first}&period_end={last}");
    let terms = json!({ "tax": { "category": "standard", "rate_percent": "16" } });
    api.put("/v1/accounts/biz_test_001/invoice-terms", &terms).expect(200);
    let taxed = api.get(&path).expect(200).json;
    let lines = taxed["line_items"].as_array().expect("lines");
    let tax = &lines[lines.len() - 1];
    assert_eq!(
        (&tax["description"], &tax["category"], &tax["total"]),
        (&json!("VAT 16 %"), &json!("OTHER"), &json!("0.02"))
    );
    let of_line = |line: &Value| micros(line["total"].as_str().expect("an amount"));
    assert_eq!(
        lines.iter().map(of_line).sum::<i64>(),
        micros(taxed["total_amount"].as_str().expect("an amount"))
    );
}

#[test]
fn alerts_are_of_the_types_that_clients_know() {
    let (_sandbox, _daemon, api) = start();
    assert_eq!(api.get("/api/billing/alerts/biz_test_001/").expect(200).json, json!([]));
    let adjustment = json!({ "amount": "-960.00", "reason": "a test" });
    api.post("/v1/accounts/biz_test_001/adjustments", &adjustment).expect(201);
    let alerts = eventually("an alert of the low balance", || {
        let alerts = api.get("/api/billing/alerts/biz_test_001/").expect(200).json;
        (alerts != json!([])).then_some(alerts)
    });
    let alert = first(&alerts);
    let fields = [
        "sid",
        "business_sid",
        "type",
        "severity",
        "message",
        "threshold",
        "current_value",
        "is_read",
        "created_at",
    ];
    has_fields(alert, &fields);
    let told = ["type", "severity", "threshold", "current_value", "is_read"].map(|field| &alert[field]);
    assert_eq!(json!(told), json!(["LOW_BALANCE", "WARNING", "50.00", "40.00", false]));
    let sid = alert["sid"].as_str().expect("an id");
    api.order(&format!("/v1/alerts/{sid}/read")).expect(200);
    let alerts = api.get("/api/billing/alerts/biz_test_001/").expect(200).json;
    assert_eq!(first(&alerts)["is_read"], true);
    api.get("/api/billing/alerts/nobody/").expect(404);
}

#[test]
fn a_wallet_comes_into_being_once_where_the_configuration_allows_it() {
    let (_sandbox, daemon, api) = start();
    api.get("/api/billing/wallet/biz_new_001/").expect(404);
    drop(daemon);

    let sandbox = Sandbox::new();
    sandbox.set("api", "first_request_plan = \"starter\"");
    let (_daemon, api) = api::start_with_admin(&sandbox);
    let wallets: Vec<Value> = thread::scope(|scope| {
        let ask = || api.get("/api/billing/wallet/biz_new_001/").expect(200).json;
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    assert!(
        wallets.iter().all(|wallet| wallet["balance"] == "0.00" && wallet["currency"] == "USD"),
        "{wallets:?}"
    );
    let made = api.get("/v1/audit?action=account.create&resource=account/biz_new_001").expect(200).json;
    let entries = made["items"].as_array().expect("a list");
    assert_eq!(entries.len(), 1, "made once: {made}");
    assert_eq!(entries[0]["actor"], "system");
    let account = api.get("/v1/accounts/biz_new_001").expect(200).json;
    assert_eq!((&account["plan"], &account["source"]), (&json!("starter"), &json!("api")));
    let topup = json!({ "business_sid": "biz_new_001", "amount": 100.5 });
    assert_eq!(api.post("/api/billing/topup/", &topup).expect(200).json["balance"], "100.50");

    // An id that is no name to bind with gets one of its own; what is no id is not found.
    api.get("/api/billing/wallet/a_business_with_a_long_id/").expect(200);
    let account = api.get("/v1/accounts/a_business_with_a_long_id").expect(200).json;
    assert_ne!(account["system_id"], "a_business_with_a_long_id");
    api.get("/api/billing/wallet/not%20an%20id/").expect(404);
    // The other paths make nothing.
    api.get("/api/billing/transactions/biz_new_002/").expect(404);
    api.get("/v1/accounts/biz_new_002").expect(404);
}

#[test]
fn tokens_and_reach_are_those_of_the_rest() {
    let sandbox = Sandbox::new();
    sandbox.set("api", "first_request_plan = \"starter\"");
    let (daemon, api) = api::start_with_admin(&sandbox);
    Api::anonymous(&daemon).get("/api/billing/wallet/biz_test_001/").expect(401);
    let user = json!({
        "email": "ann@example.com", "name": "Ann", "role": "customer", "account": ACCOUNT,
        "password": "seven purple Kites 7",
    });
    api.post("/v1/users", &user).expect(201);
    let customer = Api::login(&daemon, "ann@example.com", "seven purple Kites 7");
    for path in ["wallet", "transactions", "usage", "alerts"] {
        customer.get(&format!("/api/billing/{path}/biz_test_001/")).expect(200);
        customer.get(&format!("/api/billing/{path}/biz_test_002/")).expect(404);
    }
    let plans = customer.get("/api/billing/pricing-plans/").expect(200).json;
    assert_eq!(plans.as_array().map(Vec::len), Some(1), "a customer sees the own plan: {plans}");
    customer.get("/api/billing/rate-cards/").expect(200);
    let topup = json!({ "business_sid": ACCOUNT, "amount": 1 });
    customer.post("/api/billing/topup/", &topup).expect(403);
    // Only whoever reaches all accounts has new ones come into being.
    customer.get("/api/billing/wallet/biz_new_001/").expect(404);
    api.get("/v1/accounts/biz_new_001").expect(404);
}

#[test]
fn browsers_of_the_configured_origin_may_call_and_others_may_not() {
    let sandbox = Sandbox::new();
    sandbox.set("api", &format!("cors_origins = [\"{ORIGIN}\"]"));
    let (daemon, api) = api::start_with_admin(&sandbox);
    let preflight = |origin: &str| {
        Api::anonymous(&daemon)
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "authorization,content-type,idempotency-key")
            .send("OPTIONS", "/api/billing/topup/", None)
            .expect(200)
    };
    let allowed = preflight(ORIGIN);
    assert_eq!(allowed.header("access-control-allow-origin"), Some(ORIGIN));
    let headers = allowed.header("access-control-allow-headers").expect("headers").to_lowercase();
    for header in ["authorization", "content-type", "idempotency-key"] {
        assert!(headers.contains(header), "{headers}");
    }
    assert!(allowed.header("access-control-allow-methods").expect("methods").contains("POST"));
    assert_eq!(preflight("https://elsewhere.example").header("access-control-allow-origin"), None);
    let wallet = api.header("Origin", ORIGIN).get("/api/billing/wallet/biz_test_001/").expect(200);
    assert_eq!(wallet.header("access-control-allow-origin"), Some(ORIGIN));
}
