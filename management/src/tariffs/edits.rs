//! Edits of the tariff's files: made from what is on disk, validated together with what the books add, written whole or not at
//! all, put in force by a reload, and noted in the audit log. What a reload rejects is taken back.

use std::collections::BTreeMap;
use std::path::PathBuf;

use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::problem::Problem;
use tollgate_api::tariffs::{ChangeResult, TariffChange};
use tollgate_engine::routing::Routes;
use tollgate_engine::tables::Tables;

use crate::Office;
use crate::problems::unavailable;
use crate::tariff_files::{Change, EditError, Editor};
use tollgate_provisioning::{Loaded, Problems};
use tollgate_relay::reload_order::ReloadOutcome;

/// Things that are wrong that one answer names.
const ERRORS_SHOWN_MAX: usize = 100;
/// Changes that one audit note names; of more it says how many.
const NOTED_CHANGES_MAX: usize = 50;

/// The way to the tariff's files.
#[derive(Debug)]
pub struct TariffEdits {
    editor: Editor,
    /// Held from the first look at the files to the end of the reload.
    alone: Mutex<()>,
}

impl TariffEdits {
    /// For the configuration that this `tollgate.toml` names.
    pub fn new(config: PathBuf) -> Self {
        Self { editor: Editor::new(config), alone: Mutex::new(()) }
    }

    /// The way to the files.
    pub fn editor(&self) -> &Editor {
        &self.editor
    }

    /// Nobody else edits while this is held.
    pub fn alone(&self) -> MutexGuard<'_, ()> {
        self.alone.lock()
    }
}

/// What the audit log is to say of an edit.
pub struct Note<'a> {
    pub action: &'a str,
    pub resource: String,
    pub before: Value,
    pub after: Value,
}

impl Office {
    /// The files as they are on disk: what an edit is made from.
    pub(crate) fn files_on_disk(&self) -> Answer<Loaded> {
        self.edits.editor().current().map_err(|problems| {
            let problem = problem_of_files(&problems);
            Problem {
                detail: format!("the files on disk are wrong as they are: {}", problem.detail),
                ..problem
            }
        })
    }

    /// The content hash of the tariff in force, and as the number that ETags have of it.
    pub(crate) fn tariff_in_force(&self) -> (String, u64) {
        let version = self.context.core.snapshot.load().tables.version.to_string();
        let revision = u64::from_str_radix(&version, 16).unwrap_or(0);
        (version, revision)
    }

    /// Refuses a change that is meant for another tariff.
    pub(crate) fn check_tariff(&self, if_match: IfMatch) -> Answer<()> {
        if_match.check(self.tariff_in_force().1)
    }

    /// A value with the tariff in force as its version.
    pub(crate) fn of_tariff<T>(&self, value: T) -> Versioned<T> {
        Versioned::new(self.tariff_in_force().1, value)
    }

    /// Whether an edit holds together with the accounts and operators of the API, which the files know nothing of.
    pub(crate) fn check_with_additions(&self, change: &Change) -> Answer<()> {
        let after = &change.after;
        let whole = self.context.core.configuration.additions().beside(&after.provisioning);
        let wrong = |errors: Vec<String>| {
            Problem::unprocessable(format!(
                "it does not fit to what is provisioned over the API: {}",
                errors.join("; ")
            ))
        };
        let definition = whole.definition(&after.settings.refusals);
        let tables = Tables::build(definition)
            .map_err(|errors| wrong(errors.iter().map(ToString::to_string).collect()))?;
        Routes::build(whole.routing_definition(&whole.numbers_in_order()), &tables.networks)
            .map_err(|errors| wrong(errors.iter().map(ToString::to_string).collect()))?;
        Ok(())
    }

    /// Writes an edit and puts it in force. Whoever calls is alone with the files, which are `current`.
    pub(crate) fn put_in_force(
        &self,
        caller: &Caller,
        current: &Loaded,
        change: &Change,
        note: Note<'_>,
    ) -> Answer<TariffChange> {
        if change.is_empty() {
            return Ok(self.tariff_change(ChangeResult::Unchanged, Vec::new()));
        }
        self.check_with_additions(change)?;
        let before = self.tariff_in_force().0;
        self.edits.editor().apply(change).map_err(|error| problem_of_edit(&error))?;
        let outcome = self.order_reload();
        match outcome {
            Ok(ReloadOutcome::Applied(_) | ReloadOutcome::Unchanged) => {}
            Ok(ReloadOutcome::Rejected(reasons)) => {
                self.take_back(current, change);
                return Err(problem_of_reload(&reasons));
            }
            Err(problem) => {
                self.take_back(current, change);
                return Err(problem);
            }
        }
        let made = self.tariff_change(ChangeResult::Applied, change.lines(current));
        self.note_edit(caller, note, &before, &made)?;
        Ok(made)
    }

    /// What an edit that was not written would come to.
    pub(crate) fn dry_run(&self, current: &Loaded, change: &Change) -> Answer<TariffChange> {
        self.check_with_additions(change)?;
        Ok(self.tariff_change(ChangeResult::DryRun, change.lines(current)))
    }

    /// Has everything read again and put in force, and waits for what comes of it. Whoever calls must not have the turn.
    pub(crate) fn order_reload(&self) -> Answer<ReloadOutcome> {
        let stopping = || Problem::unavailable("the daemon is about to stop").retry_after(5);
        self.context.core.orders.reload().ok_or_else(stopping)
    }

    /// The tariff in force now, after a change.
    pub(crate) fn tariff_change(&self, result: ChangeResult, changes: Vec<String>) -> TariffChange {
        TariffChange { result, version: self.tariff_in_force().0, changes }
    }

    /// Says in the audit log what was changed, from which tariff version to which.
    pub(crate) fn note_edit(
        &self,
        caller: &Caller,
        note: Note<'_>,
        before: &str,
        made: &TariffChange,
    ) -> Answer<()> {
        let shown: Vec<&String> = made.changes.iter().take(NOTED_CHANGES_MAX).collect();
        let more = made.changes.len() - shown.len();
        let was = json!({ "tariff_version": before, "said": note.before });
        let is = json!({
            "tariff_version": made.version, "said": note.after, "changes": shown, "more_changes": more,
        });
        let mut work = self.context.change(caller);
        work.note(note.action, note.resource, &was, &is);
        work.commit().map(drop)
    }

    /// Writes the files as they were before a change, and puts them in force again.
    fn take_back(&self, current: &Loaded, change: &Change) {
        let archive = &current.provisioning.archive;
        let old = change.overlay.keys().filter_map(|name| {
            let file = archive.iter().find(|file| *file.name == **name)?;
            Some((name.clone(), file.bytes.as_deref()?.to_vec()))
        });
        let digest = |content: &Vec<u8>| Sha256::digest(content).into();
        let based_on: BTreeMap<String, [u8; 32]> =
            change.overlay.iter().map(|(name, content)| (name.clone(), digest(content))).collect();
        let back = Change { overlay: old.collect(), based_on, after: current.clone() };
        if let Err(error) = self.edits.editor().apply(&back) {
            tracing::error!(%error, "an edit of the tariff was rejected, and its files could not be put back");
            return;
        }
        // Nothing is different then, but the log and the metrics say that all is well again.
        match self.order_reload() {
            Ok(ReloadOutcome::Rejected(reasons)) => {
                tracing::error!(?reasons, "an edit of the tariff was taken back, and that was rejected too");
            }
            Ok(_) => {}
            Err(problem) => tracing::error!(detail = problem.detail, "an edit of the tariff was taken back"),
        }
    }
}

/// What is wrong with files: each named by file and line, with the key before the message.
pub fn problem_of_files(problems: &Problems) -> Problem {
    let first = problems.iter().next().map(ToString::to_string).unwrap_or_default();
    let count = problems.count();
    let detail = if count > 1 { format!("{first}, and {} more", count - 1) } else { first };
    problems.iter().take(ERRORS_SHOWN_MAX).fold(Problem::unprocessable(detail), |problem, wrong| {
        let place =
            if wrong.line > 0 { format!("{}:{}", wrong.file, wrong.line) } else { wrong.file.to_string() };
        let key = if wrong.key.is_empty() { String::new() } else { format!("{}: ", wrong.key) };
        problem.and_field(&place, format!("{key}{}", wrong.message))
    })
}

/// What a reload was rejected for: each reason names file, line and key, or none of them.
pub fn problem_of_reload(reasons: &[String]) -> Problem {
    let first = reasons.first().cloned().unwrap_or_default();
    let detail = format!("what was in force stays: {first}");
    reasons.iter().fold(Problem::unprocessable(detail), |problem, reason| match reason.split_once(": ") {
        Some((place, message)) => problem.and_field(place, message),
        None => problem.and_field("", reason.clone()),
    })
}

/// What a caller is told of an edit that was not made.
pub fn problem_of_edit(error: &EditError) -> Problem {
    let text = error.to_string();
    match error {
        EditError::Invalid(problems) => problem_of_files(problems),
        EditError::NotEditable { .. } | EditError::WhichFile(_) => Problem::field("file", text),
        EditError::Shape { .. } => Problem::wrong_state(text),
        EditError::Changed { .. } => Problem::conflict(text),
        EditError::Missing { .. } => Problem::not_found(text),
        EditError::Exists { .. } => Problem::already_exists(text),
        EditError::NotWritten { .. } => Problem::wrong_state(format!(
            "{text}. Nothing was changed; the daemon's user needs the right to write there"
        )),
        EditError::HalfWritten { .. } => {
            tracing::error!(%error, "an edit of the tariff was written in part");
            Problem::internal(text)
        }
        EditError::Storage(error) => unavailable(error),
    }
}
