//! What a CDR says about its price, as a value of its own.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::tables::NetworkSource;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_storage::cdr::Cdr;
use tollgate_storage::rows::{AccountRow, Row, StateRow, TariffRow};
use tollgate_storage::schema::{Family, account_key};
use tollgate_storage::store::{Store, Unavailable};

/// One charged message, as far as its price depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub message_id: u64,
    /// Who paid.
    pub account: AccountNumber,
    /// Where it went.
    pub number: Number,
    /// The number's network.
    pub network: NetworkCode,
    /// How that was known.
    pub network_source: NetworkSource,
    /// As charged.
    pub segments: u8,
    /// As submitted.
    pub data_coding: u8,
    /// What was debited.
    pub amount: Amount,
    /// Segments of the account in the month before it.
    pub counted_before: u64,
    /// When it was submitted: the instant at which rates were looked up.
    pub submitted_at: UnixMicros,
    /// The tariff version that priced it, by number.
    pub tariff: u32,
    /// The month that it counts in.
    pub month: Month,
    /// The account's plan at that time.
    pub plan: Arc<str>,
}

impl Facts {
    /// Of a CDR.
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
        }
    }

    /// Of a message; `None` where the account has no such message.
    pub fn find(store: &Store, account: AccountNumber, message_id: u64) -> Result<Option<Self>, Unavailable> {
        store.cdr(account, message_id, Self::of)
    }

    /// What became of the message; `None` while nothing has.
    pub fn state(&self, store: &Store) -> Result<Option<StateRow>, Unavailable> {
        store.state(self.account, self.message_id)
    }

    /// Who stands behind the number of the account.
    pub fn account_row(&self, store: &Store) -> Result<Option<AccountRow>, Unavailable> {
        row(store, Family::Accounts, account_key(self.account))
    }

    /// The tariff version as it was archived.
    pub fn tariff_row(&self, store: &Store) -> Result<Option<TariffRow>, Unavailable> {
        row(store, Family::Tariffs, self.tariff.to_be_bytes())
    }
}

fn row<R: Row>(store: &Store, family: Family, key: [u8; 4]) -> Result<Option<R>, Unavailable> {
    let Some(bytes) = store.get(family, &key)? else { return Ok(None) };
    let damaged = || Unavailable(format!("a damaged row in {}", family.name()));
    R::read(&bytes).map(Some).ok_or_else(damaged)
}
