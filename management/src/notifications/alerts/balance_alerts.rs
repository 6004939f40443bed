//! The alerts of balances that dip between two looks, with their events: raised and cleared in one change, as both are over.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tollgate_api::alerts::AlertKind;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::time::Time;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use super::announce::announce;
use super::balance_path::{Held, Told};
use super::balances::{AccountPath, BalanceWatch, next_id};
use super::record::{AlertRecord, Condition};
use super::wallets::WalletFacts;
use crate::context::Context;
use crate::documents::DocumentCache;
use crate::identity::random::id_at;
use crate::jobs::JobQueue;

/// The conditions of a wallet that are about its balance alone.
pub const BALANCE_KINDS: [AlertKind; 2] = [AlertKind::LowBalance, AlertKind::CreditNearlyUsed];
/// Conditions that one change tells of.
const AT_ONCE: usize = 200;
/// Alerts beyond which no dip is told of until others are forgotten.
const KEPT_MAX: usize = 250_000;

/// Tells of balances.
#[derive(Debug)]
pub struct BalanceAlerts {
    context: Arc<Context>,
    alerts: Arc<DocumentCache<AlertRecord>>,
    jobs: Arc<JobQueue>,
    /// `None` until the books were read.
    watch: Option<BalanceWatch>,
}

/// The news that the way of a balance has of a condition.
struct Tale<'p> {
    path: &'p AccountPath,
    condition: Condition,
    told: Told,
}

impl BalanceAlerts {
    /// Nothing is read yet.
    pub fn new(context: Arc<Context>, alerts: Arc<DocumentCache<AlertRecord>>, jobs: Arc<JobQueue>) -> Self {
        Self { context, alerts, jobs, watch: None }
    }

    /// Tells of the balances that money came to since the look before. Gives their accounts, whose balances are not to be looked at
    /// in memory this time, as memory may be behind what was read.
    pub fn look(
        &mut self,
        open: &mut HashMap<Condition, String>,
        now: UnixMicros,
    ) -> Answer<HashSet<AccountNumber>> {
        let (context, alerts) = (Arc::clone(&self.context), Arc::clone(&self.alerts));
        let next_id = next_id(context.store())?;
        let watch = match self.watch.take() {
            Some(watch) => watch,
            None => BalanceWatch::begin(context.store(), &alerts)?,
        };
        let watch = self.watch.insert(watch);
        let snapshot = context.core.snapshot.load_full();
        let paths = watch.paths(context.store(), snapshot.accounts(), next_id)?;
        let teller = Teller { context: &context, alerts: &alerts, jobs: &self.jobs, now };
        for some in paths.chunks(AT_ONCE) {
            let tales: Vec<Tale<'_>> = some.iter().flat_map(|path| teller.tales(path, open)).collect();
            let raised: usize = tales.iter().map(|tale| tale.told.held.len()).sum();
            if alerts.len() + raised > KEPT_MAX {
                tracing::error!("balances are not told of, as there are too many alerts");
                break;
            }
            teller.write(&tales, open)?;
            for path in some {
                watch.follow(path);
            }
        }
        watch.end_look(&context, next_id)?;
        Ok(paths.iter().map(|path| path.account.runtime.wallet.number()).collect())
    }

    /// The ledger id up to which an alert about a balance has read.
    pub fn ledger_to(&self, alert: &AlertRecord) -> Option<u64> {
        let account = alert.account.as_deref().filter(|_| BALANCE_KINDS.contains(&alert.kind))?;
        let account = self.context.core.snapshot.load().by_account(account)?;
        self.watch.as_ref()?.read_to(&account)
    }
}

/// Writes the changes of one look.
struct Teller<'a> {
    context: &'a Context,
    alerts: &'a DocumentCache<AlertRecord>,
    jobs: &'a JobQueue,
    now: UnixMicros,
}

impl Teller<'_> {
    fn facts(&self, path: &AccountPath) -> WalletFacts {
        let percent = self.context.settings.billing.credit_warning_percent;
        WalletFacts::of(&path.account, None, percent, self.now)
    }

    /// All that there is to write down of a way.
    fn tales<'p>(&self, path: &'p AccountPath, open: &HashMap<Condition, String>) -> Vec<Tale<'p>> {
        let facts = self.facts(path);
        let of_kind = BALANCE_KINDS.map(|kind| {
            let condition = Condition::new(kind, &path.account.provisioned.account.id);
            let state = |balance| WalletFacts { balance, ..facts }.state(kind);
            let told = path.path.tell(state, open.contains_key(&condition));
            Tale { path, condition, told }
        });
        of_kind.into_iter().filter(|tale| !tale.told.is_nothing()).collect()
    }

    /// Writes what the ways of balances say in one change, each with how far its ledger was read.
    fn write(&self, tales: &[Tale<'_>], open: &mut HashMap<Condition, String>) -> Answer<()> {
        if tales.is_empty() {
            return Ok(());
        }
        let (system, at) = (Caller::system(), Time(self.now));
        let mut change = self.context.change(&system);
        let mut after: Vec<(Condition, Option<String>)> = Vec::new();
        for Tale { path, condition, told: Told { was_over, held } } in tales {
            let ledger_to = Some(path.read_to);
            let mut still_open = open.get(condition).cloned();
            if *was_over && let Some(before) = still_open.take().and_then(|id| self.alerts.get(&id)) {
                let cleared = AlertRecord { cleared_at: Some(at), ledger_to, ..before.value.clone() };
                change.put(self.alerts, &before.key, Some(&before), cleared);
            }
            let facts = self.facts(path);
            for Held { balance, is_over } in held {
                let id = id_at("alr", self.now)?;
                let facts = WalletFacts { balance: *balance, ..facts };
                let raised = facts.alert(condition.kind, &path.account, self.now);
                let record = AlertRecord { cleared_at: is_over.then_some(at), ledger_to, ..raised };
                change.put(self.alerts, &id, None, record.clone());
                announce(self.jobs, self.context, &mut change, &id, &record, self.now)?;
                still_open = (!is_over).then_some(id);
            }
            after.push((condition.clone(), still_open));
        }
        change.commit()?;
        for (condition, id) in after {
            match id {
                Some(id) => open.insert(condition, id),
                None => open.remove(&condition),
            };
        }
        Ok(())
    }
}
