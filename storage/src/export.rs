//! Reading CDRs in order of account and id.

use std::ops::{ControlFlow, Range};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use crate::cdr::{BlockReader, Cdr};
use crate::database::{Unavailable, damaged, rows};
use crate::rows::StateRow;
use crate::schema::{Family, account_id_key, parse_account_id_key};
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
    let ids = store.commits().ids_of(&(range.from..range.to))?;
    for account in accounts {
        for ids in ids.iter() {
            if let Some(broken) = cdrs_of_account(store, account, (range, ids), &mut visit)? {
                return Ok(Some(broken));
            }
        }
    }
    Ok(None)
}

fn cdrs_of_account<B>(
    store: &Store,
    account: AccountNumber,
    (range, ids): (&CdrRange, Range<u64>),
    visit: &mut impl FnMut(&Cdr<'_>, Option<&StateRow>) -> ControlFlow<B>,
) -> Result<Option<B>, Unavailable> {
    let start = account_id_key(account, ids.start);
    store.database().with(|db| {
        let mut states = States::new(rows(db, Family::States, &start)?);
        for row in rows(db, Family::Cdrs, &start)? {
            let (key, value) = row?;
            let Some((owner, first)) =
                parse_account_id_key(&key).filter(|(owner, id)| *owner == account && *id < ids.end)
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
