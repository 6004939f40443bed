//! The differences of an imported list, as the API shows them.

use tollgate_api::imports::{ImportDifference, ImportOutlier};
use tollgate_api::rate_cards::{AddedRow, ChangedRow};
use tollgate_engine::network::Networks;

use super::compared_import::Compared;
use super::rate_cards::{move_of, row_of};
use crate::tariff_files;

/// The differences with so many rows of each kind.
pub fn difference_of(difference: &Compared, show: usize, networks: &Networks) -> ImportDifference {
    let tariff_files::Moves { added, removed, changed, unchanged } = &difference.moves;
    let added_rows = added.iter().take(show).map(|added| AddedRow {
        row: row_of(&added.rate, networks),
        price: added.price.as_ref().map(move_of),
    });
    let changed_rows = changed.iter().take(show).map(|changed| ChangedRow {
        before: row_of(&changed.old, networks),
        after: row_of(&changed.new, networks),
        price: move_of(&changed.price),
    });
    ImportDifference {
        file: difference.place.clone(),
        added: added.len() as u64,
        removed: removed.len() as u64,
        changed: changed.len() as u64,
        unchanged: *unchanged as u64,
        flagged: difference.outliers.len() as u64,
        added_rows: added_rows.collect(),
        removed_rows: removed.iter().take(show).map(|rate| row_of(rate, networks)).collect(),
        changed_rows: changed_rows.collect(),
        flagged_rows: difference.outliers.iter().take(show).map(outlier_of).collect(),
    }
}

fn outlier_of(outlier: &tariff_files::Outlier) -> ImportOutlier {
    ImportOutlier {
        kind: outlier.kind,
        network: outlier.network.map(|network| network.to_string()),
        line: outlier.line,
        message: outlier.message.clone(),
    }
}
