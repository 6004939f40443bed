//! Happenings in the words of both: as the committer is told of them, and as the model is.

use std::collections::BTreeMap;

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::delivery::{Acceptance, DeliveryEvent};
use tollgate_storage::message::{QueueKey, QueuedRow};

use super::happenings::Happening;
use super::model::refused_by;
use super::pair::{Pair, Pairs};
use super::words::{COST, COST_IN_ACCOUNT_CURRENCY, Event, Kept, Place, Sent};
use crate::support::routed::{self, DONE_AT, answered};

impl Pair {
    pub fn pick(&self, message: usize) -> Option<(usize, &Sent)> {
        let message = message.checked_rem(self.model.sent.len())?;
        Some((message, &self.model.sent[message]))
    }

    fn pick_held(&self, message: usize) -> Option<(usize, QueuedRow)> {
        let at = message.checked_rem(self.held.len())?;
        self.held.iter().nth(at).map(|(message, row)| (*message, row.clone()))
    }

    pub fn pairs(&mut self, happenings: Vec<Happening>) -> Pairs {
        happenings.into_iter().filter_map(|happening| self.pair(happening)).collect()
    }

    /// An event in the words of both; `None` where there is nothing that it could be about.
    fn pair(&mut self, happening: Happening) -> Option<(DeliveryEvent, Event)> {
        Some(match happening {
            Happening::Lease { messages, operator } => self.lease(&messages, operator)?,
            Happening::Release { lease } => {
                let lease = lease as u64 % (self.last_lease + 1);
                (DeliveryEvent::Released { lease }, Event::Release { lease })
            }
            Happening::Accept { message, operator, id, for_good } => {
                let (message, row) = self.pick_held(message)?;
                let acceptance = self.acceptance(&row, operator, id, for_good);
                let event = Event::Accept { message, id: (operator, id), for_good };
                (DeliveryEvent::Accepted(acceptance), event)
            }
            Happening::Fail { message, outcome } => {
                let (message, QueuedRow { key, bytes }) = self.pick_held(message)?;
                let row = Some(bytes);
                let told = DeliveryEvent::Failed {
                    key,
                    row,
                    outcome,
                    error: 8,
                    operator: Some(self.operators[refused_by(message)]),
                    attempts: 1,
                    tried: Vec::new(),
                };
                (told, Event::Fail { message, outcome })
            }
            Happening::Expire { message } => {
                let (message, sent) = self.pick(message)?;
                let route = self.wanted[&message].0.route?;
                let first_choice = self.operators[route.first_choice];
                let key = QueueKey { first_choice, class: route.class, message_id: sent.id };
                (routed::expired(key), Event::Expire { message })
            }
            Happening::Receipt { operator, ids, state, intermediate } => {
                let kept = Kept { operator, ids, state, intermediate };
                (self.receipt(&kept), Event::Receipt(kept))
            }
            Happening::MatchedByAddress { message, unmatched } => {
                self.matched_by_address(message, unmatched)?
            }
            Happening::TimeOut { operator, id } => {
                let event = Event::TimeOut { id: (operator, id) };
                let operator = self.operators[operator];
                (DeliveryEvent::ReceiptTimedOut { operator, place: vec![id] }, event)
            }
            Happening::Due { until, at_most } => {
                let event = Event::Due { until, at_most: at_most as usize };
                (DeliveryEvent::Due { until: UnixMicros(until), at_most }, event)
            }
            Happening::Done { account, receipts } => self.done(account, &receipts)?,
        })
    }

    fn lease(&mut self, messages: &[usize], operator: usize) -> Option<(DeliveryEvent, Event)> {
        let mut rows = BTreeMap::new();
        for message in messages {
            let (message, row) = self.pick_held(*message)?;
            let sent = &self.model.sent[message];
            if sent.place == Place::Queued || sent.news.is_some() {
                rows.insert(message, row.key);
            }
        }
        self.last_lease += 1;
        let lease = self.last_lease;
        let keys = rows.values().copied().collect();
        let told = DeliveryEvent::Leased { lease, operator: self.operators[operator], keys };
        Some((told, Event::Lease { lease, messages: rows.into_keys().collect() }))
    }

    fn acceptance(&self, row: &QueuedRow, operator: usize, id: u8, for_good: bool) -> Acceptance {
        Acceptance {
            key: row.key,
            row: row.bytes.clone(),
            operator: self.operators[operator],
            upstream_id: vec![id],
            final_now: for_good,
            cost: Amount::from_micros(COST),
            cost_currency: Currency::new("EUR").unwrap(),
            cost_in_account_currency: Some(Amount::from_micros(COST_IN_ACCOUNT_CURRENCY)),
            attempts: 1,
            tried: Vec::new(),
            possible_duplicate: false,
        }
    }

    fn receipt(&self, kept: &Kept) -> DeliveryEvent {
        DeliveryEvent::Receipt {
            operator: self.operators[kept.operator],
            ids: kept.ids.iter().map(|id| vec![*id]).collect(),
            state: kept.state,
            intermediate: kept.intermediate,
            error: b"000".to_vec(),
            network_error: None,
            done_at: DONE_AT,
            done_date: None,
            source: b"254722000001".to_vec(),
            destination: b"TOLLGATE".to_vec(),
        }
    }

    fn matched_by_address(&self, message: usize, unmatched: usize) -> Option<(DeliveryEvent, Event)> {
        let (message, row) = self.pick_held(message)?;
        let rows = self.books.store.receipts().unmatched(None).unwrap();
        let (operator, id, found) = &rows[unmatched.checked_rem(rows.len())?];
        let operator = self.operators.iter().position(|number| number == operator).unwrap();
        let ids = found.ids.iter().map(|id| id[0]).collect();
        let kept = Kept { operator, ids, state: found.state, intermediate: found.intermediate };
        let acceptance = self.acceptance(&row, operator, 0, true);
        let told = DeliveryEvent::MatchedByAddress { acceptance, unmatched: *id };
        Some((told, Event::MatchedByAddress { message, kept }))
    }

    fn done(&self, account: usize, receipts: &[usize]) -> Option<(DeliveryEvent, Event)> {
        let number = self.accounts[account];
        let rows = self.books.store.receipts().after(number, 0, usize::MAX).unwrap();
        let told = self.model.told.get(&account)?;
        let (mut ids, mut serials) = (Vec::new(), Vec::new());
        for at in receipts {
            let at = at.checked_rem(rows.len())?;
            ids.push(rows[at].0);
            serials.push(told[at].serial);
        }
        Some((answered(number, &ids, 0), Event::Done { account, serials }))
    }
}
