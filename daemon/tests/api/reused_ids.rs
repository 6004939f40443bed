//! Ids that were used before: what is new never inherits the books or the messages of what was removed.

use crate::support::api::{Api, start_with_admin};
use crate::support::books::{self, micros};
use crate::support::esme::Esme;
use crate::support::sandbox::Sandbox;
use crate::support::sm::Sm;
use crate::support::smpp::BUSINESS_1;
use crate::support::smsc::Smsc;
use crate::support::wait::eventually;
use serde_json::{Value, json};

fn new_account(id: &str, opening_balance: &str) -> Value {
    json!({ "id": id, "plan": "starter", "opening_balance": opening_balance })
}

fn balance(api: &Api, account: &str) -> i64 {
    micros(api.get(&format!("/v1/accounts/{account}/balance")).expect(200).json["balance"].as_str().unwrap())
}

/// Checks that a new account is refused for its id, and that the refusal says so.
#[track_caller]
fn refused(api: &Api, new: &Value) {
    let refusal = api.post("/v1/accounts", new).expect(409);
    assert_eq!((refusal.code(), &refusal.json["errors"][0]["field"]), ("id_in_use", &json!("id")));
}

#[test]
fn an_account_that_left_the_file_keeps_its_id() {
    let sandbox = Sandbox::new();
    let before = sandbox.read("accounts.toml");
    sandbox.add_account("leaver", "system_id = \"leaver\"\nplan = \"starter\"\nopening_balance = \"777.77\"");
    sandbox.add_account("unused", "system_id = \"unused\"\nplan = \"starter\"");
    let with_both = sandbox.read("accounts.toml");
    let (daemon, api) = start_with_admin(&sandbox);
    assert_eq!(balance(&api, "leaver"), 777_770_000);
    assert_eq!(api.post("/v1/accounts", &new_account("leaver", "1.00")).expect(409).code(), "already_exists");
    sandbox.write("accounts.toml", &before);
    eventually("the reload", || {
        (api.post("/v1/accounts", &new_account("leaver", "1.00")).code() == "id_in_use").then_some(())
    });
    refused(&api, &new_account("unused", "0"));
    // With prices of its own the account is part of the tariff, and goes another way.
    let rates = json!([{ "mcc": "639", "mnc": "02", "price": "0.015" }]);
    let mut priced = new_account("leaver", "5.00");
    priced["settings"] = json!({ "system_id": "another", "rates": rates });
    refused(&api, &priced);
    daemon.stop();

    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    refused(&api, &new_account("leaver", "1.00"));
    priced["id"] = json!("newcomer");
    api.post("/v1/accounts", &priced).expect(201);
    assert_eq!(balance(&api, "newcomer"), 5_000_000, "its own opening balance, once");
    assert_eq!(api.post("/v1/accounts", &priced).expect(409).code(), "already_exists");
    // A system_id has no books, and may be used again.
    let mut heir = new_account("heir", "2.00");
    heir["settings"] = json!({ "system_id": "leaver" });
    api.post("/v1/accounts", &heir).expect(201);
    assert_eq!(balance(&api, "heir"), 2_000_000);
    // Whoever puts an account back into the file has its books again.
    sandbox.write("accounts.toml", &with_both.replace("system_id = \"leaver\"", "system_id = \"leaver_2\""));
    eventually("the account to be back", || {
        (api.get("/v1/accounts/leaver").json["status"] == "active").then_some(())
    });
    assert_eq!(balance(&api, "leaver"), 777_770_000);
    drop(api);
    daemon.stop();
    books::balanced(&sandbox);
}

#[test]
fn a_refused_account_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let mut wrong = new_account("late", "3.00");
    wrong["settings"] = json!({ "allowed_ips": ["nowhere"] });
    api.post("/v1/accounts", &wrong).expect(422);
    wrong["settings"] = json!({ "rates": [{ "mcc": "639", "mnc": "02", "price": "0.0000001" }] });
    assert!([400, 422].contains(&api.post("/v1/accounts", &wrong).status));
    api.post("/v1/accounts", &new_account("late", "4.00")).expect(201);
    assert_eq!(balance(&api, "late"), 4_000_000);
    daemon.stop();
    books::balanced(&sandbox);
}

#[test]
fn an_operator_that_may_still_report_keeps_its_code() {
    let (sandbox, smsc) = (Sandbox::new(), Smsc::accepting());
    sandbox.set("routing", "default_delivery = \"operators\"");
    let (daemon, api) = start_with_admin(&sandbox);
    let operator = json!({
        "code": "hand", "name": "Hand", "currency": "USD", "price_per_sms": "0.001",
        "smpp_config": { "host": "127.0.0.1", "port": smsc.port(), "system_id": "x", "password": "y", "reconnect_min_ms": 50, "reconnect_max_ms": 200 },
    });
    api.post("/v1/operators", &operator).expect(201);
    // One that no message went to has nothing to inherit.
    smsc.until_bound();
    eventually("it to be gone", || (api.delete("/v1/operators/hand").status == 204).then_some(()));
    api.post("/v1/operators", &operator).expect(201);
    eventually("its link to be bound", || {
        (api.get("/v1/operators/hand/health").json["links_bound"] == 1).then_some(())
    });
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    gateway.accepted(&Sm::to("254722000001"));
    smsc.until_seen(1);
    eventually("it to be idle, and gone", || (api.delete("/v1/operators/hand").status == 204).then_some(()));
    let refusal = api.post("/v1/operators", &operator).expect(409);
    assert_eq!((refusal.code(), &refusal.json["errors"][0]["field"]), ("id_in_use", &json!("code")));
    drop(gateway);
    daemon.stop();
    books::balanced(&sandbox);
}
