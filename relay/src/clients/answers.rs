//! Answers of the committer, turned into the responses that the session sends.

use std::time::Duration;

use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::refusal::Refusal;
use tollgate_smpp::{Answer, Reply, ReplyTlvs};
use tollgate_storage::chunk::{Chunk, ChunkOutcome, CommitOutcome};
use tollgate_storage::clock::now;

use super::refused_messages::note_not_durable;
use super::session::EsmeSession;
use super::token::{DETAILS_COUNT, DETAILS_SHIFT, Details, Token};

/// ESME_RCANCELFAIL: the message cannot be cancelled.
pub const CANCEL_FAILED: u32 = 0x0000_0011;
/// ESME_RREPLACEFAIL: the message cannot be replaced.
pub const REPLACE_FAILED: u32 = 0x0000_0013;

impl EsmeSession {
    /// A token that finds these details again when its answer is due.
    pub(crate) fn token_with(&mut self, token: Token, details: Details) -> Token {
        let (number, token) = (self.next_details, self.next_token(token));
        self.next_details = (number + 1) % DETAILS_COUNT;
        self.details.insert(number, details);
        token
    }

    /// The token that [`Self::token_with`] would give next.
    pub(crate) fn next_token(&self, token: Token) -> Token {
        Token(token.0 | u64::from(self.next_details + 1) << DETAILS_SHIFT)
    }

    /// Appends the answers that a commit outcome brings.
    pub(crate) fn answer(&mut self, commit_outcome: CommitOutcome, answers: &mut Vec<Answer>) {
        match commit_outcome {
            CommitOutcome::Chunk(chunk, ChunkOutcome::Durable { first_visible_id }) => {
                self.count_durable(&chunk);
                self.answer_chunk(&chunk, Some(first_visible_id), answers);
                self.chunks.keep_for_reuse(chunk);
            }
            CommitOutcome::Chunk(chunk, ChunkOutcome::NotDurable) => {
                note_not_durable(&self.context, &chunk, self.status(Refusal::StorageUnavailable));
                self.answer_chunk(&chunk, None, answers);
                self.chunks.keep_for_reuse(chunk);
            }
            CommitOutcome::Key { token, first_use } => {
                answers.extend(self.answer_resend(Token(token), first_use));
            }
            CommitOutcome::InDoubt => self.is_in_doubt = true,
            CommitOutcome::Cancelled { token, result } => {
                let reply = result.map_or(Reply::Refused(CANCEL_FAILED), |()| Reply::Cancelled);
                answers.push(Answer { sequence: Token(token).sequence(), reply });
            }
            CommitOutcome::Replaced { token, result } => {
                let reply = result.map_or(Reply::Refused(REPLACE_FAILED), |()| Reply::Replaced);
                answers.push(Answer { sequence: Token(token).sequence(), reply });
            }
        }
    }

    fn answer_chunk(&mut self, chunk: &Chunk, first_id: Option<u64>, answers: &mut Vec<Answer>) {
        let failed = self.status(Refusal::StorageUnavailable);
        self.chunks.came_back(chunk);
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
            None | Some(Details::Resend(_)) => token.accepted(message_id, None),
            Some(Details::Multi(unsuccessful)) => Reply::MultiSubmitted { message_id, unsuccessful },
            Some(Details::Price(price, network)) => {
                token.accepted(message_id, self.price_tlvs(price, network))
            }
        }
    }

    /// Price, balance and network as texts, in the shape that has a public precedent.
    pub(super) fn price_tlvs(&self, price: Amount, network: NetworkCode) -> ReplyTlvs {
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

    pub(super) fn status(&self, refusal: Refusal) -> u32 {
        self.account
            .as_ref()
            .map_or(refusal.default_status(), |account| account.terms.statuses.status(refusal))
    }

    fn count_durable(&self, chunk: &Chunk) {
        let (metrics, total) = (&self.context.metrics, chunk.total());
        metrics.charged.increment(u64::from(chunk.count()));
        metrics.segments.increment(u64::from(total.segments));
        self.revenue.increment(u64::try_from(total.amount.micros()).unwrap_or(u64::MAX));
        let took = Duration::from_micros(now().0.saturating_sub(chunk.header().submitted_at.0));
        metrics.submit_seconds.record(took, chunk.count());
    }
}

/// Ended by NUL, which clients that know the tag as a C-octet string cut off, wanted or not.
pub(crate) fn c_octets(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}
