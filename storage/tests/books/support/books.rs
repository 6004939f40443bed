//! A data directory with its committer, and the wallets in memory beside it, as the daemon holds them.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::{Wallet, WalletState, Wallets};
use tollgate_storage::chunk::{CancelError, Notice};
use tollgate_storage::committer::{
    Cancellation, Committer, LedgerPosting, Limits, Patience, Provision, Provisioned,
};
use tollgate_storage::journal::{Journal, RocksJournal};
use tollgate_storage::keys::KeyRegistry;
use tollgate_storage::rows::EntryKind;
use tollgate_storage::store::{Durability, Store, StoreOptions, Unavailable};
use tollgate_storage::verify::{Report, verify};

use super::{Session, wait};

/// Room for every test that is not about room.
pub const LIMITS: Limits = Limits { queue_messages: 10_000, batch_messages: 1_000, batch_bytes: 1 << 20 };

/// Impatient, so that a test with faults takes no time.
pub const PATIENCE: Patience =
    Patience { doubt_max: Duration::from_millis(5), retry_interval: Duration::from_millis(1) };

/// A store with defaults fit for a test.
pub fn options(path: &Path) -> StoreOptions {
    StoreOptions { path: path.to_owned(), minimum_free_bytes: 0, cache_bytes: 1 << 20 }
}

/// Open books.
pub struct Books {
    pub store: Arc<Store>,
    pub committer: Committer,
    pub keys: Arc<KeyRegistry>,
    pub wallets: Wallets,
    thread: JoinHandle<()>,
}

impl Books {
    /// Opens a data directory, with the wallets that it holds.
    pub fn open(path: &Path) -> Self {
        Self::open_with(path, LIMITS, |store| RocksJournal::new(store, Durability::Sync))
    }

    pub fn open_with<J: Journal>(path: &Path, limits: Limits, journal: impl FnOnce(Arc<Store>) -> J) -> Self {
        let store = Arc::new(Store::open(options(path)).unwrap());
        let journal = journal(Arc::clone(&store));
        let (committer, thread) =
            Committer::start_with(Arc::clone(&store), journal, limits, PATIENCE).unwrap();
        let wallets = Wallets::default();
        for (number, state) in store.wallets().unwrap() {
            wallets.insert(Wallet::new(number, state));
        }
        let keys = Arc::new(KeyRegistry::new(Arc::clone(&store)));
        Self { store, committer, keys, wallets, thread }
    }

    /// Ends as the daemon does: what is queued is written, then everything is closed.
    pub fn close(self) {
        let Self { store, committer, keys, wallets, thread } = self;
        drop((committer, keys, wallets, store));
        thread.join().unwrap();
    }

    /// Makes accounts of these names with this much money each, known ones aside, and tariff `t1`.
    pub fn provision(&self, ids: &[&str], opening_units: i64) -> Vec<AccountNumber> {
        let opening = Amount::from_micros(opening_units * 1_000_000);
        let accounts = wait(self.start_provision(ids, opening, "t1")).unwrap().unwrap().accounts;
        for number in &accounts {
            if self.wallets.get(*number).is_none() {
                let state = WalletState { balance: opening, ..WalletState::default() };
                self.wallets.insert(Wallet::new(*number, state));
            }
        }
        accounts
    }

    /// Asks for accounts and a tariff version, and does not wait.
    pub fn start_provision(
        &self,
        ids: &[&str],
        opening: Amount,
        tariff: &str,
    ) -> oneshot::Receiver<Result<Provisioned, Unavailable>> {
        let accounts = ids.iter().map(|id| (Arc::from(*id), "USD".to_owned(), opening)).collect();
        let tariff_files = vec![("plans.toml".to_owned(), tariff.as_bytes().to_vec())];
        let (reply, answer) = oneshot::channel();
        self.committer.provision(Provision { accounts, tariff_version: tariff.into(), tariff_files, reply });
        answer
    }

    pub fn wallet(&self, account: AccountNumber) -> Arc<Wallet> {
        self.wallets.get(account).expect("the account is provisioned")
    }

    pub fn session(&self, account: AccountNumber) -> Session {
        Session::new(self.wallet(account), Arc::clone(&self.keys))
    }

    /// Adds a ledger entry and waits for its outcome.
    pub fn post(&self, account: AccountNumber, kind: EntryKind, amount: Amount) -> Result<(), Unavailable> {
        let (reply, answer) = oneshot::channel();
        let wallet = self.wallet(account);
        self.committer.post(LedgerPosting { wallet, kind, amount, reference: "test".to_owned(), reply });
        wait(answer).expect("the committer answers")
    }

    /// Cancels a message and waits for its outcome.
    pub fn cancel(&self, account: AccountNumber, message_id: u64) -> Result<(), CancelError> {
        let (reply, mut notices) = mpsc::unbounded_channel();
        let wallet = self.wallet(account);
        self.committer.cancel(Cancellation { wallet, message_id, token: 77, reply }).unwrap();
        match wait(notices.recv()) {
            Some(Notice::Cancelled { token: 77, result }) => result,
            other => panic!("not the outcome of a cancellation: {other:?}"),
        }
    }

    pub fn durable_wallet(&self, account: AccountNumber) -> WalletState {
        self.store.wallet(account).unwrap().unwrap_or_default()
    }

    /// Every account's wallet in memory is its wallet on disk, and the books balance.
    pub fn prove(&self) -> Report {
        for (number, durable) in self.store.wallets().unwrap() {
            assert_eq!(used(self.wallet(number).state()), used(durable), "wallet {}", number.0);
        }
        verify(&self.store).unwrap()
    }
}

/// A wallet whose months without segments do not tell it from another: a charge that was taken back leaves one.
fn used(mut state: WalletState) -> WalletState {
    for volume in &mut state.volumes {
        if volume.segments == 0 {
            *volume = tollgate_engine::wallet::Volume::default();
        }
    }
    state
}

/// A time far from now.
pub const FAR: UnixMicros = UnixMicros(u64::MAX / 1000);
