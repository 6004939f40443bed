//! What an operator's answer, or its silence, means for a message.

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::routing::Cost;
use tollgate_engine::settlement::Outcome;
use tollgate_smpp::receipt::canonical_id;
use tollgate_storage::clock::now;
use tollgate_storage::delivery::Acceptance;

use super::attempt::Envelope;
use super::effects::Report;
use super::operator_queue::Lane;
use super::scheduler::Desk;
use crate::operators::outgoing;
use tollgate_provisioning::UnknownPolicy;

impl Desk {
    /// What the books need to know when this operator takes a message, with the lease that named it. The message comes
    /// back where its row is damaged.
    pub(crate) fn acceptance(
        &self,
        lane: &Lane,
        envelope: Envelope,
        upstream_id: &[u8],
    ) -> Result<(Acceptance, u64), Envelope> {
        let Some((cost, cost_currency, final_now)) = self.cost(lane, &envelope) else { return Err(envelope) };
        lane.meters.cost(cost_currency, cost.amount);
        let Envelope { key, row, attempts, asked, may_be_at, lease, .. } = envelope;
        let acceptance = Acceptance {
            key,
            row,
            operator: lane.number,
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

    /// What the operator asks for a message, in which currency, and whether no receipt will come for it. An operator
    /// whose rate has gone since the message was routed asks for nothing that is known.
    fn cost(&self, lane: &Lane, envelope: &Envelope) -> Option<(Cost, Currency, bool)> {
        let ticket = envelope.message()?.ticket;
        let live = self.live.load();
        let setup = lane.setup.load();
        let network = live.tables.networks.id(ticket.network);
        let cost = network.and_then(|network| {
            live.routes.cost(lane.number, network, ticket.segments, ticket.currency, now())
        });
        let cost = cost.unwrap_or(Cost { amount: Amount::ZERO, in_account_currency: None });
        let currency = setup.as_ref().map_or(ticket.currency, |setup| setup.operator.currency);
        let asked = setup.as_ref().is_some_and(|setup| outgoing::wants_receipt(&ticket, &setup.smpp));
        Some((cost, currency, !asked))
    }

    /// The operator did not take it this time: it is asked again as often as it is provisioned with, then another at
    /// once, later anyone, and at last nobody.
    pub(crate) fn try_again(
        &self,
        mut envelope: Envelope,
        operator: OperatorNumber,
        status: u32,
        report: &mut Report,
    ) {
        envelope.was_asked(operator);
        if u32::from(envelope.attempts) >= self.settings.attempts {
            return report.fail(envelope, Outcome::Rejected, status, Some(operator));
        }
        let lanes = self.lanes();
        let setup = lanes.get(operator).and_then(|lane| lane.setup.load_full());
        let home = lanes
            .get(envelope.key.home)
            .filter(|_| envelope.again < setup.map_or(0, |setup| setup.smpp.retries));
        if let Some(home) = home {
            envelope.again += 1;
            return self.put_later(&home.home, envelope, now());
        }
        envelope.again = 0;
        envelope.tried.push(operator);
        self.put_back(envelope);
        self.wake();
    }

    /// A message that an operator may have: it waits for a receipt or for its time-out.
    pub(crate) fn unknown(&self, envelope: Envelope, lane: &Lane) {
        lane.meters.unknown.increment(1);
        let wait = u64::from(self.settings.unknown_outcome_seconds) * 1_000_000;
        self.unknowns.add(envelope, lane.number, now().0 + wait);
    }

    /// No receipt came: by policy the message is sent again, or given up.
    pub(crate) fn time_out_unknown(&self, envelope: Envelope, operator: OperatorNumber, report: &mut Report) {
        let lanes = self.lanes();
        let setup = lanes.get(operator).and_then(|lane| lane.setup.load_full());
        let own = setup.as_ref().and_then(|setup| setup.smpp.unknown_outcome);
        match own.unwrap_or(self.settings.unknown_outcome) {
            UnknownPolicy::Resend => {
                if let Some(lane) = lanes.get(operator) {
                    lane.meters.possible_duplicates.increment(1);
                }
                self.put_back(Envelope {
                    may_be_at: Some(operator),
                    tried: Vec::new(),
                    again: 0,
                    ..envelope
                });
            }
            UnknownPolicy::Settle => report.fail(envelope, Outcome::Unknown, 0, Some(operator)),
        }
    }
}
