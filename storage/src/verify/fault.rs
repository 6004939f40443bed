//! Faults in the books, and scans that look for them.

use thiserror::Error;
use tollgate_engine::account::AccountNumber;

use crate::database::Unavailable;
use crate::schema::Family;
use crate::store::Store;

/// The reason for which the books are not proven.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The first thing that is wrong.
    #[error("{0}")]
    Off(String),
    /// The directory could not be read.
    #[error(transparent)]
    Unreadable(#[from] Unavailable),
}

/// The first thing that is wrong.
pub(super) fn off<T>(what: String) -> Result<T, Fault> {
    Err(Fault::Off(what))
}

/// Scans a family with a visitor that may find a fault.
pub(super) fn scan(
    store: &Store,
    family: Family,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut fault = Ok(());
    store.scan(family, &[], |key, value| {
        fault = visit(key, value);
        fault.is_ok()
    })?;
    fault
}

/// A row that cannot be read.
pub(super) fn damaged(family: Family, key: &[u8]) -> Fault {
    let key = key.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    Fault::Off(format!("{}: the row with key {key} cannot be read", family.name()))
}

/// A key that begins with an account number, and the rest of it.
pub(super) fn split_account(family: Family, key: &[u8]) -> Result<(AccountNumber, &[u8]), Fault> {
    let (account, rest) = key.split_first_chunk::<4>().ok_or_else(|| damaged(family, key))?;
    Ok((AccountNumber(u32::from_be_bytes(*account)), rest))
}
