//! Reads of what accounts have: wallets, messages, counters.

use rocksdb::{Direction, IteratorMode};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::wallet::WalletState;

use super::{Store, Unavailable, damaged, handle};
use crate::cdr::{BlockReader, Cdr};
use crate::rows::{AccountRow, DispatchCounters, KeyRow, Row, StateRow, TariffRow};
use crate::schema::{
    Family, account_id_key, account_key, account_name_key, parse_account_id_key, short_id_key,
};

impl Store {
    /// Every account that was ever provisioned.
    pub fn accounts(&self) -> Result<Vec<(AccountNumber, AccountRow)>, Unavailable> {
        self.numbered(Family::Accounts)
    }

    /// Every wallet at this durable instant.
    pub fn wallets(&self) -> Result<Vec<(AccountNumber, WalletState)>, Unavailable> {
        self.numbered(Family::Wallets)
    }

    /// Every tariff version ever applied, by the number that CDRs name it with.
    pub fn tariffs(&self) -> Result<Vec<(u32, TariffRow)>, Unavailable> {
        Ok(self.numbered(Family::Tariffs)?.into_iter().map(|(number, row)| (number.0, row)).collect())
    }

    fn numbered<R: Row>(&self, family: Family) -> Result<Vec<(AccountNumber, R)>, Unavailable> {
        let (mut rows, mut sound) = (Vec::new(), true);
        self.scan(family, &[], |key, value| {
            match (key.try_into(), R::read(value)) {
                (Ok(number), Some(row)) => rows.push((AccountNumber(u32::from_be_bytes(number)), row)),
                _ => sound = false,
            }
            sound
        })?;
        if sound { Ok(rows) } else { Err(damaged(family)) }
    }

    /// The durable wallet of an account.
    pub fn wallet(&self, account: AccountNumber) -> Result<Option<WalletState>, Unavailable> {
        self.row(Family::Wallets, &account_key(account))
    }

    /// An idempotency key, expired or not.
    pub fn key(&self, account: AccountNumber, key: &[u8]) -> Result<Option<KeyRow>, Unavailable> {
        self.row(Family::Keys, &account_name_key(account, key))
    }

    /// What became of a message; `None` while it waits to be sent, and for one that is not to be sent at all.
    pub fn state(&self, account: AccountNumber, message_id: u64) -> Result<Option<StateRow>, Unavailable> {
        self.row(Family::States, &account_id_key(account, message_id))
    }

    /// The message that an SMPP 3.3 bind knows by this id.
    pub fn message_of_short_id(
        &self,
        account: AccountNumber,
        short_id: u32,
    ) -> Result<Option<u64>, Unavailable> {
        self.number(Family::ShortIds, &short_id_key(account, short_id))
    }

    /// Calls `read` with a message's CDR; `None` where the account has no such message.
    pub fn cdr<T>(
        &self,
        account: AccountNumber,
        message_id: u64,
        read: impl FnOnce(&Cdr<'_>) -> T,
    ) -> Result<Option<T>, Unavailable> {
        self.with(|db| {
            let key = account_id_key(account, message_id);
            let mode = IteratorMode::From(&key, Direction::Reverse);
            let Some(row) = db.iterator_cf(handle(db, Family::Cdrs)?, mode).next() else { return Ok(None) };
            let (key, value) = row?;
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
        })
    }

    /// The counters of a dispatch.
    pub fn dispatch(
        &self,
        account: AccountNumber,
        dispatch_id: &[u8],
    ) -> Result<Option<DispatchCounters>, Unavailable> {
        self.row(Family::Dispatches, &account_name_key(account, dispatch_id))
    }
}
