//! Customers of resellers who pay: refused in words where the house takes no payments for resellers, and otherwise in the wallets of
//! all levels that pay for their messages, in one commit, and out of them again with what goes back.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::payments::{Shop, text};
use crate::support::api::Api;
use crate::support::books::micros;
use crate::support::stripe::GOOD_CARD;
use crate::support::wait::eventually;

/// An importer above a trader, who sells to one customer and earns a commission on another.
fn market(shop: &Shop) {
    let make = |id: &str, parent: Value, settings: &Value| {
        let new = json!({ "id": id, "plan": "starter", "parent": parent, "settings": settings });
        shop.admin.post("/v1/accounts", &new).expect(201);
    };
    let reseller = json!({ "is_reseller": true, "chain": true, "credit_limit": "50.00" });
    make("importer", Value::Null, &reseller);
    make("trader", json!("importer"), &reseller);
    for (name, owner) in [("trade", "importer"), ("retail", "trader")] {
        let list = json!({ "name": name, "owner": owner, "currency": "USD",
                           "mark_ups": [{ "percent": "25", "per_segment": "0.001" }] });
        shop.admin.post("/v1/price-lists", &list).expect(201);
    }
    shop.admin.patch("/v1/accounts/trader", &json!({ "price_list": "trade" })).expect(200);
    let below = |earning: Value| json!({ "price_list": "retail", "delivery": "charge_only", "credit_limit": "50.00", "earning": earning });
    make("customer", json!("trader"), &below(json!({ "kind": "wholesale" })));
    make("billed", json!("trader"), &below(json!({ "kind": "commission", "percent": "50", "of": "margin" })));
}

/// The balances of the customer, the trader and the importer, in millionths.
fn balances(shop: &Shop) -> [i64; 3] {
    ["customer", "trader", "importer"].map(|account| {
        let shown = shop.admin.get(&format!("/v1/accounts/{account}/balance")).expect(200).json;
        micros(text(&shown["balance"]))
    })
}

fn instant() -> String {
    let at = Timestamp::now() + SignedDuration::from_millis(2);
    eventually("the clock to move on", || (Timestamp::now() > at).then_some(()));
    at.to_string()
}

/// An invoice of the trader to its customer, which was sent.
fn invoiced(shop: &Shop) -> Value {
    let start = instant();
    for _ in 0..20 {
        let message = json!({ "account": "customer", "from": "ACME", "to": "254722000001", "text": "hello" });
        shop.admin.post("/v1/charges", &message).expect(201);
    }
    let period = json!({ "account": "customer", "period_start": start, "period_end": instant() });
    let draft = shop.admin.post("/v1/invoices", &period).expect(201).json;
    shop.admin.order(&format!("/v1/invoices/{}/send", text(&draft["id"]))).expect(200).json
}

fn by_card(invoice: &Value) -> Value {
    let purpose = json!({ "kind": "invoice", "number": invoice["invoice_number"] });
    json!({ "account": "customer", "provider": "stripe", "purpose": purpose })
}

#[test]
fn an_invoice_of_a_reseller_is_not_paid_to_a_house_that_takes_nothing_for_it() {
    let shop = Shop::open();
    market(&shop);
    let invoice = invoiced(&shop);
    assert_eq!((&invoice["issued_by"], &invoice["pay_link"]), (&json!("trader"), &Value::Null));
    let refused = shop.admin.post("/v1/payments", &by_card(&invoice)).expect(422);
    assert_eq!(refused.json["errors"][0]["field"], "purpose");
    assert!(refused.text().contains("takes no payments for resellers"), "{}", refused.text());
    // What it pays to the house is credited to it alone.
    let before = balances(&shop);
    let paid = shop.begin(&json!({ "account": "customer", "provider": "manual", "amount": "5.00" }));
    shop.admin.order(&format!("/v1/payments/{}/confirm", text(&paid["id"]))).expect(200);
    assert_eq!(balances(&shop), [before[0] + 5_000_000, before[1], before[2]]);
    shop.close();
}

#[test]
fn a_resellers_logo_is_looked_at_and_stands_on_its_documents_and_pages() {
    const PICTURE: &[u8] = include_bytes!("../../../billing/src/document/pdf/pictures/colour.png");
    let shop = Shop::open_with(|sandbox| sandbox.set("payments", "collect_for_resellers = true"));
    market(&shop);
    let admin = &shop.admin;
    let logo = "/v1/accounts/trader/issuer/logo";
    let set = |octets: &[u8], kind: &str| admin.send("PUT", logo, Some((octets.to_vec(), kind)));
    admin.get(logo).expect(404);
    set(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml").expect(415);
    let refused = set(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png").expect(422);
    assert_eq!(refused.json["errors"][0]["field"], "logo");
    set(&vec![0; 300_000], "image/png").expect(413);
    let customers = "/v1/accounts/customer/issuer/logo";
    admin.send("PUT", customers, Some((PICTURE.to_vec(), "image/png"))).expect(409);

    let invoice = invoiced(&shop);
    let document = || admin.get(&format!("/v1/invoices/{}/pdf", text(&invoice["id"]))).expect(200).body;
    let link = text(&invoice["pay_link"]);
    let path = &link[link.find("/pay/invoices/").expect("a page")..];
    let anybody = Api::anonymous(&shop.daemon);
    let plain = document();
    assert!(!anybody.get(path).expect(200).text().contains("<img"));
    anybody.get(&format!("{path}/logo")).expect(404);
    set(PICTURE, "image/png").expect(204);
    let shown = admin.get(logo).expect(200);
    assert_eq!((shown.header("content-type"), &*shown.body), (Some("image/png"), PICTURE));
    assert!(document().len() > plain.len(), "the picture is in the document");
    let page = anybody.get(path).expect(200);
    assert!(page.text().contains(&format!("src=\"{path}/logo\"")), "{}", page.text());
    assert!(page.header("content-security-policy").is_some_and(|policy| policy.contains("img-src 'self'")));
    assert_eq!(anybody.get(&format!("{path}/logo")).expect(200).body, PICTURE);
    admin.delete(logo).expect(204);
    admin.get(logo).expect(404);
    assert_eq!(document(), plain);
    shop.close();
}

#[test]
fn what_a_customer_pays_is_in_the_wallets_of_all_levels_and_goes_back_from_them() {
    let shop = Shop::open_with(|sandbox| {
        sandbox.set("payments", "collect_for_resellers = true");
        sandbox.set("payments", "suspend_on_dispute = \"never\"");
    });
    market(&shop);
    let invoice = invoiced(&shop);
    let (number, due) = (text(&invoice["invoice_number"]), micros(text(&invoice["amount_due"])));
    assert!(due > 0 && due % 10_000 == 0, "{invoice}");
    assert!(invoice["pay_link"].is_string(), "{invoice}");
    let owed = balances(&shop);
    let payment = shop.admin.post("/v1/payments", &by_card(&invoice)).expect(201).json;
    let (id, intent) = (text(&payment["id"]), text(&payment["provider_id"]));
    shop.stripe.pay(intent, GOOD_CARD);
    for event in ["evt_1", "evt_2"] {
        shop.stripe.tell(&shop.admin, event, "payment_intent.succeeded", intent);
    }
    shop.until(id, "succeeded");
    shop.refresh(id);
    assert_eq!(balances(&shop), owed.map(|balance| balance + due), "once, at every level");
    let paid = || shop.admin.get(&format!("/v1/invoices/{number}")).expect(200).json["status"].clone();
    assert_eq!(paid(), "paid");
    let entries = shop.admin.get("/v1/accounts/trader/transactions?kind=payment").expect(200).json;
    assert_eq!(entries["items"].as_array().map(Vec::len), Some(1), "{entries}");

    // Some of it goes back, and the rest is lost in a dispute.
    let (back, rest) = (due / 20_000 * 10_000, due - due / 20_000 * 10_000);
    let amount = format!("{}.{:02}", back / 1_000_000, back / 10_000 % 100);
    let refund = json!({ "amount": amount, "reason": "sent twice" });
    shop.admin.post(&format!("/v1/payments/{id}/refunds"), &refund).expect(201);
    assert_eq!(balances(&shop), owed.map(|balance| balance + rest));
    assert_eq!(paid(), "sent");
    let dispute = shop.stripe.open_dispute(intent, rest / 10_000);
    shop.stripe.end_dispute(&dispute, "lost");
    shop.stripe.tell(&shop.admin, "evt_3", "charge.dispute.closed", &dispute);
    eventually("the dispute to be lost", || (balances(&shop) == owed).then_some(()));

    // A top-up is money of all levels too, but of none that only earns a commission.
    let pay = |account: &str| {
        let paid = shop.begin(&json!({ "account": account, "provider": "manual", "amount": "5.00" }));
        shop.admin.order(&format!("/v1/payments/{}/confirm", text(&paid["id"]))).expect(200);
    };
    pay("customer");
    assert_eq!(balances(&shop), owed.map(|balance| balance + 5_000_000));
    pay("billed");
    assert_eq!(balances(&shop), [owed[0] + 5_000_000, owed[1] + 5_000_000, owed[2] + 10_000_000]);
    pay("importer");
    assert_eq!(balances(&shop)[2], owed[2] + 15_000_000);
    shop.close();
}
