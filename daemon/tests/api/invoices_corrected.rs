//! Documents that follow an invoice that was sent: credit notes, reminders and ageing; statements of accounts that pay beforehand; and all of
//! them as documents.

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

fn charge(api: &Api, account: &str) -> String {
    let body = json!({ "account": account, "to": "254722000001", "text": "a text" });
    api.post("/v1/charges", &body).expect(201).json["message_id"].as_str().unwrap().to_owned()
}

fn refund(api: &Api, message: &str) {
    api.post(&format!("/v1/charges/{message}/refund"), &json!({ "reason": "a test" })).expect(200);
}

/// An account that may owe a dollar, with a tax of ten percent.
fn add_postpaid(api: &Api) {
    let settings = json!({ "credit_limit": "1.00", "delivery": "charge_only", "email": "owes@example.com" });
    api.post("/v1/accounts", &json!({ "id": POSTPAID, "plan": "starter", "settings": settings })).expect(201);
    let terms = json!({
        "party": { "name": "Owes Ltd", "country": "KE", "tax_id": "KE051" },
        "tax": { "category": "standard", "rate_percent": "10" },
    });
    api.put(&format!("/v1/accounts/{POSTPAID}/invoice-terms"), &terms).expect(200);
}

fn draft(api: &Api, account: &str, from: &str, to: &str) -> Reply {
    api.post("/v1/invoices", &json!({ "account": account, "period_start": from, "period_end": to }))
}

fn sent(api: &Api, account: &str, from: &str, to: &str) -> Value {
    let id = draft(api, account, from, to).expect(201).json["id"].as_str().unwrap().to_owned();
    api.order(&format!("/v1/invoices/{id}/send")).expect(200).json
}

fn balance(api: &Api, account: &str) -> i64 {
    micros(api.get(&format!("/v1/accounts/{account}/balance")).expect(200).json["balance"].as_str().unwrap())
}

fn number(invoice: &Value) -> &str {
    invoice["invoice_number"].as_str().expect("it was sent")
}

#[test]
fn what_is_given_back_after_an_invoice_is_on_one_document() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    add_postpaid(&api);
    let start = instant();
    let messages: Vec<String> = (0..10).map(|_| charge(&api, POSTPAID)).collect();
    let end = instant();
    let invoice = sent(&api, POSTPAID, &start, &end);
    assert_eq!((&invoice["total_amount"], &invoice["amount_due"]), (&json!("0.20"), &json!("0.22")));
    let path = format!("/v1/invoices/{}", number(&invoice));
    let notes = format!("{path}/credit-notes");
    assert_eq!(api.post(&notes, &json!({ "reason": "nothing" })).expect(409).code(), "wrong_state");
    for message in &messages[..5] {
        refund(&api, message);
    }
    assert_eq!(balance(&api, POSTPAID), -120_000);
    let note = api.post(&notes, &json!({ "reason": "not delivered" })).expect(201).json;
    assert_eq!((&note["total_amount"], &note["gross_amount"]), (&json!("0.10"), &json!("0.11")));
    assert_eq!((&note["refunds"], &note["invoice_number"]), (&json!(5), &invoice["invoice_number"]));
    assert!(note["credit_note_number"].as_str().unwrap().starts_with("CRN-"), "{note}");
    let lines = note["line_items"].as_array().unwrap();
    assert_eq!(lines.len(), 1, "{note}");
    let line = &lines[0];
    assert_eq!((&line["quantity"], &line["unit_price"]), (&json!(5), &json!("0.02")));
    assert_eq!((&line["total"], &line["details"]["mcc"]), (&json!("0.10"), &json!("639")));
    let xml = api.get(&format!("/v1/credit-notes/{}/xml", note["credit_note_number"].as_str().unwrap()));
    let xml = String::from_utf8(xml.expect(200).body).unwrap();
    assert!(xml.contains("Refund of SMS to Safaricom") && xml.contains(">5</cbc:CreditedQuantity>"), "{xml}");
    let open = api.get(&path).expect(200).json;
    assert_eq!((&open["amount_open"], &open["amount_credited"]), (&json!("0.11"), &json!("0.11")));
    assert_eq!(balance(&api, POSTPAID), -110_000, "the tax came back with the note, the charges before");
    assert_eq!(api.post(&notes, &json!({ "reason": "again" })).expect(409).code(), "wrong_state");
    let refused = api.post(&format!("{path}/cancel"), &json!({ "reason": "no" }));
    assert_eq!((refused.status, refused.code()), (409, "wrong_state"));

    // The next invoice has only what is on no note.
    refund(&api, &messages[5]);
    let next = sent(&api, POSTPAID, &end, &instant());
    assert_eq!(next["exact_amount"], "-0.02");
    assert_eq!(next["amount_due"], "0.00");
    assert_eq!(api.post(&notes, &json!({ "reason": "again" })).expect(409).code(), "wrong_state");

    // An amount that is entered is given back now, and cannot be more than what is left.
    let refused = api.post(&notes, &json!({ "reason": "goodwill", "amount": "0.11" })).expect(422);
    assert_eq!(refused.json["errors"][0]["field"], "amount");
    let before = balance(&api, POSTPAID);
    api.post(&notes, &json!({ "reason": "goodwill", "amount": "0.10" })).expect(201);
    assert_eq!(balance(&api, POSTPAID), before + 110_000);
    let paid = api.get(&path).expect(200).json;
    assert_eq!((&paid["status"], &paid["amount_open"]), (&json!("paid"), &json!("0.00")));
    assert_eq!(paid["credit_notes"].as_array().unwrap().len(), 2);
    let listed = api.get(&format!("/v1/credit-notes?account={POSTPAID}")).expect(200).json;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let one = api.get(&format!("/v1/credit-notes/{}", note["credit_note_number"].as_str().unwrap()));
    assert_eq!(one.expect(200).json, note);
    daemon.stop();
    books::balanced(&sandbox);
}

#[test]
fn documents_are_files_and_a_draft_has_no_xml() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    add_postpaid(&api);
    let start = instant();
    charge(&api, POSTPAID);
    let end = instant();
    let id = draft(&api, POSTPAID, &start, &end).expect(201).json["id"].as_str().unwrap().to_owned();
    assert_eq!(api.get(&format!("/v1/invoices/{id}/xml")).expect(409).code(), "wrong_state");
    let file = |path: &str, media_type: &str| {
        let reply = api.get(path).expect(200);
        assert_eq!(reply.header("content-type"), Some(media_type), "{path}");
        reply.body
    };
    assert!(file(&format!("/v1/invoices/{id}/pdf"), "application/pdf").starts_with(b"%PDF-"));
    let invoice = api.order(&format!("/v1/invoices/{id}/send")).expect(200).json;
    let xml = file(&format!("/v1/invoices/{}/xml", number(&invoice)), "application/xml");
    let xml = String::from_utf8(xml).unwrap();
    for part in [number(&invoice), "Owes Ltd", ">0.02<"] {
        assert!(xml.contains(part), "{part} is not in {xml}");
    }
    let goodwill = json!({ "reason": "goodwill", "amount": "0.01" });
    let note = api.post(&format!("/v1/invoices/{id}/credit-notes"), &goodwill).expect(201).json;
    let note = note["credit_note_number"].as_str().unwrap();
    assert!(file(&format!("/v1/credit-notes/{note}/pdf"), "application/pdf").starts_with(b"%PDF-"));
    let xml = String::from_utf8(file(&format!("/v1/credit-notes/{note}/xml"), "application/xml")).unwrap();
    assert!(xml.contains(number(&invoice)), "it names the invoice: {xml}");
    let period = json!({ "account": PREPAID, "period_start": start, "period_end": instant() });
    let statement = api.post("/v1/statements", &period).expect(201).json;
    let statement = statement["statement_number"].as_str().unwrap();
    assert!(file(&format!("/v1/statements/{statement}/pdf"), "application/pdf").starts_with(b"%PDF-"));
    daemon.stop();
}

#[test]
fn a_statement_leads_from_one_balance_to_the_other() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let start = instant();
    let messages: Vec<String> = (0..3).map(|_| charge(&api, PREPAID)).collect();
    refund(&api, &messages[0]);
    let top_up = json!({ "amount": "5.00", "reference": "cash" });
    api.post(&format!("/v1/accounts/{PREPAID}/topups"), &top_up).expect(201);
    let end = instant();
    charge(&api, PREPAID);
    let computed =
        api.get(&format!("/v1/accounts/{PREPAID}/statement?from={start}&to={end}")).expect(200).json;
    assert_eq!(computed["statement_number"], Value::Null);
    let period = json!({ "account": PREPAID, "period_start": start, "period_end": end });
    let statement = api.post("/v1/statements", &period).expect(201).json;
    assert!(statement["statement_number"].as_str().unwrap().starts_with("STM-"), "{statement}");
    assert_eq!(
        (&statement["opening_balance"], &statement["closing_balance"]),
        (&json!("1000.00"), &json!("1004.96"))
    );
    let expected = json!([
        { "kind": "sms_debit", "count": 3, "amount": "-0.06" },
        { "kind": "top_up", "count": 1, "amount": "5.00" },
        { "kind": "refund", "count": 1, "amount": "0.02" },
    ]);
    assert_eq!(statement["movements"], expected);
    for field in ["opening_balance", "closing_balance", "movements"] {
        assert_eq!(computed[field], statement[field], "{field}");
    }
    assert_eq!(api.post("/v1/statements", &period).expect(200).json, statement, "a period has one");
    let future = json!({ "account": PREPAID, "period_start": start, "period_end": "2999-01-01" });
    api.post("/v1/statements", &future).expect(422);
    let listed = api.get(&format!("/v1/statements?account={PREPAID}")).expect(200).json;
    assert_eq!(listed["items"], json!([statement]));
    assert_eq!(api.get("/v1/statements").expect(200).json["items"], json!([statement]));
    let body = json!({ "name": "own", "scopes": ["billing:read"], "account": "biz_test_002" });
    let other = api.with_token(api.post("/v1/api-keys", &body).expect(201).json["key"].as_str().unwrap());
    other.get(&format!("/v1/statements/{}", statement["statement_number"].as_str().unwrap())).expect(404);
    assert_eq!(other.get("/v1/statements").expect(200).json["items"], json!([]));
    daemon.stop();
}

#[test]
fn what_is_owed_is_aged_and_reminded_of_once() {
    let sandbox = Sandbox::new();
    sandbox.set("billing", "invoice_due_days = 0");
    sandbox.set("billing", "reminder_days = [-3, 0, 7]");
    // Waiting for the reminders takes many requests.
    sandbox.set("api", "requests_per_second = 100000");
    sandbox.set("api", "requests_burst = 100000");
    let (daemon, api) = start_with_admin(&sandbox);
    add_postpaid(&api);
    let start = instant();
    for _ in 0..5 {
        charge(&api, POSTPAID);
    }
    let invoice = sent(&api, POSTPAID, &start, &instant());
    let ageing = api.get("/v1/ageing").expect(200).json;
    let owing = &ageing["items"][0];
    assert_eq!((&owing["account"], &owing["invoices"]), (&json!(POSTPAID), &json!(1)));
    assert_eq!((&owing["not_due"], &owing["total"]), (&json!("0.11"), &json!("0.11")));
    let csv = api.get("/v1/ageing?format=csv").expect(200).text();
    assert!(
        csv.starts_with("account,currency,invoices,not_due,") && csv.contains("owes,USD,1,0.11,"),
        "{csv}"
    );
    let reminded = |api: &Api| {
        // Whoever asks too often is told so, and asks again.
        let notes = api.get("/v1/audit?action=invoice.remind").json;
        notes["items"].as_array().map_or(0, Vec::len)
    };
    eventually("the reminder", || (reminded(&api) == 1).then_some(()));
    let subject = format!("Invoice {} is due today", number(&invoice));
    let mails = || {
        let folder = sandbox.path().join("data/mail");
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        files
            .filter(|file| std::fs::read_to_string(file.path()).is_ok_and(|mail| mail.contains(&subject)))
            .count()
    };
    eventually("the mail", || (mails() == 1).then_some(()));
    daemon.stop();
    // A restart sends it no second time: it looks before the next invoice of another account is reminded of.
    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    charge(&api, POSTPAID);
    sent(&api, POSTPAID, invoice["period_end"].as_str().unwrap(), &instant());
    eventually("the reminder of the second invoice", || (reminded(&api) == 2).then_some(()));
    assert_eq!(mails(), 1);
    api.order(&format!("/v1/invoices/{}/pay", number(&invoice))).expect(200);
    assert_eq!(api.get("/v1/ageing").expect(200).json["items"][0]["total"], "0.02");
    daemon.stop();
}

#[test]
fn a_kill_leaves_each_sending_and_each_payment_whole_or_undone() {
    let sandbox = Sandbox::new();
    sandbox.set("billing", "reminder_days = []");
    let (daemon, api) = start_with_admin(&sandbox);
    add_postpaid(&api);
    daemon.stop();
    for round in 0..4_u64 {
        let daemon = sandbox.start();
        let api = Api::admin(&daemon);
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| {
                // Every answer may be missing once the daemon is gone.
                let mut from = instant();
                for _ in 0..40 {
                    let body = json!({ "account": POSTPAID, "to": "254722000001", "text": "a text" });
                    let post = |path: &str, body: &Value| {
                        api.try_send("POST", path, Some((body.to_string().into_bytes(), "application/json")))
                            .ok()
                    };
                    if post("/v1/charges", &body).is_none() {
                        return;
                    }
                    let to = instant();
                    let new = json!({ "account": POSTPAID, "period_start": from, "period_end": to });
                    let Some(draft) = post("/v1/invoices", &new) else { return };
                    let Some(id) = draft.json["id"].as_str() else { return };
                    for (action, body) in
                        [("send", json!({})), ("pay", json!({ "amount": "0.01" })), ("pay", json!({}))]
                    {
                        if post(&format!("/v1/invoices/{id}/{action}"), &body).is_none() {
                            return;
                        }
                    }
                    from = to;
                }
            });
            std::thread::sleep(std::time::Duration::from_millis(2_500 + 370 * round));
            daemon.kill();
            worker.join().unwrap();
        });
        books::balanced(&sandbox);
    }
    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    let listed = api.get(&format!("/v1/invoices?account={POSTPAID}&limit=1000")).expect(200).json;
    let mut numbers: Vec<&str> =
        listed["items"].as_array().unwrap().iter().filter_map(|one| one["invoice_number"].as_str()).collect();
    numbers.sort_unstable();
    let counts: Vec<u64> = numbers.iter().map(|number| number[9..].parse().unwrap()).collect();
    assert_eq!(counts, (1..=numbers.len() as u64).collect::<Vec<_>>(), "no number is missing");
    let entries = api.get(&format!("/v1/accounts/{POSTPAID}/transactions?kind=invoice_payment&limit=1000"));
    let entries = entries.expect(200).json;
    let entries = entries["items"].as_array().unwrap();
    for invoice in listed["items"].as_array().unwrap() {
        let of_invoice =
            entries.iter().filter(|entry| entry["metadata"]["invoice_number"] == invoice["invoice_number"]);
        let posted: i64 = of_invoice.map(|entry| micros(entry["amount"].as_str().unwrap())).sum();
        assert_eq!(posted, micros(invoice["amount_paid"].as_str().unwrap()), "{invoice}");
    }
    daemon.stop();
}
