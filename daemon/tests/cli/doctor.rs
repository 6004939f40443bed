//! `tollgate doctor`: whatever a start refuses is a fault, with its name and a way out.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::api::start_with_admin;
use crate::support::sandbox::{Finished, Sandbox, run};
use crate::support::smpp::{BUSINESS_1, Connection, ESME_ROK, Message};
use crate::support::tls::Certificate;

/// A sandbox whose ports are free ones, as the doctor tries them.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for section in ["smpp", "http", "metrics"] {
        sandbox.set(section, "listen = \"127.0.0.1:0\"");
    }
    sandbox
}

fn look(sandbox: &Sandbox) -> Finished {
    sandbox.on_books(&["doctor", "--json"])
}

/// The findings that keep a daemon from serving, by subject.
fn faults(looked: &Finished) -> Vec<Value> {
    let findings = looked.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    findings.filter(|finding| finding["level"] == "FAULT").collect()
}

/// The one fault there is, which is about this and says all of that; a start fails.
#[track_caller]
fn expect_fault(sandbox: &Sandbox, subject: &str, said: &[&str]) {
    let looked = look(sandbox);
    let faults = faults(&looked);
    assert_eq!((looked.code, faults.len()), (Some(1), 1), "{looked:?}");
    assert_eq!(faults[0]["subject"], subject, "{faults:?}");
    let fault = faults[0].to_string();
    for text in said {
        assert!(fault.contains(text), "{text:?} is not in {fault}");
    }
    assert!(faults[0]["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{fault}");
    let started = run(&mut sandbox.run_command());
    assert_eq!(started.code, Some(1), "what a start takes is no fault: {started:?}");
}

#[track_caller]
fn expect_sound(sandbox: &Sandbox) {
    let looked = look(sandbox);
    assert_eq!((looked.code, faults(&looked)), (Some(0), Vec::new()), "{looked:?}");
}

fn write_key(path: &Path, digits: &str) {
    fs::write(path, digits.repeat(32)).expect("the sandbox can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is ours");
}

#[test]
fn secrets_whose_key_is_missing_or_another_one_are_a_fault() {
    let sandbox = sandbox();
    let key = sandbox.config("secrets.key");
    write_key(&key, "5e");
    let without = sandbox.read("tollgate.toml");
    sandbox.set("secrets", "key_file = \"secrets.key\"");
    let with = sandbox.read("tollgate.toml");
    let (daemon, admin) = start_with_admin(&sandbox);
    let operator = json!({
        "code": "OP", "currency": "USD", "price_per_sms": "0.01", "status": "disabled",
        "smpp_config": { "host": "127.0.0.1", "port": 9, "system_id": "t", "password": "verysecret77" },
    });
    admin.post("/v1/operators", &operator).expect(201);
    daemon.stop();
    expect_sound(&sandbox);

    let said = ["sealed with the key", "secrets.key_file"];
    sandbox.write("tollgate.toml", &without);
    expect_fault(&sandbox, "secrets", &said);
    sandbox.write("tollgate.toml", &with);
    write_key(&key, "7a");
    expect_fault(&sandbox, "secrets", &said);
    fs::remove_file(&key).expect("it is ours");
    expect_fault(&sandbox, "configuration", &["secrets.key"]);
    write_key(&key, "5e");
    expect_sound(&sandbox);
}

#[test]
fn an_anchor_that_is_damaged_is_a_fault() {
    let sandbox = sandbox();
    let daemon = sandbox.start();
    for _ in 0..5 {
        let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
        assert_eq!(gateway.submit(&Message::to("254722000001")).status, ESME_ROK);
    }
    daemon.stop();
    expect_sound(&sandbox);
    let anchor = sandbox.data_dir().join("ANCHOR");
    let sound = fs::read(&anchor).expect("it is there");

    let name = anchor.display().to_string();
    let all = vec![0xA5; sound.len()];
    for damaged in [&all[..], &[], &sound[..100]] {
        fs::write(&anchor, damaged).expect("it is ours");
        expect_fault(&sandbox, "books", &[&name, "is missing or holds nothing"]);
    }
    fs::remove_file(&anchor).expect("it is ours");
    expect_fault(&sandbox, "books", &[&name]);

    // One slot of several: a start goes on from the others, and the damage is told all the same.
    let mut slot = sound.clone();
    slot[100] ^= 0x10;
    fs::write(&anchor, &slot).expect("it is ours");
    let looked = look(&sandbox);
    assert_eq!((looked.code, faults(&looked).len()), (Some(1), 1), "{looked:?}");
    assert!(looked.stdout.contains("is damaged") && looked.stdout.contains(&name), "{looked:?}");
    fs::write(&anchor, &sound).expect("it is ours");
    expect_sound(&sandbox);
    sandbox.start().stop();
}

#[test]
fn what_a_start_refuses_is_a_fault() {
    let sandbox = sandbox();
    sandbox.start().stop();
    expect_sound(&sandbox);

    // A key of TLS that is not there, and one of another certificate.
    let settings = sandbox.read("tollgate.toml");
    let [own, other] = ["own", "other"].map(|name| {
        let folder = sandbox.config(name);
        fs::create_dir(&folder).expect("the sandbox can be written");
        Certificate::write(&folder)
    });
    sandbox.set("smpp", "tls_listen = \"127.0.0.1:0\"");
    sandbox.set("smpp", &format!("tls_certificate = \"{}\"", own.certificate.display()));
    sandbox.set("smpp", &format!("tls_key = \"{}\"", other.key.display()));
    expect_fault(&sandbox, "TLS", &["tls_key"]);
    fs::write(&other.key, "no key").expect("it is ours");
    expect_fault(&sandbox, "TLS", &[&other.key.display().to_string()]);
    fs::remove_file(&other.key).expect("it is ours");
    expect_fault(&sandbox, "configuration", &[&other.key.display().to_string()]);
    sandbox.write("tollgate.toml", &settings);

    // A numbering plan that cannot be read.
    let numbering = sandbox.read("numbering/numbering.csv");
    sandbox.write("numbering/numbering.csv", &format!("{numbering}25x,639,02\n"));
    expect_fault(&sandbox, "configuration", &["numbering.csv"]);
    sandbox.write("numbering/numbering.csv", &numbering);

    // Wallets of another currency.
    let files = ["plans.toml", "accounts.toml"].map(|name| (name, sandbox.read(name)));
    for (name, text) in &files {
        sandbox.write(name, &text.replace("currency = \"USD\"", "currency = \"EUR\""));
    }
    expect_fault(&sandbox, "configuration", &["keeps its currency"]);
    for (name, text) in &files {
        sandbox.write(name, text);
    }

    // A second anchor that cannot be made.
    sandbox.set("storage", &format!("second_anchor = \"{}\"", sandbox.path().join("none/anchor").display()));
    expect_fault(&sandbox, "anchor", &["none/anchor"]);
    sandbox.write("tollgate.toml", &settings);
    expect_sound(&sandbox);
}

#[test]
fn the_doctor_has_no_options_of_daemons_elsewhere() {
    let sandbox = Sandbox::new();
    let help = run(sandbox.tollgate("doctor").arg("--help"));
    assert!(!help.stdout.contains("--remote") && !help.stdout.contains("--url"), "{}", help.stdout);
    let refused = run(sandbox.tollgate("doctor").arg("--remote"));
    assert_eq!(refused.code, Some(2), "{refused:?}");
}
