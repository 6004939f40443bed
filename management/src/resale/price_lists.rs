//! Price lists: those of the file, which are only shown, and those of the API, which their owners change.

use std::sync::Arc;

use serde_json::Value;
use tollgate_api::accounts::Source;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::money::CurrencyCode;
use tollgate_api::page::Page;
use tollgate_api::price_lists::{PriceList, PriceListInput, PriceListsQuery, PriceListsService};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_provisioning::{BelowCostFault, ProvisionedPriceList};
use tollgate_relay::configuration::ConfigurationChange;
use tollgate_relay::snapshot::Snapshot;
use tollgate_relay::snapshot_builder::Prepared;
use tollgate_storage::change::Changed;
use tollgate_storage::store::Unavailable;

use super::below_cost_words::below_cost_words;
use super::beside_file;
use super::price_list_record::{PriceListRecord, shown_mark_up};
use crate::account_rates::{check_documented, rate_of};
use crate::change_set::ChangeSet;
use crate::collections::PRICE_LISTS;
use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::identity::visibility::Visibility;
use crate::problems::apply_problem;

/// The price lists of the file and of the API.
#[derive(Debug)]
pub struct PriceLists {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    records: DocumentCache<PriceListRecord>,
}

impl PriceListsService for PriceLists {
    fn price_lists(&self, caller: &Caller, query: &PriceListsQuery) -> Answer<Page<PriceList>> {
        let paging = query.paging()?;
        let wanted = |list: &ProvisionedPriceList| {
            is_of(caller, &list.owner) && query.owner.as_ref().is_none_or(|owner| *owner == *list.owner)
        };
        let lists = self.in_force().into_iter().filter(wanted);
        let keyed = lists.map(|list| (list.name.to_string(), self.view(&list))).collect();
        Ok(paging.sorted(keyed, false))
    }

    fn price_list(&self, caller: &Caller, name: &str) -> Answer<Versioned<PriceList>> {
        let list = self.visible(caller, name)?;
        let revision = self.records.get(name).map_or(1, |document| document.revision);
        Ok(Versioned::new(revision, self.view(&list)))
    }

    fn create_price_list(&self, caller: &Caller, new: PriceListInput) -> Answer<Versioned<PriceList>> {
        let owner = new.owner.clone().or_else(|| caller.account().map(str::to_owned));
        let owner =
            owner.ok_or_else(|| Problem::field("owner", "is needed: your user belongs to no account"))?;
        let seller = self.visibility.visible_account(caller, &owner).ok().filter(|_| is_of(caller, &owner));
        let seller =
            seller.ok_or_else(|| Problem::field("owner", format!("there is no account `{owner}`")))?;
        if !seller.provisioned.resale.is_reseller {
            return Err(Problem::field("owner", format!("`{owner}` is not a reseller")));
        }
        let mut turn = self.context.core.configuration.change();
        let record = PriceListRecord::new(new, owner);
        if self.in_force().iter().any(|list| *list.name == *record.name) {
            return Err(Problem::already_exists(format!("there is a price list `{}`", record.name)));
        }
        self.put(&mut turn, caller, record, None, "price_list.create")
    }

    fn replace_price_list(
        &self,
        caller: &Caller,
        name: &str,
        if_match: IfMatch,
        input: PriceListInput,
    ) -> Answer<Versioned<PriceList>> {
        let mut turn = self.context.core.configuration.change();
        let before = self.changeable(caller, name)?;
        if_match.check(before.revision)?;
        if input.name != name {
            return Err(Problem::field("name", "differs from that of the path; a price list keeps its name"));
        }
        let owner = before.value.owner.clone();
        if input.owner.as_ref().is_some_and(|asked| *asked != owner) {
            return Err(Problem::field("owner", "is another; a price list keeps its owner"));
        }
        let record = PriceListRecord::new(input, owner);
        self.put(&mut turn, caller, record, Some(&before), "price_list.update")
    }

    fn delete_price_list(&self, caller: &Caller, name: &str, if_match: IfMatch) -> Answer<()> {
        let mut turn = self.context.core.configuration.change();
        let before = self.changeable(caller, name)?;
        if_match.check(before.revision)?;
        let users = self.accounts_on(name);
        if users > 0 {
            let who = if users == 1 { "1 account buys".to_owned() } else { format!("{users} accounts buy") };
            let message = format!("{who} by the price list `{name}`; another one has to be given first");
            return Err(Problem::wrong_state(message));
        }
        let mut additions = turn.additions().clone();
        additions.price_lists.remove(name);
        let prepared = turn.prepare(additions).map_err(|error| apply_problem(&error))?;
        let mut changes = self.context.change(caller);
        changes.remove(&self.records, &before);
        let was = beside_file::audited(Some(&before.value));
        changes.note("price_list.delete", format!("price_list/{name}"), &was, &Value::Null);
        commit_and_enact(&mut turn, changes, prepared).map(drop)
    }
}

/// True if the lists of an owner are the caller's business: nobody sees what another level asks.
fn is_of(caller: &Caller, owner: &str) -> bool {
    caller.reaches_all() || caller.account() == Some(owner)
}

impl PriceLists {
    /// The lists whose records the books hold, beside those of the file.
    pub fn open(context: Arc<Context>, visibility: Arc<Visibility>) -> Result<Self, Unavailable> {
        let records = DocumentCache::load(context.store(), PRICE_LISTS)?;
        Ok(Self { context, visibility, records })
    }

    /// The lists of the file, and those of the API whose names the file does not have.
    fn in_force(&self) -> Vec<ProvisionedPriceList> {
        let files = self.context.core.configuration.files();
        let of_file = &files.provisioning.price_lists;
        beside_file::in_force(of_file, &self.records, |list| &list.name, |record| record.provisioned(None))
    }

    fn is_of_file(&self, name: &str) -> bool {
        let files = self.context.core.configuration.files();
        files.provisioning.price_lists.iter().any(|list| *list.name == *name)
    }

    fn visible(&self, caller: &Caller, name: &str) -> Answer<ProvisionedPriceList> {
        let found = self.in_force().into_iter().find(|list| *list.name == *name);
        let found = found.filter(|list| is_of(caller, &list.owner));
        found.ok_or_else(|| Problem::not_found(format!("there is no price list `{name}`")))
    }

    /// A list that this caller may change.
    fn changeable(&self, caller: &Caller, name: &str) -> Answer<Arc<Document<PriceListRecord>>> {
        self.visible(caller, name)?;
        beside_file::changeable(&self.records, ("price list", name), self.is_of_file(name))
    }

    /// The number of accounts that buy by a list.
    fn accounts_on(&self, name: &str) -> u64 {
        let snapshot = self.context.core.snapshot.load();
        let buys = |list: &Option<Arc<str>>| list.as_deref() == Some(name);
        snapshot.accounts().filter(|account| buys(&account.provisioned.resale.price_list)).count() as u64
    }

    fn view(&self, list: &ProvisionedPriceList) -> PriceList {
        let document = self.records.get(&list.name).filter(|_| !self.is_of_file(&list.name));
        PriceList {
            name: list.name.to_string(),
            owner: list.owner.to_string(),
            currency: CurrencyCode(list.currency),
            source: if document.is_some() { Source::Api } else { Source::File },
            rates: list.list.rates.iter().map(rate_of).collect(),
            mark_ups: list.list.mark_ups.iter().map(shown_mark_up).collect(),
            accounts: self.accounts_on(&list.name),
            created_at: document.as_ref().map(|document| Time(document.created_at)),
            updated_at: document.as_ref().map(|document| Time(document.updated_at)),
            warnings: Vec::new(),
        }
    }

    /// Makes a list durable and puts it in force.
    fn put(
        &self,
        turn: &mut ConfigurationChange<'_>,
        caller: &Caller,
        record: PriceListRecord,
        before: Option<&Document<PriceListRecord>>,
        action: &str,
    ) -> Answer<Versioned<PriceList>> {
        check_documented(&record.rates)?;
        let provisioned = {
            let snapshot = self.context.core.snapshot.load();
            let networks = &snapshot.tables.networks;
            for (index, rate) in record.rates.iter().enumerate() {
                let code = [&*rate.mcc, rate.mnc.as_deref().unwrap_or_default()].join("/");
                tollgate_provisioning::network_of(code.trim_end_matches('/'), networks)
                    .map_err(|message| Problem::field(&format!("rates.{index}.mcc"), message))?;
            }
            check_currency(&snapshot, &record)?;
            record.provisioned(Some(networks))?
        };
        let mut additions = turn.additions().clone();
        additions.price_lists.insert(Arc::clone(&provisioned.name), provisioned);
        let prepared = turn.prepare(additions).map_err(|error| apply_problem(&error))?;
        let warnings = check_below_cost(&prepared, caller, &record)?;
        let name = record.name.clone();
        let was = beside_file::audited(before.map(|before| &before.value));
        let is = beside_file::audited(Some(&record));
        let mut changes = self.context.change(caller);
        changes.put(&self.records, &name, before, record);
        changes.note(action, format!("price_list/{name}"), &was, &is);
        commit_and_enact(turn, changes, prepared)?;
        let view = self.price_list(&Caller::system(), &name)?;
        Ok(view.map(|list| PriceList { warnings, ..list }))
    }
}

/// Makes a change durable and puts what goes with it in force.
fn commit_and_enact(
    turn: &mut ConfigurationChange<'_>,
    mut changes: ChangeSet<'_>,
    prepared: Prepared,
) -> Answer<Changed> {
    changes.provision(prepared.change());
    let changed = changes.commit()?;
    if let Some(provisioned) = changed.provisioned.clone() {
        turn.enact(prepared, provisioned);
    }
    Ok(changed)
}

/// Refuses a currency that nobody could be sold to in, as there is no exchange rate to that of the owner.
fn check_currency(snapshot: &Snapshot, record: &PriceListRecord) -> Answer<()> {
    let owner = snapshot.by_account(&record.owner).map(|owner| owner.provisioned.account.currency);
    let own = owner.unwrap_or(record.currency.0);
    if snapshot.tables.exchange.covers(own, record.currency.0) {
        return Ok(());
    }
    let message = format!(
        "there is no exchange rate between {} and {own}, the currency of its owner",
        record.currency.0
    );
    Err(Problem::field("currency", message))
}

/// Refuses prices below cost, and returns those that are warned of.
fn check_below_cost(prepared: &Prepared, caller: &Caller, record: &PriceListRecord) -> Answer<Vec<String>> {
    let is_of_list = |fault: &&BelowCostFault| fault.buys_by.as_deref() == Some(&*record.name);
    let faults = || prepared.below_cost().iter().filter(is_of_list);
    let Some(refused) = faults().find(|fault| fault.is_refused) else {
        return Ok(faults().map(|fault| below_cost_words(fault, caller)).collect());
    };
    let is_rate = record.mark_ups.is_empty() || record.rates.iter().any(|rate| rate.price.0 == refused.price);
    Err(Problem::field(if is_rate { "rates" } else { "mark_ups" }, below_cost_words(refused, caller)))
}
