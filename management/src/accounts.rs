//! Accounts: those of `accounts.toml`, which are only shown, and those of the API, which can be changed.

mod chain_switch;
mod limits;
mod next;
mod plan_move;
pub mod record;
mod resale_rules;
pub mod rights;
mod view;

use std::sync::Arc;

use serde_json::Value;
use tollgate_api::accounts::{
    Account, AccountPatch, AccountSort, AccountsQuery, AccountsService, ChainSwitch, CreatedAccount,
    Credentials, NewAccount, NewChain, SwitchProblem,
};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::{Caller, Role};
use tollgate_api::events::data::AccountEventData;
use tollgate_api::events::types::EventType;
use tollgate_api::extract::IfMatch;
use tollgate_api::money::CurrencyCode;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_engine::money::Amount;
use tollgate_engine::reselling::Earning;
use tollgate_storage::change::{AccountChange, Changed};
use tollgate_storage::clock::now;

use crate::account_rates;
use crate::accounts::record::AccountRecord;
use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::identity::hashing::{Hashing, check_unpublished, proven};
use crate::identity::visibility::Visibility;
use crate::identity::{input, random};
use crate::messaging::lookup::Lookup;
use crate::plain_text::check_line;
use crate::problems::apply_problem_of;
use crate::resale::below_cost_words::below_cost_words;
use crate::resale::caps::caps_of;
use crate::resale::earnings::shown_earning;
use chain_switch::Switch;
use limits::SetLimits;
use next::NextAccount;
use resale_rules::Reseller;
use rights::Level;
use tollgate_notifications::url::{literal_address, webhook_url};
use tollgate_notifications::webhook_addresses::WebhookAddresses;
use tollgate_provisioning::bounds::account::{DISPLAY_NAME_CHARACTERS, OVERAGE_SEGMENTS};
use tollgate_provisioning::bounds::text::PASSWORD;
use tollgate_provisioning::{
    BelowCostFault, ProvisionedAccount, check_opening_balance, gateway_addresses, texts,
};
use tollgate_relay::configuration::ConfigurationChange;
use tollgate_relay::core::ApplyError;
use tollgate_relay::snapshot::ActiveAccount;
use view::CreatedAt;

/// Characters of a generated password.
const PASSWORD_CHARACTERS: usize = 8;

/// The accounts of the files and of the API.
#[derive(Debug)]
pub struct Accounts {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    records: Arc<DocumentCache<AccountRecord>>,
    lookup: Arc<Lookup>,
}

impl AccountsService for Accounts {
    fn accounts(&self, caller: &Caller, query: &AccountsQuery) -> Answer<Page<Account>> {
        let paging = query.paging()?;
        let search = query.search.as_ref().map(|text| text.to_lowercase());
        let wanted = |account: &Account| {
            query.status.is_none_or(|status| account.status == status)
                && query.source.is_none_or(|source| account.source == source)
                && query.plan.as_ref().is_none_or(|plan| account.plan == *plan)
                && query.parent.as_ref().is_none_or(|parent| account.parent.as_ref() == Some(parent))
                && search.as_ref().is_none_or(|text| {
                    account.id.to_lowercase().contains(text) || account.name.to_lowercase().contains(text)
                })
        };
        let created = view::created_at(self.context.store())?;
        let accounts = self.visibility.readable_accounts(caller);
        let views = accounts.iter().map(|account| self.view(caller, account, &created)).filter(wanted);
        let sort = query.sort.unwrap_or_default();
        let keyed = views.map(|view| (key_of(&view, sort), view)).collect();
        Ok(paging.sorted(keyed, sort.is_backwards()))
    }

    fn account(&self, caller: &Caller, id: &str) -> Answer<Versioned<Account>> {
        let account = self.visibility.readable_account(caller, id)?;
        let revision = self.records.get(id).map_or(1, |document| document.revision);
        Ok(Versioned::new(revision, self.view(caller, &account, &view::created_at(self.context.store())?)))
    }

    fn create_account(&self, caller: &Caller, new: NewAccount) -> Answer<Versioned<CreatedAccount>> {
        texts::name(&new.id).map_err(|message| Problem::field("id", message))?;
        let parent = self.parent_for(caller, new.parent.as_deref())?;
        if new.settings.parent.is_some() {
            return Err(Problem::field("settings.parent", "is given beside settings, as parent"));
        }
        let opening = new.opening_balance.unwrap_or_default().0;
        if opening != Amount::ZERO && caller.role != Role::Admin {
            return Err(Problem::field("opening_balance", "only an admin may give one"));
        }
        let level = if caller.reaches_all() { Level::House } else { Level::Above };
        rights::check(&new.settings, level.selling(self.sells(parent.as_deref())))?;
        self.check_price_list(caller, &new.settings, parent.as_deref())?;
        self.check_documented(&new.settings)?;
        self.check_contacts(&new.settings)?;
        let set = SetLimits::of(&new.settings);
        let password = match new.password {
            Some(password) if (1..=PASSWORD).contains(&password.len()) => password,
            Some(_) => {
                return Err(Problem::field("password", format!("must have 1 to {PASSWORD} octets")));
            }
            None => random::text::<PASSWORD_CHARACTERS>()?,
        };
        check_unpublished(&gateway_addresses(&self.context.settings), "password", &password)?;
        let hash = self.hashing().hash(proven(caller), &password)?;
        let mut turn = self.context.core.configuration.change();
        let currency = self.currency_of_plan(caller, &new.plan)?;
        let mut record = AccountRecord::new(&new.id, &new.plan, currency, &hash);
        record.parent = parent;
        let patch = new.settings.clone();
        view::apply(&mut record, new.settings);
        self.hold_below(&mut record, set)?;
        self.check_resale(caller, &patch, &record)?;
        if record.system_id == record.id {
            texts::system_id(&record.system_id).map_err(|_| {
                Problem::field("settings.system_id", "is missing, and the id is too long to be used instead")
            })?;
        }
        check_opening_balance(opening, record.credit_limit.0)
            .map_err(|message| Problem::field("opening_balance", message))?;
        self.check_names(&record, None)?;
        let view = self.put_new(&mut turn, caller, record, opening)?;
        let credentials = credentials(view.value.system_id.clone(), password);
        Ok(view.map(|account| CreatedAccount { account, credentials }))
    }

    fn change_account(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        patch: AccountPatch,
    ) -> Answer<Versioned<Account>> {
        let account = self.visibility.visible_account(caller, id)?;
        let reselling = &account.provisioned.account.reselling;
        let buys = reselling.earning == Earning::Wholesale && self.sells(reselling.parent.as_deref());
        rights::check(&patch, Level::of(caller, id).selling(buys))?;
        // The parent comes first: whose price lists there are follows from it.
        if let Some(parent) = &patch.parent {
            self.check_new_parent(caller, id, parent)?;
        }
        if !caller.reaches_all() {
            self.check_stays_in_chain(id, &patch, reselling.parent.as_deref())?;
        }
        self.check_price_list(caller, &patch, patch.parent.as_deref().or(reselling.parent.as_deref()))?;
        self.check_documented(&patch)?;
        self.check_contacts(&patch)?;
        let set = SetLimits::of(&patch);
        if let Some(plan) = &patch.plan {
            self.currency_of_plan(caller, plan)?;
        }
        self.alter(caller, id, if_match, "account.update", |record| {
            view::apply(record, patch.clone());
            if patch.is_reseller == Some(false) {
                self.check_below(record)?;
            }
            self.check_limits(record, set)?;
            self.check_resale(caller, &patch, record)
        })
    }

    fn switch_chain(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        new: NewChain,
        dry_run: bool,
    ) -> Answer<Versioned<ChainSwitch>> {
        let account = self.visibility.visible_account(caller, id)?;
        let patch = AccountPatch { chain: Some(new.chain), ..AccountPatch::default() };
        rights::check(&patch, Level::of(caller, id))?;
        if !caller.reaches_all() {
            self.check_stays_in_chain(id, &patch, None)?;
        }
        let mut turn = self.context.core.configuration.change();
        let before = self.records.get(id);
        if before.is_none() && !dry_run {
            return Err(of_file(id));
        }
        let revision = before.as_ref().map_or(1, |before| before.revision);
        if_match.check(revision)?;
        let (provisioned, prepared) = self.next_of_chain(&turn, &account, before.as_deref(), new.chain)?;
        let snapshot = self.context.core.snapshot.load_full();
        let viewer = self.lookup.viewer(caller, &self.lookup.names()?)?;
        let number = |id: &str| snapshot.by_account(id).map(|account| account.runtime.wallet.number());
        let sees = |level: &str, sender: &str| {
            let sides = number(sender).and_then(|sender| viewer.sides_of(sender, []));
            sides.zip(number(level)).is_some_and(|(sides, level)| sides.shows(level))
        };
        let switch = Switch {
            snapshot: &snapshot,
            store: self.context.store(),
            account: &account,
            chain: new.chain,
            after: prepared.as_ref().ok().and_then(NextAccount::tables),
            now: now(),
            sees: &sees,
        };
        let mut effect = switch.effect()?;
        match &prepared {
            Ok(next) => {
                let faults = next.below_cost(&provisioned);
                effect.warnings = note_below_cost(&faults, caller, &mut effect.problems);
            }
            Err(error) => effect.problems = chain_switch::problems_of(error)?,
        }
        effect.problems.extend(chain_switch::problem_of_lost_rates(&effect));
        if dry_run || !effect.is_change {
            return Ok(Versioned::new(revision, ChainSwitch { dry_run, ..effect }));
        }
        if let Some(problem) = chain_switch::refusal(id, &effect.problems) {
            return Err(problem);
        }
        drop(prepared);
        let before = before.ok_or_else(|| of_file(id))?;
        let record = AccountRecord { chain: new.chain, ..before.value.clone() };
        let put = self.put_record(&mut turn, caller, record, &before, "account.chain")?;
        Ok(Versioned::new(put.revision, ChainSwitch { dry_run: false, ..effect }))
    }

    fn rotate_credentials(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<Credentials> {
        let password = random::text::<PASSWORD_CHARACTERS>()?;
        let hash = self.hashing().hash(proven(caller), &password)?;
        let account = self.alter(caller, id, if_match, "account.rotate_credentials", |record| {
            hash.as_str().clone_into(&mut record.password_hash);
            Ok(())
        })?;
        Ok(credentials(account.value.system_id, password))
    }

    fn set_suspended(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        suspended: bool,
    ) -> Answer<Versioned<Account>> {
        if caller.account() == Some(id) {
            return Err(Problem::forbidden("you cannot suspend or resume your own account"));
        }
        let action = if suspended { "account.suspend" } else { "account.resume" };
        self.alter(caller, id, if_match, action, |record| {
            let is_lifted = self.visibility.may_lift(caller, record.suspended_by.as_deref());
            match (record.suspended && !is_lifted, suspended) {
                (true, false) => {
                    return Err(Problem::forbidden(
                        "the account was suspended by a level above your own, which alone resumes it",
                    ));
                }
                // It stays suspended by the level above.
                (true, true) => {}
                (false, _) => record.suspended_by = caller.account().filter(|_| suspended).map(str::to_owned),
            }
            record.suspended = suspended;
            Ok(())
        })
    }
}

fn credentials(system_id: String, password: String) -> Credentials {
    Credentials { system_id, password: Some(password), note: None }
}

/// The problem of a change of an account that a file provisions.
fn of_file(id: &str) -> Problem {
    Problem::provisioned_by_file(format!("account `{id}` is provisioned in accounts.toml; change it there"))
}

/// Notes prices below cost that would be refused among the problems of a switch, and returns those that are warned of.
fn note_below_cost(
    faults: &[&BelowCostFault],
    caller: &Caller,
    problems: &mut Vec<SwitchProblem>,
) -> Vec<String> {
    let words = |fault: &BelowCostFault| below_cost_words(fault, caller);
    let (refused, warned): (Vec<&BelowCostFault>, Vec<&BelowCostFault>) =
        faults.iter().copied().partition(|fault| fault.is_refused);
    problems
        .extend(refused.iter().map(|fault| chain_switch::problem(&fault.account, fault.key, &words(fault))));
    warned.iter().map(|fault| words(fault)).collect()
}

/// The key that an account is sorted by in lists.
fn key_of(account: &Account, sort: AccountSort) -> String {
    match sort {
        AccountSort::Id | AccountSort::IdBackwards => account.id.clone(),
        AccountSort::Name | AccountSort::NameBackwards => format!("{}\0{}", account.name, account.id),
        // As wide as any instant, so that the order of texts is that of time.
        AccountSort::Oldest | AccountSort::Newest => {
            format!("{:020}\0{}", account.created_at.0.0, account.id)
        }
    }
}

impl Accounts {
    /// Passwords of gateways are hashed where all others are.
    fn hashing(&self) -> Hashing {
        Hashing::new(Arc::clone(&self.context.core.passwords))
    }

    /// The accounts whose records are `records`, beside those of the files.
    pub fn new(
        context: Arc<Context>,
        visibility: Arc<Visibility>,
        records: Arc<DocumentCache<AccountRecord>>,
        lookup: Arc<Lookup>,
    ) -> Self {
        Self { context, visibility, records, lookup }
    }

    /// The account as the API shows it to this caller: nobody is shown how the level above earns on the own account.
    fn view(&self, caller: &Caller, account: &ActiveAccount, created: &CreatedAt) -> Account {
        let charged = &account.provisioned.account;
        let document = self.records.get(&charged.id);
        let view = view::account(account, document.as_deref(), created);
        let is_own = caller.account() == Some(&charged.id);
        let earning = (!is_own).then(|| shown_earning(charged.reselling.earning));
        Account { status: self.visibility.status_of(account), earning, ..view }
    }

    /// Refuses values that records of earlier versions may have and that the document of the API does not allow, and those that
    /// only a change is asked about: a longer name, more segments than 63 bits hold, countries and networks that nobody knows.
    fn check_documented(&self, patch: &AccountPatch) -> Answer<()> {
        check_line("name", patch.name.as_deref().unwrap_or_default(), 0..=DISPLAY_NAME_CHARACTERS)?;
        if let Some(error) =
            patch.overage_segments.flatten().and_then(|most| OVERAGE_SEGMENTS.check(most).err())
        {
            return Err(Problem::field(error.key, error.to_string()));
        }
        account_rates::check_documented(patch.rates.as_deref().unwrap_or_default())?;
        let snapshot = self.context.core.snapshot.load();
        caps_of(patch.caps.as_deref().unwrap_or_default(), Some(&snapshot.tables.networks)).map(drop)
    }

    /// An account with another `chain`, and what that makes of the configuration. One of a file is only looked at so.
    fn next_of_chain(
        &self,
        turn: &ConfigurationChange<'_>,
        account: &ActiveAccount,
        before: Option<&Document<AccountRecord>>,
        chain: bool,
    ) -> Answer<(ProvisionedAccount, Result<NextAccount, ApplyError>)> {
        let Some(before) = before else {
            let mut provisioned = account.provisioned.clone();
            provisioned.account.reselling.chain = chain;
            let prepared = turn.prepare_account_of_file(provisioned.clone());
            return Ok((provisioned, prepared.map(|prepared| NextAccount::WithVersion(Box::new(prepared)))));
        };
        let record = AccountRecord { chain, ..before.value.clone() };
        let provisioned = record.provisioned(&self.context.settings)?;
        let prepared = NextAccount::prepare(turn, provisioned.clone(), true);
        Ok((provisioned, prepared))
    }

    /// True if an account sells to those below it.
    fn sells(&self, account: Option<&str>) -> bool {
        let account = account.and_then(|id| self.context.core.snapshot.load().by_account(id));
        account.is_some_and(|account| account.provisioned.account.reselling.chain)
    }

    /// True if prices depend on the account's place in a chain.
    fn is_in_resale(&self, record: &AccountRecord) -> bool {
        record.is_in_resale() || self.sells(record.parent.as_deref())
    }

    /// Refuses what goes beyond the limits of a reseller that asks for it.
    fn check_resale(&self, caller: &Caller, patch: &AccountPatch, after: &AccountRecord) -> Answer<()> {
        let own = caller.account().and_then(|own| self.context.account(own));
        let Some(own) = own.filter(|_| !caller.reaches_all()) else { return Ok(()) };
        let after = after.provisioned(&self.context.settings)?;
        let snapshot = self.context.core.snapshot.load();
        let reseller = Reseller { own: &own.provisioned.account, tables: &snapshot.tables, now: now() };
        reseller.check(patch, &after.account)
    }

    /// Refuses a parent that is not below the same account of the house.
    fn check_new_parent(&self, caller: &Caller, id: &str, parent: &str) -> Answer<()> {
        let there_is_none = |_| Problem::field("parent", format!("there is no account `{parent}`"));
        let above = self.visibility.visible_account(caller, parent).map_err(there_is_none)?;
        if !above.provisioned.resale.is_reseller {
            return Err(Problem::field("parent", format!("`{parent}` is not a reseller")));
        }
        if parent == id {
            return Err(Problem::field("parent", format!("`{id}` cannot be its own parent")));
        }
        if self.visibility.is_below(parent, id) {
            let message = format!("`{parent}` is below `{id}`, which would be above itself");
            return Err(Problem::field("parent", message));
        }
        let (old, new) = (self.visibility.root_of(id), self.visibility.root_of(parent));
        if old == new {
            return Ok(());
        }
        let is_of_house = old == id;
        Err(Problem::field(
            "parent",
            match (is_of_house, caller.reaches_all()) {
                (true, _) => format!("`{id}` buys from the house, and stays there"),
                (false, true) if new == parent => {
                    format!("`{parent}` buys from the house, and the account stays below `{old}`")
                }
                (false, true) => format!("`{parent}` is below `{new}`, and the account stays below `{old}`"),
                (false, false) => {
                    format!("`{parent}` is not below the account of the house that the account is below")
                }
            },
        ))
    }

    /// Changes the record of an account of the API, and puts it in force.
    fn alter(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        action: &str,
        change: impl FnOnce(&mut AccountRecord) -> Answer<()>,
    ) -> Answer<Versioned<Account>> {
        self.visibility.visible_account(caller, id)?;
        let mut turn = self.context.core.configuration.change();
        let Some(before) = self.records.get(id) else {
            return Err(of_file(id));
        };
        if_match.check(before.revision)?;
        let mut record = before.value.clone();
        change(&mut record)?;
        record.currency = self.currency_of_plan(&Caller::system(), &record.plan)?;
        if record.currency != before.value.currency {
            return Err(Problem::field("plan", "has another currency than the account's wallet"));
        }
        self.check_names(&record, Some(&before.value))?;
        self.put_record(&mut turn, caller, record, &before, action)
    }

    /// Makes a changed record durable and puts it in force.
    fn put_record(
        &self,
        turn: &mut ConfigurationChange<'_>,
        caller: &Caller,
        record: AccountRecord,
        before: &Document<AccountRecord>,
        action: &str,
    ) -> Answer<Versioned<Account>> {
        let provisioned = record.provisioned(&self.context.settings)?;
        let resells = self.is_in_resale(&record) || self.is_in_resale(&before.value);
        let makes_version = record.price_terms() != before.value.price_terms()
            || record.parent != before.value.parent
            || resells && record.resale_terms() != before.value.resale_terms();
        // Contradictions are found before anything is written.
        let next = NextAccount::prepare(turn, provisioned.clone(), makes_version)
            .map_err(|error| apply_problem_of(&record.id, &error))?;
        let warnings =
            next.check_below_cost(caller, &provisioned, record.changed_price_key(&before.value))?;
        let (before_json, after) = (view::audited(&before.value), view::audited(&record));
        let id = record.id.clone();
        let mut changes = self.context.change(caller);
        changes.provision(next.change());
        let (suspended, was_suspended) = (record.suspended, before.value.suspended);
        changes.put(&self.records, &id, Some(before), record);
        if suspended != was_suspended {
            let kind = if suspended { EventType::AccountSuspended } else { EventType::AccountResumed };
            let by = caller.actor.clone();
            changes.emit(kind, Some(&id), &AccountEventData { account: id.clone(), suspended, by });
        }
        changes.note(action, format!("account/{id}"), &before_json, &after);
        let changed = changes.commit()?;
        if let Some(provisioned) = changed.provisioned.clone() {
            next.enact(turn, provisioned);
        }
        self.put_view(caller, &id, &changed, warnings)
    }

    /// Makes a new account durable with its books, in one change, and puts it in force.
    fn put_new(
        &self,
        turn: &mut ConfigurationChange<'_>,
        caller: &Caller,
        record: AccountRecord,
        opening_balance: Amount,
    ) -> Answer<Versioned<Account>> {
        let provisioned = record.provisioned(&self.context.settings)?;
        let books = AccountChange {
            id: Arc::clone(&provisioned.account.id),
            currency: record.currency.0.to_string(),
            opening_balance,
        };
        // Contradictions are found before anything is written.
        let makes_version = record.has_price_terms() || self.is_in_resale(&record);
        let next = NextAccount::prepare(turn, provisioned.clone(), makes_version)
            .map_err(|error| apply_problem_of(&record.id, &error))?;
        let warnings = next.check_below_cost(caller, &provisioned, None)?;
        let (id, after) = (record.id.clone(), view::audited(&record));
        let mut changes = self.context.change(caller);
        changes.account(books);
        changes.provision(next.change());
        changes.put(&self.records, &id, None, record);
        changes.note("account.create", format!("account/{id}"), &Value::Null, &after);
        let changed = changes.commit()?;
        if let Some(provisioned) = changed.provisioned.clone() {
            next.enact(turn, provisioned);
        }
        self.put_view(caller, &id, &changed, warnings)
    }

    /// The account as it is after a change.
    fn put_view(
        &self,
        caller: &Caller,
        id: &str,
        changed: &Changed,
        warnings: Vec<String>,
    ) -> Answer<Versioned<Account>> {
        let account = self.visibility.visible_account(&Caller::system(), id)?;
        let revision = changed.revisions.first().copied().unwrap_or(1);
        let view = self.view(caller, &account, &view::created_at(self.context.store())?);
        Ok(Versioned::new(revision, Account { warnings, ..view }))
    }

    /// Gives a new account no more than the reseller above it has.
    fn hold_below(&self, record: &mut AccountRecord, set: SetLimits) -> Answer<()> {
        let above = record.parent.as_ref().and_then(|parent| self.records.get(parent));
        let Some(above) = above else { return Ok(()) };
        let window = self.context.settings.smpp.window;
        limits::inherit(record, &above.value, set, window);
        limits::check_below(record, &above.value, set, window)
    }

    /// Refuses to let accounts out of a chain: with credit and plans that they have because the wallets above them pay, they
    /// would pay alone.
    fn check_stays_in_chain(&self, id: &str, patch: &AccountPatch, parent: Option<&str>) -> Answer<()> {
        if patch.chain == Some(false) && self.sells(Some(id)) && self.below(id).is_some() {
            return Err(Problem::forbidden(
                "only an admin may set chain to false while there are accounts below, which would pay alone",
            ));
        }
        match &patch.parent {
            Some(next) if self.sells(parent) && !self.sells(Some(next)) => {
                let message =
                    format!("`{next}` has no chain, and the account would pay alone; only an admin lets it");
                Err(Problem::field("parent", message))
            }
            _ => Ok(()),
        }
    }

    /// Answers a price list that is not one of the account's parent as one that there is not: whose it is, is nobody's business
    /// but the house's.
    fn check_price_list(&self, caller: &Caller, patch: &AccountPatch, parent: Option<&str>) -> Answer<()> {
        let Some(name) = patch.price_list.as_ref().and_then(Option::as_ref) else { return Ok(()) };
        if caller.reaches_all() {
            return Ok(());
        }
        let configuration = &self.context.core.configuration;
        let (files, additions) = (configuration.files(), configuration.additions());
        let of_file = files.provisioning.price_lists.iter().find(|list| *list.name == **name);
        let list = of_file.or_else(|| additions.price_lists.get(name.as_str()));
        if list.is_some_and(|list| parent == Some(&*list.owner)) {
            return Ok(());
        }
        Err(Problem::field("price_list", format!("the account's parent has no price list `{name}`")))
    }

    /// An account right below another one.
    fn below(&self, id: &str) -> Option<Arc<ActiveAccount>> {
        let is_below = |account: &Arc<ActiveAccount>| {
            account.provisioned.account.reselling.parent.as_deref() == Some(id)
        };
        self.context.core.snapshot.load().accounts().find(is_below)
    }

    /// Refuses to make an account no reseller while there are accounts below it.
    fn check_below(&self, record: &AccountRecord) -> Answer<()> {
        let Some(below) = self.below(&record.id) else { return Ok(()) };
        let message = format!("account `{}` is below it", below.provisioned.account.id);
        Err(Problem::field("is_reseller", message))
    }

    /// Checks limits against those of the reseller above, and of the accounts below.
    fn check_limits(&self, record: &AccountRecord, set: SetLimits) -> Answer<()> {
        let window = self.context.settings.smpp.window;
        if let Some(above) = record.parent.as_ref().and_then(|parent| self.records.get(parent)) {
            limits::check_below(record, &above.value, set, window)?;
        }
        let below = self.records.filter(|below| below.value.parent.as_ref() == Some(&record.id));
        below.iter().try_for_each(|below| limits::check_above(record, &below.value, set, window))
    }

    /// Checks where the account is to be told of something. What earlier versions have taken stays, and is checked again when
    /// it is used.
    fn check_contacts(&self, patch: &AccountPatch) -> Answer<()> {
        if let Some(email) = patch.email.as_ref().and_then(Option::as_ref) {
            input::email(email, "email")?;
        }
        let Some(url) = patch.alert_webhook_url.as_ref().and_then(Option::as_ref) else { return Ok(()) };
        let wrong = |message: String| Problem::field("alert_webhook_url", message);
        let url = webhook_url(url).map_err(wrong)?;
        let allowed = WebhookAddresses::new(self.context.settings.webhooks.allowed_networks.clone());
        if literal_address(&url).is_some_and(|address| !allowed.admits(address)) {
            return Err(wrong("is an address that webhooks are not posted to: it is not public".to_owned()));
        }
        Ok(())
    }

    fn check_names(&self, record: &AccountRecord, before: Option<&AccountRecord>) -> Answer<()> {
        let snapshot = self.context.core.snapshot.load();
        let is_taken = snapshot.by_account(&record.id).is_some() || self.records.get(&record.id).is_some();
        if before.is_none() && is_taken {
            return Err(Problem::already_exists(format!("there is an account `{}`", record.id)));
        }
        let other = snapshot.by_system_id(record.system_id.as_bytes());
        if other.is_some_and(|other| *other.provisioned.account.id != *record.id) {
            let message = format!("another account binds as `{}`", record.system_id);
            return Err(Problem::already_exists(message).and_field("system_id", "is taken"));
        }
        Ok(())
    }

    /// The reseller above a new account: the one asked for, or the caller's own account.
    fn parent_for(&self, caller: &Caller, asked: Option<&str>) -> Answer<Option<String>> {
        let parent = asked.or(caller.account());
        let Some(parent) = parent else { return Ok(None) };
        let there_is_none = |problem| match asked {
            Some(parent) => Problem::field("parent", format!("there is no account `{parent}`")),
            None => problem,
        };
        let account = self.visibility.visible_account(caller, parent).map_err(there_is_none)?;
        let id = &account.provisioned.account.id;
        if account.provisioned.resale.is_reseller {
            return Ok(Some(id.to_string()));
        }
        Err(Problem::field("parent", format!("`{id}` is not a reseller")))
    }

    /// The currency of a plan. One that the caller may not know of is answered as if there were none.
    fn currency_of_plan(&self, caller: &Caller, plan: &str) -> Answer<CurrencyCode> {
        let snapshot = self.context.core.snapshot.load();
        let is_visible = self.visibility.visible_plans(caller).is_none_or(|visible| visible.contains(plan));
        let plan_table = snapshot.tables.plan(plan).filter(|_| is_visible);
        let currency = plan_table.map(|table| CurrencyCode(table.plan.currency));
        currency.ok_or_else(|| Problem::field("plan", format!("there is no plan `{plan}`")))
    }
}
