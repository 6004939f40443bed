//! Hot reload: a good change holds from the next message on, a bad one changes nothing, and no gateway notices either.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::support::books;
use crate::support::daemon::Daemon;
use crate::support::metrics::{Scrape, until_count};
use crate::support::sandbox::{Sandbox, run};
use crate::support::smpp::{
    BIND_TRANSCEIVER, BUSINESS_1, Connection, ESME_RINVPASWD, ESME_ROK, ESME_RSUBMITFAIL, Login, Message,
    TLV_PRICE, TLV_PRICE_REQUEST,
};

const APPLIED: &str = "tollgate_tariff_loads_total{result=\"applied\"}";
const REJECTED: &str = "tollgate_tariff_loads_total{result=\"rejected\"}";
const RATES: &str = "rates/samples.csv";
const SAFARICOM: &str = "*,639,02,0.02,";

/// The price of the next message to Safaricom, in millionths.
fn next_price(connection: &mut Connection) -> i64 {
    let response = connection.submit(&Message::to("254722000001").tlv(TLV_PRICE_REQUEST, "1"));
    assert_eq!(response.status, ESME_ROK);
    books::micros(&response.tlv(TLV_PRICE).expect("the price was asked for"))
}

/// Waits for one more load of that result than `before` had.
fn until_one_more(daemon: &Daemon, before: &Scrape, result: &str) -> Scrape {
    until_count(daemon, result, before.count(result) + 1)
}

#[test]
fn a_changed_price_holds_from_the_next_message_on() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    assert_eq!(next_price(&mut connection), 20_000);

    let before = Scrape::of(&daemon);
    sandbox.replace(RATES, SAFARICOM, "*,639,02,0.0216,");
    let after = until_one_more(&daemon, &before, APPLIED);
    assert_eq!(next_price(&mut connection), 21_600, "the same session, without a new bind");
    assert_ne!(before.in_force("tollgate_tariff_info"), after.in_force("tollgate_tariff_info"));
    drop(connection);
    daemon.stop();

    let cdrs = books::balanced(&sandbox);
    assert_eq!(cdrs.iter().map(books::Cdr::net_micros).collect::<Vec<_>>(), [20_000, 21_600]);
    let versions = [&before, &after].map(|scrape| scrape.in_force("tollgate_tariff_info"));
    assert_eq!(cdrs.iter().map(|cdr| cdr.tariff_version.as_str()).collect::<Vec<_>>(), versions);
}

#[test]
fn a_broken_file_is_named_with_its_line_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    let before = Scrape::of(&daemon);
    let line =
        1 + sandbox.read(RATES).lines().position(|line| line.starts_with(SAFARICOM)).expect("the rate");

    sandbox.replace(RATES, SAFARICOM, "*,639,02,cheap,");
    let after = until_one_more(&daemon, &before, REJECTED);
    daemon.logged("the file and line of the error", |logged| {
        logged.contains(&format!("samples.csv:{line}: price:"))
    });
    assert_eq!(next_price(&mut connection), 20_000);
    assert_eq!(before.in_force("tollgate_tariff_info"), after.in_force("tollgate_tariff_info"));

    sandbox.replace(RATES, "*,639,02,cheap,", "*,639,02,0.03,");
    until_one_more(&daemon, &before, APPLIED);
    assert_eq!(next_price(&mut connection), 30_000);
}

#[test]
fn sample_accounts_are_not_reloaded_where_other_machines_reach_them() {
    let sandbox = Sandbox::new();
    let samples = sandbox.read("accounts.toml");
    let hash = tollgate_provisioning::passwords::hash(b"not published").expect("a hash");
    let own: Vec<String> = samples
        .lines()
        .map(|line| {
            let is_hash = line.starts_with("password_hash");
            if is_hash { format!("password_hash = \"{}\"", hash.as_str()) } else { line.to_owned() }
        })
        .collect();
    sandbox.write("accounts.toml", &own.join("\n"));
    let mut command = sandbox.tollgate("run");
    command.arg("--data-dir").arg(sandbox.data_dir()).args(["--smpp-listen", "0.0.0.0:0"]);
    command.args(["--http-listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]);
    let daemon = sandbox.start_by(command);
    let before = Scrape::of(&daemon);

    sandbox.write("accounts.toml", &samples);
    let rejected = until_one_more(&daemon, &before, REJECTED);
    let line =
        1 + samples.lines().position(|line| line.starts_with("password_hash")).expect("a sample account");
    daemon.logged("file, line and key", |logged| {
        logged.contains(&format!("accounts.toml:{line}: password_hash:")) && logged.contains("rejected")
    });
    // Nothing else of such a reload comes into force.
    sandbox.replace(RATES, SAFARICOM, "*,639,02,0.03,");
    let after = until_one_more(&daemon, &rejected, REJECTED);
    assert_eq!(before.in_force("tollgate_tariff_info"), after.in_force("tollgate_tariff_info"));
    sandbox.write("accounts.toml", &own.join("\n"));
    until_one_more(&daemon, &before, APPLIED);
}

#[test]
fn a_hangup_reloads_where_files_are_not_watched() {
    let sandbox = Sandbox::new();
    sandbox.replace("tollgate.toml", "watch_files = true", "watch_files = false");
    let daemon = sandbox.start();
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    let before = Scrape::of(&daemon);
    sandbox.replace(RATES, SAFARICOM, "*,639,02,0.01,");
    assert_eq!(next_price(&mut connection), 20_000);
    daemon.signal("HUP");
    until_one_more(&daemon, &before, APPLIED);
    assert_eq!(next_price(&mut connection), 10_000);
}

#[test]
fn accounts_come_and_go_without_a_restart() {
    const NEWCOMER: Login = Login { system_id: "newcomer", password: "secret01" };
    let sandbox = Sandbox::new();
    let without = sandbox.read("accounts.toml");
    let daemon = sandbox.start();
    assert_eq!(Connection::open(daemon.smpp).bind(BIND_TRANSCEIVER, NEWCOMER).status, ESME_RINVPASWD);

    let before = Scrape::of(&daemon);
    sandbox.add_account(NEWCOMER.system_id, "plan = \"enterprise\"\nopening_balance = \"1.00\"");
    let with = until_one_more(&daemon, &before, APPLIED);
    let mut connection = Connection::bound(daemon.smpp, NEWCOMER);
    assert_eq!(connection.submit(&Message::to("254722000001")).status, ESME_ROK);

    sandbox.write("accounts.toml", &without);
    until_one_more(&daemon, &with, APPLIED);
    assert_eq!(
        connection.submit(&Message::to("254722000001")).status,
        ESME_RSUBMITFAIL,
        "its session has no account"
    );
    assert_eq!(Connection::open(daemon.smpp).bind(BIND_TRANSCEIVER, NEWCOMER).status, ESME_RINVPASWD);
    drop(connection);
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len(), 1, "its books stay");
}

#[test]
fn what_was_charged_before_a_reload_is_rated_again_by_the_tariff_of_its_time() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    let before = Scrape::of(&daemon);
    let first = next_price(&mut connection);
    let line = sandbox.read(RATES).lines().find(|line| line.starts_with("*,639,02,")).unwrap().to_owned();
    sandbox.replace(RATES, &line, "*,639,02,0.0777,,,");
    until_one_more(&daemon, &before, APPLIED);
    assert_ne!(next_price(&mut connection), first);
    drop(connection);
    daemon.stop();
    let shown = sandbox.on_books(&["verify", "--rerate", "--json"]);
    let report: Value = serde_json::from_str(&shown.stdout).expect("one line of JSON");
    let expected = serde_json::json!({
        "rated_again": 2, "not_rated_again": 0, "unreadable": [], "differing": 0, "first": null,
    });
    assert_eq!((shown.code, &report["rerate"]), (Some(0), &expected));
}

#[test]
fn a_start_that_fails_leaves_no_opening_balance() {
    let sandbox = Sandbox::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    sandbox.add_account("newcomer", "plan = \"enterprise\"\nopening_balance = \"10.00\"");
    let address = taken.local_addr().expect("its address").to_string();
    let mut start = sandbox.tollgate("run");
    start.args([
        "--smpp-listen",
        &address,
        "--http-listen",
        "127.0.0.1:0",
        "--metrics-listen",
        "127.0.0.1:0",
    ]);
    let failed = run(start.arg("--data-dir").arg(sandbox.data_dir()));
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert!(failed.stderr.contains(&format!("cannot listen for SMPP on {address}")), "{}", failed.stderr);

    sandbox.replace("accounts.toml", "opening_balance = \"10.00\"\n", "opening_balance = \"20.00\"\n");
    let daemon = sandbox.start();
    daemon.stop();
    let shown = sandbox.on_books(&["verify", "--json"]).stdout;
    let report: Value = serde_json::from_str(&shown).expect("one line of JSON");
    let accounts = report["accounts"].as_array().expect("the accounts");
    let newcomer = accounts.iter().find(|account| account["account"] == "newcomer").expect("the account");
    assert_eq!(newcomer["balance"], "20.00", "{newcomer}");
}

#[test]
fn a_file_behind_links_is_watched_where_it_lies() {
    let sandbox = Sandbox::new();
    let volume = sandbox.path().join("volume");
    for version in ["v1", "v2"] {
        fs::create_dir_all(volume.join(version)).expect("a folder");
        fs::copy(sandbox.config(RATES), volume.join(version).join("rates.csv")).expect("a copy");
    }
    symlink("v1", volume.join("..data")).expect("a link");
    symlink("..data/rates.csv", volume.join("rates.csv")).expect("a link");
    fs::remove_file(sandbox.config(RATES)).expect("the file can go");
    symlink(volume.join("rates.csv"), sandbox.config(RATES)).expect("a link");
    let daemon = sandbox.start();
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    let before = Scrape::of(&daemon);

    let put = |version: &str, price: &str| {
        let path = volume.join(version).join("rates.csv");
        let text = fs::read_to_string(&path).expect("the rates");
        let line = text.lines().find(|line| line.starts_with("*,639,02,")).expect("the rate");
        fs::write(&path, text.replace(line, &format!("*,639,02,{price},,,")))
            .expect("the rates can be written");
    };
    put("v1", "0.0216");
    let after = until_one_more(&daemon, &before, APPLIED);
    assert_eq!(next_price(&mut connection), 21_600, "the target was edited");

    put("v2", "0.0217");
    symlink("v2", volume.join("..data_tmp")).expect("a link");
    fs::rename(volume.join("..data_tmp"), volume.join("..data")).expect("the link can be swapped");
    until_one_more(&daemon, &after, APPLIED);
    assert_eq!(next_price(&mut connection), 21_700, "a link on the way was swapped");
}

#[test]
fn a_file_that_grows_is_read_once_it_is_whole() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    let before = Scrape::of(&daemon);
    let whole = sandbox.read(RATES).replace(SAFARICOM, "*,639,02,0.0216,");
    let at = whole.find("*,639,02,").expect("the rate");
    let mut file = fs::File::create(sandbox.config(RATES)).expect("the file is written in its place");
    file.write_all(&whole.as_bytes()[..at]).expect("a part is written");
    daemon.logged("that the file is held", |line| line.contains("still being written"));
    assert_eq!(next_price(&mut connection), 20_000, "a part is no price list");
    file.write_all(&whole.as_bytes()[at..]).expect("the rest is written");
    drop(file);
    let after = until_one_more(&daemon, &before, APPLIED);
    assert_eq!(after.count(APPLIED), before.count(APPLIED) + 1);
    assert_eq!(next_price(&mut connection), 21_600);
}
