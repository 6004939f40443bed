//! The charge of a message as its CDR has it.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::settlement::SettlementTerms;
use tollgate_engine::time::{Month, UnixMicros};

use super::price::Price;
use crate::cdr::{Cdr, CdrRoute};

/// The part of a CDR by which a message is cancelled, refunded or reported.
#[derive(Debug)]
pub struct Charged {
    message_id: u64,
    number: Number,
    amount: Amount,
    segments: u32,
    month: Month,
    network: NetworkCode,
    submitted_at: UnixMicros,
    dispatch_id: Option<Vec<u8>>,
    has_postings: bool,
    /// The queue that the message was put into; `None` if it was charged only.
    pub route: Option<CdrRoute>,
}

impl Charged {
    /// The facts by which the message is settled.
    pub fn price(&self, account: AccountNumber, terms: SettlementTerms) -> Price<'_> {
        let Self { message_id, amount, segments, month, network, submitted_at, has_postings, .. } = *self;
        let (number, dispatch_id) = (self.number.as_bytes(), self.dispatch_id.as_deref());
        Price {
            account,
            message_id,
            number,
            amount,
            segments,
            month,
            network,
            submitted_at,
            dispatch_id,
            terms,
            has_postings,
        }
    }

    /// The charge in a CDR.
    pub fn of(cdr: &Cdr<'_>) -> Self {
        Self {
            message_id: cdr.message_id,
            number: cdr.fields.destination,
            amount: cdr.fields.amount,
            segments: u32::from(cdr.fields.segments),
            month: cdr.header.month,
            network: cdr.fields.network,
            submitted_at: cdr.header.submitted_at,
            dispatch_id: cdr.fields.dispatch_id.map(<[u8]>::to_vec),
            has_postings: cdr.fields.beside.is_some(),
            route: cdr.fields.route,
        }
    }
}
