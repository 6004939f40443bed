//! Operators: those of `operators.toml`, of which only the status can be changed here, and those of the API.

pub mod condition;
pub mod file_status;
mod receipts;
pub mod record;
mod smpp;
pub mod view;

use std::sync::Arc;

use serde_json::Value;
use tollgate_api::accounts::Source;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::choice::Word;
use tollgate_api::extract::IfMatch;
use tollgate_api::operators::{
    Operator, OperatorCost, OperatorHealth, OperatorInput, OperatorLinks, OperatorReceipts, OperatorSort,
    OperatorStats, OperatorsQuery, OperatorsService, PeriodQuery,
};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_engine::account::SenderPolicy;
use tollgate_engine::operator::{self, AccountFilter, ServedNetworks};
use tollgate_storage::change::DocumentChange;
use tollgate_storage::clock::steady;
use tollgate_storage::store::Unavailable;

use crate::change_set::ChangeSet;
use crate::collections::{OPERATOR_STATUSES, OPERATORS};
use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::operators::file_status::{FileStatus, FileStatusStep};
use crate::operators::record::OperatorRecord;
use crate::problems::{apply_problem, unavailable};
use tollgate_provisioning::ProvisionedOperator;
use tollgate_provisioning::bounds::operator as bounds;
use tollgate_relay::configuration::ConfigurationChange;
use tollgate_relay::delivery::OperatorQueue;
use tollgate_relay::snapshot_builder::Prepared;
use view::CreatedAt;

/// The operators of `operators.toml` and of the API.
#[derive(Debug)]
pub struct Operators {
    context: Arc<Context>,
    records: DocumentCache<OperatorRecord>,
    /// Statuses of operators of the file.
    statuses: DocumentCache<FileStatus>,
}

impl OperatorsService for Operators {
    fn operators(&self, query: &OperatorsQuery) -> Answer<Page<Operator>> {
        let paging = query.paging()?;
        let wanted = view::filter(query)?;
        let created = view::created_at(self.context.store())?;
        let operator_queues = self.in_force();
        let views = operator_queues.iter().map(|(_, operator)| self.view(operator, &created));
        let mut views: Vec<(String, Operator)> = views
            .filter(wanted)
            .map(|view| {
                let key = match query.sort.unwrap_or_default() {
                    OperatorSort::Code => view.code.clone(),
                    OperatorSort::Priority => format!("{:010}\n{}", view.priority, view.code),
                    OperatorSort::Name => format!("{}\n{}", view.name, view.code),
                };
                (key, view)
            })
            .collect();
        views.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(paging.page(views.into_iter(), |key, after| key > after))
    }

    fn operator(&self, code: &str) -> Answer<Versioned<Operator>> {
        let (_, operator) = self.queue_of(code)?;
        let revision = self.revision(code);
        Ok(Versioned::new(revision, self.view(&operator, &view::created_at(self.context.store())?)))
    }

    fn create_operator(
        &self,
        caller: &Caller,
        new: OperatorInput,
        dry_run: bool,
    ) -> Answer<Versioned<Operator>> {
        let record = OperatorRecord::new(new, None)?;
        let mut turn = self.context.core.configuration.change();
        let code = record.input.code.as_str();
        if self.is_of_file(code) || self.records.get(code).is_some() {
            return Err(Problem::already_exists(format!("there is an operator `{code}`")));
        }
        if self.in_force().len() >= bounds::OPERATORS {
            return Err(Problem::unprocessable(format!("there are {} operators already", bounds::OPERATORS)));
        }
        self.check_unused(code)?;
        self.put_operator(&mut turn, caller, record, None, ("operator.create", dry_run))
    }

    fn replace_operator(
        &self,
        caller: &Caller,
        code: &str,
        if_match: IfMatch,
        input: OperatorInput,
        dry_run: bool,
    ) -> Answer<Versioned<Operator>> {
        if input.code != code {
            return Err(Problem::field("code", "differs from that of the path; an operator keeps its code"));
        }
        let mut turn = self.context.core.configuration.change();
        let before = self.changeable(code)?;
        if_match.check(before.revision)?;
        let record = OperatorRecord::new(input, Some(&before.value))?;
        self.put_operator(&mut turn, caller, record, Some(&before), ("operator.update", dry_run))
    }

    fn delete_operator(&self, caller: &Caller, code: &str, if_match: IfMatch) -> Answer<()> {
        let mut turn = self.context.core.configuration.change();
        let before = self.changeable(code)?;
        if_match.check(before.revision)?;
        if let Ok((operator_queue, _)) = self.queue_of(code) {
            self.check_idle(&operator_queue)?;
        }
        let mut additions = turn.additions().clone();
        additions.operators.remove(code);
        let prepared = turn.prepare(additions).map_err(|error| apply_problem(&error))?;
        let mut changes = self.context.change(caller);
        changes.remove(&self.records, &before);
        changes.note(
            "operator.delete",
            format!("operator/{code}"),
            &view::audited(&before.value),
            &Value::Null,
        );
        self.commit_and_enact(&mut turn, changes, prepared).map(drop)
    }

    fn set_operator_status(
        &self,
        caller: &Caller,
        code: &str,
        if_match: IfMatch,
        status: operator::OperatorStatus,
        dry_run: bool,
    ) -> Answer<Versioned<Operator>> {
        if let Some(in_file) = self.in_file(code) {
            return self.set_status_of_file(caller, &in_file, (if_match, status), dry_run);
        }
        let action = action_of(status);
        let mut turn = self.context.core.configuration.change();
        let before = self.changeable(code)?;
        if_match.check(before.revision)?;
        let mut record = before.value.clone();
        record.input.status = Word(status);
        self.put_operator(&mut turn, caller, record, Some(&before), (action, dry_run))
    }

    fn operator_health(&self, code: &str, period: PeriodQuery) -> Answer<OperatorHealth> {
        let (operator_queue, _) = self.queue_of(code)?;
        condition::health_of(self.context.store(), &operator_queue, period)
    }

    fn operator_stats(&self, code: &str, period: PeriodQuery) -> Answer<OperatorStats> {
        let (_, operator) = self.queue_of(code)?;
        condition::stats_of(self.context.store(), &operator, period)
    }

    fn operator_links(&self, code: &str) -> Answer<OperatorLinks> {
        let (operator_queue, _) = self.queue_of(code)?;
        Ok(condition::links_of(&operator_queue))
    }

    fn operator_receipts(&self, code: &str) -> Answer<OperatorReceipts> {
        let (operator_queue, _) = self.queue_of(code)?;
        receipts::receipts_of(self.context.store(), &operator_queue)
    }
}

impl Operators {
    /// The operators whose records the books hold, beside those of the file.
    pub fn open(context: Arc<Context>) -> Result<Self, Unavailable> {
        let records = DocumentCache::load_sealed(context.store(), OPERATORS, &context.sealer)?;
        let statuses = DocumentCache::load(context.store(), OPERATOR_STATUSES)?;
        Ok(Self { context, records, statuses })
    }

    /// An operator that the API provisions, and not `operators.toml`; `None` for any other.
    pub fn of_api(&self, code: &str) -> Answer<Option<ProvisionedOperator>> {
        if self.is_of_file(code) {
            return Ok(None);
        }
        self.records.get(code).map(|document| document.value.provisioned()).transpose()
    }

    /// Gives an operator of the API other costs, in one commit with a document.
    pub fn import_costs(
        &self,
        caller: &Caller,
        code: &str,
        costs: Vec<OperatorCost>,
        document: DocumentChange,
    ) -> Answer<()> {
        let mut turn = self.context.core.configuration.change();
        let before = self.changeable(code)?;
        let mut record = before.value.clone();
        record.input.costs = costs;
        let provisioned = record.provisioned()?;
        self.check_known(&provisioned)?;
        let mut additions = turn.additions().clone();
        additions.operators.insert(Arc::clone(&provisioned.operator.code), provisioned);
        let prepared = turn.prepare(additions).map_err(|error| apply_problem(&error))?;
        let mut changes = self.context.change(caller);
        let (was, is) = (view::audited(&before.value), view::audited(&record));
        changes.put(&self.records, code, Some(&before), record).documents(vec![document]);
        changes.note("operator.update", format!("operator/{code}"), &was, &is);
        self.commit_and_enact(&mut turn, changes, prepared).map(drop)
    }

    /// The operator as the API shows it.
    fn view(&self, operator: &ProvisionedOperator, created: &CreatedAt) -> Operator {
        let code = &operator.operator.code;
        let document = self.records.get(code).filter(|_| !self.is_of_file(code));
        view::operator(operator, document.as_deref(), created)
    }

    /// Every operator in force, with its queue.
    fn in_force(&self) -> Vec<(Arc<OperatorQueue>, Arc<ProvisionedOperator>)> {
        let snapshot = self.context.core.snapshot.load();
        let operator_queues = snapshot.operator_queues.iter();
        operator_queues
            .filter_map(|operator_queue| {
                Some((Arc::clone(operator_queue), operator_queue.setup.load_full()?))
            })
            .collect()
    }

    fn queue_of(&self, code: &str) -> Answer<(Arc<OperatorQueue>, Arc<ProvisionedOperator>)> {
        let snapshot = self.context.core.snapshot.load();
        let operator_queue =
            snapshot.operator_queues.iter().find(|operator_queue| *operator_queue.code == *code);
        let found = operator_queue
            .and_then(|operator_queue| Some((Arc::clone(operator_queue), operator_queue.setup.load_full()?)));
        found.ok_or_else(|| no_operator(code))
    }

    /// The version of an operator: of its record, or of the status that the API has given to one of the file.
    fn revision(&self, code: &str) -> u64 {
        if self.is_of_file(code) {
            return self.statuses.get(code).map_or(1, |status| status.revision.saturating_add(1));
        }
        self.records.get(code).map_or(1, |document| document.revision)
    }

    /// True if `operators.toml` provisions the operator.
    fn is_of_file(&self, code: &str) -> bool {
        self.in_file(code).is_some()
    }

    /// The operator as `operators.toml` provisions it.
    fn in_file(&self, code: &str) -> Option<ProvisionedOperator> {
        let current = self.context.core.configuration.files();
        current.provisioning.operators.iter().find(|operator| *operator.operator.code == *code).cloned()
    }

    /// The record of an operator of the API.
    fn changeable(&self, code: &str) -> Answer<Arc<Document<OperatorRecord>>> {
        if self.is_of_file(code) {
            return Err(Problem::provisioned_by_file(format!(
                "operator `{code}` is provisioned in operators.toml; change it there"
            )));
        }
        self.records.get(code).ok_or_else(|| no_operator(code))
    }

    /// Gives an operator of the file another status.
    fn set_status_of_file(
        &self,
        caller: &Caller,
        in_file: &ProvisionedOperator,
        (if_match, status): (IfMatch, operator::OperatorStatus),
        dry_run: bool,
    ) -> Answer<Versioned<Operator>> {
        let code = &in_file.operator.code;
        let mut turn = self.context.core.configuration.change();
        let before = self.statuses.get(code);
        let step = FileStatusStep::to(&in_file.operator, before.as_deref(), status)?;
        if_match.check(self.revision(code))?;
        let mut additions = turn.additions().clone();
        additions.statuses.remove(code);
        if status != operator::OperatorStatus::Active {
            additions.statuses.insert(Arc::clone(code), status);
        }
        let prepared = turn.prepare(additions).map_err(|error| apply_problem(&error))?;
        let unrouted = turn.unrouted(&prepared).map_err(|error| unavailable(&error))?;
        let unrouted = Some(unrouted.iter().map(view::unrouted).collect());
        if dry_run {
            let shown = self.operator(code)?;
            return Ok(shown.map(|shown| Operator { status: Word(status), unrouted, ..shown }));
        }
        let mut changes = self.context.change(caller);
        let FileStatusStep { document, was, is } = step;
        if let Some(document) = document {
            changes.put(&self.statuses, code, before.as_deref(), document);
        }
        changes.note(action_of(status), format!("operator/{code}"), &was, &is);
        self.commit_and_enact(&mut turn, changes, prepared)?;
        Ok(self.operator(code)?.map(|shown| Operator { unrouted, ..shown }))
    }

    /// Makes a record durable and puts it in force, unless it is only asked what would be.
    fn put_operator(
        &self,
        turn: &mut ConfigurationChange<'_>,
        caller: &Caller,
        record: OperatorRecord,
        before: Option<&Arc<Document<OperatorRecord>>>,
        (action, dry_run): (&str, bool),
    ) -> Answer<Versioned<Operator>> {
        let provisioned = record.provisioned()?;
        self.check_known(&provisioned)?;
        if let Some(path) = record.ca_file().filter(|path| !path.is_file()) {
            let message = format!("there is no file {}", path.display());
            return Err(Problem::field("smpp_config.tls.ca_file", message));
        }
        let code = record.input.code.clone();
        let mut additions = turn.additions().clone();
        additions.operators.insert(Arc::clone(&provisioned.operator.code), provisioned.clone());
        // Contradictions are found before anything is written.
        let prepared = turn.prepare(additions).map_err(|error| apply_problem(&error))?;
        let unrouted = turn.unrouted(&prepared).map_err(|error| unavailable(&error))?;
        let unrouted = Some(unrouted.iter().map(view::unrouted).collect());
        if dry_run {
            let created = view::created_at(self.context.store())?;
            let shown = view::operator(&provisioned, before.map(|document| &**document), &created);
            let revision = before.map_or(0, |document| document.revision);
            let value = Operator { source: Source::Api, unrouted, ..shown };
            return Ok(Versioned::new(revision, value));
        }
        let mut after = view::audited(&record);
        if before.is_some_and(|document| !document.value.has_password_of(&record)) {
            view::say_password_changed(&mut after);
        }
        let before_json = before.map_or(Value::Null, |document| view::audited(&document.value));
        let mut changes = self.context.change(caller);
        changes.put(&self.records, &code, before.map(|document| &**document), record);
        changes.note(action, format!("operator/{code}"), &before_json, &after);
        let revision = self.commit_and_enact(turn, changes, prepared)?;
        Ok(Versioned::new(revision, Operator { unrouted, ..self.operator(&code)?.value }))
    }

    fn commit_and_enact(
        &self,
        turn: &mut ConfigurationChange<'_>,
        mut changes: ChangeSet<'_>,
        prepared: Prepared,
    ) -> Answer<u64> {
        changes.provision(prepared.change());
        let changed = changes.commit()?;
        if let Some(provisioned) = changed.provisioned {
            turn.enact(prepared, provisioned);
        }
        self.context.core.orders.follow_operators();
        Ok(changed.revisions.first().copied().unwrap_or(1))
    }

    /// Refuses an operator that names networks or accounts that do not exist.
    fn check_known(&self, provisioned: &ProvisionedOperator) -> Answer<()> {
        let snapshot = self.context.core.snapshot.load();
        let operator = &provisioned.operator;
        let listed = match &operator.networks {
            ServedNetworks::All => &[][..],
            ServedNetworks::Listed(codes) => codes,
        };
        let costs = operator.costs.iter().map(|row| ("costs", row.network));
        for (field, code) in listed.iter().map(|code| ("networks", *code)).chain(costs) {
            if snapshot.tables.networks.id(code).is_none() {
                return Err(Problem::field(field, format!("{code} is not in the file of networks")));
            }
        }
        let (field, ids) = match &operator.accounts {
            AccountFilter::Any => ("", &[][..]),
            AccountFilter::Only(ids) => ("accounts.only", &ids[..]),
            AccountFilter::Except(ids) => ("accounts.except", &ids[..]),
        };
        if let Some(id) = ids.iter().find(|id| snapshot.by_account(id).is_none()) {
            return Err(Problem::field(field, format!("there is no account `{id}`")));
        }
        debug_assert!(operator.senders != SenderPolicy::Approved, "an operator approves nothing");
        Ok(())
    }

    /// Refuses a new operator with the code of one that was removed and may still report on messages, or has messages that
    /// wait: its receipts and messages would become those of the new one.
    fn check_unused(&self, code: &str) -> Answer<()> {
        let store = self.context.store();
        let known = store.provisioned().operators().map_err(|error| unavailable(&error))?;
        let Some((number, _)) = known.into_iter().find(|(_, row)| row.code == code) else { return Ok(()) };
        let has_messages =
            || Ok(store.upstream().has_any(number)? || store.queue().len_estimate(number)? > 0);
        if !has_messages().map_err(|error| unavailable(&error))? {
            return Ok(());
        }
        let message = format!(
            "an earlier operator `{code}` was removed and still has messages that wait or may be reported on; \
             choose another code"
        );
        Err(Problem::id_in_use(message)
            .and_field("code", "was the code of an operator that still has messages"))
    }

    /// Refuses an operator that messages wait for or are on their way to.
    fn check_idle(&self, operator_queue: &OperatorQueue) -> Answer<()> {
        let queued = self
            .context
            .store()
            .queue()
            .len_estimate(operator_queue.number)
            .map_err(|error| unavailable(&error))?;
        let view = operator_queue.view(steady());
        let on_the_way = u64::from(view.in_flight) + view.ready as u64;
        if queued == 0 && on_the_way == 0 {
            return Ok(());
        }
        Err(Problem::wrong_state(format!(
            "{queued} messages wait for `{}` and {on_the_way} are on their way to it; drain it first",
            operator_queue.code
        )))
    }
}

/// The name that the audit log gives the step to a status.
pub fn action_of(status: operator::OperatorStatus) -> &'static str {
    match status {
        operator::OperatorStatus::Active => "operator.resume",
        operator::OperatorStatus::Draining => "operator.drain",
        operator::OperatorStatus::Disabled => "operator.disable",
    }
}

/// The answer for a code that no operator has.
pub fn no_operator(code: &str) -> Problem {
    Problem::not_found(format!("there is no operator `{code}`"))
}
