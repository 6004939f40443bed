//! The texts of messages, where they are kept.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::due;
use tollgate_storage::store::{Store, Unavailable};

/// Reads texts as they are kept now.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'a> {
    store: &'a Store,
    due: UnixMicros,
    /// False where there are none, so that none is looked for.
    are_kept: bool,
}

impl<'a> Texts<'a> {
    /// Of the books.
    pub fn of(store: &'a Store) -> Result<Self, Unavailable> {
        Ok(Self { store, due: due(), are_kept: store.messages().has_texts()? })
    }

    /// The text of a message.
    pub fn text(&self, account: AccountNumber, message_id: u64) -> Result<Option<String>, Unavailable> {
        if self.are_kept { self.store.messages().text(account, message_id, self.due) } else { Ok(None) }
    }
}
