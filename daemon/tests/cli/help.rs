//! `--help` of each command, which is the manual that everybody has.

use std::fs;

use crate::support::sandbox::{Sandbox, run};

/// Each command with the options that its help must explain.
const COMMANDS: [(&[&str], &[&str]); 28] = [
    (&["run"], &["--data-dir", "--smpp-listen", "--http-listen", "--metrics-listen"]),
    (&["check"], &["--data-dir"]),
    (
        &["quote"],
        &["--account", "--to", "--from", "--text", "--segments", "--at", "--network", "--route", "--json"],
    ),
    (&["verify"], &["--data-dir", "--json", "--rerate", "--filters"]),
    (&["export"], &[]),
    (&["export", "cdr"], &["--data-dir", "--from", "--to", "--account", "--format", "--output"]),
    (&["accounts"], &["--data-dir", "--remote", "--url", "--json"]),
    (&["accounts", "list"], &["--data-dir", "--json"]),
    (&["accounts", "show"], &["ACCOUNT", "--json"]),
    (&["balance"], &["ACCOUNT", "--data-dir", "--json"]),
    (&["topup"], &["--account", "--amount", "--reference", "--idempotency-key", "--data-dir"]),
    (&["cdr"], &[]),
    (&["cdr", "tail"], &["--account", "--lines", "--follow", "--data-dir", "--json"]),
    (&["binds"], &["--data-dir", "--json"]),
    (&["operators"], &["--data-dir", "--json"]),
    (&["operators", "state"], &["OPERATOR"]),
    (&["operators", "drain"], &["OPERATOR"]),
    (&["operators", "resume"], &["OPERATOR"]),
    (&["doctor"], &["--data-dir", "--json"]),
    (&["login"], &["URL", "--email"]),
    (&["logout"], &["URL"]),
    (&["admin"], &[]),
    (&["admin", "create"], &["--email", "--name", "--generate", "--data-dir"]),
    (&["receipts"], &["--data-dir", "--replay"]),
    (&["openapi"], &[]),
    (&["hash-password"], &[]),
    (&["completions"], &[]),
    (&["man"], &[]),
];

/// Commands that read no configuration.
const WITHOUT_CONFIGURATION: [&str; 7] =
    ["login", "logout", "restore", "openapi", "hash-password", "completions", "man"];

#[test]
fn the_configuration_is_named_before_or_behind_the_command() {
    let sandbox = Sandbox::new();
    let config = sandbox.config("tollgate.toml");
    let missing = sandbox.path().join("missing.toml");
    let binary = || std::process::Command::new(env!("CARGO_BIN_EXE_tollgate"));
    for words in [&["check"][..], &["accounts", "list"], &["cdr", "tail"], &["export", "cdr"]] {
        let behind = run(binary().args(words).arg("--config").arg(&missing));
        assert!(behind.stderr.contains("missing.toml"), "{behind:?}");
        let before = run(binary().arg("--config").arg(&missing).args(words));
        assert!(before.stderr.contains("missing.toml"), "{before:?}");
    }
    let check = run(binary().arg("--config").arg(&missing).arg("check").arg("--config").arg(&config));
    assert_eq!(check.code, Some(0), "the one behind the command holds: {check:?}");
    let login = run(binary().arg("login").arg("--config").arg(&config));
    assert_eq!(login.code, Some(2), "{login:?}");
}

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
        for option in options {
            assert!(
                help.stdout.contains(option),
                "{option} is not in the help of {command:?}: {}",
                help.stdout
            );
        }
        // A command without a configuration does not offer to be told where one is.
        let reads_configuration = !WITHOUT_CONFIGURATION.contains(&command[0]);
        assert_eq!(help.stdout.contains("--config"), reads_configuration, "{command:?}: {}", help.stdout);
    }
}

#[test]
fn completions_and_manual_pages_know_the_commands() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = run(sandbox.tollgate("completions").arg(shell));
        assert_eq!(script.code, Some(0), "{script:?}");
        for command in ["export", "hash-password", "receipts"] {
            assert!(script.stdout.contains(command), "{command} is not completed in {shell}");
        }
    }
    let folder = sandbox.path().join("man");
    let written = run(sandbox.tollgate("man").arg(&folder));
    assert_eq!(written.code, Some(0), "{written:?}");
    for (command, options) in COMMANDS {
        let page = folder.join(format!("tollgate-{}.1", command.join("-")));
        let page = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        // roff writes a hyphen that is to be seen as one with a backslash.
        let text = page.replace("\\-", "-");
        for option in options {
            assert!(text.contains(option), "{option} is not in the page of {command:?}");
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
