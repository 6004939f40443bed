//! Commission balances of accounts.

use tollgate_engine::money::Total;

use super::Row;
use crate::codec::{Reader, put_total};

/// `commissions`: what an account has earned and not been paid. Below zero where commission that was paid out was given
/// back later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommissionRow(pub Total);

impl Row for CommissionRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_total(out, self.0);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        reader.total().map(Self)
    }
}
