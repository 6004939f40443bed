//! Wallets and ledgers. A balance is in memory, the entries that moved it are on disk, and a top-up or adjustment is one
//! durable change.

mod table;
pub mod transactions;

use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::events::types::EventType;
use tollgate_api::export::{Export, TableFormat};
use tollgate_api::extract::Conditions;
use tollgate_api::money::{CurrencyCode, Money, MoneySum};
use tollgate_api::page::{LIMIT_MAX, Page};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_api::wallets::{
    Balance, BalanceQuery, NewAdjustment, NewTopup, Transaction, TransactionsQuery, Wallet, WalletsService,
};
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::refusal::Refusal;
use tollgate_storage::change::{Changed, EntryChange, EntryText, PostedEntry};
use tollgate_storage::clock::now;
use tollgate_storage::rows::EntryKind;
use tollgate_storage::store::Store;

use super::wallet_told;
use crate::accounts::record::AccountRecord;
use crate::change_set::ChangeSet;
use crate::context::Context;
use crate::documents::{DocumentCache, to_json};
use crate::identity::visibility::Visibility;
use crate::messaging::lookup::Lookup;
use crate::plain_text::{check_line, check_lines};
use crate::problems::unavailable;
use tollgate_exports::sides::Viewer;
use tollgate_relay::snapshot::ActiveAccount;
use transactions::Owner;

/// Characters of an entry's reference and of its details.
pub const REFERENCE_MAX: usize = 200;
pub(crate) const DETAILS_MAX: usize = 2_000;
/// Octets of an entry's metadata.
const METADATA_OCTETS_MAX: usize = 4_096;

/// The wallets of accounts, their ledgers, and top-ups and adjustments.
#[derive(Debug)]
pub struct Wallets {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    accounts: Arc<DocumentCache<AccountRecord>>,
    lookup: Arc<Lookup>,
    withdrawals: Mutex<Withdrawals>,
}

/// Takes money out of wallets by adjustments, one after the other: a withdrawal holds it until its commit, so that whoever
/// asks next finds an earlier use of the same Idempotency-Key either not begun or on disk.
#[derive(Debug)]
struct Withdrawals;

/// A top-up or an adjustment to be posted.
struct Posting<'a> {
    kind: EntryKind,
    amount: Amount,
    text: EntryText,
    action: &'a str,
    /// The request as a text: by it a resend is told from another request under the same key.
    request: String,
}

impl WalletsService for Wallets {
    fn balance(&self, caller: &Caller, account: &str, query: BalanceQuery) -> Answer<Balance> {
        let account = self.visibility.readable_account(caller, account)?;
        let charged = &account.provisioned.account;
        let (id, currency) = (charged.id.to_string(), CurrencyCode(charged.currency));
        let present = now();
        if let Some(Time(at)) = query.at {
            if at > present {
                return Err(Problem::field("at", "is not in the past"));
            }
            let number = account.runtime.wallet.number();
            let balance = self.store().wallets().balance_at(number, at);
            let balance = MoneySum(balance.map_err(|error| unavailable(&error))?);
            let (credit_limit, available, low, as_of) = (None, None, None, Time(at));
            return Ok(Balance { account: id, balance, currency, credit_limit, available, low, as_of });
        }
        let balance = account.runtime.wallet.state().balance;
        let low = charged.low_balance_threshold.is_some_and(|threshold| balance < threshold);
        Ok(Balance {
            account: id,
            balance: MoneySum(balance),
            currency,
            credit_limit: Some(Money(charged.credit_limit)),
            available: Some(MoneySum(available(balance, charged.credit_limit))),
            low: Some(low),
            as_of: Time(present),
        })
    }

    fn wallet(&self, caller: &Caller, account: &str) -> Answer<Wallet> {
        let account = self.visibility.readable_account(caller, account)?;
        let charged = &account.provisioned.account;
        let record = self.accounts.get(&charged.id);
        let (state, present) = (account.runtime.wallet.state(), now());
        let month = account.terms.plan.months.month_at(present);
        Ok(Wallet {
            account: charged.id.to_string(),
            balance: MoneySum(state.balance),
            currency: CurrencyCode(charged.currency),
            credit_limit: Money(charged.credit_limit),
            available: MoneySum(available(state.balance, charged.credit_limit)),
            low_balance_threshold: charged.low_balance_threshold.map(Money),
            overage_segments: record.and_then(|record| record.value.overage_segments),
            status: self.visibility.status_of(&account),
            plan: charged.plan.to_string(),
            month: month.to_string(),
            segments_this_month: state.counted(month),
            as_of: Time(present),
        })
    }

    fn transactions(
        &self,
        caller: &Caller,
        account: &str,
        query: &TransactionsQuery,
    ) -> Answer<Page<Transaction>> {
        let account = self.visibility.readable_account(caller, account)?;
        transactions::list(self.store(), &self.owner(caller, &account)?, query)
    }

    fn export_transactions(
        &self,
        caller: &Caller,
        account: &str,
        query: &TransactionsQuery,
        format: TableFormat,
    ) -> Answer<Export> {
        let owner = self.owner(caller, &*self.visibility.readable_account(caller, account)?)?;
        let (store, query) = (Arc::clone(&self.context.core.books.store), query.clone());
        let page = move |cursor| {
            let query = TransactionsQuery { cursor, limit: Some(LIMIT_MAX), ..query.clone() };
            transactions::list(&store, &owner, &query)
        };
        self.context.exports.begin_list(caller, format, table::TABLE, "transactions", page, table::cells)
    }

    fn transaction(&self, caller: &Caller, account: &str, id: &str) -> Answer<Transaction> {
        let account = self.visibility.readable_account(caller, account)?;
        let owner = self.owner(caller, &account)?;
        let found = id.parse().ok().map(|number| transactions::find(self.store(), &owner, number));
        let missing = || Problem::not_found(format!("there is no transaction `{id}` of this account"));
        found.transpose()?.flatten().ok_or_else(missing)
    }

    fn top_up(
        &self,
        caller: &Caller,
        account: &str,
        topup: NewTopup,
        conditions: &Conditions,
    ) -> Answer<Transaction> {
        let account = self.visibility.visible_account(caller, account)?;
        if topup.amount.0 <= Amount::ZERO {
            return Err(Problem::field("amount", "must be more than zero"));
        }
        check_line("reference", &topup.reference, 1..=REFERENCE_MAX)?;
        check_lines("details", topup.details.as_deref().unwrap_or_default(), 0..=DETAILS_MAX)?;
        let metadata = topup.metadata.as_ref().map(|metadata| Value::Object(metadata.clone()).to_string());
        let metadata = metadata.unwrap_or_default();
        if metadata.len() > METADATA_OCTETS_MAX {
            return Err(Problem::field("metadata", format!("has more than {METADATA_OCTETS_MAX} octets")));
        }
        let request = request_text("topups", &account.provisioned.account.id, &topup);
        let text = EntryText {
            actor: caller.actor.clone(),
            reference: topup.reference,
            details: topup.details.unwrap_or_default(),
            metadata,
        };
        let (kind, amount, action) = (EntryKind::TopUp, topup.amount.0, "wallet.topup");
        self.post(caller, &account, Posting { kind, amount, text, action, request }, conditions)
    }

    fn adjust(
        &self,
        caller: &Caller,
        account: &str,
        adjustment: NewAdjustment,
        conditions: &Conditions,
    ) -> Answer<Transaction> {
        let account = self.visibility.visible_account(caller, account)?;
        if adjustment.amount.0 == Amount::ZERO {
            return Err(Problem::field("amount", "is zero"));
        }
        check_lines("reason", &adjustment.reason, 1..=DETAILS_MAX)?;
        check_line("reference", adjustment.reference.as_deref().unwrap_or_default(), 0..=REFERENCE_MAX)?;
        let request = request_text("adjustments", &account.provisioned.account.id, &adjustment);
        let text = EntryText {
            actor: caller.actor.clone(),
            reference: adjustment.reference.unwrap_or_default(),
            details: adjustment.reason,
            metadata: String::new(),
        };
        let (kind, amount, action) = (EntryKind::Adjustment, adjustment.amount.0, "wallet.adjust");
        self.post(caller, &account, Posting { kind, amount, text, action, request }, conditions)
    }
}

impl Wallets {
    /// The wallets of all accounts; `accounts` are the records of those of the API.
    pub fn new(
        context: Arc<Context>,
        visibility: Arc<Visibility>,
        accounts: Arc<DocumentCache<AccountRecord>>,
        lookup: Arc<Lookup>,
    ) -> Self {
        Self { context, visibility, accounts, lookup, withdrawals: Mutex::new(Withdrawals) }
    }

    /// The account of transactions that a caller asks for.
    fn owner(&self, caller: &Caller, account: &ActiveAccount) -> Answer<Owner> {
        Ok(Owner::of(account, self.lookup.viewer(caller, &self.lookup.names()?)?))
    }

    fn store(&self) -> &Store {
        self.context.store()
    }

    fn post(
        &self,
        caller: &Caller,
        account: &ActiveAccount,
        posting: Posting<'_>,
        conditions: &Conditions,
    ) -> Answer<Transaction> {
        let Posting { kind, amount, text, action, request } = posting;
        let charged = &account.provisioned.account;
        let after = json!({
            "amount": Money(amount),
            "currency": charged.currency.as_str(),
            "reference": text.reference,
            "details": text.details,
        });
        let mut changes = self.context.change(caller);
        changes.once(conditions.key.0.as_deref(), &request);
        changes.meant_for(conditions.if_match, self.visibility.revision_of(account))?;
        changes.note(action, format!("account/{}", charged.id), &Value::Null, &after);
        let event = match kind {
            EntryKind::TopUp => Some(EventType::WalletToppedUp),
            EntryKind::Adjustment => Some(EventType::WalletAdjusted),
            _ => None,
        };
        if let Some(event) = event {
            wallet_told::emit(&mut changes, event, account, (amount, &text.reference));
        }
        let wallet = Arc::clone(&account.runtime.wallet);
        let changed = if amount.is_negative() {
            let taken = amount.checked_neg().ok_or_else(|| Problem::refused(Refusal::Malformed))?;
            let debit = || EntryChange::debit(wallet, kind, taken, charged.credit_limit, text);
            withdraw(&mut self.withdrawals.lock(), changes, debit)?
        } else {
            changes.entry(EntryChange::credit(wallet, kind, amount, text).map_err(Problem::refused)?);
            changes.commit()?
        };
        self.posted(account, &changed.entries)
    }

    /// The answer to a request and to each repetition of it: the entry as the ledger has it.
    fn posted(&self, account: &ActiveAccount, entries: &[PostedEntry]) -> Answer<Transaction> {
        let id = entries.first().map(|entry| entry.id);
        let found = id
            .map(|id| transactions::find(self.store(), &Owner::of(account, Viewer::House), id))
            .transpose()?;
        found.flatten().ok_or_else(|| Problem::internal("the entry is not in the ledger"))
    }
}

/// Takes money and makes that durable; where the same request did so before, it is what came of it then.
fn withdraw(
    _turn: &mut Withdrawals,
    mut changes: ChangeSet<'_>,
    debit: impl FnOnce() -> Result<EntryChange, Refusal>,
) -> Answer<Changed> {
    if let Some(before) = changes.replayed()? {
        return Ok(before);
    }
    changes.entry(debit().map_err(Problem::refused)?);
    changes.commit()
}

/// The most that debits can take.
fn available(balance: Total, credit_limit: Amount) -> Total {
    balance.plus(credit_limit)
}

/// A request as a text, by which a resend is told from another request under the same key.
pub fn request_text(what: &str, account: &str, body: &impl Serialize) -> String {
    let body = String::from_utf8_lossy(&to_json(body)).into_owned();
    format!("POST /v1/accounts/{account}/{what} {body}")
}
