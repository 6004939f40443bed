//! The audit log as admins read it.

use std::sync::Arc;

use serde_json::Value;
use tollgate_api::answer::Answer;
use tollgate_api::audit::{AuditEntry, AuditQuery, AuditService};
use tollgate_api::page::{Page, cursor};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_storage::rows::AuditRow;
use tollgate_storage::store::Order;

use crate::context::Context;
use crate::problems::unavailable;

/// Entries that one request looks at.
const LOOKED_AT_MAX: usize = 20_000;
/// Entries that are looked at to count those of all pages.
const COUNTED_MAX: u64 = 5_000;

/// The audit log, read by admins.
#[derive(Debug)]
pub struct AuditLog {
    context: Arc<Context>,
}

impl AuditLog {
    /// Of these books.
    pub fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// The number of entries that a query wants; nothing where there are too many to look at.
    fn count(&self, query: &AuditQuery) -> Answer<Option<u64>> {
        let audit = self.context.store().audit();
        let last = audit.tail().map_err(|error| unavailable(&error))?.sequence;
        if last > COUNTED_MAX {
            return Ok(None);
        }
        let mut wanted = 0;
        let read = audit.notes(1..=last, Order::Descending, |_, row| {
            wanted += u64::from(is_wanted(query, &row));
            true
        });
        read.map_err(|error| unavailable(&error))?;
        Ok(Some(wanted))
    }
}

impl AuditService for AuditLog {
    fn audit(&self, query: &AuditQuery) -> Answer<Page<AuditEntry>> {
        let paging = query.paging()?;
        let last = match &paging.after {
            Some(after) => {
                let after: Option<u64> = after.parse().ok();
                after
                    .ok_or_else(|| Problem::field("cursor", "is not one that was given out"))?
                    .saturating_sub(1)
            }
            None => self.context.store().audit().tail().map_err(|error| unavailable(&error))?.sequence,
        };
        let (mut items, mut skipped, mut looked_at, mut next) = (Vec::new(), 0, 0, None);
        let read = self.context.store().audit().notes(1..=last, Order::Descending, |sequence, row| {
            // What was looked at last continues the list, whether it was wanted or not.
            if items.len() == paging.limit || looked_at == LOOKED_AT_MAX {
                next = Some(sequence + 1);
                return false;
            }
            looked_at += 1;
            if !is_wanted(query, &row) {
                return true;
            }
            if skipped < paging.offset {
                skipped += 1;
            } else {
                items.push(entry(sequence, row));
            }
            true
        });
        read.map_err(|error| unavailable(&error))?;
        let is_whole = paging.after.is_none() && next.is_none();
        let total = if is_whole { u64::try_from(skipped + items.len()).ok() } else { self.count(query)? };
        Ok(Page { items, next_cursor: next.map(|sequence| cursor(&sequence.to_string())), total })
    }

    fn audit_entry(&self, sequence: u64) -> Answer<AuditEntry> {
        let mut found = None;
        let read =
            self.context.store().audit().notes(sequence..=sequence, Order::Ascending, |sequence, row| {
                found = Some(entry(sequence, row));
                false
            });
        read.map_err(|error| unavailable(&error))?;
        found.ok_or_else(|| Problem::not_found(format!("there is no entry {sequence}")))
    }
}

fn is_wanted(query: &AuditQuery, row: &AuditRow) -> bool {
    query.actor.as_ref().is_none_or(|actor| is_by(&row.actor, actor))
        && query.action.as_ref().is_none_or(|action| row.action == *action)
        && query.resource.as_ref().is_none_or(|resource| row.resource.starts_with(resource))
        && query.from.is_none_or(|from| row.at >= from.0)
        && query.to.is_none_or(|to| row.at < to.0)
}

/// True if an actor is the one that is asked for, or of the kind that is, which stands in front of the colon.
fn is_by(actor: &str, asked: &str) -> bool {
    actor == asked || actor.split_once(':').is_some_and(|(kind, _)| kind == asked)
}

fn entry(sequence: u64, row: AuditRow) -> AuditEntry {
    AuditEntry {
        sequence,
        at: Time(row.at),
        actor: row.actor,
        action: row.action,
        resource: row.resource,
        before: said(&row.before),
        after: said(&row.after),
        request_id: row.request_id,
        previous: hex::encode(row.previous),
        hash: hex::encode(row.hash),
    }
}

/// JSON as it was written; what is none is shown as a text.
fn said(text: &str) -> Option<Value> {
    if text.is_empty() {
        return None;
    }
    Some(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use tollgate_engine::time::UnixMicros;

    use super::*;

    #[test]
    fn filters_hold_together() {
        let row = AuditRow {
            at: UnixMicros(10),
            actor: "user:ann@example.com".to_owned(),
            action: "account.update".to_owned(),
            resource: "account/biz_1".to_owned(),
            ..AuditRow::default()
        };
        let query = AuditQuery {
            actor: Some(row.actor.clone()),
            action: Some(row.action.clone()),
            resource: Some("account/".to_owned()),
            from: Some(Time(UnixMicros(10))),
            to: Some(Time(UnixMicros(11))),
            ..AuditQuery::default()
        };
        assert!(is_wanted(&query, &row));
        for other in [
            AuditQuery { actor: Some("cli".to_owned()), ..query.clone() },
            AuditQuery { action: Some("account.create".to_owned()), ..query.clone() },
            AuditQuery { resource: Some("user/".to_owned()), ..query.clone() },
            AuditQuery { from: Some(Time(UnixMicros(11))), ..query.clone() },
            AuditQuery { to: Some(Time(UnixMicros(10))), ..query.clone() },
        ] {
            assert!(!is_wanted(&other, &row), "{other:?}");
        }
    }

    #[test]
    fn an_actor_is_asked_for_by_its_whole_name_or_by_its_kind() {
        for (asked, found) in [
            ("cli", ["cli:0", "cli:1000", "cli", "cli:10001"].as_slice()),
            ("cli:1000", &["cli:1000"]),
            ("system", &["system"]),
            ("user", &["user:ann@example.com"]),
            ("cl", &[]),
            ("cli:", &[]),
            ("", &[]),
        ] {
            let actors =
                ["cli:0", "cli:1000", "cli", "cli:10001", "system", "user:ann@example.com", "client:1"];
            let by: Vec<_> = actors.into_iter().filter(|actor| is_by(actor, asked)).collect();
            assert_eq!(by, found, "{asked}");
        }
    }

    #[test]
    fn what_was_said_is_shown_as_json() {
        assert_eq!(said(""), None);
        assert_eq!(said(r#"{"a":1}"#), Some(serde_json::json!({ "a": 1 })));
        assert_eq!(said("plain"), Some(Value::String("plain".to_owned())));
    }
}
