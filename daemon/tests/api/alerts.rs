//! Alerts: raised once while thousands of messages go by, posted with a signature until they are taken, mailed, and cleared.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use crate::support::api::{Api, start_with_admin};
use crate::support::books::micros;
use crate::support::esme::Esme;
use crate::support::gateway::{Control, Gateway};
use crate::support::operator::{Operator, sandbox as with_operators};
use crate::support::sandbox::Sandbox;
use crate::support::sm::Sm;
use crate::support::smpp::Login;
use crate::support::smsc::Smsc;
use crate::support::wait::eventually;
use crate::support::webhook::{Post, Webhook};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const BUSY: Login = Login { system_id: "busy", password: "secret01" };

/// Tests ask again and again.
fn unlimited(sandbox: Sandbox) -> Sandbox {
    for setting in ["requests_per_second = 100000", "requests_burst = 100000"] {
        sandbox.set("api", setting);
    }
    // The receivers of these tests are on this machine.
    sandbox.set("webhooks", "allowed_networks = [\"127.0.0.0/8\"]");
    sandbox
}

/// An account of the API with these settings beside those that every test's has.
fn add_account(api: &Api, opening_balance: &str, settings: &Value) {
    let mut all = json!({ "email": "owner@example.com", "delivery": "charge_only" });
    all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let body = json!({
        "id": BUSY.system_id, "plan": "starter", "password": BUSY.password,
        "opening_balance": opening_balance, "settings": all,
    });
    api.post("/v1/accounts", &body).expect(201);
}

fn alerts(api: &Api, query: &str) -> Vec<Value> {
    api.get(&format!("/v1/alerts?{query}")).expect(200).json["items"].as_array().expect("items").clone()
}

/// Waits until there are so many alerts.
fn until_alerts(api: &Api, query: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} alerts of {query}"), || {
        let found = alerts(api, query);
        assert!(found.len() <= count, "more than {count}: {found:?}");
        (found.len() == count).then_some(found)
    })
}

fn balance(api: &Api) -> i64 {
    micros(api.get("/v1/accounts/busy/balance").expect(200).json["balance"].as_str().expect("a balance"))
}

fn secret(api: &Api) -> String {
    let answer = api.get("/v1/accounts/busy/webhook-secret").expect(200);
    answer.json["secret"].as_str().expect("a secret").to_owned()
}

fn raised(posts: &[Post]) -> Vec<Value> {
    posts.iter().map(Post::json).filter(|event| event["event"] == "alert.raised").collect()
}

fn mails(sandbox: &Sandbox) -> Vec<String> {
    let Ok(folder) = fs::read_dir(sandbox.data_dir().join("mail")) else { return Vec::new() };
    let texts = folder.map(|entry| fs::read_to_string(entry.expect("an entry").path()).unwrap_or_default());
    texts.filter(|text| text.contains("low balance")).collect()
}

#[test]
fn a_low_balance_is_told_once_and_again_after_it_was_over() {
    let hook = Webhook::start();
    hook.answer_next(&["500 No"]);
    let sandbox = unlimited(Sandbox::new());
    let (daemon, api) = start_with_admin(&sandbox);
    let url = hook.url("/alerts?of=busy");
    add_account(&api, "60.00", &json!({ "low_balance_threshold": "50.00", "alert_webhook_url": url }));
    let secret = secret(&api);
    assert!(secret.len() > 30 && secret == self::secret(&api), "the same one until it is changed");

    let control = Control::default();
    thread::scope(|scope| {
        let gateways =
            [(); 2].map(|()| Gateway { login: BUSY, burst: 20 }.spawn(scope, daemon.smpp, &control));
        let running = control.running();
        // 60.00 goes to zero at 0.02 a message; the rest is refused.
        until_alerts(&api, "account=busy", 1);
        eventually("thousands of messages", || (control.accepted() >= 2_800).then_some(()));
        drop(running);
        for gateway in gateways {
            gateway.join().expect("the gateway ends");
        }
    });
    let found = alerts(&api, "account=busy");
    assert_eq!(found.len(), 1, "{found:?}");
    let alert = &found[0];
    assert_eq!(
        (&alert["type"], &alert["threshold"], &alert["currency"]),
        (&json!("low_balance"), &json!("50.00"), &json!("USD"))
    );
    assert_eq!((&alert["is_read"], &alert["cleared_at"]), (&json!(false), &Value::Null));

    was_told(&hook, &secret, alert, &sandbox);
    api.post("/v1/accounts/busy/topups", &json!({ "amount": "100.00", "reference": "paid" })).expect(201);
    until_alerts(&api, "account=busy&active=false", 1);
    assert_eq!(hook.posts().len(), 2, "posted once, and once more");
    let gateway = Esme::transceiver(daemon.smpp, BUSY);
    while balance(&api) >= 49_000_000 {
        gateway.accepted_all(&vec![Sm::to("254722000001"); 200]);
    }
    until_alerts(&api, "account=busy&active=true", 1);
    assert_eq!(raised(&hook.until(3)).len(), 3);
    eventually("the second mail", || (mails(&sandbox).len() == 2).then_some(()));

    // A restart raises nothing again.
    drop(gateway);
    daemon.stop();
    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    let gateway = Esme::transceiver(daemon.smpp, BUSY);
    gateway.accepted(&Sm::to("254722000001"));
    add_other_alert(&api);
    assert_eq!(alerts(&api, "account=busy&type=low_balance").len(), 2);
    let posted = raised(&hook.posts());
    let of_balance = posted.iter().filter(|event| event["data"]["type"] == "low_balance");
    let ids: BTreeSet<&str> = of_balance.map(|event| event["data"]["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    drop(gateway);
    daemon.stop();
}

/// Holds what was posted and mailed of the first alert against it.
fn was_told(hook: &Webhook, secret: &str, alert: &Value, sandbox: &Sandbox) {
    // Refused with 500 the first time, and posted again.
    let posts = hook.until(2);
    assert_eq!(posts[0].body, posts[1].body);
    assert_eq!(posts[0].header("x-tollgate-event"), posts[1].header("x-tollgate-event"));
    for post in &posts {
        post.check_signature(secret);
    }
    assert_eq!(posts[0].path, "/alerts?of=busy");
    let event = posts[0].json();
    assert_eq!((&event["event"], &event["data"]["id"]), (&json!("alert.raised"), &alert["id"]));
    let mail = eventually("the mail", || mails(sandbox).pop());
    assert!(mail.contains("owner@example.com"), "{mail}");
}

/// Waits for an alert of another kind, which is looked for after the first kind in every look.
fn add_other_alert(api: &Api) {
    api.patch("/v1/accounts/busy", &json!({ "overage_segments": 1 })).expect(200);
    until_alerts(api, "account=busy&type=overage", 1);
}

#[test]
fn what_was_not_posted_is_posted_after_a_restart() {
    let hook = Webhook::start();
    let sandbox = unlimited(Sandbox::new());
    let (daemon, api) = start_with_admin(&sandbox);
    hook.answer_next(&["503 Later", "302 Found\r\nLocation: /elsewhere"]);
    add_account(
        &api,
        "10.00",
        &json!({ "low_balance_threshold": "50.00", "alert_webhook_url": hook.url("/") }),
    );
    hook.until(1);
    daemon.kill();
    let daemon = sandbox.start();
    // A redirect is one more failure, as it is not followed.
    let posts = hook.until(3);
    let api = Api::admin(&daemon);
    assert!(posts.iter().all(|post| post.path == "/"));
    let secret = secret(&api);
    for post in &posts {
        post.check_signature(&secret);
    }
    let events: BTreeSet<&str> = posts.iter().map(|post| post.header("x-tollgate-event")).collect();
    assert_eq!(events.len(), 1);
    assert_eq!(alerts(&api, "account=busy").len(), 1);
}

#[test]
fn webhooks_are_tried_out_and_their_secret_is_changed() {
    let hook = Webhook::start();
    let sandbox = unlimited(Sandbox::new());
    let (_daemon, api) = start_with_admin(&sandbox);
    add_account(&api, "10.00", &json!({}));
    assert_eq!(api.order("/v1/accounts/busy/alerts/test").expect(409).code(), "wrong_state");
    for url in ["ftp://example.com/", "example.com", "http://", "javascript:alert(1)"] {
        let answer = api.patch("/v1/accounts/busy", &json!({ "alert_webhook_url": url })).expect(422);
        assert_eq!(answer.json["errors"][0]["field"], "alert_webhook_url", "{url}");
    }
    api.patch("/v1/accounts/busy", &json!({ "alert_webhook_url": hook.url("/hook") })).expect(200);
    let first = secret(&api);
    let tested = api.order("/v1/accounts/busy/alerts/test").expect(200).json;
    assert_eq!(tested, json!({ "delivered": true, "status": 200, "error": null }));
    hook.posts()[0].check_signature(&first);
    let rotated = api.order("/v1/accounts/busy/webhook-secret/rotate").expect(200).json;
    assert_ne!(rotated["secret"], first);
    hook.answer_next(&["404 Gone"]);
    let tested = api.order("/v1/accounts/busy/alerts/test").expect(200).json;
    assert_eq!(tested, json!({ "delivered": false, "status": 404, "error": null }));
    hook.posts()[1].check_signature(rotated["secret"].as_str().unwrap());
    drop(hook);
    let tested = api.order("/v1/accounts/busy/alerts/test").expect(200).json;
    assert_eq!((&tested["delivered"], &tested["status"]), (&json!(false), &Value::Null));
    assert!(tested["error"].is_string());
    let audit = api.get("/v1/audit?resource=account/busy").expect(200).text();
    assert!(
        audit.contains("webhook_secret.rotate") && !audit.contains("whsec_"),
        "no secret is in the audit log"
    );
}

#[test]
fn credit_overage_and_payments_are_told_of() {
    let sandbox = unlimited(Sandbox::new());
    sandbox.set("billing", "invoice_due_days = 2");
    let (daemon, api) = start_with_admin(&sandbox);
    add_account(&api, "0.00", &json!({ "credit_limit": "1.00", "overage_segments": 40 }));
    let gateway = Esme::transceiver(daemon.smpp, BUSY);
    gateway.accepted_all(&vec![Sm::to("254722000001"); 41]);
    until_alerts(&api, "account=busy&type=overage", 1);
    gateway.accepted_all(&vec![Sm::to("254722000001"); 4]);
    let credit = until_alerts(&api, "account=busy&type=credit_nearly_used", 1).remove(0);
    assert_eq!((&credit["threshold"], &credit["current_value"]), (&json!("0.90"), &json!("0.90")));
    api.post("/v1/accounts/busy/topups", &json!({ "amount": "0.04", "reference": "paid" })).expect(201);
    assert_eq!(
        alerts(&api, "account=busy&type=credit_nearly_used&active=true").len(),
        1,
        "between the two it stays"
    );
    api.post("/v1/accounts/busy/topups", &json!({ "amount": "0.02", "reference": "paid" })).expect(201);
    until_alerts(&api, "account=busy&type=credit_nearly_used&active=false", 1);

    let now = Timestamp::now();
    let yesterday = (now - SignedDuration::from_hours(24)).to_string();
    let period = json!({ "account": "busy", "period_start": yesterday, "period_end": now.to_string() });
    let id = api.post("/v1/invoices", &period).expect(201).json["id"].as_str().unwrap().to_owned();
    let sent = api.order(&format!("/v1/invoices/{id}/send")).expect(200).json;
    let number = sent["invoice_number"].as_str().unwrap();
    let due = until_alerts(&api, "account=busy&type=payment_due", 1).remove(0);
    assert_eq!((&due["subject"], &due["severity"]), (&json!(number), &json!("warning")));
    assert_eq!(due["current_value"], "0.84", "what is not paid of it");
    api.order(&format!("/v1/invoices/{number}/pay")).expect(200);
    until_alerts(&api, "account=busy&type=payment_due&active=false", 1);

    // Read one by one, and all at once; nobody else's.
    let body = json!({ "name": "own", "scopes": ["billing:read"], "account": "biz_test_001" });
    let other = api.with_token(api.post("/v1/api-keys", &body).expect(201).json["key"].as_str().unwrap());
    let path = format!("/v1/alerts/{}", due["id"].as_str().unwrap());
    other.get(&path).expect(404);
    other.order(&format!("{path}/read")).expect(404);
    assert_eq!(other.order("/v1/alerts/read-all").expect(200).json["marked"], 0);
    other.get("/v1/alerts?account=busy").expect(404);
    assert_eq!(api.order(&format!("{path}/read")).expect(200).json["is_read"], true);
    assert_eq!(alerts(&api, "is_read=true").len(), 1);
    assert_eq!(api.post("/v1/alerts/read-all", &json!({ "account": "busy" })).expect(200).json["marked"], 2);
    assert_eq!(alerts(&api, "is_read=false").len(), 0);
    assert_eq!(alerts(&api, "severity=warning").len(), 2);
}

#[test]
fn an_operator_that_is_down_is_told_to_admins_until_it_is_back() {
    let smsc = Smsc::accepting();
    let port = smsc.port();
    let sandbox = unlimited(with_operators(&[Operator::new("hand", port)]));
    sandbox.set("billing", "operator_down_seconds = 2");
    let (_daemon, api) = start_with_admin(&sandbox);
    smsc.until_bound();
    assert!(alerts(&api, "type=operator_down").is_empty());
    drop(smsc);
    let down = until_alerts(&api, "type=operator_down&active=true", 1).remove(0);
    assert_eq!(
        (&down["subject"], &down["account"], &down["severity"]),
        (&json!("hand"), &Value::Null, &json!("critical"))
    );
    let body = json!({ "name": "own", "scopes": ["billing:read"], "account": "biz_test_001" });
    let customer = api.with_token(api.post("/v1/api-keys", &body).expect(201).json["key"].as_str().unwrap());
    customer.get(&format!("/v1/alerts/{}", down["id"].as_str().unwrap())).expect(404);
    assert!(alerts(&customer, "").is_empty());
    let _back = Smsc::accepting_on(port);
    until_alerts(&api, "type=operator_down&active=false", 1);
}

#[test]
fn accounts_of_files_and_the_house_are_told_what_is_theirs() {
    const SECRET: &str = "the secret of the house";
    let (of_account, of_house) = (Webhook::start(), Webhook::start());
    let sandbox = unlimited(with_operators(&[Operator::new("hand", 1)]));
    let url = of_account.url("/filed");
    sandbox.add_account(
        "filed",
        &format!(
            "plan = \"starter\"\nopening_balance = \"1.00\"\nlow_balance_threshold = \"5.00\"\n\
             email = \"filed@example.com\"\nalert_webhook_url = \"{url}\""
        ),
    );
    sandbox.write("house.secret", SECRET);
    fs::set_permissions(sandbox.config("house.secret"), fs::Permissions::from_mode(0o600))
        .expect("it is ours");
    sandbox.set("billing", "operator_down_seconds = 1");
    sandbox.set("billing", "house_email = \"house@example.com\"");
    sandbox.set("billing", &format!("house_webhook_url = \"{}\"", of_house.url("/house")));
    sandbox.set("billing", "house_webhook_secret_file = \"house.secret\"");
    let (daemon, api) = start_with_admin(&sandbox);
    let account = api.get("/v1/accounts/filed").expect(200).json;
    assert_eq!(
        (&account["email"], &account["alert_webhook_url"]),
        (&json!("filed@example.com"), &json!(url))
    );

    let told = &raised(&of_account.until(1))[0]["data"];
    assert_eq!((&told["type"], &told["account"]), (&json!("low_balance"), &json!("filed")));
    let post = &of_house.until(1)[0];
    post.check_signature(SECRET);
    let told = &post.json()["data"];
    assert_eq!((&told["type"], &told["subject"]), (&json!("operator_down"), &json!("hand")));
    eventually("both mails", || {
        let folder = fs::read_dir(sandbox.data_dir().join("mail")).ok()?;
        let mails: Vec<String> =
            folder.flatten().filter_map(|mail| fs::read_to_string(mail.path()).ok()).collect();
        let has = |to: &str, subject: &str| {
            mails.iter().any(|mail| mail.contains(to) && mail.contains(&format!("Subject: {subject}")))
        };
        let of_both = has("filed@example.com", "Account filed: low balance")
            && has("house@example.com", "Tollgate: operator down: hand");
        of_both.then_some(())
    });

    // A reload takes another address over.
    sandbox.replace("accounts.toml", "filed@example.com", "other@example.com");
    eventually("the other address", || {
        (api.get("/v1/accounts/filed").expect(200).json["email"] == "other@example.com").then_some(())
    });
    daemon.stop();
}
