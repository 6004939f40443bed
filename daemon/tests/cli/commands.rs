//! The commands of operations: the same words for a daemon that runs, for one that is stopped, and for one elsewhere.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use crate::support::api::{ADMIN_EMAIL, ADMIN_PASSWORD, Api, start_with_admin};
use crate::support::operator::{self, Operator};
use crate::support::sandbox::{Finished, Sandbox, UNUSED_DATA_DIR, run};
use crate::support::smpp::{BUSINESS_1, Connection, ESME_ROK, Message};
use crate::support::smsc::Smsc;
use crate::support::wait::eventually;

const ACCOUNT: &str = "biz_test_001";

/// Runs a command that succeeds, and gives what it prints.
#[track_caller]
fn done(finished: &Finished) -> String {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.stdout.clone()
}

/// The lines of JSON that a command prints.
#[track_caller]
fn values(finished: &Finished) -> Vec<Value> {
    done(finished).lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// Runs a command with a password on standard input.
fn with_password(command: &mut Command, password: &str) -> Finished {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the command starts");
    let stdin = child.stdin.take();
    writeln!(stdin.expect("a pipe"), "{password}").expect("the command reads");
    child.wait_with_output().expect("the command ends").into()
}

fn topup(sandbox: &Sandbox, amount: &str, key: &str) -> Finished {
    let words = ["topup", "--account", ACCOUNT, "--amount", amount, "--reference", "INV-7"];
    sandbox.on_books(&[&words[..], &["--idempotency-key", key, "--json"]].concat())
}

fn balance(sandbox: &Sandbox) -> String {
    let balance = values(&sandbox.on_books(&["balance", ACCOUNT, "--json"]));
    balance[0]["balance"].as_str().expect("a balance").to_owned()
}

#[test]
fn the_same_words_work_beside_a_daemon_and_after_it() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let before = balance(&sandbox);
    let posted = values(&topup(&sandbox, "25.00", "first"));
    assert_eq!(posted[0]["amount"], "25.00");
    assert!(posted[0]["actor"].as_str().is_some_and(|actor| actor.starts_with("cli:")), "{posted:?}");
    assert_eq!(values(&topup(&sandbox, "25.00", "first")), posted, "posted once");
    let reused = topup(&sandbox, "26.00", "first");
    assert_eq!(reused.code, Some(1), "{reused:?}");
    let rich = balance(&sandbox);
    assert_ne!(rich, before);

    let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
    assert_eq!(gateway.submit(&Message::to("254722000001")).status, ESME_ROK);
    let binds = values(&sandbox.on_books(&["binds", "--json"]));
    assert_eq!(binds.len(), 1, "{binds:?}");
    assert_eq!((&binds[0]["account"], &binds[0]["mode"]), (&json!(ACCOUNT), &json!("transceiver")));
    assert_eq!(binds[0]["address"], "127.0.0.1");
    let tail = || values(&sandbox.on_books(&["cdr", "tail", "--json"]));
    let cdrs = tail();
    assert_eq!((cdrs.len(), &cdrs[0]["destination"]), (1, &json!("254722000001")), "{cdrs:?}");
    let accounts = || values(&sandbox.on_books(&["accounts", "list", "--json"]));
    let running = accounts();
    assert_eq!(running.len(), 2, "{running:?}");
    let text = done(&sandbox.on_books(&["accounts"]));
    assert!(text.starts_with("ACCOUNT") && text.contains(ACCOUNT), "{text}");
    assert!(done(&sandbox.on_books(&["balance", ACCOUNT])).contains("available"));
    let spent = balance(&sandbox);
    drop(gateway);
    daemon.stop();

    assert_eq!(balance(&sandbox), spent);
    assert_eq!(tail()[0]["message_id"], cdrs[0]["message_id"]);
    for (now, then) in accounts().iter().zip(&running) {
        for field in ["id", "plan", "currency", "status", "source"] {
            assert_eq!(now[field], then[field], "{field}");
        }
    }
    let replayed = values(&topup(&sandbox, "25.00", "first"));
    assert_eq!(replayed, posted, "the key holds after the daemon");
    let offline = values(&topup(&sandbox, "5.00", "second"));
    assert_eq!(offline[0]["amount"], "5.00");
    let nobody = sandbox.on_books(&["binds"]);
    assert!(nobody.stderr.contains("no daemon runs"), "{nobody:?}");
    let missing = sandbox.on_books(&["balance", "nobody"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("there is no account `nobody`"), "{missing:?}");

    let (daemon, admin) = start_with_admin(&sandbox);
    assert_eq!(values(&topup(&sandbox, "5.00", "second")), offline, "the key holds before the daemon");
    let notes = admin.get("/v1/audit?limit=100").expect(200).json;
    let notes = notes["items"].as_array().expect("notes").iter();
    let topups = notes.filter(|note| note["action"] == "wallet.topup");
    assert_eq!(topups.count(), 2, "each top-up is noted once");
    let missing = sandbox.on_books(&["accounts", "show", "nobody"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("there is no account `nobody`"), "{missing:?}");
    daemon.stop();
    assert!(done(&sandbox.on_books(&["verify"])).contains("books balance"));
}

#[test]
fn an_admin_is_made_beside_a_daemon_on_another_data_directory() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    // Nothing but the configuration leads there.
    let mut create = sandbox.tollgate("admin");
    let made = with_password(create.args(["create", "--email", ADMIN_EMAIL]), ADMIN_PASSWORD);
    assert!(done(&made).contains("is an admin"), "{made:?}");
    Api::admin(&daemon).get("/v1/accounts").expect(200);
    let weak = with_password(sandbox.tollgate("admin").args(["create", "--email", "b@example.com"]), "short");
    assert_eq!(weak.code, Some(1));
    assert!(weak.stderr.contains("password: "), "{weak:?}");
    daemon.stop();
    let elsewhere = run(sandbox.tollgate("balance").arg(ACCOUNT));
    assert_eq!(elsewhere.code, Some(1), "the note goes with the daemon: {elsewhere:?}");
    assert!(elsewhere.stderr.contains(UNUSED_DATA_DIR), "{elsewhere:?}");
}

#[test]
fn commands_work_where_the_api_is_not_served() {
    let sandbox = Sandbox::new();
    sandbox.set("api", "enabled = false");
    let daemon = sandbox.start();
    assert_eq!(values(&topup(&sandbox, "1.00", "one"))[0]["amount"], "1.00");
    assert_eq!(Api::anonymous(&daemon).get("/v1/accounts").status, 404);
    daemon.stop();
}

#[test]
fn cdrs_are_followed() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let mut command = sandbox.tollgate("cdr");
    command.args(["tail", "--follow", "--json", "--data-dir"]).arg(sandbox.data_dir());
    let mut follower = command.stdout(Stdio::piped()).spawn().expect("the command starts");
    let lines = BufReader::new(follower.stdout.take().expect("a pipe")).lines();
    let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
    let mut seen = lines.map(|line| serde_json::from_str::<Value>(&line.expect("a line")).expect("JSON"));
    for number in 1..=3 {
        let destination = format!("25472200000{number}");
        assert_eq!(gateway.submit(&Message::to(&destination)).status, ESME_ROK);
        assert_eq!(seen.next().expect("a CDR")["destination"], *destination);
    }
    daemon.stop();
    let ended = thread::spawn(move || follower.wait().expect("the command ends"));
    assert_eq!(ended.join().expect("it ends").code(), Some(1), "the daemon has gone");
}

#[test]
fn operators_are_drained_and_resumed_beside_a_daemon_and_without() {
    let (sandbox, smsc) = (Sandbox::new(), Smsc::start());
    let (daemon, api) = start_with_admin(&sandbox);
    let operator = json!({
        "code": "UZ_UCELL", "name": "Ucell", "country": "UZ", "currency": "USD", "price_per_sms": "0.01",
        "smpp_config": { "host": "127.0.0.1", "port": smsc.port(), "system_id": "tollgate", "password": "hunter22" },
    });
    api.post("/v1/operators", &operator).expect(201);
    eventually("the operator to be available", || {
        let state = values(&sandbox.on_books(&["operators", "state", "UZ_UCELL", "--json"]));
        (state[0]["health"]["links_bound"] == 1).then_some(())
    });
    let status = || values(&sandbox.on_books(&["operators", "list", "--json"]))[0]["status"].clone();
    assert!(done(&sandbox.on_books(&["operators", "drain", "UZ_UCELL"])).contains("draining"));
    assert_eq!(status(), "draining");
    daemon.stop();
    assert_eq!(status(), "draining");
    assert!(done(&sandbox.on_books(&["operators", "resume", "UZ_UCELL"])).contains("from the next start"));
    let daemon = sandbox.start();
    assert_eq!(status(), "active");
    let unknown = sandbox.on_books(&["operators", "drain", "nobody"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("there is no operator `nobody`"), "{unknown:?}");
    daemon.stop();
}

#[test]
fn operators_of_files_and_sealed_ones_are_drained_and_resumed_without_a_daemon() {
    let smsc = Smsc::start();
    let sandbox = operator::sandbox(&[
        Operator::new("alpha", smsc.port()),
        Operator::new("beta", smsc.port()).with("status = \"draining\""),
    ]);
    let key = sandbox.config("secrets.key");
    fs::write(&key, "5e".repeat(32)).expect("the sandbox can be written");
    sandbox.set("secrets", "key_file = \"secrets.key\"");
    let (daemon, api) = start_with_admin(&sandbox);
    let operator = json!({
        "code": "gamma", "currency": "USD", "price_per_sms": "0.01",
        "smpp_config": { "host": "127.0.0.1", "port": smsc.port(), "system_id": "tollgate", "password": "hunter22" },
    });
    api.post("/v1/operators", &operator).expect(201);
    let status = |code: &str| {
        let operators = values(&sandbox.on_books(&["operators", "--json"]));
        let found = operators.iter().find(|operator| operator["code"] == code).expect("it is listed");
        found["status"].as_str().expect("a status").to_owned()
    };
    let step = |step: &str, code: &str| sandbox.on_books(&["operators", step, code]);
    for code in ["alpha", "gamma"] {
        assert!(done(&step("drain", code)).contains("draining"));
    }
    daemon.stop();
    for code in ["alpha", "gamma"] {
        assert_eq!(status(code), "draining", "{code}");
        assert!(done(&step("resume", code)).contains("active from the next start"), "{code}");
        assert_eq!(status(code), "active", "{code}");
    }
    let daemon = sandbox.start();
    let api = api.at_daemon(&daemon);
    for code in ["alpha", "gamma"] {
        let shown = api.get(&format!("/v1/operators/{code}")).expect(200).json;
        assert_eq!(shown["status"], "active", "{code}");
        assert_eq!(shown["smpp_config"]["system_id"], "tollgate", "{code}");
    }
    daemon.stop();
    assert!(done(&step("drain", "alpha")).contains("draining from the next start"));
    // What the file holds back is resumed there, with and without a daemon.
    let held_back = step("resume", "beta");
    let unknown = step("drain", "nobody");
    let daemon = sandbox.start();
    assert_eq!(status("alpha"), "draining");
    for (offline, words) in [(held_back, ["resume", "beta"]), (unknown, ["drain", "nobody"])] {
        let online = step(words[0], words[1]);
        assert_eq!((offline.code, &offline.stderr), (Some(1), &online.stderr), "{words:?}");
    }
    let notes = api.at_daemon(&daemon).get("/v1/audit?limit=100").expect(200).json;
    let notes = notes["items"].as_array().expect("notes").iter();
    let of_alpha = notes.filter(|note| note["resource"] == "operator/alpha");
    let mut told: Vec<_> = of_alpha.map(|note| (note["action"].clone(), note["after"].clone())).collect();
    told.reverse();
    let told_of = |step: &str, status: &str| (json!(format!("operator.{step}")), json!({ "status": status }));
    let (drain, resume) = (told_of("drain", "draining"), told_of("resume", "active"));
    assert_eq!(told, [drain.clone(), resume, drain]);
    assert!(done(&step("resume", "alpha")).contains("active"));
    daemon.stop();
    assert!(done(&sandbox.on_books(&["verify"])).contains("books balance"));
}

#[test]
fn a_daemon_elsewhere_is_asked_after_a_log_in() {
    let sandbox = Sandbox::new();
    let (daemon, _) = start_with_admin(&sandbox);
    let url = format!("http://{}", daemon.http);
    let remote = |words: &[&str]| run(sandbox.tollgate(words[0]).args(&words[1..]));
    let before = remote(&["balance", ACCOUNT, "--remote"]);
    assert_eq!(before.code, Some(1));
    assert!(before.stderr.contains("tollgate login"), "{before:?}");
    let log_in = |password: &str| {
        with_password(sandbox.tollgate("login").args([&url, "--email", ADMIN_EMAIL]), password)
    };
    assert_eq!(log_in("not the password").code, Some(1));
    assert!(done(&log_in(ADMIN_PASSWORD)).contains("logged in"));
    let file = sandbox.path().join("state/tollgate/logins.json");
    assert_eq!(fs::metadata(&file).expect("the log-in is kept").permissions().mode() & 0o777, 0o600);
    assert!(done(&remote(&["balance", ACCOUNT, "--remote"])).contains(ACCOUNT));
    assert!(done(&remote(&["accounts", "--url", &url])).contains(ACCOUNT));
    // An access token that is no longer valid is renewed.
    let mut logins: Value = serde_json::from_str(&fs::read_to_string(&file).expect("it")).expect("JSON");
    logins["logins"][0]["access_token"] = "stale".into();
    fs::write(&file, logins.to_string()).expect("the sandbox can be written");
    assert_eq!(values(&remote(&["accounts", "--remote", "--json"])).len(), 2);
    assert!(done(&remote(&["logout"])).contains("logged out"));
    assert_eq!(remote(&["binds", "--remote"]).code, Some(1));
    daemon.stop();
}

/// Every file below a folder, with the number of its owner.
fn collect_owners(folder: &Path, owners: &mut Vec<(String, u32)>) {
    for entry in fs::read_dir(folder).expect("the folder can be read").flatten() {
        let known = entry.metadata().expect("it has an owner");
        owners.push((entry.path().display().to_string(), known.uid()));
        if known.is_dir() {
            collect_owners(&entry.path(), owners);
        }
    }
}

fn give_to(path: &Path, uid: u32) {
    lchown(path, Some(uid), Some(uid)).expect("root may");
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("the folder can be read").flatten() {
            give_to(&entry.path(), uid);
        }
    }
}

#[test]
fn what_root_does_leaves_the_files_of_a_service_its_own() {
    const SERVICE: u32 = 64_321;
    let sandbox = Sandbox::new();
    sandbox.start().stop();
    let is_root = fs::metadata(sandbox.data_dir()).expect("it is there").uid() == 0;
    if !is_root {
        return;
    }
    give_to(sandbox.data_dir(), SERVICE);
    done(&topup(&sandbox, "1.00", "one"));
    let mut create = sandbox.tollgate("admin");
    create.args(["create", "--email", ADMIN_EMAIL, "--data-dir"]).arg(sandbox.data_dir());
    done(&with_password(&mut create, ADMIN_PASSWORD));
    let backup = sandbox.path().join("backup");
    done(&sandbox.on_books(&["backup", backup.to_str().expect("UTF-8")]));
    for words in [&["verify"][..], &["anchor", "accept"], &["receipts", "--replay"], &["export", "cdr"]] {
        done(&sandbox.on_books(words));
    }
    let mut all = Vec::new();
    collect_owners(sandbox.data_dir(), &mut all);
    let others: Vec<_> = all.iter().filter(|(_, uid)| *uid != SERVICE).collect();
    assert!(all.len() > 5 && others.is_empty(), "{others:?}");

    let restored = sandbox.path().join("restored");
    fs::create_dir(&restored).expect("the sandbox can be written");
    give_to(&restored, SERVICE);
    done(&run(sandbox.tollgate("restore").arg(&backup).arg("--data-dir").arg(&restored)));
    let mut all = vec![("restored".to_owned(), fs::metadata(&restored).expect("it is there").uid())];
    collect_owners(&restored, &mut all);
    assert!(all.iter().all(|(_, uid)| *uid == SERVICE), "{all:?}");
}

#[test]
fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let sandbox = Sandbox::new();
    sandbox.set("smpp", "listen = \"127.0.0.1:0\"");
    sandbox.set("http", "listen = \"127.0.0.1:0\"");
    sandbox.set("metrics", "listen = \"127.0.0.1:0\"");
    let (daemon, _) = start_with_admin(&sandbox);
    let look = || sandbox.on_books(&["doctor", "--json"]);
    let found = |looked: &Finished, subject: &str| -> Vec<Value> {
        let lines = looked.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines.filter(|finding| finding["subject"] == subject).collect()
    };
    fs::set_permissions(sandbox.data_dir(), fs::Permissions::from_mode(0o700)).expect("it is ours");
    let looked = look();
    assert_eq!(looked.code, Some(0), "{looked:?}");
    for (subject, level) in [
        ("configuration", "ok"),
        ("data directory", "ok"),
        ("books", "ok"),
        ("clock", "ok"),
        ("passwords", "warning"),
    ] {
        assert_eq!(found(&looked, subject)[0]["level"], level, "{subject}: {looked:?}");
    }
    fs::set_permissions(sandbox.data_dir(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let looked = look();
    assert_eq!(looked.code, Some(1), "{looked:?}");
    let remedy = &found(&looked, "data directory")[0]["remedy"];
    assert!(remedy.as_str().is_some_and(|remedy| remedy.contains("chmod 0700")), "{looked:?}");
    let text = sandbox.on_books(&["doctor"]);
    assert!(text.stdout.lines().last().is_some_and(|line| line.contains("1 fault,")), "{text:?}");
    daemon.stop();
    sandbox.append("tollgate.toml", "[smmp]\n");
    let broken = look();
    assert_eq!(broken.code, Some(1));
    assert_eq!(found(&broken, "configuration")[0]["level"], "FAULT", "{broken:?}");
}

#[test]
fn a_periodic_anchor_is_behind_after_a_kill_and_exact_after_a_stop() {
    let sandbox = Sandbox::new();
    sandbox.set("storage", "anchor = \"periodic\"");
    sandbox.set("storage", "anchor_interval_ms = 60000");
    let checked = done(&run(&mut sandbox.tollgate("check")));
    assert!(checked.contains("storage.anchor: periodic: "), "{checked}");
    let daemon = sandbox.start();
    let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
    for _ in 0..5 {
        assert_eq!(gateway.submit(&Message::to("447911123456")).status, ESME_ROK);
    }
    daemon.kill();
    let books = || {
        let findings = sandbox.on_books(&["doctor", "--json"]);
        let lines = findings.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let mut books = lines.filter(|finding| finding["subject"] == "books");
        let finding = books.next().expect("the books are looked at");
        (finding["level"].to_string(), finding["text"].to_string())
    };
    let (level, text) = books();
    assert!(level == "\"ok\"" && text.contains("60000 ms"), "{level} {text}");
    done(&sandbox.on_books(&["verify"]));

    let daemon = sandbox.start();
    daemon
        .logged("the log to go on from the anchor", |line| line.contains("goes on from its periodic anchor"));
    daemon.stop();
    // From here on it is written with every commit again.
    sandbox.set("storage", "anchor = \"every_commit\"");
    let daemon = sandbox.start();
    assert_eq!(
        Connection::bound(daemon.smpp, BUSINESS_1).submit(&Message::to("447911123456")).status,
        ESME_ROK
    );
    daemon.kill();
    let verified = done(&sandbox.on_books(&["verify"]));
    assert!(verified.contains("6 CDRs"), "{verified}");

    // A directory from which the last commits are gone is told from one whose anchor is behind.
    let anchor = fs::read(sandbox.data_dir().join("ANCHOR")).expect("it is there");
    sandbox.set("storage", "anchor = \"periodic\"");
    let backup = sandbox.path().join("earlier");
    assert!(
        Command::new("cp").arg("-r").args([sandbox.data_dir(), &backup]).status().is_ok_and(|s| s.success())
    );
    done(&topup(&sandbox, "1.00", "later"));
    let later = fs::read(sandbox.data_dir().join("ANCHOR")).expect("it is there");
    assert_ne!(anchor, later);
    fs::remove_dir_all(sandbox.data_dir()).expect("it is ours");
    fs::rename(&backup, sandbox.data_dir()).expect("it is ours");
    fs::write(sandbox.data_dir().join("ANCHOR"), later).expect("it is ours");
    let (level, text) = books();
    assert!(level == "\"FAULT\"" && text.contains("are missing"), "{level} {text}");
    let refused = run(&mut sandbox.run_command());
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("the data directory is refused"), "{refused:?}");
}
