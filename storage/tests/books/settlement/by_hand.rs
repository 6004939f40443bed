//! Charges given back by hand, and what gateways say of messages that were charged only.

use tollgate_engine::settlement::{Outcome, SettlementTerms};
use tollgate_storage::message_change::{MessageChangeError, ReportedOutcome};

use super::model::Model;
use super::pair::Pair;
use super::words::Place;

impl Model {
    fn refund(&mut self, message: usize) -> Result<bool, MessageChangeError> {
        let sent = self.sent[message].clone();
        if sent.refunded {
            return Err(MessageChangeError::AlreadyRefunded);
        }
        if self.is_free(message) {
            self.cancel(message);
            return Ok(true);
        }
        if !matches!(sent.place, Place::Ended(_) | Place::Unconfirmed) {
            return Err(MessageChangeError::NotFinal);
        }
        (self.sent[message].refunded, self.sent[message].refunded_by_hand) = (true, true);
        *self.balances.entry(sent.account).or_default() += sent.micros;
        *self.volumes.entry((sent.account, sent.month)).or_default() -= sent.segments;
        self.count(&sent, |counters| {
            counters.segments -= sent.segments;
            counters.cost -= sent.micros;
        });
        Ok(true)
    }

    fn report(
        &mut self,
        message: usize,
        reported: ReportedOutcome,
        terms: SettlementTerms,
    ) -> Result<bool, MessageChangeError> {
        let place = self.sent[message].place;
        let end = match (reported, place) {
            (ReportedOutcome::Accepted, _) => None,
            (ReportedOutcome::Delivered, _) => Some(Outcome::Delivered),
            (ReportedOutcome::Unknown, _) => Some(Outcome::Unknown),
            (ReportedOutcome::Expired, Place::Nowhere) => Some(Outcome::Expired),
            (ReportedOutcome::Rejected, Place::Nowhere) => Some(Outcome::Rejected),
            _ => Some(Outcome::Undelivered),
        };
        if let Place::Ended(_) = place {
            let said = self.sent[message].reported;
            return match reported {
                _ if said == Some(reported) => Ok(false),
                ReportedOutcome::Accepted if said.is_some() => Ok(false),
                _ => Err(MessageChangeError::Final),
            };
        }
        if place == Place::Elsewhere && end.is_none() {
            return Ok(false);
        }
        let taken = matches!(end, None | Some(Outcome::Delivered | Outcome::Undelivered));
        if place == Place::Nowhere && taken {
            let sent = self.sent[message].clone();
            self.count(&sent, |counters| counters.submitted += 1);
            (self.sent[message].place, self.sent[message].taken_elsewhere) = (Place::Elsewhere, 1);
        }
        (self.sent[message].reported, self.sent[message].terms) = (Some(reported), terms);
        if let Some(outcome) = end {
            self.end(message, outcome);
        }
        Ok(true)
    }
}

impl Pair {
    pub fn refund(&mut self, message: usize) {
        let Some((message, sent)) = self.pick(message) else { return };
        let (account, id) = (self.accounts[sent.account], sent.id);
        match self.books.refund(account, id) {
            Err(MessageChangeError::Unavailable(_)) => {}
            result => {
                let result = result.map(|changed| changed.changed_now);
                assert_eq!(result, self.model.refund(message));
            }
        }
    }

    pub fn report(&mut self, message: usize, outcome: ReportedOutcome, terms: SettlementTerms) {
        let Some((message, sent)) = self.pick(message) else { return };
        let (account, id) = (self.accounts[sent.account], sent.id);
        match self.books.report(account, id, outcome, terms) {
            Err(MessageChangeError::Unavailable(_)) => {}
            result => {
                let expected = match self.route(message) {
                    Some(_) => Err(MessageChangeError::NotChargeOnly),
                    None => self.model.report(message, outcome, terms),
                };
                assert_eq!(result.map(|changed| changed.changed_now), expected);
            }
        }
    }
}
