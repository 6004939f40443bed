//! Findings of traffic pumping: kept in the books with their evidence, shown to those who may see the account, and lifted by
//! those above it.

pub mod record;
pub mod watch;

use std::sync::Arc;

use serde_json::json;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::pumping::{PumpingEnd, PumpingFinding, PumpingFindingsQuery, PumpingService};
use tollgate_api::time::Time;
use tollgate_engine::pumping::Range;
use tollgate_storage::clock::now;

use crate::accounts::rights::Level;
use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::identity::visibility::Visibility;
use record::FindingRecord;

/// The service of findings.
#[derive(Debug)]
pub struct Pumping {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    documents: Arc<DocumentCache<FindingRecord>>,
}

impl Pumping {
    /// Over these findings.
    pub fn new(
        context: Arc<Context>,
        visibility: Arc<Visibility>,
        documents: Arc<DocumentCache<FindingRecord>>,
    ) -> Self {
        Self { context, visibility, documents }
    }

    fn known(&self, caller: &Caller, id: &str) -> Answer<Arc<Document<FindingRecord>>> {
        let found = self.documents.get(id);
        let found = found.filter(|document| self.visibility.may_see(caller, &document.value.account));
        found.ok_or_else(|| Problem::not_found(format!("there is no finding `{id}`")))
    }

    /// As it is shown, with what an open one counts now.
    fn view(&self, document: &Document<FindingRecord>) -> PumpingFinding {
        let record = &document.value;
        if record.ended_at.is_some() {
            return record.view(&document.key);
        }
        let account = self.context.account(&record.account);
        let open = account.map(|account| account.runtime.pumping.open()).unwrap_or_default();
        let now = open.iter().find(|finding| finding.range.to_string() == record.range);
        let mut counted = record.clone();
        if let Some(finding) = now {
            counted.count(finding);
        }
        counted.view(&document.key)
    }
}

impl PumpingService for Pumping {
    fn findings(&self, caller: &Caller, query: &PumpingFindingsQuery) -> Answer<Page<PumpingFinding>> {
        if let Some(account) = &query.account
            && !self.visibility.may_see(caller, account)
        {
            return Err(Problem::not_found(format!("there is no account `{account}`")));
        }
        let wanted = self.documents.filter(|document| {
            is_wanted(&document.value, query) && self.visibility.may_see(caller, &document.value.account)
        });
        // Ids sort by when they were given.
        let newest_first = wanted.iter().rev().map(|document| (document.key.clone(), self.view(document)));
        Ok(query.paging()?.page(newest_first, |key, after| key < after))
    }

    fn finding(&self, caller: &Caller, id: &str) -> Answer<PumpingFinding> {
        Ok(self.view(&*self.known(caller, id)?))
    }

    fn lift(&self, caller: &Caller, id: &str) -> Answer<PumpingFinding> {
        let before = self.known(caller, id)?;
        let record = &before.value;
        if Level::of(caller, &record.account) < Level::Above {
            let reason = "only the level above the account, a reseller or an admin, may lift a step-down";
            return Err(Problem::forbidden(reason));
        }
        if record.ended_at.is_some() {
            return Err(Problem::wrong_state(format!("the finding `{id}` has ended")));
        }
        let after = FindingRecord {
            ended_at: Some(Time(now())),
            ended_by: Some(PumpingEnd::Lifted),
            ..record.clone()
        };
        let mut change = self.context.change(caller);
        let (was, is) =
            (json!({ "range": record.range, "ended_at": null }), json!({ "ended_at": after.ended_at }));
        change.put(&*self.documents, id, Some(&before), after);
        change.note("pumping_finding.lift", format!("pumping_finding/{id}"), &was, &is);
        change.commit()?;
        let account = self.context.account(&before.value.account);
        if let (Some(account), Some(range)) = (account, Range::parse(&before.value.range)) {
            account.runtime.pumping.lift(range);
        }
        self.finding(caller, id)
    }
}

fn is_wanted(finding: &FindingRecord, query: &PumpingFindingsQuery) -> bool {
    query.account.as_ref().is_none_or(|account| finding.account == *account)
        && query.kind.is_none_or(|kind| finding.kind == kind)
        && query.active.is_none_or(|active| finding.ended_at.is_none() == active)
        && query.is_stepped_down.is_none_or(|is| finding.is_stepped_down() == is)
}
