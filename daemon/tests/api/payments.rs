//! Payments by Stripe against a stand-in that keeps state: every order of what tells of a payment, declines, time-outs after the
//! money was taken, refunds and disputes from the dashboard, saved methods and auto-recharge.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::api::{Api, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::esme::Esme;
use crate::support::sandbox::Sandbox;
use crate::support::sm::Sm;
use crate::support::smpp::BUSINESS_1;
use crate::support::stripe::{DECLINED_CARD, GOOD_CARD, Stripe, now_seconds, send_at, send_signed};
use crate::support::wait::eventually;

const ACCOUNT: &str = "biz_test_001";

/// A daemon that takes cards by a stand-in.
pub struct Shop {
    pub daemon: Daemon,
    pub admin: Api,
    pub stripe: Stripe,
    pub sandbox: Sandbox,
}

impl Shop {
    pub fn open() -> Self {
        Self::open_with(|_| {})
    }

    pub fn open_with(prepare: impl FnOnce(&Sandbox)) -> Self {
        let (sandbox, stripe) = (Sandbox::new(), Stripe::start());
        stripe.configure(&sandbox);
        sandbox.set("api", "requests_per_second = 100000");
        prepare(&sandbox);
        let (daemon, admin) = start_with_admin(&sandbox);
        Self { daemon, admin, stripe, sandbox }
    }

    pub fn begin(&self, change: &Value) -> Value {
        let mut body = json!({ "account": ACCOUNT, "provider": "stripe", "amount": "20.00" });
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        self.admin.post("/v1/payments", &body).expect(201).json
    }

    pub fn payment(&self, id: &str) -> Value {
        self.admin.get(&format!("/v1/payments/{id}")).expect(200).json
    }

    /// Waits until a payment is in a state.
    pub fn until(&self, id: &str, state: &str) -> Value {
        eventually(&format!("{id} to be {state}"), || {
            Some(self.payment(id)).filter(|payment| payment["state"] == state)
        })
    }

    pub fn refresh(&self, id: &str) -> Value {
        self.admin.order(&format!("/v1/payments/{id}/refresh")).expect(200).json
    }

    pub fn balance(&self) -> String {
        let balance =
            self.admin.get(&format!("/v1/accounts/{ACCOUNT}/balance")).expect(200).json["balance"].clone();
        balance.as_str().expect("an amount").to_owned()
    }

    /// A method that is saved by a payment of 20.00; gives our id and the provider's.
    pub fn save_method(&self) -> (String, String) {
        let payment = self.begin(&json!({ "save_method": true }));
        self.stripe.pay(text(&payment["provider_id"]), GOOD_CARD);
        assert_eq!(self.refresh(text(&payment["id"]))["state"], "succeeded");
        let methods = self.admin.get(&format!("/v1/accounts/{ACCOUNT}/payment-methods")).expect(200).json;
        let method = methods["items"][0].clone();
        assert_eq!(
            (&method["brand"], &method["last4"], &method["expires"]),
            (&json!("visa"), &json!("4242"), &json!("2030-12"))
        );
        (text(&method["id"]).to_owned(), self.stripe.methods().pop().expect("a method"))
    }

    /// Stops the daemon and has the books verified; no key stands in its log.
    pub fn close(self) {
        let log = self.daemon.stop();
        for secret in Stripe::secrets() {
            assert!(!log.contains(secret), "{log}");
        }
        verified(&self.sandbox);
    }
}

fn verified(sandbox: &Sandbox) -> Value {
    let finished = sandbox.on_books(&["verify", "--json"]);
    let report: Value = serde_json::from_str(&finished.stdout).expect("a report");
    assert_eq!(report["balanced"], true, "{}", finished.stdout);
    report
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is a text"))
}

#[test]
fn a_card_that_is_good_is_credited_once_whatever_tells_of_it() {
    let shop = Shop::open();
    let payment = shop.begin(&json!({}));
    let (id, intent) = (text(&payment["id"]), text(&payment["provider_id"]));
    assert_eq!((&payment["state"], &payment["pay_url"].is_string()), (&json!("requires_action"), &true));
    assert!(text(&payment["client_secret"]).starts_with("pi_standin"));
    assert_eq!(shop.payment(id)["client_secret"], Value::Null, "it is shown to who begins it alone");
    assert_eq!(shop.stripe.intents()[0]["metadata"]["tollgate_payment"], id);
    assert_eq!(shop.stripe.intents()[0]["amount"], 2_000);

    // The page has the form of Stripe and a policy for it alone.
    let url = text(&payment["pay_url"]);
    let path = &url[url.find("/pay/").expect("a pay page")..];
    let page = Api::anonymous(&shop.daemon).get(path).expect(200);
    assert!(
        page.text().contains("pk_test_standin") && page.text().contains("https://js.stripe.com/v3/"),
        "{}",
        page.text()
    );
    assert!(
        page.header("content-security-policy")
            .expect("a policy")
            .contains("script-src 'self' https://js.stripe.com")
    );

    let early = shop.stripe.event("evt_created", "payment_intent.created", intent);
    shop.stripe.pay(intent, GOOD_CARD);
    // The customer comes back before any event, with whatever Stripe adds to the address.
    let returned = Api::anonymous(&shop.daemon)
        .get(&format!("{path}/return?payment_intent={intent}&redirect_status=failed"));
    assert!(returned.expect(200).text().contains("complete"));
    assert_eq!(shop.balance(), "1020.00");
    // Late, twice, and the older one last.
    for _ in 0..2 {
        shop.stripe.tell(&shop.admin, "evt_succeeded", "payment_intent.succeeded", intent);
    }
    Stripe::send(&shop.admin, &early).expect(204);
    shop.refresh(id);
    let asked = shop.stripe.asked(&format!("GET /v1/payment_intents/{intent}"));
    eventually("both events to be handled", || (shop.stripe.asked("GET /v1/refunds") >= 3).then_some(()));
    assert!(asked >= 2);
    assert_eq!(shop.balance(), "1020.00");
    let succeeded = shop.payment(id);
    assert_eq!((&succeeded["state"], &succeeded["received"]), (&json!("succeeded"), &json!("20.00")));
    shop.close();
}

#[test]
fn an_event_alone_is_enough_and_one_that_is_not_stripes_is_nothing() {
    let shop = Shop::open();
    let payment = shop.begin(&json!({}));
    let (id, intent) = (text(&payment["id"]), text(&payment["provider_id"]));
    let asked = shop.stripe.asked("GET");
    let mut forged: Value =
        serde_json::from_str(&shop.stripe.event("evt_1", "payment_intent.succeeded", intent)).expect("JSON");
    forged["data"]["object"]["status"] = json!("succeeded");
    forged["data"]["object"]["amount_received"] = json!(2_000);
    let forged = forged.to_string();
    send_signed(&shop.admin, &forged, "whsec_of_somebody_else", now_seconds()).expect(400);
    for seconds in [now_seconds() - 400, now_seconds() + 400] {
        send_at(&shop.admin, &forged, seconds).expect(400);
    }
    shop.admin.post("/v1/payments/webhooks/stripe", &json!({ "id": "evt_1" })).expect(400);
    assert_eq!(shop.stripe.asked("GET"), asked, "nobody was asked");
    // One that is signed and lies is asked about, and what Stripe has then holds.
    send_at(&shop.admin, &forged, now_seconds()).expect(204);
    eventually("Stripe to be asked", || (shop.stripe.asked("GET") > asked).then_some(()));
    assert_eq!(shop.payment(id)["state"], "requires_action");

    shop.stripe.pay(intent, GOOD_CARD);
    shop.stripe.tell(&shop.admin, "evt_2", "payment_intent.succeeded", intent);
    shop.until(id, "succeeded");
    // An event of something that is not ours is kept, answered, and nothing else.
    send_at(
        &shop.admin,
        r#"{"id":"evt_3","type":"x","data":{"object":{"id":"pi_of_others"}}}"#,
        now_seconds(),
    )
    .expect(204);
    assert_eq!(shop.balance(), "1020.00");
    shop.close();
}

#[test]
fn a_declined_card_may_be_followed_by_a_good_one() {
    let shop = Shop::open();
    let payment = shop.begin(&json!({}));
    let (id, intent) = (text(&payment["id"]), text(&payment["provider_id"]));
    shop.stripe.pay(intent, DECLINED_CARD);
    shop.stripe.tell(&shop.admin, "evt_1", "payment_intent.payment_failed", intent);
    let failed = shop.until(id, "failed");
    assert_eq!(failed["failure"]["code"], "insufficient_funds");
    assert_eq!(shop.balance(), "1000.00");
    let url = text(&payment["pay_url"]);
    let page =
        Api::anonymous(&shop.daemon).get(&url[url.find("/pay/").expect("a pay page")..]).expect(200).text();
    assert!(page.contains("insufficient funds") && page.contains("pk_test_standin"), "{page}");
    let late = shop.stripe.event("evt_2", "payment_intent.payment_failed", intent);
    shop.stripe.pay(intent, GOOD_CARD);
    assert_eq!(shop.refresh(id)["state"], "succeeded");
    Stripe::send(&shop.admin, &late).expect(204);
    assert_eq!(shop.refresh(id)["failure"], Value::Null);
    assert_eq!(shop.balance(), "1020.00");

    // What is cancelled is not paid, and what is paid is not cancelled.
    let other = shop.begin(&json!({ "amount": "7.00" }));
    let cancelled = shop.admin.order(&format!("/v1/payments/{}/cancel", text(&other["id"]))).expect(200).json;
    assert_eq!(cancelled["state"], "cancelled");
    let third = shop.begin(&json!({ "amount": "8.00" }));
    shop.stripe.pay(text(&third["provider_id"]), GOOD_CARD);
    let paid = shop.admin.order(&format!("/v1/payments/{}/cancel", text(&third["id"]))).expect(200).json;
    assert_eq!(paid["state"], "succeeded");
    assert_eq!(shop.balance(), "1028.00");
    shop.close();
}

#[test]
fn money_that_was_taken_without_an_answer_is_found() {
    let shop = Shop::open();
    let (method, card) = shop.save_method();
    // Taken, and the answer is lost.
    shop.stripe.swallow_next(1);
    let payment = shop.begin(&json!({ "payment_method": method, "amount": "30.00" }));
    assert_eq!(payment["state"], "unknown");
    assert_eq!(shop.balance(), "1020.00");
    let found = shop.until(text(&payment["id"]), "succeeded");
    assert_eq!(found["received"], "30.00");
    assert_eq!(shop.balance(), "1050.00");
    assert_eq!(shop.stripe.intents().len(), 2, "it was taken once");

    // Nothing reached the provider: it is sent again with the same attempt.
    shop.stripe.be_silent(true);
    let payment = shop.begin(&json!({ "payment_method": method, "amount": "5.00" }));
    assert_eq!(payment["state"], "unknown");
    shop.stripe.be_silent(false);
    shop.until(text(&payment["id"]), "succeeded");
    assert_eq!((shop.balance().as_str(), shop.stripe.intents().len()), ("1055.00", 3));

    // A card that is declined off-session is a payment that has failed, and no error.
    shop.stripe.put_card(&card, DECLINED_CARD);
    let payment = shop.begin(&json!({ "payment_method": method }));
    assert_eq!(
        (&payment["state"], &payment["failure"]["code"]),
        (&json!("failed"), &json!("insufficient_funds"))
    );
    shop.admin.delete(&format!("/v1/accounts/{ACCOUNT}/payment-methods/{method}")).expect(204);
    let gone =
        json!({ "account": ACCOUNT, "provider": "stripe", "amount": "1.00", "payment_method": method });
    shop.admin.post("/v1/payments", &gone).expect(422);
    assert_eq!(shop.balance(), "1055.00");
    shop.close();
}

#[test]
fn refunds_are_counted_one_by_one_wherever_they_are_made() {
    let shop = Shop::open();
    let payment = shop.begin(&json!({}));
    let (id, intent) = (text(&payment["id"]).to_owned(), text(&payment["provider_id"]).to_owned());
    shop.stripe.pay(&intent, GOOD_CARD);
    shop.refresh(&id);
    let refund = |amount: &str| {
        let body = json!({ "amount": amount, "reason": "sent twice" });
        shop.admin.post(&format!("/v1/payments/{id}/refunds"), &body)
    };
    // Asked for here, and told of by the event of the same.
    let own = refund("5.00").expect(201).json;
    assert_eq!(own["state"], "succeeded");
    shop.stripe.tell(&shop.admin, "evt_1", "refund.created", text(&own["provider_id"]));
    // Made in the dashboard, in two parts: each is one, and no running total.
    for (event, minor) in [("evt_2", 300), ("evt_3", 200)] {
        let made = shop.stripe.refund_in_dashboard(&intent, minor);
        shop.stripe.tell(&shop.admin, event, "charge.refunded", &made);
        shop.stripe.tell(&shop.admin, &format!("{event}b"), "refund.updated", &made);
    }
    eventually("both to be there", || (shop.payment(&id)["refunded"] == "10.00").then_some(()));
    assert_eq!(shop.balance(), "1010.00");
    // One that the provider refuses gives the money back, and one whose answer is lost is found.
    shop.stripe.refuse_refunds(1);
    assert_eq!(refund("1.00").expect(201).json["state"], "failed");
    assert_eq!(shop.balance(), "1010.00");
    shop.stripe.swallow_next(1);
    let lost = refund("2.00").expect(201).json;
    // It is asked for again under the same key, which may be before this answer.
    assert!(lost["state"] == "pending" || lost["state"] == "succeeded", "{lost}");
    assert_eq!(shop.balance(), "1008.00");
    eventually("the lost refund to be found", || {
        let refunds = shop.admin.get(&format!("/v1/payments/{id}/refunds")).expect(200).json;
        let found = refunds["items"].as_array()?.iter().find(|refund| refund["id"] == lost["id"])?.clone();
        (found["state"] == "succeeded").then_some(())
    });
    // A bank may send one back late.
    shop.stripe.set_refund(text(&own["provider_id"]), "failed");
    shop.stripe.tell(&shop.admin, "evt_9", "refund.failed", text(&own["provider_id"]));
    eventually("it to be given back", || (shop.balance() == "1013.00").then_some(()));
    assert_eq!(shop.payment(&id)["refunded"], "7.00");
    let refunds = shop.admin.get(&format!("/v1/payments/{id}/refunds")).expect(200).json;
    let ids: BTreeSet<&str> =
        refunds["items"].as_array().expect("items").iter().map(|refund| text(&refund["id"])).collect();
    assert_eq!(ids.len(), 5);
    shop.close();
}

#[test]
fn a_lost_dispute_takes_its_amount_and_suspends() {
    let shop = Shop::open();
    shop.admin.post("/v1/accounts", &json!({ "id": "shaky", "plan": "starter" })).expect(201);
    let payment = shop.begin(&json!({ "account": "shaky" }));
    let (id, intent) = (text(&payment["id"]), text(&payment["provider_id"]));
    shop.stripe.pay(intent, GOOD_CARD);
    shop.refresh(id);
    let spent = json!({ "amount": "-15.00", "reason": "spent" });
    shop.admin.post("/v1/accounts/shaky/adjustments", &spent).expect(201);
    let wallet = || shop.admin.get("/v1/accounts/shaky/wallet").expect(200).json;

    let won = shop.stripe.open_dispute(intent, 2_000);
    shop.stripe.tell(&shop.admin, "evt_1", "charge.dispute.created", &won);
    let disputes =
        || shop.admin.get(&format!("/v1/payments/{id}/disputes")).expect(200).json["items"].clone();
    eventually("the dispute", || (disputes()[0]["state"] == "opened").then_some(()));
    let alerts = shop.admin.get("/v1/alerts?type=payment_dispute").expect(200).json;
    assert_eq!(alerts["items"][0]["cleared_at"], Value::Null);
    assert_eq!((&wallet()["balance"], &wallet()["status"]), (&json!("5.00"), &json!("active")));
    shop.stripe.end_dispute(&won, "won");
    shop.stripe.tell(&shop.admin, "evt_2", "charge.dispute.closed", &won);
    eventually("it to be won", || (disputes()[0]["state"] == "won").then_some(()));
    assert_eq!(wallet()["balance"], "5.00");

    // The end comes before the beginning, and twice.
    let lost = shop.stripe.open_dispute(intent, 2_000);
    let opened = shop.stripe.event("evt_3", "charge.dispute.created", &lost);
    shop.stripe.end_dispute(&lost, "lost");
    for event in ["evt_4", "evt_5"] {
        shop.stripe.tell(&shop.admin, event, "charge.dispute.closed", &lost);
    }
    Stripe::send(&shop.admin, &opened).expect(204);
    eventually("it to be lost", || (wallet()["balance"] == "-15.00").then_some(()));
    // The wallet in memory is ahead of the commit that notes it with the payment.
    eventually("it to be noted", || (shop.payment(id)["disputed"] == "20.00").then_some(()));
    assert_eq!(wallet()["status"], "suspended");
    shop.refresh(id);
    assert_eq!(wallet()["balance"], "-15.00");
    let entries = shop.admin.get("/v1/accounts/shaky/transactions?kind=dispute").expect(200).json;
    assert_eq!(entries["items"].as_array().expect("items").len(), 1);
    shop.close();
}

/// Spends money of the account by messages until the balance is below `threshold`.
fn auto_recharge(shop: &Shop, change: &Value) -> Value {
    let mut body = json!({ "enabled": true, "threshold": "1015.00", "amount": "10.00" });
    body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    shop.admin.put(&format!("/v1/accounts/{ACCOUNT}/auto-recharge"), &body).expect(200).json
}

fn spend(shop: &Shop, amount: &str) {
    let body = json!({ "amount": format!("-{amount}"), "reason": "spent" });
    shop.admin.post(&format!("/v1/accounts/{ACCOUNT}/adjustments"), &body).expect(201);
}

#[test]
fn a_wallet_below_its_threshold_is_filled_by_one_charge() {
    let shop = Shop::open();
    let body = json!({ "enabled": true, "threshold": "10.00", "amount": "10.00" });
    let refused = shop.admin.put(&format!("/v1/accounts/{ACCOUNT}/auto-recharge"), &body).expect(422);
    assert_eq!(refused.json["errors"][0]["field"], "payment_method");
    let (method, card) = shop.save_method();
    for (change, field) in [
        (json!({ "amount": "0" }), "amount"),
        (json!({ "amount": "1.005" }), "amount"),
        (json!({ "monthly_limit": "9.99" }), "monthly_limit"),
        (json!({ "payment_method": "pm_none" }), "payment_method"),
    ] {
        let mut body = json!({ "enabled": true, "threshold": "10.00", "amount": "10.00" });
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let refused = shop.admin.put(&format!("/v1/accounts/{ACCOUNT}/auto-recharge"), &body).expect(422);
        assert_eq!(refused.json["errors"][0]["field"], field, "{body}");
    }
    let set = auto_recharge(&shop, &json!({ "monthly_limit": "60.00" }));
    assert_eq!((&set["enabled"], &set["payment_method"]), (&json!(true), &json!(method)));

    // The balance is 1020; a message takes it to just above the threshold, and nothing happens. Deep below it one charge follows.
    spend(&shop, "5.00");
    assert_eq!(shop.balance(), "1015.00");
    spend(&shop, "31.00");
    eventually("one charge", || (shop.balance() == "1024.00").then_some(()));
    assert_eq!(shop.stripe.intents().len(), 2);
    let shown = || shop.admin.get(&format!("/v1/accounts/{ACCOUNT}/auto-recharge")).expect(200).json;
    eventually("the end of the charge", || (shown()["charged_this_month"] == "40.00").then_some(()));
    let last = shop.payment(text(&shown()["last_payment"]));
    assert_eq!((&last["amount"], &last["created_by"]), (&json!("40.00"), &json!("auto-recharge")));

    // A message does it too, in less than a second after the daemon knows of it.
    spend(&shop, "9.00");
    let gateway = Esme::transceiver(shop.daemon.smpp, BUSINESS_1);
    gateway.accepted(&Sm::to("254722000001"));
    eventually("a charge after a message", || shop.balance().starts_with("1024.9").then_some(()));

    // Then the limit of the month leaves room for 10 of the 20 that are wanted, and for nothing after that.
    spend(&shop, "20.00");
    eventually("what the limit leaves", || shop.balance().starts_with("1014.9").then_some(()));
    eventually("the limit", || (shown()["stopped_by"] == "limit_reached").then_some(()));
    let alerts = shop.admin.get("/v1/alerts?type=auto_recharge").expect(200).json;
    assert_eq!(alerts["items"].as_array().expect("items").len(), 1);
    assert_eq!(shop.stripe.intents().len(), 4);

    // A decline rests for an hour, and is told.
    shop.stripe.put_card(&card, DECLINED_CARD);
    auto_recharge(&shop, &json!({}));
    spend(&shop, "1.00");
    let declined = eventually("a decline", || Some(shown()).filter(|shown| shown["next_try_at"].is_string()));
    assert_eq!(
        (&declined["stopped_by"], &declined["declines"], &declined["enabled"]),
        (&json!("declined"), &json!(1), &json!(true))
    );
    spend(&shop, "1.00");
    assert_eq!(shop.stripe.intents().len(), 5);
    // The clients that exist set it and see it by their own names.
    let wecall = format!("/api/billing/wallet/{ACCOUNT}/");
    let wallet = shop.admin.get(&wecall).expect(200).json;
    let shown_there =
        ["enabled", "amount", "threshold"].map(|field| wallet[format!("auto_recharge_{field}")].clone());
    assert_eq!(shown_there, [json!(true), json!("10.00"), json!("1015.00")]);
    let changed = json!({ "auto_recharge_enabled": false, "auto_recharge_amount": 12.50 });
    assert_eq!(shop.admin.patch(&wecall, &changed).expect(200).json["auto_recharge_amount"], "12.50");
    assert_eq!((&shown()["enabled"], &shown()["threshold"]), (&json!(false), &json!("1015.00")));
    shop.admin.delete(&format!("/v1/accounts/{ACCOUNT}/auto-recharge")).expect(204);
    assert_eq!(shown()["amount"], Value::Null);
    shop.close();
}

/// A charge begins within a second of the debit, by the times that the books have of both.
#[test]
fn a_charge_begins_within_a_second_of_the_debit_or_of_the_setting() {
    let shop = Shop::open();
    shop.save_method();
    // It is set while the balance is below: that is a debit's place.
    let set = auto_recharge(&shop, &json!({ "threshold": "1025.00" }));
    assert_eq!(set["enabled"], true);
    eventually("a charge after the setting", || (shop.balance() == "1030.00").then_some(()));
    let charges = || -> Vec<Value> {
        let page = shop.admin.get("/v1/payments?limit=50").expect(200).json;
        let items = page["items"].as_array().expect("items").iter();
        items.filter(|payment| payment["created_by"] == "auto-recharge").cloned().collect()
    };
    let mut spans = Vec::new();
    for round in 0..3 {
        let before = charges().len();
        assert_eq!(before, round + 1);
        spend(&shop, "10.00");
        let charge = eventually("a charge", || {
            let now = charges();
            (now.len() > before && now[0]["state"] == "succeeded").then(|| now[0].clone())
        });
        eventually("its end", || (shop.balance() == "1030.00").then_some(()));
        let entries =
            shop.admin.get(&format!("/v1/accounts/{ACCOUNT}/transactions?kind=adjustment")).expect(200);
        let time = |value: &Value| -> jiff::Timestamp { text(value).parse().expect("a time") };
        spans.push(time(&charge["created_at"]).duration_since(time(&entries.json["items"][0]["at"])));
    }
    // A machine that is busy may be late with one of them.
    let shortest = spans.iter().min().expect("three");
    assert!(*shortest <= jiff::SignedDuration::from_secs(1), "{spans:?}");
    shop.close();
}

#[test]
fn an_account_that_uses_nothing_is_not_charged_and_each_step_survives_a_kill() {
    let shop = Shop::open();
    shop.save_method();
    auto_recharge(&shop, &json!({ "threshold": "1021.00", "amount": "5.00" }));
    eventually("the charge that was asked for", || (shop.balance() == "1025.00").then_some(()));
    let last = || shop.admin.get(&format!("/v1/accounts/{ACCOUNT}/auto-recharge")).expect(200).json;
    let paid = eventually("its end", || {
        let id = last()["last_payment"].as_str()?.to_owned();
        Some(id).filter(|_| last()["declines"] == 0)
    });
    // What goes back to who paid it is no use, and is not charged again; whoever sets it anew asks for it.
    let back = json!({ "amount": "5.00", "reason": "not wanted" });
    shop.admin.post(&format!("/v1/payments/{paid}/refunds"), &back).expect(201);
    let asked = shop.stripe.intents().len();
    // Another account is charged by a later look, which has looked at this one too.
    shop.admin.post("/v1/accounts", &json!({ "id": "other", "plan": "starter" })).expect(201);
    let saved = shop.begin(&json!({ "account": "other", "save_method": true }));
    shop.stripe.pay(text(&saved["provider_id"]), GOOD_CARD);
    shop.refresh(text(&saved["id"]));
    let wanted = json!({ "enabled": true, "threshold": "25.00", "amount": "10.00" });
    shop.admin.put("/v1/accounts/other/auto-recharge", &wanted).expect(200);
    let others = || shop.admin.get("/v1/accounts/other/balance").expect(200).json["balance"].clone();
    eventually("the other's charge", || (others() == "30.00").then_some(()));
    assert_eq!((shop.stripe.intents().len(), shop.balance().as_str()), (asked + 2, "1020.00"));
    auto_recharge(&shop, &json!({}));
    // The charge is written down and taken, and nobody hears of it.
    shop.stripe.swallow_next(1);
    spend(&shop, "7.00");
    eventually("the charge at the provider", || (shop.stripe.intents().len() == 5).then_some(()));
    let Shop { sandbox, stripe, daemon, admin } = shop;
    daemon.kill();
    let daemon = sandbox.start();
    let admin = admin.at_daemon(&daemon);
    let shop = Shop { daemon, admin, stripe, sandbox };
    eventually("the charge to be found", || (shop.balance() == "1023.00").then_some(()));
    assert_eq!(shop.stripe.intents().len(), 5, "there is no second charge");
    shop.close();
}
