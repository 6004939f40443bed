//! Drafts by schedule: one for every account and month, week or day in which it was charged or refunded, once that has ended in
//! the time zone of its plan. An account that pays beforehand gets a statement instead, which is issued at once.
//!
//! The schedule takes zone by zone, period by period and account by account. Its progress is in the books: for a zone the last
//! month that is done, for an account the instant up to which it has been invoiced, which is part of the same change as the
//! draft. So a restart continues where it was, downtime is made up for, and no account gets a month twice. If an account
//! changes to a plan of another zone, its next period begins where the last one ended.
//!
//! A new zone begins with its present month. Earlier months are invoiced on request, and so are months that end while the
//! schedule is switched off.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_billing::invoice::schedule::Cycle;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::Expected;
use tollgate_storage::rows::EntryKind;
use tollgate_storage::store::Store;

use super::progress::{Done, Progress, Through, account_key, zone_key, zone_progress};
use super::record::InvoiceRecord;
use super::writer::{UNDER_WAY_MAX_MICROS, books_closed_at};
use super::{Invoices, overlap};
use crate::billing::period::zone;
use crate::collections::COUNTERS;
use crate::context::Context;
use crate::documents::stored_document;
use crate::problems::unavailable;
use tollgate_relay::snapshot::ActiveAccount;

#[cfg(test)]
mod tests;

/// Length of one step, unless an account has very many messages.
const STEP_MAX: Duration = Duration::from_millis(20);

/// The schedule, and how far it is between one step and the next.
#[derive(Debug)]
pub struct MonthlyInvoices {
    invoices: Arc<Invoices>,
    pass: Option<Pass>,
    /// The progress of each zone, as far as it was looked up.
    done: BTreeMap<(String, Cycle), Done>,
}

/// One month, week or day of one zone.
#[derive(Debug)]
struct Pass {
    zone: String,
    cycle: Cycle,
    number: u32,
    instants: Range<UnixMicros>,
    /// The end of the last month that was skipped because the schedule was switched off.
    not_before: UnixMicros,
    done: Done,
    /// Accounts that remain to be invoiced.
    accounts: Vec<Arc<ActiveAccount>>,
}

impl MonthlyInvoices {
    /// The schedule as after a start: how far it was is read from the books.
    pub fn new(invoices: Arc<Invoices>) -> Self {
        Self { invoices, pass: None, done: BTreeMap::new() }
    }

    /// Drafts invoices that are due by now, for a short while; true if there is more to do.
    pub fn draft(&mut self, now: UnixMicros) -> Answer<bool> {
        let started = Instant::now();
        while started.elapsed() < STEP_MAX {
            if self.pass.is_none() {
                self.pass = self.next_pass(now)?;
            }
            let Some(pass) = &mut self.pass else { return Ok(false) };
            if let Some(account) = pass.accounts.last() {
                match draft_month(&self.invoices, account, pass) {
                    // Tried again at the next look.
                    Err(problem) if matches!(&*problem.code, "unavailable" | "conflict") => {
                        return Err(problem);
                    }
                    Err(problem) => {
                        let (account, from) =
                            (&account.provisioned.account.id, pass.instants.start.to_rfc3339());
                        tracing::error!(%account, from, problem = %problem.detail, "an account cannot be invoiced");
                    }
                    Ok(()) => {}
                }
                pass.accounts.pop();
            } else {
                note_done(&self.invoices.context, (&pass.zone, pass.cycle), pass.done)?;
                self.done.insert((std::mem::take(&mut pass.zone), pass.cycle), pass.done);
                self.pass = None;
            }
        }
        Ok(true)
    }

    /// The next month that has ended somewhere and is not done; the zones are those of the plans in force.
    fn next_pass(&mut self, now: UnixMicros) -> Answer<Option<Pass>> {
        let context = &self.invoices.context;
        // What was submitted before the end of a month is committed by then.
        let now = UnixMicros(now.0.saturating_sub(UNDER_WAY_MAX_MICROS));
        let loaded = context.core.configuration.files();
        let removed = context.core.configuration.removed_accounts().all();
        let of_removed = removed.iter().map(|account| account.terms.plan.plan.time_zone.as_str());
        let of_plans = loaded.provisioning.plans.iter().map(|plan| plan.time_zone.as_str());
        let zones: BTreeSet<&str> = of_plans.chain(of_removed).collect();
        let cycles = self.invoices.terms.cycles();
        for (name, cycle) in zones.iter().flat_map(|name| cycles.iter().map(|cycle| (*name, *cycle))) {
            let Some(number) = cycle.number_at(now, &zone(name)?) else { continue };
            let ended = number.saturating_sub(1);
            let known = if let Some(done) = self.done.get(&(name.to_owned(), cycle)) {
                Some(*done)
            } else {
                zone_progress(context.store(), name, cycle)?
            };
            let done = match known {
                Some(done) if done.month >= ended || context.settings.billing.monthly_invoices => done,
                Some(_) => Done { month: ended, skipped: ended },
                None => Done { month: ended, skipped: 0 },
            };
            if known != Some(done) {
                note_done(context, (name, cycle), done)?;
            }
            self.done.insert((name.to_owned(), cycle), done);
            if done.month >= ended {
                continue;
            }
            let accounts = accounts_of(&self.invoices, (name, cycle));
            if !accounts.is_empty() {
                return begin_pass(&self.invoices, (name, cycle), done, accounts);
            }
            let done = Done { month: ended, ..done };
            note_done(context, (name, cycle), done)?;
            self.done.insert((name.to_owned(), cycle), done);
        }
        Ok(None)
    }
}

/// The accounts of a zone that are invoiced by a cycle. Those that were removed are invoiced for what they were charged before.
fn accounts_of(invoices: &Invoices, (name, cycle): (&str, Cycle)) -> Vec<Arc<ActiveAccount>> {
    let is_of_pass = |account: &Arc<ActiveAccount>| {
        account.terms.plan.plan.time_zone == name
            && invoices.terms.cycle(&account.provisioned.account.id) == cycle
    };
    let core = &invoices.context.core;
    let mut accounts: Vec<_> = core.snapshot.load().accounts().filter(is_of_pass).collect();
    accounts.extend(core.configuration.removed_accounts().all().into_iter().filter(is_of_pass));
    accounts
}

fn begin_pass(
    invoices: &Invoices,
    (name, cycle): (&str, Cycle),
    done: Done,
    accounts: Vec<Arc<ActiveAccount>>,
) -> Answer<Option<Pass>> {
    let (zone, number) = (zone(name)?, done.month + 1);
    let begins = cycle.begins_at(number, &zone);
    let Some((start, end)) = begins.zip(cycle.begins_at(number + 1, &zone)) else { return Ok(None) };
    let not_before = cycle.begins_at(done.skipped + 1, &zone).filter(|_| done.skipped > 0);
    // The clock has passed the end; wait until every commit under way has, too.
    books_closed_at(&invoices.context)?;
    let from = start.to_rfc3339();
    tracing::info!(
        zone = name,
        ?cycle,
        from,
        accounts = accounts.len(),
        "a period has ended and is invoiced"
    );
    Ok(Some(Pass {
        zone: name.to_owned(),
        cycle,
        number,
        instants: start..end,
        not_before: not_before.unwrap_or_default(),
        done: Done { month: number, ..done },
        accounts,
    }))
}

/// Drafts one account's period, unless nothing was charged or refunded in it or it was done before.
fn draft_month(invoices: &Invoices, account: &ActiveAccount, pass: &Pass) -> Answer<()> {
    let context = &invoices.context;
    let id = &account.provisioned.account.id;
    let noted = stored_document::<Through>(context.store(), COUNTERS, &account_key(id))?;
    let end = pass.instants.end;
    let first = match pass.cycle {
        Cycle::Monthly => pass.instants.start,
        // An account that was invoiced by the month until now may have charges of this month.
        Cycle::Weekly | Cycle::Daily => first_of_month(&zone(&pass.zone)?, pass.instants.start),
    };
    let since = noted.map_or(first, |(_, through)| through.until.0).max(pass.not_before);
    if since >= end {
        return Ok(());
    }
    let through = Through { month: pass.number, until: Time(end) };
    let expected = noted.map_or(Expected::Absent, |(revision, _)| Expected::Revision(revision));
    if invoices.is_prepaid(account, end)? {
        let progress = Progress { expected, through };
        let begins = pass.instants.start.max(since);
        let is_behind = since < begins && invoices.is_moved(account, &(since..begins))?;
        let start = if is_behind { since } else { begins };
        return issue_statement(invoices, account, &(start..end), &progress);
    }
    if invoices.terms.credits_refunds(id) {
        invoices.credit_refunds(account, &(since..end))?;
    }
    if !is_billed(context.store(), account, &(since..end))? {
        return Ok(());
    }
    // Charges between the months of two different zones belong to the later period.
    let begins = pass.instants.start.max(since);
    let start = if is_billed(context.store(), account, &(since..begins))? { since } else { begins };
    let (progress, sends) = (Progress { expected, through }, invoices.terms.sends(id));
    let period = start..end;
    // What somebody has invoiced is left out.
    let issued = overlap::issued(context.store(), id, &period)?;
    let mut parts = overlap::gaps(&period, &issued);
    let Some(last) = parts.pop() else { return note_progress(context, &progress, id) };
    for part in parts {
        draft_part(invoices, account, &part, sends, None)?;
    }
    draft_part(invoices, account, &last, sends, Some(&progress))
}

/// Issues the statement of a period, unless nothing moved the balance in it.
fn issue_statement(
    invoices: &Invoices,
    account: &ActiveAccount,
    period: &Range<UnixMicros>,
    progress: &Progress,
) -> Answer<()> {
    if !invoices.is_moved(account, period)? {
        return Ok(());
    }
    let id = &account.provisioned.account.id;
    let (_, is_new) = invoices.issue_statement_of(&Caller::system(), account, period, Some(progress))?;
    if is_new { Ok(()) } else { note_progress(&invoices.context, progress, id) }
}

/// The first instant of the month that an instant lies in.
fn first_of_month(zone: &TimeZone, at: UnixMicros) -> UnixMicros {
    let month = Cycle::Monthly.number_at(at, zone);
    month.and_then(|month| Cycle::Monthly.begins_at(month, zone)).unwrap_or(at)
}

/// Drafts a part of a period, unless nothing was charged or refunded in it; with the last one goes the note of progress. Where it
/// `sends`, the draft is to be sent at once.
fn draft_part(
    invoices: &Invoices,
    account: &ActiveAccount,
    part: &Range<UnixMicros>,
    sends: bool,
    progress: Option<&Progress>,
) -> Answer<()> {
    let (context, id) = (&invoices.context, &account.provisioned.account.id);
    let (content, parties) = invoices.read(account, part)?;
    let mut writer = invoices.writer.lock();
    if !overlap::issued(context.store(), id, part)?.is_empty() {
        return Err(Problem::conflict("a part of the month was invoiced just now"));
    }
    let system = Caller::system();
    let stored = invoices.of_period(id, part)?;
    if stored.is_none() && !content.lines.is_empty() {
        return writer.draft(&system, account, part, (content, parties), sends, progress).map(drop);
    }
    // Somebody has drafted it before the period was over.
    if let Some((revision, before)) = stored
        && (before.content != content || before.sends_itself != sends)
    {
        let parties = Some(parties);
        let after = InvoiceRecord { content, parties, sends_itself: sends, ..before.clone() };
        writer.put(&system, (revision, &before), after, "invoice.refresh")?;
    }
    progress.map_or(Ok(()), |progress| note_progress(context, progress, id))
}

fn note_progress(context: &Context, progress: &Progress, account: &str) -> Answer<()> {
    let system = Caller::system();
    let mut changes = context.change(&system);
    progress.write(&mut changes, account);
    changes.commit().map(drop)
}

/// True if anything was charged or refunded in a period.
fn is_billed(store: &Store, account: &ActiveAccount, period: &Range<UnixMicros>) -> Answer<bool> {
    let number = account.runtime.wallet.number();
    let ids = store.commits().ids_of(period).map_err(|error| unavailable(&error))?;
    let mut is_billed = false;
    let read = store.history().charges_up(number, &ids, |cdr, _| {
        stop_if(period.contains(&cdr.header.submitted_at), &mut is_billed)
    });
    read.map_err(|error| unavailable(&error))?;
    if is_billed {
        return Ok(true);
    }
    let read = store.history().charges_below(number, &ids, |cdr, paid| {
        stop_if(paid.is_some() && period.contains(&cdr.header.submitted_at), &mut is_billed)
    });
    read.map_err(|error| unavailable(&error))?;
    if is_billed {
        return Ok(true);
    }
    let read = store.history().entries_up(number, &ids, |_, entry| {
        stop_if(entry.kind == EntryKind::Refund && period.contains(&entry.at), &mut is_billed)
    });
    read.map_err(|error| unavailable(&error))?;
    Ok(is_billed)
}

fn stop_if(is_found: bool, found: &mut bool) -> ControlFlow<()> {
    *found = is_found;
    if is_found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

fn note_done(context: &Context, (zone, cycle): (&str, Cycle), done: Done) -> Answer<()> {
    let system = Caller::system();
    let mut changes = context.change(&system);
    changes.document(COUNTERS, zone_key(zone, cycle).as_bytes(), Expected::Any, Some(&done));
    changes.commit().map(drop)
}
