//! Outcomes of messages, as `tollgate export` tells it after `tollgate verify` has found that the books balance.

use std::collections::BTreeMap;

use super::books::micros;
use super::sandbox::Sandbox;

/// One CDR with its final state, column by column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome(BTreeMap<String, String>);

impl Outcome {
    /// One with these columns, for the judge's own tests.
    pub fn of(columns: &[(&str, &str)]) -> Self {
        Self(columns.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    pub fn column(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("the export has no column {name}: {self:?}"))
    }

    pub fn state(&self) -> &str {
        self.column("state")
    }

    pub fn destination(&self) -> &str {
        self.column("destination")
    }

    pub fn price_micros(&self) -> i64 {
        micros(self.column("price"))
    }

    pub fn refunded_micros(&self) -> i64 {
        micros(self.column("refunded"))
    }

    pub fn is_refunded(&self) -> bool {
        self.refunded_micros() != 0
    }

    /// True if an operator took it.
    pub fn is_accepted(&self) -> bool {
        !self.column("accepted_at").is_empty()
    }

    /// True if an operator may have got it more than once.
    pub fn is_possible_duplicate(&self) -> bool {
        self.column("possible_duplicate") == "true"
    }
}

/// Every message in the sandbox's books, by `message_id`, after `verify` has rated each again.
pub fn balanced(sandbox: &Sandbox) -> BTreeMap<String, Outcome> {
    let verified = sandbox.on_books(&["verify", "--rerate"]);
    let [.., books, prices] = verified.stdout.lines().collect::<Vec<_>>()[..] else {
        panic!("two lines at least: {verified:?}")
    };
    let is_right = books.starts_with("books balance:") && prices.starts_with("prices agree:");
    assert!(verified.code == Some(0) && is_right, "{verified:?}");
    exported(sandbox)
}

/// The same without looking whether the books balance.
pub fn exported(sandbox: &Sandbox) -> BTreeMap<String, Outcome> {
    let export = sandbox.on_books(&["export", "cdr", "--format", "csv"]);
    assert_eq!(export.code, Some(0), "{}", export.stderr);
    let mut reader = csv::Reader::from_reader(export.stdout.as_bytes());
    let rows = reader.deserialize().map(|row| Outcome(row.expect("a row under the header")));
    let mut by_id = BTreeMap::new();
    for outcome in rows {
        let other = by_id.insert(outcome.column("message_id").to_owned(), outcome);
        assert!(other.is_none(), "no message_id is given twice: {other:?}");
    }
    by_id
}
