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
const COMMANDS: [(&str, &[&str]); 3] = [
    ("load", &["--target", "--system-id", "--password"]),
    ("sim", &["--listen", "--record", "--receipt-delay-ms", "--error-percent"]),
    ("demo", &["--config", "--messages", "--tollgate"]),
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
