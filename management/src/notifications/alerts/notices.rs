//! Conditions that messages bring about: caps that they exceed, and messages of children that an account could not pay for.

use tollgate_api::alerts::{AlertKind, AlertSeverity};
use tollgate_api::money::CurrencyCode;
use tollgate_api::time::Time;
use tollgate_engine::calendar::Span;
use tollgate_engine::cap::Cap;
use tollgate_engine::time::UnixMicros;
use tollgate_relay::snapshot::{ActiveAccount, Snapshot};

use super::record::{AlertRecord, Condition};

/// Time without such a refusal after which the refusals of children's messages are over.
const SHORT_MICROS: u64 = 60_000_000;

/// The caps of an account that were exceeded in their present span.
pub fn caps(account: &ActiveAccount, now: UnixMicros) -> Vec<(Condition, AlertRecord)> {
    if account.terms.account.caps.is_empty() {
        return Vec::new();
    }
    let exceeded = account.runtime.notices.exceeded(now);
    let caps = account.terms.account.caps.iter();
    caps.filter_map(|cap| Some(of_cap(account, cap, *exceeded.get(&cap.number())?, now))).collect()
}

/// True if the span of an alert's cap is over, or the cap is gone.
pub fn is_cap_over(snapshot: &Snapshot, of: &str, now: UnixMicros) -> bool {
    let Some((id, subject)) = of.split_once('/') else { return true };
    let Some(account) = snapshot.by_account(id) else { return true };
    let mut caps = account.terms.account.caps.iter();
    !caps.any(|cap| subject_of(cap, account.terms.plan.calendar.span_at(cap.span(), now)) == subject)
}

/// The refusals of children's messages, while there are any.
pub fn children(account: &ActiveAccount, now: UnixMicros) -> Option<(Condition, AlertRecord)> {
    if !is_short(account, now) {
        return None;
    }
    let (charged, standing) = (&account.terms.account, standing(account));
    let message = if charged.suspended {
        "Messages of accounts below are refused: the account is suspended".to_owned()
    } else {
        format!(
            "Messages of accounts below are refused: a balance of {standing} {} does not cover them",
            charged.currency
        )
    };
    let record = AlertRecord {
        account: Some(charged.id.to_string()),
        kind: AlertKind::ChildrenRefused,
        severity: AlertSeverity::Critical,
        message,
        subject: None,
        threshold: None,
        current_value: Some(standing),
        currency: Some(CurrencyCode(charged.currency)),
        raised_at: Time(now),
        cleared_at: None,
        is_read: false,
        ledger_to: None,
    };
    Some((Condition::of(&record), record))
}

/// The state of an account by which it refuses messages of its children: that it is suspended, or else its balance.
pub fn standing(account: &ActiveAccount) -> String {
    if account.terms.account.suspended {
        return "suspended".to_owned();
    }
    account.runtime.wallet.state().balance.to_string()
}

/// True if a message of a child was refused within the last minute, because the account could not pay for it or is suspended.
pub fn is_short(account: &ActiveAccount, now: UnixMicros) -> bool {
    let short_at = account.runtime.notices.short_at();
    short_at.is_some_and(|at| now.0.saturating_sub(at.0) < SHORT_MICROS)
}

fn of_cap(account: &ActiveAccount, cap: &Cap, span: Span, now: UnixMicros) -> (Condition, AlertRecord) {
    let charged = &account.terms.account;
    let counter = account.runtime.wallet.pockets().caps.current(cap, &account.terms.plan.calendar, now);
    let (severity, outcome) = if cap.is_hard {
        (AlertSeverity::Critical, "messages beyond it are refused")
    } else {
        (AlertSeverity::Warning, "messages go on")
    };
    let limits =
        [cap.max_amount.map(|max| format!("{max} {}", charged.currency)), cap.max_messages.map(messages)];
    let limits: Vec<String> = limits.into_iter().flatten().collect();
    let counted = format!("{} {} and {}", counter.amount, charged.currency, messages(counter.messages));
    let record = AlertRecord {
        account: Some(charged.id.to_string()),
        kind: AlertKind::SpendingCap,
        severity,
        message: format!(
            "The cap {} of {} in {} was exceeded, and {outcome}: {counted} are counted since {}",
            cap.name(),
            limits.join(" and "),
            with_article(cap.span().name()),
            span.start.to_rfc3339()
        ),
        subject: Some(subject_of(cap, span)),
        threshold: Some(limits.join(" and ")),
        current_value: Some(counted),
        currency: Some(CurrencyCode(charged.currency)),
        raised_at: Time(now),
        cleared_at: None,
        is_read: false,
        ledger_to: None,
    };
    (Condition::of(&record), record)
}

fn messages(count: u64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

/// The name of a span of time behind its article.
fn with_article(span: &str) -> String {
    // Of the names only that of an hour begins with the sound of a vowel.
    if span.starts_with('h') { format!("an {span}") } else { format!("a {span}") }
}

/// The cap and the beginning of its span: the alert of the next span is another one.
fn subject_of(cap: &Cap, span: Span) -> String {
    format!("{} {}", cap.name(), span.start.to_rfc3339())
}
