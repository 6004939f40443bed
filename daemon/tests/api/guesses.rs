//! Guesses of users' passwords: whoever guesses is locked out, and whoever knows the password is not.

use std::net::Ipv4Addr;

use serde_json::json;

use super::auth::{PASSWORD, make_people, user_id};
use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;
use crate::support::wait::eventually;

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
    for guess in 0..40 {
        let status = if guess < 5 { 401 } else { 429 };
        login_from(&daemon, [127, 0, 0, 1], "certainly wrong").expect(status);
    }
    login_from(&daemon, [127, 0, 0, 2], PASSWORD).expect(200);
    expect_held(&login_from(&daemon, [127, 0, 0, 1], PASSWORD));
}

/// An answer that says of a password neither that it is right nor that it is wrong, and when to try again.
#[track_caller]
fn expect_held(reply: &Reply) {
    assert_eq!((reply.status, reply.code()), (429, "too_many_requests"), "{}", reply.text());
    let seconds = reply.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| (1..=1_800).contains(&seconds)), "{seconds:?}");
}

#[test]
fn a_right_password_from_a_new_address_is_never_called_wrong() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let new_place = [127, 0, 9, 9];
    let mut sources = (0..=u8::MAX).flat_map(|high| (1..=254).map(move |low| [127, 1, high, low]));
    // Addresses guess until tries have to wait, and the password comes while they do.
    loop {
        let guess = login_from(&daemon, sources.next().expect("another address"), "certainly wrong");
        if guess.status == 401 {
            continue;
        }
        expect_held(&guess);
        let right = login_from(&daemon, new_place, PASSWORD);
        assert_ne!(right.status, 401, "{}", right.text());
        if right.status == 429 {
            expect_held(&right);
            break;
        }
    }
    eventually("the password to be taken", || {
        let right = login_from(&daemon, new_place, PASSWORD);
        assert_ne!(right.status, 401, "{}", right.text());
        (right.status == 200).then_some(())
    });
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
            let guess = login_from(daemon, [127, 0, 1, number], "certainly wrong");
            assert!([401, 429].contains(&guess.status), "{}", guess.text());
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
    expect_held(&login_from(&daemon, own, PASSWORD));
    let admin = Api::admin(&daemon);
    let path = format!("/v1/users/{}", user_id(&admin, "rita"));
    admin.order(&format!("{path}/unlock")).expect(200);
    login_from(&daemon, own, PASSWORD).expect(200);
    admin.delete(&path).expect(204);
    daemon.stop();
    let verified = sandbox.on_books(&["verify"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}
