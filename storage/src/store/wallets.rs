//! Wallets: durable balances, at present and in the past.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::WalletState;

use super::provisioned::numbered;
use crate::cdr::BlockReader;
use crate::database::{Database, Unavailable, damaged};
use crate::rows::{LedgerEntry, Row};
use crate::schema::{Family, account_key, first_id_at};
use crate::view::{Ids, View};

/// Reads durable wallets.
#[derive(Clone, Copy, Debug)]
pub struct WalletRows<'a> {
    pub(super) database: &'a Database,
}

impl WalletRows<'_> {
    /// Every wallet at this durable instant.
    pub fn all(&self) -> Result<Vec<(AccountNumber, WalletState)>, Unavailable> {
        numbered(self.database, Family::Wallets)
    }

    /// The durable wallet of an account.
    pub fn of(&self, account: AccountNumber) -> Result<Option<WalletState>, Unavailable> {
        self.database.row(Family::Wallets, &account_key(account))
    }

    /// The durable balance of an account before the first commit of this instant.
    ///
    /// It is reckoned from the present balance back, and from the last balance that the ledger names before
    /// the instant on, in turns, a block of CDRs or a ledger entry at a time: whatever is nearer to the
    /// instant is there first. It takes about as long as the nearer one has CDRs to be read.
    pub fn balance_at(&self, account: AccountNumber, at: UnixMicros) -> Result<Amount, Unavailable> {
        let before = first_id_at(at);
        View::of_account(self.database, account, |view| {
            let wallet = view.row::<WalletState>(Family::Wallets, &account_key(account))?;
            let present = wallet.unwrap_or_default().balance;
            let mut since = Walk::new(view, before, u64::MAX)?;
            let mut until = Walk::new(view, 0, before)?;
            until.ends_at_balance = true;
            loop {
                if since.step()? {
                    return amount(i128::from(present.micros()) - since.change);
                }
                if until.step()? {
                    return amount(until.change);
                }
            }
        })
    }
}

/// The changes of an account's balance within a range of ids, added up from its end on.
struct Walk<'view> {
    account: AccountNumber,
    /// `None` once all that are needed were added.
    entries: Option<Ids<'view>>,
    blocks: Ids<'view>,
    from: u64,
    to: u64,
    /// True if an entry that names the balance after it stands for all changes before.
    ends_at_balance: bool,
    change: i128,
}

impl<'view> Walk<'view> {
    fn new(view: &'view View<'_>, from: u64, to: u64) -> Result<Self, Unavailable> {
        let (entries, blocks) = (Some(view.down(Family::Ledger, to)?), view.down(Family::Cdrs, to)?);
        Ok(Self { account: view.account, entries, blocks, from, to, ends_at_balance: false, change: 0 })
    }

    /// Reads one row more; whether everything is added up.
    fn step(&mut self) -> Result<bool, Unavailable> {
        let Some(entries) = &mut self.entries else { return self.step_block() };
        match entries.next().transpose()? {
            Some((id, value)) if id >= self.from => {
                let entry = LedgerEntry::read(&value).ok_or_else(|| damaged(Family::Ledger))?;
                self.add_entry(id, &entry);
            }
            _ => self.entries = None,
        }
        Ok(false)
    }

    fn add_entry(&mut self, id: u64, entry: &LedgerEntry) {
        match entry.balance_after.filter(|_| self.ends_at_balance) {
            Some(balance) => {
                self.change += i128::from(balance.micros());
                (self.from, self.entries) = (id, None);
            }
            None => self.change += i128::from(entry.amount.micros()),
        }
    }

    fn step_block(&mut self) -> Result<bool, Unavailable> {
        let Some((first, value)) = self.blocks.next().transpose()? else { return Ok(true) };
        let block = BlockReader::new(self.account, first, &value);
        let mut block = block.ok_or_else(|| damaged(Family::Cdrs))?;
        if first.saturating_add(u64::from(block.left())) <= self.from {
            return Ok(true);
        }
        for cdr in block.by_ref().filter(|cdr| (self.from..self.to).contains(&cdr.message_id)) {
            self.change -= i128::from(cdr.fields.amount.micros());
        }
        if block.is_sound() { Ok(first <= self.from) } else { Err(damaged(Family::Cdrs)) }
    }
}

fn amount(micros: i128) -> Result<Amount, Unavailable> {
    let micros = i64::try_from(micros);
    micros.map(Amount::from_micros).map_err(|_| Unavailable("the balance cannot be held".to_owned()))
}
