//! Payments of invoices, subscriptions and bundles, by cards and by transfers: each is credited once and settles what it is for in the
//! same step, and money for what cannot be settled any more stays in the wallet, with an alert.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::payments::{Shop, text};
use crate::support::api::{Api, Reply};
use crate::support::stripe::{DECLINED_CARD, GOOD_CARD, Stripe};
use crate::support::wait::eventually;

const OWES: &str = "owes";

/// An account that owes an invoice of five messages; its number and page.
pub fn invoiced(admin: &Api) -> (String, String) {
    let settings = json!({ "credit_limit": "1.00", "delivery": "charge_only" });
    let account = json!({ "id": OWES, "plan": "starter", "settings": settings });
    admin.post("/v1/accounts", &account).expect(201);
    invoice_of_five(admin)
}

fn invoice_of_five(admin: &Api) -> (String, String) {
    let start = instant();
    for _ in 0..5 {
        let message = json!({ "account": OWES, "to": "254722000001", "text": "a text" });
        admin.post("/v1/charges", &message).expect(201);
    }
    let period = json!({ "account": OWES, "period_start": start, "period_end": instant() });
    let draft = admin.post("/v1/invoices", &period).expect(201).json;
    assert_eq!(draft["pay_link"], Value::Null);
    let sent = admin.order(&format!("/v1/invoices/{}/send", text(&draft["id"]))).expect(200).json;
    let link = text(&sent["pay_link"]);
    let path = link[link.find("/pay/invoices/").expect("a page of payment")..].to_owned();
    (text(&sent["invoice_number"]).to_owned(), path)
}

/// An instant that everything until now lies before, and everything from now on behind.
fn instant() -> String {
    let at = Timestamp::now() + SignedDuration::from_millis(2);
    eventually("the clock to move on", || (Timestamp::now() > at).then_some(()));
    at.to_string()
}

pub fn of_invoice(number: &str) -> Value {
    json!({ "account": OWES, "purpose": { "kind": "invoice", "number": number } })
}

pub fn with(body: &Value, change: &Value) -> Value {
    let mut body = body.clone();
    body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    body
}

pub fn begin(admin: &Api, body: &Value) -> Reply {
    admin.post("/v1/payments", body)
}

pub fn invoice(admin: &Api, number: &str) -> Value {
    admin.get(&format!("/v1/invoices/{number}")).expect(200).json
}

pub fn balance(admin: &Api, account: &str) -> Value {
    admin.get(&format!("/v1/accounts/{account}/balance")).expect(200).json["balance"].clone()
}

fn entries(admin: &Api, account: &str, kind: &str) -> usize {
    let page = admin.get(&format!("/v1/accounts/{account}/transactions?kind={kind}")).expect(200).json;
    page["items"].as_array().expect("items").len()
}

/// The messages of the open alerts that money could not be used as meant.
fn told(admin: &Api) -> Vec<String> {
    let alerts = admin.get("/v1/alerts?type=payment_contradiction").expect(200).json;
    let items = alerts["items"].as_array().expect("items").clone();
    items.iter().map(|alert| text(&alert["message"]).to_owned()).collect()
}

#[test]
fn an_invoice_is_paid_in_parts_whatever_tells_of_them_and_how_often() {
    let shop = Shop::open();
    let admin = &shop.admin;
    let (number, _) = invoiced(admin);
    let of_it = of_invoice(&number);
    for (change, field) in [
        (json!({ "provider": "manual", "amount": "0.005" }), "amount"),
        (json!({ "provider": "manual", "amount": "0" }), "amount"),
        (json!({ "provider": "manual", "purpose": { "kind": "invoice", "number": "INV-1" } }), "purpose"),
        (json!({ "provider": "manual", "account": "biz_test_001" }), "purpose"),
        (json!({ "provider": "manual", "purpose": { "kind": "top_up" } }), "amount"),
    ] {
        let refused = begin(admin, &with(&of_it, &change)).expect(422);
        assert_eq!(refused.json["errors"][0]["field"], field, "{change}");
    }
    assert_eq!(balance(admin, OWES), "-0.10");

    // A part by card: the events come before the answer is read, twice, and the oldest last.
    let part =
        begin(admin, &with(&of_it, &json!({ "provider": "stripe", "amount": "0.04" }))).expect(201).json;
    let (id, intent) = (text(&part["id"]), text(&part["provider_id"]));
    let early = shop.stripe.event("evt_early", "payment_intent.created", intent);
    shop.stripe.pay(intent, DECLINED_CARD);
    shop.stripe.tell(admin, "evt_declined", "payment_intent.payment_failed", intent);
    shop.until(id, "failed");
    assert_eq!(invoice(admin, &number)["amount_open"], "0.10");
    shop.stripe.pay(intent, GOOD_CARD);
    for _ in 0..2 {
        shop.stripe.tell(admin, "evt_paid", "payment_intent.succeeded", intent);
    }
    Stripe::send(admin, &early).expect(204);
    shop.until(id, "succeeded");
    shop.refresh(id);
    let partly = invoice(admin, &number);
    assert_eq!(json!([&partly["amount_open"], &partly["status"]]), json!(["0.06", "sent"]));
    assert_eq!((balance(admin, OWES), entries(admin, OWES, "invoice_payment")), (json!("-0.06"), 1));

    // The rest by transfer, and more than the rest by another, which both are begun while it is open.
    let rest = begin(admin, &with(&of_it, &json!({ "provider": "manual" }))).expect(201).json;
    assert_eq!(rest["amount"], "0.06");
    let more =
        begin(admin, &with(&of_it, &json!({ "provider": "manual", "amount": "5.00" }))).expect(201).json;
    let confirm = |payment: &Value| {
        admin.order(&format!("/v1/payments/{}/confirm", text(&payment["id"]))).expect(200).json
    };
    assert_eq!(confirm(&more)["state"], "succeeded");
    let paid = invoice(admin, &number);
    assert_eq!(
        json!([&paid["status"], &paid["amount_paid"], &paid["pay_link"]]),
        json!(["paid", "0.10", null])
    );
    assert_eq!((balance(admin, OWES), told(admin)), (json!("4.94"), Vec::new()), "the rest is credit");
    // What comes after that is money all the same.
    assert_eq!(confirm(&rest)["state"], "succeeded");
    assert_eq!((balance(admin, OWES), entries(admin, OWES, "invoice_payment")), (json!("5.00"), 2));
    let told = told(admin);
    assert!(told.len() == 1 && told[0].contains(&number), "{told:?}");
    assert_eq!(
        begin(admin, &with(&of_it, &json!({ "provider": "manual" }))).expect(409).code(),
        "wrong_state"
    );
    shop.close();
}

#[test]
fn the_page_of_an_invoice_needs_no_login_and_no_script() {
    let shop = Shop::open();
    let admin = &shop.admin;
    let (number, path) = invoiced(admin);
    let anybody = Api::anonymous(&shop.daemon);
    let page = anybody.get(&path).expect(200);
    let shown = page.text();
    assert!(shown.contains(&number) && shown.contains("0.10 USD is to be paid"), "{shown}");
    assert!(!shown.contains("<script"), "{shown}");
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("form-action 'self'") && !policy.contains("script-src"), "{policy}");
    assert_eq!(admin.get("/v1/payments").expect(200).json["items"], json!([]), "looking writes nothing");

    // However often the button is pressed, there is one payment that can be paid.
    let pressed = |provider: &str| {
        let reply = anybody.order(&format!("{path}/{provider}")).expect(303);
        reply.header("location").expect("a page").to_owned()
    };
    let by_card = pressed("stripe");
    assert_eq!(pressed("stripe"), by_card);
    assert!(anybody.get(&by_card).expect(200).text().contains("pk_test_standin"));
    let by_bank = pressed("manual");
    assert!(anybody.get(&by_bank).expect(200).text().contains("Bank transfer"));
    anybody.order(&format!("{path}/paypal")).expect(422);
    anybody.order(&format!("{path}/cheque")).expect(404);
    anybody.get("/pay/invoices/none").expect(404);
    anybody.order("/pay/invoices/none/manual").expect(404);
    assert_eq!(admin.get("/v1/payments").expect(200).json["items"].as_array().map(Vec::len), Some(2));

    let intent = text(&shop.stripe.intents()[0]["id"]).to_owned();
    shop.stripe.pay(&intent, GOOD_CARD);
    assert!(anybody.get(&format!("{by_card}/return")).expect(200).text().contains("complete"));
    assert_eq!(invoice(admin, &number)["status"], "paid");
    assert!(anybody.get(&path).expect(200).text().contains("Nothing of it is to be paid"));
    assert_eq!(pressed("stripe"), path);
    shop.close();
}

#[test]
fn money_for_a_cancelled_invoice_or_a_bundle_that_is_gone_stays_in_the_wallet() {
    let shop = Shop::open();
    let admin = &shop.admin;
    let (number, _) = invoiced(admin);
    let payment =
        begin(admin, &with(&of_invoice(&number), &json!({ "provider": "stripe" }))).expect(201).json;
    let cancelled = json!({ "reason": "wrong days" });
    admin.post(&format!("/v1/invoices/{number}/cancel"), &cancelled).expect(200);
    shop.stripe.pay(text(&payment["provider_id"]), GOOD_CARD);
    assert_eq!(shop.refresh(text(&payment["id"]))["state"], "succeeded");
    assert_eq!((balance(admin, OWES), entries(admin, OWES, "invoice_payment")), (json!("0.00"), 0));
    assert_eq!((entries(admin, OWES, "payment"), told(admin).len()), (1, 1));

    let product = |price: &str| {
        json!({
            "name": "tokens_100", "price": price, "currency": "USD", "units": 100, "unit": "tokens",
            "validity": { "kind": "days", "days": 30 },
        })
    };
    admin.post("/v1/bundle-products", &product("10.00")).expect(201);
    let bundle = json!({ "purpose": { "kind": "bundle", "product": "tokens_100" }, "amount": null });
    let bought = shop.begin(&bundle);
    assert_eq!(bought["amount"], "10.00");
    let (dearer, gone) = (shop.begin(&bundle), shop.begin(&bundle));
    let wrong = with(&bundle, &json!({ "account": "biz_test_001", "provider": "manual", "amount": "9.00" }));
    assert_eq!(begin(admin, &wrong).expect(422).json["errors"][0]["field"], "amount");
    let pay = |payment: &Value| {
        shop.stripe.pay(text(&payment["provider_id"]), GOOD_CARD);
        shop.stripe.tell(
            admin,
            text(&payment["id"]),
            "payment_intent.succeeded",
            text(&payment["provider_id"]),
        );
        shop.until(text(&payment["id"]), "succeeded");
        shop.refresh(text(&payment["id"]));
    };
    let bundles = || {
        let page = admin.get("/v1/accounts/biz_test_001/bundles").expect(200).json;
        page["items"].as_array().expect("items").len()
    };
    pay(&bought);
    assert_eq!((shop.balance().as_str(), bundles()), ("1000.00", 1));
    admin.put("/v1/bundle-products/tokens_100", &product("12.00")).expect(200);
    pay(&dearer);
    assert_eq!((shop.balance().as_str(), bundles()), ("1010.00", 1));
    admin.delete("/v1/bundle-products/tokens_100").expect(204);
    pay(&gone);
    assert_eq!((shop.balance().as_str(), bundles(), told(admin).len()), ("1020.00", 1, 3));
    shop.close();
}

#[test]
fn a_subscription_is_paid_by_card_and_renewed_by_the_saved_one() {
    let shop = Shop::open();
    let admin = &shop.admin;
    let plan = json!({
        "name": "basic", "price": "15.00", "currency": "USD", "period": { "kind": "month" }, "tokens": 1000,
    });
    admin.post("/v1/subscription-plans", &plan).expect(201);
    let path = "/v1/accounts/biz_test_001/subscription";
    let begun = admin.post(path, &json!({ "plan": "basic", "pay_by": "payment" })).expect(201).json;
    assert_eq!(begun["status"], "pending");
    let purpose = json!({ "purpose": { "kind": "subscription", "id": begun["id"] }, "amount": null, "save_method": true });
    let payment = shop.begin(&purpose);
    assert_eq!((&payment["amount"], &payment["purpose"]["period"]), (&json!("15.00"), &json!(1)));
    let url = text(&payment["pay_url"]);
    let page =
        Api::anonymous(&shop.daemon).get(&url[url.find("/pay/").expect("a page")..]).expect(200).text();
    assert!(page.contains("Subscription basic (biz_test_001-1, period 1)"), "{page}");
    let intent = text(&payment["provider_id"]);
    shop.stripe.pay(intent, GOOD_CARD);
    for _ in 0..2 {
        shop.stripe.tell(admin, "evt_1", "payment_intent.succeeded", intent);
    }
    eventually("the subscription", || (admin.get(path).json["status"] == "active").then_some(()));
    shop.refresh(text(&payment["id"]));
    assert_eq!((shop.balance().as_str(), &admin.get(path).json["units"]["left"]), ("1000.00", &json!(1000)));

    // The card that was saved is charged from here on.
    let methods = admin.get("/v1/accounts/biz_test_001/payment-methods").expect(200).json;
    let method = &methods["items"][0]["id"];
    let none = json!({ "payment_method": "pm_none" });
    let refused = admin.put(&format!("{path}/payment-method"), &none).expect(422);
    assert_eq!(refused.json["errors"][0]["field"], "payment_method");
    let chosen = json!({ "payment_method": method });
    assert_eq!(
        &admin.put(&format!("{path}/payment-method"), &chosen).expect(200).json["payment_method"],
        method
    );
    admin.post(&format!("{path}/cancel"), &json!({ "at": "now" })).expect(200);
    let again = json!({ "plan": "basic", "payment_method": method });
    assert_eq!(admin.post(path, &again).expect(201).json["status"], "active");
    assert_eq!((shop.balance().as_str(), shop.stripe.intents().len()), ("1000.00", 2));
    // Declined, it waits, and another card pays.
    admin.post(&format!("{path}/cancel"), &json!({ "at": "now" })).expect(200);
    let saved = shop.stripe.methods().pop().expect("a method");
    shop.stripe.put_card(&saved, DECLINED_CARD);
    let declined = admin.post(path, &again).expect(201).json;
    assert_eq!((&declined["status"], &declined["payment"]), (&json!("pending"), &Value::Null));
    assert!(declined["failure"].is_string(), "{declined}");
    let payment =
        shop.begin(&json!({ "purpose": { "kind": "subscription", "id": declined["id"] }, "amount": null }));
    shop.stripe.pay(text(&payment["provider_id"]), GOOD_CARD);
    shop.refresh(text(&payment["id"]));
    assert_eq!(admin.get(path).expect(200).json["status"], "active");
    assert_eq!(entries(admin, "biz_test_001", "subscription"), 3);
    shop.close();
}
