//! The next step of a message after an operator's answer, or after none came.

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::receipt_id::canonical_id;
use tollgate_engine::routing::Cost;
use tollgate_engine::settlement::Outcome;
use tollgate_storage::clock::{now, steady};
use tollgate_storage::delivery::Acceptance;

use super::attempt::Attempt;
use super::effects::Effects;
use super::operator_queue::OperatorQueue;
use super::receipt_request::wants_receipt;
use super::scheduler::DeliveryScheduler;
use tollgate_provisioning::UnknownPolicy;

impl DeliveryScheduler {
    /// The event that this operator has accepted a message, with the lease that named it. The message is returned where
    /// its row is damaged.
    pub(crate) fn acceptance(
        &self,
        operator_queue: &OperatorQueue,
        attempt: Attempt,
        upstream_id: &[u8],
    ) -> Result<(Acceptance, u64), Attempt> {
        let Some((cost, cost_currency, final_now)) = self.cost(operator_queue, &attempt) else {
            return Err(attempt);
        };
        operator_queue.metrics.cost(cost_currency, cost.amount);
        let Attempt { key, row, attempts, asked, may_be_at, lease, .. } = attempt;
        let acceptance = Acceptance {
            key,
            row,
            operator: operator_queue.number,
            upstream_id: canonical_id(upstream_id),
            final_now,
            cost: cost.amount,
            cost_currency,
            cost_in_account_currency: cost.in_account_currency,
            attempts,
            tried: asked,
            possible_duplicate: may_be_at.is_some(),
        };
        Ok((acceptance, lease))
    }

    /// The operator's cost of a message, its currency, and true if no receipt will come for it. Where the operator's rate
    /// has gone since the message was routed the cost is not known, and zero.
    fn cost(&self, operator_queue: &OperatorQueue, attempt: &Attempt) -> Option<(Cost, Currency, bool)> {
        let ticket = attempt.message()?.ticket;
        let snapshot = self.snapshot.load();
        let setup = operator_queue.setup.load();
        let network = snapshot.tables.networks.id(ticket.network);
        let cost = network.and_then(|network| {
            snapshot.routes.cost(operator_queue.number, network, ticket.segments, ticket.currency, now())
        });
        let cost = cost.unwrap_or(Cost { amount: Amount::ZERO, in_account_currency: None });
        let currency = setup.as_ref().map_or(ticket.currency, |setup| setup.operator.currency);
        let asked = setup.as_ref().is_some_and(|setup| wants_receipt(&ticket, &setup.smpp));
        Some((cost, currency, !asked))
    }

    /// Goes on with a message that the operator did not take this time: the operator is asked again as often as it is
    /// provisioned with, then another at once, later any, until the attempts are used up.
    pub(crate) fn try_again(
        &self,
        mut attempt: Attempt,
        operator: OperatorNumber,
        status: u32,
        effects: &mut Effects,
    ) {
        attempt.was_asked(operator, status);
        if u32::from(attempt.attempts) >= self.settings.attempts {
            return effects.fail(attempt, Outcome::Rejected, status, Some(operator));
        }
        let operator_queues = self.operator_queues();
        let setup = operator_queues.get(operator).and_then(|operator_queue| operator_queue.setup.load_full());
        let first_choice = operator_queues
            .get(attempt.key.first_choice)
            .filter(|_| attempt.again < setup.map_or(0, |setup| setup.smpp.retries));
        if let Some(first_choice) = first_choice {
            attempt.again += 1;
            return self.put_later(&first_choice.backlog, attempt, steady());
        }
        attempt.again = 0;
        attempt.tried.push(operator);
        self.put_back(attempt);
        self.wake();
    }

    /// Keeps a message that an operator may have until a receipt or its time-out.
    pub(crate) fn unknown_outcome(&self, attempt: Attempt, operator_queue: &OperatorQueue) {
        operator_queue.metrics.unknown_outcome.increment(1);
        let wait = u64::from(self.settings.unknown_outcome_seconds) * 1_000_000;
        self.unknown_outcomes.add(attempt, operator_queue.number, steady().0 + wait);
    }

    /// Goes on with a message whose receipt did not come: by policy it is sent again, or given up.
    pub(crate) fn time_out_unknown(&self, attempt: Attempt, operator: OperatorNumber, effects: &mut Effects) {
        let operator_queues = self.operator_queues();
        let setup = operator_queues.get(operator).and_then(|operator_queue| operator_queue.setup.load_full());
        let own = setup.as_ref().and_then(|setup| setup.smpp.unknown_outcome);
        match own.unwrap_or(self.settings.unknown_outcome) {
            UnknownPolicy::Resend => {
                if let Some(operator_queue) = operator_queues.get(operator) {
                    operator_queue.metrics.possible_duplicates.increment(1);
                }
                self.put_back(Attempt { may_be_at: Some(operator), tried: Vec::new(), again: 0, ..attempt });
            }
            UnknownPolicy::Settle => effects.fail(attempt, Outcome::Unknown, 0, Some(operator)),
        }
    }
}
