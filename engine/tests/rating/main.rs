//! Rating and charging, as worksheets that a billing clerk can check by hand.
//!
//! Each text file beside this one sets up plans and accounts and then lists messages, one per line, with the
//! charge or the refusal that is due. [`setup`] reads the set-up, [`worksheet`] the messages; every message
//! is quoted before it is charged, and both must say the same. `README.md` explains the lines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::path::Path;

mod hook;
mod quotes;
mod setup;
mod texts;
mod worksheet;

#[test]
fn every_worksheet_adds_up() {
    let (mut sheets, mut differences) = (0, Vec::new());
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rating")).unwrap() {
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
    const SETUP: &str = "network 639/02 KE Safaricom\nprefix 2547 639/02\nplan p USD UTC base 0.05\n\
                         account a p balance 1.00\n";
    let right = "2026-07-01 | a | 254700000001 | 2 => 639/02 | base | - | 2 x 0.05 = 0.10 | 0 + 2 | 0.90";
    let check = |row: &str| worksheet::check("sheet.txt", &format!("{SETUP}{row}\n")).differences;
    assert_eq!(check(right), Vec::<String>::new());
    for (here, wrong) in [
        ("639/02 |", "639/03 |"),
        ("base", "plan 639/02"),
        ("| - |", "| 1 |"),
        ("2 x 0.05", "2 x 0.04"),
        ("= 0.10", "= 0.11"),
        ("0 + 2", "0 + 1"),
        ("0.90", "0.900001"),
        ("639/02 | base | - | 2 x 0.05 = 0.10 | 0 + 2 | 0.90", "refused: no_rate"),
    ] {
        let differences = check(&right.replacen(here, wrong, 1));
        assert_eq!(differences.len(), 1, "{wrong}");
        assert!(differences[0].starts_with("sheet.txt:5: "), "{}", differences[0]);
    }
    for unread in ["acount a p balance 1.00", "plan p USD UTC base 0.0000001", "2026-07-01 | a => 0.05"] {
        assert!(check(unread)[0].starts_with("sheet.txt:5: "), "{unread}");
    }
}
