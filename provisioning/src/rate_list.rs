//! Rows of prices or costs that are checked against one another, wherever they come from.

use std::collections::HashMap;

use thiserror::Error;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::tariff::{RateRow, RowOrigin};
use tollgate_engine::time::UnixMicros;

/// The rates of one plan, of every plan, or of one account; or the costs of one operator.
#[derive(Debug, Default)]
pub struct RateList {
    rows: Vec<RateRow>,
    places: HashMap<(NetworkCode, UnixMicros), usize>,
}

/// A mistake in a row of prices or costs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RateError {
    /// The price or cost is negative.
    #[error("is below zero")]
    Negative,
    /// The row ends before it begins.
    #[error("is not after effective_from: it would never apply")]
    NeverApplies,
    /// Another row for the same network begins at the same time.
    #[error("{network} has another row from this time on")]
    Repeated {
        /// The network of both rows.
        network: NetworkCode,
        /// The place of the other row.
        earlier: RowOrigin,
    },
}

impl RateError {
    /// The key or column that the mistake belongs to, where `price` is that of the price or cost.
    pub const fn key(&self, price: &'static str) -> &'static str {
        match self {
            Self::Negative => price,
            Self::NeverApplies => "effective_to",
            Self::Repeated { .. } => "effective_from",
        }
    }
}

impl RateList {
    /// Adds a row, unless one for the same network begins at the same time: then neither would be the later one.
    pub fn add(&mut self, row: RateRow) -> Result<(), RateError> {
        let place = (row.network, row.effective_from);
        if let Some(earlier) = self.places.get(&place).and_then(|at| self.rows.get(*at)) {
            return Err(RateError::Repeated { network: row.network, earlier: earlier.origin.clone() });
        }
        self.places.insert(place, self.rows.len());
        self.rows.push(row);
        Ok(())
    }

    /// The rows, in the order in which they were added.
    pub fn rows(&self) -> &[RateRow] {
        &self.rows
    }

    /// The rows, in the order in which they were added.
    pub fn into_rows(self) -> Vec<RateRow> {
        self.rows
    }
}

/// Checks a row by itself.
pub fn check_rate(row: &RateRow) -> Result<(), RateError> {
    if row.price.is_negative() {
        return Err(RateError::Negative);
    }
    if row.effective_to.is_some_and(|to| to <= row.effective_from) {
        return Err(RateError::NeverApplies);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(price: &str, from: u64, to: Option<u64>) -> RateRow {
        RateRow {
            network: NetworkCode::new("639", "02").unwrap(),
            price: price.parse().unwrap(),
            effective_from: UnixMicros(from),
            effective_to: to.map(UnixMicros),
            origin: RowOrigin { file: "rates.csv".into(), line: 2 },
        }
    }

    #[test]
    fn a_row_by_itself() {
        assert_eq!(check_rate(&row("0", 5, Some(6))), Ok(()));
        assert_eq!(check_rate(&row("-0.01", 5, None)), Err(RateError::Negative));
        assert_eq!(check_rate(&row("0.01", 5, Some(5))), Err(RateError::NeverApplies));
    }

    #[test]
    fn rows_together() {
        let mut list = RateList::default();
        assert_eq!(list.add(row("0.01", 5, None)), Ok(()));
        assert_eq!(list.add(row("0.01", 6, None)), Ok(()));
        let error = list.add(row("0.02", 5, None)).unwrap_err();
        assert_eq!((error.key("price"), list.rows().len()), ("effective_from", 2));
    }
}
