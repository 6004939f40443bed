//! Messages: their CDRs and states, and the ids and keys under which they are found.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use crate::cdr::{BlockReader, Cdr};
use crate::database::{Database, Unavailable, damaged};
use crate::rows::{KeyRow, MessageTextRow, StateRow};
use crate::schema::{Family, account_id_key, account_name_key, parse_account_id_key, short_id_key};

/// Reads messages of an account.
#[derive(Clone, Copy, Debug)]
pub struct MessageRows<'a> {
    pub(super) database: &'a Database,
}

impl MessageRows<'_> {
    /// The state of a message; `None` while it waits to be sent, and for one that is not to be sent at all.
    pub fn state(&self, account: AccountNumber, message_id: u64) -> Result<Option<StateRow>, Unavailable> {
        self.database.row(Family::States, &account_id_key(account, message_id))
    }

    /// An idempotency key, expired or not.
    pub fn key(&self, account: AccountNumber, key: &[u8]) -> Result<Option<KeyRow>, Unavailable> {
        self.database.row(Family::Keys, &account_name_key(account, key))
    }

    /// True if texts of messages are kept.
    pub fn has_texts(&self) -> Result<bool, Unavailable> {
        Ok(self.database.last(Family::MessageTexts)?.is_some())
    }

    /// The text of a message, where it is kept and not yet to be forgotten.
    pub fn text(
        &self,
        account: AccountNumber,
        message_id: u64,
        due: UnixMicros,
    ) -> Result<Option<String>, Unavailable> {
        let row: Option<MessageTextRow> =
            self.database.row(Family::MessageTexts, &account_id_key(account, message_id))?;
        Ok(row.filter(|row| row.expires_at > due).map(|row| row.text))
    }

    /// The message that an SMPP 3.3 bind knows by this id.
    pub fn of_short_id(&self, account: AccountNumber, short_id: u32) -> Result<Option<u64>, Unavailable> {
        self.database.number(Family::ShortIds, &short_id_key(account, short_id))
    }

    /// Calls `read` with a message's CDR; `None` if the account has no such message.
    pub fn cdr<T>(
        &self,
        account: AccountNumber,
        message_id: u64,
        read: impl FnOnce(&Cdr<'_>) -> T,
    ) -> Result<Option<T>, Unavailable> {
        let before = self.database.last_until(Family::Cdrs, &account_id_key(account, message_id))?;
        let Some((key, value)) = before else { return Ok(None) };
        let (owner, first) = parse_account_id_key(&key).ok_or_else(|| damaged(Family::Cdrs))?;
        if owner != account {
            return Ok(None);
        }
        let mut block = BlockReader::new(owner, first, &value).ok_or_else(|| damaged(Family::Cdrs))?;
        match block.find(|cdr| cdr.message_id == message_id) {
            Some(cdr) => Ok(Some(read(&cdr))),
            None if block.is_sound() => Ok(None),
            None => Err(damaged(Family::Cdrs)),
        }
    }
}
