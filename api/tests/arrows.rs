//! The crates that each crate may depend on. The same table stands in ops/shape/arrows.py, for people who ask
//! for the shape.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests stop at a surprise")]

use std::fs;
use std::path::Path;

/// Each crate of the workspace with those of ours that it may depend on, tests and benchmarks apart.
const MAY_DEPEND_ON: [(&str, &[&str]); 18] = [
    ("engine", &[]),
    ("delivery", &["engine"]),
    ("smpp", &[]),
    ("storage", &["engine"]),
    ("billing", &["engine"]),
    ("provisioning", &["engine"]),
    ("api", &["provisioning", "engine"]),
    ("exports", &["api", "storage", "engine"]),
    ("existing-clients", &["api", "storage"]),
    ("payments", &["api", "billing", "storage", "provisioning", "engine"]),
    ("notifications", &["api", "storage", "provisioning", "engine"]),
    ("relay", &["smpp", "storage", "provisioning", "delivery", "engine"]),
    (
        "management",
        &[
            "api",
            "billing",
            "existing-clients",
            "exports",
            "notifications",
            "payments",
            "relay",
            "storage",
            "provisioning",
            "engine",
        ],
    ),
    ("console", &[]),
    ("web/server", &[]),
    ("tools", &["console", "smpp", "engine", "provisioning"]),
    (
        "daemon",
        &[
            "console",
            "engine",
            "smpp",
            "storage",
            "billing",
            "exports",
            "provisioning",
            "api",
            "relay",
            "management",
            "web",
        ],
    ),
    (
        "benches",
        &[
            "engine",
            "smpp",
            "storage",
            "billing",
            "provisioning",
            "api",
            "relay",
            "management",
            "tools",
            "daemon",
        ],
    ),
];

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(path)).unwrap()
}

/// The crates of ours in the `[dependencies]` of a manifest.
fn arrows(name: &str) -> Vec<String> {
    let manifest = read(&format!("{name}/Cargo.toml"));
    let table = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let lines = table.lines().take_while(|line| !line.starts_with('['));
    let named = lines.filter_map(|line| line.strip_prefix("tollgate-"));
    named.map(|rest| rest.split(['.', ' ', '=']).next().unwrap().to_owned()).collect()
}

#[test]
fn every_crate_sees_only_what_it_may() {
    for (name, may) in MAY_DEPEND_ON {
        for seen in arrows(name) {
            assert!(may.contains(&seen.as_str()), "{name} depends on {seen}");
        }
    }
}

#[test]
fn every_crate_of_ours_is_in_the_table() {
    let manifest = read("Cargo.toml");
    let members = manifest.split("members = [").nth(1).unwrap().split(']').next().unwrap();
    let members = members.split(',').map(|member| member.trim().trim_matches('"'));
    for member in members.filter(|member| !member.is_empty() && !member.starts_with("examples/")) {
        assert!(MAY_DEPEND_ON.iter().any(|(name, _)| *name == member), "{member} is not in the table");
    }
}
