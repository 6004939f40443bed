//! Webhooks that lead where they must not, and such as never answer.

use std::net::TcpListener;
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::api::{Api, start_with_admin};
use crate::support::sandbox::Sandbox;
use crate::support::webhook::Webhook;

fn add_account(admin: &Api, id: &str, url: Option<&str>) {
    let settings = json!({ "alert_webhook_url": url, "low_balance_threshold": "50.00" });
    admin.post("/v1/accounts", &json!({ "id": id, "plan": "starter", "settings": settings })).expect(201);
}

#[test]
fn what_only_this_machine_reaches_is_not_called() {
    let hook = Webhook::start();
    let sandbox = Sandbox::new();
    let (_daemon, admin) = start_with_admin(&sandbox);
    add_account(&admin, "busy", None);
    let set = |url: &str| admin.patch("/v1/accounts/busy", &json!({ "alert_webhook_url": url }));
    let port = hook.url("/").trim_end_matches('/').rsplit(':').next().expect("a port").to_owned();
    for host in [
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "[64:ff9b::7f00:1]",
        "user@1.1.1.1",
    ] {
        let refused = set(&format!("http://{host}:{port}/")).expect(422);
        assert_eq!(refused.json["errors"][0]["field"], "alert_webhook_url", "{host}");
    }
    // The address of a name is known at the call alone, and a closed port is answered as an open one.
    let mut said: Vec<Value> = Vec::new();
    for url in [format!("http://localhost:{port}/"), "http://localhost:1/".into(), "http://x.invalid/".into()]
    {
        set(&url).expect(200);
        said.push(admin.order("/v1/accounts/busy/alerts/test").expect(200).json);
    }
    assert_eq!((&said[0], &said[0]), (&said[1], &said[2]));
    assert_eq!((&said[0]["delivered"], &said[0]["status"]), (&json!(false), &Value::Null));
    assert_eq!(hook.posts().len(), 0);
}

#[test]
fn a_server_that_never_answers_holds_up_nobody_else() {
    // The system takes the connections, and nobody answers.
    let hole = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let hole_url = format!("http://{}/", hole.local_addr().expect("an address"));
    let hook = Webhook::start();
    let sandbox = Sandbox::new();
    sandbox.set("webhooks", "allowed_networks = [\"127.0.0.0/8\"]");
    let (_daemon, admin) = start_with_admin(&sandbox);
    add_account(&admin, "hole", Some(&hole_url));
    let statuses = thread::scope(|scope| {
        let tries: Vec<_> =
            (0..40).map(|_| scope.spawn(|| admin.order("/v1/accounts/hole/alerts/test").status)).collect();
        // Alerts of others are posted, and readers answered, while the calls of the one hang.
        let started = Instant::now();
        add_account(&admin, "well", Some(&hook.url("/")));
        hook.until(1);
        admin.get("/v1/accounts").expect(200);
        let waited = started.elapsed();
        let statuses: Vec<u16> = tries.into_iter().map(|try_| try_.join().expect("an answer")).collect();
        assert!(waited < started.elapsed(), "the others did not wait for the hole");
        statuses
    });
    let count = |status: u16| statuses.iter().filter(|other| **other == status).count();
    assert_eq!(count(200) + count(429), 40, "{statuses:?}");
    assert!(count(429) >= 30, "one call at a time: {statuses:?}");
}
