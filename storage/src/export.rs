//! Reading CDRs in order of account and time.

use std::ops::{ControlFlow, Range};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use crate::cdr::{BlockReader, Cdr};
use crate::rows::{Row, StateRow};
use crate::schema::{Family, account_id_key, first_id_at, parse_account_id_key};
use crate::store::{Store, Unavailable, damaged};

/// Which CDRs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CdrRange {
    /// Only this account's.
    pub account: Option<AccountNumber>,
    /// Submitted at or after.
    pub from: UnixMicros,
    /// Submitted before.
    pub to: UnixMicros,
}

/// A commit comes after its messages were read off the socket; blocks are looked for from this much later on, so that a
/// long queue does not hide one.
const COMMIT_DELAY_MAX_MICROS: u64 = 600 * 1_000_000;

/// Calls `visit` with every CDR of the range and what became of its message, until it breaks off.
pub fn cdrs<B>(
    store: &Store,
    range: &CdrRange,
    mut visit: impl FnMut(&Cdr<'_>, Option<&StateRow>) -> ControlFlow<B>,
) -> Result<Option<B>, Unavailable> {
    let accounts: Vec<AccountNumber> = match range.account {
        Some(account) => vec![account],
        None => store.accounts()?.into_iter().map(|(number, _)| number).collect(),
    };
    for account in accounts {
        if let Some(broken) = cdrs_of_account(store, account, range, &mut visit)? {
            return Ok(Some(broken));
        }
    }
    Ok(None)
}

fn cdrs_of_account<B>(
    store: &Store,
    account: AccountNumber,
    range: &CdrRange,
    visit: &mut impl FnMut(&Cdr<'_>, Option<&StateRow>) -> ControlFlow<B>,
) -> Result<Option<B>, Unavailable> {
    let end = first_id_at(UnixMicros(range.to.0.saturating_add(COMMIT_DELAY_MAX_MICROS)));
    let ids = first_id_at(range.from)..end;
    let states = states_of(store, account, &ids)?;
    let mut found = Ok(None);
    store.scan(Family::Cdrs, &account_id_key(account, ids.start), |key, value| {
        let Some((owner, first)) =
            parse_account_id_key(key).filter(|(owner, id)| *owner == account && *id < end)
        else {
            return false;
        };
        let Some(mut block) = BlockReader::new(owner, first, value) else {
            found = Err(damaged(Family::Cdrs));
            return false;
        };
        if !(range.from..range.to).contains(&block.header().submitted_at) {
            return true;
        }
        for cdr in block.by_ref() {
            let state = states.binary_search_by_key(&cdr.message_id, |(id, _)| *id).ok();
            let state = state.and_then(|at| states.get(at)).map(|(_, row)| row);
            if let ControlFlow::Break(value) = visit(&cdr, state) {
                found = Ok(Some(value));
                return false;
            }
        }
        if !block.is_sound() {
            found = Err(damaged(Family::Cdrs));
        }
        found.is_ok()
    })?;
    found
}

/// Those of an account's messages that are no longer en route, by id.
fn states_of(
    store: &Store,
    account: AccountNumber,
    ids: &Range<u64>,
) -> Result<Vec<(u64, StateRow)>, Unavailable> {
    let (mut states, mut sound) = (Vec::new(), true);
    store.scan(Family::States, &account_id_key(account, ids.start), |key, value| {
        match parse_account_id_key(key) {
            Some((owner, id)) if owner == account && id < ids.end => match StateRow::read(value) {
                Some(row) => states.push((id, row)),
                None => sound = false,
            },
            _ => return false,
        }
        sound
    })?;
    if sound { Ok(states) } else { Err(damaged(Family::States)) }
}
