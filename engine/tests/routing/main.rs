//! Routing, as worksheets that can be checked by hand, and as properties over any definition at all.
//!
//! Each text file beside this one sets up operators and rules and then lists messages, one per line, with
//! where they go. [`setup`] reads the set-up, [`worksheet`] the messages; `README.md` explains the lines.
//! [`properties`] has random definitions, and a naive router that is to agree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::path::Path;

mod definitions;
mod naive;
mod properties;
mod setup;
mod worksheet;

#[test]
fn every_worksheet_is_right() {
    let (mut sheets, mut differences) = (0, Vec::new());
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/routing")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let outcome = worksheet::check(&name, &fs::read_to_string(&path).unwrap());
        assert!(outcome.messages > 0, "{name} lists no message");
        sheets += 1;
        differences.extend(outcome.differences);
    }
    assert!(sheets > 0, "no worksheet found");
    assert!(differences.is_empty(), "\n{}\n", differences.join("\n"));
}

/// A worksheet with one right line, one wrong in each column in turn, and lines that cannot be read.
#[test]
fn a_wrong_worksheet_is_found_out() {
    const SETUP: &str = "network 639/02\nrouting priority guard alert\noperator a USD base 0.04\n\
                         operator b USD base 0.03 priority 200\noperator c USD base 0.01 disabled\n";
    let right = "2026-07-01 | x | 639/02 | 0.03 USD | 1 => to a above price | a 0.04, b 0.03 | c disabled";
    let check = |row: &str| worksheet::check("sheet.txt", &format!("{SETUP}{row}\n")).differences;
    assert_eq!(check(right), Vec::<String>::new());
    for (here, wrong) in [
        ("to a", "to b"),
        (" above price", ""),
        ("a 0.04, b 0.03", "b 0.03, a 0.04"),
        ("0.04", "0.041"),
        ("c disabled", "-"),
        ("disabled", "draining"),
        ("0.03 USD", "0.04 USD"),
        ("1 =>", "1 tried a =>"),
        ("639/02", "639/03"),
    ] {
        let differences = check(&right.replacen(here, wrong, 1));
        assert_eq!(differences.len(), 1, "{wrong}");
        assert!(differences[0].starts_with("sheet.txt:6: "), "{}", differences[0]);
    }
    for unread in ["oprator d USD", "operator d USD base 0.0000001", "2026-07-01 | x => to a"] {
        assert!(check(unread)[0].starts_with("sheet.txt:6: "), "{unread}");
    }
}
