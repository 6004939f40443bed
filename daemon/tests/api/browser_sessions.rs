//! Sessions of browsers: the cookie and its token, what other sites cannot do with them, and the ways in which they end.

use serde_json::{Value, json};

use super::auth::{OTHER_PASSWORD, PASSWORD, make_people, text, user_id};
use crate::support::api::{ADMIN_EMAIL, ADMIN_PASSWORD, Api, Reply, create_admin, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;
use crate::support::wall_clock::WallClock;

const NAME: &str = "tollgate_session";

/// A page that is logged in.
struct Page {
    /// With the cookie alone, as a link has it.
    plain: Api,
    /// With the token of the session too.
    api: Api,
    token: String,
}

fn try_login(api: &Api, email: &str, password: &str) -> Reply {
    api.post("/v1/session", &json!({ "email": email, "password": password }))
}

impl Page {
    fn login(daemon: &Daemon, email: &str, password: &str) -> Self {
        let anonymous = Api::anonymous(daemon);
        Self::of(&anonymous, &try_login(&anonymous, email, password).expect(200))
    }

    fn of(anonymous: &Api, begun: &Reply) -> Self {
        let cookie = begun.header("set-cookie").expect("a cookie").split(';').next().expect("a value");
        let plain = anonymous.header("Cookie", &format!("theme=dark; {cookie}"));
        let token = text(begun, "csrf_token");
        Self { api: plain.header("X-CSRF-Token", &token), plain, token }
    }

    fn at_daemon(&self, daemon: &Daemon) -> Self {
        let token = self.token.clone();
        Self { plain: self.plain.at_daemon(daemon), api: self.api.at_daemon(daemon), token }
    }

    fn status(&self) -> u16 {
        self.plain.get("/v1/session").status
    }
}

#[test]
fn a_browser_logs_in_by_cookie_and_learns_what_it_may_do() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let anonymous = Api::anonymous(&daemon);
    let begun = try_login(&anonymous, "Carl@Example.com", PASSWORD).expect(200);
    let cookie = begun.header("set-cookie").expect("a cookie");
    let (value, attributes) = cookie.split_once(';').expect("attributes");
    assert!(value.starts_with(&format!("{NAME}=tb_")), "{cookie}");
    assert_eq!(attributes, " Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax");
    assert_eq!(begun.header("cache-control"), Some("no-store"));

    let page = Page::of(&anonymous, &begun);
    let session = page.plain.get("/v1/session").expect(200);
    assert_eq!(text(&session, "csrf_token"), page.token);
    assert_eq!(session.json["user"]["account"], "client");
    assert_eq!(session.json["user"]["role"], "customer");
    assert_eq!(session.json["suspended"], false);
    let has = |session: &Reply, list: &str, name: &str| {
        session.json[list].as_array().expect("a list").contains(&json!(name))
    };
    assert!(has(&session, "operations", "list_accounts") && has(&session, "scopes", "billing:read"));
    assert!(!has(&session, "operations", "list_users") && !has(&session, "scopes", "operators:write"));
    let of_admin = Page::login(&daemon, ADMIN_EMAIL, ADMIN_PASSWORD).plain.get("/v1/session").expect(200);
    assert!(has(&of_admin, "operations", "list_users") && has(&of_admin, "scopes", "operators:write"));

    // A token says the same, and needs no token of a page.
    let by_token = Api::login(&daemon, "carl@example.com", PASSWORD).get("/v1/session").expect(200);
    assert_eq!(by_token.json["operations"], session.json["operations"]);
    assert_eq!((&by_token.json["csrf_token"], &by_token.json["ends_at"]), (&Value::Null, &Value::Null));

    admin.order("/v1/accounts/client/suspend").expect(200);
    let suspended = page.plain.get("/v1/session").expect(200);
    assert!(suspended.json["suspended"] == true && !has(&suspended, "scopes", "content:write"));
    assert!(has(&suspended, "operations", "end_session"));
    page.api.delete("/v1/session").expect(204);

    // Failures count as everywhere, and nothing is told.
    let failed = try_login(&anonymous, "carl@example.com", "wrong").expect(401);
    assert_eq!((failed.code(), failed.header("set-cookie")), ("invalid_credentials", None));
    daemon.stop();
}

#[test]
fn what_another_site_makes_a_browser_ask_changes_nothing() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let page = Page::login(&daemon, "rita@example.com", PASSWORD);
    let (name, host) = (json!({ "name": "Shop" }), format!("http://{}", daemon.http));
    let change = |api: &Api| api.patch("/v1/accounts/shop", &name);
    for (what, api) in [
        ("no token", page.plain.clone()),
        ("another token", page.plain.header("X-CSRF-Token", "x")),
        ("another site", page.api.header("Origin", "https://evil.example")),
        ("a page without an origin", page.api.header("Origin", "null")),
        ("what the browser says", page.api.header("Origin", &host).header("Sec-Fetch-Site", "cross-site")),
        ("another host of the site", page.api.header("Origin", &host).header("Sec-Fetch-Site", "same-site")),
    ] {
        assert_eq!(change(&api).expect(403).code(), "csrf_refused", "{what}");
    }
    // A link from elsewhere, as of a payment provider, finds its user logged in.
    let link = page.plain.header("Sec-Fetch-Site", "cross-site").header("Sec-Fetch-Mode", "navigate");
    link.get("/v1/accounts/shop").expect(200);
    change(&page.api).expect(200);
    change(&page.api.header("Origin", &host).header("Sec-Fetch-Site", "same-origin")).expect(200);

    // The token of another session, even of the same user, is none of this one.
    let other = Page::login(&daemon, "rita@example.com", PASSWORD);
    change(&page.plain.header("X-CSRF-Token", &other.token)).expect(403);
    // Nobody is logged in by another site either.
    let foreign = Api::anonymous(&daemon).header("Origin", "https://evil.example");
    assert_eq!(try_login(&foreign, "rita@example.com", PASSWORD).expect(403).code(), "csrf_refused");

    // With a token beside it the cookie is not looked at.
    let both = page.plain.with_token("tg_key_nothing_nothing");
    both.get("/v1/session").expect(401);
    let carl = Api::login(&daemon, "carl@example.com", PASSWORD).header("Cookie", &format!("{NAME}=tb_1_2"));
    assert_eq!(carl.get("/v1/auth/me").expect(200).json["email"], "carl@example.com");
    carl.post("/v1/auth/logout", &json!({})).expect(204);
    for cookie in ["tb_1_2", "tb_", "x", ""] {
        let guess = Api::anonymous(&daemon).header("Cookie", &format!("{NAME}={cookie}"));
        assert_eq!(guess.get("/v1/session").expect(401).code(), "unauthenticated");
    }
    daemon.stop();
}

#[test]
fn a_session_ends_with_the_log_out_and_with_every_change_of_its_user() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let login = |name: &str, password: &str| Page::login(&daemon, &format!("{name}@example.com"), password);
    let (one, two, three) = (login("rita", PASSWORD), login("rita", PASSWORD), login("rita", PASSWORD));
    let gone = one.api.delete("/v1/session").expect(204);
    let cookie = gone.header("set-cookie").expect("the cookie is taken away");
    assert_eq!(cookie, format!("{NAME}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"));
    assert_eq!([&one, &two, &three].map(Page::status), [401, 200, 200]);

    let change = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
    two.api.post("/v1/auth/change-password", &change).expect(204);
    assert_eq!([&two, &three].map(Page::status), [200, 401], "the one that has changed it stays");
    let token = Api::login(&daemon, "rita@example.com", OTHER_PASSWORD);
    let four = login("rita", OTHER_PASSWORD);
    four.api.delete("/v1/session?everywhere=true").expect(204);
    assert_eq!([&two, &four].map(Page::status), [401, 401]);
    token.get("/v1/auth/me").expect(401);

    let path = format!("/v1/users/{}", user_id(&admin, "carl"));
    for patch in [
        json!({ "email": "c@example.com" }),
        json!({ "email": "carl@example.com" }),
        json!({ "account": "stranger" }),
        json!({ "account": "client" }),
    ] {
        let email = text(&admin.get(&path).expect(200), "email");
        let page = Page::login(&daemon, &email, PASSWORD);
        admin.patch(&path, &patch).expect(200);
        assert_eq!(page.status(), 401, "{patch}");
    }
    let page = login("carl", PASSWORD);
    admin.patch(&path, &json!({ "disabled": true })).expect(200);
    assert_eq!(page.status(), 401, "disabled");
    admin.patch(&path, &json!({ "disabled": false })).expect(200);
    assert_eq!(page.status(), 401, "what has ended does not begin again");
    let page = login("carl", PASSWORD);
    admin.delete(&path).expect(204);
    assert_eq!(page.status(), 401, "removed");
    daemon.stop();
}

#[test]
fn a_session_outlives_a_restart_and_ends_when_it_is_not_used() {
    let sandbox = Sandbox::new();
    sandbox.set("api", "session_idle_minutes = 720\nsession_days = 1");
    create_admin(&sandbox);
    let clock = WallClock::of(&sandbox);
    let go_to = |daemon: &Daemon, offset: &str| {
        clock.set(offset);
        Api::admin(daemon).order("/v1/clock/trust").expect(200);
    };
    let daemon = clock.start(&sandbox);
    let used = Page::login(&daemon, ADMIN_EMAIL, ADMIN_PASSWORD);
    let unused = Page::login(&daemon, ADMIN_EMAIL, ADMIN_PASSWORD);
    go_to(&daemon, "+11h");
    assert_eq!(used.status(), 200);
    daemon.stop();

    // The use of just before the stop counts.
    let daemon = clock.start(&sandbox);
    let (used, unused) = (used.at_daemon(&daemon), unused.at_daemon(&daemon));
    go_to(&daemon, "+13h");
    assert_eq!((used.status(), unused.status()), (200, 401));
    used.api.post("/v1/api-keys", &json!({ "name": "k", "scopes": ["accounts:read"] })).expect(201);
    go_to(&daemon, "+23h");
    assert_eq!(used.status(), 200);
    let session = used.plain.get("/v1/session").expect(200);
    assert_eq!(session.json["expires_at"], session.json["ends_at"], "it does not go on beyond its days");
    go_to(&daemon, "+25h");
    assert_eq!(used.status(), 401, "a day is over");
    daemon.stop();
}

#[test]
fn where_browsers_come_over_tls_the_cookie_goes_over_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.set("api", "public_url = \"https://sms.example.com\"");
    create_admin(&sandbox);
    let daemon = sandbox.start();
    let anonymous = Api::anonymous(&daemon);
    let begun =
        try_login(&anonymous.header("Origin", "https://sms.example.com"), ADMIN_EMAIL, ADMIN_PASSWORD);
    let begun = begun.expect(200);
    let cookie = begun.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-tollgate_session=tb_"), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let page = Page::of(&anonymous, &begun);
    assert_eq!(page.status(), 200);
    let value = cookie.split([';', '=']).nth(1).expect("a value");
    let renamed = anonymous.header("Cookie", &format!("{NAME}={value}"));
    renamed.get("/v1/session").expect(401);
    page.api.header("Origin", "https://sms.example.com").delete("/v1/session").expect(204);
    assert_eq!(page.status(), 401);
    daemon.stop();
}
