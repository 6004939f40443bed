//! `kill -9` at every step of money that goes back: refunds that are asked for, refunds of the provider's own pages, disputes, and
//! what was paid with it. Money moves once, whatever the step and however often an event comes. `SEED` repeats the random choices.

use std::env;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::payments::{invoiced, text};
use crate::support::api::{Api, start_with_admin};
use crate::support::books::micros;
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;
use crate::support::stripe::{GOOD_CARD, Stripe};
use crate::support::wait::eventually;

const OWES: &str = "owes";
/// Kills at random moments, of each kind.
const ROUNDS: u64 = 3;
/// The longest time between what is done and the kill.
const PAUSE_MICROS: u64 = 60_000;

/// One data directory, and all that the stand-in knows of it.
struct Shop {
    daemon: Daemon,
    admin: Api,
    stripe: Stripe,
    sandbox: Sandbox,
    random: u64,
    events: u64,
    /// The balance that is to be there, in cents.
    cents: i64,
}

impl Shop {
    fn open() -> Self {
        let (sandbox, stripe) = (Sandbox::new(), Stripe::start());
        stripe.configure(&sandbox);
        sandbox.set("api", "requests_per_second = 100000");
        let (daemon, admin) = start_with_admin(&sandbox);
        let settings = json!({ "credit_limit": "1.00", "delivery": "charge_only" });
        let account = json!({ "id": OWES, "plan": "starter", "settings": settings });
        admin.post("/v1/accounts", &account).expect(201);
        let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs());
        let seed = env::var("SEED").map_or_else(|_| clock(), |seed| seed.parse().expect("SEED is a number"));
        println!("SEED={seed}");
        Self { daemon, admin, stripe, sandbox, random: seed, events: 0, cents: 0 }
    }

    /// A payment that has succeeded: its id, and the provider's.
    fn paid(&mut self, cents: i64, purpose: &Value) -> (String, String) {
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        let body = json!({ "account": OWES, "provider": "stripe", "amount": amount, "purpose": purpose });
        let payment = self.admin.post("/v1/payments", &body).expect(201).json;
        let (id, intent) = (text(&payment["id"]).to_owned(), text(&payment["provider_id"]).to_owned());
        self.stripe.pay(&intent, GOOD_CARD);
        self.admin.order(&format!("/v1/payments/{id}/refresh")).expect(200);
        self.cents += cents;
        self.is_moved_once();
        (id, intent)
    }

    /// Kills the daemon, after a random time if that is asked for, and starts it again.
    fn kill(&mut self, after_a_while: bool) {
        if after_a_while {
            self.random =
                self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            thread::sleep(Duration::from_micros((self.random >> 33) % PAUSE_MICROS));
        }
        self.daemon.kill_in_place();
        self.daemon = self.sandbox.start();
        self.admin = self.admin.at_daemon(&self.daemon);
    }

    /// Tells of an object with an event of its own.
    fn tell(&mut self, kind: &str, object: &str) {
        self.events += 1;
        self.stripe.tell(&self.admin, &format!("evt_{}", self.events), kind, object);
    }

    /// Waits until the balance is what it has to be, in the books as in memory.
    fn is_moved_once(&self) {
        let balance = || {
            let shown = self.admin.get(&format!("/v1/accounts/{OWES}/balance")).expect(200).json;
            micros(text(&shown["balance"])) / 10_000
        };
        eventually(&format!("a balance of {} cents", self.cents), || (balance() == self.cents).then_some(()));
    }

    fn refunds(&self, payment: &str) -> Vec<Value> {
        let shown = self.admin.get(&format!("/v1/payments/{payment}/refunds")).expect(200).json;
        shown["items"].as_array().expect("items").clone()
    }

    /// Waits until a payment has so many refunds, all in this state, and the provider as many.
    fn has_refunds(&self, payment: &str, count: usize, state: &str) {
        eventually(&format!("{count} refunds that are {state}"), || {
            let refunds = self.refunds(payment);
            assert!(refunds.len() <= count, "{refunds:?}");
            (refunds.len() == count && refunds.iter().all(|refund| refund["state"] == state)).then_some(())
        });
    }

    fn dispute_is(&self, payment: &str, state: &str) {
        eventually(&format!("a dispute that is {state}"), || {
            let shown = self.admin.get(&format!("/v1/payments/{payment}/disputes")).expect(200).json;
            let disputes = shown["items"].as_array().expect("items").clone();
            assert!(disputes.len() <= 1, "{shown}");
            (disputes.first()?["state"] == state).then_some(())
        });
    }

    /// Ends, and has the books counted again.
    fn close(self) -> Value {
        self.is_moved_once();
        self.daemon.stop();
        let finished = self.sandbox.on_books(&["verify", "--json"]);
        let report: Value = serde_json::from_str(&finished.stdout).expect("a report");
        assert_eq!(report["balanced"], true, "{}", finished.stdout);
        report
    }
}

/// Asks for a refund of 4.00; `None` where the process died meanwhile.
fn refund(admin: &Api, payment: &str, key: &str) -> Option<Value> {
    let body = (json!({ "amount": "4.00", "reason": "a test" }).to_string().into_bytes(), "application/json");
    let keyed = admin.header("Idempotency-Key", key);
    let reply = keyed.try_send("POST", &format!("/v1/payments/{payment}/refunds"), Some(body)).ok()?;
    Some(reply.expect(201).json)
}

#[test]
fn a_refund_moves_money_once_at_whatever_step_the_process_dies() {
    let mut shop = Shop::open();
    let top_up = json!({ "kind": "top_up" });

    // Written down, and nothing is done at the provider.
    let (payment, _) = shop.paid(1_000, &top_up);
    shop.stripe.hold(true);
    let (arrived, admin, of) = (shop.stripe.arrived(), shop.admin.clone(), payment.clone());
    let request = thread::spawn(move || refund(&admin, &of, "written"));
    eventually("the provider to be asked", || (shop.stripe.arrived() > arrived).then_some(()));
    shop.kill(false);
    shop.stripe.hold(false);
    assert_eq!(request.join().expect("no panic"), None);
    shop.cents -= 400;
    let again = refund(&shop.admin, &payment, "written").expect("the daemon lives");
    assert_eq!(again["amount"], "4.00");
    shop.has_refunds(&payment, 1, "succeeded");
    shop.is_moved_once();

    // Given back, and nobody has heard of it; the event comes after the start, and comes again.
    shop.stripe.swallow_next(1);
    refund(&shop.admin, &payment, "swallowed").expect("the daemon lives");
    shop.kill(false);
    shop.cents -= 400;
    shop.has_refunds(&payment, 2, "succeeded");
    let made = text(&shop.refunds(&payment)[0]["provider_id"]).to_owned();
    for _ in 0..2 {
        shop.tell("refund.updated", &made);
        shop.tell("charge.refunded", &made);
    }
    shop.kill(true);
    shop.has_refunds(&payment, 2, "succeeded");
    shop.is_moved_once();

    // Refused, and the process dies before or after that is noted.
    let (payment, _) = shop.paid(1_000, &top_up);
    shop.stripe.refuse_refunds(1_000);
    let _ = refund(&shop.admin, &payment, "refused").expect("the daemon lives");
    shop.kill(false);
    shop.has_refunds(&payment, 1, "failed");
    shop.is_moved_once();
    shop.stripe.refuse_refunds(0);

    for round in 0..ROUNDS {
        let (payment, intent) = shop.paid(1_000, &top_up);
        let (admin, of, key) = (shop.admin.clone(), payment.clone(), format!("round-{round}"));
        let request = thread::spawn({
            let key = key.clone();
            move || refund(&admin, &of, &key)
        });
        shop.kill(true);
        let _ = request.join().expect("no panic");
        refund(&shop.admin, &payment, &key).expect("the daemon lives");
        shop.cents -= 400;
        shop.has_refunds(&payment, 1, "succeeded");
        shop.is_moved_once();

        // One of the provider's own pages: the event is kept, and the process dies before or while it is handled.
        let made = shop.stripe.refund_in_dashboard(&intent, 300);
        shop.tell("charge.refunded", &made);
        shop.kill(true);
        shop.cents -= 300;
        shop.has_refunds(&payment, 2, "succeeded");
        shop.tell("refund.created", &made);
        shop.tell("charge.refunded", &made);
        shop.kill(true);
        shop.has_refunds(&payment, 2, "succeeded");
        shop.is_moved_once();

        // The bank sends it back.
        shop.stripe.set_refund(&made, "failed");
        shop.tell("refund.failed", &made);
        shop.kill(true);
        shop.cents += 300;
        shop.is_moved_once();
        shop.tell("refund.failed", &made);
        shop.is_moved_once();
    }
    shop.close();
}

#[test]
fn a_dispute_moves_money_once_at_whatever_step_the_process_dies() {
    let mut shop = Shop::open();
    for _ in 0..ROUNDS {
        let (payment, intent) = shop.paid(1_000, &json!({ "kind": "top_up" }));
        let dispute = shop.stripe.open_dispute(&intent, 700);
        shop.tell("charge.dispute.created", &dispute);
        shop.kill(true);
        shop.dispute_is(&payment, "opened");
        shop.is_moved_once();

        shop.stripe.end_dispute(&dispute, "lost");
        shop.tell("charge.dispute.closed", &dispute);
        shop.kill(true);
        shop.cents -= 700;
        shop.dispute_is(&payment, "lost");
        shop.is_moved_once();
        let wallet = shop.admin.get(&format!("/v1/accounts/{OWES}/wallet")).expect(200).json;
        assert_eq!(wallet["status"], "suspended");
        for kind in ["charge.dispute.created", "charge.dispute.closed"] {
            shop.tell(kind, &dispute);
        }
        shop.kill(true);
        shop.is_moved_once();

        // The bank takes its decision back.
        shop.stripe.end_dispute(&dispute, "won");
        shop.tell("charge.dispute.closed", &dispute);
        shop.kill(true);
        shop.cents += 700;
        shop.dispute_is(&payment, "won");
        shop.is_moved_once();
        shop.admin.order(&format!("/v1/accounts/{OWES}/resume")).expect(200);
    }
    shop.close();
}

/// The invoice that was paid is open again in the commit of the money that goes back.
#[test]
fn an_invoice_is_opened_again_once_at_whatever_step_the_process_dies() {
    let mut shop = Shop::open();
    let number = invoiced(&shop.admin);
    shop.cents -= 10;
    for round in 0..ROUNDS {
        let (payment, intent) = shop.paid(10, &json!({ "kind": "invoice", "number": number }));
        let invoice = |shop: &Shop, status: &str| {
            let path = format!("/v1/invoices/{number}");
            eventually(&format!("an invoice that is {status}"), || {
                let shown = shop.admin.get(&path).expect(200).json;
                (shown["status"] == status).then_some(shown)
            })
        };
        assert_eq!(invoice(&shop, "paid")["amount_open"], "0.00");
        if round % 2 == 0 {
            let made = shop.stripe.refund_in_dashboard(&intent, 10);
            shop.tell("charge.refunded", &made);
            shop.kill(true);
            shop.has_refunds(&payment, 1, "succeeded");
            shop.tell("charge.refunded", &made);
        } else {
            let dispute = shop.stripe.open_dispute(&intent, 10);
            shop.stripe.end_dispute(&dispute, "lost");
            shop.tell("charge.dispute.closed", &dispute);
            shop.kill(true);
            shop.dispute_is(&payment, "lost");
            shop.tell("charge.dispute.closed", &dispute);
            shop.admin.order(&format!("/v1/accounts/{OWES}/resume")).expect(200);
        }
        shop.cents -= 10;
        shop.kill(true);
        let shown = invoice(&shop, "sent");
        assert_eq!((&shown["amount_paid"], &shown["amount_open"]), (&json!("0.00"), &json!("0.10")));
        assert!(shown["reopened_at"].is_string(), "{shown}");
        shop.is_moved_once();
        let told = format!("/v1/events?account={OWES}&type=invoice.reopened");
        let told = shop.admin.get(&told).expect(200).json["items"].as_array().expect("items").len();
        assert_eq!(told as u64, round + 1);
    }
    shop.close();
}
