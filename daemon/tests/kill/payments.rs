//! `kill -9` at every step of a payment, with a stand-in of Stripe that lives on: each payment is taken once and credited once,
//! whatever the step. `SEED` repeats the random choices.

use std::env;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::api::{Api, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;
use crate::support::stripe::{GOOD_CARD, Stripe};
use crate::support::wait::eventually;

const ACCOUNT: &str = "biz_test_001";
/// Kills at random moments.
const ROUNDS: u64 = 6;

/// One data directory, and all that the stand-in knows of it.
struct Life {
    daemon: Daemon,
    admin: Api,
    stripe: Stripe,
    sandbox: Sandbox,
    method: String,
    /// The balance that is to be there, in whole units.
    expected: u64,
}

impl Life {
    fn begin() -> Self {
        let (sandbox, stripe) = (Sandbox::new(), Stripe::start());
        stripe.configure(&sandbox);
        sandbox.set("api", "requests_per_second = 100000");
        let (daemon, admin) = start_with_admin(&sandbox);
        let mut life = Self { sandbox, stripe, daemon, admin, method: String::new(), expected: 1_000 };
        let payment = life.post(&json!({ "save_method": true }), "first").expect("the daemon lives");
        life.stripe.pay(text(&payment["provider_id"]), GOOD_CARD);
        life.admin.order(&format!("/v1/payments/{}/refresh", text(&payment["id"]))).expect(200);
        let methods = life.admin.get(&format!("/v1/accounts/{ACCOUNT}/payment-methods")).expect(200).json;
        text(&methods["items"][0]["id"]).clone_into(&mut life.method);
        life.expected += 10;
        life.is_credited_once();
        life
    }

    fn post(&self, change: &Value, key: &str) -> Option<Value> {
        post(&self.admin, change, key)
    }

    /// Kills the daemon and starts it again.
    fn kill(self) -> Self {
        let Self { sandbox, stripe, daemon, admin, method, expected } = self;
        daemon.kill();
        let daemon = sandbox.start();
        let admin = admin.at_daemon(&daemon);
        Self { daemon, admin, stripe, sandbox, method, expected }
    }

    fn is_credited_once(&self) {
        let expected = format!("{}.00", self.expected);
        let balance =
            || self.admin.get(&format!("/v1/accounts/{ACCOUNT}/balance")).expect(200).json["balance"].clone();
        eventually(&format!("a balance of {expected}"), || (balance() == expected.as_str()).then_some(()));
        let paid =
            self.stripe.intents().iter().filter(|intent| intent["status"] == "succeeded").count() as u64;
        assert_eq!(paid * 10, self.expected - 1_000, "each payment is taken once");
    }
}

fn post(admin: &Api, change: &Value, key: &str) -> Option<Value> {
    let mut body = json!({ "account": ACCOUNT, "provider": "stripe", "amount": "10.00" });
    body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    let keyed = admin.header("Idempotency-Key", key);
    let body = (body.to_string().into_bytes(), "application/json");
    let reply = keyed.try_send("POST", "/v1/payments", Some(body)).ok()?;
    Some(reply.expect(201).json)
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is a text"))
}

#[test]
fn a_payment_is_credited_once_at_whatever_step_the_process_dies() {
    let mut life = Life::begin();
    let saved = json!({ "payment_method": life.method });

    // Written down, and nothing is done at the provider.
    life.stripe.hold(true);
    let (arrived, admin, body) = (life.stripe.arrived(), life.admin.clone(), saved.clone());
    let request = thread::spawn(move || post(&admin, &body, "created"));
    eventually("the provider to be asked", || (life.stripe.arrived() > arrived).then_some(()));
    life = life.kill();
    life.stripe.hold(false);
    assert_eq!(request.join().expect("no panic"), None);
    life.post(&saved, "created").expect("the daemon lives");
    life.expected += 10;
    life.is_credited_once();

    // Taken, and nobody has heard of it; and nobody asks again.
    life.stripe.swallow_next(1);
    assert_eq!(life.post(&saved, "sent").expect("the daemon lives")["state"], "unknown");
    life = life.kill();
    life.expected += 10;
    life.is_credited_once();

    // Answered, and paid on the page while the daemon is gone.
    let payment = life.post(&json!({}), "answered").expect("the daemon lives");
    let Life { sandbox, stripe, daemon, admin, method, expected } = life;
    daemon.kill();
    stripe.pay(text(&payment["provider_id"]), GOOD_CARD);
    let daemon = sandbox.start();
    let admin = admin.at_daemon(&daemon);
    life = Life { daemon, admin, stripe, sandbox, method, expected: expected + 10 };
    life.stripe.tell(&life.admin, "evt_answered", "payment_intent.succeeded", text(&payment["provider_id"]));
    life.is_credited_once();

    // The event is kept, and the process dies before or while it is handled.
    let payment = life.post(&json!({}), "event").expect("the daemon lives");
    life.stripe.pay(text(&payment["provider_id"]), GOOD_CARD);
    life.stripe.tell(&life.admin, "evt_kept", "payment_intent.succeeded", text(&payment["provider_id"]));
    life = life.kill();
    life.expected += 10;
    life.is_credited_once();

    // Applied; what comes again changes nothing.
    life = life.kill();
    life.stripe.tell(&life.admin, "evt_again", "payment_intent.succeeded", text(&payment["provider_id"]));
    life.post(&saved, "created").expect("the daemon lives");
    life.is_credited_once();

    let seed = env::var("SEED").map_or_else(|_| clock_seed(), |seed| seed.parse().expect("SEED is a number"));
    println!("SEED={seed}");
    let mut random = seed;
    for round in 0..ROUNDS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (admin, body, key) = (life.admin.clone(), saved.clone(), format!("round-{round}"));
        let request = thread::spawn({
            let key = key.clone();
            move || post(&admin, &body, &key)
        });
        thread::sleep(Duration::from_micros((random >> 33) % 60_000));
        life = life.kill();
        let _ = request.join().expect("no panic");
        let again = life.post(&saved, &key).expect("the daemon lives");
        life.expected += 10;
        life.is_credited_once();
        let one = life.admin.get(&format!("/v1/payments/{}", text(&again["id"]))).expect(200).json;
        assert_eq!(one["state"], "succeeded");
    }
    life.daemon.stop();
    let finished = life.sandbox.on_books(&["verify", "--json"]);
    let report: Value = serde_json::from_str(&finished.stdout).expect("a report");
    assert_eq!(report["balanced"], true, "{}", finished.stdout);
    assert_eq!(report["payments"]["succeeded"], (life.expected - 1_000) / 10);
}

/// The same around payments that are for something: the invoice or the subscription is settled in the commit of the money.
#[test]
fn what_a_payment_is_for_is_settled_once_at_whatever_step_the_process_dies() {
    let mut life = Life::begin();
    let settings = json!({ "credit_limit": "1.00", "delivery": "charge_only" });
    life.admin
        .post("/v1/accounts", &json!({ "id": "owes", "plan": "starter", "settings": settings }))
        .expect(201);
    let plan = json!({ "name": "basic", "price": "15.00", "currency": "USD", "period": { "kind": "month" }, "tokens": 9 });
    life.admin.post("/v1/subscription-plans", &plan).expect(201);
    let number = invoiced(&life.admin);
    let saved =
        life.post(&json!({ "account": "owes", "save_method": true }), "save").expect("the daemon lives");
    life.stripe.pay(text(&saved["provider_id"]), GOOD_CARD);
    life.admin.order(&format!("/v1/payments/{}/refresh", text(&saved["id"]))).expect(200);
    let methods = life.admin.get("/v1/accounts/owes/payment-methods").expect(200).json;
    let method = text(&methods["items"][0]["id"]).to_owned();
    let seed = env::var("SEED").map_or_else(|_| clock_seed(), |seed| seed.parse().expect("SEED is a number"));
    println!("SEED={seed}");
    let subscription = "/v1/accounts/owes/subscription";
    for round in 1..=4_u64 {
        let of_invoice = json!({ "kind": "invoice", "number": number });
        let mut body =
            json!({ "account": "owes", "payment_method": method, "amount": "0.02", "purpose": of_invoice });
        if round % 2 == 0 {
            let new = json!({ "plan": "basic", "pay_by": "payment" });
            let begun = life.admin.post(subscription, &new).expect(201).json;
            body["purpose"] = json!({ "kind": "subscription", "id": begun["id"] });
            body["amount"] = json!(null);
        }
        let key = format!("thing-{round}");
        let (admin, asked, used) = (life.admin.clone(), body.clone(), key.clone());
        let request = thread::spawn(move || post(&admin, &asked, &used));
        let pause = seed.wrapping_mul(round).wrapping_mul(6_364_136_223_846_793_005) >> 33;
        thread::sleep(Duration::from_micros(pause % 60_000));
        life = life.kill();
        let _ = request.join().expect("no panic");
        let again = life.post(&body, &key).expect("the daemon lives");
        let path = format!("/v1/payments/{}", text(&again["id"]));
        eventually("the payment", || {
            (life.admin.get(&path).expect(200).json["state"] == "succeeded").then_some(())
        });
        let paid = life.admin.get(&format!("/v1/invoices/{number}")).expect(200).json["amount_paid"].clone();
        assert_eq!(paid, format!("0.{:02}", round.div_ceil(2) * 2));
        if round % 2 == 0 {
            let shown = life.admin.get(subscription).expect(200).json;
            assert_eq!((&shown["status"], &shown["units"]["left"]), (&json!("active"), &json!(9)));
            life.admin.post(&format!("{subscription}/cancel"), &json!({ "at": "now" })).expect(200);
        }
    }
    let balance = life.admin.get("/v1/accounts/owes/balance").expect(200).json["balance"].clone();
    assert_eq!(balance, "9.94", "10.00 and two parts of 0.02, less 0.10 of messages");
    life.daemon.stop();
    let finished = life.sandbox.on_books(&["verify", "--json"]);
    let report: Value = serde_json::from_str(&finished.stdout).expect("a report");
    assert_eq!((&report["balanced"], &report["payments"]["succeeded"]), (&json!(true), &json!(6)));
}

/// The number of an invoice of the account that owes, over five messages.
pub fn invoiced(admin: &Api) -> String {
    let start = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(1);
    for _ in 0..5 {
        let message = json!({ "account": "owes", "to": "254722000001", "text": "a text" });
        admin.post("/v1/charges", &message).expect(201);
    }
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_millis(2);
    eventually("the clock to move on", || (jiff::Timestamp::now() > end).then_some(()));
    let period =
        json!({ "account": "owes", "period_start": start.to_string(), "period_end": end.to_string() });
    let draft = admin.post("/v1/invoices", &period).expect(201).json;
    let sent = admin.order(&format!("/v1/invoices/{}/send", text(&draft["id"]))).expect(200).json;
    text(&sent["invoice_number"]).to_owned()
}

fn clock_seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
}
