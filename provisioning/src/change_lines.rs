//! Lines about the changes of a reload, and comparisons that several kinds of changes share.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::sync::Arc;

use tollgate_engine::network::NetworkCode;
use tollgate_engine::tariff::RateRow;
use tollgate_engine::time::UnixMicros;

/// Lines that one reload may write; a new price list would otherwise fill the log.
const MOST_LINES: usize = 50;

/// Lines up to a bound, and the number of those that are left out.
#[derive(Default)]
pub struct Lines {
    told: Vec<String>,
    more: usize,
}

impl Lines {
    /// Adds a line.
    pub fn add(&mut self, line: impl FnOnce() -> String) {
        if self.told.len() < MOST_LINES {
            self.told.push(line());
        } else {
            self.more += 1;
        }
    }

    /// Adds a line for a value if it has changed.
    pub fn moved<T: PartialEq + Display>(&mut self, what: impl Display, old: &T, new: &T) {
        if old != new {
            self.add(|| format!("{what}: {old} → {new}"));
        }
    }

    /// The lines, and a last one with the number of those that are left out.
    pub fn finish(mut self) -> Vec<String> {
        if self.more > 0 {
            self.told.push(format!("… and {} more changes", self.more));
        }
        self.told
    }
}

/// Calls `both` with each pair of the same name, and adds a line for each name that only one side has.
pub fn by_name<'a, T>(
    kind: &str,
    old: &'a [T],
    new: &'a [T],
    name: impl Fn(&T) -> &Arc<str>,
    lines: &mut Lines,
    mut both: impl FnMut(&'a T, &'a T, &mut Lines),
) {
    let mut before: HashMap<&str, &T> = old.iter().map(|item| (&**name(item), item)).collect();
    for item in new {
        match before.remove(&**name(item)) {
            Some(was) => both(was, item, lines),
            None => lines.add(|| format!("{kind} {} added", name(item))),
        }
    }
    let mut removed: Vec<&str> = before.into_keys().collect();
    removed.sort_unstable();
    for name in removed {
        lines.add(|| format!("{kind} {name} removed"));
    }
}

/// Compares rows of prices or costs; `noun` names a row in the lines.
pub fn compare_rates(noun: &str, owner: &str, old: &[RateRow], new: &[RateRow], lines: &mut Lines) {
    let place = |row: &RateRow| (row.network, row.effective_from);
    let mut before: BTreeMap<(NetworkCode, UnixMicros), &RateRow> =
        old.iter().map(|row| (place(row), row)).collect();
    for row in new {
        let what = format!("{owner}: {noun} of {}{}", row.network, since(row.effective_from));
        match before.remove(&place(row)) {
            Some(was) => {
                lines.moved(&what, &was.price, &row.price);
                lines.moved(format_args!("{what}, end"), &end(was), &end(row));
            }
            None => lines.add(|| format!("{what} added: {}", row.price)),
        }
    }
    for row in before.into_values() {
        let since = since(row.effective_from);
        lines.add(|| format!("{owner}: {noun} of {}{since} removed: {}", row.network, row.price));
    }
}

/// The start of a row's validity for a line; empty if there is none.
pub fn since(from: UnixMicros) -> String {
    if from == UnixMicros::default() { String::new() } else { format!(" from {}", from.to_rfc3339()) }
}

fn end(row: &RateRow) -> String {
    row.effective_to.map_or_else(|| "open".to_owned(), UnixMicros::to_rfc3339)
}
