//! A TOML file as parsed: what could be read of it, and where it could not.

use std::collections::BTreeSet;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;

use super::{Problems, SourceFile};

/// A parsed file. It has no debug output: there may be passwords in it.
pub struct Document<'t> {
    source: &'t SourceFile,
    root: Spanned<DeTable<'t>>,
    /// The lines with wrong syntax. Values that the parser invented there are not checked further.
    broken_lines: BTreeSet<u32>,
}

impl<'t> Document<'t> {
    /// Parses as much as can be, and notes what cannot.
    pub fn parse(source: &'t SourceFile, problems: &mut Problems) -> Self {
        let (root, errors) = DeTable::parse_recoverable(source.text());
        let mut broken_lines = BTreeSet::new();
        for error in errors {
            let line = source.line_at(error.span().map_or(0, |span| span.start));
            // One typing error often breaks several rules; the first message is enough.
            if broken_lines.insert(line) {
                problems.add(&source.path, line, "", error.message());
            }
        }
        Self { source, root, broken_lines }
    }

    /// The keys outside any table, and all tables.
    pub(super) fn root(&self) -> &DeTable<'t> {
        self.root.get_ref()
    }

    /// The file's path, for problems.
    pub fn path(&self) -> &'t Arc<str> {
        &self.source.path
    }

    /// The file's name as configured, for the origin of rates.
    pub fn name(&self) -> &'t Arc<str> {
        &self.source.name
    }

    /// True for a file of an archived tariff.
    pub fn is_archived(&self) -> bool {
        self.source.is_archived
    }

    /// The line of an octet.
    pub fn line_at(&self, offset: usize) -> u32 {
        self.source.line_at(offset)
    }

    /// Returns true if the syntax is wrong somewhere. Then a key may be absent only because it was not
    /// understood, and an unknown one may belong to another table.
    pub fn is_broken(&self) -> bool {
        !self.broken_lines.is_empty()
    }

    /// Returns true if the syntax of this line is wrong.
    pub fn is_broken_at(&self, line: u32) -> bool {
        self.broken_lines.contains(&line)
    }
}
