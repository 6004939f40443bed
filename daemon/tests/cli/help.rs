//! `--help` of each command, which is the manual that everybody has.

use crate::support::sandbox::{Sandbox, run};

/// Each command with the options that its help must explain.
const COMMANDS: [(&[&str], &[&str]); 12] = [
    (&["run"], &["--data-dir", "--smpp-listen", "--http-listen", "--metrics-listen"]),
    (&["check"], &[]),
    (
        &["quote"],
        &["--account", "--to", "--from", "--text", "--segments", "--at", "--network", "--route", "--json"],
    ),
    (&["verify"], &["--data-dir", "--json"]),
    (&["export"], &[]),
    (&["export", "cdr"], &["--data-dir", "--from", "--to", "--account", "--format", "--output"]),
    (&["topup"], &["--data-dir"]),
    (&["admin"], &[]),
    (&["admin", "create"], &["--email", "--name", "--generate", "--data-dir"]),
    (&["receipts"], &["--data-dir", "--replay"]),
    (&["openapi"], &[]),
    (&["hash-password"], &[]),
];

#[test]
fn the_binary_lists_its_commands() {
    let sandbox = Sandbox::new();
    let help = run(&mut sandbox.tollgate("--help"));
    assert_eq!(help.code, Some(0), "{help:?}");
    for (command, _) in COMMANDS {
        assert!(help.stdout.contains(command[0]), "{} is not in {}", command[0], help.stdout);
    }
    let version = run(&mut sandbox.tollgate("--version"));
    assert_eq!(version.stdout.trim(), concat!("tollgate ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_command_explains_its_options() {
    let sandbox = Sandbox::new();
    for (command, options) in COMMANDS {
        let help = run(sandbox.tollgate(command[0]).args(&command[1..]).arg("--help"));
        assert_eq!(help.code, Some(0), "{help:?}");
        assert!(help.stdout.contains("Usage: tollgate"), "{}", help.stdout);
        for option in options.iter().chain(&["--config"]) {
            assert!(
                help.stdout.contains(option),
                "{option} is not in the help of {command:?}: {}",
                help.stdout
            );
        }
    }
}

#[test]
fn commands_that_moved_name_their_program() {
    let sandbox = Sandbox::new();
    for command in ["load", "sim", "demo"] {
        let refused = run(sandbox.tollgate(command).args(["--messages", "1", "rest"]));
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains(&format!("run `tollgate-tools {command}`")), "{refused:?}");
    }
}
