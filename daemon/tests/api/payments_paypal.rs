//! Payments by PayPal against a stand-in: approved by who pays, captured once, refunded and disputed.

use serde_json::{Value, json};

use crate::support::api::{Api, start_with_admin};
use crate::support::paypal::{PayPal, SIGNATURE};
use crate::support::sandbox::Sandbox;
use crate::support::wait::eventually;

const ACCOUNT: &str = "biz_test_001";

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is a text"))
}

fn tell(api: &Api, signature: &str, event: &Value) -> u16 {
    let headers = [
        ("PayPal-Auth-Algo", "SHA256withRSA"),
        ("PayPal-Cert-Url", "https://api.paypal.com/cert"),
        ("PayPal-Transmission-Id", "t-1"),
        ("PayPal-Transmission-Time", "2026-11-30T00:00:00Z"),
        ("PayPal-Transmission-Sig", signature),
    ];
    let signed = headers.iter().fold(api.clone(), |api, (name, value)| api.header(name, value));
    signed.post("/v1/payments/webhooks/paypal", event).status
}

#[test]
fn an_approved_order_is_captured_once_and_followed_to_its_end() {
    let (sandbox, paypal) = (Sandbox::new(), PayPal::start());
    paypal.configure(&sandbox);
    let (daemon, admin) = start_with_admin(&sandbox);
    let begin = |amount: &str| {
        let body = json!({ "account": ACCOUNT, "provider": "paypal", "amount": amount });
        admin.post("/v1/payments", &body).expect(201).json
    };
    let balance = || {
        text(&admin.get(&format!("/v1/accounts/{ACCOUNT}/balance")).expect(200).json["balance"]).to_owned()
    };
    let payment = begin("20.00");
    let (id, order) = (text(&payment["id"]).to_owned(), text(&payment["provider_id"]).to_owned());
    assert_eq!((&payment["state"], &payment["client_secret"]), (&json!("requires_action"), &Value::Null));
    let approve = text(&payment["approve_url"]);
    assert!(approve.starts_with("https://paypal.example/"), "{approve}");
    let asked = &paypal.order(&order)["purchase_units"][0];
    assert_eq!((&asked["custom_id"], &asked["amount"]["value"]), (&payment["id"], &json!("20.00")));
    let url = text(&payment["pay_url"]);
    let path = &url[url.find("/pay/").expect("a pay page")..];
    let page = Api::anonymous(&daemon).get(path).expect(200).text();
    assert!(page.contains(approve) && !page.contains("<script"), "{page}");
    assert_eq!(paypal.captures_asked(), 0, "nothing is captured that is not approved");

    // An answer without a body says nothing: the order is read, and there is one capture.
    paypal.approve(&order);
    paypal.answer_captures_with_nothing(1);
    let returned =
        Api::anonymous(&daemon).get(&format!("{path}/return?token={order}&PayerID=X")).expect(200).text();
    assert!(returned.contains("complete"), "{returned}");
    let event = json!({ "id": "WH-EV-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": { "custom_id": id } });
    assert_eq!(tell(&admin, "signed-by-somebody-else", &event), 400);
    for _ in 0..2 {
        assert_eq!(tell(&admin, SIGNATURE, &event), 204);
    }
    admin.order(&format!("/v1/payments/{id}/refresh")).expect(200);
    assert_eq!((balance().as_str(), paypal.captures_asked()), ("1020.00", 1));

    // A decline is not the end.
    let declined = begin("5.00");
    let (other, other_order) = (text(&declined["id"]).to_owned(), text(&declined["provider_id"]).to_owned());
    paypal.approve(&other_order);
    paypal.decline_captures(1);
    let failed = admin.order(&format!("/v1/payments/{other}/refresh")).expect(200).json;
    assert_eq!(
        (&failed["state"], &failed["failure"]["code"]),
        (&json!("failed"), &json!("INSTRUMENT_DECLINED"))
    );
    assert_eq!(admin.order(&format!("/v1/payments/{other}/refresh")).expect(200).json["state"], "succeeded");
    assert_eq!(balance(), "1025.00");

    // Refunds from both sides, and a dispute that is lost.
    let body = json!({ "amount": "4.00", "reason": "half" });
    let refund = admin.post(&format!("/v1/payments/{id}/refunds"), &body).expect(201).json;
    assert_eq!(refund["state"], "succeeded");
    paypal.refund_in_dashboard(&order, "1.00");
    let capture = paypal.order(&order)["purchase_units"][0]["payments"]["captures"][0]["id"].clone();
    let up = format!("https://api.paypal.com/v2/payments/captures/{}", text(&capture));
    let event = json!({
        "id": "WH-EV-2", "event_type": "PAYMENT.CAPTURE.REFUNDED",
        "resource": { "id": "REF-X", "links": [{ "rel": "up", "href": up }] },
    });
    assert_eq!(tell(&admin, SIGNATURE, &event), 204);
    eventually("the refund", || (balance() == "1020.00").then_some(()));
    paypal.dispute(&order, "15.00", Some("RESOLVED_BUYER_FAVOUR"));
    let event = json!({
        "id": "WH-EV-3", "event_type": "CUSTOMER.DISPUTE.RESOLVED",
        "resource": { "dispute_id": "PP-D-1", "disputed_transactions": [{ "seller_transaction_id": capture }] },
    });
    assert_eq!(tell(&admin, SIGNATURE, &event), 204);
    eventually("the dispute", || (balance() == "1005.00").then_some(()));

    // What is not approved is cancelled, and PayPal takes no cents of Hungary and no shillings of Kenya.
    let open = begin("3.00");
    let cancelled = admin.order(&format!("/v1/payments/{}/cancel", text(&open["id"]))).expect(200).json;
    assert_eq!(cancelled["state"], "cancelled");
    let log = daemon.stop();
    assert!(!log.contains("paypal-secret"), "{log}");
    let finished = sandbox.on_books(&["verify", "--json"]);
    let report: Value = serde_json::from_str(&finished.stdout).expect("a report");
    assert_eq!(
        (&report["balanced"], &report["payments"]["succeeded"]),
        (&json!(true), &json!(2)),
        "{}",
        finished.stdout
    );
}
