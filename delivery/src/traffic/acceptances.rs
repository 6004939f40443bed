//! The event that an operator has accepted a message, and the cost that it has then.

use std::sync::Arc;

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::routing::Cost;
use tollgate_engine::time::UnixMicros;

use crate::effect::{Acceptance, AskedOperator};
use crate::message::Message;
use crate::now::Now;

use super::Traffic;

impl Traffic {
    fn cost(&self, number: OperatorNumber, message: &Message, date: UnixMicros) -> (Cost, Currency, bool) {
        let network = self.configuration.networks.id(message.network);
        let cost = network.and_then(|network| {
            self.configuration.routes.cost(number, network, message.segments, message.currency, date)
        });
        let cost = cost.unwrap_or(Cost { amount: Amount::ZERO, in_account_currency: None });
        let settings = self.operators.get(number).and_then(|operator| operator.settings);
        let currency = settings.map_or(message.currency, |settings| settings.currency);
        let is_asked = settings.is_some_and(|settings| settings.receipts) || message.wants_receipt;
        (cost, currency, !is_asked)
    }

    /// The event that an operator has accepted a message, after these were asked. Where the operator's rate has gone since the message was routed
    /// the cost is not known, and zero.
    pub fn acceptance(
        &self,
        id: u64,
        number: OperatorNumber,
        upstream_id: Box<[u8]>,
        asked: Vec<AskedOperator>,
        is_possible_duplicate: bool,
        now: Now,
    ) -> Option<Acceptance> {
        let tracked = self.messages.get(id)?;
        let (attempts, message) = (tracked.attempts, Arc::clone(&tracked.message));
        let (cost, cost_currency, is_final) = self.cost(number, &message, now.date);
        Some(Acceptance {
            message,
            operator: number,
            upstream_id,
            is_final,
            cost: cost.amount,
            cost_currency,
            cost_in_account_currency: cost.in_account_currency,
            attempts,
            asked,
            is_possible_duplicate,
            is_by_address: false,
        })
    }
}
