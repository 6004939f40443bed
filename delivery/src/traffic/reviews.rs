//! Operators that become available, or are so no longer, and the messages that go elsewhere then.

use tollgate_engine::health::ResponseKind;
use tollgate_engine::operator::OperatorNumber;

use crate::effect::Report;
use crate::now::Now;
use crate::operator::Review;

use super::Traffic;

impl Traffic {
    /// Follows what a review of an operator has found: messages of one that is shut go elsewhere, and those that nobody
    /// took are offered again when one has become available or is tried out.
    pub fn reviewed(&mut self, number: OperatorNumber, review: Review) {
        let has_changed = self.operators.set_probed(number, review.is_probed);
        self.operators.stir(number);
        self.operators.look_at(number);
        if review.is_shut {
            self.strand(number);
        }
        if let Some(is_available) = review.availability {
            self.report(Report::Available { operator: number, is_available });
        }
        if review.availability.is_some() || (has_changed && review.is_probed) {
            self.give_up_standby(number);
            self.recall();
            self.operators.look_at_all();
        }
    }

    /// Puts back what was ready for an operator that takes none any more.
    fn strand(&mut self, number: OperatorNumber) {
        let Some(operator) = self.operators.get_mut(number) else { return };
        let stranded: Vec<u64> = operator.ready.drain(..).collect();
        for id in stranded {
            self.come_back(id);
        }
    }

    /// Puts back what stands by for an operator, or for others instead of it.
    fn give_up_standby(&mut self, number: OperatorNumber) {
        for other in self.operators.numbers() {
            let Some(operator) = self.operators.get_mut(other) else { continue };
            let messages = &self.messages;
            let first_choice = |id: u64| messages.get(id).map(|tracked| tracked.message.key.first_choice);
            let is_back = |id: u64| other == number || first_choice(id) == Some(number);
            let back: Vec<_> = operator.standby.iter().filter(|(_, id)| is_back(*id)).copied().collect();
            for place in &back {
                operator.standby.remove(place);
            }
            for (_, id) in back {
                self.come_back(id);
            }
        }
    }

    /// Notes how an operator has answered. Messages that were ready for it may have to go elsewhere.
    pub fn note_answer(
        &mut self,
        number: OperatorNumber,
        country: u16,
        kind: Option<ResponseKind>,
        latency: u64,
        now: Now,
    ) {
        let Some(operator) = self.operators.get_mut(number) else { return };
        match kind {
            Some(ResponseKind::Temporary | ResponseKind::Lost) => {
                operator.countries.failed(country, now.steady);
            }
            Some(_) => operator.countries.succeeded(country, now.steady),
            None => {
                operator.not_sent();
                return self.operators.stir(number);
            }
        }
        let Some(kind) = kind else { return };
        let review = operator.note_answer(now.steady, latency, kind);
        self.reviewed(number, review);
    }
}
