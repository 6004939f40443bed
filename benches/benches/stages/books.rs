//! From a debit to the disk.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::BenchmarkGroup;
use criterion::measurement::WallTime;
use tokio::sync::{mpsc, oneshot};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::charging::{self, Rated};
use tollgate_engine::money::Amount;
use tollgate_engine::wallet::{Posting, Wallet};
use tollgate_smpp::pdu::Submit;
use tollgate_storage::cdr::{BlockHeader, BlockWriter, CdrFields, Source};
use tollgate_storage::chunk::{Chunk, ChunkHeader, ChunkOutcome, CommitOutcome};
use tollgate_storage::committer::{Committer, Limits, Provision, ProvisionChange};
use tollgate_storage::journal::RocksJournal;
use tollgate_storage::keys::KeyRegistry;
use tollgate_storage::store::{Durability, Store, StoreOptions};

use super::fixture::{BATCH, Fixture, NOW, rich_wallet};

const OPENING_BALANCE: Amount = Amount::from_micros(1_000_000_000_000_000);

/// The CDRs of a batch as one block.
pub fn cdr_encode(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &Fixture) {
    let wallet = rich_wallet(AccountNumber(1));
    let charged = charge_batch(fixture, &wallet);
    let header =
        BlockHeader { submitted_at: NOW, tariff: 1, month: fixture.rated[0].month, plan: "professional" };
    let (mut block, mut out) = (BlockWriter::default(), Vec::new());
    group.bench_function("cdr_encode", |bencher| {
        bencher.iter(|| {
            block.clear();
            out.clear();
            for (_, cdr) in &charged {
                block.push(black_box(cdr));
            }
            block.write_to(&header, &mut out);
            black_box(out.len())
        });
    });
}

/// A batch through the committer's queue, folded, written and synced, until the session hears of it.
pub fn commit(group: &mut BenchmarkGroup<'_, WallTime>, fixture: &Fixture) {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut books = Books::open(directory.path());
    group.bench_function("commit", |bencher| {
        bencher.iter_custom(|iterations| (0..iterations).map(|_| books.commit_batch(fixture)).sum());
    });
}

struct Books {
    committer: Committer,
    wallet: Arc<Wallet>,
    header: ChunkHeader,
    chunk: Option<Box<Chunk>>,
    commit_outcomes: mpsc::UnboundedReceiver<CommitOutcome>,
}

impl Books {
    fn open(path: &Path) -> Self {
        let options = StoreOptions::at(path.to_owned());
        let store = Arc::new(Store::open(options).unwrap());
        let journal = RocksJournal::new(Arc::clone(&store), Durability::Sync);
        let limits = Limits { queue_messages: 65_536, batch_messages: 8_192, batch_bytes: 4 << 20 };
        let (committer, _) = Committer::start(Arc::clone(&store), journal, limits, Arc::new(())).unwrap();
        let (reply, answer) = oneshot::channel();
        let change = ProvisionChange {
            accounts: vec![("measured".into(), "USD".to_owned(), OPENING_BALANCE)],
            tariff_version: "0000000000000001".into(),
            ..ProvisionChange::default()
        };
        committer.provision(Provision { change, reply });
        let provisioned = answer.blocking_recv().unwrap().unwrap();
        let wallet = Arc::new(rich_wallet(provisioned.accounts[0]));
        let header = ChunkHeader {
            submitted_at: NOW,
            tariff: provisioned.tariff,
            plan: "professional".into(),
            short_ids: false,
            countries: Arc::default(),
        };
        let (sender, commit_outcomes) = mpsc::unbounded_channel();
        let keys = Arc::new(KeyRegistry::new(store));
        let chunk = Some(Box::new(Chunk::new(Arc::clone(&wallet), keys, header.clone(), sender)));
        Self { committer, wallet, header, chunk, commit_outcomes }
    }

    /// The time from handing the chunk over to getting it back.
    fn commit_batch(&mut self, fixture: &Fixture) -> Duration {
        let mut chunk = self.chunk.take().expect("the last batch came back");
        for (token, (posting, cdr)) in (0..).zip(charge_batch(fixture, &self.wallet)) {
            chunk.push(&posting, &cdr);
            chunk.push_request(token, 1);
        }
        let begun = Instant::now();
        self.committer.try_charge(chunk).expect("room in the queue");
        let Some(CommitOutcome::Chunk(mut chunk, ChunkOutcome::Durable { .. })) =
            self.commit_outcomes.blocking_recv()
        else {
            unreachable!("the disk takes writes");
        };
        let taken = begun.elapsed();
        chunk.reset(self.header.clone());
        self.chunk = Some(chunk);
        taken
    }
}

/// Debits a batch, and says what goes to disk for it.
fn charge_batch<'a>(fixture: &'a Fixture, wallet: &Wallet) -> Vec<(Posting, CdrFields<'a>)> {
    let charged: Vec<_> = fixture
        .submits()
        .iter()
        .zip(&fixture.rated)
        .map(|(submit, rated)| {
            let posting = Wallet::debit(&charging::leg(&fixture.terms, wallet, rated)).unwrap();
            (posting, cdr(fixture, submit, rated, &posting))
        })
        .collect();
    assert_eq!(charged.len(), BATCH as usize);
    charged
}

fn cdr<'a>(fixture: &Fixture, submit: &Submit<'a>, rated: &Rated, posting: &Posting) -> CdrFields<'a> {
    let source = submit.source;
    CdrFields {
        destination: rated.number,
        network: fixture.tables.networks.get(rated.network).code,
        network_source: rated.network_source,
        segments: rated.segments,
        data_coding: submit.data_coding,
        esm_class: submit.esm_class,
        registered_delivery: submit.registered_delivery,
        amount: posting.amount,
        counted_before: posting.counted_before,
        source: Source { ton: source.ton, npi: source.npi, address: source.digits },
        dispatch_id: None,
        idempotency_key: None,
        user_message_reference: None,
        user_sms_id: None,
        route: None,
        beside: None,
    }
}
