//! Reading CDRs in order of account and time.

use std::ops::ControlFlow;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use crate::cdr::{BlockReader, Cdr};
use crate::database::{Unavailable, damaged, rows};
use crate::rows::StateRow;
use crate::schema::{Family, account_id_key, first_id_at, parse_account_id_key};
use crate::states::States;
use crate::store::Store;

/// The range of CDRs to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CdrRange {
    /// Only this account's.
    pub account: Option<AccountNumber>,
    /// Only those submitted at this time or after.
    pub from: UnixMicros,
    /// Only those submitted before this time.
    pub to: UnixMicros,
}

/// A commit comes after its messages were read off the socket; blocks are looked for from this much later on,
/// so that a long queue does not hide one.
const COMMIT_DELAY_MAX_MICROS: u64 = 600 * 1_000_000;

/// Calls `visit` with every CDR of the range and the state of its message, until it returns `Break`.
pub fn cdrs<B>(
    store: &Store,
    range: &CdrRange,
    mut visit: impl FnMut(&Cdr<'_>, Option<&StateRow>) -> ControlFlow<B>,
) -> Result<Option<B>, Unavailable> {
    let accounts: Vec<AccountNumber> = match range.account {
        Some(account) => vec![account],
        None => store.provisioned().accounts()?.into_iter().map(|(number, _)| number).collect(),
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
    let start = account_id_key(account, first_id_at(range.from));
    store.database().with(|db| {
        let mut states = States::new(rows(db, Family::States, &start)?);
        for row in rows(db, Family::Cdrs, &start)? {
            let (key, value) = row?;
            let Some((owner, first)) =
                parse_account_id_key(&key).filter(|(owner, id)| *owner == account && *id < end)
            else {
                break;
            };
            let block = BlockReader::new(owner, first, &value).ok_or_else(|| damaged(Family::Cdrs))?;
            if !(range.from..range.to).contains(&block.header().submitted_at) {
                continue;
            }
            if let Some(broken) = cdrs_of_block(block, &mut states, visit)? {
                return Ok(Some(broken));
            }
        }
        Ok(None)
    })
}

fn cdrs_of_block<B>(
    mut block: BlockReader<'_>,
    states: &mut States<'_>,
    visit: &mut impl FnMut(&Cdr<'_>, Option<&StateRow>) -> ControlFlow<B>,
) -> Result<Option<B>, Unavailable> {
    for cdr in block.by_ref() {
        let state = states.of(cdr.account, cdr.message_id)?;
        if let ControlFlow::Break(value) = visit(&cdr, state) {
            return Ok(Some(value));
        }
    }
    if block.is_sound() { Ok(None) } else { Err(damaged(Family::Cdrs)) }
}
