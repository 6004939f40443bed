//! `--help` of each command, which is the manual that everybody has.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests stop at a surprise"
)]

use std::process::{Command, Output};

/// Each command with the options that its help must explain.
const COMMANDS: [(&str, &[&str]); 6] = [
    ("load", &["--target", "--system-id", "--password"]),
    ("sim", &["--listen", "--record", "--receipt-delay-ms", "--error-percent"]),
    ("attack", &["--smpp", "--pid", "--seconds", "--only"]),
    ("demo", &["--config", "--messages", "--tollgate"]),
    ("completions", &[]),
    ("man", &[]),
];

fn tools(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tollgate-tools")).args(arguments).output().expect("the program runs")
}

#[test]
fn the_binary_lists_its_commands() {
    let help = tools(&["--help"]);
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.status.success(), "{help:?}");
    for (command, _) in COMMANDS {
        assert!(text.contains(command), "{command} is not in {text}");
    }
    let version = tools(&["--version"]);
    assert_eq!(
        String::from_utf8_lossy(&version.stdout).trim(),
        concat!("tollgate-tools ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn every_command_explains_its_options() {
    for (command, options) in COMMANDS {
        let help = tools(&[command, "--help"]);
        let text = String::from_utf8_lossy(&help.stdout).into_owned();
        assert!(help.status.success(), "{help:?}");
        assert!(text.contains(&format!("Usage: tollgate-tools {command}")), "{text}");
        for option in options {
            assert!(text.contains(option), "{option} is not in the help of {command}: {text}");
        }
    }
}

#[test]
fn completions_and_manual_pages_know_the_commands() {
    let folder = std::env::temp_dir().join(format!("tollgate-tools-man-{}", std::process::id()));
    let written = tools(&["man", folder.to_str().expect("a path in UTF-8")]);
    assert!(written.status.success(), "{written:?}");
    let script = tools(&["completions", "bash"]);
    let script = String::from_utf8_lossy(&script.stdout).into_owned();
    for (command, options) in COMMANDS {
        assert!(script.contains(command), "{command} is not completed");
        let page = std::fs::read_to_string(folder.join(format!("tollgate-tools-{command}.1")));
        let text = page.expect("each command has a page").replace("\\-", "-");
        for option in options {
            assert!(text.contains(option), "{option} is not in the page of {command}");
        }
    }
    std::fs::remove_dir_all(&folder).expect("the pages can be removed");
}
