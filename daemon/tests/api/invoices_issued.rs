//! Issued invoices and the money in wallets: no charge is on two of them, what is paid is not dunned, and a payment restores
//! the credit that it pays for.

use std::thread;

use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::books::{self, micros};
use crate::support::sandbox::Sandbox;
use crate::support::wait::eventually;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const PREPAID: &str = "biz_test_001";
const POSTPAID: &str = "owes";

/// An instant that everything until now lies before, and everything from now on behind.
fn instant() -> String {
    let at = Timestamp::now() + SignedDuration::from_millis(2);
    eventually("the clock to move on", || (Timestamp::now() > at).then_some(()));
    at.to_string()
}

fn charge(api: &Api, account: &str) -> Reply {
    api.post("/v1/charges", &json!({ "account": account, "to": "254722000001", "text": "a text" }))
        .expect(201)
}

fn draft(api: &Api, account: &str, from: &str, to: &str) -> Reply {
    api.post("/v1/invoices", &json!({ "account": account, "period_start": from, "period_end": to }))
}

fn drafted(api: &Api, account: &str, from: &str, to: &str) -> String {
    draft(api, account, from, to).expect(201).json["id"].as_str().unwrap().to_owned()
}

fn number_of(invoice: &Value) -> &str {
    invoice["invoice_number"].as_str().expect("it was sent")
}

fn act(api: &Api, number: &str, action: &str) -> Reply {
    api.order(&format!("/v1/invoices/{number}/{action}"))
}

fn balance(api: &Api, account: &str) -> i64 {
    micros(api.get(&format!("/v1/accounts/{account}/balance")).expect(200).json["balance"].as_str().unwrap())
}

/// An account that may owe a dollar.
fn add_postpaid(api: &Api) {
    let settings = json!({ "credit_limit": "1.00", "delivery": "charge_only" });
    api.post("/v1/accounts", &json!({ "id": POSTPAID, "plan": "starter", "settings": settings })).expect(201);
}

#[test]
fn no_charge_is_on_two_issued_invoices() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let start = instant();
    charge(&api, PREPAID);
    let middle = instant();
    charge(&api, PREPAID);
    let end = instant();
    let (whole, half) = (drafted(&api, PREPAID, &start, &end), drafted(&api, PREPAID, &middle, &end));
    // Sent at the same time, one of them is refused and names the other.
    let [first, second] = thread::scope(|scope| {
        [&whole, &half]
            .map(|number| scope.spawn(|| act(&api, number, "send")))
            .map(|sent| sent.join().unwrap())
    });
    let (sent, left, refusal) = match (first.status, second.status) {
        (200, 409) => (whole, half, second),
        (409, 200) => (half, whole, first),
        both => panic!("{both:?}"),
    };
    assert_eq!(refusal.code(), "wrong_state");
    let number = api.get(&format!("/v1/invoices/{sent}")).expect(200).json;
    let number = number_of(&number);
    assert!(refusal.json["detail"].as_str().unwrap().contains(number), "{}", refusal.json);
    assert_eq!(act(&api, &left, "send").expect(409).code(), "wrong_state");
    // Paid it stays issued; cancelled, another would make its period free.
    act(&api, &sent, "pay").expect(200);
    assert_eq!(act(&api, &left, "send").expect(409).code(), "wrong_state");
    let refusal = draft(&api, PREPAID, &middle, &end).expect(409);
    assert!(refusal.json["detail"].as_str().unwrap().contains(number), "{}", refusal.json);

    charge(&api, PREPAID);
    let later = instant();
    let (third, fourth) = (drafted(&api, PREPAID, &end, &later), drafted(&api, PREPAID, &end, &instant()));
    act(&api, &third, "send").expect(200);
    assert_eq!(act(&api, &fourth, "send").expect(409).code(), "wrong_state");
    api.post(&format!("/v1/invoices/{third}/cancel"), &json!({ "reason": "wrong days" })).expect(200);
    act(&api, &fourth, "send").expect(200);
    // Other accounts have periods of their own.
    let other = drafted(&api, "biz_test_002", &start, &later);
    act(&api, &other, "send").expect(200);
    daemon.stop();
}

#[test]
fn a_payment_restores_the_credit_that_was_used_and_nothing_is_dunned_that_is_paid() {
    let sandbox = Sandbox::new();
    sandbox.set("billing", "invoice_due_days = 0");
    sandbox.set("api", "requests_per_second = 100000");
    let (daemon, api) = start_with_admin(&sandbox);
    add_postpaid(&api);
    let start = instant();
    let topups = format!("/v1/accounts/{POSTPAID}/topups");
    api.post(&topups, &json!({ "amount": "0.05", "reference": "in advance" })).expect(201);
    for _ in 0..5 {
        charge(&api, POSTPAID);
        charge(&api, PREPAID);
    }
    let end = instant();
    assert_eq!(balance(&api, POSTPAID), -50_000);
    let prepaid = drafted(&api, PREPAID, &start, &end);
    let sent = act(&api, &prepaid, "send").expect(200).json;
    assert_eq!((&sent["total_amount"], &sent["amount_due"]), (&json!("0.10"), &json!("0.00")));
    assert_eq!((&sent["status"], &sent["due_at"]), (&json!("sent"), &Value::Null));
    let postpaid = drafted(&api, POSTPAID, &start, &end);
    let sent = act(&api, &postpaid, "send").expect(200).json;
    assert_eq!((&sent["total_amount"], &sent["amount_due"]), (&json!("0.10"), &json!("0.05")));
    assert_eq!(sent["due_at"], sent["issued_at"]);

    // The schedule dunns what is owed, and not what the wallet has paid.
    let path = |number: &str| format!("/v1/invoices/{number}");
    eventually("it to be overdue", || (api.get(&path(&postpaid)).json["status"] == "overdue").then_some(()));
    eventually("the alert", || {
        let alerts = api.get("/v1/alerts?type=payment_due").expect(200).json;
        let items = alerts["items"].as_array().unwrap();
        assert!(items.iter().all(|alert| alert["account"] == POSTPAID), "{alerts}");
        items.first().is_some_and(|alert| alert["current_value"] == "0.05").then_some(())
    });
    assert_eq!(api.get(&path(&prepaid)).expect(200).json["status"], "sent");

    let before = balance(&api, PREPAID);
    assert_eq!(act(&api, &prepaid, "pay").expect(200).json["status"], "paid");
    assert_eq!(balance(&api, PREPAID), before, "it has been paid once");
    // Of several payments at once one is made.
    let paid = thread::scope(|scope| {
        let pay = || act(&api, &postpaid, "pay").status;
        let payers: Vec<_> = (0..4).map(|_| scope.spawn(pay)).collect();
        payers.into_iter().map(|payer| payer.join().unwrap()).filter(|status| *status == 200).count()
    });
    assert_eq!((paid, balance(&api, POSTPAID)), (1, 0));
    let entries =
        api.get(&format!("/v1/accounts/{POSTPAID}/transactions?kind=invoice_payment")).expect(200).json;
    assert_eq!(entries["items"].as_array().unwrap().len(), 1);
    let entry = &entries["items"][0];
    assert_eq!((&entry["amount"], &entry["balance_after"]), (&json!("0.05"), &json!("0.00")));
    assert_eq!(entry["metadata"]["invoice_number"], sent["invoice_number"]);
    // The next one does not ask for it again.
    charge(&api, POSTPAID);
    let next = drafted(&api, POSTPAID, &end, &instant());
    let sent = act(&api, &next, "send").expect(200).json;
    assert_eq!(
        (&sent["amount_due"], &sent["payments"]["invoice_payments"]),
        (&json!("0.02"), &json!("0.05"))
    );
    daemon.stop();
    books::balanced(&sandbox);
}

#[test]
fn a_removed_account_can_be_read_and_invoiced() {
    let sandbox = Sandbox::new();
    let without = sandbox.read("accounts.toml");
    let lines = "system_id = \"leaver\"\nplan = \"starter\"\nopening_balance = \"7.00\"";
    sandbox.add_account("leaver", &format!("{lines}\ndelivery = \"charge_only\""));
    let with = sandbox.read("accounts.toml");
    let (daemon, api) = start_with_admin(&sandbox);
    let start = instant();
    let message = charge(&api, "leaver").json["message_id"].as_str().unwrap().to_owned();
    let used = api.get("/v1/accounts/leaver/usage?period=this_month").expect(200).json;
    sandbox.write("accounts.toml", &without);
    let status = |api: &Api| api.get("/v1/accounts/leaver").expect(200).json["status"].clone();
    eventually("the reload", || (status(&api) == "removed").then_some(()));
    let is_readable = |api: &Api| {
        let account = api.get("/v1/accounts/leaver").expect(200).json;
        assert_eq!((&account["status"], &account["plan"]), (&json!("removed"), &json!("starter")));
        let listed = api.get("/v1/accounts?status=removed").expect(200).json;
        assert_eq!(listed["items"][0]["id"], "leaver");
        assert_eq!(balance(api, "leaver"), 6_980_000);
        let entries = api.get("/v1/accounts/leaver/transactions").expect(200).json;
        assert_eq!(entries["items"].as_array().unwrap().len(), 2);
        let usage = api.get("/v1/accounts/leaver/usage?period=this_month").expect(200).json;
        assert_eq!((&usage["total_cost"], &usage["time_zone"]), (&used["total_cost"], &used["time_zone"]));
        api.get(&format!("/v1/cdrs/{message}")).expect(200);
        api.get("/v1/invoices?account=leaver").expect(200);
        for path in ["wallet/leaver/", "transactions/leaver/", "usage/leaver/?period=THIS_MONTH"] {
            api.get(&format!("/api/billing/{path}")).expect(200);
        }
        let top_up = json!({ "amount": "1.00", "reference": "late" });
        assert_eq!(api.post("/v1/accounts/leaver/topups", &top_up).expect(409).code(), "wrong_state");
        api.post("/v1/charges", &json!({ "account": "leaver", "to": "254722000001", "text": "no" }))
            .expect(409);
    };
    is_readable(&api);
    let number = drafted(&api, "leaver", &start, &instant());
    assert_eq!(act(&api, &number, "send").expect(200).json["total_amount"], "0.02");
    daemon.stop();

    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    is_readable(&api);
    sandbox.write("accounts.toml", &with);
    eventually("it to be back", || (status(&api) == "active").then_some(()));
    charge(&api, "leaver");
    daemon.stop();
    books::balanced(&sandbox);
}

#[test]
fn parts_are_paid_and_what_is_beyond_stays_in_the_wallet() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    add_postpaid(&api);
    let start = instant();
    for _ in 0..5 {
        charge(&api, POSTPAID);
    }
    let id = drafted(&api, POSTPAID, &start, &instant());
    let terms = json!({
        "party": { "name": "Owes Ltd", "country": "KE", "tax_id": "P051" },
        "tax": { "category": "standard", "rate_percent": 16 },
        "due_days": 30,
    });
    api.put(&format!("/v1/accounts/{POSTPAID}/invoice-terms"), &terms).expect(200);
    let sent = act(&api, &id, "send").expect(200).json;
    assert_eq!((&sent["total_amount"], &sent["tax"]["amount"]), (&json!("0.10"), &json!("0.02")));
    assert_eq!((&sent["gross_amount"], &sent["amount_due"]), (&json!("0.12"), &json!("0.12")));
    assert_eq!((&sent["buyer"]["name"], &sent["tax"]["rate_percent"]), (&json!("Owes Ltd"), &json!("16")));
    assert_eq!(sent["payment_status"], "pending");
    assert_eq!(balance(&api, POSTPAID), -120_000, "the balance is what is owed");

    let pay = |amount: Value| api.post(&format!("/v1/invoices/{id}/pay"), &json!({ "amount": amount }));
    for wrong in [json!("0"), json!("-1"), json!("0.005")] {
        let refusal = pay(wrong.clone());
        assert_eq!((refusal.status, &refusal.json["errors"][0]["field"]), (422, &json!("amount")), "{wrong}");
    }
    let part = pay(json!("0.05")).expect(200).json;
    assert_eq!((&part["status"], &part["amount_open"]), (&json!("sent"), &json!("0.07")));
    assert_eq!(balance(&api, POSTPAID), -70_000);
    let refusal = api.post(&format!("/v1/invoices/{id}/cancel"), &json!({ "reason": "late" }));
    assert_eq!((refusal.status, refusal.code()), (409, "wrong_state"), "it has a payment");
    let paid = pay(json!("1.00")).expect(200).json;
    assert_eq!((&paid["status"], &paid["amount_open"]), (&json!("paid"), &json!("0.00")));
    assert_eq!((&paid["amount_paid"], &paid["payment_status"]), (&json!("0.12"), &json!("paid")));
    assert_eq!(balance(&api, POSTPAID), 930_000, "the rest is credit");
    assert_eq!(pay(json!("1.00")).expect(409).code(), "wrong_state");
    // What was sent keeps what it said.
    api.put(&format!("/v1/accounts/{POSTPAID}/invoice-terms"), &json!({})).expect(200);
    assert_eq!(api.get(&format!("/v1/invoices/{id}")).expect(200).json["tax"], sent["tax"]);
    daemon.stop();
    books::balanced(&sandbox);
}

#[test]
fn a_cancelled_invoice_gives_its_tax_back() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let start = instant();
    for _ in 0..5 {
        charge(&api, PREPAID);
    }
    let before = balance(&api, PREPAID);
    let terms = json!({ "tax": { "category": "standard", "rate_percent": "10" } });
    api.put(&format!("/v1/accounts/{PREPAID}/invoice-terms"), &terms).expect(200);
    let id = drafted(&api, PREPAID, &start, &instant());
    let sent = act(&api, &id, "send").expect(200).json;
    assert_eq!((&sent["gross_amount"], &sent["amount_due"]), (&json!("0.11"), &json!("0.00")));
    assert_eq!(balance(&api, PREPAID), before - 10_000, "the wallet has paid the tax");
    api.post(&format!("/v1/invoices/{id}/cancel"), &json!({ "reason": "wrong tax" })).expect(200);
    assert_eq!(balance(&api, PREPAID), before);
    let taxes = api.get(&format!("/v1/accounts/{PREPAID}/transactions?kind=tax")).expect(200).json;
    assert_eq!(taxes["items"].as_array().unwrap().len(), 2);
    daemon.stop();
    books::balanced(&sandbox);
}
