//! One table of a TOML file, read key by key.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::suggest::unknown;
use super::texts::{Parsed, shortened};
use super::values::{instead_of, integer};
use super::{Document, Problems};
use crate::bounds::{Bounds, Number};
use crate::places::Place;

/// Reads the keys of a table, and remembers which it was asked for: the others are unknown.
pub struct TableReader<'t, 'p> {
    document: &'t Document<'t>,
    table: &'t DeTable<'t>,
    /// The tables around, such as `account.rate_limit`.
    path: String,
    line: u32,
    asked: Vec<&'static str>,
    problems: &'p mut Problems,
}

impl<'t, 'p> TableReader<'t, 'p> {
    /// A reader for the keys of a document that are outside any table.
    pub fn of(document: &'t Document<'t>, problems: &'p mut Problems) -> Self {
        Self::new(document, document.root(), String::new(), 1, problems)
    }

    fn new(
        document: &'t Document<'t>,
        table: &'t DeTable<'t>,
        path: String,
        line: u32,
        problems: &'p mut Problems,
    ) -> Self {
        Self { document, table, path, line, asked: Vec::new(), problems }
    }

    /// The file of the table.
    pub fn document(&self) -> &'t Document<'t> {
        self.document
    }

    /// The line of the table's header.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The list of mistakes, for those of other files.
    pub fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// A key that may be absent.
    pub fn optional<T>(&mut self, key: &'static str, parse: impl FnOnce(&DeValue) -> Parsed<T>) -> Option<T> {
        let value = self.value(key)?;
        match parse(value.get_ref()) {
            Ok(parsed) => Some(parsed),
            Err(message) => {
                self.problem(key, message);
                None
            }
        }
    }

    /// A key that may be absent, with its default.
    pub fn or<T>(&mut self, key: &'static str, default: T, parse: impl FnOnce(&DeValue) -> Parsed<T>) -> T {
        self.optional(key, parse).unwrap_or(default)
    }

    /// A key that must be there.
    pub fn required<T>(&mut self, key: &'static str, parse: impl FnOnce(&DeValue) -> Parsed<T>) -> Option<T> {
        if !self.has(key) {
            self.missing(key);
        }
        self.optional(key, parse)
    }

    /// A whole number within bounds, which has a default.
    pub fn number<T>(&mut self, number: &Number<T>) -> T
    where
        T: Copy + Into<u64> + TryFrom<u64>,
    {
        self.optional_number(&number.bounds).unwrap_or(number.default)
    }

    /// A whole number within bounds that may be absent.
    pub fn optional_number<T>(&mut self, bounds: &Bounds<T>) -> Option<T>
    where
        T: Copy + Into<u64> + TryFrom<u64>,
    {
        self.optional(bounds.key, integer(bounds.range()))
    }

    /// A list, of which every wrong item is noted; `None` where the key is absent.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        mut parse: impl FnMut(&DeValue) -> Parsed<T>,
    ) -> Option<Vec<T>> {
        let value = self.value(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            self.problem(key, instead_of("a list", value.get_ref()));
            return None;
        };
        let mut parsed = Vec::with_capacity(items.len());
        for item in items {
            let line = self.document.line_at(item.span().start);
            match parse(item.get_ref()) {
                Ok(item) => parsed.push(item),
                Err(message) => self.problem_at(line, key, message),
            }
        }
        Some(parsed)
    }

    /// A table below this one; `None` where it is absent.
    pub fn table<T>(&mut self, key: &'static str, read: impl FnOnce(&mut TableReader) -> T) -> Option<T> {
        let value = self.value(key)?;
        self.read_table(key, value, read)
    }

    /// A list of tables below this one, as `[[key]]` or inline; empty where it is absent.
    pub fn tables<T>(&mut self, key: &'static str, mut read: impl FnMut(&mut TableReader) -> T) -> Vec<T> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            self.problem(key, instead_of("a list of tables", value.get_ref()));
            return Vec::new();
        };
        items.iter().filter_map(|item| self.read_table(key, item, &mut read)).collect()
    }

    /// The raw value of a key that may have several kinds; the key counts as known.
    pub fn value(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.table.get(key)
    }

    /// Returns true if the key is there, right or wrong.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A list that, where it is there, allows something; every wrong item is noted.
    pub fn allowing<T>(
        &mut self,
        key: &'static str,
        parse: impl FnMut(&DeValue) -> Parsed<T>,
    ) -> Option<Vec<T>> {
        let list = self.list(key, parse)?;
        if self.is_empty_list(key) {
            self.problem(key, "is empty, which would allow nothing; leave the key out to allow everything");
        }
        Some(list)
    }

    /// True if the key is a list without items.
    pub fn is_empty_list(&self, key: &str) -> bool {
        let list = self.table.get(key).and_then(|value| value.get_ref().as_array());
        list.is_some_and(|items| items.is_empty())
    }

    /// Notes that the value of a key is below that of another, at the one that is written.
    pub fn not_below(&mut self, (key, value): (&str, u32), (other, least): (&str, u32)) {
        if value >= least {
            return;
        }
        if self.has(key) {
            self.problem(key, format!("{value} is less than {other}, {least}"));
        } else {
            self.problem(other, format!("{least} is more than {key}, {value}"));
        }
    }

    /// The line of a key, or of the table where the key is absent. The key may be one of a table below:
    /// `smpp.window`.
    pub fn line_of(&self, key: &str) -> u32 {
        let mut line = self.line;
        let mut below = Some(self.table);
        for part in key.split('.') {
            let Some(value) = below.and_then(|table| table.get(part)) else {
                break;
            };
            line = self.document.line_at(value.span().start);
            below = value.get_ref().as_table();
        }
        line
    }

    /// The place of a key, or of the table where the key is absent.
    pub fn place_of(&self, key: &str) -> Place {
        Place { file: Arc::clone(self.document.path()), line: self.line_of(key) }
    }

    /// Notes that a key is wrong, at its line. The key may be one of a table below: `smpp.window`.
    pub fn problem(&mut self, key: &str, message: impl Into<String>) {
        self.problem_at(self.line_of(key), key, message);
    }

    /// Notes that a key is missing.
    pub fn missing(&mut self, key: &str) {
        self.lacks(key, "is missing");
    }

    /// Notes that something is missing, in these words.
    pub fn lacks(&mut self, key: &str, message: &str) {
        if !self.document.is_broken() {
            self.problem(key, message);
        }
    }

    fn problem_at(&mut self, line: u32, key: &str, message: impl Into<String>) {
        if !self.document.is_broken_at(line) {
            self.problems.add(self.document.path(), line, join(&self.path, key), message);
        }
    }

    fn read_table<T>(
        &mut self,
        key: &'static str,
        value: &'t Spanned<DeValue<'t>>,
        read: impl FnOnce(&mut TableReader) -> T,
    ) -> Option<T> {
        let line = self.document.line_at(value.span().start);
        let DeValue::Table(table) = value.get_ref() else {
            self.problem_at(line, key, instead_of("a table", value.get_ref()));
            return None;
        };
        let mut below = TableReader::new(self.document, table, join(&self.path, key), line, self.problems);
        let read = read(&mut below);
        below.finish();
        Some(read)
    }

    /// Reports the keys that were not asked for.
    pub fn finish(mut self) {
        if self.document.is_broken() {
            return;
        }
        for key in self.table.keys() {
            let written = key.get_ref().as_ref();
            if self.asked.contains(&written) {
                continue;
            }
            let message = unknown("key", written, &self.asked);
            let line = self.document.line_at(key.span().start);
            self.problem_at(line, &shortened(written), message);
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
