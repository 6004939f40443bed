//! Resends under an idempotency key: the first answer again, in the form of this bind.

use tollgate_engine::refusal::Refusal;
use tollgate_smpp::{Answer, Reply, ReplyTlvs, UnsuccessfulDestination};
use tollgate_storage::chunk::CommitOutcome;
use tollgate_storage::delivery::{DeliveryBatch, DeliveryEvent, DeliveryResult, EventOutcome};
use tollgate_storage::keys::FirstUse;
use tollgate_storage::rows::RefusedDestination;
use tollgate_storage::store::Unavailable;

use super::session::EsmeSession;
use super::token::{Details, Resend, Token};

impl EsmeSession {
    /// The answer to a resend whose first use is known, or did not become durable. `None` where the answer comes later:
    /// a bind of SMPP 3.3 has a place for 32 bits only, and the message gets such an id first.
    pub(super) fn answer_resend(&mut self, token: Token, first_use: Option<FirstUse>) -> Option<Answer> {
        let resend = match token.details().and_then(|number| self.details.remove(&number)) {
            Some(Details::Resend(resend)) => resend,
            _ => Resend::default(),
        };
        let sequence = token.sequence();
        let Some(first_use) = first_use else {
            return Some(Answer {
                sequence,
                reply: Reply::Refused(self.status(Refusal::StorageUnavailable)),
            });
        };
        let id =
            if self.short_ids { first_use.short_id().map(u64::from) } else { Some(first_use.message_id) };
        let Some(id) = id else { return self.ask_for_short_id(token, first_use, resend) };
        self.context.metrics.replayed.increment(1);
        let reply = if token.is_multi() {
            let unsuccessful = first_use.refused.into_iter().map(unsuccessful).collect();
            Reply::MultiSubmitted { message_id: id, unsuccessful }
        } else {
            match self.tlvs_of_resend(&resend, first_use.message_id) {
                Ok(tlvs) => token.accepted(id, tlvs),
                Err(_) => Reply::Refused(self.status(Refusal::StorageUnavailable)),
            }
        };
        Some(Answer { sequence, reply })
    }

    /// The same price and network as in the first answer, with the balance of now.
    fn tlvs_of_resend(&self, resend: &Resend, visible_id: u64) -> Result<ReplyTlvs, Unavailable> {
        if !resend.wants_price {
            return Ok(None);
        }
        let (messages, account) = (self.context.books.store.messages(), self.wallet_number());
        let id = match u32::try_from(visible_id) {
            Ok(short_id) => messages.of_short_id(account, short_id)?.unwrap_or(visible_id),
            Err(_) => visible_id,
        };
        let charged = messages.cdr(account, id, |cdr| (cdr.fields.amount, cdr.fields.network))?;
        Ok(charged.and_then(|(price, network)| self.price_tlvs(price, network)))
    }

    /// Has the message given an id of 32 bits, and is answered then.
    fn ask_for_short_id(&mut self, token: Token, first_use: FirstUse, resend: Resend) -> Option<Answer> {
        let event = DeliveryEvent::ShortIdWanted { account: self.wallet_number(), key: resend.key.clone() };
        let token = self.token_with(token.without_details(), Details::Resend(resend));
        let reply = self.commit_outcomes.0.clone();
        let done = Box::new(move |result| {
            let first_use = match result {
                DeliveryResult::Durable(outcomes) => outcomes.first().and_then(|outcome| match outcome {
                    EventOutcome::ShortId(id) => Some(FirstUse { short_id: Some(*id), ..first_use }),
                    _ => None,
                }),
                DeliveryResult::Refused(_) => None,
            };
            // A session that is gone asked for nothing more.
            let _ = reply.send(CommitOutcome::Key { token: token.0, first_use });
        });
        let sent = self.context.books.committer.deliver(DeliveryBatch { events: vec![event], done });
        sent.is_err().then(|| {
            token.details().and_then(|number| self.details.remove(&number));
            Answer { sequence: token.sequence(), reply: Reply::Refused(self.status(Refusal::Overloaded)) }
        })
    }
}

/// A destination as it is kept with the key.
pub(super) fn refused(destination: &UnsuccessfulDestination) -> RefusedDestination {
    let UnsuccessfulDestination { ton, npi, ref address, status } = *destination;
    RefusedDestination { ton, npi, address: address.clone(), status }
}

fn unsuccessful(destination: RefusedDestination) -> UnsuccessfulDestination {
    let RefusedDestination { ton, npi, address, status } = destination;
    UnsuccessfulDestination { ton, npi, address, status }
}
