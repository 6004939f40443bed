//! The search for messages finds what a scan of all CDRs finds, with filters and without, page by page, and after a crash.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::cdr::Cdr;
use tollgate_storage::clock::now;
use tollgate_storage::id_times::IdRanges;
use tollgate_storage::message_filter::{FilterKey, MessageFilterRow};
use tollgate_storage::rows::{RefusalsNotKept, RefusalsRow, RefusedMessage, Row};
use tollgate_storage::schema::Family;
use tollgate_storage::store::search::{Budget, Found, Pick, Sought, States};
use tollgate_storage::store::{Store, Unavailable};
use tollgate_storage::verify::{verify, verify_filters};

use crate::support::{Books, Message, Raw, crash_image, wait_until};

/// Numbers that are the same in every run (Knuth's MMIX generator).
struct Random(u64);

impl Random {
    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// A message as the test remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    id: u64,
    account: AccountNumber,
    destination: String,
    dispatch: Option<String>,
    is_refused: bool,
}

/// The messages that are searched for.
#[derive(Clone, Debug, Default)]
struct Query {
    accounts: Option<BTreeSet<AccountNumber>>,
    destination: Option<String>,
    dispatch: Option<String>,
    charged: bool,
    refused: bool,
}

impl Query {
    fn has(&self, known: &Known) -> bool {
        self.accounts.as_ref().is_none_or(|accounts| accounts.contains(&known.account))
            && self.has_names(&known.destination, known.dispatch.as_deref())
            && if known.is_refused { self.refused } else { self.charged }
    }

    fn has_names(&self, destination: &str, dispatch: Option<&str>) -> bool {
        self.destination.as_deref().is_none_or(|wanted| wanted == destination)
            && self.dispatch.as_deref().is_none_or(|wanted| dispatch == Some(wanted))
    }

    fn sought(&self, below: u64) -> Sought<'_> {
        let keys = [
            self.destination
                .as_ref()
                .map(|to| FilterKey::destination(&Number::from_digits(to.as_bytes()).unwrap())),
            self.dispatch.as_ref().map(|id| FilterKey::dispatch(id.as_bytes())),
        ];
        Sought {
            accounts: self.accounts.as_ref(),
            times: UnixMicros(0)..UnixMicros(u64::MAX),
            ids: IdRanges::all().below(below),
            keys: keys.into_iter().flatten().collect(),
            charged: self.charged,
            refused: self.refused,
        }
    }
}

impl Pick for Query {
    type Item = u64;

    fn takes_every_message(&self) -> bool {
        self.destination.is_none() && self.dispatch.is_none()
    }

    fn takes(&self, cdr: &Cdr<'_>, states: &States<'_, '_>) -> Result<bool, Unavailable> {
        assert!(states.of(cdr.message_id)?.is_none(), "no message here has a state");
        let dispatch = cdr.fields.dispatch_id.map(|id| std::str::from_utf8(id).unwrap());
        Ok(self.has_names(cdr.fields.destination.as_str(), dispatch))
    }

    fn charged(&self, cdr: &Cdr<'_>, _: &States<'_, '_>) -> Result<u64, Unavailable> {
        Ok(cdr.message_id)
    }

    fn takes_refused(&self, message: &RefusedMessage) -> bool {
        let dispatch = message.dispatch_id.as_deref().map(|id| std::str::from_utf8(id).unwrap());
        self.has_names(std::str::from_utf8(&message.destination).unwrap(), dispatch)
    }

    fn refused(&self, id: u64, _: &RefusedMessage) -> u64 {
        id
    }
}

fn page(store: &Store, query: &Query, below: u64, items: usize, looks_max: u64) -> Found<u64> {
    let until = Instant::now() + Duration::from_mins(1);
    let budget = Budget { items, offset: 0, page_until: until, count_until: Some(until), looks_max };
    store.search().page(&query.sought(below), &budget, query).unwrap()
}

/// All that a search finds, page by page, with what the first page counted where it has counted all.
fn all(store: &Store, query: &Query, items: usize, looks_max: u64) -> (Vec<u64>, Option<u64>) {
    let (mut found, mut below, mut count) = (Vec::new(), u64::MAX, None);
    loop {
        let page = page(store, query, below, items, looks_max);
        count.get_or_insert(page.is_counted.then_some(page.count));
        found.extend(page.items);
        match page.next_below {
            Some(next) => {
                assert!(next < below, "each page goes on below the one before");
                below = next;
            }
            None => return (found, count.flatten()),
        }
    }
}

/// Books that are filled at random.
struct Filled {
    books: Books,
    accounts: Vec<AccountNumber>,
    known: Vec<Known>,
    random: Random,
}

impl Filled {
    fn new(path: &std::path::Path) -> Self {
        let books = Books::open(path);
        let accounts = books.provision(&["a", "b", "c"], 1_000_000);
        Self { books, accounts, known: Vec::new(), random: Random(7) }
    }

    fn destination(&mut self) -> String {
        // Some numbers are frequent, and most are there once.
        let is_rare = self.random.below(10) > 0;
        let number = if is_rare { 100 + self.random.below(1_000_000) } else { self.random.below(50) };
        format!("2547{number:08}")
    }

    fn account(&mut self) -> AccountNumber {
        self.accounts[usize::try_from(self.random.below(3)).unwrap()]
    }

    fn dispatch(&mut self) -> Option<String> {
        (self.random.below(5) == 0).then(|| format!("sale-{}", self.random.below(200)))
    }

    fn charge(&mut self, count: u32) {
        let account = self.account();
        let mut session = self.books.session(account);
        let mut chunk = session.chunk_with(now(), false);
        let messages: Vec<_> = (0..count).map(|_| (self.destination(), self.dispatch())).collect();
        for (destination, dispatch) in &messages {
            let dispatch = dispatch.as_deref().map(str::as_bytes);
            let message = Message { destination, dispatch, price: 1, ..Message::default() };
            session.charge(&mut chunk, &message).unwrap();
        }
        self.books.committer.try_charge(chunk).unwrap();
        let first = session.first_id();
        self.known.extend((first..).zip(messages).map(|(id, (destination, dispatch))| Known {
            id,
            account,
            destination,
            dispatch,
            is_refused: false,
        }));
    }

    fn refuse(&mut self, count: u32) {
        let before = self.books.store.commits().next_id().unwrap();
        let mut row = RefusalsRow { at: now(), ..RefusalsRow::default() };
        for _ in 0..count {
            let account = self.account();
            let (destination, dispatch) = (self.destination(), self.dispatch());
            row.messages.push(RefusedMessage {
                account,
                at: now(),
                reason: Refusal::NoRate,
                status: 0x0B,
                source: b"TOLLGATE".as_slice().into(),
                destination: destination.as_bytes().into(),
                network: NetworkCode::new("639", "02"),
                segments: 1,
                dispatch_id: dispatch.as_deref().map(|id| id.as_bytes().into()),
                idempotency_key: None,
                user_message_reference: None,
            });
            self.known.push(Known { id: 0, account, destination, dispatch, is_refused: true });
        }
        row.not_kept = vec![RefusalsNotKept { account: self.accounts[0], reason: Refusal::NoRate, count: 5 }];
        self.books.refuse(row).unwrap();
        let end = self.books.store.commits().next_id().unwrap();
        let first = end - u64::from(count.max(1));
        assert!(first >= before);
        let refused = self.known.iter_mut().rev().take(count as usize).rev();
        for (id, known) in (first..).zip(refused) {
            known.id = id;
        }
    }

    fn queries(&mut self) -> Vec<Query> {
        let one = self.accounts[1];
        let some: BTreeSet<_> = self.accounts[..2].iter().copied().collect();
        let mut queries = Vec::new();
        // So many accounts that commits are read in place of each one's blocks.
        let many: BTreeSet<_> = (100..170).map(AccountNumber).chain(some.clone()).collect();
        for accounts in [None, Some([one].into()), Some(some), Some(many), Some([AccountNumber(77)].into())] {
            for (charged, refused) in [(true, true), (true, false), (false, true)] {
                let base = Query { accounts: accounts.clone(), charged, refused, ..Query::default() };
                let at = self.random.below(self.known.len() as u64);
                let any = &self.known[usize::try_from(at).unwrap()];
                queries.extend([
                    Query { destination: Some(any.destination.clone()), ..base.clone() },
                    Query { destination: Some("254700000001".to_owned()), ..base.clone() },
                    Query { destination: Some("254799999999".to_owned()), ..base.clone() },
                    Query { dispatch: Some("sale-7".to_owned()), ..base.clone() },
                    Query {
                        destination: Some(any.destination.clone()),
                        dispatch: any.dispatch.clone(),
                        ..base.clone()
                    },
                    base,
                ]);
            }
        }
        queries
    }

    fn expected(&self, query: &Query) -> Vec<u64> {
        let mut ids: Vec<u64> =
            self.known.iter().filter(|known| query.has(known)).map(|known| known.id).collect();
        ids.sort_unstable_by(|one, other| other.cmp(one));
        ids
    }

    fn check(&self, store: &Store, queries: &[Query]) {
        for query in queries {
            let expected = self.expected(query);
            let (found, count) = all(store, query, 10_000, u64::MAX);
            assert_eq!(found, expected, "{query:?}");
            assert_eq!(count, Some(expected.len() as u64), "{query:?}");
            // A page that takes less than all, and a budget that ends in the middle of nothing.
            let first = page(store, query, u64::MAX, 3, u64::MAX);
            assert_eq!(first.items, expected.iter().copied().take(3).collect::<Vec<_>>());
            assert_eq!((first.count, first.is_counted), (expected.len() as u64, true));
            assert_eq!(all(store, query, 700, 900).0, expected, "with a small budget: {query:?}");
        }
    }
}

fn filters(store: &Store) -> usize {
    let mut count = 0;
    let visit = |_: &[u8], _: &[u8]| {
        count += 1;
        true
    };
    store.scan(Family::MessageFilters, &[], visit).unwrap();
    count
}

/// A commit, with which filters that are made come to disk; the number that are there.
fn commit_with_filters(books: &Books, account: AccountNumber) -> usize {
    let not_kept = vec![RefusalsNotKept { account, reason: Refusal::NoRate, count: 1 }];
    let row = RefusalsRow { at: now(), messages: Vec::new(), not_kept };
    books.refuse(row).unwrap();
    filters(&books.store)
}

#[test]
fn a_search_finds_what_a_scan_finds() {
    let dir = tempfile::tempdir().unwrap();
    let mut filled = Filled::new(dir.path());
    for round in 0..60 {
        let count = 1 + filled.random.below(400);
        filled.charge(u32::try_from(count).unwrap());
        if round % 7 == 3 {
            filled.refuse(round % 5);
        }
    }
    assert!(filled.known.len() > 8_200, "enough messages for two filters");
    let queries = filled.queries();
    filled.check(&filled.books.store, &queries);

    // The filters come with later commits, and what is found stays the same.
    wait_until(|| commit_with_filters(&filled.books, filled.accounts[0]) >= 2);
    filled.check(&filled.books.store, &queries);
    let sparse = Query { destination: Some("254799999999".to_owned()), charged: true, ..Query::default() };
    let cheap = page(&filled.books.store, &sparse, u64::MAX, 1, 5_000);
    assert_eq!(
        (cheap.next_below, cheap.items),
        (None, Vec::new()),
        "filters spare the looks at most messages"
    );

    // A crash loses filters at the most.
    let image = crash_image(dir.path());
    let before = filters(&filled.books.store);
    let after = Books::open(image.path());
    filled.check(&after.store, &queries);
    // Those of the messages that were in no filter are made anew.
    wait_until(|| commit_with_filters(&after, filled.accounts[0]) > before);
    filled.check(&after.store, &queries);
    let asked = verify_filters(&after.store).unwrap();
    assert_eq!(asked.filters, filters(&after.store) as u64);
    assert!(asked.messages > 8_192, "{asked:?}");
    after.close();
    filled.books.close();

    // A filter that denies what is there hides messages and moves no money: whoever asks is told.
    let raw = Raw::open(image.path());
    let rows = raw.rows(Family::MessageFilters).into_iter();
    let messages = |row: &(Vec<u8>, Vec<u8>)| MessageFilterRow::read(&row.1).unwrap().messages;
    let (key, mut value) = rows.max_by_key(messages).unwrap();
    let half = value.len() / 2;
    value[half..].fill(0);
    raw.put(Family::MessageFilters, &key, &value);
    drop(raw);
    let altered = Store::open_read_only(image.path()).unwrap();
    verify(&altered).unwrap();
    let fault = verify_filters(&altered).unwrap_err().to_string();
    assert!(fault.contains("denies the"), "{fault}");
}

#[test]
fn a_refused_message_is_found_by_its_id() {
    let dir = tempfile::tempdir().unwrap();
    let mut filled = Filled::new(dir.path());
    filled.charge(2);
    filled.refuse(3);
    filled.charge(1);
    for known in &filled.known {
        let found = filled.books.store.search().refused(known.id).unwrap();
        let destination = found.map(|message| String::from_utf8(message.destination.into()).unwrap());
        assert_eq!(destination, known.is_refused.then(|| known.destination.clone()));
    }
    let (mut rows, mut not_kept) = (0, 0);
    let visit = |row: &RefusalsRow| {
        rows += row.messages.len();
        not_kept += row.not_kept.iter().map(|more| more.count).sum::<u64>();
        std::ops::ControlFlow::Continue(())
    };
    filled.books.store.search().refusals_down(&(UnixMicros(0)..UnixMicros(u64::MAX)), visit).unwrap();
    assert_eq!((rows, not_kept), (3, 5));
    // Refused messages share the ids of commits, and the books add up.
    filled.books.prove();
    filled.books.close();
}

#[test]
fn a_directory_of_before_is_searched_and_its_chain_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut filled = Filled::new(dir.path());
    filled.charge(30);
    let Filled { books, accounts, known, random } = filled;
    books.close();
    // The families that came later, of which the chain of commits knows nothing.
    let mut raw = Raw::open(dir.path());
    raw.drop_family(Family::Refusals);
    raw.drop_family(Family::MessageFilters);
    drop(raw);
    let before = Store::open_read_only(dir.path()).unwrap();
    verify(&before).unwrap();
    let last = before.last_commit().unwrap();
    drop(before);
    let books = Books::open(dir.path());
    assert_eq!(
        books.store.last_commit().unwrap().map(|commit| commit.number),
        last.map(|commit| commit.number)
    );
    books.prove();
    let mut filled = Filled { books, accounts, known, random };
    filled.refuse(2);
    filled.charge(3);
    let queries = filled.queries();
    filled.check(&filled.books.store, &queries);
    filled.books.prove();
    filled.books.close();
}
