//! The facts of a CDR that its price depends on, copied out of it.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::{Beside, LevelCharge};
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::posting::{LevelPostings, Posting};
use tollgate_engine::tables::NetworkSource;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_storage::cdr::Cdr;
use tollgate_storage::rows::{AccountRow, Row, StateRow};
use tollgate_storage::schema::{Family, account_key};
use tollgate_storage::store::{Store, Unavailable};

use crate::archived_chain::ChargedMessage;

/// The facts of one charged message that its price depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The id of the message.
    pub message_id: u64,
    /// The account that paid.
    pub account: AccountNumber,
    /// The destination number.
    pub number: Number,
    /// The number's network.
    pub network: NetworkCode,
    /// The way in which the network was found.
    pub network_source: NetworkSource,
    /// The segments that were charged.
    pub segments: u8,
    /// The data_coding of the message.
    pub data_coding: u8,
    /// The amount that was debited.
    pub amount: Amount,
    /// Segments of the account in the month before it.
    pub counted_before: u64,
    /// The instant of submission, at which rates were looked up.
    pub submitted_at: UnixMicros,
    /// The tariff version that priced it, by number.
    pub tariff: u32,
    /// The month that it counts in.
    pub month: Month,
    /// The account's plan at that time.
    pub plan: Arc<str>,
    /// The postings beside the wallet; `None` where there are none.
    pub beside: Option<Beside>,
}

impl Facts {
    /// The facts of a CDR.
    pub fn of(cdr: &Cdr<'_>) -> Self {
        let (header, fields) = (&cdr.header, &cdr.fields);
        Self {
            message_id: cdr.message_id,
            account: cdr.account,
            number: fields.destination,
            network: fields.network,
            network_source: fields.network_source,
            segments: fields.segments,
            data_coding: fields.data_coding,
            amount: fields.amount,
            counted_before: fields.counted_before,
            submitted_at: header.submitted_at,
            tariff: header.tariff,
            month: header.month,
            plan: header.plan.into(),
            beside: fields.beside.and_then(|_| cdr.beside()),
        }
    }

    /// The facts of a message; `None` if the account has no such message.
    pub fn find(store: &Store, account: AccountNumber, message_id: u64) -> Result<Option<Self>, Unavailable> {
        store.messages().cdr(account, message_id, Self::of)
    }

    /// The message with the levels above that it was charged at.
    pub fn charged(&self) -> ChargedMessage<'_> {
        let above: &[LevelCharge] = self.beside.as_ref().map_or(&[], |beside| beside.above.as_slice());
        ChargedMessage { number: &self.number, submitted_at: self.submitted_at, above }
    }

    /// All that it moved in the account itself.
    pub fn own(&self) -> LevelPostings {
        let segments = u32::from(self.segments);
        let Self { account, amount, month, counted_before, .. } = *self;
        let posting = Posting { account, amount, month, counted_before, segments };
        let plain = || LevelPostings { posting, ..LevelPostings::default() };
        self.beside.as_ref().map_or_else(plain, |beside| beside.own.clone())
    }

    /// The state of the message; `None` before the first change.
    pub fn state(&self, store: &Store) -> Result<Option<StateRow>, Unavailable> {
        store.messages().state(self.account, self.message_id)
    }

    /// The row of the account in the books.
    pub fn account_row(&self, store: &Store) -> Result<Option<AccountRow>, Unavailable> {
        row(store, Family::Accounts, account_key(self.account))
    }
}

fn row<R: Row>(store: &Store, family: Family, key: [u8; 4]) -> Result<Option<R>, Unavailable> {
    let Some(bytes) = store.get(family, &key)? else { return Ok(None) };
    let damaged = || Unavailable(format!("a damaged row in {}", family.name()));
    R::read(&bytes).map(Some).ok_or_else(damaged)
}
