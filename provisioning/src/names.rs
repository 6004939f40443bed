//! The names that a file gives to things and that other files refer to.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::read::texts::Parsed;
use crate::read::{TableReader, no_such};

/// Names of one kind with the line of each, also of things with something else wrong.
#[derive(Debug)]
pub struct Names {
    kind: &'static str,
    lines: BTreeMap<Arc<str>, u32>,
    /// Set while something is wrong with the file: then a name that is not known may only not have been understood.
    is_incomplete: bool,
}

impl Names {
    /// None yet. `kind` stands in messages, such as `account`.
    pub const fn new(kind: &'static str) -> Self {
        Self { kind, lines: BTreeMap::new(), is_incomplete: false }
    }

    /// Adds the name that a table gives itself, or notes that another has it. A name that could not be read leaves
    /// the others in doubt.
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

    /// From now on every name may be one that was not understood.
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
