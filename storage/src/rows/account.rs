//! Accounts and their wallets.

use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::wallet::{Volume, WalletState};

use super::Row;
use crate::codec::{Reader, put_bytes, put_micros, put_total, put_varint};

/// `accounts`: the account of an account number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// The account's name.
    pub id: String,
    /// The currency's ISO 4217 code.
    pub currency: String,
    /// The time at which it was first provisioned.
    pub created_at: UnixMicros,
}

impl Row for AccountRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.id.as_bytes());
        put_bytes(out, self.currency.as_bytes());
        put_micros(out, self.created_at);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let (id, currency) = (reader.text()?.to_owned(), reader.text()?.to_owned());
        Some(Self { id, currency, created_at: reader.micros()? })
    }
}

/// `wallets`: a wallet at a durable instant.
impl Row for WalletState {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_total(out, self.balance);
        for volume in self.volumes {
            put_varint(out, u64::from(volume.month.0));
            put_varint(out, volume.segments);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let balance = reader.total()?;
        let mut volume = || Some(Volume { month: Month(reader.varint_u32()?), segments: reader.varint()? });
        Some(Self { balance, volumes: [volume()?, volume()?] })
    }
}
