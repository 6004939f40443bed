//! The events that tell of subscriptions.

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::events::data::{BundleEventData, SubscriptionEventData};
use tollgate_api::events::types::EventType;
use tollgate_api::money::Money;
use tollgate_api::subscriptions::SubscriptionStatus;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::rows::BundleRow;

use super::books::SubscriptionBooks;
use super::record::SubscriptionRecord;
use crate::change_set::ChangeSet;
use crate::documents::Document;
use crate::told_once::ToldOnce;

/// Time before its end at which a trial is told of.
const TRIAL_ENDING_MICROS: u64 = 3 * 86_400_000_000;
/// Subscriptions that one look tells of.
const TRIALS_MAX: usize = 100;

/// Adds the event of a step to its change: by its action, and by what it makes of the document.
pub fn emit(
    changes: &mut ChangeSet<'_>,
    action: &str,
    before: Option<&SubscriptionRecord>,
    after: &SubscriptionRecord,
) {
    if let Some(kind) = kind_of(action, before, after) {
        changes.emit(kind, Some(&after.account), &data(after));
    }
}

fn kind_of(
    action: &str,
    before: Option<&SubscriptionRecord>,
    after: &SubscriptionRecord,
) -> Option<EventType> {
    Some(match (action, after.status) {
        ("subscription.begin", SubscriptionStatus::Trialing) => EventType::SubscriptionTrialStarted,
        ("subscription.begin", SubscriptionStatus::Pending) => EventType::SubscriptionPending,
        ("subscription.begin", _) => EventType::SubscriptionStarted,
        ("subscription.renew", _) => EventType::SubscriptionRenewed,
        ("subscription.change", _) if before.is_some_and(|before| before.next != after.next) => {
            EventType::SubscriptionChangePlanned
        }
        ("subscription.change", _) => EventType::SubscriptionChanged,
        ("subscription.cancel", _) => EventType::SubscriptionCancelPlanned,
        ("subscription.resume", _) => EventType::SubscriptionResumed,
        ("subscription.unpaid", _) => EventType::SubscriptionPastDue,
        ("subscription.end", SubscriptionStatus::Cancelled) => EventType::SubscriptionCancelled,
        ("subscription.end", _) => EventType::SubscriptionExpired,
        _ => return None,
    })
}

fn data(record: &SubscriptionRecord) -> SubscriptionEventData {
    let days = record.dates().and_then(|dates| record.days(&dates)).ok();
    SubscriptionEventData {
        subscription: record.id(),
        plan: record.terms.name.clone(),
        status: record.status,
        first_day: days.map(|(first, _)| first.to_string()),
        last_day: days.map(|(_, last)| last.to_string()),
        price: record.terms.price,
        currency: record.terms.currency,
        next_plan: record.next.as_ref().map(|next| next.terms.name.clone()),
        attempts: record.attempts,
        failure: record.failure.clone(),
        next_at: record.next_at,
    }
}

/// Adds the event of a bundle that came with a period to its change.
pub fn emit_bundle(changes: &mut ChangeSet<'_>, account: &str, row: &BundleRow) {
    let data = BundleEventData {
        bundle: None,
        product: row.product.clone(),
        units: row.units,
        left: row.left,
        expires_at: Time(row.expires_at),
        price: Some(Money(row.price)),
    };
    changes.emit(EventType::BundleGranted, Some(account), &data);
}

/// Tells of trials that end soon, each once.
pub fn tell_trials(books: &SubscriptionBooks, told: &ToldOnce, now: UnixMicros) -> Answer<()> {
    let soon = UnixMicros(now.0.saturating_add(TRIAL_ENDING_MICROS));
    let ends_soon = |document: &Document<SubscriptionRecord>| {
        let record = &document.value;
        record.status == SubscriptionStatus::Trialing
            && record.next_at.is_some_and(|next| now < next.0 && next.0 <= soon)
            && !told.is_known(&mark(record))
    };
    let trials = books.records.filter(ends_soon);
    let system = Caller::system();
    for document in trials.iter().take(TRIALS_MAX) {
        let (record, ends_at) = (&document.value, document.value.next_at.unwrap_or_default().0);
        let mut changes = books.context.change(&system);
        if told.add(books.context.store(), &mut changes, &mark(record), ends_at)? {
            changes.emit(EventType::SubscriptionTrialEnding, Some(&record.account), &data(record));
            changes.commit()?;
        }
    }
    Ok(())
}

fn mark(record: &SubscriptionRecord) -> String {
    format!("trial/{}", record.id())
}
