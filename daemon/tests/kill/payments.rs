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

fn text(value: &Value) -> &str {
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

fn clock_seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
}
