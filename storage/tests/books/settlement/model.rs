//! The books as a clerk would keep them: lists and maps, every rule written out once more.

use std::collections::{BTreeMap, HashMap};

use tollgate_engine::settlement::{ChargeOn, Outcome, ReceiptState};
use tollgate_engine::time::Month;

use super::words::{
    COST_IN_ACCOUNT_CURRENCY, Counters, Event, Expected, Kept, News, Place, Sent, Told, UpstreamId,
};

#[derive(Debug, Default)]
pub struct Model {
    pub balances: BTreeMap<usize, i64>,
    pub volumes: BTreeMap<(usize, Month), u64>,
    pub dispatches: BTreeMap<(usize, usize), Counters>,
    pub sent: Vec<Sent>,
    pub leases: BTreeMap<u64, Vec<usize>>,
    /// The messages that have an id: the one that leads, then the others by age.
    pub ids: HashMap<UpstreamId, Vec<usize>>,
    pub kept: Vec<Kept>,
    pub told: BTreeMap<usize, Vec<Told>>,
    pub serial: u64,
}

/// The operator that refuses a message last, which no other gets.
pub fn refused_by(message: usize) -> usize {
    message % 2
}

impl Model {
    pub fn charge(&mut self, sent: Sent) {
        *self.balances.entry(sent.account).or_default() -= sent.micros;
        *self.volumes.entry((sent.account, sent.month)).or_default() += sent.segments;
        self.count(&sent, |counters| {
            counters.messages += 1;
            counters.segments += sent.segments;
            counters.cost += sent.micros;
        });
        self.sent.push(sent);
    }

    pub fn count(&mut self, sent: &Sent, change: impl FnOnce(&mut Counters)) {
        if let Some(dispatch) = sent.dispatch {
            change(self.dispatches.entry((sent.account, dispatch)).or_default());
        }
    }

    pub fn is_leased(&self, message: usize) -> bool {
        self.leases.values().flatten().any(|leased| *leased == message)
    }

    /// True if a message can still be cancelled or replaced.
    pub fn is_free(&self, message: usize) -> bool {
        let place = self.sent[message].place;
        matches!(place, Place::Nowhere | Place::Scheduled(_) | Place::Queued) && !self.is_leased(message)
    }

    /// A message comes to its end; its price is given back where the plan says so.
    pub fn end(&mut self, message: usize, outcome: Outcome) -> Expected {
        let was_accepted = matches!(self.sent[message].place, Place::WithOperator | Place::Elsewhere);
        let terms = self.sent[message].terms;
        let refunded = outcome == Outcome::Cancelled
            || terms.refund_on.contains(outcome)
            || (terms.charge_on == ChargeOn::Acceptance && !was_accepted)
            || (terms.charge_on == ChargeOn::Delivery && outcome != Outcome::Delivered);
        let sent = &mut self.sent[message];
        (sent.place, sent.refunded, sent.awaited) = (Place::Ended(outcome), refunded, None);
        let sent = sent.clone();
        if refunded {
            *self.balances.entry(sent.account).or_default() += sent.micros;
            *self.volumes.entry((sent.account, sent.month)).or_default() -= sent.segments;
        }
        self.count(&sent, |counters| {
            match outcome {
                Outcome::Delivered => counters.delivered += 1,
                Outcome::Cancelled => counters.cancelled += 1,
                _ => counters.failed += 1,
            }
            if refunded {
                counters.segments -= sent.segments;
                counters.cost -= sent.micros;
            }
        });
        Expected::Settled { message, outcome, refunded }
    }

    fn tell(&mut self, message: usize, state: ReceiptState, intermediate: bool) {
        let sent = &self.sent[message];
        let asked = sent.registered_delivery;
        let wanted = if intermediate {
            asked & 16 == 16
        } else {
            let success = state == ReceiptState::Delivered;
            asked & 3 == 1 || (asked & 3 == 2 && !success) || (asked & 3 == 3 && success)
        };
        if wanted {
            self.serial += 1;
            let told = Told { serial: self.serial, visible_id: sent.visible_id, state, intermediate };
            self.told.entry(sent.account).or_default().push(told);
        }
    }

    /// Whoever held messages in memory is gone, and reads them anew.
    pub fn forget(&mut self) {
        for sent in &mut self.sent {
            sent.news = None;
        }
    }

    pub fn cancel(&mut self, message: usize) {
        if self.sent[message].place == Place::Queued {
            self.sent[message].news = Some(News::Dropped);
        }
        self.end(message, Outcome::Cancelled);
    }

    pub fn replace(&mut self, message: usize, text: u8) {
        let sent = &mut self.sent[message];
        sent.text = text;
        if sent.place == Place::Queued {
            sent.news = Some(News::Replaced);
        }
    }

    pub fn apply(&mut self, event: &Event) -> Expected {
        match event {
            Event::Lease { lease, messages } => self.lease(*lease, messages),
            Event::Release { lease } => match self.leases.remove(lease) {
                Some(_) => Expected::Done,
                None => Expected::Noted,
            },
            Event::Accept { message, id, for_good } => self.accept(*message, *id, *for_good),
            Event::Fail { message, outcome } => self.fail(*message, *outcome),
            Event::Expire { message } => self.expire(*message),
            Event::Receipt(kept) => self.receipt(kept.clone()),
            Event::MatchedByAddress { message, kept } => self.matched_by_address(*message, kept),
            Event::TimeOut { id } => self.time_out(*id),
            Event::Due { until, at_most } => self.due(*until, *at_most),
            Event::Done { account, serials } => {
                let told = self.told.entry(*account).or_default();
                let before = told.len();
                told.retain(|told| !serials.contains(&told.serial));
                if told.len() < before { Expected::Done } else { Expected::Noted }
            }
        }
    }

    fn lease(&mut self, lease: u64, messages: &[usize]) -> Expected {
        let (mut dropped, mut replaced, mut leased) = (Vec::new(), Vec::new(), Vec::new());
        for message in messages {
            match self.sent[*message].news.take() {
                Some(News::Dropped) => dropped.push(*message),
                Some(News::Replaced) => {
                    replaced.push(*message);
                    leased.push(*message);
                }
                None => leased.push(*message),
            }
        }
        if !leased.is_empty() {
            self.leases.insert(lease, leased);
        }
        Expected::Leased { dropped, replaced }
    }

    fn accept(&mut self, message: usize, id: UpstreamId, for_good: bool) -> Expected {
        let sent = &self.sent[message];
        let first = sent.place == Place::Queued;
        let having = self.ids.entry(id).or_default();
        if !first && (sent.taken == 0 || having.contains(&message)) {
            return Expected::Noted;
        }
        // The one that leads waits for a receipt, if any of them does.
        let is_led = having.first().is_some_and(|leading| self.sent[*leading].awaited == Some(id));
        having.insert(usize::from(is_led), message);
        having[1..].sort_unstable();
        let sent = &mut self.sent[message];
        sent.taken += 1;
        if first {
            (sent.place, sent.news) = (Place::WithOperator, None);
        }
        let open = sent.place == Place::WithOperator;
        if open {
            (sent.awaited, sent.operator) = (Some(id), Some(id.0));
        }
        let sent = sent.clone();
        self.count(&sent, |counters| {
            counters.submitted += u64::from(first);
            counters.cost_operators += COST_IN_ACCOUNT_CURRENCY;
        });
        let settled = self.hear_early(message, id);
        if first && settled.is_none() && for_good && sent.terms.charge_on != ChargeOn::Delivery {
            (self.sent[message].place, self.sent[message].awaited) = (Place::Unconfirmed, None);
            self.count(&sent, |counters| counters.unconfirmed += 1);
        }
        settled.unwrap_or(Expected::Done)
    }

    /// Receipts that came before their message's id was known.
    fn hear_early(&mut self, message: usize, id: UpstreamId) -> Option<Expected> {
        let is_its = |kept: &&Kept| kept.operator == id.0 && kept.ids.contains(&id.1);
        let early: Vec<Kept> = self.kept.iter().filter(is_its).cloned().collect();
        let mut found = None;
        for kept in early {
            let Some((meant, id)) = self.meant(&kept).filter(|(meant, _)| *meant == message) else {
                continue;
            };
            self.kept.retain(|other| *other != kept);
            let outcome = self.hear(meant, id, kept.state, kept.intermediate);
            found = found.or(Some(outcome).filter(|outcome| *outcome != Expected::Noted));
        }
        found
    }

    /// The message that a receipt means, where it can mean one alone. All of them went to one number.
    fn meant(&self, kept: &Kept) -> Option<(usize, UpstreamId)> {
        let ids = kept.ids.iter().map(|id| (kept.operator, *id)).enumerate();
        let known = ids.flat_map(|(reading, id)| {
            let having = self.ids.get(&id).into_iter().flatten();
            having.map(move |message| ((self.sent[*message].awaited == Some(id), reading == 0), *message, id))
        });
        let known: Vec<_> = known.collect();
        let best = known.iter().map(|(rank, ..)| *rank).max()?;
        let mut likely = known.iter().filter(|(rank, ..)| *rank == best);
        let (_, message, id) = *likely.next()?;
        let is_one = !best.0 || likely.all(|(_, other, _)| *other == message);
        is_one.then_some((message, id))
    }

    fn hear(&mut self, message: usize, id: UpstreamId, state: ReceiptState, intermediate: bool) -> Expected {
        if self.sent[message].place != Place::WithOperator {
            return Expected::Noted;
        }
        let outcome = match state {
            _ if intermediate => None,
            ReceiptState::Scheduled | ReceiptState::Enroute | ReceiptState::Accepted => None,
            ReceiptState::Delivered => Some(Outcome::Delivered),
            ReceiptState::Unknown => Some(Outcome::Unknown),
            _ => Some(Outcome::Undelivered),
        };
        if outcome.is_some() {
            self.sent[message].operator = Some(id.0);
        }
        let expected = outcome.map_or(Expected::Noted, |outcome| self.end(message, outcome));
        self.tell(message, state, outcome.is_none());
        expected
    }

    fn receipt(&mut self, kept: Kept) -> Expected {
        if let Some((message, id)) = self.meant(&kept) {
            return self.hear(message, id, kept.state, kept.intermediate);
        }
        if !self.kept.contains(&kept) {
            self.kept.push(kept);
        }
        Expected::Unmatched
    }

    fn matched_by_address(&mut self, message: usize, kept: &Kept) -> Expected {
        if self.sent[message].place != Place::Queued || !self.kept.contains(kept) {
            return Expected::Noted;
        }
        let id = (kept.operator, kept.ids[0]);
        let accepted = self.accept(message, id, false);
        // Another message has the id too, and the receipt is this one's all the same.
        if !self.kept.contains(kept) {
            return accepted;
        }
        self.kept.retain(|other| other != kept);
        let heard = self.hear(message, id, kept.state, kept.intermediate);
        if accepted == Expected::Done { heard } else { accepted }
    }

    fn fail(&mut self, message: usize, outcome: Outcome) -> Expected {
        if self.sent[message].place != Place::Queued {
            return Expected::Noted;
        }
        (self.sent[message].news, self.sent[message].operator) = (None, Some(refused_by(message)));
        self.give_up(message, outcome)
    }

    fn expire(&mut self, message: usize) -> Expected {
        let sent = &self.sent[message];
        let expires = match sent.place {
            Place::Queued => !self.is_leased(message),
            Place::Scheduled(_) => sent.expires,
            _ => false,
        };
        if !expires {
            return Expected::Noted;
        }
        if sent.place == Place::Queued {
            self.sent[message].news = Some(News::Dropped);
        }
        self.give_up(message, Outcome::Expired)
    }

    fn give_up(&mut self, message: usize, outcome: Outcome) -> Expected {
        let settled = self.end(message, outcome);
        let state = match outcome {
            Outcome::Rejected => ReceiptState::Rejected,
            Outcome::Expired => ReceiptState::Expired,
            _ => ReceiptState::Unknown,
        };
        self.tell(message, state, false);
        settled
    }

    fn time_out(&mut self, id: UpstreamId) -> Expected {
        let leading = self.ids.get(&id).and_then(|having| having.first()).copied();
        match leading.filter(|message| self.sent[*message].awaited == Some(id)) {
            Some(message) => self.give_up(message, Outcome::Unknown),
            None => Expected::Noted,
        }
    }

    fn due(&mut self, until: u64, at_most: usize) -> Expected {
        let mut due: Vec<(u64, usize)> = Vec::new();
        for (message, sent) in self.sent.iter().enumerate() {
            if let Place::Scheduled(at) = sent.place
                && at <= until
            {
                due.push((at, message));
            }
        }
        due.sort_unstable();
        due.truncate(at_most);
        for (_, message) in &due {
            (self.sent[*message].place, self.sent[*message].news) = (Place::Queued, None);
        }
        Expected::Due(due.len())
    }
}
