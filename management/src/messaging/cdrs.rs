//! Messages that were charged: read from the books, settled by report where they are charged only, explained, exported.

mod explain;
mod export;
mod list;
mod view;

use std::sync::Arc;

use serde_json::json;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::cdrs::{
    Cdr, CdrExplanation, CdrsQuery, CdrsService, Export, ExportQuery, ReportedStatus, StatusReport,
};
use tollgate_api::money::Money;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_engine::account::AccountNumber;
use tollgate_storage::message_change::{MessageChange, ReportedOutcome};

use crate::Office;
use crate::cdr_export::{NamedAccount, Names};
use crate::problems::unavailable;

pub(crate) use export::Exports;
pub(crate) use view::{network_of, state_of};

/// A message that the caller reaches.
pub(crate) struct Reached {
    pub account: AccountNumber,
    pub named: NamedAccount,
    pub message_id: u64,
    pub names: Arc<Names>,
}

impl CdrsService for Office {
    fn cdrs(&self, caller: &Caller, query: &CdrsQuery) -> Answer<Page<Cdr>> {
        self.list_cdrs(caller, query)
    }

    fn cdr(&self, caller: &Caller, id: &str) -> Answer<Cdr> {
        let found = self.message(caller, id)?;
        let state =
            self.store().state(found.account, found.message_id).map_err(|error| unavailable(&error))?;
        let read = |cdr: &tollgate_storage::cdr::Cdr<'_>| {
            view::cdr_view(&found.names, &found.named, cdr, state.as_ref(), caller.reaches_all())
        };
        let cdr = self.store().cdr(found.account, found.message_id, read);
        cdr.map_err(|error| unavailable(&error))?.ok_or_else(|| no_message(id))
    }

    fn report_status(&self, caller: &Caller, id: &str, report: StatusReport) -> Answer<Cdr> {
        let found = self.message(caller, id)?;
        let (account, message_id) = (found.account, found.message_id);
        let snapshot = self.context.core.snapshot.load();
        let settled_by = snapshot.by_number(account).ok_or_else(|| {
            Problem::wrong_state(
                "the account is no longer provisioned, so that no plan says what its money does",
            )
        })?;
        let terms = settled_by.terms.plan.plan.settlement;
        let state = self.store().state(account, message_id).map_err(|error| unavailable(&error))?;
        let state = state.unwrap_or_default();
        let before = json!({ "state": state.state.name(), "refunded": Money(state.refunded) });
        let after = json!({ "account": found.named.id, "status": report.status, "error": report.error });
        let (outcome, error) = (outcome_of(report.status), report.error);
        let mut work = self.context.change(caller);
        work.message(MessageChange::Report { account, message_id, outcome, error, terms });
        work.note("message.report", format!("message/{message_id}"), &before, &after);
        work.commit()?;
        self.cdr(caller, id)
    }

    fn explain_cdr(&self, caller: &Caller, id: &str) -> Answer<CdrExplanation> {
        let found = self.message(caller, id)?;
        let explained = self.explainer.explain(self.store(), found.account, found.message_id);
        let explanation = explained.map_err(|error| explain::problem_of(&error))?;
        explanation.map(|explanation| explain::view(&explanation)).ok_or_else(|| no_message(id))
    }

    fn export_cdrs(&self, caller: &Caller, query: &ExportQuery) -> Answer<Export> {
        self.begin_export(caller, query)
    }
}

impl Office {
    /// A message by its id.
    pub(crate) fn message(&self, caller: &Caller, id: &str) -> Answer<Reached> {
        let message_id = id.parse().map_err(|_| no_message(id))?;
        let account = self.store().account_of_message(message_id).map_err(|error| unavailable(&error))?;
        let account = account.ok_or_else(|| no_message(id))?;
        let names = self.names()?;
        let named =
            names.named_account(account).filter(|named| self.visibility.reaches(caller, &named.id)).cloned();
        Ok(Reached { account, named: named.ok_or_else(|| no_message(id))?, message_id, names })
    }

    /// The number of an account that the caller reaches, provisioned or not any more.
    fn account_number(&self, caller: &Caller, names: &Names, id: &str) -> Answer<AccountNumber> {
        let number = names.account(id).filter(|_| self.visibility.reaches(caller, id));
        number.ok_or_else(|| Problem::not_found(format!("there is no account `{id}`")))
    }
}

fn no_message(id: &str) -> Problem {
    Problem::not_found(format!("there is no message `{id}`"))
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
