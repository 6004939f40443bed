//! The books and the model side by side: what happens is told to both.

use std::collections::{BTreeMap, HashMap};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::wallet::Posting;
use tollgate_storage::chunk::{CancelError, ChunkOutcome};
use tollgate_storage::delivery::{DeliveryEvent, DeliveryResult, EventOutcome};
use tollgate_storage::message::{QueueKey, QueuedRow};
use tollgate_storage::schema::Family;

use super::happenings::{Step, Wanted, WantedRoute};
use super::model::Model;
use super::usage::{network, submitted_in};
use super::words::{Event, Expected, Place, Sent};
use crate::support::{Books, LIMITS, MONTH, Message, PATIENT, Route, Script, body, wait_until};

pub const DISPATCHES: [&[u8]; 2] = [b"spring", b"autumn"];

/// The opening balance in millionths.
const OPENING: i64 = 1_000_000_000;

/// An event as the committer and as the model is told it.
pub type Pairs = Vec<(DeliveryEvent, Event)>;

pub struct Pair {
    pub dir: tempfile::TempDir,
    pub script: Script,
    pub books: Books,
    pub accounts: Vec<AccountNumber>,
    pub operators: Vec<OperatorNumber>,
    pub model: Model,
    /// Messages that were charged, with their requests and postings.
    pub wanted: HashMap<usize, (Wanted, Posting)>,
    /// Rows of messages as whoever is to send them holds them.
    pub held: BTreeMap<usize, QueuedRow>,
    told: Vec<Pairs>,
    pub last_lease: u64,
    pub last_marker: u64,
}

impl Pair {
    pub fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let script = Script::default();
        let books = Books::open_patient(dir.path(), LIMITS, PATIENT, |store| script.journal(store));
        let accounts = books.provision(&["a", "b"], OPENING / 1_000_000);
        let operators = books.provision_operators(&["alpha", "beta"]);
        let model = Model { balances: BTreeMap::from([(0, OPENING), (1, OPENING)]), ..Model::default() };
        Self {
            dir,
            script,
            books,
            accounts,
            operators,
            model,
            wanted: HashMap::new(),
            held: BTreeMap::new(),
            told: Vec::new(),
            last_lease: 0,
            last_marker: 0,
        }
    }

    pub fn close(self) {
        self.books.close();
    }

    pub fn take(mut self, step: Step) -> Self {
        match step {
            Step::Charge { account, short_ids, month, quarter, messages } => {
                self.charge(account, short_ids, (Month(MONTH.0 + month), quarter), &messages);
            }
            Step::Events(happenings) => {
                let pairs = self.pairs(happenings);
                self.tell(pairs);
            }
            Step::Again { step } => self.again(step),
            Step::Cancel { message } => self.cancel(message),
            Step::Replace { message, text } => self.replace(message, text),
            Step::Refund { message } => self.refund(message),
            Step::Report { message, outcome, terms } => self.report(message, outcome, terms),
            Step::Trouble { fates, failing_recoveries } => {
                self.script.then(fates);
                self.script.fail_recoveries(failing_recoveries);
            }
            Step::Crash { meanwhile } => return self.crash(meanwhile),
        }
        wait_until(|| self.books.committer.is_available());
        self.listen();
        self
    }

    fn charge(
        &mut self,
        account: usize,
        short_ids: bool,
        (month, quarter): (Month, u32),
        messages: &[Wanted],
    ) {
        let mut session = self.books.session(self.accounts[account]);
        let mut chunk = session.chunk_with(submitted_in(quarter), short_ids);
        let mut postings = Vec::new();
        for wanted in messages {
            let posting = session.charge(&mut chunk, &self.message(wanted, month, &[])).unwrap();
            postings.push(posting);
        }
        self.books.committer.try_charge(chunk).unwrap();
        let ChunkOutcome::Durable { first_visible_id } = session.outcome().1 else { return };
        for (visible_id, (wanted, posting)) in (first_visible_id..).zip(messages.iter().zip(postings)) {
            let id = match u32::try_from(visible_id) {
                Ok(short) => {
                    let number = self.accounts[account];
                    self.books.store.messages().of_short_id(number, short).unwrap().unwrap()
                }
                Err(_) => visible_id,
            };
            self.wanted.insert(self.model.sent.len(), (*wanted, posting));
            self.model.charge(Sent { quarter, ..sent(id, visible_id, account, wanted, &posting) });
        }
    }

    fn message<'a>(&self, wanted: &Wanted, month: Month, text: &'a [u8]) -> Message<'a> {
        let route = wanted.route.map(|route| Route {
            has_postings: false,
            first_choice: self.operators[route.first_choice],
            class: route.class,
            scheduled_at: route.scheduled_at.map(UnixMicros),
            expires_at: route.expires_at.map(UnixMicros),
            terms: route.terms,
            registered_delivery: route.registered_delivery,
            text,
        });
        let (network, dispatch) = (network(wanted.network), wanted.dispatch.map(|at| DISPATCHES[at]));
        let (segments, price) = (wanted.segments, wanted.price);
        Message { segments, price, month, network, dispatch, route, ..Message::default() }
    }

    fn cancel(&mut self, message: usize) {
        let Some((message, sent)) = self.pick(message) else { return };
        let (account, id) = (self.accounts[sent.account], sent.id);
        match self.books.cancel(account, id) {
            Err(CancelError::Unavailable) => {}
            result => {
                let free = self.model.is_free(message);
                assert_eq!(result, if free { Ok(()) } else { Err(CancelError::Final) });
                if free {
                    self.model.cancel(message);
                }
            }
        }
    }

    fn replace(&mut self, message: usize, text: u8) {
        let Some((message, sent)) = self.pick(message) else { return };
        let (account, id, quarter) = (self.accounts[sent.account], sent.id, sent.quarter);
        let (wanted, posting) = self.wanted[&message];
        let text_octets = [text];
        let changed = self.message(&wanted, posting.month, &text_octets);
        // What is only charged has no text; whatever is asked of it is refused.
        let route = changed.route.unwrap_or(Route::to(self.operators[0]));
        let body = body(&changed, &route, &posting, submitted_in(quarter));
        match self.books.replace(account, id, &body) {
            Err(CancelError::Unavailable) => {}
            result => {
                let free = self.model.is_free(message) && wanted.route.is_some();
                assert_eq!(result, if free { Ok(()) } else { Err(CancelError::Final) });
                if free {
                    self.model.replace(message, text);
                }
            }
        }
    }

    fn again(&mut self, step: usize) {
        if self.told.is_empty() {
            return;
        }
        let pairs = self.told[step % self.told.len()].clone();
        // A lease has a number of its own, each time.
        self.tell(pairs.into_iter().filter(|(_, event)| !matches!(event, Event::Lease { .. })).collect());
    }

    /// Tells events until they are durable, and looks whether there came of each what was to come.
    pub fn tell(&mut self, pairs: Pairs) {
        let mut events: Vec<DeliveryEvent> = pairs.iter().map(|(event, _)| event.clone()).collect();
        let outcomes = loop {
            match self.books.deliver(events.clone()) {
                DeliveryResult::Durable(outcomes) => break outcomes,
                DeliveryResult::Refused(back) => {
                    assert_eq!(back, events);
                    events = back;
                    wait_until(|| self.books.committer.is_available());
                }
            }
        };
        assert_eq!(outcomes.len(), pairs.len());
        for (outcome, (_, event)) in outcomes.iter().zip(&pairs) {
            let expected = self.model.apply(event);
            self.expect(outcome, &expected, event);
        }
        self.told.push(pairs);
    }

    fn expect(&mut self, outcome: &EventOutcome, expected: &Expected, event: &Event) {
        let found = match outcome {
            EventOutcome::Done => Expected::Done,
            EventOutcome::Noted => Expected::Noted,
            EventOutcome::Due { released } => Expected::Due(*released as usize),
            EventOutcome::Settled { message_id, outcome, refunded, account, .. } => {
                let message = self.message_with(*message_id);
                assert_eq!(*account, self.accounts[self.model.sent[message].account]);
                Expected::Settled { message, outcome: *outcome, refunded: *refunded }
            }
            EventOutcome::Leased { dropped, replaced } => {
                let of = |key: &QueueKey| self.message_with(key.message_id);
                let dropped = dropped.iter().map(of).collect();
                let messages: Vec<usize> = replaced.iter().map(|row| of(&row.key)).collect();
                self.held.extend(messages.iter().copied().zip(replaced.iter().cloned()));
                Expected::Leased { dropped, replaced: messages }
            }
            EventOutcome::Unmatched { .. } => Expected::Unmatched,
            EventOutcome::ShortId(_) => panic!("nobody asked for a short id"),
        };
        assert_eq!(found, *expected, "{event:?}");
    }

    pub fn message_with(&self, id: u64) -> usize {
        self.model.sent.iter().position(|sent| sent.id == id).expect("a message that was charged")
    }

    /// Takes the queued messages that the committer reported; their sender holds them now.
    pub fn listen(&mut self) {
        for row in self.books.recorder.take().queued {
            let message = self.message_with(row.key.message_id);
            self.held.insert(message, row);
        }
    }

    /// The route that a message was given.
    pub fn route(&self, message: usize) -> Option<WantedRoute> {
        self.wanted[&message].0.route
    }

    /// A row as it is on disk.
    pub fn row(&self, family: Family, key: &[u8]) -> Option<Vec<u8>> {
        self.books.store.get(family, key).unwrap()
    }
}

fn sent(id: u64, visible_id: u64, account: usize, wanted: &Wanted, posting: &Posting) -> Sent {
    let route = wanted.route;
    Sent {
        id,
        visible_id,
        account,
        micros: posting.amount.micros(),
        segments: u64::from(wanted.segments),
        month: posting.month,
        quarter: 0,
        network: wanted.network,
        dispatch: wanted.dispatch,
        terms: route.map(|route| route.terms).unwrap_or_default(),
        registered_delivery: route.map_or(0, |route| route.registered_delivery),
        expires: route.is_some_and(|route| route.expires_at.is_some()),
        place: match route.map(|route| route.scheduled_at) {
            None => Place::Nowhere,
            Some(None) => Place::Queued,
            Some(Some(at)) => Place::Scheduled(at),
        },
        refunded: false,
        refunded_by_hand: false,
        taken_elsewhere: 0,
        reported: None,
        text: 0,
        news: None,
        operator: None,
        taken: 0,
        awaited: None,
    }
}
