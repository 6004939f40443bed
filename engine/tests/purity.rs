//! The engine stays pure: what its manifest depends on, and what its sources name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// The crates that the engine may depend on. A new name here is a decision, and does no I/O.
const DEPENDENCIES: [&str; 6] = ["arrayvec", "dashmap", "jiff", "parking_lot", "rust_decimal", "thiserror"];

/// Modules of the standard library that reach outside the process.
const MODULES: [&str; 6] = ["env", "fs", "io", "net", "process", "thread"];

/// Names that stand for a clock, a runtime, randomness or a terminal, wherever they come from.
const NAMES: [&str; 20] = [
    "async",
    "await",
    "dbg",
    "eprint",
    "eprintln",
    "getrandom",
    "include_bytes",
    "include_str",
    "print",
    "println",
    "rand",
    "sleep",
    "stderr",
    "stdin",
    "stdout",
    "tokio",
    "File",
    "Instant",
    "SystemTime",
    "TcpStream",
];

/// Functions that read a clock or the machine's settings, wherever they come from.
const FUNCTIONS: [&str; 3] = ["now", "system", "try_system"];

/// Everything impure in a source, in the order in which it stands there. The tests at its end may do as they
/// like.
fn impurities(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code: String =
        source.lines().map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n").collect();
    let tokens = tokens(&code);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let behind_path = at > 0 && tokens[at - 1] == "::";
        if NAMES.contains(token) {
            found.push((*token).to_owned());
        } else if *token == "std" && tokens.get(at + 1) == Some(&"::") {
            found.extend(
                imported(&tokens[at + 2..])
                    .filter(|module| MODULES.contains(module))
                    .map(|module| format!("std::{module}")),
            );
        } else if behind_path && FUNCTIONS.contains(token) && tokens.get(at + 1) == Some(&"(") {
            found.push(format!("::{token}()"));
        }
    }
    found
}

/// Words, `::`, and every other character that is not space, in order.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let len = match first {
            first if is_word(first) => rest.find(|character| !is_word(character)).unwrap_or(rest.len()),
            ':' if rest.starts_with("::") => 2,
            other => other.len_utf8(),
        };
        let (token, behind) = rest.split_at(len);
        tokens.push(token);
        rest = behind.trim_start();
    }
    tokens
}

/// The first names behind `std::`: one, or those of a group in braces.
fn imported<'a>(behind: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let group = behind.first() == Some(&"{");
    let mut depth = 0;
    let mut names = Vec::new();
    for (at, token) in behind.iter().enumerate() {
        match *token {
            "{" => depth += 1,
            "}" => depth -= 1,
            name if !group || (depth == 1 && matches!(behind[at - 1], "{" | ",")) => names.push(name),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names.into_iter()
}

/// The names in the `[dependencies]` table, and every other table of a kind that would add some.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut table = "";
    let mut names = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            table = line;
            if line.contains("dependencies") && line != "[dependencies]" && line != "[dev-dependencies]" {
                names.push(line.to_owned());
            }
        } else if table == "[dependencies]" && !line.is_empty() && !line.starts_with('#') {
            names.push(line.split(['.', '=', ' ']).next().unwrap_or_default().to_owned());
        }
    }
    names
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn no_source_reaches_outside() {
    let sources = sources(&root().join("src"));
    assert!(sources.iter().any(|path| path.ends_with("src/lib.rs")));
    for path in &sources {
        let found = impurities(&fs::read_to_string(path).unwrap());
        assert!(found.is_empty(), "{} names {found:?}", path.display());
    }
}

#[test]
fn the_manifest_depends_on_nothing_else() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for dependency in dependencies(&manifest) {
        assert!(DEPENDENCIES.contains(&dependency.as_str()), "the engine depends on {dependency}");
    }
    assert!(!root().join("build.rs").exists(), "a build script may do anything");
}

#[test]
fn what_is_impure_is_seen() {
    for (source, expected) in [
        ("use std::fs::File;", &["std::fs", "File"][..]),
        ("let at = std::time::Instant::now();", &["Instant", "::now()"]),
        ("use std::{fmt, io::{self, Read}, collections::BTreeMap, net};", &["std::io", "std::net"]),
        ("use std::time::{Duration, SystemTime};", &["SystemTime"]),
        ("println!(\"{x}\"); // fine", &["println"]),
        ("let x = rand::random::<u8>();", &["rand"]),
        ("std::thread::sleep(pause)", &["std::thread", "sleep"]),
        ("tokio::spawn(async {})", &["tokio", "async"]),
        ("jiff::Zoned::now()", &["::now()"]),
        ("TimeZone::system()", &["::system()"]),
        ("std :: env :: var(\"HOME\")", &["std::env"]),
        ("static TEXT: &str = include_str!(\"x\");", &["include_str"]),
        ("use std::{\n    fmt,\n    fs,\n};", &["std::fs"]),
    ] {
        assert_eq!(impurities(source), expected, "{source}");
    }
}

#[test]
fn what_is_pure_is_left_alone() {
    for source in [
        "//! There is no tokio, std::fs or Instant here.",
        "fn charge(now: UnixMicros) { net_price(now) } // std::io",
        "use std::{fmt, sync::Arc};",
        "let operand = strand; self.now = now; throttle.admit(limit, now)",
        "use std::collections::{BTreeMap, fs_like};",
        "fn pure() {}\n#[cfg(test)]\nmod tests {\n    use std::thread;\n}",
    ] {
        assert_eq!(impurities(source), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn every_kind_of_dependency_is_seen() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\n# why\ntokio = \"1\" # why\nfoo.workspace = true\n\
                    [dev-dependencies]\ncsv = \"1\"\n[build-dependencies]\ncc = \"1\"\n[target.'cfg(unix)'.dependencies]\nlibc = \"1\"";
    assert_eq!(
        dependencies(manifest),
        ["tokio", "foo", "[build-dependencies]", "[target.'cfg(unix)'.dependencies]"]
    );
}
