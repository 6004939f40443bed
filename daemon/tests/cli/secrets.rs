//! Secrets at rest: the permissions of the data directory, the seals of what is in it, and published passwords.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use serde_json::json;

use crate::support::api::{Api, start_with_admin};
use crate::support::sandbox::{Sandbox, run};

const SECRET: &str = "verysecret77";

fn each_file(folder: &Path, visit: &mut impl FnMut(&Path, u32)) {
    visit(folder, fs::metadata(folder).expect("it is there").mode() & 0o777);
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (path, kind) = (entry.path(), entry.file_type().expect("a type"));
        if kind.is_dir() {
            each_file(&path, visit);
        } else if kind.is_file() {
            visit(&path, entry.metadata().expect("it is there").mode() & 0o777);
        }
    }
}

/// Files below a folder with these octets in them.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    each_file(folder, &mut |path, _| {
        let octets = fs::read(path).unwrap_or_default();
        if octets.windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(path.display().to_string());
        }
    });
    found
}

#[test]
fn the_data_directory_is_for_its_owner_alone() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    admin.get("/v1/accounts").expect(200);
    let closed = || {
        each_file(sandbox.data_dir(), &mut |path, mode| {
            assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
        });
    };
    closed();
    daemon.stop();
    each_file(sandbox.data_dir(), &mut |path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o055)).expect("it is ours");
    });
    let daemon = sandbox.start();
    closed();
    assert!(daemon.log().contains("could be read by other users"), "{}", daemon.log());
}

#[test]
fn secrets_are_sealed_at_the_start_that_has_a_key_and_stay_what_they_are() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    let operator = json!({
        "code": "OP", "currency": "USD", "price_per_sms": "0.01", "status": "disabled",
        "smpp_config": { "host": "127.0.0.1", "port": 9, "system_id": "t", "password": SECRET },
    });
    admin.post("/v1/operators", &operator).expect(201);
    admin.post("/v1/accounts", &json!({ "id": "busy", "plan": "starter" })).expect(201);
    let secret = admin.get("/v1/accounts/busy/webhook-secret").expect(200).json["secret"].clone();
    daemon.stop();
    assert!(!files_with(sandbox.data_dir(), SECRET).is_empty(), "without a key it is as it is");
    let check = || {
        let finished = run(&mut sandbox.tollgate("check"));
        assert_eq!(finished.code, Some(0), "{finished:?}");
        finished.stdout
    };
    assert!(check().contains("secrets.key_file: is not set"));

    let key = sandbox.config("secrets.key");
    fs::write(&key, "5e".repeat(32) + "\n").expect("a file");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("it is ours");
    sandbox.set("secrets", "key_file = \"secrets.key\"");
    assert!(check().contains("secrets.key: can be read by other users"));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("it is ours");
    assert!(!check().contains("warning"));
    sandbox.start().stop();
    let daemon = sandbox.start();
    let admin = admin.at_daemon(&daemon);
    assert_eq!(admin.get("/v1/accounts/busy/webhook-secret").expect(200).json["secret"], secret);
    let backup = sandbox.path().join("backup");
    let done = sandbox.on_books(&["backup", backup.to_str().expect("a path")]);
    assert_eq!(done.code, Some(0), "{done:?}");
    daemon.stop();
    for text in [SECRET, secret.as_str().expect("a secret"), &"5e".repeat(32)] {
        for folder in [sandbox.data_dir(), &backup] {
            assert_eq!(files_with(folder, text), Vec::<String>::new(), "{text}");
        }
    }

    // Another key takes over, and access tokens get another one when that is asked for.
    fs::write(&key, "7a".repeat(32) + "\n" + &"5e".repeat(32)).expect("a file");
    sandbox.start().stop();
    fs::write(&key, "7a".repeat(32)).expect("a file");
    let daemon = sandbox.start();
    admin.at_daemon(&daemon).get("/v1/auth/me").expect(200);
    daemon.stop();
    sandbox.set("secrets", "token_key_version = 2");
    let daemon = sandbox.start();
    admin.at_daemon(&daemon).get("/v1/auth/me").expect(401);
    Api::admin(&daemon).get("/v1/operators/OP").expect(200);
    daemon.stop();

    fs::write(&key, "00".repeat(32)).expect("a file");
    let refused = run(&mut sandbox.run_command());
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("key_file"), "{refused:?}");
    let verified = sandbox.on_books(&["verify"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

#[test]
fn samples_are_not_served_beyond_this_machine() {
    let sandbox = Sandbox::new();
    assert_eq!(run(&mut sandbox.tollgate("check")).code, Some(0));
    sandbox.set("smpp", "listen = \"0.0.0.0:2775\"");
    let mut start = sandbox.tollgate("run");
    start.args([
        "--smpp-listen",
        "0.0.0.0:0",
        "--http-listen",
        "127.0.0.1:0",
        "--metrics-listen",
        "127.0.0.1:0",
    ]);
    start.arg("--data-dir").arg(sandbox.data_dir());
    for refused in [run(&mut sandbox.tollgate("check")), run(&mut start)] {
        assert_eq!(refused.code, Some(1), "{refused:?}");
        for part in ["accounts.toml:9: password_hash: ", "accounts.toml:19: ", "hash-password", "127.0.0.1"] {
            assert!(refused.stderr.contains(part), "{part} in {refused:?}");
        }
    }
    assert!(!sandbox.data_dir().exists(), "nothing was made");
    sandbox.set("smpp", "listen = \"[::1]:2775\"");
    assert_eq!(run(&mut sandbox.tollgate("check")).code, Some(0));
}
