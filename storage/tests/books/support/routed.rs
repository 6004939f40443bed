//! Whoever hands messages to operators, as the committer sees it: it is told which messages wait, and tells what happens
//! to them.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::{Outcome, ReceiptState};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::delivery::{Acceptance, AnsweredReceipt, DeliveryEvent};
use tollgate_storage::journal::Journal;
use tollgate_storage::message::{QueueKey, QueuedRow};
use tollgate_storage::rows::{GatewayReceipt, MessageState, ReceiptAnswer, StateRow};
use tollgate_storage::store::Store;

use super::{Books, LIMITS, Message, Route};

/// The price that an operator of the tests asks for a message.
pub const COST: Amount = Amount::from_micros(30_000);

/// The time that the tests' receipts name.
pub const DONE_AT: UnixMicros = UnixMicros(1_790_000_000_000_000);

/// The time at which gateways of the tests answer receipts.
pub const ANSWERED_AT: UnixMicros = UnixMicros(1_790_000_000_000_009);

/// Books with an account `a` and two operators.
pub struct RoutedBooks {
    pub dir: tempfile::TempDir,
    pub books: Books,
    pub account: AccountNumber,
    pub alpha: OperatorNumber,
    pub beta: OperatorNumber,
}

impl RoutedBooks {
    pub fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let books = Books::open(dir.path());
        let account = books.provision(&["a"], 1_000)[0];
        let operators = books.provision_operators(&["alpha", "beta"]);
        Self { dir, books, account, alpha: operators[0], beta: operators[1] }
    }

    /// Closes the books and opens them again.
    pub fn reopen(self) -> Self {
        self.reopen_with(|store| {
            tollgate_storage::journal::RocksJournal::new(store, tollgate_storage::store::Durability::Os)
        })
    }

    pub fn reopen_with<J: Journal>(self, journal: impl FnOnce(std::sync::Arc<Store>) -> J) -> Self {
        self.books.close();
        let books = Books::open_with(self.dir.path(), LIMITS, journal);
        Self { books, ..self }
    }

    pub fn close(self) {
        self.books.close();
    }

    /// Charges a message and hears that it waits.
    pub fn send(&self, message: &Message<'_>) -> QueuedRow {
        let id = self.charge(message);
        let heard = self.books.recorder.take();
        assert_eq!(heard.queued.iter().map(|row| row.key.message_id).collect::<Vec<_>>(), [id]);
        heard.queued.into_iter().next().unwrap()
    }

    /// Charges a message; its id.
    pub fn charge(&self, message: &Message<'_>) -> u64 {
        let mut session = self.books.session(self.account);
        let mut chunk = session.chunk();
        session.charge(&mut chunk, message).unwrap();
        self.books.committer.try_charge(chunk).unwrap();
        session.first_id()
    }

    /// Charges a plain message to `alpha`.
    pub fn send_plain(&self) -> QueuedRow {
        self.send(&Message { route: Some(Route::to(self.alpha)), ..Message::default() })
    }

    pub fn state(&self, message_id: u64) -> Option<StateRow> {
        self.books.store.messages().state(self.account, message_id).unwrap()
    }

    pub fn message_state(&self, message_id: u64) -> Option<MessageState> {
        self.state(message_id).map(|row| row.state)
    }

    pub fn is_queued(&self, key: QueueKey) -> bool {
        self.books.store.queue().row(key).unwrap().is_some()
    }

    /// The receipts that gateways are to get.
    pub fn receipts(&self) -> Vec<(u64, GatewayReceipt)> {
        self.books.store.receipts().after(self.account, 0, 1_000).unwrap()
    }

    /// The part of the opening balance that is gone, in micros.
    pub fn spent(&self) -> i64 {
        let left = self.books.durable_wallet(self.account).balance.amount().unwrap();
        1_000_000_000 - left.micros()
    }
}

/// A yes to a message.
pub fn acceptance(row: &QueuedRow, operator: OperatorNumber, upstream_id: &[u8]) -> Acceptance {
    Acceptance {
        key: row.key,
        row: row.bytes.clone(),
        operator,
        upstream_id: upstream_id.to_vec(),
        final_now: false,
        cost: COST,
        cost_currency: Currency::new("EUR").unwrap(),
        cost_in_account_currency: Some(Amount::from_micros(33_000)),
        attempts: 1,
        tried: Vec::new(),
        possible_duplicate: false,
    }
}

pub fn accepted(row: &QueuedRow, operator: OperatorNumber, upstream_id: &[u8]) -> DeliveryEvent {
    DeliveryEvent::Accepted(acceptance(row, operator, upstream_id))
}

/// Reports that a message was given up.
pub fn failed(row: &QueuedRow, outcome: Outcome) -> DeliveryEvent {
    let bytes = Some(row.bytes.clone());
    DeliveryEvent::Failed {
        key: row.key,
        row: bytes,
        outcome,
        error: 11,
        operator: None,
        attempts: 2,
        tried: Vec::new(),
    }
}

/// The validity of a message has ended, of which no more is known than its key.
pub fn expired(key: QueueKey) -> DeliveryEvent {
    let outcome = Outcome::Expired;
    DeliveryEvent::Failed {
        key,
        row: None,
        outcome,
        error: 0,
        operator: None,
        attempts: 0,
        tried: Vec::new(),
    }
}

/// A receipt for the destination of every test's messages.
pub fn receipt(operator: OperatorNumber, ids: &[&[u8]], state: ReceiptState) -> DeliveryEvent {
    DeliveryEvent::Receipt {
        operator,
        ids: ids.iter().map(|id| id.to_vec()).collect(),
        state,
        intermediate: false,
        error: b"000".to_vec(),
        network_error: None,
        done_at: DONE_AT,
        done_date: None,
        source: b"254722000001".to_vec(),
        destination: b"TOLLGATE".to_vec(),
    }
}

/// A gateway has answered receipts, all with this command_status.
pub fn answered(account: AccountNumber, ids: &[u64], status: u32) -> DeliveryEvent {
    let answer = ReceiptAnswer { at: ANSWERED_AT, status };
    let receipts = ids.iter().map(|id| AnsweredReceipt { id: *id, answer }).collect();
    DeliveryEvent::ReceiptsDone { account, receipts }
}

pub fn leased(lease: u64, operator: OperatorNumber, keys: &[QueueKey]) -> DeliveryEvent {
    DeliveryEvent::Leased { lease, operator, keys: keys.to_vec() }
}
