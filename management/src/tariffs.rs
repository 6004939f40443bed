//! Tariff versions: reloads on request, the versions that were ever in force, and the way back to one.

mod compared_import;
pub mod edits;
pub mod exchange_rates;
mod import_difference;
mod import_profiles;
mod import_record;
pub mod imports;
pub mod plans;
pub mod rate_cards;

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::tariffs::{
    ChangeResult, ReloadQuery, RollbackQuery, TariffChange, TariffFile, TariffRollback, TariffSort,
    TariffVersion, TariffsQuery, TariffsService,
};
use tollgate_api::time::Time;
use tollgate_storage::store::Store;

use crate::context::Context;
use crate::problems::unavailable;
use crate::tariff_files::{Version, list_versions, plan_rollback};
use crate::tariffs::edits::{
    Note, TariffEdits, of_tariff, problem_of_edit, problem_of_reload, tariff_in_force,
};
use tollgate_relay::reload_order::ReloadOutcome;

/// The versions of the tariff.
#[derive(Debug)]
pub struct Tariffs {
    context: Arc<Context>,
    edits: Arc<TariffEdits>,
}

impl Tariffs {
    /// The versions in the books of `context`; `edits` brings one back.
    pub fn new(context: Arc<Context>, edits: Arc<TariffEdits>) -> Self {
        Self { context, edits }
    }

    fn store(&self) -> &Store {
        self.context.store()
    }
}

impl TariffsService for Tariffs {
    fn reload(
        &self,
        caller: &Caller,
        if_match: IfMatch,
        query: ReloadQuery,
    ) -> Answer<Versioned<TariffChange>> {
        let edit = self.edits.begin();
        edit.check_tariff(if_match)?;
        if query.dry_run {
            return Ok(of_tariff(&self.context, edit.dry_reload()?));
        }
        let note = Note {
            action: "config.reload",
            resource: "config".to_owned(),
            before: Value::Null,
            after: Value::Null,
        };
        let change = match edit.reload_noted(caller, note)? {
            ReloadOutcome::Unchanged => edit.tariff_change(ChangeResult::Unchanged, Vec::new()),
            ReloadOutcome::Rejected(reasons) => return Err(problem_of_reload(&reasons)),
            ReloadOutcome::Applied(changes) => edit.tariff_change(ChangeResult::Applied, changes),
        };
        Ok(of_tariff(&self.context, change))
    }

    fn tariffs(&self, query: &TariffsQuery) -> Answer<Page<TariffVersion>> {
        let paging = query.paging()?;
        let in_force = tariff_in_force(&self.context).0;
        let mut versions = list_versions(self.store()).map_err(|error| unavailable(&error))?;
        versions.retain(|version| {
            query.from.is_none_or(|from| from.0 <= version.applied_at)
                && query.to.is_none_or(|to| version.applied_at < to.0)
        });
        let is_newest_first = query.sort.unwrap_or_default() == TariffSort::Newest;
        if is_newest_first {
            versions.reverse();
        }
        let items =
            versions.iter().map(|version| (format!("{:010}", version.number), view_of(version, &in_force)));
        Ok(paging.page(items, |key, after| if is_newest_first { key < after } else { key > after }))
    }

    fn tariff(&self, version: &str) -> Answer<TariffVersion> {
        let in_force = tariff_in_force(&self.context).0;
        let versions = list_versions(self.store()).map_err(|error| unavailable(&error))?;
        let found = versions.iter().find(|known| known.version == version);
        found
            .map(|known| view_of(known, &in_force))
            .ok_or_else(|| Problem::not_found(format!("there is no tariff version {version}")))
    }

    fn roll_back(
        &self,
        caller: &Caller,
        version: &str,
        if_match: IfMatch,
        query: RollbackQuery,
    ) -> Answer<Versioned<TariffRollback>> {
        let mut edit = self.edits.begin();
        edit.check_tariff(if_match)?;
        let current = edit.files_on_disk()?;
        let back = plan_rollback(self.store(), edit.config(), &current, version);
        let back = back.map_err(|error| problem_of_edit(&error))?;
        let made = if query.dry_run {
            edit.dry_run(&current, &back.change)?
        } else {
            let note = Note {
                action: "tariff.rollback",
                resource: format!("tariff/{version}"),
                before: Value::Null,
                after: json!({ "restored": back.restored, "emptied": back.emptied }),
            };
            edit.put_in_force(caller, &current, &back.change, note)?
        };
        let rollback = TariffRollback {
            result: made.result,
            rolled_back_to: back.version,
            version: made.version,
            changes: made.changes,
            restored: back.restored,
            emptied: back.emptied,
            not_rolled_back: back.not_rolled_back,
        };
        Ok(of_tariff(&self.context, rollback))
    }
}

fn view_of(version: &Version, in_force: &str) -> TariffVersion {
    let files = version.files.iter().map(|file| TariffFile {
        name: file.name.clone(),
        octets: file.bytes,
        sha256: hex::encode(file.digest),
    });
    TariffVersion {
        version: version.version.clone(),
        number: version.number,
        applied_at: Time(version.applied_at),
        is_in_force: version.version == in_force,
        files: files.collect(),
    }
}
