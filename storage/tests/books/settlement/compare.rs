//! The comparison of the books with the model.

use std::collections::BTreeSet;

use tollgate_engine::money::Amount;
use tollgate_engine::settlement::Outcome;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::message::{Message, QueueKey};
use tollgate_storage::rows::{DispatchCounters, EntryKind, LedgerEntry, MessageState, Row, StateRow};
use tollgate_storage::schema::{Family, id_of_place, parse_account_id_key, volume_key};

use super::pair::{DISPATCHES, Pair};
use super::words::{COST, COST_IN_ACCOUNT_CURRENCY, Place, Sent};

impl Pair {
    pub fn compare(&self) {
        self.compare_money();
        self.compare_usage();
        for (message, sent) in self.model.sent.iter().enumerate() {
            self.compare_message(message, sent);
        }
        self.compare_receipts();
        let leases: Vec<u64> =
            self.books.store.queue().leases().unwrap().iter().map(|lease| lease.id).collect();
        assert_eq!(leases, self.model.leases.keys().copied().collect::<Vec<_>>());
        let report = self.books.prove();
        assert_eq!(report.cdrs, self.model.sent.len() as u64);
    }

    fn compare_money(&self) {
        let Self { books, accounts, model, .. } = self;
        for (account, micros) in &model.balances {
            assert_eq!(books.durable_wallet(accounts[*account]).balance.micros(), i128::from(*micros));
            assert_eq!(books.wallet(accounts[*account]).state().balance.micros(), i128::from(*micros));
        }
        for ((account, month), segments) in &model.volumes {
            let row = self.row(Family::Volumes, &volume_key(accounts[*account], *month));
            assert_eq!(row.unwrap(), segments.to_be_bytes());
        }
        for ((account, dispatch), counted) in &model.dispatches {
            let kept = books
                .store
                .dispatches()
                .counters(accounts[*account], DISPATCHES[*dispatch])
                .unwrap()
                .unwrap();
            let expected = DispatchCounters {
                messages: counted.messages,
                segments: counted.segments,
                submitted: counted.submitted,
                delivered: counted.delivered,
                failed: counted.failed,
                cancelled: counted.cancelled,
                unconfirmed: counted.unconfirmed,
                cost: Amount::from_micros(counted.cost).into(),
                cost_operators: Amount::from_micros(counted.cost_operators).into(),
            };
            assert_eq!(kept, expected);
        }
        self.compare_refunds();
    }

    /// Each refund is in the ledger once.
    fn compare_refunds(&self) {
        let mut refunds = Vec::new();
        let read = |key: &[u8], value: &[u8]| {
            let entry = LedgerEntry::read(value).unwrap();
            if entry.kind == EntryKind::Refund {
                let id: u64 = entry.reference.parse().unwrap();
                refunds.push((parse_account_id_key(key).unwrap().0, id, entry.amount.micros()));
            }
            true
        };
        self.books.store.scan(Family::Ledger, &[], read).unwrap();
        refunds.sort_unstable();
        let refunded = self.model.sent.iter().filter(|sent| sent.refunded);
        let expected: BTreeSet<_> =
            refunded.map(|sent| (self.accounts[sent.account], sent.id, sent.micros)).collect();
        assert_eq!(refunds, expected.into_iter().collect::<Vec<_>>());
    }

    fn compare_message(&self, message: usize, sent: &Sent) {
        let store = &self.books.store;
        let state = store.messages().state(self.accounts[sent.account], sent.id).unwrap();
        if let Some(route) = self.route(message) {
            let key = QueueKey {
                first_choice: self.operators[route.first_choice],
                class: route.class,
                message_id: sent.id,
            };
            let queued = store.queue().row(key).unwrap();
            let scheduled = route
                .scheduled_at
                .and_then(|at| store.queue().scheduled_row(UnixMicros(at), sent.id).unwrap());
            let is_scheduled = matches!(sent.place, Place::Scheduled(_));
            let places = (queued.is_some(), scheduled.is_some(), state.is_some());
            let waits = sent.place == Place::Queued || is_scheduled;
            assert_eq!(places, (sent.place == Place::Queued, is_scheduled, !waits), "{sent:?}");
            if let Some(bytes) = queued.or(scheduled.map(|row| row.bytes)) {
                let text = Message::read(sent.id, &bytes).unwrap().content.payload.first().copied();
                assert_eq!(text.unwrap_or(0), sent.text, "{sent:?}");
            }
        }
        if let Some(state) = state {
            self.compare_state(sent, &state);
        } else {
            assert!(!sent.refunded && sent.taken == 0);
        }
    }

    fn compare_state(&self, sent: &Sent, state: &StateRow) {
        assert_eq!(
            (state.is_refunded, state.refunded.micros()),
            if sent.refunded { (true, sent.micros) } else { (false, 0) }
        );
        assert_eq!(state.cost.micros(), COST * sent.taken);
        let in_account = state.cost_in_account_currency.unwrap_or_default();
        assert_eq!(in_account.micros(), COST_IN_ACCOUNT_CURRENCY * sent.taken);
        assert_eq!(state.refunded_by_hand, sent.refunded_by_hand);
        let was_taken = sent.taken + sent.taken_elsewhere > 0;
        assert_eq!((state.accepted_at.is_some(), state.possible_duplicate), (was_taken, sent.taken > 1));
        let expected: &[MessageState] = match sent.place {
            Place::Nowhere | Place::Scheduled(_) | Place::Queued => &[],
            Place::WithOperator | Place::Elsewhere => &[MessageState::Enroute],
            Place::Unconfirmed => &[MessageState::Accepted],
            Place::Ended(Outcome::Delivered) => &[MessageState::Delivered],
            Place::Ended(Outcome::Expired) => &[MessageState::Expired],
            Place::Ended(Outcome::Rejected) => &[MessageState::Rejected],
            Place::Ended(Outcome::Cancelled) => &[MessageState::Deleted],
            Place::Ended(Outcome::Unknown) => &[MessageState::Unknown],
            Place::Ended(Outcome::Undelivered) => &[
                MessageState::Undeliverable,
                MessageState::Expired,
                MessageState::Deleted,
                MessageState::Rejected,
            ],
        };
        assert!(expected.contains(&state.state), "{:?} of {sent:?}", state.state);
        if let Some((operator, id)) = sent.awaited {
            assert_eq!((state.operator, &state.upstream_id[..]), (self.operators[operator], &[id][..]));
        }
    }

    fn compare_receipts(&self) {
        for (account, number) in self.accounts.iter().enumerate() {
            let rows = self.books.store.receipts().after(*number, 0, usize::MAX).unwrap();
            let kept: Vec<_> =
                rows.iter().map(|(_, row)| (row.message_id, row.state, row.intermediate)).collect();
            let told = self.model.told.get(&account).into_iter().flatten();
            let expected: Vec<_> =
                told.map(|told| (told.visible_id, told.state, told.intermediate)).collect();
            assert_eq!(kept, expected);
        }
        let awaited = self.model.sent.iter().filter_map(|sent| sent.awaited);
        let mut awaited: Vec<_> =
            awaited.map(|(operator, id)| (self.operators[operator], vec![id])).collect();
        awaited.sort_unstable();
        let overdue = self.books.store.upstream().overdue(UnixMicros(u64::MAX), usize::MAX).unwrap();
        let mut overdue: Vec<_> =
            overdue.into_iter().map(|(operator, place)| (operator, id_of_place(&place).to_vec())).collect();
        overdue.sort_unstable();
        assert_eq!(overdue, awaited);
        let unmatched = self.books.store.receipts().unmatched(None).unwrap();
        for (position, operator) in self.operators.iter().enumerate() {
            let rows = unmatched.iter().filter(|(of, ..)| of == operator);
            let ids: Vec<_> = rows.map(|(.., row)| (row.ids.concat(), row.state, row.intermediate)).collect();
            let kept = self.model.kept.iter().filter(|kept| kept.operator == position);
            let expected: Vec<_> =
                kept.map(|kept| (kept.ids.clone(), kept.state, kept.intermediate)).collect();
            assert_eq!(ids, expected);
        }
    }
}
