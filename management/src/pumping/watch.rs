//! The watch over findings: what detectors found is written down and raises alerts, once a second.
//!
//! A finding, its alert and the jobs that announce it are one change. News that could not be written is kept for the next look.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tollgate_api::alerts::{AlertKind, AlertSeverity};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::money::CurrencyCode;
use tollgate_api::pumping::PumpingEnd;
use tollgate_api::time::Time;
use tollgate_engine::pumping::{EndReason, News, PumpingMode};
use tollgate_engine::time::UnixMicros;
use tollgate_relay::detectors::{DETECTOR_OCTETS_MAX, beyond};
use tollgate_relay::snapshot::ActiveAccount;

use super::record::FindingRecord;
use crate::change_set::ChangeSet;
use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::identity::random::id_at;
use crate::jobs::JobQueue;
use crate::notifications::alerts::announce::announce;
use crate::notifications::alerts::record::AlertRecord;

/// Alerts that one account may have open; what is found beyond them is in the list of findings alone.
const ALERTS_MAX: usize = 8;
/// News of one account that waits for the next look.
const WAITING_MAX: usize = 64;
/// Findings that one look forgets.
const FORGOTTEN_MAX: usize = 500;
/// Time for which an ended finding is kept.
const KEPT_MICROS: u64 = 90 * 86_400_000_000;

/// A range of an account.
type Place = (String, String);

/// The open parts of a range: the finding, and its alert where it has one.
#[derive(Clone, Debug)]
struct Opened {
    finding: String,
    alert: Option<String>,
}

/// Writes findings down and raises their alerts.
#[derive(Debug)]
pub struct PumpingWatch {
    context: Arc<Context>,
    findings: Arc<DocumentCache<FindingRecord>>,
    alerts: Arc<DocumentCache<AlertRecord>>,
    jobs: Arc<JobQueue>,
    open: HashMap<Place, Opened>,
    waiting: HashMap<String, Vec<News>>,
}

impl PumpingWatch {
    /// With the findings that are open in the books. Detectors go on with them: step-downs outlive a restart.
    pub fn begin(
        context: Arc<Context>,
        findings: Arc<DocumentCache<FindingRecord>>,
        alerts: Arc<DocumentCache<AlertRecord>>,
        jobs: Arc<JobQueue>,
    ) -> Self {
        let mut open = HashMap::new();
        for document in findings.filter(|document| document.value.ended_at.is_none()) {
            let record = &document.value;
            let account = context.account(&record.account);
            let account = account.filter(|account| account.pumping.mode != PumpingMode::Off);
            if let (Some(account), Some(finding)) = (account, record.reopened()) {
                account.runtime.pumping.restore(finding);
            }
            let alert = alerts.find(|alert| is_of(&alert.value, &record.account, &record.range));
            let opened =
                Opened { finding: document.key.clone(), alert: alert.map(|alert| alert.key.clone()) };
            open.insert((record.account.clone(), record.range.clone()), opened);
        }
        Self { context, findings, alerts, jobs, open, waiting: HashMap::new() }
    }

    /// The alerts that are open.
    pub fn alerts_open(&self) -> usize {
        self.open.values().filter(|opened| opened.alert.is_some()).count()
    }

    /// One look at all detectors.
    pub fn look(&mut self, now: UnixMicros) -> Answer<()> {
        self.look_at_detectors();
        let with_news: Vec<String> = self.waiting.keys().cloned().collect();
        for id in with_news {
            let news = self.waiting.get(&id).cloned().unwrap_or_default();
            if let Some(account) = self.context.account(&id) {
                self.write(&account, &news, now)?;
            }
            self.waiting.remove(&id);
        }
        self.end_unwatched(now)?;
        let stepped_down = self.open.values().filter(|opened| {
            let known = self.findings.get(&opened.finding);
            known.is_some_and(|document| document.value.is_stepped_down())
        });
        self.context.metrics.set_pumping_step_downs(stepped_down.count());
        Ok(())
    }

    /// Takes the news of all detectors, and forgets what there is no room for.
    fn look_at_detectors(&mut self) {
        let core = &self.context.core;
        let (snapshot, mut sizes) = (core.snapshot.load(), Vec::new());
        let watched = core.accounts.detectors().accounts().into_iter();
        for account in watched.filter_map(|number| snapshot.by_number(number)) {
            let news = account.runtime.pumping.look(&account.pumping);
            if !news.is_empty() {
                let waiting = self.waiting.entry(account.provisioned.account.id.to_string()).or_default();
                waiting.extend(news);
                waiting.truncate(WAITING_MAX);
            }
            sizes.extend(account.runtime.pumping.size());
        }
        self.context.metrics.set_pumping_detectors(&sizes);
        for account in
            beyond(sizes, DETECTOR_OCTETS_MAX).into_iter().filter_map(|number| snapshot.by_number(number))
        {
            account.runtime.pumping.shed();
        }
    }

    /// Writes what became of the findings of one account, in one change.
    fn write(&mut self, account: &ActiveAccount, news: &[News], now: UnixMicros) -> Answer<()> {
        let charged = &account.provisioned.account;
        let mut after: BTreeMap<String, FindingRecord> = BTreeMap::new();
        for one in news {
            let (News::Found(finding) | News::SteppedDown(finding) | News::Ended(finding, _)) = one;
            let range = finding.range.to_string();
            let fresh = || FindingRecord::new(&charged.id, finding, charged.currency, now);
            let known = self.known(&charged.id, &range).map(|document| document.value.clone());
            let record = after.entry(range).or_insert_with(|| known.unwrap_or_else(fresh));
            match one {
                News::Found(_) => self.context.metrics.pumping_found(record.kind),
                News::SteppedDown(_) => {
                    record.evidence = fresh().evidence;
                    record.stepped_down_at = Some(Time(now));
                    self.context.metrics.pumping_step_downs.increment(1);
                }
                News::Ended(_, reason) => {
                    record.count(finding);
                    record.ended_by.get_or_insert(match reason {
                        EndReason::Quiet => PumpingEnd::Quiet,
                        EndReason::Lifted => PumpingEnd::Lifted,
                    });
                    record.ended_at.get_or_insert(Time(now));
                }
            }
        }
        self.put(after.into_values().collect(), now)
    }

    /// Ends the findings of accounts that are no longer looked at, and alerts of those that ended otherwise; forgets what
    /// ended long ago.
    fn end_unwatched(&mut self, now: UnixMicros) -> Answer<()> {
        let mut over = Vec::new();
        for ((account, _), opened) in &self.open {
            let Some(document) = self.findings.get(&opened.finding) else { continue };
            let is_watched = self
                .context
                .core
                .snapshot
                .load()
                .by_account(account)
                .is_some_and(|account| account.pumping.mode != PumpingMode::Off);
            let mut record = document.value.clone();
            if record.ended_at.is_none() && !is_watched {
                (record.ended_at, record.ended_by) = (Some(Time(now)), Some(PumpingEnd::SwitchedOff));
            }
            if record.ended_at.is_some() {
                over.push(record);
            }
        }
        if !over.is_empty() {
            self.put(over, now)?;
        }
        Ok(())
    }

    /// Forgets findings that ended long ago.
    pub fn forget(&self, now: UnixMicros) -> Answer<()> {
        let is_old = |at: Time| at.0.0.saturating_add(KEPT_MICROS) < now.0;
        let old = self.findings.filter(|document| document.value.ended_at.is_some_and(is_old));
        let system = Caller::system();
        let mut change = self.context.change(&system);
        for document in old.iter().take(FORGOTTEN_MAX) {
            change.remove(&*self.findings, document);
        }
        if !old.is_empty() {
            change.commit()?;
        }
        Ok(())
    }

    /// The open finding of a range.
    fn known(&self, account: &str, range: &str) -> Option<Arc<Document<FindingRecord>>> {
        let opened = self.open.get(&(account.to_owned(), range.to_owned()))?;
        self.findings.get(&opened.finding)
    }

    /// Puts findings of one account as they are now, with their alerts.
    fn put(&mut self, after: Vec<FindingRecord>, now: UnixMicros) -> Answer<()> {
        let (context, findings) = (Arc::clone(&self.context), Arc::clone(&self.findings));
        let (alerts, jobs) = (Arc::clone(&self.alerts), Arc::clone(&self.jobs));
        let system = Caller::system();
        let mut change = context.change(&system);
        let mut open = self.open.clone();
        for record in after {
            let place = (record.account.clone(), record.range.clone());
            let before = self.known(&record.account, &record.range);
            let id =
                before.as_ref().map_or_else(|| id_at("fnd", now), |document| Ok(document.key.clone()))?;
            let alert = open.get(&place).and_then(|opened| opened.alert.clone());
            let of_account =
                open.iter().filter(|((account, _), opened)| *account == place.0 && opened.alert.is_some());
            let has_room = alert.is_some() || of_account.count() < ALERTS_MAX;
            let parts = AlertParts { context: &context, alerts: &alerts, jobs: &jobs, now };
            let alert = parts.follow(&mut change, &record, alert.as_deref(), has_room)?;
            if record.ended_at.is_some() {
                open.remove(&place);
            } else {
                open.insert(place, Opened { finding: id.clone(), alert });
            }
            if before.as_ref().is_none_or(|document| document.value != record) {
                change.put(&*findings, &id, before.as_deref(), record);
            }
        }
        change.commit()?;
        self.open = open;
        Ok(())
    }
}

/// The parts that raise and clear an alert.
struct AlertParts<'a> {
    context: &'a Context,
    alerts: &'a DocumentCache<AlertRecord>,
    jobs: &'a JobQueue,
    now: UnixMicros,
}

impl<'a> AlertParts<'a> {
    /// Raises, replaces or clears the alert of a finding. The id of the one that is open then.
    fn follow(
        &self,
        change: &mut ChangeSet<'a>,
        record: &FindingRecord,
        alert: Option<&str>,
        has_room: bool,
    ) -> Answer<Option<String>> {
        let before = alert.and_then(|id| self.alerts.get(id));
        let next = alert_of(record, self.now);
        let is_over = record.ended_at.is_some();
        if let Some(before) = before.as_ref().filter(|before| before.value.cleared_at.is_none()) {
            if !is_over && before.value.severity == next.severity {
                return Ok(Some(before.key.clone()));
            }
            let cleared = AlertRecord { cleared_at: Some(Time(self.now)), ..before.value.clone() };
            change.put(self.alerts, &before.key, Some(before), cleared);
        }
        if is_over || !has_room {
            return Ok(None);
        }
        let id = id_at("alr", self.now)?;
        change.put(self.alerts, &id, None, next.clone());
        announce(self.jobs, self.context, change, &id, &next, self.now)?;
        Ok(Some(id))
    }
}

fn is_of(alert: &AlertRecord, account: &str, range: &str) -> bool {
    alert.kind == AlertKind::TrafficPumping
        && alert.cleared_at.is_none()
        && alert.account.as_deref() == Some(account)
        && alert.subject.as_deref() == Some(range)
}

fn alert_of(record: &FindingRecord, now: UnixMicros) -> AlertRecord {
    let severity = if record.is_stepped_down() { AlertSeverity::Critical } else { AlertSeverity::Warning };
    AlertRecord {
        account: Some(record.account.clone()),
        kind: AlertKind::TrafficPumping,
        severity,
        message: record.sentence(),
        subject: Some(record.range.clone()),
        threshold: None,
        current_value: Some(record.evidence.messages.to_string()),
        currency: None::<CurrencyCode>,
        raised_at: Time(now),
        cleared_at: None,
        is_read: false,
        ledger_to: None,
    }
}
