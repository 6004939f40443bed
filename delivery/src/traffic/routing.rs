//! The operator that a message should go to.

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::routing::{RouteAsk, RouteStage};

use crate::now::Now;
use crate::operators::CountryConditions;

use super::Traffic;

impl Traffic {
    /// The operator of earlier parts; else the first choice while it takes messages and was not asked; else, and while
    /// another operator is probed, the one that routing chooses.
    pub fn operator_for(
        &self,
        id: u64,
        is_open: bool,
        without: Option<OperatorNumber>,
        now: Now,
    ) -> Option<OperatorNumber> {
        let tracked = self.messages.get(id)?;
        let message = &tracked.message;
        let conditions = CountryConditions {
            operators: &self.operators,
            country: message.network.mcc,
            at: now.steady,
            without,
        };
        let of_parts = message.long_message.and_then(|parts| self.long_messages.operator(parts));
        let is_free =
            |operator: &OperatorNumber| !tracked.tried.contains(operator) && conditions.takes(*operator);
        if let Some(operator) = of_parts.filter(is_free) {
            return Some(operator);
        }
        let own = Some(message.key.first_choice)
            .filter(|operator| tracked.tried.is_empty() && conditions.takes(*operator));
        if is_open && own.is_some() {
            return own;
        }
        let network = self.configuration.networks.id(message.network);
        let chosen = network.and_then(|network| {
            let ask = RouteAsk {
                network,
                account: &message.account_id,
                source: message.addresses.source(),
                data_coding: message.data_coding,
                segments: message.segments,
                price: message.price,
                currency: message.currency,
                now: now.date,
                spread: message.spread,
                tried: &tracked.tried,
                stage: RouteStage::Resend,
            };
            self.configuration.routes.choose(&ask, &conditions).ok()
        });
        let chosen = chosen.map(|choice| choice.operator).filter(|operator| conditions.takes(*operator));
        // Where routing knows no operator, as for a network that has left the files, the first choice may do all the same.
        chosen.or(own)
    }
}
