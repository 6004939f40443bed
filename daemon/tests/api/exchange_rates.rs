//! Exchange rates that are changed over the management API: the next transfer goes by them, they are durable and noted, and
//! neither a reload nor a change by hand undoes them.

use serde_json::{Value, json};

use super::currencies::{balance, make_market, with_rates};
use crate::support::api::{Api, start_with_admin};
use crate::support::sandbox::Sandbox;

const FILE: &str = "exchange_rates.csv";

fn row(base: &str, quote: &str, rate: &str, from: &Value) -> Value {
    json!({ "base": base, "quote": quote, "rate": rate, "effective_from": from })
}

fn put(rows: &[Value]) -> Value {
    json!({ "rows": rows, "reason": "the bank's rates of today" })
}

/// Every rate as pair, rate, and whether it holds now.
fn listed(api: &Api, query: &str) -> Vec<Value> {
    let page = api.get(&format!("/v1/exchange-rates{query}")).expect(200).json;
    let items = page["items"].as_array().expect("a list");
    let short = |item: &Value| json!([item["base"], item["quote"], item["rate"], item["is_in_force"]]);
    items.iter().map(short).collect()
}

#[test]
fn a_changed_rate_holds_for_the_next_transfer_and_survives_reload_and_restart() {
    let sandbox = with_rates();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_market(&admin);
    let fund = || {
        let amount = json!({ "amount": "100.00", "reference": "november" });
        admin.post("/v1/accounts/client/fund", &amount).expect(201);
        balance(&admin, "shop")
    };
    // 100 / 142.45 = 0.702001
    assert_eq!(fund(), "999.297999");
    let shown = admin.get("/v1/exchange-rates").expect(200);
    assert_eq!(shown.json["total"], 2);
    let tag = shown.header("etag").expect("a tag").to_owned();
    let rates = [
        row("EUR", "KES", "200", &json!("2020-01-01")),
        row("EUR", "KES", "250", &json!("2021-01-01T00:00:00Z")),
        row("EUR", "KES", "300", &json!("2090-01-01")),
    ];
    let made = admin.header("If-Match", &tag).put("/v1/exchange-rates", &put(&rates)).expect(200);
    assert_eq!(made.json["result"], "applied");
    assert_ne!(made.header("etag"), Some(&*tag), "a tariff version of its own");
    let pair = |rate: &str, holds: bool| json!(["EUR", "KES", rate, holds]);
    let expected = [pair("300.00", false), pair("250.00", true), pair("200.00", false)];
    assert_eq!(listed(&admin, "?quote=KES"), expected);
    assert_eq!(listed(&admin, "?quote=KES&at=2020-06-01"), [pair("200.00", false)]);
    assert_eq!(listed(&admin, "?currency=USD"), [json!(["EUR", "USD", "1.10", true])]);
    // 100 / 250
    assert_eq!(fund(), "998.897999");
    let stale = admin.header("If-Match", &tag).put("/v1/exchange-rates", &put(&rates)).expect(412);
    assert_eq!(stale.code(), "precondition_failed");
    assert_eq!(admin.put("/v1/exchange-rates", &put(&rates)).expect(200).json["result"], "unchanged");

    // A hand changes another line of the same file, and both changes stand.
    sandbox.write(FILE, &sandbox.read(FILE).replace("EUR,USD,1.1,", "EUR,USD,1.2,"));
    admin.order("/v1/reload").expect(200);
    let both = [json!(["EUR", "USD", "1.20", true])];
    assert_eq!((listed(&admin, "?quote=USD"), listed(&admin, "?quote=KES").len()), (both.to_vec(), 3));
    let audit = admin.get("/v1/audit?resource=exchange-rates").expect(200).json;
    let noted = &audit["items"][0];
    let entries = audit["items"].as_array().map(Vec::len);
    assert_eq!((&noted["action"], &audit["total"]), (&json!("exchange_rates.put"), &json!(entries)));
    let first = admin.get("/v1/audit?resource=exchange-rates&limit=1").expect(200).json;
    assert_eq!((first["items"].as_array().map(Vec::len), &first["total"]), (Some(1), &json!(entries)));
    assert_eq!(noted["after"]["said"]["reason"], "the bank's rates of today");
    assert_eq!(noted["before"]["said"][0]["rate"], "142.45");
    daemon.stop();

    let daemon = sandbox.start();
    let admin = Api::admin(&daemon);
    assert_eq!(listed(&admin, "?quote=KES"), expected);
    let gone = "/v1/exchange-rates?base=EUR&quote=KES&effective_from=2021-01-01";
    assert_eq!(admin.delete(gone).expect(200).json["result"], "applied");
    assert_eq!(admin.delete(gone).expect(404).code(), "not_found");
    assert_eq!(listed(&admin, "?quote=KES&limit=1&offset=1"), [pair("200.00", true)]);
    daemon.stop();
    assert_eq!(sandbox.on_books(&["verify"]).code, Some(0));
}

#[test]
fn what_is_wrong_is_named_by_its_field_and_changes_nothing() {
    let sandbox = with_rates();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_market(&admin);
    let before = sandbox.read(FILE);
    let good = row("EUR", "USD", "1.15", &Value::Null);
    let fields = |row: Value| {
        let refused = admin.put("/v1/exchange-rates", &put(&[good.clone(), row]));
        assert!(matches!(refused.status, 400 | 422), "{}", refused.text());
        refused.text()
    };
    for (wrong, field) in [
        (row("EUR", "EUR", "1", &Value::Null), "rows.1.quote"),
        (row("EUR", "USD", "0", &json!("2026-01-01")), "rows.1.rate"),
        (row("EUR", "USD", "-1", &json!("2026-01-01")), "rows.1.rate"),
        (row("EUR", "USD", "1.0000001", &json!("2026-01-01")), "rate"),
        (row("EUR", "ZZZ", "1", &Value::Null), "rows.1.quote"),
        (row("euro", "USD", "1", &Value::Null), "base"),
        (row("EUR", "USD", "1", &json!("yesterday")), "effective_from"),
        (good.clone(), "rows.1.effective_from"),
        (json!({ "base": "EUR", "quote": "USD", "rate": "1", "note": "two\nlines" }), "rows.1.note"),
        (json!({ "base": "EUR", "quote": "USD", "rate": "1", "since": "2026-01-01" }), "since"),
    ] {
        let said = fields(wrong);
        assert!(said.contains(field), "{field}: {said}");
    }
    let refused = admin.put("/v1/exchange-rates", &json!({ "rows": [] }));
    assert!(refused.text().contains("rows"), "{}", refused.text());
    // The shop buys in euros from an importer in dollars.
    let needed = admin.delete("/v1/exchange-rates?base=EUR&quote=USD&effective_from=2020-01-01");
    assert_eq!(needed.status, 422, "{}", needed.text());
    assert_eq!(sandbox.read(FILE), before);
    assert_eq!(admin.get("/v1/audit?resource=exchange-rates").expect(200).json["items"], json!([]));
    daemon.stop();
}

#[test]
fn without_a_file_the_setting_is_named() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    assert_eq!(listed(&admin, ""), Vec::<Value>::new());
    let rates = put(&[row("EUR", "USD", "1.15", &Value::Null)]);
    let refused = admin.put("/v1/exchange-rates", &rates).expect(409);
    assert!(
        refused.code() == "wrong_state" && refused.text().contains("exchange_rates"),
        "{}",
        refused.text()
    );
    // The sample file lies beside the settings.
    sandbox.set("tariff", "exchange_rates = \"exchange_rates.csv\"");
    admin.order("/v1/reload").expect(200);
    admin.put("/v1/exchange-rates", &rates).expect(200);
    assert!(listed(&admin, "?base=EUR").contains(&json!(["EUR", "USD", "1.15", false])));
    daemon.stop();
}
