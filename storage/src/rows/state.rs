//! States of messages after their submit.

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::ReceiptState;
use tollgate_engine::time::UnixMicros;

use super::{DoneDate, Row};
use crate::codec::{Reader, put_amount, put_bytes, put_currency, put_micros, put_option, put_varint};

/// Values of a row for a charge that was not refunded, was refunded, or was refunded by hand.
const NOT_REFUNDED: u8 = 0;
const REFUNDED: u8 = 1;
const REFUNDED_BY_HAND: u8 = 2;

/// The state of a message, by the numbers of SMPP 3.4 §5.2.28.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum MessageState {
    /// Charged and not final. In a row: an operator has it, and its receipt is awaited.
    #[default]
    Enroute = 1,
    /// It reached its destination.
    Delivered = 2,
    /// Its validity ended, here or at an operator.
    Expired = 3,
    /// Cancelled before delivery, here or at an operator.
    Deleted = 4,
    /// An operator could not deliver it.
    Undeliverable = 5,
    /// An operator that sends no receipts has it: nothing more will be heard.
    Accepted = 6,
    /// The outcome is not known.
    Unknown = 7,
    /// No operator took it, or the one that did rejected it.
    Rejected = 8,
}

impl MessageState {
    /// Every state there is.
    pub const ALL: [Self; 8] = [
        Self::Enroute,
        Self::Delivered,
        Self::Expired,
        Self::Deleted,
        Self::Undeliverable,
        Self::Accepted,
        Self::Unknown,
        Self::Rejected,
    ];

    /// The name in exports and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enroute => "enroute",
            Self::Delivered => "delivered",
            Self::Expired => "expired",
            Self::Deleted => "deleted",
            Self::Undeliverable => "undeliverable",
            Self::Accepted => "accepted",
            Self::Unknown => "unknown",
            Self::Rejected => "rejected",
        }
    }

    /// True if the state is final.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Enroute)
    }

    /// The state that a message has after this receipt. A message that an operator skipped was not delivered.
    pub const fn of_receipt(state: ReceiptState) -> Self {
        match state {
            ReceiptState::Scheduled | ReceiptState::Enroute | ReceiptState::Accepted => Self::Enroute,
            ReceiptState::Delivered => Self::Delivered,
            ReceiptState::Expired => Self::Expired,
            ReceiptState::Deleted => Self::Deleted,
            ReceiptState::Undeliverable | ReceiptState::Skipped => Self::Undeliverable,
            ReceiptState::Unknown => Self::Unknown,
            ReceiptState::Rejected => Self::Rejected,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as u8 == byte)
    }
}

/// An operator that was asked to take a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AskedOperator {
    /// The operator in question.
    pub operator: OperatorNumber,
    /// The SMPP command_status of a refusal; zero where it took the message, or where rows of before do not tell.
    pub status: u32,
    /// The time of a refusal; zero where there was none.
    pub at: UnixMicros,
}

impl From<OperatorNumber> for AskedOperator {
    fn from(operator: OperatorNumber) -> Self {
        Self { operator, ..Self::default() }
    }
}

/// The answer of a gateway to the receipt of a message's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptAnswer {
    /// The time at which the answer came.
    pub at: UnixMicros,
    /// The SMPP command_status of it; zero where the gateway has taken the receipt.
    pub status: u32,
}

/// `states`: the state of a message after its submit. A message without a row waits to be sent, or is not to
/// be sent at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateRow {
    /// The state reached.
    pub state: MessageState,
    /// The time at which it was reached.
    pub at: UnixMicros,
    /// Given back, of the CDR's amount: nothing or all of it.
    pub refunded: Amount,
    /// True if the charge was refunded, also if it was zero.
    pub is_refunded: bool,
    /// True if it was refunded by hand after the message had ended.
    pub refunded_by_hand: bool,
    /// The operator that has it, or refused it last; zero for none.
    pub operator: OperatorNumber,
    /// The number of attempts.
    pub attempts: u8,
    /// It was sent again after an unknown outcome, so that its recipient may have it twice.
    pub possible_duplicate: bool,
    /// The SMPP command_status of the last refusal, or what a receipt's `err:` says where it is a number;
    /// zero for none.
    pub error: u32,
    /// The operator's cost, in its currency.
    pub cost: Amount,
    /// The operator's currency; `None` where no operator took the message.
    pub cost_currency: Option<Currency>,
    /// The cost in the account's currency; `None` where there is none, or no exchange rate.
    pub cost_in_account_currency: Option<Amount>,
    /// The operator's id of it, in canonical form.
    pub upstream_id: Vec<u8>,
    /// The time at which an operator accepted it.
    pub accepted_at: Option<UnixMicros>,
    /// The operators that were tried, in order, and what they answered.
    pub tried: Vec<AskedOperator>,
    /// The time of the final state by the operator's receipt; `at` is when that came.
    pub done_date: Option<DoneDate>,
    /// The answer of a gateway to the receipt of the final state; `None` where there is none, and in rows of before.
    pub receipt_answer: Option<ReceiptAnswer>,
}

impl StateRow {
    /// A message that was cancelled before it was sent.
    pub fn cancelled(at: UnixMicros, refunded: Amount) -> Self {
        Self { state: MessageState::Deleted, at, refunded, is_refunded: true, ..Self::default() }
    }

    /// Price less what was given back and what the operator charges, in the account's currency; `None` where
    /// that is not known, or where it cannot be held.
    pub fn margin(&self, price: Amount) -> Option<Amount> {
        let cost = match self.cost_currency {
            None => Amount::ZERO,
            Some(_) => self.cost_in_account_currency?,
        };
        price.checked_sub(self.refunded)?.checked_sub(cost)
    }

    /// Reads the fields that version 1 does not have.
    fn take_rest(self, reader: &mut Reader<'_>) -> Option<Self> {
        let refund = reader.u8()?;
        if refund > REFUNDED_BY_HAND {
            return None;
        }
        Self {
            is_refunded: refund != NOT_REFUNDED,
            refunded_by_hand: refund == REFUNDED_BY_HAND,
            operator: OperatorNumber(u16::try_from(reader.varint()?).ok()?),
            attempts: reader.u8()?,
            possible_duplicate: reader.bool()?,
            error: reader.varint_u32()?,
            cost: reader.amount()?,
            cost_currency: reader.option(Reader::currency)?,
            cost_in_account_currency: reader.option(Reader::amount)?,
            upstream_id: reader.bytes()?.to_vec(),
            accepted_at: reader.option(Reader::micros)?,
            tried: take_operators(reader)?,
            ..self
        }
        .take_end(reader)
    }

    /// Reads what rows of before do not have: the operator's date, then the answers of the operators that were tried, and that of
    /// the gateway.
    fn take_end(mut self, reader: &mut Reader<'_>) -> Option<Self> {
        if reader.is_empty() {
            return Some(self);
        }
        // A date without digits stands where there is none.
        self.done_date = Some(DoneDate::take(reader)?).filter(|date| *date != DoneDate::default());
        if reader.is_empty() {
            return Some(self);
        }
        for asked in &mut self.tried {
            (asked.status, asked.at) = (reader.varint_u32()?, reader.micros()?);
        }
        if !reader.is_empty() {
            self.receipt_answer = Some(ReceiptAnswer { at: reader.micros()?, status: reader.varint_u32()? });
        }
        Some(self)
    }
}

fn take_operators(reader: &mut Reader<'_>) -> Option<Vec<AskedOperator>> {
    let operator =
        |reader: &mut Reader<'_>| Some(OperatorNumber(u16::try_from(reader.varint()?).ok()?).into());
    (0..reader.varint()?).map(|_| operator(reader)).collect()
}

impl Row for StateRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.push(self.state as u8);
        put_micros(out, self.at);
        put_amount(out, self.refunded);
        out.push(match (self.is_refunded, self.refunded_by_hand) {
            (false, _) => NOT_REFUNDED,
            (true, false) => REFUNDED,
            (true, true) => REFUNDED_BY_HAND,
        });
        put_varint(out, u64::from(self.operator.0));
        out.extend_from_slice(&[self.attempts, u8::from(self.possible_duplicate)]);
        put_varint(out, u64::from(self.error));
        put_amount(out, self.cost);
        put_option(out, self.cost_currency, put_currency);
        put_option(out, self.cost_in_account_currency, put_amount);
        put_bytes(out, &self.upstream_id);
        put_option(out, self.accepted_at, put_micros);
        put_varint(out, self.tried.len() as u64);
        for asked in &self.tried {
            put_varint(out, u64::from(asked.operator.0));
        }
        // Rows of before have nothing here, and those of messages that were taken at once end here as well.
        let has_answers = self.receipt_answer.is_some() || self.tried.iter().any(|asked| asked.status != 0);
        if let Some(done_date) = &self.done_date {
            done_date.write_to(out);
        } else if has_answers {
            DoneDate::default().write_to(out);
        }
        if has_answers {
            for asked in &self.tried {
                put_varint(out, u64::from(asked.status));
                put_micros(out, asked.at);
            }
        }
        if let Some(answer) = self.receipt_answer {
            put_micros(out, answer.at);
            put_varint(out, u64::from(answer.status));
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let state = MessageState::from_byte(reader.u8()?)?;
        let row = Self { state, at: reader.micros()?, refunded: reader.amount()?, ..Self::default() };
        if reader.is_empty() {
            // Version 1 knows one way to a row: a message is cancelled, and its charge given back.
            return Some(Self { is_refunded: state == MessageState::Deleted, ..row });
        }
        row.take_rest(reader)
    }
}
