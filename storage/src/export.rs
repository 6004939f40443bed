//! Reading CDRs in order of account and time.

use std::ops::ControlFlow;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use crate::cdr::{BlockReader, Cdr};
use crate::rows::{Row, StateRow};
use crate::schema::{Family, account_id_key, first_id_at, parse_account_id_key};
use crate::store::{Store, Unavailable};

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
    let states = states_of(store, account, first_id_at(range.from))?;
    let start = account_id_key(account, first_id_at(range.from));
    let end = first_id_at(UnixMicros(range.to.0.saturating_add(COMMIT_DELAY_MAX_MICROS)));
    let mut broken = None;
    store.scan(Family::Cdrs, &start, |key, value| {
        let Some((owner, first)) = parse_account_id_key(key).filter(|(owner, id)| *owner == account && *id < end) else {
            return false;
        };
        let Some(block) = BlockReader::new(owner, first, value) else { return true };
        if !(range.from..range.to).contains(&block.header().submitted_at) {
            return true;
        }
        for cdr in block {
            let state = states.binary_search_by_key(&cdr.message_id, |(id, _)| *id).ok();
            let state = state.and_then(|at| states.get(at)).map(|(_, row)| row);
            if let ControlFlow::Break(value) = visit(&cdr, state) {
                broken = Some(value);
                return false;
            }
        }
        true
    })?;
    Ok(broken)
}

/// The messages of an account that are no longer en route, by id.
fn states_of(store: &Store, account: AccountNumber, from: u64) -> Result<Vec<(u64, StateRow)>, Unavailable> {
    let mut states = Vec::new();
    store.scan(Family::States, &account_id_key(account, from), |key, value| {
        match (parse_account_id_key(key), StateRow::read(value)) {
            (Some((owner, id)), Some(row)) if owner == account => states.push((id, row)),
            _ => return false,
        }
        true
    })?;
    Ok(states)
}
