//! A table: what it is called, and its columns.

/// A table's name and the names of its columns.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The name of its first sheet; further ones are counted.
    pub name: &'static str,
    /// The names in the header.
    pub columns: &'static [&'static str],
}
