//! The end of all that was given out, with each change of a user: access tokens, refresh tokens, and the tokens of mails.

use serde_json::{Value, json};

use super::auth::{OTHER_PASSWORD, PASSWORD, make_people, text, try_login, user_id};
use crate::support::api::{Api, start_with_admin};
use crate::support::mail::MailServer;
use crate::support::sandbox::Sandbox;

/// A user of the account `client` with all that is given out to a user.
struct Holder<'a> {
    anonymous: Api,
    email: String,
    path: String,
    session: Api,
    refresh_token: String,
    reset_token: String,
    server: &'a MailServer,
}

impl<'a> Holder<'a> {
    fn new(anonymous: &Api, admin: &Api, server: &'a MailServer, name: &str) -> Self {
        let email = format!("{name}@example.com");
        let user = json!({
            "email": email, "name": name, "role": "customer", "account": "shop", "password": PASSWORD,
        });
        let made = admin.post("/v1/users", &user).expect(201);
        let login = json!({ "email": email, "password": PASSWORD });
        let tokens = anonymous.post("/v1/auth/login", &login).expect(200);
        anonymous.post("/v1/auth/reset-password", &json!({ "email": email })).expect(202);
        Self {
            anonymous: anonymous.clone(),
            path: format!("/v1/users/{}", text(&made, "id")),
            session: anonymous.with_token(&text(&tokens, "access_token")),
            refresh_token: text(&tokens, "refresh_token"),
            reset_token: server.mail_to(&email, 0).token().to_owned(),
            email,
            server,
        }
    }

    fn expect(&self, what: &str, holds: bool) {
        let me = self.session.get("/v1/auth/me").status;
        assert_eq!(me, if holds { 200 } else { 401 }, "the access token after {what}");
        let refresh = json!({ "refresh_token": self.refresh_token });
        let refreshed = self.anonymous.post("/v1/auth/refresh", &refresh).status;
        assert_eq!(refreshed, if holds { 200 } else { 401 }, "the refresh token after {what}");
        let body = json!({ "token": self.reset_token, "password": "sturdy-lynx-canoe-19" });
        let confirmed = self.anonymous.post("/v1/auth/reset-password/confirm", &body).status;
        assert_eq!(confirmed, if holds { 204 } else { 422 }, "the token of the mail after {what}");
    }
}

#[test]
fn every_change_of_who_a_user_is_ends_all_that_was_given_out() {
    let server = MailServer::start(0);
    let sandbox = Sandbox::new();
    server.serve(&sandbox);
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let anonymous = Api::anonymous(&daemon);
    let table: [(&str, Vec<Value>, bool); 6] = [
        ("another name", vec![json!({ "name": "Other" })], true),
        ("another address", vec![json!({ "email": "elsewhere@example.com" })], false),
        ("disabled and enabled", vec![json!({ "disabled": true }), json!({ "disabled": false })], false),
        ("another role", vec![json!({ "role": "reseller" })], false),
        ("another account", vec![json!({ "account": "stranger" })], false),
        (
            "the address back",
            vec![json!({ "email": "y@example.com" }), json!({ "email": "h5@example.com" })],
            false,
        ),
    ];
    for (number, (what, patches, holds)) in table.iter().enumerate() {
        let holder = Holder::new(&anonymous, &admin, &server, &format!("h{number}"));
        for patch in patches {
            admin.patch(&holder.path, patch).expect(200);
        }
        holder.expect(what, *holds);
    }

    let holder = Holder::new(&anonymous, &admin, &server, "pat");
    let change = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
    let other = Api::login(&daemon, &holder.email, PASSWORD);
    other.post("/v1/auth/change-password", &change).expect(204);
    other.get("/v1/auth/me").expect(200);
    holder.expect("another password", false);
    try_login(&daemon, &holder.email, OTHER_PASSWORD).expect(200);

    let holder = Holder::new(&anonymous, &admin, &server, "rob");
    admin.delete(&holder.path).expect(204);
    holder.expect("the removal", false);
    assert_eq!(holder.server.count_to(&holder.email), 1);
}

#[test]
fn an_invitation_follows_the_address_and_an_older_one_ends() {
    let server = MailServer::start(0);
    let sandbox = Sandbox::new();
    server.serve(&sandbox);
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let anonymous = Api::anonymous(&daemon);
    let invited =
        json!({ "email": "ida@example.com", "name": "Ida", "role": "customer", "account": "client" });
    admin.post("/v1/users", &invited).expect(201);
    let first = server.mail_to("ida@example.com", 0).token().to_owned();
    let path = format!("/v1/users/{}", user_id(&admin, "ida"));
    admin.patch(&path, &json!({ "email": "ida.b@example.com" })).expect(200);
    let second = server.mail_to("ida.b@example.com", 0).token().to_owned();
    let confirm = |token: &str| {
        let body = json!({ "token": token, "password": PASSWORD });
        anonymous.post("/v1/auth/reset-password/confirm", &body)
    };
    confirm(&first).expect(422);
    confirm(&second).expect(204);
    try_login(&daemon, "ida.b@example.com", PASSWORD).expect(200);
}
