//! The names that a file gives to things and that other files refer to.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::read::texts::Parsed;
use crate::read::{TableReader, no_such};

/// Names of one kind with the line of each, including those of things with other mistakes.
#[derive(Debug)]
pub struct Names {
    kind: &'static str,
    lines: BTreeMap<Arc<str>, u32>,
    /// True if something is wrong with the file. Then a name may be unknown only because it was not
    /// understood.
    is_incomplete: bool,
}

impl Names {
    /// An empty list. `kind` is the noun in messages, such as `account`.
    pub const fn new(kind: &'static str) -> Self {
        Self { kind, lines: BTreeMap::new(), is_incomplete: false }
    }

    /// Adds the name of a table, or reports that another has it. After a name that could not be read, every
    /// name is accepted.
    pub fn take(&mut self, table: &mut TableReader, key: &str, name: Option<&Arc<str>>) {
        let Some(name) = name else {
            self.doubt();
            return;
        };
        let line = table.line();
        if let Some(first) = self.lines.get(name) {
            table.problem(key, format!("`{name}` is taken by the {} in line {first}", self.kind));
        } else {
            self.lines.insert(Arc::clone(name), line);
        }
    }

    /// Accepts every name from now on, as it may be one that was not understood.
    pub fn doubt(&mut self) {
        self.is_incomplete = true;
    }

    /// The thing of that name.
    pub fn resolve(&self, name: &str) -> Parsed<Arc<str>> {
        if let Some((known, _)) = self.lines.get_key_value(name) {
            return Ok(Arc::clone(known));
        }
        if self.is_incomplete {
            return Ok(name.into());
        }
        Err(no_such(self.kind, name, self.lines.keys().map(AsRef::as_ref)))
    }
}
