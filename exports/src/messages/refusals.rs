//! Refused messages, counted by account and reason.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use tollgate_api::answer::Answer;
use tollgate_api::messages::{CountedRefusals, RefusalList, RefusalsQuery};
use tollgate_api::time::Time;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::rows::RefusalsRow;
use tollgate_storage::store::{Store, Unavailable};

use super::filter::reason;
use super::view::account_of;
use crate::cdr::Names;

/// The refused messages that are counted.
#[derive(Clone, Debug)]
pub struct Counting<'a> {
    /// The accounts; `None` for all.
    pub accounts: Option<&'a BTreeSet<AccountNumber>>,
    /// The span as it was asked for.
    pub times: Range<UnixMicros>,
    /// The time from which on refused messages are kept.
    pub kept_from: UnixMicros,
    /// The time that it may take.
    pub time: Duration,
}

/// Rows that no clock counts; each has what was refused in a second.
const ROWS_MIN: u32 = 1_000;

/// The refused messages of one account and reason.
#[derive(Clone, Copy, Default)]
struct Counted {
    count: u64,
    kept: u64,
    last_at: UnixMicros,
}

/// A page of the counts of a span; the inner error is that of storage.
pub fn count_refusals(
    store: &Store,
    names: &Names,
    query: &RefusalsQuery,
    counting: &Counting<'_>,
) -> Answer<Result<RefusalList, Unavailable>> {
    let paging = query.paging()?;
    let asked = query.reason.as_deref().map(reason).transpose()?;
    let Counting { accounts, ref times, kept_from, time } = *counting;
    let is_asked = |account: AccountNumber, of: Refusal| {
        accounts.is_none_or(|accounts| accounts.contains(&account)) && asked.is_none_or(|asked| of == asked)
    };
    let kept = times.start.max(kept_from)..times.end;
    let (mut counts, mut is_cut, until) = (BTreeMap::new(), false, Instant::now() + time);
    let mut rows = 0_u32;
    let read = store.search().refusals_down(&kept, |row| {
        count(row, &kept, &is_asked, &mut counts);
        rows += 1;
        // What is small is counted as a whole, however busy the machine is.
        is_cut = rows > ROWS_MIN && Instant::now() >= until;
        if is_cut { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if let Err(error) = read {
        return Ok(Err(error));
    }
    let keyed = counts.iter().map(|((account, reason), counted)| {
        let id = account_of(names, *account).0;
        // The most frequent first, then by name: a key that sorts so.
        (format!("{:020} {id} {reason}", u64::MAX - counted.count), item(id, *reason, counted))
    });
    let page = paging.sorted(keyed.collect(), false);
    Ok(Ok(RefusalList {
        items: page.items,
        next_cursor: page.next_cursor,
        from: Time(times.start),
        to: Time(times.end),
        total: counts.values().map(|counted| counted.count).sum(),
        total_is_exact: !is_cut,
    }))
}

fn count(
    row: &RefusalsRow,
    times: &Range<UnixMicros>,
    is_asked: &impl Fn(AccountNumber, Refusal) -> bool,
    counts: &mut BTreeMap<(AccountNumber, Refusal), Counted>,
) {
    let kept = row.messages.iter().map(|message| (message.account, message.reason, message.at, 1, 1));
    let not_kept = row.not_kept.iter().map(|more| (more.account, more.reason, row.at, more.count, 0));
    for (account, reason, at, count, kept) in kept.chain(not_kept) {
        if times.contains(&at) && is_asked(account, reason) {
            let counted: &mut Counted = counts.entry((account, reason)).or_default();
            counted.count = counted.count.saturating_add(count);
            counted.kept += kept;
            counted.last_at = counted.last_at.max(at);
        }
    }
}

fn item(account: String, reason: Refusal, counted: &Counted) -> CountedRefusals {
    CountedRefusals {
        account,
        reason: reason.name().to_owned(),
        remedy: reason.remedy().to_owned(),
        count: counted.count,
        kept: counted.kept,
        last_at: Time(counted.last_at),
    }
}
