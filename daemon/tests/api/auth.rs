//! Coming in over the management API: logins, sessions, lock-outs, mails with a real SMTP server, users and API keys.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::api::{ADMIN_EMAIL, ADMIN_PASSWORD, Api, Reply, create_admin, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::mail::MailServer;
use crate::support::sandbox::{Sandbox, run};
use crate::support::wait::eventually;
use serde_json::{Value, json};

pub const PASSWORD: &str = "brisk-otter-lamp-42";
pub const OTHER_PASSWORD: &str = "quiet-maple-drum-77";

pub fn try_login(daemon: &Daemon, email: &str, password: &str) -> Reply {
    Api::anonymous(daemon).post("/v1/auth/login", &json!({ "email": email, "password": password }))
}

pub fn text(reply: &Reply, field: &str) -> String {
    reply.json[field].as_str().unwrap_or_else(|| panic!("{field} in {}", reply.json)).to_owned()
}

/// A problem without what differs between any two requests.
fn said(reply: &Reply) -> (u16, Value, Option<String>) {
    let mut problem = reply.json.clone();
    problem.as_object_mut().expect("a problem").remove("request_id");
    (reply.status, problem, reply.header("content-type").map(ToOwned::to_owned))
}

/// The same without the time after which to try again, which goes by between two answers.
fn without_seconds(
    (status, mut problem, kind): (u16, Value, Option<String>),
) -> (u16, Value, Option<String>) {
    let detail = problem["detail"].as_str().unwrap_or_default();
    problem["detail"] = detail.chars().filter(|c| !c.is_ascii_digit()).collect::<String>().into();
    problem.as_object_mut().expect("a problem").remove("retry_after");
    (status, problem, kind)
}

/// A reseller account with a customer account below it, another account beside them, and a user for each of the three.
pub fn make_people(admin: &Api) {
    let reseller = json!({ "id": "shop", "plan": "starter", "settings": { "is_reseller": true } });
    admin.post("/v1/accounts", &reseller).expect(201);
    admin.post("/v1/accounts", &json!({ "id": "client", "plan": "starter", "parent": "shop" })).expect(201);
    admin.post("/v1/accounts", &json!({ "id": "stranger", "plan": "starter" })).expect(201);
    for (name, role, account) in
        [("rita", "reseller", "shop"), ("carl", "customer", "client"), ("sven", "customer", "stranger")]
    {
        let user = json!({
            "email": format!("{name}@example.com"), "name": name, "role": role, "account": account,
            "password": PASSWORD,
        });
        admin.post("/v1/users", &user).expect(201);
    }
}

pub fn user_id(admin: &Api, name: &str) -> String {
    let page = admin.get(&format!("/v1/users?search={name}@")).expect(200);
    page.json["items"][0]["id"].as_str().expect("the user").to_owned()
}

#[test]
fn admin_create_makes_the_first_admin_of_a_new_data_directory() {
    let sandbox = Sandbox::new();
    assert!(!sandbox.data_dir().exists());
    create_admin(&sandbox);
    let generated = sandbox.on_books(&[
        "admin",
        "create",
        "--email",
        "Second@Example.com",
        "--name",
        "Second",
        "--generate",
    ]);
    assert_eq!(generated.code, Some(0), "{generated:?}");
    let password =
        generated.stdout.lines().find_map(|line| line.strip_prefix("password: ")).expect("a password");
    let twice = sandbox.on_books(&["admin", "create", "--email", ADMIN_EMAIL, "--generate"]);
    assert_eq!(twice.code, Some(1));
    assert!(twice.stderr.contains("already"), "{}", twice.stderr);
    let without = sandbox.on_books(&["admin", "create", "--email", "third@example.com"]);
    assert!(without.stderr.contains("password is empty"), "{}", without.stderr);

    let daemon = sandbox.start();
    let second = Api::login(&daemon, "second@example.com", password);
    let me = second.get("/v1/auth/me").expect(200);
    assert_eq!((text(&me, "role"), text(&me, "name")), ("admin".to_owned(), "Second".to_owned()));
    // A daemon that runs makes it too, and the notes of both have one form.
    let running = sandbox.on_books(&["admin", "create", "--email", "fourth@example.com", "--generate"]);
    assert_eq!(running.code, Some(0), "{running:?}");
    let notes = second.get("/v1/audit?actor=cli&action=user.create").expect(200);
    let notes = notes.json["items"].as_array().expect("a list").clone();
    assert_eq!(notes.len(), 3, "{notes:?}");
    let number = notes[0]["actor"].as_str().and_then(|actor| actor.strip_prefix("cli:")).expect("a user");
    assert!(number.parse::<u32>().is_ok(), "{number}");
    assert!(notes.iter().all(|note| note["actor"] == notes[0]["actor"]), "{notes:?}");
    assert!(run(&mut sandbox.tollgate("check")).code == Some(0));
    daemon.stop();
    let verified = sandbox.on_books(&["verify"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

#[test]
fn a_refresh_token_holds_once_and_its_second_use_ends_the_session() {
    let sandbox = Sandbox::new();
    create_admin(&sandbox);
    let daemon = sandbox.start();
    let anonymous = Api::anonymous(&daemon);
    let first = try_login(&daemon, "Admin@Example.com", ADMIN_PASSWORD).expect(200);
    assert_eq!(
        (text(&first, "token_type"), first.json["expires_in"].as_u64()),
        ("Bearer".to_owned(), Some(900))
    );
    let refresh = |token: &str| anonymous.post("/v1/auth/refresh", &json!({ "refresh_token": token }));
    let second = refresh(&text(&first, "refresh_token")).expect(200);
    let third = refresh(&text(&second, "refresh_token")).expect(200);
    let api = anonymous.with_token(&text(&third, "access_token"));
    api.get("/v1/auth/me").expect(200);
    let other = Api::admin(&daemon);

    // Whoever comes with one that was used has stolen it, or was stolen from: nobody goes on.
    assert_eq!(refresh(&text(&first, "refresh_token")).expect(401).code(), "unauthenticated");
    refresh(&text(&third, "refresh_token")).expect(401);
    assert_eq!(api.get("/v1/auth/me").expect(401).code(), "unauthenticated");
    // Another session of the same user is another family.
    other.get("/v1/auth/me").expect(200);
    for garbage in ["", "tr_", "tr_x_y", "no-token"] {
        refresh(garbage).expect(401);
    }
    // The name of a session is no secret: whoever knows nothing else of it does not end it.
    let fourth = try_login(&daemon, ADMIN_EMAIL, ADMIN_PASSWORD).expect(200);
    let token = text(&fourth, "refresh_token");
    let name = token.split('_').nth(1).expect("the session's name");
    for forged in ["x".to_owned(), "q".repeat(token.len() - name.len() - 4)] {
        refresh(&format!("tr_{name}_{forged}")).expect(401);
    }
    anonymous.with_token(&text(&fourth, "access_token")).get("/v1/auth/me").expect(200);
    refresh(&token).expect(200);
    let notes = other.get("/v1/audit?action=auth.refresh_reused").expect(200);
    assert_eq!(notes.json["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn sessions_outlive_a_restart_and_end_with_logout_and_change_of_password() {
    let sandbox = Sandbox::new();
    create_admin(&sandbox);
    let daemon = sandbox.start();
    let login = try_login(&daemon, ADMIN_EMAIL, ADMIN_PASSWORD).expect(200);
    daemon.stop();
    let daemon = sandbox.start();
    let one = Api::anonymous(&daemon).with_token(&text(&login, "access_token"));
    one.get("/v1/auth/me").expect(200);
    let (two, three) = (Api::admin(&daemon), Api::admin(&daemon));

    two.order("/v1/auth/logout").expect(204);
    two.get("/v1/auth/me").expect(401);
    let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    let weak = one.post("/v1/auth/change-password", &change(ADMIN_PASSWORD, "password1234")).expect(422);
    assert!(weak.text().contains("easy to guess"), "{}", weak.text());
    let wrong = one.post("/v1/auth/change-password", &change("not the password", OTHER_PASSWORD)).expect(401);
    assert_eq!(wrong.code(), "invalid_credentials");
    one.post("/v1/auth/change-password", &change(ADMIN_PASSWORD, OTHER_PASSWORD)).expect(204);
    one.get("/v1/auth/me").expect(200);
    three.get("/v1/auth/me").expect(401);
    try_login(&daemon, ADMIN_EMAIL, ADMIN_PASSWORD).expect(401);
    let four = Api::login(&daemon, ADMIN_EMAIL, OTHER_PASSWORD);
    four.post("/v1/auth/logout", &json!({ "everywhere": true })).expect(204);
    one.get("/v1/auth/me").expect(401);
    for forged in ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        Api::anonymous(&daemon).with_token(forged).get("/v1/auth/me").expect(401);
    }
}

#[test]
fn five_failures_lock_and_nothing_tells_an_unknown_address_from_a_known_one() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let carl = user_id(&admin, "carl");
    let answers = |email: &str| -> Vec<_> {
        let answer = |_| without_seconds(said(&try_login(&daemon, email, "certainly wrong")));
        (0..7).map(answer).collect()
    };
    let (known, unknown) = (answers("carl@example.com"), answers("nobody@example.com"));
    assert_eq!(known, unknown);
    let (wrong, held) = known.split_at(5);
    assert!(wrong.iter().all(|answer| *answer == wrong[0]) && wrong[0].0 == 401, "{wrong:?}");
    assert!(held.iter().all(|answer| *answer == held[0]) && held[0].0 == 429, "{held:?}");
    // The right password is answered as the wrong one is, which is not called wrong.
    let right = |email: &str| without_seconds(said(&try_login(&daemon, email, PASSWORD)));
    assert_eq!(right("CARL@example.com"), held[0]);
    try_login(&daemon, "rita@example.com", PASSWORD).expect(200);

    let path = format!("/v1/users/{carl}");
    eventually("the lock in the books", || {
        admin.get(&path).expect(200).json["locked_until"].as_str().map(|_| ())
    });
    daemon.stop();
    let daemon = sandbox.start();
    let right = said(&try_login(&daemon, "carl@example.com", PASSWORD));
    assert_eq!(without_seconds(right), held[0], "the lock outlives a restart");
    // Of wrong ones nothing tells that there is a lock, as there is none for an address that nobody has.
    assert_eq!(said(&try_login(&daemon, "carl@example.com", "certainly wrong")), wrong[0]);
    let rita = Api::login(&daemon, "rita@example.com", PASSWORD);
    let unlocked = rita.order(&format!("{path}/unlock")).expect(200);
    assert_eq!(unlocked.json["locked_until"], Value::Null);
    try_login(&daemon, "carl@example.com", PASSWORD).expect(200);
}

#[test]
fn resellers_look_after_their_customers_and_nobody_rises_above_the_own_role() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let rita = Api::login(&daemon, "rita@example.com", PASSWORD);
    let carl = Api::login(&daemon, "carl@example.com", PASSWORD);
    carl.get("/v1/users").expect(403);
    let seen = rita.get("/v1/users?sort=-created_at").expect(200);
    let emails: Vec<_> = seen.json["items"].as_array().unwrap().iter().map(|user| &user["email"]).collect();
    assert_eq!(emails, ["carl@example.com", "rita@example.com"]);
    let user = |role: &str, account: Value| json!({ "email": "new@example.com", "name": "New", "role": role, "account": account, "password": PASSWORD });
    rita.post("/v1/users", &user("admin", Value::Null)).expect(403);
    rita.post("/v1/users", &user("reseller", json!("shop"))).expect(403);
    rita.post("/v1/users", &user("customer", json!("stranger"))).expect(422);
    admin.post("/v1/users", &user("reseller", json!("client"))).expect(422);
    admin.post("/v1/users", &user("customer", Value::Null)).expect(422);
    let made = rita.post("/v1/users", &user("customer", json!("client"))).expect(201);
    let location = made.header("location").expect("where it is").to_owned();
    rita.post("/v1/users", &user("customer", json!("client"))).expect(409);
    rita.get(&format!("/v1/users/{}", user_id(&admin, "sven"))).expect(404);
    rita.patch(&location, &json!({ "role": "admin", "account": null })).expect(403);
    rita.patch(&location, &json!({ "account": "stranger" })).expect(422);
    rita.patch(&format!("/v1/users/{}", user_id(&admin, "rita")), &json!({ "name": "R" })).expect(403);

    // A change for another version is none; sessions end with a role and with a lock-out.
    let tag = admin.get(&location).expect(200).header("etag").expect("a version").to_owned();
    rita.header("If-Match", "\"99\"").patch(&location, &json!({ "name": "Newer" })).expect(412);
    let changed = rita.header("If-Match", &tag).patch(&location, &json!({ "name": "Newer" })).expect(200);
    assert_eq!(text(&changed, "name"), "Newer");
    let new = Api::login(&daemon, "new@example.com", PASSWORD);
    rita.patch(&location, &json!({ "disabled": true })).expect(200);
    new.get("/v1/auth/me").expect(401);
    try_login(&daemon, "new@example.com", PASSWORD).expect(401);
    let rita_path = format!("/v1/users/{}", user_id(&admin, "rita"));
    admin.patch(&rita_path, &json!({ "role": "customer", "account": "client" })).expect(200);
    rita.get("/v1/auth/me").expect(401);
    let rita = Api::login(&daemon, "rita@example.com", PASSWORD);
    assert_eq!(rita.get("/v1/users").expect(403).code(), "forbidden");

    let own = format!("/v1/users/{}", user_id(&admin, "admin"));
    assert_eq!(admin.delete(&own).expect(409).code(), "wrong_state");
    admin.patch(&own, &json!({ "disabled": true })).expect(409);
    admin.delete(&rita_path).expect(204);
    rita.get("/v1/auth/me").expect(401);
}

#[test]
fn an_api_key_does_what_its_scopes_say_and_no_more_than_its_maker() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let rita = Api::login(&daemon, "rita@example.com", PASSWORD);
    let carl = Api::login(&daemon, "carl@example.com", PASSWORD);
    let new = |scopes: &[&str], account: Value| json!({ "name": "k", "scopes": scopes, "account": account });
    let with =
        |reply: &Reply| Api::anonymous(&daemon).with_token(reply.json["key"].as_str().expect("the key"));
    rita.post("/v1/api-keys", &new(&["accounts:read"], Value::Null)).expect(422);
    carl.post("/v1/api-keys", &new(&["accounts:read"], json!("stranger"))).expect(422);
    carl.post("/v1/api-keys", &new(&[], json!("client"))).expect(422);
    let mut wide = new(&["accounts:read", "accounts:write"], json!("shop"));
    wide["include_subtree"] = json!(true);
    let wide_key = rita.post("/v1/api-keys", &wide).expect(201);
    let narrow_key = rita.post("/v1/api-keys", &new(&["accounts:read"], json!("client"))).expect(201);
    let (wide, narrow) = (with(&wide_key), with(&narrow_key));
    let ids = |api: &Api| -> Vec<String> {
        let page = api.get("/v1/accounts").expect(200).json;
        page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&wide), ["client", "shop"]);
    assert_eq!(ids(&narrow), ["client"]);
    wide.post("/v1/accounts", &json!({ "id": "client_2", "plan": "starter" })).expect(201);
    narrow.post("/v1/accounts", &json!({ "id": "client_3", "plan": "starter" })).expect(403);
    // Keys make no keys and no users.
    wide.get("/v1/api-keys").expect(403);
    wide.get("/v1/users").expect(403);
    // A customer's key with the scope to write does not make accounts: its maker could not.
    let customers = with(&carl.post("/v1/api-keys", &new(&["accounts:write"], json!("client"))).expect(201));
    customers.post("/v1/accounts", &json!({ "id": "client_4", "plan": "starter" })).expect(403);

    let mut elsewhere = new(&["accounts:read"], Value::Null);
    elsewhere["allowed_ips"] = json!(["192.0.2.0/24"]);
    with(&admin.post("/v1/api-keys", &elsewhere).expect(201)).get("/v1/accounts").expect(403);
    elsewhere["allowed_ips"] = json!(["127.0.0.1"]);
    with(&admin.post("/v1/api-keys", &elsewhere).expect(201)).get("/v1/accounts").expect(200);
    elsewhere["allowed_ips"] = json!(["localhost"]);
    admin.post("/v1/api-keys", &elsewhere).expect(422);

    // The last use is kept, the key itself nowhere.
    let secret = wide_key.json["key"].as_str().unwrap();
    let path = format!("/v1/api-keys/{}", wide_key.json["api_key"]["id"].as_str().unwrap());
    assert!(!rita.get(&path).expect(200).text().contains(secret));
    daemon.stop();
    let daemon = sandbox.start();
    let admin = Api::admin(&daemon);
    let kept = admin.get(&path).expect(200);
    assert!(kept.json["last_used_at"].is_string(), "{}", kept.json);
    let (wide, narrow) = (Api::anonymous(&daemon).with_token(secret), with_key(&daemon, &narrow_key));
    wide.get("/v1/accounts").expect(200);
    admin.delete(&path).expect(204);
    assert_eq!(wide.get("/v1/accounts").expect(401).code(), "unauthenticated");
    admin.get(&path).expect(404);
    narrow.get("/v1/accounts").expect(200);
    let rita_path = format!("/v1/users/{}", user_id(&admin, "rita"));
    admin.patch(&rita_path, &json!({ "disabled": true })).expect(200);
    narrow.get("/v1/accounts").expect(401);
}

fn with_key(daemon: &Daemon, created: &Reply) -> Api {
    Api::anonymous(daemon).with_token(created.json["key"].as_str().expect("the key"))
}

#[test]
fn who_registers_gets_a_mail_whose_link_opens_an_account() {
    // The first mail is turned away for a while, so that it comes at the second try.
    let server = MailServer::start(1);
    let sandbox = Sandbox::new();
    sandbox.set("api", "registration_plan = \"starter\"");
    server.serve(&sandbox);
    let (daemon, admin) = start_with_admin(&sandbox);
    let anonymous = Api::anonymous(&daemon);
    let registration = |email: &str| json!({ "email": email, "password": PASSWORD, "name": "Nina" });
    let with_currency = |currency: &str| {
        let mut body = registration("Nina@Example.com");
        body["currency"] = json!(currency);
        anonymous.post("/v1/auth/register", &body)
    };
    for (wrong, status) in [("EUR", 422), ("dollars", 400)] {
        let refused = with_currency(wrong).expect(status);
        assert_eq!(refused.json["errors"][0]["field"], "currency", "{}", refused.text());
    }
    let first = with_currency("USD").expect(202);
    let weak = json!({ "email": "nina@example.com", "password": "nina@example.com1", "name": "Nina" });
    assert!(anonymous.post("/v1/auth/register", &weak).expect(422).text().contains("e-mail address"));
    try_login(&daemon, "nina@example.com", PASSWORD).expect(401);

    let mail = server.mail_to("nina@example.com", 0);
    assert_eq!(mail.from, "tollgate@localhost");
    assert!(mail.word("http://").expect("a link").contains("/app/verify-email#"), "{}", mail.content);
    let path = &format!("/v1/auth/verify-email/{}", mail.token());
    let verified = anonymous.get(path).expect(200);
    assert_eq!(text(&verified, "email"), "nina@example.com");
    assert_eq!(anonymous.get(path).expect(404).code(), "not_found");
    let nina = Api::login(&daemon, "nina@example.com", PASSWORD);
    let accounts = nina.get("/v1/accounts").expect(200);
    assert_eq!(accounts.json["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(accounts.json["items"][0]["id"], verified.json["account"]);
    assert_eq!(accounts.json["items"][0]["plan"], "starter");

    // An address that is known gets the same answer, and the mail says it.
    let again = anonymous.post("/v1/auth/register", &registration("nina@example.com")).expect(202);
    assert_eq!(again.json, first.json);
    let mail = server.mail_to("nina@example.com", 1);
    assert!(mail.subject().contains("already") && mail.word("http://").is_some(), "{}", mail.content);

    // No text of a mail and no password is in the log or the audit log.
    let log = daemon.log();
    let audit = admin.get("/v1/audit?limit=1000").expect(200).text();
    for secret in [PASSWORD, server.mail_to("nina@example.com", 0).token()] {
        assert!(!log.contains(secret) && !audit.contains(secret));
    }
    assert!(log.contains("a job has failed"), "{log}");
}

#[test]
fn a_forgotten_password_is_set_by_the_token_of_a_mail_which_ends_all_sessions() {
    let server = MailServer::start(0);
    let sandbox = Sandbox::new();
    server.serve(&sandbox);
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let anonymous = Api::anonymous(&daemon);
    anonymous
        .post("/v1/auth/register", &json!({ "email": "x@example.com", "password": PASSWORD, "name": "X" }))
        .expect(403);
    let carl = Api::login(&daemon, "carl@example.com", PASSWORD);
    for _ in 0..5 {
        try_login(&daemon, "carl@example.com", "certainly wrong").expect(401);
    }
    let ask = |email: &str| anonymous.post("/v1/auth/reset-password", &json!({ "email": email }));
    let (unknown, known) = (ask("nobody@example.com").expect(202), ask("carl@example.com").expect(202));
    assert_eq!(unknown.json, known.json);
    let token = server.mail_to("carl@example.com", 0).token().to_owned();
    assert_eq!(server.count_to("nobody@example.com"), 0);

    let confirm = |token: &str, password: &str| {
        anonymous.post("/v1/auth/reset-password/confirm", &json!({ "token": token, "password": password }))
    };
    confirm(&token, "too short").expect(422);
    confirm("no-such-token", OTHER_PASSWORD).expect(422);
    confirm(&token, OTHER_PASSWORD).expect(204);
    confirm(&token, OTHER_PASSWORD).expect(422);
    carl.get("/v1/auth/me").expect(401);
    // The lock is lifted with it.
    try_login(&daemon, "carl@example.com", OTHER_PASSWORD).expect(200);
    assert!(server.mail_to("carl@example.com", 1).subject().contains("changed"));

    // Who is made without a password sets one by the token of an invitation.
    let invited =
        json!({ "email": "ida@example.com", "name": "Ida", "role": "customer", "account": "client" });
    let made = admin.post("/v1/users", &invited).expect(201);
    assert_eq!(made.json["email_verified"], false);
    let token = server.mail_to("ida@example.com", 0).token().to_owned();
    confirm(&token, PASSWORD).expect(204);
    let ida = Api::login(&daemon, "ida@example.com", PASSWORD);
    assert_eq!(ida.get("/v1/auth/me").expect(200).json["email_verified"], true);

    // No address gets more than a few of these mails.
    for _ in 0..8 {
        ask("rita@example.com").expect(202);
    }
    ask("sven@example.com").expect(202);
    server.mail_to("sven@example.com", 0);
    assert_eq!(server.count_to("rita@example.com"), 5);
}

#[test]
fn without_a_mail_server_mails_are_files_that_only_the_daemon_reads() {
    let sandbox = Sandbox::new();
    let (daemon, _) = start_with_admin(&sandbox);
    Api::anonymous(&daemon).post("/v1/auth/reset-password", &json!({ "email": ADMIN_EMAIL })).expect(202);
    let folder = sandbox.data_dir().join("mail");
    let file = eventually("a mail", || {
        let files = fs::read_dir(&folder).ok()?.filter_map(Result::ok);
        files
            .map(|file| file.path())
            .find(|path| path.extension().is_some_and(|extension| extension == "eml"))
    });
    let mode = |path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(&folder)), (0o600, 0o700));
    assert!(fs::read_to_string(&file).expect("a text").contains(&format!("To: {ADMIN_EMAIL}")));
}

#[test]
fn the_audit_log_is_listed_newest_first_and_chained() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let rita = Api::login(&daemon, "rita@example.com", PASSWORD);
    rita.get("/v1/audit").expect(403);
    let (mut entries, mut cursor): (Vec<Value>, _) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/v1/audit?limit=3{cursor}")).expect(200).json;
        entries.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let count = entries.len() as u64;
    let numbers: Vec<_> = entries.iter().map(|entry| entry["sequence"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=count).rev().collect::<Vec<_>>());
    for pair in entries.windows(2) {
        assert_eq!(pair[0]["previous"], pair[1]["hash"]);
    }
    assert_eq!(entries.last().unwrap()["previous"], "0".repeat(64));
    let actor = format!("user:{ADMIN_EMAIL}");
    let query = format!("/v1/audit?actor={actor}&action=account.create&resource=account/sh");
    let found = admin.get(&query).expect(200).json;
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    let entry = &found["items"][0];
    assert_eq!((&entry["resource"], &entry["before"]), (&json!("account/shop"), &Value::Null));
    assert_eq!(entry["after"]["is_reseller"], true, "{entry}");
    assert!(entry["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{entry}");
    let at = entry["at"].as_str().unwrap();
    let before = admin.get(&format!("/v1/audit?to={at}&limit=1")).expect(200).json;
    assert!(before["items"][0]["sequence"].as_u64() < entry["sequence"].as_u64());
    let since = admin.get(&format!("/v1/audit?from={at}&limit=1000")).expect(200).json;
    let oldest = since["items"].as_array().unwrap().last().unwrap();
    assert_eq!(oldest["sequence"], entry["sequence"]);
    let one = admin.get(&format!("/v1/audit/{}", entry["sequence"])).expect(200);
    assert_eq!(one.json, *entry);
    admin.get("/v1/audit/0").expect(404);
    admin.get(&format!("/v1/audit/{}", u64::MAX)).expect(404);
    admin.get("/v1/audit?cursor=%25").expect(422);
    assert!(!admin.get("/v1/audit?limit=1000").expect(200).text().contains("argon2"));
}
