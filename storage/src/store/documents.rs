//! Documents of the management API.

use crate::database::{Database, Order, Unavailable, damaged};
use crate::rows::{DocumentRow, Row};
use crate::schema::{Collection, Family, document_key};

/// Reads documents of the management API.
#[derive(Clone, Copy, Debug)]
pub struct DocumentRows<'a> {
    pub(super) database: &'a Database,
}

impl DocumentRows<'_> {
    /// The document with this key.
    pub fn get(&self, collection: Collection, key: &[u8]) -> Result<Option<DocumentRow>, Unavailable> {
        self.database.row(Family::Documents, &document_key(collection, key))
    }

    /// Calls `visit` with the key and row of each document whose key begins with `prefix`, by ascending key,
    /// until it answers `false`: those whose keys come after `after`, where there is one.
    pub fn list(
        &self,
        collection: Collection,
        prefix: &[u8],
        after: Option<&[u8]>,
        visit: impl FnMut(&[u8], DocumentRow) -> bool,
    ) -> Result<(), Unavailable> {
        let start = document_key(collection, prefix);
        let end = end_of_prefix(&start);
        // The first key behind a key is that key and a zero.
        let behind = after.map(|after| [&document_key(collection, after)[..], &[0]].concat());
        let start = behind.map_or(start.clone(), |behind| behind.max(start));
        self.visit_range((start, end), Order::Ascending, visit)
    }

    /// The same by descending key: those whose keys come before `before`, where there is one.
    pub fn list_before(
        &self,
        collection: Collection,
        prefix: &[u8],
        before: Option<&[u8]>,
        visit: impl FnMut(&[u8], DocumentRow) -> bool,
    ) -> Result<(), Unavailable> {
        let start = document_key(collection, prefix);
        let ends = [before.map(|before| document_key(collection, before)), end_of_prefix(&start)];
        let end = ends.into_iter().flatten().min();
        self.visit_range((start, end), Order::Descending, visit)
    }

    fn visit_range(
        self,
        keys: (Vec<u8>, Option<Vec<u8>>),
        order: Order,
        mut visit: impl FnMut(&[u8], DocumentRow) -> bool,
    ) -> Result<(), Unavailable> {
        self.database.ordered_range(Family::Documents, keys, order, |key, value| {
            let read = key.split_first().zip(DocumentRow::read(value));
            let ((_, key), row) = read.ok_or_else(|| damaged(Family::Documents))?;
            Ok(visit(key, row))
        })
    }
}

/// The first key behind all that begin so; `None` where there is none.
fn end_of_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let at = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix.get(..=at)?.to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    Some(end)
}
