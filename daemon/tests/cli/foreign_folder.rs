//! Folders that are not data directories, named by mistake: nothing in them is changed, whoever runs the command.

use std::fs::{self, Metadata, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::api::ADMIN_PASSWORD;
use crate::support::sandbox::{Finished, Sandbox, run};

/// Mode, owner, size and time of the last change of each thing in a folder and of the folder itself, by name.
fn state_of(folder: &Path) -> Vec<(PathBuf, [u64; 4], i64)> {
    let known = |path: PathBuf, known: &Metadata| {
        let numbers = [u64::from(known.mode()), u64::from(known.uid()), known.len(), known.nlink()];
        (path, numbers, known.ctime_nsec() ^ known.ctime())
    };
    let mut all = vec![known(folder.to_owned(), &fs::metadata(folder).expect("it is there"))];
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let metadata = entry.metadata().expect("it is there");
        if metadata.is_dir() {
            all.extend(state_of(&entry.path()));
        } else {
            all.push(known(entry.path(), &metadata));
        }
    }
    all.sort_unstable();
    all
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

/// Every command that opens a data directory for writing, with a password on standard input for the one that asks for it.
fn write_to(sandbox: &Sandbox, folder: &Path) -> Vec<Finished> {
    let commands = [
        &[
            "run",
            "--smpp-listen",
            "127.0.0.1:0",
            "--http-listen",
            "127.0.0.1:0",
            "--metrics-listen",
            "127.0.0.1:0",
        ][..],
        &["topup", "--account", "a", "--amount", "1", "--reference", "r"],
        &["admin", "create", "--email", "a@example.com"],
        &["anchor", "accept"],
        &["operators", "drain", "alpha"],
        &["receipts", "--replay"],
        &["backup", "."],
    ];
    let finished = commands.iter().map(|words| {
        let mut command = sandbox.tollgate(words[0]);
        let backup = sandbox.path().join("backup");
        command.args(
            words[1..].iter().map(|word| if *word == "." { backup.as_os_str() } else { word.as_ref() }),
        );
        command.arg("--data-dir").arg(folder);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("the command starts");
        // A command that asks for nothing may have ended.
        let _ = writeln!(child.stdin.take().expect("a pipe"), "{ADMIN_PASSWORD}");
        child.wait_with_output().expect("the command ends").into()
    });
    finished.collect()
}

#[test]
fn a_folder_of_somebody_else_is_refused_and_stays_as_it_is() {
    let sandbox = Sandbox::new();
    let outside = sandbox.path().join("outside");
    fs::write(&outside, "dear reader").expect("the sandbox can be written");
    let foreign = sandbox.path().join("foreign");
    fs::create_dir_all(foreign.join("below")).expect("the sandbox can be written");
    fs::write(foreign.join("letter.txt"), "dear reader").expect("the sandbox can be written");
    fs::write(foreign.join("below/LOG"), "dear reader").expect("the sandbox can be written");
    fs::hard_link(&outside, foreign.join("hard")).expect("a link");
    symlink(&outside, foreign.join("soft")).expect("a link");
    for path in [&foreign, &foreign.join("below")] {
        set_mode(path, 0o755);
    }
    for path in [&outside, &foreign.join("letter.txt"), &foreign.join("below/LOG")] {
        set_mode(path, 0o644);
    }
    // Where root works, what is in a folder of somebody else stays that of whoever it is of.
    if fs::metadata(&foreign).expect("it is there").uid() == 0 {
        lchown(&foreign, Some(4_321), Some(4_321)).expect("root may");
    }
    let before = (state_of(&foreign), fs::metadata(&outside).expect("it is there").mode());
    let name = foreign.display().to_string();
    for finished in write_to(&sandbox, &foreign) {
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.stderr.contains(&name), "{finished:?}");
        assert!(finished.stderr.contains("is not a data directory"), "{finished:?}");
        assert_eq!(finished.stderr.matches(&name).count(), 1, "it is said once: {finished:?}");
    }
    let served = &write_to(&sandbox, &foreign)[0];
    for said in ["of Tollgate", "--data-dir", "nothing in it was changed"] {
        assert!(served.stderr.contains(said), "{said}: {served:?}");
    }
    let looked = run(sandbox.tollgate("doctor").arg("--data-dir").arg(&foreign));
    assert_eq!(looked.code, Some(1), "{looked:?}");
    assert!(looked.stdout.contains("is not a data directory of Tollgate"), "{looked:?}");
    for order in ["chmod", "chown"] {
        assert!(!looked.stdout.contains(order), "{looked:?}");
    }
    assert_eq!((state_of(&foreign), fs::metadata(&outside).expect("it is there").mode()), before);
}

#[test]
fn in_a_data_directory_other_files_stay_as_they_are() {
    let sandbox = Sandbox::new();
    sandbox.start().stop();
    let data = sandbox.data_dir();
    let outside = sandbox.path().join("outside");
    fs::write(&outside, "dear reader").expect("the sandbox can be written");
    fs::hard_link(&outside, data.join("000999.sst")).expect("a link");
    symlink(&outside, data.join("LOG.old.1")).expect("a link");
    fs::create_dir(data.join("config")).expect("it is ours");
    fs::write(data.join("config/notes.txt"), "dear reader").expect("it is ours");
    let others = [outside.clone(), data.join("config/notes.txt")];
    let ours = ["CURRENT", "ANCHOR", "IDENTITY"].map(|name| data.join(name));
    others.iter().chain(&ours).for_each(|path| set_mode(path, 0o644));
    let daemon = sandbox.start();
    let mode = |path: &PathBuf| fs::metadata(path).expect("it is there").mode() & 0o777;
    assert_eq!(others.each_ref().map(mode), [0o644; 2]);
    assert_eq!(ours.each_ref().map(mode), [0o600; 3]);
    assert!(daemon.log().contains("have another name elsewhere"), "{}", daemon.log());
    daemon.stop();
}

#[test]
fn what_was_left_of_a_first_start_is_no_obstacle_and_lost_tables_are() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.data_dir().join("lost+found")).expect("the sandbox can be written");
    fs::write(sandbox.data_dir().join("LOCK"), "").expect("the sandbox can be written");
    sandbox.start().stop();
    sandbox.start().stop();
    fs::remove_file(sandbox.data_dir().join("CURRENT")).expect("it is ours");
    let before = state_of(sandbox.data_dir());
    let refused = run(&mut sandbox.run_command());
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("has lost its file CURRENT"), "{refused:?}");
    assert_eq!(state_of(sandbox.data_dir()), before);
}

#[test]
fn a_folder_with_the_name_of_an_unfinished_copy_is_not_removed() {
    let sandbox = Sandbox::new();
    sandbox.start().stop();
    let (backup, restored) = (sandbox.path().join("backup"), sandbox.path().join("restored"));
    let (of_backup, of_restore) =
        (sandbox.path().join("backup.partial"), sandbox.path().join("restored.partial"));
    let write = |folder: &Path, name: &str| {
        fs::create_dir_all(folder).expect("the sandbox can be written");
        fs::write(folder.join(name), "dear reader").expect("the sandbox can be written");
    };
    let back_up = || sandbox.on_books(&["backup", backup.to_str().expect("UTF-8")]);
    let restore = || run(sandbox.tollgate("restore").arg(&backup).arg("--data-dir").arg(&restored));
    for (folder, ours, command) in
        [(&of_backup, "BACKUP.json", &back_up as &dyn Fn() -> Finished), (&of_restore, "CURRENT", &restore)]
    {
        write(folder, "letter.txt");
        let refused = command();
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains("has `letter.txt`, which is not ours"), "{refused:?}");
        assert!(folder.join("letter.txt").is_file());
        fs::remove_file(folder.join("letter.txt")).expect("it is ours");
        write(folder, ours);
        let done = command();
        assert_eq!(done.code, Some(0), "what an unfinished copy left goes: {done:?}");
    }
}
