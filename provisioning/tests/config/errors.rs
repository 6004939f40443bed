//! The messages that an operator sees when files are wrong: every error of every file at once, each with file, line and key.
//!
//! Each folder below `config_errors/` holds a configuration with mistakes, and in `expected.txt` exactly what is printed
//! for it.

use std::path::{Path, PathBuf};

use tollgate_provisioning::{self as config, Problems};

fn problems(path: &Path) -> Problems {
    config::load(path).expect_err("the configuration is broken")
}

/// Paths are relative to the package's directory, in which tests run.
fn check(folder: &str) {
    let directory = PathBuf::from("tests/config_errors").join(folder);
    let printed = problems(&directory.join("tollgate.toml")).to_string();
    let expected = std::fs::read_to_string(directory.join("expected.txt")).unwrap();
    for (at, (printed, expected)) in printed.lines().zip(expected.lines()).enumerate() {
        assert_eq!(printed, expected, "line {} of expected.txt", at + 1);
    }
    assert_eq!(printed, expected);
}

#[test]
fn values_that_cannot_be_right_are_told_all_at_once() {
    check("values");
}

#[test]
fn values_that_contradict_one_another_are_told_where_they_are_written() {
    check("relations");
}

#[test]
fn broken_syntax_hides_no_other_mistake_and_invents_none() {
    check("syntax");
}

#[test]
fn files_that_are_absent_are_told_where_they_are_named() {
    check("absent");
}

#[test]
fn chains_caps_and_bundles_that_cannot_be_are_told_where_they_are_written() {
    check("chains");
}

#[test]
fn a_configuration_that_is_not_there_is_told_by_its_path() {
    let problems = problems(Path::new("tests/config_errors/nothing.toml"));
    let problem = problems.iter().next().unwrap();
    assert_eq!((&*problem.file, problem.line, problems.count()), ("tests/config_errors/nothing.toml", 0, 1));
    assert!(problem.message.starts_with("cannot be read: No such file"), "{problem}");
}

#[test]
fn no_password_or_hash_is_printed() {
    let folders = ["values", "relations", "syntax", "absent", "chains"];
    for folder in folders {
        let printed =
            problems(&PathBuf::from("tests/config_errors").join(folder).join("tollgate.toml")).to_string();
        for secret in ["secret01", "bm9ib2R5", "argon2i$", "hunter22", "hunter23", "12345678", "a password"] {
            assert!(!printed.contains(secret), "{secret} stands in\n{printed}");
        }
    }
}
