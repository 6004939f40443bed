//! Imported price lists: read into drafts, compared with what is in force, and confirmed; and profiles of their senders.

use std::path::Path;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::imports::{
    ConfirmQuery, ImportDraft, ImportProfile, ImportProfilesQuery, ImportQuery, ImportSummary, ImportsQuery,
    ImportsService, NamedImportProfile, ShowQuery,
};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::tariffs::{ChangeResult, TariffChange};
use tollgate_engine::operator::Operator;
use tollgate_provisioning::Loaded;
use tollgate_provisioning::import::{
    ImportProfile as Profile, ListContent, Mapping, NetworkDirectory, OCTETS_MAX, ReadOptions, RefusedList,
    Wording, read_price_list,
};
use tollgate_storage::change::{DocumentChange, Expected};
use tollgate_storage::clock::now;
use tollgate_storage::store::Unavailable;

use super::compared_import::{Changes, Compared, cost_of, costs_of};
use super::edits::{Note, TariffEdits, of_tariff, problem_of_edit, problem_of_files};
use super::import_difference::difference_of;
use super::import_profiles::ImportProfiles;
use super::import_record::{ImportRecord, TargetRecord};
use super::rate_cards::move_limit;
use crate::collections::IMPORTS;
use crate::context::Context;
use crate::documents::{stored_document, to_json};
use crate::identity::random;
use crate::operators::Operators;
use crate::problems::unavailable;
use crate::tariff_files::{
    ComparedImport, EditError, ImportDifference, ImportOptions, ListedPrices, TargetPrices, compare_import,
    plan_import,
};

/// Lists that are kept; the oldest goes when another one comes.
const KEPT_MAX: usize = 50;
/// Rates of all lists that are kept and not confirmed; the oldest lists go when there are more.
const KEPT_RATES_MAX: usize = 1_000_000;
/// Octets of a list's name.
const NAME_OCTETS_MAX: usize = 100;
/// Rows of each kind that a difference shows unless the query says otherwise, and the most that it may ask for.
const SHOWN: u32 = 100;
const SHOWN_MAX: u32 = 1_000;
/// Flagged prices that a refusal names.
const FLAGGED_NAMED: usize = 20;

/// The rates of a list that is kept, only to count them.
#[derive(Deserialize)]
struct KeptRates {
    rates: Vec<IgnoredAny>,
}

/// The imported lists.
#[derive(Debug)]
pub struct Imports {
    context: Arc<Context>,
    edits: Arc<TariffEdits>,
    operators: Arc<Operators>,
    profiles: ImportProfiles,
}

impl Imports {
    /// The lists in the books of `context`, confirmed by `edits`.
    pub fn open(
        context: Arc<Context>,
        edits: Arc<TariffEdits>,
        operators: Arc<Operators>,
    ) -> Result<Self, Unavailable> {
        let profiles = ImportProfiles::open(Arc::clone(&context), edits.begin().config())?;
        Ok(Self { context, edits, operators, profiles })
    }

    /// The operators in force, whose costs count.
    fn operators_in_force(&self) -> Vec<Operator> {
        let snapshot = self.context.core.snapshot.load();
        let queues = snapshot.operator_queues.iter();
        queues.filter_map(|queue| Some(queue.setup.load_full()?.operator.clone())).collect()
    }

    fn stored(&self, id: &str) -> Answer<(u64, ImportRecord)> {
        let found = stored_document(self.context.store(), IMPORTS, id)?;
        found.ok_or_else(|| Problem::not_found(format!("there is no import {id}")))
    }

    /// The ids of all lists, the oldest first.
    fn ids(&self) -> Answer<Vec<String>> {
        let mut ids = Vec::new();
        let read = self.context.store().documents().list(IMPORTS, &[], None, |key, _| {
            ids.push(String::from_utf8_lossy(key).into_owned());
            true
        });
        read.map_err(|error| unavailable(&error))?;
        Ok(ids)
    }

    /// The ids of the oldest lists, which go when another one with so many rates comes.
    fn too_many_with(&self, rates: usize) -> Answer<Vec<String>> {
        let (mut kept, mut rates) = (1, rates);
        let mut gone = Vec::new();
        for id in self.ids()?.into_iter().rev() {
            let found = stored_document::<KeptRates>(self.context.store(), IMPORTS, &id)?;
            kept += 1;
            rates += found.map_or(0, |(_, kept)| kept.rates.len());
            if kept > KEPT_MAX || rates > KEPT_RATES_MAX {
                gone.push(id);
            }
        }
        Ok(gone)
    }

    /// The costs of an operator that the API provisions; `None` for prices in files.
    fn costs_of_api(&self, target: &TargetRecord) -> Answer<Option<TargetPrices>> {
        let TargetRecord::Operator(code) = target else { return Ok(None) };
        let found = self.operators.of_api(code)?;
        Ok(found.map(|found| costs_of(target, &found.operator)))
    }

    fn compare(&self, config: &Path, current: &Loaded, record: &ImportRecord) -> Answer<Compared> {
        let (rates, closed) = record.listed()?;
        let limit = Decimal::from_str_exact(&record.move_limit_percent).unwrap_or_default();
        let operators = self.operators_in_force();
        let options = ImportOptions { operators: &operators, move_limit_percent: limit, now: now() };
        let list =
            ListedPrices { name: &record.name, rates: &rates, closed: &closed, content: record.content };
        if let Some(prices) = self.costs_of_api(&record.target)? {
            let compared = compare_import(current, &prices, &list, &options);
            let ComparedImport { moves, outliers, rows } =
                compared.map_err(|error| problem_of_edit(&error))?;
            return Ok(Compared { place: prices.file, moves, outliers, change: Changes::OfApi(rows) });
        }
        let prices = record.target.target().prices(config, current, record.rate_file.as_deref());
        let prices = prices.map_err(|error| match error {
            EditError::NotEditable { .. } | EditError::WhichFile(_) => {
                Problem::field("rate_file", error.to_string())
            }
            _ => problem_of_edit(&error),
        })?;
        let difference = plan_import(config, current, &prices, &list, &options);
        let ImportDifference { file, moves, outliers, change } =
            difference.map_err(|error| problem_of_edit(&error))?;
        Ok(Compared { place: file, moves, outliers, change: Changes::OfFile(Box::new(change)) })
    }

    /// A draft with what it would change.
    fn shown(&self, id: &str, record: &ImportRecord, show: usize) -> Answer<Versioned<ImportDraft>> {
        let mut draft = record.draft(id);
        if !record.is_confirmed {
            let edit = self.edits.begin();
            let current = edit.files_on_disk()?;
            let difference = self.compare(edit.config(), &current, record)?;
            draft.difference = Some(difference_of(&difference, show, &current.provisioning.networks));
        }
        Ok(of_tariff(&self.context, draft))
    }

    /// The profile of a request: the one that it names, with its own formats in front.
    fn profile_of(&self, query: &ImportQuery) -> Answer<Profile> {
        let kept = match &query.profile {
            Some(name) => self.profiles.find(name)?.profile.into(),
            None => Profile::default(),
        };
        Ok(kept.overridden_by(&Profile {
            content: query.content.clone(),
            decimal_mark: query.decimal_mark.clone(),
            day_order: query.day_order.clone(),
            sheet: query.sheet.clone(),
            price_unit: query.price_unit.clone(),
            price_per: query.price_per.clone(),
            ..Profile::default()
        }))
    }

    /// Reads a list into a record.
    fn read(&self, caller: &Caller, query: &ImportQuery, octets: &[u8]) -> Answer<ImportRecord> {
        let mut record = record_of(caller, query)?;
        let profile = self.profile_of(query)?;
        // The networks are those in force; the prices are compared with those on disk.
        let current = self.context.core.configuration.files();
        let target = record.target.target();
        let currency = match self.costs_of_api(&record.target)? {
            Some(prices) => prices.currency,
            None => target.currency(&current).map_err(|error| problem_of_edit(&error))?,
        };
        let options = ReadOptions {
            name: &record.name.clone(),
            profile: &profile,
            currency,
            plan: target.plan(),
            effective: query.effective.map(|at| at.0),
            wording: Wording::Fields,
        };
        let directory = NetworkDirectory::of(&current.provisioning);
        let list =
            read_price_list(octets, &options, &directory).map_err(|refused| problem_of_list(&refused))?;
        record.take(list);
        Ok(record)
    }
}

impl ImportsService for Imports {
    fn list_octets_max(&self) -> usize {
        OCTETS_MAX.min(self.context.settings.api.max_deck_bytes as usize)
    }

    fn imports(&self, query: &ImportsQuery) -> Answer<Page<ImportSummary>> {
        let paging = query.paging()?;
        let mut items = Vec::new();
        for id in self.ids()?.into_iter().rev() {
            let Some((_, record)) = stored_document::<ImportRecord>(self.context.store(), IMPORTS, &id)?
            else {
                continue;
            };
            let summary = record.summary(&id);
            if query.status.is_none_or(|status| status == summary.facts.status) {
                items.push((id, summary));
            }
        }
        Ok(paging.page(items.into_iter(), |key, after| key < after))
    }

    fn create_import(
        &self,
        caller: &Caller,
        query: ImportQuery,
        list: Vec<u8>,
    ) -> Answer<Versioned<ImportDraft>> {
        let show = shown_rows(query.show)?;
        let record = self.read(caller, &query, &list)?;
        let id = random::id_at("imp", now())?;
        let shown = self.shown(&id, &record, show)?;
        let mut changes = self.context.change(caller);
        for old in self.too_many_with(record.rates.len())? {
            changes.document::<ImportRecord>(IMPORTS, old.as_bytes(), Expected::Any, None);
        }
        changes.document(IMPORTS, id.as_bytes(), Expected::Absent, Some(&record));
        let said = json!({ "name": record.name, "target": record.target, "rates": record.rates.len() });
        changes.note("import.create", format!("import/{id}"), &Value::Null, &said);
        changes.commit()?;
        Ok(shown)
    }

    fn import(&self, id: &str, show: ShowQuery) -> Answer<Versioned<ImportDraft>> {
        let (_, record) = self.stored(id)?;
        self.shown(id, &record, shown_rows(show.show)?)
    }

    fn confirm_import(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        query: ConfirmQuery,
    ) -> Answer<Versioned<TariffChange>> {
        if if_match.0.is_none() {
            return Err(Problem::invalid_request(
                "If-Match is missing: send the ETag of the draft that was looked at",
            ));
        }
        let mut edit = self.edits.begin();
        edit.check_tariff(if_match)?;
        let (revision, mut record) = self.stored(id)?;
        if record.is_confirmed {
            return Err(Problem::wrong_state(format!("the import {id} was confirmed before")));
        }
        let current = edit.files_on_disk()?;
        let difference = self.compare(edit.config(), &current, &record)?;
        if !difference.outliers.is_empty() && !query.accept_flagged {
            return Err(flagged_problem(&record.name, &difference));
        }
        record.confirm();
        let document = DocumentChange {
            collection: IMPORTS,
            key: id.as_bytes().to_vec(),
            expected: Expected::Revision(revision),
            body: Some(to_json(&record)),
        };
        let note = confirm_note(id, &record, &difference, query.accept_flagged);
        if difference.is_empty() {
            let mut changes = self.context.change(caller);
            changes.documents(vec![document]).note(note.action, note.resource, &note.before, &note.after);
            changes.commit()?;
            return Ok(of_tariff(&self.context, edit.tariff_change(ChangeResult::Unchanged, Vec::new())));
        }
        let made = match (difference.change, &record.target) {
            (Changes::OfApi(rows), TargetRecord::Operator(code)) => {
                self.operators.import_costs(caller, code, rows.iter().map(cost_of).collect(), document)?;
                edit.tariff_change(ChangeResult::Applied, vec![format!("operator {code}: its costs differ")])
            }
            (Changes::OfApi(_), _) => {
                return Err(Problem::internal("only operators have costs in the books"));
            }
            (Changes::OfFile(change), _) => {
                edit.put_in_force_with(caller, &current, &change, note, vec![document])?
            }
        };
        Ok(of_tariff(&self.context, made))
    }

    fn delete_import(&self, caller: &Caller, id: &str) -> Answer<()> {
        let (revision, record) = self.stored(id)?;
        let mut changes = self.context.change(caller);
        changes.document::<ImportRecord>(IMPORTS, id.as_bytes(), Expected::Revision(revision), None);
        let said = json!({ "name": record.name, "target": record.target });
        changes.note("import.delete", format!("import/{id}"), &said, &Value::Null);
        changes.commit().map(drop)
    }

    fn import_profiles(&self, query: &ImportProfilesQuery) -> Answer<Page<NamedImportProfile>> {
        let paging = query.paging()?;
        let profiles = self.profiles.all()?.into_iter();
        Ok(paging.page(profiles.map(|found| (found.name.clone(), found)), |key, after| key > after))
    }

    fn import_profile(&self, name: &str) -> Answer<Versioned<NamedImportProfile>> {
        self.profiles.versioned(name)
    }

    fn put_import_profile(
        &self,
        caller: &Caller,
        name: &str,
        if_match: IfMatch,
        profile: ImportProfile,
    ) -> Answer<Versioned<NamedImportProfile>> {
        self.profiles.put(caller, name, if_match, profile)
    }

    fn delete_import_profile(&self, caller: &Caller, name: &str, if_match: IfMatch) -> Answer<()> {
        self.profiles.delete(caller, name, if_match)
    }
}

fn shown_rows(show: Option<u32>) -> Answer<usize> {
    let show = show.unwrap_or(SHOWN);
    if show > SHOWN_MAX {
        return Err(Problem::field("show", format!("must be at most {SHOWN_MAX}")));
    }
    Ok(show as usize)
}

/// A record of what a request says, before its list is read.
fn record_of(caller: &Caller, query: &ImportQuery) -> Answer<ImportRecord> {
    let target = match (&query.plan, &query.operator, &query.account) {
        (Some(name), None, None) => TargetRecord::Plan(name.clone()),
        (None, Some(code), None) => TargetRecord::Operator(code.clone()),
        (None, None, Some(id)) => TargetRecord::Account(id.clone()),
        _ => return Err(Problem::field("plan", "one of plan, operator and account must be given")),
    };
    let name = query.name.clone().unwrap_or_else(|| "list".to_owned());
    if !(1..=NAME_OCTETS_MAX).contains(&name.len()) || name.contains(char::is_control) {
        return Err(Problem::field("name", format!("is not one line of 1 to {NAME_OCTETS_MAX} octets")));
    }
    Ok(ImportRecord {
        name,
        target,
        rate_file: query.rate_file.clone(),
        move_limit_percent: move_limit(query.move_limit_percent.as_deref())?.to_string(),
        mapping: Mapping::default(),
        profile: Profile::default(),
        warnings: Vec::new(),
        content: ListContent::Full,
        rates: Vec::new(),
        confirmed_rates: 0,
        closed: Vec::new(),
        created_by: caller.actor.clone(),
        created_at: now().0,
        is_confirmed: false,
    })
}

/// The problem of a list that is refused: every line that is at fault, and how the list was understood.
fn problem_of_list(refused: &RefusedList) -> Problem {
    let problem = problem_of_files(&refused.problems);
    let Some(mapping) = &refused.mapping else { return problem };
    let columns = mapping.columns.iter().filter_map(|column| {
        let field = column.field.as_ref()?;
        Some(format!("{} as {field}", column.header))
    });
    let read = format!("columns were read: {}", columns.collect::<Vec<_>>().join(", "));
    Problem { detail: format!("{} ({read})", problem.detail), ..problem }
}

/// The problem of a list whose flagged prices nobody has accepted.
fn flagged_problem(name: &str, difference: &Compared) -> Problem {
    let problem = Problem::wrong_state(format!(
        "{} prices are flagged; look at them, and send accept_flagged=true to take them",
        difference.outliers.len()
    ));
    difference.outliers.iter().take(FLAGGED_NAMED).fold(problem, |problem, outlier| {
        let place = if outlier.line == 0 { name.to_owned() } else { format!("{name}:{}", outlier.line) };
        problem.and_field(&place, outlier.message.clone())
    })
}

fn confirm_note(id: &str, record: &ImportRecord, difference: &Compared, accepted: bool) -> Note<'static> {
    let moves = &difference.moves;
    Note {
        action: "import.confirm",
        resource: format!("import/{id}"),
        before: Value::Null,
        after: json!({
            "name": record.name,
            "target": record.target,
            "file": difference.place,
            "added": moves.added.len(),
            "removed": moves.removed.len(),
            "changed": moves.changed.len(),
            "flagged": difference.outliers.len(),
            "accept_flagged": accepted,
        }),
    }
}
