//! The output of every command: a reader that has gone is no failure, a full disk is one, and neither is a crash.

use std::fs::{self, File, OpenOptions};
use std::io::{Write, pipe};
use std::process::{Command, Stdio};

use crate::support::sandbox::{Finished, Sandbox, repository, run};
use crate::support::smpp::{BUSINESS_1, Connection, ESME_ROK, Message};

/// Every command of both binaries that prints a result, and nothing else that would take long.
fn commands(sandbox: &Sandbox) -> Vec<Command> {
    let on_books = |command: &[&str]| {
        let mut tollgate = sandbox.tollgate(command[0]);
        tollgate.args(&command[1..]).arg("--data-dir").arg(sandbox.data_dir());
        tollgate
    };
    let plain = |command: &[&str]| {
        let mut tollgate = sandbox.tollgate(command[0]);
        tollgate.args(&command[1..]);
        tollgate
    };
    let tools = |command: &[&str]| {
        let mut tools = sandbox.tools(command[0]);
        tools.args(&command[1..]);
        tools
    };
    vec![
        on_books(&["check"]),
        on_books(&["verify"]),
        on_books(&["verify", "--json", "--rerate"]),
        on_books(&["export", "cdr"]),
        on_books(&["export", "cdr", "--format", "jsonl"]),
        on_books(&["export", "cdr", "--format", "xlsx"]),
        on_books(&["anchor", "show"]),
        on_books(&["anchor", "export"]),
        on_books(&["quote", "--account", "biz_test_001", "--to", "254722000001", "--text", "Hi"]),
        on_books(&["quote", "--account", "biz_test_001", "--to", "254722000001", "--text", "Hi", "--json"]),
        plain(&["openapi"]),
        plain(&["hash-password"]),
        plain(&["completions", "bash"]),
        plain(&["help"]),
        plain(&["--help"]),
        plain(&["--version"]),
        plain(&["export", "cdr", "--help"]),
        tools(&["--help"]),
        tools(&["--version"]),
        tools(&["completions", "zsh"]),
        tools(&["load", "--help"]),
        tools(&["sim", "--listen", "127.0.0.1:0"]),
    ]
}

/// Runs a command with a password to read, and its standard output in `stdout`.
fn run_into(command: &mut Command, stdout: impl Into<Stdio>) -> Finished {
    let (reader, mut writer) = pipe().expect("a pipe");
    writer.write_all(b"a password to hash\n").expect("a pipe takes a line");
    drop(writer);
    let child = command.stdin(reader).stdout(stdout).stderr(Stdio::piped()).spawn().expect("it starts");
    child.wait_with_output().expect("it ends").into()
}

fn books() -> Sandbox {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    assert_eq!(connection.submit(&Message::to("254722000001")).status, ESME_ROK);
    daemon.stop();
    sandbox
}

fn full_disk() -> File {
    OpenOptions::new().write(true).open("/dev/full").expect("/dev/full is there")
}

#[test]
fn a_full_disk_is_an_error_of_every_command() {
    let sandbox = books();
    for mut command in commands(&sandbox) {
        let finished = run_into(&mut command, full_disk());
        assert_eq!(finished.code, Some(1), "{command:?}: {finished:?}");
        assert!(finished.stderr.contains("No space left on device"), "{command:?}: {finished:?}");
        assert!(!finished.stderr.contains("panicked"), "{command:?}: {finished:?}");
    }
}

#[test]
fn a_reader_that_has_gone_is_no_failure_of_any_command() {
    let sandbox = books();
    for mut command in commands(&sandbox) {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        let finished = run_into(&mut command, writer);
        assert_eq!(finished.code, Some(0), "{command:?}: {finished:?}");
        for crash in ["panicked", "Broken pipe", "standard output"] {
            assert!(!finished.stderr.contains(crash), "{command:?}: {finished:?}");
        }
    }
}

#[test]
fn books_that_do_not_balance_are_a_failure_whether_or_not_somebody_reads_it() {
    let sandbox = Sandbox::new();
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let mut command = sandbox.tollgate("verify");
    let finished = run_into(command.arg("--data-dir").arg(sandbox.path().join("missing")), writer);
    assert_eq!(finished.code, Some(1), "{finished:?}");
}

#[test]
fn files_on_a_full_disk_are_named() {
    let sandbox = books();
    for format in ["csv", "jsonl", "xlsx"] {
        let mut command = sandbox.tollgate("export");
        command.args(["cdr", "--format", format, "--output", "/dev/full", "--data-dir"]);
        let finished = run(command.arg(sandbox.data_dir()));
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.stderr.contains("cannot write /dev/full: No space left"), "{finished:?}");
        assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
    }

    for (program, at) in [(sandbox.tollgate("man"), "/dev/full/man"), (sandbox.tools("man"), "/dev/full/man")]
    {
        let mut command = program;
        let finished = run(command.arg(at));
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.stderr.contains(at), "{finished:?}");
    }
}

#[test]
fn errors_that_nobody_reads_are_no_crash() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.config("plans.toml")).expect("the file can be removed");
    for stderr in [Stdio::from(full_disk()), {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        Stdio::from(writer)
    }] {
        let status =
            sandbox.tollgate("check").stdout(Stdio::null()).stderr(stderr).status().expect("it runs");
        assert_eq!(status.code(), Some(1));
    }
}

#[test]
fn a_password_is_not_shown_on_the_terminal() {
    let sandbox = Sandbox::new();
    let script = repository().join("daemon/tests/cli/typed_password.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(env!("CARGO_BIN_EXE_tollgate")).arg("hash-password");
    let typed = run(python.current_dir(sandbox.path()));
    assert_eq!(typed.code, Some(0), "{typed:?}");
    assert!(typed.stdout.contains("$argon2id$"), "{typed:?}");
    assert!(!typed.stdout.contains("horse"), "{typed:?}");
}
