//! Bundles that have ended: their rest is taken, or goes over into the next period.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::{BundleChange, EntryText};
use tollgate_storage::clock::due;
use tollgate_storage::rows::{BundleRow, Rollover};

use super::period_end;
use super::told::{emit_ended, tell_of_ends};
use crate::context::Context;
use crate::problems::unavailable;
use crate::told_once::ToldOnce;

/// The most bundles that one look ends; the next ends the rest.
const ENDED_MAX: usize = 200;
/// Time after its end for which an empty bundle stays in memory, so that messages under way can give back to it.
const KEPT_MICROS: u64 = 3_600_000_000;

/// Ends bundles. Time is the one that deadlines are compared with, which stands still while the clock is in doubt.
#[derive(Debug)]
pub struct BundleExpiry {
    context: Arc<Context>,
    /// The bundles that were told of as used up or about to end.
    told: ToldOnce,
}

/// The end of a bundle.
struct BundleEnd {
    change: BundleChange,
    row: BundleRow,
    rolls_over: bool,
}

impl BundleExpiry {
    /// Of all accounts in force.
    pub fn new(context: Arc<Context>) -> Self {
        Self { context, told: ToldOnce::default() }
    }

    /// One look over all accounts that have bundles. Returns the number of bundles that it ended.
    pub fn look(&self) -> Answer<usize> {
        let (now, system) = (due(), Caller::system());
        tell_of_ends(&self.context, &self.told, now)?;
        let (mut changes, mut ended) = (self.context.change(&system), 0);
        for account in self.context.core.snapshot.load().accounts() {
            let wallet = &account.runtime.wallet;
            if !wallet.has_pockets() {
                continue;
            }
            let pockets = wallet.pockets();
            let over = pockets.bundles.iter().filter(|bundle| bundle.left > 0 && bundle.expires_at <= now);
            for number in over.map(|bundle| bundle.number).collect::<Vec<_>>() {
                if let Some(end) = self.end(&account, number, now)? {
                    let id = &account.provisioned.account.id;
                    emit_ended(&mut changes, id, (number, &end.row), end.rolls_over);
                    changes.bundle(end.change);
                    ended += 1;
                }
            }
            let forgotten = UnixMicros(now.0.saturating_sub(KEPT_MICROS));
            if pockets.bundles.iter().any(|bundle| bundle.left == 0 && bundle.expires_at < forgotten) {
                wallet.change_pockets(|pockets| pockets.bundles.forget_ended(forgotten));
            }
            if ended >= ENDED_MAX {
                break;
            }
        }
        if ended > 0 {
            changes.commit()?;
        }
        Ok(ended)
    }

    /// The change that ends a bundle, or lets its rest go over; `None` where it has changed meanwhile.
    fn end(
        &self,
        account: &ActiveAccount,
        number: BundleNumber,
        now: UnixMicros,
    ) -> Answer<Option<BundleEnd>> {
        let wallet = Arc::clone(&account.runtime.wallet);
        let row = self.context.store().pockets().bundle(wallet.number(), number);
        let Some(row) = row.map_err(|error| unavailable(&error))? else { return Ok(None) };
        let text = EntryText::reference(row.product.clone());
        let next = next_period(account, &row, now);
        let change = match next {
            None => BundleChange::expire(wallet, number, now, text),
            Some((end, keep)) => BundleChange::roll_over(wallet, number, (now, end), keep, text),
        };
        let rolls_over = next.is_some();
        Ok(change.map(|change| BundleEnd { change, row, rolls_over }))
    }
}

/// The end of the next period and the units that may go over into it; `None` where none do. A rest goes over once. Periods
/// follow one another without gaps; a bundle that ended while nobody looked goes on in the present one.
fn next_period(account: &ActiveAccount, row: &BundleRow, now: UnixMicros) -> Option<(UnixMicros, u64)> {
    let keep = match row.rollover {
        _ if row.period > 0 => return None,
        Rollover::None => return None,
        Rollover::All => u64::MAX,
        Rollover::UpTo(units) => units,
    };
    let mut end = period_end(account, row.validity, row.expires_at);
    while end <= now {
        let next = period_end(account, row.validity, end);
        if next <= end {
            return None;
        }
        end = next;
    }
    Some((end, keep))
}
