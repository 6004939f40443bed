//! Subscriptions over the API of the real process: what comes with them, who may do what, and `kill -9` around a purchase.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::api::{self, Api};
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;
use crate::support::wait::eventually;
use crate::support::wall_clock::WallClock;

const ACCOUNT: &str = "shop";

fn plan(name: &str, price: &str, more: &Value) -> Value {
    let mut plan = json!({
        "name": name, "price": price, "currency": "USD", "period": { "kind": "month" }, "tokens": 1000,
    });
    for (key, value) in more.as_object().expect("an object") {
        plan[key] = value.clone();
    }
    plan
}

/// An account of the API with money, and two plans on offer.
fn start(sandbox: &Sandbox) -> (Daemon, Api) {
    let (daemon, api) = api::start_with_admin(sandbox);
    api.post("/v1/accounts", &json!({ "id": ACCOUNT, "plan": "starter", "opening_balance": "100.00" }))
        .expect(201);
    api.post("/v1/subscription-plans", &plan("basic", "15.00", &json!({}))).expect(201);
    let pro = json!({ "plan": "enterprise", "tokens": 5000, "time_zone": "America/New_York" });
    api.post("/v1/subscription-plans", &plan("pro", "40.00", &pro)).expect(201);
    (daemon, api)
}

fn balance(api: &Api) -> Value {
    api.get("/v1/accounts/shop/balance").expect(200).json["balance"].clone()
}

/// The output of `verify` about books that balance.
fn verified(sandbox: &Sandbox) -> String {
    let finished = sandbox.on_books(&["verify"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    finished.stdout
}

/// The periods of the account, the oldest first.
fn periods(api: &Api) -> Vec<Value> {
    let page = api.get("/v1/accounts/shop/subscription/periods").expect(200).json;
    page["items"].as_array().expect("a list").iter().rev().cloned().collect()
}

#[test]
fn what_is_wrong_with_a_plan_names_its_field() {
    let sandbox = Sandbox::new();
    let (_daemon, api) = start(&sandbox);
    for (more, field) in [
        (json!({ "name": "a b" }), "name"),
        (json!({ "price": "-1" }), "price"),
        (json!({ "currency": "XXX" }), "currency"),
        (json!({ "period": { "kind": "days" } }), "period.days"),
        (json!({ "period": { "kind": "days", "days": 0 } }), "period.days"),
        (json!({ "period": { "kind": "month", "days": 3 } }), "period.days"),
        (json!({ "tokens": 0 }), "tokens"),
        (json!({ "bundle": "none" }), "tokens"),
        (json!({ "tokens": null, "bundle": "none" }), "bundle"),
        (json!({ "trial_days": 367 }), "trial_days"),
        (json!({ "plan": "none" }), "plan"),
        (json!({ "time_zone": "Mars/Olympus" }), "time_zone"),
    ] {
        let answer = api.post("/v1/subscription-plans", &plan("new", "1", &more)).expect(422);
        assert_eq!(answer.json["errors"][0]["field"], field, "{more}");
    }
    assert_eq!(
        api.post("/v1/subscription-plans", &plan("basic", "1", &json!({}))).expect(409).code(),
        "already_exists"
    );
    // The number of a plan that is gone is not given again.
    api.delete("/v1/subscription-plans/pro").expect(204);
    let again = api.post("/v1/subscription-plans", &plan("pro", "1", &json!({}))).expect(201);
    assert_eq!(again.json["number"], 3);
}

#[test]
fn the_plan_of_the_tariff_comes_and_goes_with_the_subscription() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start(&sandbox);
    let tariff = |api: &Api| api.get("/v1/accounts/shop").expect(200).json["plan"].clone();
    let wanted = json!({ "plan": "pro" });
    // An account of the files has its plan there, and pays nothing for what it cannot have.
    let refused = api.post("/v1/accounts/biz_test_001/subscription", &wanted).expect(409);
    assert_eq!(refused.code(), "provisioned_by_file");
    assert_eq!(api.get("/v1/accounts/biz_test_001/balance").expect(200).json["balance"], "1000.00");

    let keyed = api.header("Idempotency-Key", "order-1");
    let first = keyed.post("/v1/accounts/shop/subscription", &wanted).expect(201).json;
    assert_eq!(keyed.post("/v1/accounts/shop/subscription", &wanted).expect(201).json, first);
    assert_eq!(
        json!([&first["status"], &first["time_zone"], &first["plan_before"]]),
        json!(["active", "America/New_York", "starter"])
    );
    assert_eq!((balance(&api), tariff(&api)), (json!("60.00"), json!("enterprise")));
    assert_eq!(api.post("/v1/accounts/shop/subscription", &wanted).expect(409).code(), "already_exists");
    api.post("/v1/accounts/shop/subscription/change", &json!({ "plan": "basic" })).expect(200);
    assert_eq!((balance(&api), tariff(&api)), (json!("85.00"), json!("starter")));
    api.post("/v1/accounts/shop/subscription/change", &wanted).expect(200);
    assert_eq!(tariff(&api), "enterprise");
    api.post("/v1/accounts/shop/subscription/cancel", &json!({ "at": "now" })).expect(200);
    assert_eq!((balance(&api), tariff(&api)), (json!("60.00"), json!("starter")));
    daemon.stop();
    let verified = verified(&sandbox);
    assert!(verified.contains("subscriptions: 3 periods, 3 ledger entries"), "{verified}");
}

/// A process that is killed around a purchase has bought once or not at all, with units and money, and the same request again
/// buys what is missing and nothing more.
#[test]
fn a_purchase_that_is_killed_is_made_once() {
    let sandbox = Sandbox::new();
    let (mut daemon, mut api) = start(&sandbox);
    for round in 0_u32..4 {
        let keyed = api.header("Idempotency-Key", &format!("order-{round}"));
        let asked = keyed.clone();
        let wanted = json!({ "plan": "basic" });
        let body = wanted.to_string().into_bytes();
        let asking = thread::spawn(move || {
            let _ =
                asked.try_send("POST", "/v1/accounts/shop/subscription", Some((body, "application/json")));
        });
        // Somewhere between before and after the commit.
        let until = Instant::now() + Duration::from_millis(u64::from(round) * 7);
        while Instant::now() < until {
            thread::yield_now();
        }
        daemon.kill();
        asking.join().expect("the request ends with the process");
        verified(&sandbox);
        daemon = sandbox.start();
        api = api.at_daemon(&daemon);
        let status = api
            .header("Idempotency-Key", &format!("order-{round}"))
            .post("/v1/accounts/shop/subscription", &wanted)
            .status;
        // An answer that was cut off before it was kept is said to be done.
        assert!([201, 409].contains(&status), "{status}");
        let shown = api.get("/v1/accounts/shop/subscription").expect(200).json;
        assert_eq!(
            json!([&shown["number"], &shown["status"], &shown["units"]["left"]]),
            json!([round + 1, "active", 1000])
        );
        assert_eq!(balance(&api), format!("{}.00", 100 - 15 * (round + 1)));
        api.post("/v1/accounts/shop/subscription/cancel", &json!({ "at": "now" })).expect(200);
    }
    daemon.stop();
    let verified = verified(&sandbox);
    assert!(verified.contains("subscriptions: 4 periods, 4 ledger entries"), "{verified}");
}

/// Days pass on the wall clock while the process is killed around each renewal: every day is charged once.
#[test]
fn a_renewal_that_is_killed_is_made_once() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start(&sandbox);
    let daily = json!({ "period": { "kind": "days", "days": 1 }, "time_zone": "UTC" });
    api.post("/v1/subscription-plans", &plan("daily", "1.00", &daily)).expect(201);
    api.post("/v1/accounts/shop/subscription", &json!({ "plan": "daily" })).expect(201);
    daemon.stop();
    let clock = WallClock::of(&sandbox);
    for day in 1_u32..3 {
        clock.set(&format!("+{day}d"));
        let daemon = clock.start(&sandbox);
        let admin = Api::admin(&daemon);
        // The clock has gone on by a day since the last commit, which is believed once somebody says so.
        admin.order("/v1/clock/trust");
        let until = Instant::now() + Duration::from_millis(u64::from(day - 1) * 400);
        while Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        daemon.kill();
        verified(&sandbox);
        let daemon = clock.start(&sandbox);
        let admin = Api::admin(&daemon);
        admin.order("/v1/clock/trust");
        let wanted = usize::try_from(day + 1).expect("a few");
        let found = eventually("the period of the day", || {
            Some(periods(&admin)).filter(|found| found.len() >= wanted)
        });
        assert_eq!(found.len(), wanted);
        assert_eq!(balance(&admin), format!("{}.00", 100 - wanted));
        daemon.stop();
        verified(&sandbox);
    }
}
