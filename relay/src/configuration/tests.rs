//! Reloads against real books: what is rejected leaves nothing behind, and what is in the ledger is what can be spent.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use tempfile::TempDir;
use tollgate_engine::money::{Amount, Currency};
use tollgate_provisioning::{Loaded, ProvisionedOperator, load};
use tollgate_storage::committer::{Limits, ProvisionChange};
use tollgate_storage::journal::RocksJournal;
use tollgate_storage::store::{Durability, Store, StoreOptions};

use super::*;
use crate::core::{Core, Started};

/// A configuration with everything in it and few networks, and the books of a daemon.
struct Books {
    folder: TempDir,
}

/// The parts of a process without its sockets.
struct Running {
    core: Core,
    committer: JoinHandle<()>,
}

impl Books {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let small = Path::new(env!("CARGO_MANIFEST_DIR")).join("../provisioning/tests/config_small");
        for entry in fs::read_dir(small).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        let books = Self { folder };
        // Costs are not compared, so that no operator needs an exchange rate.
        books.edit("tollgate.toml", |text| {
            let (before, _) = text.split_once("[routing]").unwrap();
            format!("{before}[routing]\nstrategy = \"priority\"\n")
        });
        books
    }

    fn edit(&self, file: &str, change: impl FnOnce(&str) -> String) {
        let path = self.folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, change(&text)).unwrap();
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        self.edit(file, |text| {
            assert!(text.contains(from), "{from:?} stands in {file}");
            text.replace(from, to)
        });
    }

    fn add_account(&self, id: &str, lines: &str) {
        self.edit("accounts.toml", |text| {
            let hash = text.lines().find(|line| line.starts_with("password_hash")).unwrap();
            format!("{text}\n[[account]]\nid = \"{id}\"\n{hash}\n{lines}\n")
        });
    }

    fn load(&self) -> Loaded {
        load(&self.folder.path().join("tollgate.toml")).unwrap()
    }

    fn start_with(&self, additions: Additions) -> Result<Running, ApplyError> {
        let options = StoreOptions::at(self.folder.path().join("data"));
        let store = Arc::new(Store::open(options).unwrap());
        let journal = RocksJournal::new(Arc::clone(&store), Durability::Os);
        let limits = Limits { queue_messages: 1_000, batch_messages: 100, batch_bytes: 1 << 20 };
        let Started { core, committer, .. } = Core::start(store, journal, limits, self.load(), additions)?;
        Ok(Running { core, committer })
    }

    fn start(&self) -> Running {
        self.start_with(Additions::default()).unwrap()
    }

    /// The same files and books elsewhere, as a start that is refused keeps the books for a while.
    fn copy(&self) -> Self {
        let copy = Self { folder: tempfile::tempdir().unwrap() };
        copy_folder(self.folder.path(), copy.folder.path());
        copy
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).unwrap();
        }
    }
}

impl Running {
    fn apply(&self, books: &Books) -> Result<(), ApplyError> {
        self.core.configuration.change().apply(Arc::new(books.load())).map(drop)
    }

    /// The balance in memory and on disk; `None` for an account that the books do not know.
    fn balances(&self, id: &str) -> Option<(Amount, Amount)> {
        let store = &self.core.books.store;
        let accounts = store.provisioned().accounts().unwrap();
        let (number, _) = accounts.into_iter().find(|(_, row)| row.id == id)?;
        let memory = self.core.accounts.wallet(number).unwrap().state().balance;
        let durable = store.wallets().of(number).unwrap().unwrap().balance;
        memory.amount().zip(durable.amount())
    }

    /// Accounts, operators and tariff versions on disk.
    fn rows(&self) -> (usize, usize, usize) {
        let provisioned = self.core.books.store.provisioned();
        let (accounts, operators) = (provisioned.accounts().unwrap(), provisioned.operators().unwrap());
        (accounts.len(), operators.len(), provisioned.tariffs().unwrap().len())
    }

    fn stop(self) {
        drop(self.core);
        self.committer.join().unwrap();
    }
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// An operator of the API, in a currency that no exchange rate is known for.
fn operator_in_yen(books: &Books) -> Additions {
    let mut operator: ProvisionedOperator = books.load().provisioning.operators[1].clone();
    operator.operator.code = "yen".into();
    operator.operator.currency = Currency::new("JPY").unwrap();
    let operators = [(Arc::clone(&operator.operator.code), operator)].into();
    Additions { operators, ..Additions::default() }
}

#[test]
fn a_rejected_reload_leaves_nothing_on_disk_or_in_memory() {
    let books = Books::new();
    let running = books.start_with(operator_in_yen(&books)).unwrap();
    let rows = running.rows();
    books.add_account("late", "plan = \"starter\"\nopening_balance = \"10.00\"");
    books.replace("tollgate.toml", "\"priority\"", "\"least_cost\"");
    assert!(matches!(running.apply(&books).unwrap_err(), ApplyError::Routing(_)));
    assert_eq!((running.balances("late"), running.rows()), (None, rows));

    books.replace("tollgate.toml", "\"least_cost\"", "\"priority\"");
    books.replace("accounts.toml", "opening_balance = \"10.00\"\n", "opening_balance = \"1000.00\"\n");
    running.apply(&books).unwrap();
    assert_eq!(running.balances("late"), Some((amount("1000"), amount("1000"))));
    running.stop();
}

#[test]
fn a_wallet_in_memory_is_what_the_commit_says_and_not_what_the_file_says() {
    let books = Books::new();
    let running = books.start();
    // As a commit that was given up for lost and is on disk all the same.
    let change = ProvisionChange {
        accounts: vec![("late".into(), "USD".to_owned(), amount("10"))],
        tariff_version: Arc::clone(&running.core.snapshot.load().tables.version),
        ..ProvisionChange::default()
    };
    running.core.books.provision(change).unwrap();
    books.add_account("late", "plan = \"starter\"\nopening_balance = \"1000.00\"");
    running.apply(&books).unwrap();
    assert_eq!(running.balances("late"), Some((amount("10"), amount("10"))));
    running.stop();
}

#[test]
fn an_operator_that_comes_later_is_found_by_its_new_number() {
    let books = Books::new();
    let running = books.start();
    let mut change = running.core.configuration.change();
    let prepared = change.prepare(operator_in_yen(&books)).unwrap();
    let provisioned = running.core.books.provision(prepared.change()).unwrap();
    change.enact(prepared, provisioned);
    drop(change);
    let snapshot = running.core.snapshot.load();
    let number = snapshot.routes.operators().find(|operator| &*operator.code == "yen").unwrap().number;
    assert_eq!(&*snapshot.routes.operator(number).unwrap().code, "yen");
    assert_eq!(&*snapshot.operator_queues.get(number).unwrap().code, "yen");
    drop(snapshot);
    running.stop();
}

/// Moves both accounts to plans in euros.
fn to_euros(books: &Books) {
    books.replace("plans.toml", "currency = \"USD\"", "currency = \"EUR\"");
    books.edit("accounts.toml", |text| text.replace("currency = \"USD\"\n", ""));
}

#[test]
fn a_plan_with_wallets_keeps_its_currency() {
    let books = Books::new();
    let running = books.start();
    to_euros(&books);
    let refused = running.apply(&books).unwrap_err().to_string();
    let line = |file: &str, key: &str| {
        let text = fs::read_to_string(books.folder.path().join(file)).unwrap();
        let at = text.lines().position(|line| line.starts_with(key)).unwrap() + 1;
        format!("{}:{at}", books.folder.path().join(file).display())
    };
    let expected = format!(
        "{}: plan: plan `starter` is in EUR ({}: currency), but the wallet of account `first` is in USD and keeps its currency",
        line("accounts.toml", "plan ="),
        line("plans.toml", "currency"),
    );
    assert!(refused.starts_with(&expected), "{refused}");
    assert!(refused.contains("account `second`"), "{refused}");
    running.stop();
    assert!(matches!(books.start_with(Additions::default()), Err(ApplyError::Currency(_))), "at a start too");
}

#[test]
fn an_account_is_not_moved_to_a_plan_in_another_currency() {
    let books = Books::new();
    books.edit("rates.csv", |text| text.replace("*,", "starter,"));
    books.edit("plans.toml", |text| {
        format!(
            "{text}\n[[plan]]\nname = \"euro\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\nbase_price = \"1\"\n"
        )
    });
    let running = books.start();
    books.replace("accounts.toml", "plan = \"starter\"", "plan = \"euro\"");
    let refused = running.apply(&books).unwrap_err().to_string();
    assert!(refused.contains("account `first` is in USD"), "{refused}");
    running.stop();
}

#[test]
fn an_account_that_buys_in_a_chain_stays_below_its_account_of_the_house() {
    let books = Books::new();
    let seller = "plan = \"starter\"\nis_reseller = true\nchain = true";
    books.add_account("trunk", seller);
    books.add_account("other", seller);
    books.add_account("leaf", "plan = \"starter\"\nparent = \"trunk\"");
    let mut by_api =
        books.load().provisioning.accounts.into_iter().find(|one| &*one.account.id == "leaf").unwrap();
    (by_api.account.id, by_api.system_id) = ("by_api".into(), "by_api".into());
    let accounts = [(Arc::clone(&by_api.account.id), by_api)].into();
    let running = books.start_with(Additions { accounts, ..Additions::default() }).unwrap();

    let files = || fs::read_to_string(books.folder.path().join("accounts.toml")).unwrap();
    let before = files();
    let put = |text: &str| books.edit("accounts.toml", |_| text.to_owned());
    let (trunk, leaf) = (before.find("[[account]]\nid = \"trunk\"").unwrap(), "parent = \"trunk\"");
    let line = before.lines().position(|line| line == leaf).unwrap() + 1;
    let at_leaf =
        format!("accounts.toml:{line}: account.parent: account `leaf` buys in the chain of `trunk`");
    for (after, expected) in [
        (before.replace(leaf, "parent = \"other\""), at_leaf.as_str()),
        (before.replace(leaf, ""), "account.parent: account `leaf` buys in the chain of `trunk`"),
        (
            before.replacen(seller, &format!("{seller}\nparent = \"other\""), 1),
            "account.parent: account `by_api` buys in the chain of `trunk`",
        ),
        (before[..trunk].to_owned(), "account `trunk` is no longer there: account `by_api` buys"),
    ] {
        put(&after);
        let refused = running.apply(&books).unwrap_err();
        assert!(matches!(refused, ApplyError::Moved(_)), "{refused}");
        assert!(refused.to_string().contains(expected), "{refused}");
    }
    // Whoever pays alone may go anywhere.
    let without = before.replacen(&seller[seller.find("is_reseller").unwrap()..], "is_reseller = true", 1);
    put(&without);
    running.apply(&books).unwrap();
    put(&without.replace(leaf, "parent = \"other\""));
    running.apply(&books).unwrap();
    running.stop();
}

#[test]
fn a_start_refuses_files_that_move_what_buys_in_a_chain_of_the_books() {
    let books = Books::new();
    let seller = "plan = \"starter\"\nis_reseller = true\nchain = true";
    let agent = "plan = \"starter\"\nis_reseller = true\nchain = true\nparent = \"trunk\"";
    books.add_account("trunk", seller);
    books.add_account("other", seller);
    books.add_account("branch", agent);
    books.add_account("leaf", "plan = \"starter\"\nparent = \"branch\"");
    let mut by_api =
        books.load().provisioning.accounts.into_iter().find(|one| &*one.account.id == "leaf").unwrap();
    (by_api.account.id, by_api.system_id) = ("by_api".into(), "by_api".into());
    let accounts = [(Arc::clone(&by_api.account.id), by_api)].into();
    let additions = Additions { accounts, ..Additions::default() };
    let text = |books: &Books| fs::read_to_string(books.folder.path().join("accounts.toml")).unwrap();
    let before = text(&books);
    let put = |text: &str| books.edit("accounts.toml", |_| text.to_owned());
    let started = || books.copy().start_with(additions.clone());
    let refused = |expected: &str| {
        let refused = started().err().expect("a start that is refused");
        assert!(matches!(refused, ApplyError::Moved(_)), "{refused}");
        assert!(refused.to_string().contains(expected), "{refused}");
    };

    books.start_with(additions.clone()).unwrap().stop();
    // What is moved above an account moves it too, with the place of the key that does it.
    let parent = "parent = \"trunk\"";
    let line = before.lines().position(|line| line == parent).unwrap() + 1;
    put(&before.replace(parent, "parent = \"other\""));
    refused(&format!("accounts.toml:{line}: account.parent: account `branch` buys in the chain of `trunk`"));
    refused(&format!("accounts.toml:{line}: account.parent: account `by_api` buys in the chain of `trunk`"));
    put(&before.replace("parent = \"branch\"", "parent = \"other\""));
    refused("account.parent: account `leaf` buys in the chain of `trunk`");
    // Below the same account of the house, and as it was.
    put(&before.replace("parent = \"branch\"", "parent = \"trunk\""));
    started().unwrap().stop();
    put(&before);
    started().unwrap().stop();

    // An account that pays alone may go anywhere, from the start behind the one that took the chain away.
    let alone = before.replace("\nchain = true", "");
    let moved = alone.replace(parent, "parent = \"other\"");
    put(&moved);
    refused("account.parent: account `branch` buys in the chain of `trunk`");
    put(&alone);
    books.start_with(additions.clone()).unwrap().stop();
    put(&moved);
    let running = books.start_with(additions.clone()).unwrap();

    // A reload that puts it in force again is what the next start compares with.
    put(&before.replace(parent, "parent = \"other\""));
    running.apply(&books).unwrap();
    running.stop();
    put(&before);
    refused("account.parent: account `branch` buys in the chain of `other`");
    // What a reload took away is not moved by coming back elsewhere.
    let running = {
        put(&before.replace(parent, "parent = \"other\""));
        books.start_with(Additions::default()).unwrap()
    };
    let branch = before.find("[[account]]\nid = \"branch\"").unwrap();
    put(&before[..branch]);
    running.apply(&books).unwrap();
    running.stop();
    put(&before);
    books.start_with(Additions::default()).unwrap().stop();
}
