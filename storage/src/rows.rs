//! The values of the small rows, each with its bytes.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::wallet::{Volume, WalletState};

use crate::codec::{Reader, put_bytes, put_signed, put_varint};

/// A row that can be written and read back.
pub trait Row: Sized {
    /// Appends the row's bytes.
    fn write_to(&self, out: &mut Vec<u8>);
    /// Takes the row's parts off the front of its bytes.
    #[doc(hidden)]
    fn take(reader: &mut Reader<'_>) -> Option<Self>;

    /// Reads the row; `None` where the bytes are not one and nothing else.
    fn read(value: &[u8]) -> Option<Self> {
        let mut reader = Reader(value);
        let row = Self::take(&mut reader)?;
        reader.is_empty().then_some(row)
    }

    /// The row's bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_to(&mut out);
        out
    }
}

/// `accounts`: who stands behind an account number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// The account's name.
    pub id: String,
    /// ISO 4217.
    pub currency: String,
    /// When it was first provisioned.
    pub created_at: UnixMicros,
}

impl Row for AccountRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.id.as_bytes());
        put_bytes(out, self.currency.as_bytes());
        put_varint(out, self.created_at.0);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let (id, currency) = (reader.text()?.to_owned(), reader.text()?.to_owned());
        Some(Self { id, currency, created_at: UnixMicros(reader.varint()?) })
    }
}

/// `wallets`: a wallet at a durable instant.
impl Row for WalletState {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_signed(out, self.balance.micros());
        for volume in self.volumes {
            put_varint(out, u64::from(volume.month.0));
            put_varint(out, volume.segments);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let balance = Amount::from_micros(reader.signed()?);
        let mut volume = || Some(Volume { month: Month(reader.varint_u32()?), segments: reader.varint()? });
        Some(Self { balance, volumes: [volume()?, volume()?] })
    }
}

/// What an entry of the ledger is. The debits are not here: the CDR of a charge is its debit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// The balance that an account was provisioned with.
    OpeningBalance = 1,
    /// Money paid in.
    TopUp = 2,
    /// A charge given back; the entry's reference is the message id.
    Refund = 3,
    /// A correction by hand, of either sign.
    Adjustment = 4,
}

impl EntryKind {
    /// The name in exports and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpeningBalance => "opening_balance",
            Self::TopUp => "top_up",
            Self::Refund => "refund",
            Self::Adjustment => "adjustment",
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::OpeningBalance, Self::TopUp, Self::Refund, Self::Adjustment]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// `ledger`: one change of a balance that is not a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// What it is.
    pub kind: EntryKind,
    /// Added to the balance.
    pub amount: Amount,
    /// When.
    pub at: UnixMicros,
    /// Why, in the words of who asked for it; a message id for refunds.
    pub reference: String,
}

impl Row for LedgerEntry {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.push(self.kind as u8);
        put_signed(out, self.amount.micros());
        put_varint(out, self.at.0);
        put_bytes(out, self.reference.as_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            kind: EntryKind::from_byte(reader.u8()?)?,
            amount: Amount::from_micros(reader.signed()?),
            at: UnixMicros(reader.varint()?),
            reference: reader.text()?.to_owned(),
        })
    }
}

/// What became of a message, by the numbers of SMPP 3.4 §5.2.28.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum MessageState {
    /// Charged and not final.
    Enroute = 1,
    /// Cancelled before delivery.
    Deleted = 4,
}

impl MessageState {
    /// The name in exports and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enroute => "enroute",
            Self::Deleted => "deleted",
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Enroute, Self::Deleted].into_iter().find(|state| *state as u8 == byte)
    }
}

/// `states`: what became of a message after its submit. A message without a row is en route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// The state reached.
    pub state: MessageState,
    /// When.
    pub at: UnixMicros,
    /// Given back, of the CDR's amount.
    pub refunded: Amount,
}

impl Row for StateRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.push(self.state as u8);
        put_varint(out, self.at.0);
        put_signed(out, self.refunded.micros());
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            state: MessageState::from_byte(reader.u8()?)?,
            at: UnixMicros(reader.varint()?),
            refunded: Amount::from_micros(reader.signed()?),
        })
    }
}

/// `dispatches`: counters of one dispatch, equal to the counts over its CDRs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DispatchCounters {
    /// Messages charged.
    pub messages: u64,
    /// Their segments.
    pub segments: u64,
    /// Messages cancelled.
    pub cancelled: u64,
    /// What was charged less what was refunded.
    pub cost: Amount,
}

impl Row for DispatchCounters {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, self.messages);
        put_varint(out, self.segments);
        put_varint(out, self.cancelled);
        put_signed(out, self.cost.micros());
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            messages: reader.varint()?,
            segments: reader.varint()?,
            cancelled: reader.varint()?,
            cost: Amount::from_micros(reader.signed()?),
        })
    }
}

/// `keys`: the message that an idempotency key was first used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The message's id, as the client got it.
    pub message_id: u64,
    /// Of the message's destination and content, to tell a resend from another message.
    pub fingerprint: u64,
    /// Until when the key is remembered.
    pub expires_at: UnixMicros,
}

impl Row for KeyRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        // The expiry leads, so that compaction can drop the row after a glance.
        out.extend_from_slice(&self.expires_at.0.to_be_bytes());
        out.extend_from_slice(&self.message_id.to_be_bytes());
        out.extend_from_slice(&self.fingerprint.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let expires_at = UnixMicros(reader.be_u64()?);
        Some(Self { message_id: reader.be_u64()?, fingerprint: reader.be_u64()?, expires_at })
    }
}

/// `batches`: which ids one commit gave out. CDR blocks come first, in order; ledger entries take the ids after them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchRow {
    /// Whose blocks, and how many CDRs in each.
    pub blocks: Vec<(AccountNumber, u32)>,
    /// Ledger entries in the commit.
    pub entries: u32,
}

impl BatchRow {
    /// Ids given out.
    pub fn ids(&self) -> u64 {
        self.blocks.iter().map(|(_, count)| u64::from(*count)).sum::<u64>() + u64::from(self.entries)
    }
}

impl Row for BatchRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, self.blocks.len() as u64);
        for (account, count) in &self.blocks {
            put_varint(out, u64::from(account.0));
            put_varint(out, u64::from(*count));
        }
        put_varint(out, u64::from(self.entries));
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let blocks = (0..reader.varint()?)
            .map(|_| Some((AccountNumber(reader.varint_u32()?), reader.varint_u32()?)))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { blocks, entries: reader.varint_u32()? })
    }
}

/// `tariffs`: one version of the tariff as it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TariffRow {
    /// The content hash.
    pub version: String,
    /// When it was first applied.
    pub applied_at: UnixMicros,
    /// The files that it was read from, by name.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Row for TariffRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.version.as_bytes());
        put_varint(out, self.applied_at.0);
        put_varint(out, self.files.len() as u64);
        for (name, content) in &self.files {
            put_bytes(out, name.as_bytes());
            put_bytes(out, content);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let (version, applied_at) = (reader.text()?.to_owned(), UnixMicros(reader.varint()?));
        let files = (0..reader.varint()?)
            .map(|_| Some((reader.text()?.to_owned(), reader.bytes()?.to_vec())))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { version, applied_at, files })
    }
}
