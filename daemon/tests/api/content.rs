//! Sender IDs and templates: asked for and moderated over HTTP, and enforced on the binds that are open.

use crate::support::api::{Api, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{Connection, ESME_ROK, ESME_RSUBMITFAIL, Login, Message};
use serde_json::{Value, json};

const ESME_RINVSRCADR: u32 = 0x0A;
const PASSWORD: &str = "a long enough 1 password";

/// Approval is asked for sender IDs of the one, and for texts of the other.
const SENDER: Login = Login { system_id: "sender_1", password: "secret01" };
const WRITER: Login = Login { system_id: "writer_1", password: "secret01" };

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let common = "plan = \"starter\"\nopening_balance = \"100.00\"";
    sandbox.add_account(SENDER.system_id, &format!("{common}\nsenders = \"approved\""));
    sandbox.add_account(WRITER.system_id, &format!("{common}\ntemplates = \"approved\""));
    sandbox
}

fn customer(daemon: &Daemon, admin: &Api, account: &str) -> Api {
    let email = format!("{account}@example.com");
    let user = json!({ "email": email, "name": account, "role": "customer", "account": account,
        "password": PASSWORD });
    admin.post("/v1/users", &user).expect(201);
    Api::login(daemon, &email, PASSWORD)
}

fn path_of(created: &Value, collection: &str) -> String {
    format!("/v1/{collection}/{}", created["id"].as_str().expect("an id"))
}

fn from(source: &str) -> Message {
    Message { source: source.into(), ..Message::to("254722000001") }
}

fn approve(admin: &Api, path: &str) -> Value {
    admin.post(&format!("{path}/moderate"), &json!({ "decision": "approve" })).expect(200).json
}

fn nickname(customer: &Api, name: &str) -> String {
    let asked = customer.post("/v1/nicknames", &json!({ "name": name, "category": "otp" })).expect(201);
    assert_eq!((asked.json["status"].as_str(), asked.json["name"].as_str()), (Some("pending"), Some(name)));
    let path = path_of(&asked.json, "nicknames");
    assert_eq!(asked.header("location"), Some(path.as_str()));
    path
}

#[test]
fn a_sender_id_holds_from_the_moment_it_is_approved() {
    let sandbox = sandbox();
    let (daemon, admin) = start_with_admin(&sandbox);
    let customer = customer(&daemon, &admin, SENDER.system_id);
    let mut gateway = Connection::bound(daemon.smpp, SENDER);
    let mut status = |source: &str| gateway.submit(&from(source)).status;

    assert_eq!(status("ACME Bank"), ESME_RINVSRCADR, "nothing is approved at first");
    let path = nickname(&customer, "ACME Bank");
    assert_eq!(status("ACME Bank"), ESME_RINVSRCADR, "it is pending");
    let approved = approve(&admin, &path);
    assert_eq!((approved["status"].as_str(), approved["reason"].as_str()), (Some("approved"), None));
    assert_eq!(status("ACME Bank"), ESME_ROK);
    assert_eq!(status("acme bank"), ESME_RINVSRCADR, "names are compared byte for byte");
    approve(&admin, &nickname(&customer, "254700000001"));
    assert_eq!(status("254700000001"), ESME_ROK, "a number is a sender ID too");

    let reason = json!({ "decision": "reject", "reason": "not yours" });
    let rejected = admin.post(&format!("{path}/moderate"), &reason).expect(200).json;
    assert_eq!(
        (rejected["status"].as_str(), rejected["reason"].as_str()),
        (Some("rejected"), Some("not yours"))
    );
    assert_eq!(status("ACME Bank"), ESME_RINVSRCADR);
    let other = json!({ "name": "ACME Shop", "category": "marketing" });
    assert_eq!(customer.put(&path, &other).expect(200).json["status"], "pending");
    approve(&admin, &path);
    assert_eq!(status("ACME Shop"), ESME_ROK);
    let described = json!({ "name": "ACME Shop", "category": "marketing", "description": "the shop" });
    assert_eq!(
        customer.put(&path, &described).expect(200).json["status"],
        "approved",
        "nothing to decide anew"
    );
    assert_eq!(status("ACME Shop"), ESME_ROK);
    let other = json!({ "name": "ACME Store", "category": "marketing" });
    assert_eq!(customer.put(&path, &other).expect(200).json["status"], "pending");
    assert_eq!(status("ACME Shop"), ESME_RINVSRCADR, "it is no longer claimed");
    approve(&admin, &path);
    assert_eq!(status("ACME Store"), ESME_ROK);

    customer.delete(&path).expect(204);
    assert_eq!(status("ACME Store"), ESME_RINVSRCADR);
    customer.get(&path).expect(404);
    assert_eq!(status("254700000001"), ESME_ROK, "the others stay");
    daemon.stop();
}

#[test]
fn a_template_holds_from_the_moment_it_is_approved() {
    let sandbox = sandbox();
    let (daemon, admin) = start_with_admin(&sandbox);
    let customer = customer(&daemon, &admin, WRITER.system_id);
    let mut gateway = Connection::bound(daemon.smpp, WRITER);
    let mut status = |text: &str| gateway.submit(&Message::to("254722000001").text(text)).status;

    assert_eq!(status("Your code is 493817."), ESME_RSUBMITFAIL, "nothing is approved at first");
    let new = json!({ "name": "code", "body": "Your code is {code}.", "category": "otp", "language": "en" });
    let asked = customer.post("/v1/templates", &new).expect(201).json;
    assert_eq!((&asked["status"], &asked["placeholders"]), (&json!("pending"), &json!(["code"])));
    let path = path_of(&asked, "templates");
    assert_eq!(status("Your code is 493817."), ESME_RSUBMITFAIL, "it is pending");
    approve(&admin, &path);
    assert_eq!(status("Your code is 493817."), ESME_ROK);
    assert_eq!(status("Your code is 493817"), ESME_RSUBMITFAIL, "the last character is missing");
    for (text, matches) in [("Your code is 1.", true), ("Your code is .", false), ("", false)] {
        let checked = customer.post(&format!("{path}/check"), &json!({ "text": text })).expect(200);
        assert_eq!(checked.json, json!({ "matches": matches }), "{text:?}");
    }

    let other = json!({ "name": "code", "body": "Code: {code}", "category": "otp" });
    assert_eq!(customer.put(&path, &other).expect(200).json["status"], "pending");
    assert_eq!(status("Your code is 493817."), ESME_RSUBMITFAIL);
    assert_eq!(status("Code: 493817"), ESME_RSUBMITFAIL);
    approve(&admin, &path);
    assert_eq!(status("Code: 493817"), ESME_ROK);
    customer.delete(&path).expect(204);
    assert_eq!(status("Code: 493817"), ESME_RSUBMITFAIL);

    for body in ["{", "{a}{b}", "}", &"x".repeat(1_601)] {
        let wrong = customer.post("/v1/templates", &json!({ "name": "x", "body": body, "category": "otp" }));
        assert_eq!(wrong.expect(422).json["errors"][0]["field"], "body", "{body}");
    }
    daemon.stop();
}

#[test]
fn what_is_approved_outlives_the_process() {
    let sandbox = sandbox();
    let (daemon, admin) = start_with_admin(&sandbox);
    let new = json!({ "account": SENDER.system_id, "name": "ACME", "category": "service" });
    let nickname = path_of(&admin.post("/v1/nicknames", &new).expect(201).json, "nicknames");
    approve(&admin, &nickname);
    let pending = json!({ "account": SENDER.system_id, "name": "PENDING", "category": "service" });
    admin.post("/v1/nicknames", &pending).expect(201);
    let new =
        json!({ "account": WRITER.system_id, "name": "hi", "body": "Hi {name}", "category": "service" });
    approve(&admin, &path_of(&admin.post("/v1/templates", &new).expect(201).json, "templates"));
    daemon.kill();

    let enforced = |daemon: &Daemon| {
        let mut sender = Connection::bound(daemon.smpp, SENDER);
        assert_eq!(sender.submit(&from("ACME")).status, ESME_ROK);
        assert_eq!(sender.submit(&from("PENDING")).status, ESME_RINVSRCADR);
        let mut writer = Connection::bound(daemon.smpp, WRITER);
        assert_eq!(writer.submit(&Message::to("254722000001").text("Hi Ann")).status, ESME_ROK);
        assert_eq!(writer.submit(&Message::to("254722000001").text("Hello")).status, ESME_RSUBMITFAIL);
    };
    let daemon = sandbox.start();
    enforced(&daemon);
    daemon.signal("HUP");
    daemon.logged("the reload", |line| line.contains("reload"));
    enforced(&daemon);
    assert_eq!(Api::admin(&daemon).get(&nickname).expect(200).json["status"], "approved");
    daemon.stop();

    sandbox.set("api", "enabled = false");
    let daemon = sandbox.start();
    enforced(&daemon);
    daemon.stop();
}

#[test]
fn everybody_reaches_what_is_theirs_and_only_admins_decide() {
    let sandbox = sandbox();
    let (daemon, admin) = start_with_admin(&sandbox);
    let owner = customer(&daemon, &admin, SENDER.system_id);
    let stranger = customer(&daemon, &admin, WRITER.system_id);
    let path = nickname(&owner, "ACME");
    let moderate = format!("{path}/moderate");

    let approve_it = json!({ "decision": "approve" });
    assert_eq!(owner.post(&moderate, &approve_it).expect(403).code(), "forbidden");
    let key = |scope: &str, account: Value| {
        let new = json!({ "name": "k", "scopes": [scope], "account": account });
        let key = admin.post("/v1/api-keys", &new).expect(201).json["key"].as_str().unwrap().to_owned();
        admin.with_token(&key)
    };
    key("content:write", json!(SENDER.system_id)).post(&moderate, &approve_it).expect(403);
    key("content:read", Value::Null).post(&moderate, &approve_it).expect(403);
    let changed = json!({ "name": "ACME", "category": "other" });
    stranger.get(&path).expect(404);
    stranger.put(&path, &changed).expect(404);
    stranger.delete(&path).expect(404);
    assert_eq!(stranger.get("/v1/nicknames").expect(200).json["items"], json!([]));
    let approved = format!("/v1/nicknames/account/{}/approved", SENDER.system_id);
    stranger.get(&approved).expect(404);
    let for_other = json!({ "account": SENDER.system_id, "name": "OTHER", "category": "otp" });
    stranger.post("/v1/nicknames", &for_other).expect(404);
    admin.post("/v1/nicknames", &json!({ "name": "OTHER", "category": "otp" })).expect(422);

    let wordless = admin.post(&moderate, &json!({ "decision": "reject", "reason": " " }));
    assert_eq!(wordless.expect(422).json["errors"][0]["field"], "reason");
    let twice = owner.post("/v1/nicknames", &json!({ "name": "ACME", "category": "otp" }));
    assert_eq!(twice.expect(409).code(), "already_exists");
    for name in ["", "TWELVE CHARS", "Ä", "A/B", " A"] {
        let wrong = owner.post("/v1/nicknames", &json!({ "name": name, "category": "otp" }));
        assert_eq!(wrong.expect(422).json["errors"][0]["field"], "name", "{name}");
    }
    stranger.post("/v1/nicknames", &json!({ "name": "ACME", "category": "otp" })).expect(201);

    // A decision about what was read is not one about what its owner has made of it meanwhile.
    let read = admin.get(&path).expect(200);
    let tag = read.header("etag").expect("a version").to_owned();
    owner.put(&path, &json!({ "name": "EMCA", "category": "otp" })).expect(200);
    admin.header("If-Match", &tag).post(&moderate, &approve_it).expect(412);
    assert_eq!(owner.get(&approved).expect(200).json["items"], json!([]));
    key("content:write", Value::Null).post(&moderate, &approve_it).expect(200);
    assert_eq!(owner.get(&approved).expect(200).json["items"][0]["name"], "EMCA");
    daemon.stop();
}

#[test]
fn lists_are_filtered_and_put_in_order() {
    let sandbox = sandbox();
    let (daemon, admin) = start_with_admin(&sandbox);
    for (name, category) in [("Bravo", "otp"), ("Alpha", "marketing"), ("Charlie", "otp")] {
        let new = json!({ "account": SENDER.system_id, "name": name, "category": category });
        let path = path_of(&admin.post("/v1/nicknames", &new).expect(201).json, "nicknames");
        if name != "Charlie" {
            approve(&admin, &path);
        }
    }
    let names = |query: &str| -> Vec<String> {
        let mut names = Vec::new();
        let mut path = format!("/v1/nicknames?limit=2&{query}");
        loop {
            let page = admin.get(&path).expect(200).json;
            let items = page["items"].as_array().expect("items");
            assert!(items.len() <= 2);
            names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { return names };
            path = format!("/v1/nicknames?limit=2&{query}&cursor={cursor}");
        }
    };
    assert_eq!(names(""), ["Alpha", "Bravo", "Charlie"]);
    assert_eq!(names("sort=-name"), ["Charlie", "Bravo", "Alpha"]);
    assert_eq!(names("sort=created_at"), ["Bravo", "Alpha", "Charlie"]);
    assert_eq!(names("sort=-created_at"), ["Charlie", "Alpha", "Bravo"]);
    assert_eq!(names("status=approved&category=otp"), ["Bravo"]);
    assert_eq!(names("status=pending"), ["Charlie"]);
    assert_eq!(names("name=AL"), ["Alpha"]);
    assert_eq!(names(&format!("account={}", WRITER.system_id)), [""; 0]);
    admin.get("/v1/nicknames?status=unknown").expect(400);
    daemon.stop();
}
