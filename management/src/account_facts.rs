//! Facts of every account, kept for the time after it was removed: the terms that its books are read by.
//!
//! A reload that removes an account leaves it as it was in memory. After a restart it is made again from its number in the
//! books and these facts, so that its balance, ledger and messages can be read, and its last month is invoiced.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_engine::account::{Account, AccountNumber, DeliveryMode};
use tollgate_engine::money::Currency;
use tollgate_engine::pumping::PumpingOverrides;
use tollgate_engine::pumping::PumpingSettings;
use tollgate_engine::settlement::SettlementTerms;
use tollgate_engine::tables::{DefinitionError, Terms};
use tollgate_engine::tariff::Plan;
use tollgate_storage::rows::AccountRow;
use tollgate_storage::store::Unavailable;

use crate::accounts::record::AccountRecord;
use crate::collections::ACCOUNT_FACTS;
use crate::context::Context;
use crate::documents::DocumentCache;
use crate::identity::random;
use tollgate_provisioning::passwords::PasswordHash;
use tollgate_provisioning::{passwords, texts};
use tollgate_relay::snapshot::{ActiveAccount, Snapshot};

/// Documents of one commit.
const AT_ONCE: usize = 500;
/// Characters of a password that nobody is told.
const PASSWORD_CHARACTERS: usize = 16;
/// The time zone and the plan of an account of which nothing is known but its books.
const UNKNOWN_ZONE: &str = "UTC";
const UNKNOWN_PLAN: &str = "unknown";

/// The facts of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFacts {
    plan: String,
    time_zone: String,
    system_id: String,
    credit_limit: Money,
}

/// The facts of all accounts, as far as they were seen.
pub struct AccountFactsKeeper {
    context: Arc<Context>,
    facts: DocumentCache<AccountFacts>,
    /// The hash of a password that nobody is told: a removed account cannot bind.
    password_hash: Mutex<Option<PasswordHash>>,
    /// The snapshot that was written last, and its generation.
    written: Mutex<Option<(Arc<Snapshot>, u64)>>,
}

impl std::fmt::Debug for AccountFactsKeeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountFactsKeeper").finish_non_exhaustive()
    }
}

impl AccountFacts {
    fn of(account: &ActiveAccount) -> Self {
        let charged = &account.provisioned.account;
        Self {
            plan: charged.plan.to_string(),
            time_zone: account.terms.plan.plan.time_zone.clone(),
            system_id: account.provisioned.system_id.to_string(),
            credit_limit: Money(charged.credit_limit),
        }
    }

    fn unknown() -> Self {
        Self {
            plan: UNKNOWN_PLAN.to_owned(),
            time_zone: UNKNOWN_ZONE.to_owned(),
            system_id: String::new(),
            credit_limit: Money::default(),
        }
    }
}

impl AccountFactsKeeper {
    /// Reads the facts, and makes the accounts again that were removed before this start; `records` are those of the API.
    pub fn open(context: Arc<Context>, records: &DocumentCache<AccountRecord>) -> Result<Self, Unavailable> {
        let facts = DocumentCache::load(context.store(), ACCOUNT_FACTS)?;
        let (password_hash, written) = (Mutex::new(None), Mutex::new(None));
        let keeper = Self { context, facts, password_hash, written };
        let snapshot = keeper.context.core.snapshot.load_full();
        for (number, row) in keeper.context.store().provisioned().accounts()? {
            if snapshot.by_account(&row.id).is_some() {
                continue;
            }
            match keeper.remade(&snapshot, records, number, &row) {
                Ok(account) => {
                    keeper.context.core.configuration.removed_accounts().keep(Arc::new(account));
                }
                Err(problem) => {
                    tracing::warn!(id = row.id, problem, "the books of a removed account cannot be shown");
                }
            }
        }
        Ok(keeper)
    }

    /// Writes the facts of accounts that are new or have changed. Nobody's change, so that the audit log does not name it.
    pub fn write(&self) -> Answer<()> {
        let mut written = self.written.lock();
        let snapshot = self.context.core.snapshot.load_full();
        let generation = snapshot.generation();
        let is_known =
            |(before, of): &(Arc<Snapshot>, u64)| Arc::ptr_eq(before, &snapshot) && *of == generation;
        if written.as_ref().is_some_and(is_known) {
            return Ok(());
        }
        let changed: Vec<_> = snapshot
            .accounts()
            .map(|account| (account.provisioned.account.id.to_string(), AccountFacts::of(&account)))
            .filter(|(id, facts)| self.facts.get(id).is_none_or(|before| before.value != *facts))
            .collect();
        let system = Caller::system();
        for some in changed.chunks(AT_ONCE) {
            let mut changes = self.context.change(&system);
            for (id, facts) in some {
                changes.put(&self.facts, id, self.facts.get(id).as_deref(), facts.clone());
            }
            changes.commit()?;
        }
        *written = Some((snapshot, generation));
        Ok(())
    }

    /// A removed account as it was last, as far as that is known.
    fn remade(
        &self,
        snapshot: &Snapshot,
        records: &DocumentCache<AccountRecord>,
        number: AccountNumber,
        row: &AccountRow,
    ) -> Result<ActiveAccount, String> {
        let currency = Currency::new(&row.currency).ok_or("its currency is unknown")?;
        let facts = self.facts.get(&row.id).map_or_else(AccountFacts::unknown, |known| known.value.clone());
        let record = match records.get(&row.id) {
            Some(document) => document.value.clone(),
            None => self.record_of(row, CurrencyCode(currency), &facts)?,
        };
        let provisioned = record.provisioned(&self.context.settings).map_err(|problem| problem.detail)?;
        let terms =
            terms(snapshot, provisioned.account.clone(), &facts).map_err(|error| error.to_string())?;
        let wallet = self.context.store().wallets().of(number).map_err(|error| error.to_string())?;
        let (core, id) = (&self.context.core, &provisioned.account.id);
        let runtime = core.accounts.runtime(id, number, wallet.unwrap_or_default());
        // It sends nothing any more.
        let pumping = PumpingSettings::DEFAULT;
        Ok(ActiveAccount { provisioned, terms: Arc::new(terms), pumping, runtime })
    }

    /// The record that an account of a file would have, had the API made it.
    fn record_of(
        &self,
        row: &AccountRow,
        currency: CurrencyCode,
        facts: &AccountFacts,
    ) -> Result<AccountRecord, String> {
        let mut hash = self.password_hash.lock();
        if hash.is_none() {
            let password = random::text::<PASSWORD_CHARACTERS>().map_err(|problem| problem.detail)?;
            *hash = Some(passwords::hash(password.as_bytes()).map_err(|error| error.to_string())?);
        }
        let hash = hash.as_ref().ok_or("it has no password")?;
        let mut record = AccountRecord::new(&row.id, &facts.plan, currency, hash);
        record.credit_limit = facts.credit_limit;
        let names = [&facts.system_id, &row.id].into_iter().find(|name| texts::system_id(name).is_ok());
        record.system_id = names.map_or_else(|| UNKNOWN_PLAN.to_owned(), Clone::clone);
        Ok(record)
    }
}

/// Terms of the plan that the account had, or of one that has nothing but the time zone of that.
fn terms(snapshot: &Snapshot, account: Account, facts: &AccountFacts) -> Result<Terms, DefinitionError> {
    let in_force = snapshot.tables.plan(&account.plan);
    let is_same = |plan: &Plan| plan.time_zone == facts.time_zone && plan.currency == account.currency;
    if in_force.is_some_and(|table| is_same(&table.plan)) {
        return snapshot.tables.terms_for(account);
    }
    let plan = Plan {
        name: Arc::clone(&account.plan),
        currency: account.currency,
        time_zone: facts.time_zone.clone(),
        base_price: None,
        tiers: Vec::new(),
        rates: Vec::new(),
        common_rates: Vec::new(),
        settlement: SettlementTerms::default(),
        bundle_segments_count: false,
        delivery: DeliveryMode::Routed,
        pumping: PumpingOverrides::default(),
    };
    snapshot.tables.terms_on(account, plan)
}
