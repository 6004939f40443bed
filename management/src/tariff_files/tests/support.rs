//! Configurations in a temporary folder, and books that charge by them, for these tests.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::charging::{self, Message};
use tollgate_engine::money::Amount;
use tollgate_engine::segments::encode_text;
use tollgate_engine::tables::Tables;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::{Wallet, WalletState};
use tollgate_storage::cdr::{CdrFields, Source};
use tollgate_storage::change::TariffFile;
use tollgate_storage::chunk::{Chunk, ChunkHeader, ChunkOutcome, CommitOutcome};
use tollgate_storage::committer::{Cancellation, Committer, Limits, Provision, ProvisionChange};
use tollgate_storage::journal::RocksJournal;
use tollgate_storage::keys::KeyRegistry;
use tollgate_storage::store::{Durability, Store, StoreOptions};

use crate::tariff_files::{Change, EditError, Editor};
use tollgate_provisioning as config;
use tollgate_provisioning::{Loaded, Problems};

/// A configuration to be edited.
pub struct Folder(TempDir);

impl Folder {
    /// Everything in it, and few networks.
    pub fn small() -> Self {
        Self::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../provisioning/tests/config_small"))
    }

    /// The shipped one.
    pub fn shipped() -> Self {
        Self::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config"))
    }

    fn copy_of(from: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_all(from, folder.path());
        let folder = Self(folder);
        // Nothing here is about what needs approval.
        let mut accounts = folder.text("accounts.toml");
        for key in ["senders", "templates"] {
            accounts = accounts.replace(&format!("{key} = \"approved\"\n"), "\n");
        }
        folder.write("accounts.toml", &accounts);
        folder
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    pub fn config(&self) -> PathBuf {
        self.path("tollgate.toml")
    }

    pub fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    pub fn write(&self, file: &str, text: &str) -> &Self {
        fs::write(self.path(file), text).unwrap();
        self
    }

    pub fn edit(&self, file: &str, from: &str, to: &str) -> &Self {
        let text = self.text(file);
        assert!(text.contains(from), "{from:?} stands in {file}");
        self.write(file, &text.replacen(from, to, 1))
    }

    pub fn load(&self) -> Loaded {
        config::load(&self.config()).unwrap_or_else(|problems| panic!("{problems}"))
    }

    pub fn apply(&self, change: &Change) -> Loaded {
        Editor::new(self.config()).apply(change).unwrap()
    }

    /// Names of what lies in the folder, hidden files too.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&copy).unwrap();
            copy_all(&path, &copy);
        } else {
            fs::copy(&path, &copy).unwrap();
        }
    }
}

/// The problems of an edit that is invalid, one in each line, without the folder.
pub fn problems_of<T: std::fmt::Debug>(folder: &Folder, result: Result<T, EditError>) -> String {
    match result {
        Err(EditError::Invalid(problems)) => shown(folder, &problems),
        other => panic!("not invalid: {other:?}"),
    }
}

fn shown(folder: &Folder, problems: &Problems) -> String {
    problems.to_string().replace(&folder.path("").display().to_string(), "")
}

pub fn at(text: &str) -> UnixMicros {
    UnixMicros::parse(text).unwrap()
}

pub fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// Books that charge by whatever tariff was applied last.
pub struct Books {
    pub store: Arc<Store>,
    committer: Option<Committer>,
    keys: Option<Arc<KeyRegistry>>,
    thread: Option<JoinHandle<()>>,
    wallets: HashMap<AccountNumber, Arc<Wallet>>,
    applied: Option<Applied>,
    _folder: TempDir,
}

struct Applied {
    tables: Tables,
    tariff: u32,
    numbers: HashMap<Arc<str>, AccountNumber>,
}

impl Books {
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions::at(folder.path().to_owned());
        let store = Arc::new(Store::open(options).unwrap());
        let journal = RocksJournal::new(Arc::clone(&store), Durability::Os);
        let limits = Limits { queue_messages: 1_000, batch_messages: 100, batch_bytes: 1 << 20 };
        let (committer, thread) =
            Committer::start(Arc::clone(&store), journal, limits, Arc::new(())).unwrap();
        let keys = Some(Arc::new(KeyRegistry::new(Arc::clone(&store))));
        Self {
            store,
            committer: Some(committer),
            keys,
            thread: Some(thread),
            wallets: HashMap::new(),
            applied: None,
            _folder: folder,
        }
    }

    fn committer(&self) -> &Committer {
        self.committer.as_ref().unwrap()
    }

    /// Archives a configuration's tariff and charges by it from now on; the number of the version.
    pub fn apply(&mut self, loaded: &Loaded) -> u32 {
        let provisioning = &loaded.provisioning;
        let opening = amount("100000");
        let ids: Vec<Arc<str>> =
            provisioning.accounts.iter().map(|account| Arc::clone(&account.account.id)).collect();
        let accounts = ids.iter().map(|id| (Arc::clone(id), "USD".to_owned(), opening)).collect();
        let tariff_files = provisioning.archive.iter().map(|file| TariffFile {
            name: Arc::clone(&file.name),
            digest: file.digest,
            content: Arc::clone(&file.bytes),
        });
        let tariff_files = tariff_files.collect();
        let (reply, answer) = oneshot::channel();
        let (operators, tariff_version) = (Vec::new(), Arc::clone(&provisioning.version));
        let change = ProvisionChange {
            accounts,
            operators,
            tariff_version,
            tariff_files,
            ..ProvisionChange::default()
        };
        self.committer().provision(Provision { change, reply });
        let provisioned = answer.blocking_recv().unwrap().unwrap();
        for number in &provisioned.accounts {
            let state = WalletState { balance: opening.into(), ..WalletState::default() };
            self.wallets.entry(*number).or_insert_with(|| Arc::new(Wallet::new(*number, state)));
        }
        let tables = Tables::build(provisioning.definition(&loaded.settings.refusals)).unwrap();
        let numbers = ids.into_iter().zip(provisioned.accounts).collect();
        self.applied = Some(Applied { tables, tariff: provisioned.tariff, numbers });
        provisioned.tariff
    }

    pub fn number(&self, account: &str) -> AccountNumber {
        self.applied.as_ref().unwrap().numbers[account]
    }

    /// Charges one message as a gateway's is; its id.
    pub fn charge(&self, account: &str, to: &str, segments: usize, now: &str) -> u64 {
        self.charge_with(account, to, segments, at(now), None)
    }

    /// The same with a network named in the TLV.
    pub fn charge_with(
        &self,
        account: &str,
        to: &str,
        segments: usize,
        now: UnixMicros,
        network_tlv: Option<&[u8]>,
    ) -> u64 {
        let Applied { tables, tariff, numbers } = self.applied.as_ref().unwrap();
        let terms = tables.terms(account).unwrap();
        let wallet = &self.wallets[&numbers[account]];
        let text = encode_text(&"a".repeat(if segments == 1 { 1 } else { segments * 153 }));
        let message = Message {
            source: b"ACME",
            destination: to.as_bytes(),
            destination_ton: 1,
            destination_npi: 1,
            network_tlv,
            body: text.body(),
        };
        let rated = charging::rate(tables, terms, &message, now).unwrap();
        let posting = Wallet::debit(&charging::leg(terms, wallet, &rated)).unwrap();
        let (reply, mut notices) = mpsc::unbounded_channel();
        let header = ChunkHeader {
            submitted_at: now,
            tariff: *tariff,
            plan: Arc::clone(&terms.account.plan),
            short_ids: false,
            countries: Arc::default(),
        };
        let keys = Arc::clone(self.keys.as_ref().unwrap());
        let mut chunk = Chunk::new(Arc::clone(wallet), keys, header, reply);
        chunk.push(
            &posting,
            &CdrFields {
                destination: rated.number,
                network: tables.networks.get(rated.network).code,
                network_source: rated.network_source,
                segments: rated.segments,
                data_coding: text.data_coding,
                esm_class: 0,
                registered_delivery: 0,
                amount: posting.amount,
                counted_before: posting.counted_before,
                source: Source { ton: 5, npi: 0, address: b"ACME" },
                dispatch_id: None,
                idempotency_key: None,
                user_message_reference: None,
                user_sms_id: None,
                route: None,
                beside: None,
            },
        );
        assert!(self.committer().try_charge(Box::new(chunk)).is_ok(), "there is room in the queue");
        match notices.blocking_recv() {
            Some(CommitOutcome::Chunk(_, ChunkOutcome::Durable { first_visible_id })) => first_visible_id,
            other => panic!("not durable: {other:?}"),
        }
    }

    /// Cancels a message, which gives its price back.
    pub fn cancel(&self, account: AccountNumber, message_id: u64) {
        let (reply, mut notices) = mpsc::unbounded_channel();
        self.committer().cancel(Cancellation { account, message_id, token: 7, reply }).unwrap();
        match notices.blocking_recv() {
            Some(CommitOutcome::Cancelled { result, .. }) => result.unwrap(),
            other => panic!("not cancelled: {other:?}"),
        }
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        (self.committer, self.keys) = (None, None);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
