//! Guesses of users' passwords: whoever guesses is locked out, and whoever knows the password is not.

use std::net::Ipv4Addr;

use serde_json::json;

use super::auth::{PASSWORD, make_people, user_id};
use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;

const RITA: &str = "rita@example.com";

fn login_from(daemon: &Daemon, source: [u8; 4], password: &str) -> Reply {
    let api = Api::anonymous(daemon).from(Ipv4Addr::from(source).into());
    api.post("/v1/auth/login", &json!({ "email": RITA, "password": password }))
}

#[test]
fn forty_wrong_guesses_from_one_address_keep_nobody_out_elsewhere() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    for _ in 0..40 {
        login_from(&daemon, [127, 0, 0, 1], "certainly wrong").expect(401);
    }
    login_from(&daemon, [127, 0, 0, 2], PASSWORD).expect(200);
    login_from(&daemon, [127, 0, 0, 1], PASSWORD).expect(401);
}

#[test]
fn whoever_was_in_lately_comes_in_however_many_addresses_guess() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let own = [127, 0, 0, 2];
    login_from(&daemon, own, PASSWORD).expect(200).json["access_token"].as_str().expect("a token");
    let flood = |daemon: &Daemon| {
        for number in 1..=60 {
            login_from(daemon, [127, 0, 1, number], "certainly wrong").expect(401);
        }
    };
    flood(&daemon);
    login_from(&daemon, own, PASSWORD).expect(200);
    daemon.stop();
    let daemon = sandbox.start();
    flood(&daemon);
    login_from(&daemon, own, "a slip of the hand").expect(401);
    login_from(&daemon, own, PASSWORD).expect(200);

    // Wrong ones from there lock that address, and no other.
    for _ in 0..5 {
        login_from(&daemon, own, "certainly wrong").expect(401);
    }
    login_from(&daemon, own, PASSWORD).expect(401);
    let admin = Api::admin(&daemon);
    let path = format!("/v1/users/{}", user_id(&admin, "rita"));
    admin.order(&format!("{path}/unlock")).expect(200);
    login_from(&daemon, own, PASSWORD).expect(200);
    admin.delete(&path).expect(204);
    daemon.stop();
    let verified = sandbox.on_books(&["verify"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}
