//! From what storage says to the responses that the session sends.

use std::time::Duration;

use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::refusal::Refusal;
use tollgate_smpp::pdu::SubmitKind;
use tollgate_smpp::{Answer, Reply, ReplyTlvs, UnsuccessfulDestination};
use tollgate_storage::chunk::{Chunk, Notice, Outcome};
use tollgate_storage::clock::now;

use super::query_cancel_replace::{CANCEL_FAILED, REPLACE_FAILED};
use super::session::EsmeSession;

/// The mark that a request bears through storage: its sequence number, which operation it is, and the number of its
/// [`Details`] where it has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(pub u64);

const DATA: u64 = 1 << 32;
const MULTI: u64 = 1 << 33;
const DETAILS_SHIFT: u32 = 34;
/// Numbers of details go round within this; far more than a window holds.
const DETAILS_COUNT: u32 = (1 << 30) - 1;

/// What is to be said beside the message id. Most requests have none.
#[derive(Debug)]
pub enum Details {
    /// For accounts that ask what a message cost.
    Price(Amount, NetworkCode),
    /// The destinations of a submit_multi that were refused.
    Multi(Vec<UnsuccessfulDestination>),
}

impl Token {
    /// Of a submit without details.
    pub fn new(sequence: u32, kind: SubmitKind) -> Self {
        let kind = match kind {
            SubmitKind::SubmitSm => 0,
            SubmitKind::DataSm => DATA,
            SubmitKind::SubmitMulti => MULTI,
        };
        Self(u64::from(sequence) | kind)
    }

    /// The sequence number to echo.
    pub fn sequence(self) -> u32 {
        u32::try_from(self.0 & u64::from(u32::MAX)).unwrap_or(0)
    }

    /// The answer that a message was accepted.
    pub fn accepted(self, message_id: u64, tlvs: ReplyTlvs) -> Reply {
        if self.0 & MULTI != 0 {
            // Of a resend under the same key: which destinations were refused is not kept.
            Reply::MultiSubmitted { message_id, unsuccessful: Vec::new() }
        } else if self.0 & DATA != 0 {
            Reply::DataAccepted { message_id, tlvs }
        } else {
            Reply::Submitted { message_id, tlvs }
        }
    }

    fn details(self) -> Option<u32> {
        u32::try_from(self.0 >> DETAILS_SHIFT).ok()?.checked_sub(1)
    }
}

impl EsmeSession {
    /// A token that finds these details again when its answer is due.
    pub(crate) fn token_with(&mut self, token: Token, details: Details) -> Token {
        let number = self.next_details;
        self.next_details = (number + 1) % DETAILS_COUNT;
        self.details.insert(number, details);
        Token(token.0 | u64::from(number + 1) << DETAILS_SHIFT)
    }

    /// Appends the answers that a notice brings.
    pub(crate) fn answer(&mut self, notice: Notice, answers: &mut Vec<Answer>) {
        match notice {
            Notice::Chunk(chunk, Outcome::Durable { first_visible_id }) => {
                self.count_durable(&chunk);
                self.answer_chunk(&chunk, Some(first_visible_id), answers);
                self.keep_for_reuse(chunk);
            }
            Notice::Chunk(chunk, Outcome::NotDurable) => {
                self.core.metrics.refuse(Refusal::StorageUnavailable, u64::from(chunk.count()));
                self.answer_chunk(&chunk, None, answers);
                self.keep_for_reuse(chunk);
            }
            Notice::Key { token, message_id } => {
                let token = Token(token);
                let reply = match message_id {
                    Some(id) => {
                        self.core.metrics.replayed.increment(1);
                        token.accepted(id, None)
                    }
                    None => Reply::Refused(self.status(Refusal::StorageUnavailable)),
                };
                answers.push(Answer { sequence: token.sequence(), reply });
            }
            Notice::Cancelled { token, result } => {
                let reply = result.map_or(Reply::Refused(CANCEL_FAILED), |()| Reply::Cancelled);
                answers.push(Answer { sequence: Token(token).sequence(), reply });
            }
            Notice::Replaced { token, result } => {
                let reply = result.map_or(Reply::Refused(REPLACE_FAILED), |()| Reply::Replaced);
                answers.push(Answer { sequence: Token(token).sequence(), reply });
            }
        }
    }

    fn answer_chunk(&mut self, chunk: &Chunk, first_id: Option<u64>, answers: &mut Vec<Answer>) {
        let failed = self.status(Refusal::StorageUnavailable);
        self.count_inflight(chunk.requests().len(), false);
        let mut offset = 0;
        answers.reserve(chunk.requests().len());
        for request in chunk.requests() {
            let token = Token(request.token);
            let details = token.details().and_then(|number| self.details.remove(&number));
            let reply = match first_id {
                Some(first) => self.accepted(token, first + offset, details),
                None => Reply::Refused(failed),
            };
            answers.push(Answer { sequence: token.sequence(), reply });
            offset += u64::from(request.cdrs);
        }
    }

    fn accepted(&self, token: Token, message_id: u64, details: Option<Details>) -> Reply {
        match details {
            None => token.accepted(message_id, None),
            Some(Details::Multi(unsuccessful)) => Reply::MultiSubmitted { message_id, unsuccessful },
            Some(Details::Price(price, network)) => {
                token.accepted(message_id, self.price_tlvs(price, network))
            }
        }
    }

    /// Price, balance and network as texts, in the shape that has a public precedent.
    fn price_tlvs(&self, price: Amount, network: NetworkCode) -> ReplyTlvs {
        let account = self.account.as_ref()?;
        let tags = &account.provisioned.tlv;
        let balance = account.runtime.wallet.state().balance;
        let network = network.to_string().replace('/', "");
        Some(Box::new(vec![
            (tags.price, c_octets(&price.to_string())),
            (tags.balance, c_octets(&balance.to_string())),
            (tags.network_reply, c_octets(&network)),
        ]))
    }

    fn status(&self, refusal: Refusal) -> u32 {
        self.account
            .as_ref()
            .map_or(refusal.default_status(), |account| account.terms.statuses.status(refusal))
    }

    fn count_durable(&self, chunk: &Chunk) {
        let (metrics, total) = (&self.core.metrics, chunk.total());
        metrics.charged.increment(u64::from(chunk.count()));
        metrics.segments.increment(u64::from(total.segments));
        self.revenue.increment(total.amount.micros().unsigned_abs());
        let took = Duration::from_micros(now().0.saturating_sub(chunk.header().submitted_at.0));
        metrics.submit_seconds.record(took, chunk.count());
    }
}

/// Ended by NUL, which clients that know the tag as a C-octet string cut off, wanted or not.
pub(crate) fn c_octets(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}
