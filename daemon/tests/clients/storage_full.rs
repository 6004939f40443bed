//! A disk that fills under load: messages are refused, nothing is lost or charged wrongly, and when there is room again
//! the daemon recovers by itself.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use crate::support::books;
use crate::support::daemon::Daemon;
use crate::support::gateway::{Answer, Control, End, Gateway, Record, Session};
use crate::support::judge::judge;
use crate::support::metrics::{Scrape, get, until_count};
use crate::support::namespace::SmallDisk;
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{
    BUSINESS_1, BUSINESS_2, Connection, ENQUIRE_LINK, ESME_ROK, ESME_RSYSERR, Message,
};
use crate::support::wait::eventually;

const REFUSED: &str = "tollgate_refusals_total{reason=\"storage_unavailable\"}";

/// Small enough that RocksDB finds no room to reserve for its log ahead of time, which it could go on writing into.
const DISK_MEBIBYTES: u32 = 32;

/// The time of a stop, five seconds, and some more for a busy machine.
const STOP_MAX: Duration = Duration::from_secs(8);

/// The fate of messages that are being written when the disk fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// None is: they are refused, and no session ends.
    Refused,
    /// It is not known whether they are on disk: their sessions end without an answer.
    InDoubt,
}

#[test]
fn a_disk_without_a_byte_left_loses_nothing() {
    fills_and_recovers("minimum_free_bytes = 0", Failure::InDoubt);
}

#[test]
fn a_disk_below_its_reserve_loses_nothing() {
    fills_and_recovers("minimum_free_bytes = 8388608", Failure::Refused);
}

#[test]
fn a_kill_while_the_disk_is_full_loses_nothing() {
    let Some((disk, sandbox)) = small_disk("minimum_free_bytes = 0") else { return };
    let (daemon, control) = (sandbox.start(), Control::default());
    let address = daemon.smpp;
    let (sessions, refused) = thread::scope(|scope| {
        let gateways = spawn(scope, address, &control);
        let _running = control.running();
        let (filler, refused) = fill_until_refused(&daemon, disk.path(), &control);
        daemon.kill();
        fs::remove_file(filler).expect("the disk can be freed");
        (gateways.map(|gateway| gateway.join().expect("the gateway's session ends")), refused)
    });
    let daemon = sandbox.start();
    let mut records: Vec<Record> = sessions.into_iter().flat_map(|session| session.records).collect();
    records.extend([refused, accepted_now(&daemon, &control)]);
    daemon.stop();
    let verdict = judge(&records, &books::balanced(&sandbox)).expect("the books hold what was answered");
    println!("{verdict:?}");
}

#[test]
fn a_stop_with_a_full_disk_takes_no_longer_than_another() {
    for reserve in ["minimum_free_bytes = 0", "minimum_free_bytes = 8388608"] {
        let Some((disk, sandbox)) = small_disk(reserve) else { return };
        let (daemon, control) = (sandbox.start(), Control::default());
        let address = daemon.smpp;
        let (status, took, filler, sessions, refused) = thread::scope(|scope| {
            let gateways = spawn(scope, address, &control);
            let running = control.running();
            let (filler, refused) = fill_until_refused(&daemon, disk.path(), &control);
            let (status, took) = daemon.terminate();
            drop(running);
            let sessions = gateways.map(|gateway| gateway.join().expect("the gateway's session ends"));
            (status, took, filler, sessions, refused)
        });
        assert!(status.success(), "{status}");
        assert!(took < STOP_MAX, "{took:?}");
        fs::remove_file(filler).expect("the disk can be freed");
        let daemon = sandbox.start();
        let mut records: Vec<Record> = sessions.into_iter().flat_map(|session| session.records).collect();
        records.extend([refused, accepted_now(&daemon, &control)]);
        daemon.stop();
        judge(&records, &books::balanced(&sandbox)).expect("the books hold what was answered");
    }
}

fn fills_and_recovers(reserve: &str, failure: Failure) {
    let Some((disk, sandbox)) = small_disk(reserve) else { return };
    let (daemon, control) = (sandbox.start(), Control::default());
    let (sessions, refused) = thread::scope(|scope| {
        let gateways = spawn(scope, daemon.smpp, &control);
        let running = control.running();
        let (filler, refused) = fill_until_refused(&daemon, disk.path(), &control);
        fs::remove_file(filler).expect("the disk can be freed");
        eventually("storage to be reported back", || available(&daemon, 1));
        if failure == Failure::Refused {
            until_accepted_again(&daemon, &control);
        }
        drop(running);
        (gateways.map(|gateway| gateway.join().expect("the gateway's session ends")), refused)
    });
    let ends = sessions.each_ref().map(|session| session.end);
    if failure == Failure::Refused {
        assert_eq!(ends, [End::Stopped; 2], "no session was lost");
    }
    let mut records: Vec<Record> = sessions.into_iter().flat_map(|session| session.records).collect();
    records.extend([refused, accepted_now(&daemon, &control)]);
    daemon.stop();

    let verdict = judge(&records, &books::balanced(&sandbox)).expect("the books hold what was answered");
    println!("{verdict:?}");
    if failure == Failure::Refused {
        assert_eq!(
            (verdict.unanswered_charged, verdict.unanswered_free),
            (0, 0),
            "every message was answered"
        );
    }
}

/// The record of a message that is accepted.
fn accepted_now(daemon: &Daemon, control: &Control) -> Record {
    let destination = control.numbers.valid();
    let response = Connection::bound(daemon.smpp, BUSINESS_1).submit(&Message::to(&destination));
    let answer = Answer::of(&response);
    assert!(matches!(answer, Answer::Accepted(_)), "there is room again: {answer:?}");
    Record { account: BUSINESS_1.system_id, destination, key: None, answer }
}

/// A sandbox whose books are on a small disk, and whose accounts have money for the whole test. `None`, and the reason on
/// standard error, where this user or machine may not mount one.
fn small_disk(reserve: &str) -> Option<(SmallDisk, Sandbox)> {
    let disk = match SmallDisk::mount(DISK_MEBIBYTES) {
        Ok(disk) => disk,
        Err(reason) => {
            // Not by a macro, whose output the test harness keeps to itself.
            let said = writeln!(io::stderr(), "skipped: no small disk can be mounted here ({reason})");
            said.expect("standard error can be written");
            return None;
        }
    };
    let sandbox = Sandbox::new().with_data_dir(disk.path().join("data"));
    sandbox.set("storage", reserve);
    for balance in ["\"1000.00\"", "\"500.00\""] {
        sandbox.replace("accounts.toml", balance, "\"1000000.00\"");
    }
    Some((disk, sandbox))
}

fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    address: SocketAddr,
    control: &'scope Control,
) -> [ScopedJoinHandle<'scope, Session>; 2] {
    [BUSINESS_1, BUSINESS_2].map(|login| Gateway { login, burst: 50 }.spawn(scope, address, control))
}

/// Under load: fills the disk until messages are refused, and sees that everything else goes on. Gives the filler, and a
/// message that was refused.
fn fill_until_refused(daemon: &Daemon, disk: &Path, control: &Control) -> (PathBuf, Record) {
    let under_way = || control.bound() == 2 && control.accepted() > 500;
    eventually("both gateways to submit", || under_way().then_some(()));
    assert_eq!(get(daemon.http, "/readyz").0, 200);
    let mut bystander = Connection::bound(daemon.smpp, BUSINESS_1);

    let filler = disk.join("filler");
    fill(&filler);
    eventually("storage to be reported away", || available(daemon, 0));
    let refused = Scrape::of(daemon).count(REFUSED);
    let destination = control.numbers.valid();
    let answer = Answer::of(&bystander.submit(&Message::to(&destination)));
    assert_eq!(answer, Answer::Refused(ESME_RSYSERR), "what comes now is in no batch");
    until_count(daemon, REFUSED, refused + 1);
    eventually("the daemon not to be ready", || (get(daemon.http, "/readyz").0 == 503).then_some(()));
    assert_eq!(get(daemon.http, "/healthz").0, 200);
    assert_eq!(bystander.call(ENQUIRE_LINK, Vec::new()).status, ESME_ROK, "the session is none the worse");
    (filler, Record { account: BUSINESS_1.system_id, destination, key: None, answer })
}

fn until_accepted_again(daemon: &Daemon, control: &Control) {
    let before = control.accepted();
    eventually("messages to be accepted again", || (control.accepted() > before + 500).then_some(()));
    assert_eq!(get(daemon.http, "/readyz").0, 200);
}

fn available(daemon: &Daemon, wanted: u64) -> Option<()> {
    (Scrape::of(daemon).count("tollgate_storage_available") == wanted).then_some(())
}

/// Writes until not one more byte fits.
fn fill(path: &Path) {
    let mut file = File::create(path).expect("the filler can be made");
    let mut piece = vec![0; 1 << 20];
    while !piece.is_empty() {
        if file.write(&piece).is_ok_and(|written| written > 0) {
            continue;
        }
        piece.truncate(piece.len() / 2);
    }
}
