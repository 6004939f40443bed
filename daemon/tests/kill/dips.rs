//! Balances that fall below their threshold and are filled again before anybody looks: each is told of once, whether the process
//! lives on or is killed right after.

use serde_json::{Value, json};

use crate::support::api::{Api, start_with_admin};
use crate::support::sandbox::Sandbox;
use crate::support::wait::eventually;

const ACCOUNT: &str = "dips";

fn move_money(api: &Api, amount: &str, key: &str) {
    let body = json!({ "amount": amount, "reason": "a test" });
    let keyed = api.header("Idempotency-Key", key);
    keyed.post(&format!("/v1/accounts/{ACCOUNT}/adjustments"), &body).expect(201);
}

/// Takes the balance of 60.00 to this one and back.
fn dip(api: &Api, balance: u32, key: &str) {
    let amount = format!("{}.00", 60 - balance);
    move_money(api, &format!("-{amount}"), &format!("{key}-down"));
    move_money(api, &amount, &format!("{key}-up"));
}

/// The events of a type, the oldest first.
fn events(api: &Api, kind: &str) -> Vec<Value> {
    let path = format!("/v1/events?account={ACCOUNT}&type={kind}&limit=500");
    let mut items = api.get(&path).expect(200).json["items"].as_array().expect("items").clone();
    items.reverse();
    items
}

/// Waits until balances like these were told of, and none beside them.
fn are_told(api: &Api, balances: &[u32]) {
    eventually(&format!("{} events", balances.len()), || {
        let told = events(api, "wallet.low");
        assert!(told.len() <= balances.len(), "more than {balances:?}: {told:?}");
        (told.len() == balances.len()).then_some(())
    });
    let told = events(api, "wallet.low");
    let of_event = |event: &Value| event["data"]["balance"].as_str().expect("a balance").to_owned();
    let told: Vec<String> = told.iter().map(of_event).collect();
    let mut expected: Vec<String> = balances.iter().map(|balance| format!("{balance}.00")).collect();
    expected.sort();
    let mut sorted = told.clone();
    sorted.sort();
    assert_eq!(sorted, expected, "{told:?}");
}

/// A look is over once what came after these dips is told of: this one lasts.
fn is_looked_at(api: &Api, key: &str, before: &mut Vec<u32>) {
    move_money(api, "-50.00", &format!("{key}-last-down"));
    before.push(10);
    are_told(api, before);
    move_money(api, "50.00", &format!("{key}-last-up"));
    let alerts = format!("/v1/alerts?account={ACCOUNT}&type=low_balance&active=true");
    eventually("the end of all alerts", || {
        let open = api.get(&alerts).expect(200).json["items"].as_array().expect("items").len();
        (open == 0).then_some(())
    });
}

#[test]
fn a_balance_that_dips_between_two_looks_is_told_of_once_also_across_kills() {
    let sandbox = Sandbox::new();
    sandbox.set("api", "requests_per_second = 100000");
    sandbox.set("api", "requests_burst = 100000");
    let (mut daemon, mut api) = start_with_admin(&sandbox);
    let settings = json!({ "low_balance_threshold": "50.00", "delivery": "charge_only" });
    let account =
        json!({ "id": ACCOUNT, "plan": "starter", "opening_balance": "60.00", "settings": settings });
    api.post("/v1/accounts", &account).expect(201);

    // One after another, faster than anybody looks.
    let mut told: Vec<u32> = Vec::new();
    for balance in 20..30 {
        dip(&api, balance, &format!("quick-{balance}"));
        told.push(balance);
    }
    // It swings about its threshold, and never dips.
    move_money(&api, "-9.00", "swing-down");
    move_money(&api, "9.00", "swing-up");
    is_looked_at(&api, "quick", &mut told);

    // Killed right after, and killed again once it was told of.
    for round in 0..3 {
        let balance = 30 + round;
        dip(&api, balance, &format!("killed-{balance}"));
        told.push(balance);
        daemon.kill();
        daemon = sandbox.start();
        api = api.at_daemon(&daemon);
        are_told(&api, &told);
        daemon.kill();
        daemon = sandbox.start();
        api = api.at_daemon(&daemon);
        is_looked_at(&api, &format!("killed-{balance}"), &mut told);
    }
    // Low when it is killed, and filled at once after the start.
    move_money(&api, "-40.00", "low-down");
    told.push(20);
    are_told(&api, &told);
    daemon.kill();
    daemon = sandbox.start();
    api = api.at_daemon(&daemon);
    move_money(&api, "40.00", "low-up");
    is_looked_at(&api, "low", &mut told);
    daemon.stop();
}
