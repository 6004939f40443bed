//! Events: written with what they tell of, posted to every endpoint that takes them, signed as Standard Webhooks has it, tried
//! again, sent again, and never lost; and the log of mails.

use std::collections::BTreeSet;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::api::{Api, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::mail::MailServer;
use crate::support::sandbox::Sandbox;
use crate::support::wait::eventually;
use crate::support::webhook::{Post, Webhook};

const PASSWORD: &str = "a long enough 1 password";

fn start() -> (Sandbox, Daemon, Api) {
    let sandbox = Sandbox::new();
    sandbox.set("webhooks", "allowed_networks = [\"127.0.0.0/8\"]");
    sandbox.set("api", "requests_per_second = 100000");
    sandbox.set("api", "registration_plan = \"starter\"");
    let (daemon, admin) = start_with_admin(&sandbox);
    (sandbox, daemon, admin)
}

fn add_account(admin: &Api, id: &str, settings: &Value) {
    admin.post("/v1/accounts", &json!({ "id": id, "plan": "starter", "settings": settings })).expect(201);
}

fn customer(daemon: &Daemon, admin: &Api, role: &str, account: &str) -> Api {
    let email = format!("{account}@example.com");
    let user =
        json!({ "email": email, "name": account, "role": role, "account": account, "password": PASSWORD });
    admin.post("/v1/users", &user).expect(201);
    Api::login(daemon, &email, PASSWORD)
}

/// An endpoint with these fields beside its URL; its id and its secret.
fn endpoint(api: &Api, hook: &Webhook, fields: &Value) -> (String, String) {
    let mut body = json!({ "url": hook.url("/events") });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let made = api.post("/v1/webhook-endpoints", &body).expect(201).json;
    (text(&made["endpoint"]["id"]), text(&made["secret"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text and not {value}")).to_owned()
}

fn top_up(admin: &Api, account: &str, reference: &str) {
    let body = json!({ "amount": "5.00", "reference": reference });
    admin.post(&format!("/v1/accounts/{account}/topups"), &body).expect(201);
}

fn of_type(posts: &[Post], kind: &str) -> Vec<Post> {
    posts.iter().filter(|post| post.json()["type"] == kind).cloned().collect()
}

/// The posts of a type once there are so many.
fn until_type(hook: &Webhook, kind: &str, count: usize) -> Vec<Post> {
    eventually(&format!("{count} posts of {kind}"), || {
        Some(of_type(&hook.posts(), kind)).filter(|posts| posts.len() >= count)
    })
}

fn deliveries(api: &Api, path: &str) -> Vec<Value> {
    api.get(path).expect(200).json["items"].as_array().expect("items").clone()
}

#[test]
fn each_endpoint_gets_what_it_takes_signed_and_again_until_it_is_taken() {
    let [all, some, house] = [(); 3].map(|()| Webhook::start());
    all.answer_next(&["500 No"]);
    let (_sandbox, daemon, admin) = start();
    add_account(&admin, "biz", &json!({}));
    add_account(&admin, "other", &json!({}));
    let (biz, other) =
        (customer(&daemon, &admin, "customer", "biz"), customer(&daemon, &admin, "customer", "other"));
    let (all_id, secret) = endpoint(&biz, &all, &json!({}));
    endpoint(&biz, &some, &json!({ "event_types": ["payment.*", "wallet.adjusted"] }));
    let (_, house_secret) = endpoint(&admin, &house, &json!({ "event_types": ["wallet.topped_up"] }));
    assert!(secret.starts_with("whsec_") && secret != house_secret);
    assert_eq!(biz.get("/v1/webhook-endpoints").expect(200).json["items"].as_array().map(Vec::len), Some(2));
    assert!(!biz.get("/v1/webhook-endpoints").expect(200).text().contains("whsec_"), "it is shown once");

    top_up(&admin, "biz", "one");
    let posts = until_type(&all, "wallet.topped_up", 2);
    for post in &posts {
        post.check_standard_signature(&[&secret]);
        let event = post.json();
        assert_eq!(event["id"], post.header("webhook-id"));
        assert_eq!((&event["account"], &event["data"]["amount"]), (&json!("biz"), &json!("5.00")));
    }
    assert_eq!(posts[0].body, posts[1].body, "the same event at each try");
    let id = posts[0].header("webhook-id").to_owned();
    until_type(&house, "wallet.topped_up", 1)[0].check_standard_signature(&[&house_secret]);

    // The log has both tries; nobody else sees the event, nor the deliveries of the house.
    let log = eventually("the end of the delivery", || {
        let found = deliveries(&biz, &format!("/v1/events/{id}/deliveries"));
        found.iter().find(|delivery| delivery["state"] == "delivered").cloned()
    });
    assert_eq!((&log["endpoint"], &log["attempts"]), (&json!(all_id), &json!(2)));
    assert_eq!((&log["log"][0]["status"], &log["log"][1]["status"]), (&json!(500), &json!(200)));
    assert!(log["log"][0]["error"].is_string() && log["log"][1]["error"].is_null());
    assert_eq!(deliveries(&biz, &format!("/v1/events/{id}/deliveries")).len(), 1);
    assert_eq!(deliveries(&admin, &format!("/v1/events/{id}/deliveries")).len(), 2);
    assert_eq!(deliveries(&biz, &format!("/v1/webhook-endpoints/{all_id}/deliveries")).len(), 1);
    for path in [format!("/v1/events/{id}"), format!("/v1/webhook-endpoints/{all_id}")] {
        other.get(&path).expect(404);
    }
    assert_eq!(deliveries(&other, "/v1/events").len(), 0);
    other.order(&format!("/v1/events/{id}/resend")).expect(404);

    // Sent again it is the same event.
    biz.order(&format!("/v1/events/{id}/resend")).expect(200);
    assert_eq!(until_type(&all, "wallet.topped_up", 3)[2].header("webhook-id"), id);
    assert_eq!(
        of_type(&house.posts(), "wallet.topped_up").len(),
        1,
        "the house's is not the customer's to ask"
    );

    // After a rotation both secrets sign; one that is switched off gets nothing.
    let path = format!("/v1/webhook-endpoints/{all_id}");
    let rotated = text(&biz.order(&format!("{path}/secret/rotate")).expect(200).json["secret"]);
    let tested = biz.order(&format!("{path}/test")).expect(200).json;
    assert_eq!((&tested["delivered"], &tested["status"]), (&json!(true), &json!(200)));
    let test = until_type(&all, "webhook.test", 1).remove(0);
    test.check_standard_signature(&[&rotated, &secret]);
    // It stands in the log as the event that was posted, is sent again to the same endpoint alone, and no other has it.
    let test_id = test.header("webhook-id").to_owned();
    let logged = deliveries(&biz, &format!("{path}/deliveries"));
    assert_eq!((&logged[0]["event"], &logged[0]["event_type"]), (&json!(test_id), &json!("webhook.test")));
    assert_eq!((&logged[0]["state"], &logged[0]["log"][0]["status"]), (&json!("delivered"), &json!(200)));
    assert_eq!(biz.get(&format!("/v1/events/{test_id}")).expect(200).json, test.json());
    biz.order(&format!("/v1/events/{test_id}/resend")).expect(200);
    assert_eq!(until_type(&all, "webhook.test", 2)[1].header("webhook-id"), test_id);
    all.answer_next(&["500 No"]);
    let failed = biz.order(&format!("{path}/test")).expect(200).json;
    assert_eq!((&failed["delivered"], &failed["status"]), (&json!(false), &json!(500)));
    let logged = deliveries(&biz, &format!("{path}/deliveries"));
    assert_eq!((&logged[0]["state"], &logged[0]["attempts"]), (&json!("failed"), &json!(1)));
    assert_eq!(logged[0]["log"][0]["error"], "it was answered with 500");
    assert_eq!(of_type(&house.posts(), "webhook.test").len(), 0);
    let off = biz.patch(&path, &json!({ "enabled": false })).expect(200).json;
    assert_eq!(off["switched_off_by"], "caller");
    let (count, seen) = (all.posts().len(), house.posts().len());
    top_up(&admin, "biz", "two");
    house.until(seen + 1);
    assert_eq!(all.posts().len(), count);
    assert_eq!(biz.order(&format!("/v1/events/{id}/resend")).expect(409).code(), "wrong_state");
    assert_eq!(some.posts().len(), 0);
    biz.delete(&path).expect(204);
    biz.get(&path).expect(404);
}

#[test]
fn bad_endpoints_are_refused_with_the_field_that_is_wrong() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    add_account(&admin, "biz", &json!({}));
    let biz = customer(&daemon, &admin, "customer", "biz");
    let good = "https://example.com/hook";
    for (body, field) in [
        (json!({ "url": "ftp://example.com/" }), "url"),
        (json!({ "url": "http://127.0.0.1:9/" }), "url"),
        (json!({ "url": "http://[::ffff:10.0.0.1]/" }), "url"),
        (json!({ "url": good, "event_types": [] }), "event_types"),
        (json!({ "url": good, "event_types": ["payment.*", "payments.*"] }), "event_types.1"),
        (json!({ "url": good, "description": "a\nb" }), "description"),
    ] {
        let refused = biz.post("/v1/webhook-endpoints", &body).expect(422);
        assert_eq!(refused.json["errors"][0]["field"], field, "{body}");
    }
    let types = biz.get("/v1/event-types").expect(200).json;
    let names: Vec<&str> =
        types["items"].as_array().unwrap().iter().map(|kind| kind["type"].as_str().unwrap()).collect();
    for name in ["payment.succeeded", "invoice.sent", "subscription.renewed", "wallet.low"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    let refused = biz.get("/v1/events?type=nothing").expect(422);
    assert_eq!(refused.json["errors"][0]["field"], "type");
    for _ in 0..16 {
        biz.post("/v1/webhook-endpoints", &json!({ "url": good })).expect(201);
    }
    assert_eq!(biz.post("/v1/webhook-endpoints", &json!({ "url": good })).expect(409).code(), "wrong_state");
    // Another account's, and the house's, are nobody else's.
    biz.post("/v1/webhook-endpoints", &json!({ "url": good, "account": "nobody" })).expect(404);
    assert_eq!(
        admin.get("/v1/webhook-endpoints").expect(200).json["items"].as_array().map(Vec::len),
        Some(16)
    );
}

#[test]
fn what_happens_to_money_is_told_and_a_kill_loses_none_of_it() {
    let hook = Webhook::start();
    // The first post is not taken, so that the others still wait at the kill.
    hook.answer_next(&["500 No"; 2]);
    let (sandbox, daemon, admin) = start();
    add_account(&admin, "biz", &json!({ "is_reseller": true }));
    admin.post("/v1/accounts", &json!({ "id": "child", "plan": "starter", "parent": "biz" })).expect(201);
    let reseller = customer(&daemon, &admin, "reseller", "biz");
    let (_, secret) = endpoint(&reseller, &hook, &json!({ "accounts_below": true }));

    let begun = json!({ "account": "child", "provider": "manual", "amount": "25.50" });
    let payment = text(&admin.post("/v1/payments", &begun).expect(201).json["id"]);
    admin.post(&format!("/v1/payments/{payment}/confirm"), &json!({})).expect(200);
    let adjustment = json!({ "amount": "-1.50", "reason": "a mistake" });
    admin.post("/v1/accounts/child/adjustments", &adjustment).expect(201);
    admin.order("/v1/accounts/child/suspend").expect(200);
    admin.order("/v1/accounts/child/resume").expect(200);
    daemon.kill();

    let daemon = sandbox.start();
    let admin = admin.at_daemon(&daemon);
    let reseller = reseller.at_daemon(&daemon);
    let expected = [
        "account.resumed",
        "account.suspended",
        "wallet.adjusted",
        "wallet.topped_up",
        "payment.succeeded",
        "payment.requires_action",
    ];
    let told = deliveries(&admin, "/v1/events?account=child&limit=6");
    let kinds: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, expected, "the newest first, each once");
    assert_eq!(told[4]["data"]["payment"], json!(payment));
    assert_eq!(deliveries(&reseller, "/v1/events?type=payment.succeeded").len(), 1);
    for (event, kind) in told.iter().zip(expected) {
        let path = format!("/v1/events/{}/deliveries", text(&event["id"]));
        eventually(kind, || (deliveries(&reseller, &path)[0]["state"] == "delivered").then_some(()));
        of_type(&hook.posts(), kind)[0].check_standard_signature(&[&secret]);
    }
}

#[test]
fn a_mail_of_a_registration_is_not_lost_by_a_stop_and_can_be_sent_again() {
    // The first try is turned away, so that the mail is still to be sent when the process ends.
    let server = MailServer::start(1);
    let (sandbox, daemon, admin) = {
        let sandbox = Sandbox::new();
        sandbox.set("api", "registration_plan = \"starter\"");
        server.serve(&sandbox);
        let (daemon, admin) = start_with_admin(&sandbox);
        (sandbox, daemon, admin)
    };
    let registration = json!({ "email": "nina@example.com", "password": PASSWORD, "name": "Nina" });
    Api::anonymous(&daemon).post("/v1/auth/register", &registration).expect(202);
    daemon.stop();

    let daemon = sandbox.start();
    let admin = admin.at_daemon(&daemon);
    let first = server.mail_to("nina@example.com", 0);
    let mail = eventually("the log of the mail", || {
        let found = deliveries(&admin, "/v1/mails?state=delivered");
        found.first().cloned()
    });
    assert_eq!((&mail["kind"], &mail["to"]), (&json!("registration"), &json!("nina@example.com")));
    assert!(!mail.to_string().contains("http"), "the text is not shown");
    admin.order(&format!("/v1/mails/{}/resend", text(&mail["id"]))).expect(200);
    let second = server.mail_to("nina@example.com", 1);
    assert_ne!(first.token(), second.token());
    Api::anonymous(&daemon).get(&format!("/v1/auth/verify-email/{}", second.token())).expect(200);

    // After a kill too.
    Api::anonymous(&daemon)
        .post("/v1/auth/reset-password", &json!({ "email": "nina@example.com" }))
        .expect(202);
    daemon.kill();
    let daemon = sandbox.start();
    assert!(!server.mail_to("nina@example.com", 2).token().is_empty());
    drop(daemon);
}

#[test]
fn an_endpoint_that_never_answers_holds_up_no_other() {
    // The system takes the connections, and nobody answers.
    let hole = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let hole_url = format!("http://{}/", hole.local_addr().expect("an address"));
    let hook = Webhook::start();
    let (_sandbox, _daemon, admin) = start();
    add_account(&admin, "biz", &json!({}));
    let only = json!(["wallet.topped_up"]);
    let silent = json!({ "account": "biz", "url": hole_url, "event_types": only });
    let silent = admin.post("/v1/webhook-endpoints", &silent).expect(201).json;
    endpoint(&admin, &hook, &json!({ "account": "biz", "event_types": only }));
    for number in 0..10 {
        top_up(&admin, "biz", &format!("top-up {number}"));
    }
    let posts = until_type(&hook, "wallet.topped_up", 10);
    let ids: BTreeSet<&str> = posts.iter().map(|post| post.header("webhook-id")).collect();
    assert_eq!(ids.len(), 10, "each event once");
    let path = format!("/v1/webhook-endpoints/{}/deliveries", text(&silent["endpoint"]["id"]));
    assert_eq!(deliveries(&admin, &format!("{path}?state=waiting")).len(), 10);
    assert_eq!(deliveries(&admin, &format!("{path}?state=delivered")).len(), 0);
}
