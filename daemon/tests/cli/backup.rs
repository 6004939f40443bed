//! Backups of a daemon that runs, what they restore, and what is refused of a data directory that was damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::books;
use crate::support::daemon::Daemon;
use crate::support::sandbox::{Finished, Sandbox, run};
use crate::support::smpp::{BUSINESS_1, Connection, ESME_ROK, Message};
use crate::support::wait::eventually;

fn charge(daemon: &Daemon, count: u32) {
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    for number in 0..count {
        let response = connection.submit(&Message::to(&format!("2547220{number:05}")));
        assert_eq!(response.status, ESME_ROK);
    }
}

fn backup(sandbox: &Sandbox, name: &str) -> (PathBuf, Finished) {
    let folder = sandbox.path().join(name);
    let finished = sandbox.on_books(&["backup", folder.to_str().unwrap()]);
    (folder, finished)
}

fn restore(sandbox: &Sandbox, backup: &Path, data_dir: &Path) -> Finished {
    run(sandbox.tollgate("restore").arg(backup).arg("--data-dir").arg(data_dir))
}

#[test]
fn a_running_daemon_is_backed_up_and_the_backup_serves() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    charge(&daemon, 5);
    let (folder, finished) = backup(&sandbox, "backup");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(
        finished.stdout.contains("books balance: ") && finished.stdout.contains(" 5 CDRs"),
        "{finished:?}"
    );
    charge(&daemon, 3);
    assert!(folder.join("config/accounts.toml").is_file());
    // Nothing is written over.
    let (_, again) = backup(&sandbox, "backup");
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("is there already"), "{again:?}");
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len(), 8);

    let restored = sandbox.path().join("restored");
    let configured = sandbox.path().join("restored-config");
    let finished = run(sandbox
        .tollgate("restore")
        .arg(&folder)
        .arg("--data-dir")
        .arg(&restored)
        .arg("--config-dir")
        .arg(&configured));
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(
        fs::read(configured.join("accounts.toml")).unwrap(),
        fs::read(sandbox.config("accounts.toml")).unwrap()
    );
    let sandbox = sandbox.with_data_dir(restored.clone());
    assert_eq!(books::balanced(&sandbox).len(), 5);
    let daemon = sandbox.start();
    charge(&daemon, 2);
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len(), 7);
    let refused = restore(&sandbox, &folder, &restored);
    assert!(refused.stderr.contains("is there already and not empty"), "{refused:?}");
}

#[test]
fn a_stopped_daemon_is_backed_up_too() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    charge(&daemon, 2);
    daemon.kill();
    let (folder, finished) = backup(&sandbox, "backup");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let finished = restore(&sandbox, &folder, &sandbox.path().join("restored"));
    assert!(finished.stdout.contains(" 2 CDRs"), "{finished:?}");
}

#[test]
fn a_backup_that_was_broken_off_or_changed_is_not_restored() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    charge(&daemon, 4);
    // Killed as soon as there is anything of it.
    let folder = sandbox.path().join("backup");
    let partial = sandbox.path().join("backup.partial");
    let mut command = sandbox.tollgate("backup");
    command
        .arg(&folder)
        .arg("--data-dir")
        .arg(sandbox.data_dir())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    eventually("the backup to begin", || (partial.exists() || folder.exists()).then_some(()));
    child.kill().unwrap();
    child.wait().unwrap();
    if !folder.exists() {
        let refused = restore(&sandbox, &partial, &sandbox.path().join("restored"));
        assert_ne!(refused.code, Some(0));
        assert!(
            refused.stderr.contains("is no whole backup") || refused.stderr.contains("not as it was"),
            "{refused:?}"
        );
        // The next one begins anew, and the daemon is none the worse.
        charge(&daemon, 1);
        // The daemon may still write the copy that nobody waits for any more.
        eventually("a whole backup", || (backup(&sandbox, "backup").1.code == Some(0)).then_some(()));
    }
    daemon.stop();
    books::balanced(&sandbox);

    let accounts = folder.join("config/accounts.toml");
    let mut octets = fs::read(&accounts).unwrap();
    octets[0] ^= 1;
    fs::write(&accounts, octets).unwrap();
    let refused = restore(&sandbox, &folder, &sandbox.path().join("restored"));
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("accounts.toml is not as it was"), "{refused:?}");
    assert!(!sandbox.path().join("restored").exists());
}

/// The log of a data directory, which a kill leaves with all that was acknowledged.
fn log_of(sandbox: &Sandbox) -> PathBuf {
    let files = fs::read_dir(sandbox.data_dir()).unwrap().map(|entry| entry.unwrap().path());
    let logs = files.filter(|path| path.extension().is_some_and(|kind| kind == "log"));
    logs.max_by_key(|path| path.metadata().unwrap().len()).unwrap()
}

/// A data directory whose daemon was killed after thirty messages, its log, the octets in it and how many are used.
fn killed() -> (Sandbox, PathBuf, Vec<u8>, usize) {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    charge(&daemon, 30);
    daemon.kill();
    let log = log_of(&sandbox);
    let sound = fs::read(&log).unwrap();
    let used = sound.iter().rposition(|octet| *octet != 0).unwrap();
    (sandbox, log, sound, used)
}

#[test]
fn a_daemon_does_not_start_on_a_log_that_lost_what_was_acknowledged() {
    let (sandbox, log, sound, used) = killed();
    let mut flipped = sound.clone();
    flipped[used / 3] ^= 0x20;
    for (damaged, word) in
        [(flipped, "damaged at offset"), (sound[..used / 2].to_vec(), "breaks off at offset")]
    {
        fs::write(&log, damaged).unwrap();
        let refused = run(&mut sandbox.run_command());
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains("data directory is refused"), "{refused:?}");
        assert!(
            refused.stderr.contains(log.to_str().unwrap()) && refused.stderr.contains(word),
            "{refused:?}"
        );
        assert!(refused.stderr.contains("tollgate anchor accept"), "it says what to do: {refused:?}");
        let verified = sandbox.on_books(&["verify"]);
        assert_eq!(verified.code, Some(1), "{verified:?}");
    }
    fs::write(&log, sound).unwrap();
    let daemon = sandbox.start();
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len(), 30);
}

#[test]
fn what_is_left_counts_once_somebody_accepts_it() {
    let (sandbox, log, sound, used) = killed();
    // Some of the last commits.
    fs::write(&log, &sound[..used - 20_000]).unwrap();
    assert_eq!(run(&mut sandbox.run_command()).code, Some(1));
    let accepted = run(sandbox.tollgate("anchor").arg("accept").arg("--data-dir").arg(sandbox.data_dir()));
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    let left = books::balanced(&sandbox).len();
    assert!((1..30).contains(&left), "{left}");
    sandbox.start().stop();
    let shown = run(sandbox.tollgate("anchor").arg("show").arg("--data-dir").arg(sandbox.data_dir()));
    assert!(shown.stdout.starts_with("commit ") && shown.stdout.contains("chain hash"), "{shown:?}");
}
