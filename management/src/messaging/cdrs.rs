//! CDRs: read from the books, explained, exported, and settled by a report where messages are only charged here.

mod explain;
mod export;
mod list;
pub mod view;

use std::sync::Arc;

use serde_json::json;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::cdrs::{
    Cdr, CdrExplanation, CdrsQuery, CdrsService, ExportQuery, ReportedStatus, StatusReport,
};
use tollgate_api::export::Export;
use tollgate_api::money::Money;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_engine::settlement::Outcome;
use tollgate_storage::message_change::{MessageChange, ReportedOutcome};
use tollgate_storage::store::Store;

use crate::context::Context;
use crate::identity::visibility::Visibility;
use crate::messaging::lookup::{FoundMessage, Lookup, no_message};
use crate::problems::unavailable;
use crate::tariff_files::Explainer;

use export::AskedExport;
use tollgate_exports::cdr::Texts;

/// The CDRs of accounts.
#[derive(Debug)]
pub struct Cdrs {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    lookup: Arc<Lookup>,
    explainer: Explainer,
}

impl CdrsService for Cdrs {
    fn cdrs(&self, caller: &Caller, query: &CdrsQuery) -> Answer<Page<Cdr>> {
        list::page(self.store(), &self.visibility, &self.lookup, caller, query)
    }

    fn cdr(&self, caller: &Caller, id: &str) -> Answer<Cdr> {
        let found = self.lookup.message(caller, id)?;
        let state = self
            .store()
            .messages()
            .state(found.account, found.message_id)
            .map_err(|error| unavailable(&error))?;
        let texts = Texts::of(self.store()).map_err(|error| unavailable(&error))?;
        let text = texts.text(found.account, found.message_id).map_err(|error| unavailable(&error))?;
        let read = |cdr: &tollgate_storage::cdr::Cdr<'_>| {
            let seen = view::Seen { with_costs: caller.reaches_all(), sides: &found.sides, text };
            view::cdr_view(&found.names, &found.named, cdr, state.as_ref(), seen)
        };
        let cdr = self.store().messages().cdr(found.account, found.message_id, read);
        cdr.map_err(|error| unavailable(&error))?.ok_or_else(|| no_message(id))
    }

    fn report_status(&self, caller: &Caller, id: &str, report: StatusReport) -> Answer<Cdr> {
        let found = self.lookup.message(caller, id)?;
        let (account, message_id) = (found.account, found.message_id);
        let snapshot = self.context.core.snapshot.load();
        let settled_by = snapshot.by_number(account).ok_or_else(|| {
            Problem::wrong_state(
                "the account is no longer provisioned, so that no plan decides on its charge",
            )
        })?;
        let terms = settled_by.terms.plan.plan.settlement;
        let state =
            self.store().messages().state(account, message_id).map_err(|error| unavailable(&error))?;
        let state = state.unwrap_or_default();
        let before = json!({ "state": state.state.name(), "refunded": Money(state.refunded) });
        let after = json!({ "account": found.named.id, "status": report.status, "error": report.error });
        let (outcome, error) = (outcome_of(report.status), report.error);
        let mut changes = self.context.change(caller);
        changes.message(MessageChange::Report { account, message_id, outcome, error, terms });
        changes.note("message.report", format!("message/{message_id}"), &before, &after);
        changes.commit()?;
        // A report that is repeated tells nothing new.
        if let Some(end) = end_of(report.status).filter(|_| !state.state.is_final()) {
            let read = |cdr: &tollgate_storage::cdr::Cdr<'_>| (cdr.fields.destination, cdr.fields.network);
            let charged = self.store().messages().cdr(account, message_id, read);
            if let Some((number, network)) = charged.map_err(|error| unavailable(&error))? {
                settled_by.note_end(number, network, end);
            }
        }
        self.cdr(caller, id)
    }

    fn explain_cdr(&self, caller: &Caller, id: &str) -> Answer<CdrExplanation> {
        let found = self.lookup.message(caller, id)?;
        let explained = self.explainer.explain(self.store(), found.account, found.message_id);
        let explanation = explained.map_err(|error| explain::problem_of(&error))?;
        let mut explanation = explanation.ok_or_else(|| no_message(id))?;
        let FoundMessage { names, sides, account, .. } = &found;
        let is_shown = |level: &str| names.account(level).is_some_and(|level| sides.shows_sales_of(level));
        explanation.sales.retain(|sale| is_shown(&sale.level));
        Ok(explain::view(&explanation, sides.shows(*account), self.cdr(caller, id)?.levels))
    }

    fn export_cdrs(&self, caller: &Caller, query: &ExportQuery) -> Answer<Export> {
        let asked = AskedExport { caller, query };
        asked.begin(&self.context.core.books.store, &self.lookup, &self.context.exports)
    }
}

impl Cdrs {
    /// The CDRs of all accounts.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>, lookup: Arc<Lookup>) -> Self {
        Self { context, visibility, lookup, explainer: Explainer::new() }
    }

    fn store(&self) -> &Store {
        self.context.store()
    }
}

/// The end of a message by a report, where that is one.
fn end_of(status: ReportedStatus) -> Option<Outcome> {
    match status {
        ReportedStatus::Accepted => None,
        ReportedStatus::Delivered => Some(Outcome::Delivered),
        ReportedStatus::Undelivered => Some(Outcome::Undelivered),
        ReportedStatus::Expired => Some(Outcome::Expired),
        ReportedStatus::Rejected => Some(Outcome::Rejected),
        ReportedStatus::Unknown => Some(Outcome::Unknown),
    }
}

fn outcome_of(status: ReportedStatus) -> ReportedOutcome {
    match status {
        ReportedStatus::Accepted => ReportedOutcome::Accepted,
        ReportedStatus::Delivered => ReportedOutcome::Delivered,
        ReportedStatus::Undelivered => ReportedOutcome::Undelivered,
        ReportedStatus::Expired => ReportedOutcome::Expired,
        ReportedStatus::Rejected => ReportedOutcome::Rejected,
        ReportedStatus::Unknown => ReportedOutcome::Unknown,
    }
}
