//! The events that tell of bundles: bought or granted, ended, and those that are used up or end soon.

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::events::data::BundleEventData;
use tollgate_api::events::types::EventType;
use tollgate_api::money::Money;
use tollgate_api::time::Time;
use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::rows::BundleRow;

use crate::change_set::ChangeSet;
use crate::context::Context;
use crate::problems::unavailable;
use crate::told_once::ToldOnce;

/// Time before its end at which a bundle with units left is told of.
const EXPIRING_MICROS: u64 = 3 * 86_400_000_000;
/// Bundles that one look tells of.
const TOLD_MAX: usize = 200;

/// Adds the event of a bundle that begins to its change.
pub fn emit_begun(changes: &mut ChangeSet<'_>, account: &str, row: &BundleRow, is_paid: bool) {
    let kind = if is_paid { EventType::BundleBought } else { EventType::BundleGranted };
    changes.emit(kind, Some(account), &data(None, row, row.left, Some(row.price)));
}

/// Adds the event of a bundle that has ended, or whose rest goes over, to its change.
pub fn emit_ended(
    changes: &mut ChangeSet<'_>,
    account: &str,
    (number, row): (BundleNumber, &BundleRow),
    rolls_over: bool,
) {
    let kind = if rolls_over { EventType::BundleRolledOver } else { EventType::BundleExpired };
    changes.emit(kind, Some(account), &data(Some(number), row, row.left, None));
}

/// Tells of bundles of accounts in force that are used up or end soon, each once.
pub fn tell_of_ends(context: &Context, told: &ToldOnce, now: UnixMicros) -> Answer<()> {
    let (system, mut count) = (Caller::system(), 0);
    for account in context.core.snapshot.load().accounts() {
        let wallet = &account.runtime.wallet;
        if !wallet.has_pockets() {
            continue;
        }
        for bundle in wallet.pockets().bundles.iter().filter(|bundle| bundle.expires_at > now) {
            let ends_soon = bundle.expires_at.0.saturating_sub(now.0) <= EXPIRING_MICROS;
            let kind = match bundle.left {
                0 => EventType::BundleUsedUp,
                _ if ends_soon => EventType::BundleExpiring,
                _ => continue,
            };
            let mark = mark(&account, kind, (bundle.number, bundle.expires_at));
            if told.is_known(&mark) {
                continue;
            }
            let row = context.store().pockets().bundle(wallet.number(), bundle.number);
            let Some(row) = row.map_err(|error| unavailable(&error))? else { continue };
            if kind == EventType::BundleExpiring
                && row.expires_at.0.saturating_sub(row.bought_at.0) <= EXPIRING_MICROS
            {
                // It was known when it began.
                continue;
            }
            let mut changes = context.change(&system);
            if told.add(context.store(), &mut changes, &mark, bundle.expires_at)? {
                let id = &account.provisioned.account.id;
                changes.emit(kind, Some(id), &data(Some(bundle.number), &row, bundle.left, None));
                changes.commit()?;
                count += 1;
            }
        }
        if count >= TOLD_MAX {
            break;
        }
    }
    Ok(())
}

/// A bundle that goes over into another period is told of again there.
fn mark(
    account: &ActiveAccount,
    kind: EventType,
    (number, expires_at): (BundleNumber, UnixMicros),
) -> String {
    format!("{}/{}/{}/{}", kind.name(), account.provisioned.account.id, number.0, expires_at.0)
}

fn data(number: Option<BundleNumber>, row: &BundleRow, left: u64, price: Option<Amount>) -> BundleEventData {
    BundleEventData {
        bundle: number.map(|number| number.0),
        product: row.product.clone(),
        units: row.units,
        left,
        expires_at: Time(row.expires_at),
        price: price.map(Money),
    }
}
