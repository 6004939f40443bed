//! The use of a period: its days that are over, and the units that were taken from its bundle.

use std::sync::Arc;

use jiff::civil::Date;
use tollgate_api::answer::Answer;
use tollgate_billing::subscription::Use;
use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::{BundleChange, EntryText};
use tollgate_storage::rows::BundleRow;

use super::books::SubscriptionBooks;
use super::record::{SubscriptionRecord, today};

/// The use of the present period. With `take` the rest of its units is taken away first, so that nothing of it is used after
/// it was counted.
pub fn used(
    books: &SubscriptionBooks,
    account: &Arc<ActiveAccount>,
    record: &SubscriptionRecord,
    now: UnixMicros,
    take: bool,
) -> Answer<(Use, Option<BundleChange>)> {
    let dates = record.dates()?;
    let (first, last) = record.days(&dates)?;
    let span = |from: Date, to: Date| from.duration_until(to).as_hours() / 24;
    let today = today(now, &dates.zone)?;
    let days = span(first, last) + 1;
    let found = books.bundle(account, record)?;
    let mut used = Use { days_used: span(first, today).clamp(0, days), days, units_used: 0, units: 0 };
    let Some((number, row)) = found else { return Ok((used, None)) };
    let cut = if take { cut(books, account, record)? } else { None };
    let left = match &cut {
        Some(cut) => cut.taken_of(number),
        None if take => 0,
        None => left_of(account, number, &row),
    };
    (used.units_used, used.units) = (row.units.saturating_sub(left), row.units);
    Ok((used, cut))
}

/// Takes the rest of the present period's units away, in memory until the change is durable.
pub fn cut(
    books: &SubscriptionBooks,
    account: &Arc<ActiveAccount>,
    record: &SubscriptionRecord,
) -> Answer<Option<BundleChange>> {
    let Some((number, row)) = books.bundle(account, record)? else { return Ok(None) };
    let text = EntryText { details: row.origin, ..EntryText::reference(row.product) };
    Ok(BundleChange::cut_short(Arc::clone(&account.runtime.wallet), number, text))
}

/// The units that memory has left of a bundle: messages under way have taken theirs.
pub fn left_of(account: &ActiveAccount, number: BundleNumber, row: &BundleRow) -> u64 {
    let pockets = account.runtime.wallet.pockets();
    pockets.bundles.get(number).map_or(row.left, |bundle| bundle.left)
}
