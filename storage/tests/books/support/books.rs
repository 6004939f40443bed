//! A data directory with its committer, and the wallets in memory beside it, as the daemon holds them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::bundle::Bundle;
use tollgate_engine::money::Amount;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::{Wallet, WalletState, Wallets};
use tollgate_storage::change::{Change, ChangeError, Changed, EntryChange, EntryText, TariffFile};
use tollgate_storage::chunk::{CancelError, CommitOutcome};
use tollgate_storage::clock::{Clock, SystemClock};
use tollgate_storage::committer::{
    Cancellation, Committer, Durable, Limits, Patience, Provision, ProvisionChange, Provisioned,
    RefusalRecord, Replacement,
};
use tollgate_storage::countries::CountryTable;
use tollgate_storage::delivery::{DeliveryBatch, DeliveryEvent, DeliveryResult, EventOutcome};
use tollgate_storage::journal::{Journal, RocksJournal};
use tollgate_storage::keys::KeyRegistry;
use tollgate_storage::rows::{EntryKind, RefusalsRow};
use tollgate_storage::store::{Closed, Durability, Store, StoreOptions, Unavailable};
use tollgate_storage::verify::{Report, verify};

use super::{Recorder, Session, SetClock, wait};

/// Room for every test that is not about room.
pub const LIMITS: Limits = Limits { queue_messages: 10_000, batch_messages: 1_000, batch_bytes: 1 << 20 };

/// Impatient, so that a test with faults takes no time.
pub const PATIENCE: Patience =
    Patience { doubt_max: Duration::from_millis(5), retry_interval: Duration::from_millis(1) };

/// So patient that the outcome of a commit is always known before anybody is told that it is not.
pub const PATIENT: Patience =
    Patience { doubt_max: Duration::from_secs(20), retry_interval: Duration::from_millis(1) };

/// A store with defaults fit for a test.
pub fn options(path: &Path) -> StoreOptions {
    StoreOptions::at(path.to_owned())
}

/// An open data directory with its committer and wallets.
pub struct Books {
    pub store: Arc<Store>,
    pub committer: Committer,
    pub keys: Arc<KeyRegistry>,
    pub wallets: Arc<Wallets>,
    /// The record of the committer's calls.
    pub recorder: Arc<Recorder>,
    thread: JoinHandle<()>,
    end: End,
}

/// Waits, behind everything that holds the books, until their database is closed: the process of a test exits next.
struct End(Option<Closed>);

impl Drop for End {
    fn drop(&mut self) {
        if let Some(closed) = self.0.take() {
            closed.wait(Duration::from_secs(5));
        }
    }
}

impl Books {
    /// Opens a data directory, with the wallets that it holds.
    pub fn open(path: &Path) -> Self {
        Self::open_with(path, LIMITS, |store| RocksJournal::new(store, Durability::Sync))
    }

    pub fn open_with<J: Journal>(path: &Path, limits: Limits, journal: impl FnOnce(Arc<Store>) -> J) -> Self {
        Self::open_patient(path, limits, PATIENCE, journal)
    }

    /// Opens a data directory whose commits go by this clock.
    pub fn open_under(path: &Path, clock: &Arc<SetClock>) -> Self {
        let store = Arc::new(Store::open(options(path)).unwrap());
        let journal = RocksJournal::new(Arc::clone(&store), Durability::Sync);
        Self::over(store, journal, (LIMITS, PATIENCE), Arc::clone(clock) as Arc<dyn Clock>)
    }

    /// Opens a data directory with other settings.
    pub fn open_as(options: StoreOptions) -> Self {
        let store = Arc::new(Store::open(options).unwrap());
        let journal = RocksJournal::new(Arc::clone(&store), Durability::Sync);
        Self::over(store, journal, (LIMITS, PATIENCE), Arc::new(SystemClock))
    }

    /// Opens a data directory with a committer that keeps clients waiting as long as that.
    pub fn open_patient<J: Journal>(
        path: &Path,
        limits: Limits,
        patience: Patience,
        journal: impl FnOnce(Arc<Store>) -> J,
    ) -> Self {
        let store = Arc::new(Store::open(options(path)).unwrap());
        let journal = journal(Arc::clone(&store));
        Self::over(store, journal, (limits, patience), Arc::new(SystemClock))
    }

    fn over<J: Journal>(
        store: Arc<Store>,
        journal: J,
        (limits, patience): (Limits, Patience),
        clock: Arc<dyn Clock>,
    ) -> Self {
        let wallets = Arc::new(Wallets::default());
        let mut pockets: HashMap<_, _> = store.pockets().all(clock.due()).unwrap().into_iter().collect();
        for (number, state) in store.wallets().all().unwrap() {
            let pockets = pockets.remove(&number).unwrap_or_default();
            wallets.insert(Wallet::with_pockets(number, state, pockets));
        }
        let recorder = Arc::new(Recorder::new(Arc::clone(&wallets)));
        let durable = Arc::clone(&recorder) as Arc<dyn Durable>;
        let (committer, thread) =
            Committer::start_with(Arc::clone(&store), journal, limits, patience, durable, clock).unwrap();
        let keys = Arc::new(KeyRegistry::new(Arc::clone(&store)));
        let end = End(Some(store.closed()));
        Self { store, committer, keys, wallets, recorder, thread, end }
    }

    /// Ends as the daemon does: what is queued is written, then everything is closed.
    pub fn close(self) {
        let Self { store, committer, keys, wallets, recorder, thread, mut end } = self;
        drop((committer, keys, wallets, recorder, store));
        thread.join().unwrap();
        // A session that goes on may hold the books for longer.
        end.0 = None;
    }

    /// Makes accounts of these names with this much money each, known ones aside, and tariff `t1`.
    pub fn provision(&self, ids: &[&str], opening_units: i64) -> Vec<AccountNumber> {
        let accounts: Vec<_> = ids.iter().map(|id| (*id, "USD")).collect();
        self.provision_in(&accounts, opening_units)
    }

    /// Makes accounts in these currencies.
    pub fn provision_in(&self, accounts: &[(&str, &str)], opening_units: i64) -> Vec<AccountNumber> {
        let opening = Amount::from_micros(opening_units * 1_000_000);
        let accounts = wait(self.start_provision_in(accounts, opening, "t1")).unwrap().unwrap().accounts;
        for number in &accounts {
            if self.wallets.get(*number).is_none() {
                let state = WalletState { balance: opening.into(), ..WalletState::default() };
                self.wallets.insert(Wallet::new(*number, state));
            }
        }
        accounts
    }

    /// Puts a numbering plan with these countries in force.
    pub fn hold_countries(&self, countries: &Arc<CountryTable>) {
        let (reply, answer) = oneshot::channel();
        let number_countries = Some(Arc::clone(countries));
        let change =
            ProvisionChange { tariff_version: "t1".into(), number_countries, ..ProvisionChange::default() };
        self.committer.provision(Provision { change, reply });
        wait(answer).unwrap().unwrap();
    }

    /// Makes operators of these codes.
    pub fn provision_operators(&self, codes: &[&str]) -> Vec<OperatorNumber> {
        let operators = codes.iter().map(|code| Arc::from(*code)).collect();
        let (reply, answer) = oneshot::channel();
        let (accounts, tariff_version, tariff_files) = (Vec::new(), "t1".into(), Vec::new());
        let change = ProvisionChange {
            accounts,
            operators,
            tariff_version,
            tariff_files,
            ..ProvisionChange::default()
        };
        self.committer.provision(Provision { change, reply });
        wait(answer).unwrap().unwrap().operators
    }

    /// Asks for accounts and a tariff version, and does not wait.
    pub fn start_provision(
        &self,
        ids: &[&str],
        opening: Amount,
        tariff: &str,
    ) -> oneshot::Receiver<Result<Provisioned, Unavailable>> {
        let accounts: Vec<_> = ids.iter().map(|id| (*id, "USD")).collect();
        self.start_provision_in(&accounts, opening, tariff)
    }

    fn start_provision_in(
        &self,
        accounts: &[(&str, &str)],
        opening: Amount,
        tariff: &str,
    ) -> oneshot::Receiver<Result<Provisioned, Unavailable>> {
        let account = |(id, currency): &(&str, &str)| (Arc::from(*id), (*currency).to_owned(), opening);
        let accounts = accounts.iter().map(account).collect();
        let tariff_files = vec![TariffFile::new("plans.toml", tariff.as_bytes())];
        let (reply, answer) = oneshot::channel();
        let (operators, tariff_version) = (Vec::new(), tariff.into());
        let change = ProvisionChange {
            accounts,
            operators,
            tariff_version,
            tariff_files,
            ..ProvisionChange::default()
        };
        self.committer.provision(Provision { change, reply });
        answer
    }

    pub fn wallet(&self, account: AccountNumber) -> Arc<Wallet> {
        self.wallets.get(account).expect("the account is provisioned")
    }

    pub fn session(&self, account: AccountNumber) -> Session {
        Session::new(self.wallet(account), Arc::clone(&self.keys))
    }

    /// Adds a ledger entry of either sign and waits for its outcome. What a wallet lacks is lent to it.
    pub fn post(&self, account: AccountNumber, kind: EntryKind, amount: Amount) -> Result<(), ChangeError> {
        let (wallet, text) = (self.wallet(account), EntryText::reference("test"));
        let entry = if amount.is_negative() {
            EntryChange::debit(wallet, kind, amount.checked_neg().unwrap(), Amount::MAX, text)
        } else {
            EntryChange::credit(wallet, kind, amount, text)
        };
        let entries = vec![entry.map_err(|_| ChangeError::Balance)?];
        self.change(|change| change.entries = entries).map(drop)
    }

    /// Has refused messages written down and counted, and waits for that. A row of which nothing was written comes back.
    pub fn refuse(&self, row: RefusalsRow) -> Result<(), RefusalsRow> {
        let (ended, outcome) = oneshot::channel();
        let done = Box::new(move |left| drop(ended.send(left)));
        self.committer.record_refusals(RefusalRecord { row, done });
        wait(outcome).expect("the committer answers").map_or(Ok(()), Err)
    }

    /// Makes a change and waits for its outcome.
    pub fn change(&self, fill: impl FnOnce(&mut Change)) -> Result<Changed, ChangeError> {
        wait(self.start_change(fill)).expect("the committer answers")
    }

    /// Asks for a change and does not wait.
    pub fn start_change(
        &self,
        fill: impl FnOnce(&mut Change),
    ) -> oneshot::Receiver<Result<Changed, ChangeError>> {
        let (mut change, answer) = Change::begin();
        fill(&mut change);
        self.committer.change(change);
        answer
    }

    /// Cancels a message and waits for its outcome.
    pub fn cancel(&self, account: AccountNumber, message_id: u64) -> Result<(), CancelError> {
        let (reply, mut commit_outcomes) = mpsc::unbounded_channel();
        self.committer.cancel(Cancellation { account, message_id, token: 77, reply }).unwrap();
        loop {
            match wait(commit_outcomes.recv()) {
                Some(CommitOutcome::Cancelled { token: 77, result }) => return result,
                Some(CommitOutcome::InDoubt) => {}
                other => panic!("not the outcome of a cancellation: {other:?}"),
            }
        }
    }

    /// Cancels a message; true if the outcome is unknown.
    pub fn cancel_in_doubt(&self, account: AccountNumber, message_id: u64) -> bool {
        let (reply, mut commit_outcomes) = mpsc::unbounded_channel();
        self.committer.cancel(Cancellation { account, message_id, token: 77, reply }).unwrap();
        matches!(wait(commit_outcomes.recv()), Some(CommitOutcome::InDoubt))
    }

    /// Replaces a message's content and waits for the outcome.
    pub fn replace(&self, account: AccountNumber, message_id: u64, body: &[u8]) -> Result<(), CancelError> {
        let (reply, mut commit_outcomes) = mpsc::unbounded_channel();
        let body = body.into();
        self.committer.replace(Replacement { account, message_id, body, token: 78, reply }).unwrap();
        loop {
            match wait(commit_outcomes.recv()) {
                Some(CommitOutcome::Replaced { token: 78, result }) => return result,
                Some(CommitOutcome::InDoubt) => {}
                other => panic!("not the outcome of a replacement: {other:?}"),
            }
        }
    }

    /// Hands events over and waits for what becomes of them.
    pub fn deliver(&self, events: Vec<DeliveryEvent>) -> DeliveryResult {
        wait(self.start_deliver(events)).expect("the committer answers")
    }

    /// The outcome of one event that becomes durable.
    pub fn tell(&self, event: DeliveryEvent) -> EventOutcome {
        self.tell_all(vec![event]).remove(0)
    }

    /// The outcomes of events that become durable.
    pub fn tell_all(&self, events: Vec<DeliveryEvent>) -> Vec<EventOutcome> {
        match self.deliver(events) {
            DeliveryResult::Durable(outcomes) => outcomes,
            DeliveryResult::Refused(events) => panic!("refused: {events:?}"),
        }
    }

    /// Hands events over and does not wait.
    pub fn start_deliver(&self, events: Vec<DeliveryEvent>) -> oneshot::Receiver<DeliveryResult> {
        let (reply, answer) = oneshot::channel();
        let done = Box::new(move |result| drop(reply.send(result)));
        self.committer.deliver(DeliveryBatch { events, done }).expect("there is room in the queue");
        answer
    }

    pub fn durable_wallet(&self, account: AccountNumber) -> WalletState {
        self.store.wallets().of(account).unwrap().unwrap_or_default()
    }

    /// The pockets in memory are those on disk, but for bundles that have nothing left and counters of nothing.
    fn prove_pockets(&self, number: AccountNumber) {
        let in_memory = self.wallet(number).pockets();
        let durable = self.store.pockets();
        assert_eq!(in_memory.commission, durable.commission(number).unwrap());
        let left = |bundle: &Bundle| (bundle.left > 0).then(|| bundle.clone());
        let mut bundles: Vec<_> = in_memory.bundles.iter().filter_map(left).collect();
        bundles.sort_by_key(|bundle| bundle.number);
        let rows = durable.bundles(number).unwrap();
        let rows: Vec<_> = rows.iter().filter_map(|(number, row)| left(&row.bundle(*number))).collect();
        assert_eq!(bundles, rows, "bundles of account {}", number.0);
        for counter in in_memory.caps.iter().filter(|counter| counter.messages > 0) {
            assert_eq!(
                durable.caps(number).unwrap().iter().find(|kept| kept.cap == counter.cap),
                Some(counter)
            );
        }
    }

    /// Every account's wallet and pockets in memory are those on disk, and the books balance.
    pub fn prove(&self) -> Report {
        for (number, durable) in self.store.wallets().all().unwrap() {
            assert_eq!(used(self.wallet(number).state()), used(durable), "wallet {}", number.0);
            self.prove_pockets(number);
        }
        verify(&self.store).unwrap()
    }
}

/// A wallet whose months without segments do not tell it from another: a charge that was taken back leaves
/// one.
fn used(mut state: WalletState) -> WalletState {
    for volume in &mut state.volumes {
        if volume.segments == 0 {
            *volume = tollgate_engine::wallet::Volume::default();
        }
    }
    state.volumes.sort_by_key(|volume| std::cmp::Reverse(volume.month));
    state
}

/// A time far from now.
pub const FAR: UnixMicros = UnixMicros(u64::MAX / 1000);
