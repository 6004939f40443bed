//! Bundles as they are shown.

use tollgate_api::answer::Answer;
use tollgate_api::bundles::{Bundle, BundleEvent, BundleHistory, BundleState, ConsumedFrom};
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::time::Time;
use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::pockets::Pockets;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning as provisioning;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::clock::due;
use tollgate_storage::rows::{BundleRow, EntryKind, LateRefund, LedgerEntry, Rollover, Validity};
use tollgate_storage::store::Store;

use crate::billing::caps::traffic;
use crate::problems::unavailable;

/// The most events of a bundle's history.
const EVENTS_MAX: usize = 1_000;

/// A bundle with the units that memory has left: messages under way have taken theirs. What ends at `due` or before has
/// ended.
pub fn bundle(
    account: &ActiveAccount,
    number: BundleNumber,
    row: &BundleRow,
    pockets: &Pockets,
    due: UnixMicros,
) -> Bundle {
    let known = pockets.bundles.get(number);
    let (left, expires_at) = known.map_or((row.left, row.expires_at), |known| (known.left, known.expires_at));
    let state = match (expires_at <= due, left) {
        (true, _) => BundleState::Ended,
        (false, 0) => BundleState::UsedUp,
        (false, _) => BundleState::Active,
    };
    let charged = &account.terms.account;
    Bundle {
        id: number.0.to_string(),
        account: charged.id.to_string(),
        product: row.product.clone(),
        state,
        unit: row.unit.name().to_owned(),
        units: row.units,
        left,
        traffic: traffic(&row.scope),
        priority: row.priority,
        price: Money(row.price),
        currency: CurrencyCode(charged.currency),
        bought_at: Time(row.bought_at),
        expires_at: Time(expires_at),
        rolled_over: row.period,
        origin: row.origin.clone(),
    }
}

/// A bundle and what has changed its units.
pub fn history(
    store: &Store,
    account: &ActiveAccount,
    number: BundleNumber,
    row: &BundleRow,
) -> Answer<BundleHistory> {
    let wallet = &account.runtime.wallet;
    let (mut events, mut given) = (Vec::new(), 0_i128);
    store
        .wallets()
        .entries_from(wallet.number(), number.0, |id, entry| {
            let units: i64 =
                entry.units.iter().filter(|(bundle, _)| *bundle == number).map(|(_, units)| *units).sum();
            if entry.units.iter().any(|(bundle, _)| *bundle == number) {
                // Units of a refund were taken by its message before.
                if entry.kind != EntryKind::Refund {
                    given += i128::from(units);
                }
                events.push(event(id, &entry, units));
            }
        })
        .map_err(|error| unavailable(&error))?;
    let used = given - i128::from(row.left);
    events.drain(..events.len().saturating_sub(EVENTS_MAX));
    Ok(BundleHistory {
        bundle: bundle(account, number, row, &wallet.pockets(), due()),
        used_by_messages: u64::try_from(used).unwrap_or(0),
        events,
    })
}

fn event(id: u64, entry: &LedgerEntry, units: i64) -> BundleEvent {
    BundleEvent {
        transaction: id.to_string(),
        kind: entry.kind.name().to_owned(),
        units,
        reference: entry.reference.clone(),
        details: entry.details.clone(),
        actor: entry.actor.clone(),
        at: Time(entry.at),
    }
}

/// The tokens that an entry took from each bundle.
pub fn consumed_from(store: &Store, account: &ActiveAccount, entry: u64) -> Answer<Vec<ConsumedFrom>> {
    let found = store.wallets().entry(account.runtime.wallet.number(), entry);
    let found = found.map_err(|error| unavailable(&error))?;
    let taken = found.iter().flat_map(|entry| &entry.units);
    let from = taken
        .map(|(bundle, units)| ConsumedFrom { bundle: bundle.0.to_string(), tokens: units.unsigned_abs() });
    Ok(from.collect())
}

/// The length of a period as the books keep it.
pub const fn validity(validity: provisioning::Validity) -> Validity {
    match validity {
        provisioning::Validity::Days(days) => Validity::Days(days),
        provisioning::Validity::CalendarMonth => Validity::CalendarMonth,
    }
}

/// The part of the rest that goes over, as the books keep it.
pub const fn rollover(rollover: provisioning::Rollover) -> Rollover {
    match rollover {
        provisioning::Rollover::None => Rollover::None,
        provisioning::Rollover::All => Rollover::All,
        provisioning::Rollover::UpTo(units) => Rollover::UpTo(units),
    }
}

/// The treatment of late refunds as the books keep it.
pub const fn late_refund(late: provisioning::LateRefunds) -> LateRefund {
    match late {
        provisioning::LateRefunds::Forfeit => LateRefund::Forfeit,
        provisioning::LateRefunds::ExtendDays(days) => LateRefund::ExtendDays(days),
    }
}
