//! Effects on their way to the committer, and what follows once they are durable.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::pumping::PumpingMode;
use tollgate_engine::settlement::Outcome;
use tollgate_storage::clock::{now, steady};
use tollgate_storage::delivery::{DeliveryBatch, DeliveryEvent, DeliveryResult, EventOutcome};
use tollgate_storage::message::AddressCopy;
use tollgate_storage::rows::UnmatchedReason;

use super::effects::{Effects, PendingAcks};
use super::scheduler::DeliveryScheduler;
use super::unmatched_receipts::Addresses;

/// ESME_RX_T_APPN: the operator is to send the receipt again.
const TRY_AGAIN: u32 = 0x64;

impl DeliveryScheduler {
    /// Hands effects to the committer, now or as soon as it has room.
    pub fn commit(self: &Arc<Self>, effects: Effects) {
        let Effects { events, leases, acks } = effects;
        let addresses: Vec<_> = events.iter().map(addresses_of).collect();
        let scheduler = Arc::clone(self);
        let done = Box::new(move |result| scheduler.committed(result, leases, acks, &addresses));
        self.submit(DeliveryBatch { events, done });
    }

    fn committed(
        self: &Arc<Self>,
        result: DeliveryResult,
        leases: Vec<u64>,
        acks: Option<PendingAcks>,
        addresses: &[Option<Addresses>],
    ) {
        match result {
            DeliveryResult::Durable(outcomes) => {
                for lease in leases {
                    self.leases.let_go(lease);
                }
                if let Some(PendingAcks { to, acks }) = acks {
                    to.push(acks);
                }
                for (outcome, addresses) in outcomes.iter().zip(addresses) {
                    self.follow_up(outcome, addresses.as_ref());
                }
            }
            // The operator has the receipts still, and is asked for them again.
            DeliveryResult::Refused(_) if acks.is_some() => {
                if let Some(PendingAcks { to, mut acks }) = acks {
                    for ack in &mut acks {
                        ack.status = TRY_AGAIN;
                    }
                    to.push(acks);
                }
            }
            DeliveryResult::Refused(events) => self.keep_for_later(Effects { events, leases, acks: None }),
        }
    }

    fn follow_up(self: &Arc<Self>, outcome: &EventOutcome, addresses: Option<&Addresses>) {
        match *outcome {
            EventOutcome::Settled {
                account,
                operator,
                outcome,
                accepted_at,
                network,
                destination,
                refunded,
                ..
            } => {
                self.metrics.settled(outcome, refunded);
                self.note_end(account, &destination, network, outcome);
                let Some(accepted_at) = accepted_at else { return };
                if let Some(operator_queue) = self.operator_queues().get(operator) {
                    let delay = now().0.saturating_sub(accepted_at.0);
                    operator_queue.note_receipt(steady(), delay, outcome == Outcome::Delivered);
                    operator_queue.metrics.receipt(outcome);
                }
            }
            EventOutcome::Unmatched { id, reason } => {
                let Some(addresses) = addresses else { return };
                if reason != UnmatchedReason::SeveralMessages {
                    let is_rewritten = reason == UnmatchedReason::OtherAddresses;
                    self.unmatched_receipts.add(id, addresses.clone(), is_rewritten, steady().0);
                } else if let Some(operator_queue) = self.operator_queues().get(addresses.operator) {
                    operator_queue.metrics.ambiguous.increment(1);
                }
            }
            EventOutcome::Done
            | EventOutcome::Noted
            | EventOutcome::Leased { .. }
            | EventOutcome::ShortId(_)
            | EventOutcome::Due { .. } => {}
        }
    }
}

impl DeliveryScheduler {
    /// Tells the account's detector of traffic pumping what became of a message at an operator.
    fn note_end(
        &self,
        account: AccountNumber,
        destination: &AddressCopy,
        network: NetworkCode,
        outcome: Outcome,
    ) {
        let Some(account) = self.snapshot.load().by_number(account) else { return };
        if account.pumping.mode == PumpingMode::Off {
            return;
        }
        let AddressCopy { ton, npi, .. } = *destination;
        let calling_code = account.terms.account.default_calling_code.as_deref();
        if let Some(number) = Number::normalise(destination.digits(), ton, npi, calling_code) {
            account.note_end(number, network, outcome);
        }
    }
}

fn addresses_of(event: &DeliveryEvent) -> Option<Addresses> {
    match event {
        DeliveryEvent::Receipt { operator, source, destination, .. } => {
            Some(Addresses { operator: *operator, source: source.clone(), destination: destination.clone() })
        }
        _ => None,
    }
}
