//! Which crates may see which: `daemon → {api, smpp, storage} → engine`, and nothing else.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests stop at a surprise")]

use std::fs;
use std::path::Path;

/// The crates of ours that a manifest names.
fn arrows(name: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = fs::read_to_string(root.join(name).join("Cargo.toml")).unwrap();
    let named = manifest.lines().filter_map(|line| line.strip_prefix("tollgate-"));
    named.map(|rest| rest.split(['.', ' ', '=']).next().unwrap().to_owned()).collect()
}

#[test]
fn every_crate_sees_only_what_it_may() {
    assert_eq!(arrows("engine"), [""; 0]);
    for middle in ["api", "smpp", "storage"] {
        let seen = arrows(middle);
        assert!(seen.iter().all(|seen| seen == "engine"), "{middle} sees {seen:?}");
    }
    assert_eq!(arrows("daemon"), ["api", "engine", "smpp", "storage"]);
}
