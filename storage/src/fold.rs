//! Durable state in memory: the fold of everything that was committed, and the draft of the next commit on top of it.
//!
//! A draft never touches the fold. When its batch is on disk the fold takes its changes over; when it is not, the draft
//! is dropped and the fold still says what the disk says.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::wallet::WalletState;

use crate::batch::Batch;
use crate::cdr::Cdr;
use crate::chunk::{CancelError, Chunk};
use crate::rows::{
    AccountRow, BatchRow, DispatchCounters, EntryKind, KeyRow, LedgerEntry, MessageState, Row, StateRow,
    TariffRow,
};
use crate::schema::{
    Family, LAST_SHORT_ID_KEY, account_id_key, account_key, account_name_key, first_id_at, short_id_key,
    volume_key,
};
use crate::store::{Store, Unavailable};

/// What the disk says, as far as the next commit needs it.
#[derive(Debug)]
pub struct Fold {
    wallets: HashMap<AccountNumber, WalletState>,
    accounts: HashMap<String, AccountNumber>,
    tariffs: HashMap<String, u32>,
    next_id: u64,
    last_short_id: u32,
}

/// What a message was charged, as far as its refund needs it.
#[derive(Clone, Debug)]
pub struct Charged {
    pub amount: Amount,
    pub segments: u32,
    pub month: Month,
    dispatch_id: Option<Vec<u8>>,
}

/// The next commit, as it grows.
#[derive(Debug)]
pub struct Draft<'a> {
    fold: &'a Fold,
    store: &'a Store,
    now: UnixMicros,
    batch: Batch,
    row: BatchRow,
    first_id: u64,
    changes: Changes,
    cancelled: HashSet<(AccountNumber, u64)>,
}

/// A counter's row as it is on disk, where it is, and as it will be.
type Changed<T> = (Option<T>, T);

/// What a commit changes in the fold.
#[derive(Debug)]
pub struct Changes {
    wallets: HashMap<AccountNumber, WalletState>,
    volumes: HashMap<(AccountNumber, Month), Changed<u64>>,
    dispatches: HashMap<(AccountNumber, Box<[u8]>), Changed<DispatchCounters>>,
    accounts: HashMap<String, AccountNumber>,
    tariffs: HashMap<String, u32>,
    next_id: u64,
    last_short_id: u32,
}

impl Fold {
    /// Reads the durable state of a data directory.
    pub fn load(store: &Store) -> Result<Self, Unavailable> {
        Ok(Self {
            wallets: store.wallets()?.into_iter().collect(),
            accounts: store.accounts()?.into_iter().map(|(number, row)| (row.id, number)).collect(),
            tariffs: store.tariffs()?.into_iter().map(|(number, row)| (row.version, number)).collect(),
            next_id: store.next_id()?,
            last_short_id: store.last_short_id()?,
        })
    }

    /// Takes over what is now on disk.
    pub fn advance(&mut self, changes: Changes) {
        self.wallets.extend(changes.wallets);
        self.accounts.extend(changes.accounts);
        self.tariffs.extend(changes.tariffs);
        self.next_id = changes.next_id;
        self.last_short_id = changes.last_short_id;
    }

    /// The durable wallet of an account.
    pub fn wallet(&self, account: AccountNumber) -> WalletState {
        self.wallets.get(&account).copied().unwrap_or_default()
    }
}

impl<'a> Draft<'a> {
    /// An empty commit at `now`.
    pub fn new(fold: &'a Fold, store: &'a Store, now: UnixMicros) -> Self {
        let first_id = fold.next_id.max(first_id_at(now));
        let changes = Changes {
            wallets: HashMap::new(),
            volumes: HashMap::new(),
            dispatches: HashMap::new(),
            accounts: HashMap::new(),
            tariffs: HashMap::new(),
            next_id: first_id,
            last_short_id: fold.last_short_id,
        };
        let (batch, row, cancelled) = (Batch::default(), BatchRow::default(), HashSet::new());
        Self { fold, store, now, batch, row, first_id, changes, cancelled }
    }

    /// Adds a chunk of charges. The answer is the id of its first message as the client will see it.
    pub fn charge(&mut self, chunk: &Chunk) -> Result<u64, Unavailable> {
        if chunk.is_empty() {
            return Ok(self.changes.next_id);
        }
        let (account, total) = (chunk.account(), chunk.total());
        self.load(account, total.month, chunk.dispatches.iter().map(|(dispatch, _)| &**dispatch))?;
        for (dispatch, added) in &chunk.dispatches {
            let counters = self.dispatch_mut(account, dispatch);
            counters.messages += added.messages;
            counters.segments += added.segments;
            counters.cost = sum(counters.cost, added.cost);
        }
        *self.volume_mut(account, total.month) += u64::from(total.segments);
        let wallet = self.wallet_mut(account);
        wallet.balance = sum(wallet.balance, negative(total.amount));
        wallet.count(total.month, u64::from(total.segments));

        let first_id = self.take_ids(u64::from(chunk.count()));
        self.row.blocks.push((account, chunk.count()));
        let mut block = Vec::new();
        chunk.block.write_to(&chunk.block_header(), &mut block);
        self.batch.insert(Family::Cdrs, account_id_key(account, first_id), block);
        let first_visible_id =
            if chunk.header.short_ids { self.short_ids(chunk, first_id) } else { first_id };
        for key in &chunk.keys {
            let message_id = first_visible_id + u64::from(key.index);
            let row = KeyRow { message_id, fingerprint: key.fingerprint, expires_at: key.expires_at };
            self.batch.insert(Family::Keys, account_name_key(account, &key.key), row.to_bytes());
        }
        Ok(first_visible_id)
    }

    /// Cancels a message and gives its price back; the answer is what to give back in memory.
    pub fn cancel(&mut self, account: AccountNumber, message_id: u64) -> Result<Charged, CancelError> {
        if self.cancelled.contains(&(account, message_id)) {
            return Err(CancelError::Final);
        }
        let unavailable = |_: Unavailable| CancelError::Unavailable;
        if self.store.state(account, message_id).map_err(unavailable)?.is_some() {
            return Err(CancelError::Final);
        }
        let charged = self.store.cdr(account, message_id, Charged::of).map_err(unavailable)?;
        let charged = charged.ok_or(CancelError::Unknown)?;
        self.load(account, charged.month, charged.dispatch_id.as_deref()).map_err(unavailable)?;
        if let Some(dispatch) = &charged.dispatch_id {
            let counters = self.dispatch_mut(account, dispatch);
            counters.cancelled += 1;
            counters.segments = counters.segments.saturating_sub(u64::from(charged.segments));
            counters.cost = sum(counters.cost, negative(charged.amount));
        }
        let volume = self.volume_mut(account, charged.month);
        *volume = volume.saturating_sub(u64::from(charged.segments));
        self.wallet_mut(account).forget(charged.month, u64::from(charged.segments));
        let state = StateRow { state: MessageState::Deleted, at: self.now, refunded: charged.amount };
        self.batch.insert(Family::States, account_id_key(account, message_id), state.to_bytes());
        self.post(account, EntryKind::Refund, charged.amount, message_id.to_string());
        self.cancelled.insert((account, message_id));
        Ok(charged)
    }

    /// Adds an entry to an account's ledger, if the balance can hold it.
    pub fn add(
        &mut self,
        account: AccountNumber,
        kind: EntryKind,
        amount: Amount,
        reference: &str,
    ) -> Result<(), Unavailable> {
        let wallet = self.changes.wallets.get(&account).copied().unwrap_or_else(|| self.fold.wallet(account));
        check_balance(wallet.balance.checked_add(amount))?;
        self.post(account, kind, amount, reference.to_owned());
        Ok(())
    }

    fn post(&mut self, account: AccountNumber, kind: EntryKind, amount: Amount, reference: String) {
        let id = self.take_ids(1);
        self.row.entries += 1;
        let entry = LedgerEntry { kind, amount, at: self.now, reference };
        self.batch.insert(Family::Ledger, account_id_key(account, id), entry.to_bytes());
        let wallet = self.wallet_mut(account);
        wallet.balance = sum(wallet.balance, amount);
    }

    /// The numbers of accounts with these names, currencies and opening balances: those they have, or those they get
    /// now, together with their opening balances. All or none.
    pub fn provision_all(
        &mut self,
        accounts: &[(Arc<str>, String, Amount)],
    ) -> Result<Vec<AccountNumber>, Unavailable> {
        accounts.iter().try_for_each(|(.., opening)| check_balance(Some(*opening)))?;
        Ok(accounts.iter().map(|(id, currency, opening)| self.provision(id, currency, *opening)).collect())
    }

    fn provision(&mut self, id: &str, currency: &str, opening_balance: Amount) -> AccountNumber {
        if let Some(number) = self.fold.accounts.get(id).or_else(|| self.changes.accounts.get(id)) {
            return *number;
        }
        let taken = self.fold.accounts.len() + self.changes.accounts.len();
        let number = AccountNumber(u32::try_from(taken + 1).unwrap_or(u32::MAX));
        let row = AccountRow { id: id.to_owned(), currency: currency.to_owned(), created_at: self.now };
        self.batch.insert(Family::Accounts, account_key(number), row.to_bytes());
        self.changes.accounts.insert(id.to_owned(), number);
        self.wallet_mut(number);
        if opening_balance != Amount::ZERO {
            self.post(number, EntryKind::OpeningBalance, opening_balance, "provisioned".to_owned());
        }
        number
    }

    /// The number of a tariff version, which is archived now where it is new.
    pub fn archive(&mut self, version: &str, files: &[(String, Vec<u8>)]) -> u32 {
        if let Some(number) = self.fold.tariffs.get(version).or_else(|| self.changes.tariffs.get(version)) {
            return *number;
        }
        let taken = self.fold.tariffs.len() + self.changes.tariffs.len();
        let number = u32::try_from(taken + 1).unwrap_or(u32::MAX);
        let row = TariffRow { version: version.to_owned(), applied_at: self.now, files: files.to_vec() };
        self.batch.insert(Family::Tariffs, number.to_be_bytes(), row.to_bytes());
        self.changes.tariffs.insert(version.to_owned(), number);
        number
    }

    /// The rows to write, and what to tell the fold once they are on disk.
    pub fn finish(mut self) -> (Batch, Changes) {
        for (account, after) in &self.changes.wallets {
            let before = self.fold.wallets.get(account).map(Row::to_bytes);
            self.batch.replace(Family::Wallets, account_key(*account), after.to_bytes(), before);
        }
        // What was loaded for a charge that was then not folded has not changed.
        let volumes =
            self.changes.volumes.iter().filter(|(_, (before, after))| before.unwrap_or_default() != *after);
        for ((account, month), (before, after)) in volumes {
            let before = before.map(|segments| segments.to_be_bytes().to_vec());
            self.batch.replace(
                Family::Volumes,
                volume_key(*account, *month),
                after.to_be_bytes().to_vec(),
                before,
            );
        }
        let dispatches = self.changes.dispatches.iter();
        let changed = dispatches.filter(|(_, (before, after))| before.unwrap_or_default() != *after);
        for ((account, dispatch), (before, after)) in changed {
            let key = account_name_key(*account, dispatch);
            self.batch.replace(Family::Dispatches, key, after.to_bytes(), before.as_ref().map(Row::to_bytes));
        }
        if self.row.ids() > 0 {
            self.batch.insert(Family::Batches, self.first_id.to_be_bytes(), self.row.to_bytes());
        }
        (self.batch, self.changes)
    }

    fn take_ids(&mut self, count: u64) -> u64 {
        let first = self.changes.next_id;
        self.changes.next_id += count;
        first
    }

    /// Gives 32-bit ids to a chunk's messages. They begin again at one rather than wrap inside a chunk.
    fn short_ids(&mut self, chunk: &Chunk, first_id: u64) -> u64 {
        let before = self.changes.last_short_id;
        let first = if before.checked_add(chunk.count()).is_some() { before + 1 } else { 1 };
        for offset in 0..chunk.count() {
            let key = short_id_key(chunk.account(), first + offset);
            let id = first_id + u64::from(offset);
            self.batch.insert(Family::ShortIds, key, id.to_be_bytes().to_vec());
        }
        let last = first + chunk.count() - 1;
        self.changes.last_short_id = last;
        let (value, old) = (last.to_be_bytes().to_vec(), before.to_be_bytes().to_vec());
        self.batch.replace(Family::Meta, LAST_SHORT_ID_KEY, value, Some(old));
        u64::from(first)
    }

    fn wallet_mut(&mut self, account: AccountNumber) -> &mut WalletState {
        let fold = self.fold;
        self.changes.wallets.entry(account).or_insert_with(|| fold.wallet(account))
    }

    /// Reads the counters that a charge or a refund is about to change. Only this can fail, and it changes nothing: a
    /// message is folded as a whole or not at all.
    fn load<'d>(
        &mut self,
        account: AccountNumber,
        month: Month,
        dispatches: impl IntoIterator<Item = &'d [u8]>,
    ) -> Result<(), Unavailable> {
        for dispatch in dispatches {
            if let Entry::Vacant(entry) = self.changes.dispatches.entry((account, dispatch.into())) {
                let before = self.store.row(Family::Dispatches, &account_name_key(account, dispatch))?;
                entry.insert((before, before.unwrap_or_default()));
            }
        }
        if !self.changes.volumes.contains_key(&(account, month)) {
            let before = self.durable_volume(account, month)?;
            self.changes.volumes.insert((account, month), (before, before.unwrap_or_default()));
        }
        Ok(())
    }

    fn dispatch_mut(&mut self, account: AccountNumber, dispatch: &[u8]) -> &mut DispatchCounters {
        &mut self.changes.dispatches.entry((account, dispatch.into())).or_default().1
    }

    fn volume_mut(&mut self, account: AccountNumber, month: Month) -> &mut u64 {
        &mut self.changes.volumes.entry((account, month)).or_default().1
    }

    /// From the wallet where it still has the month, which saves a read; else from disk.
    fn durable_volume(&self, account: AccountNumber, month: Month) -> Result<Option<u64>, Unavailable> {
        let wallet = self.fold.wallet(account);
        if let Some(volume) = wallet.volumes.iter().find(|volume| volume.month == month) {
            return Ok(Some(volume.segments));
        }
        self.store.number(Family::Volumes, &volume_key(account, month))
    }
}

impl Charged {
    fn of(cdr: &Cdr<'_>) -> Self {
        Self {
            amount: cdr.fields.amount,
            segments: u32::from(cdr.fields.segments),
            month: cdr.header.month,
            dispatch_id: cdr.fields.dispatch_id.map(<[u8]>::to_vec),
        }
    }
}

/// A balance stays within half of what an amount can hold, so that the sums that follow from it fit too: debits that
/// are still on their way to disk, and refunds.
fn check_balance(balance: Option<Amount>) -> Result<(), Unavailable> {
    match balance {
        Some(balance) if balance.micros().unsigned_abs() <= i64::MAX.unsigned_abs() / 2 => Ok(()),
        _ => Err(Unavailable("the balance cannot hold the amount".to_owned())),
    }
}

/// Books that do not fit into an `i64` of millionths are broken; the process must not go on writing them.
fn sum(left: Amount, right: Amount) -> Amount {
    let sum = left.checked_add(right);
    assert!(sum.is_some(), "a durable balance overflows: {left} + {right}");
    sum.unwrap_or(left)
}

fn negative(amount: Amount) -> Amount {
    Amount::from_micros(-amount.micros())
}
