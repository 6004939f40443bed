//! An imported price list in the place of an owner's prices: the differences, what people should look at, and the edit that
//! makes them.

use std::path::Path;

use rust_decimal::Decimal;
use tollgate_engine::operator::Operator;
use tollgate_engine::time::UnixMicros;

use super::import_rows::{ListedPrices, rows_after};
use super::moves::{Moves, compare};
use super::outliers::{Comparison, Outlier, outliers};
use super::price_target::TargetPrices;
use super::rates::{with_cells, written_rates};
use super::sheet::{Cells, Sheet};
use super::{Change, EditError};
use tollgate_provisioning::import::network_label;
use tollgate_provisioning::{Loaded, Overlay, PriceFileKind, WrittenRate};

/// The options of a comparison.
#[derive(Clone, Debug)]
pub struct ImportOptions<'a> {
    /// The operators whose costs count.
    pub operators: &'a [Operator],
    /// A price that moves by more percent than this, up or down, is flagged. At least zero.
    pub move_limit_percent: Decimal,
    /// The present time.
    pub now: UnixMicros,
}

/// The changes that a list would make.
#[derive(Clone, Debug)]
pub struct ImportDifference {
    /// The file that it goes into.
    pub file: String,
    /// Rows that are added, removed and changed.
    pub moves: Moves,
    /// Prices that people should look at.
    pub outliers: Vec<Outlier>,
    /// The edit, validated.
    pub change: Change,
}

/// The changes that a list would make, wherever the prices stand.
#[derive(Clone, Debug)]
pub struct ComparedImport {
    /// Rows that are added, removed and changed.
    pub moves: Moves,
    /// Prices that people should look at.
    pub outliers: Vec<Outlier>,
    /// All rows after the list.
    pub rows: Vec<WrittenRate>,
}

/// Compares a list with the present prices of its target, and makes the edit.
pub fn plan_import(
    config: &Path,
    current: &Loaded,
    prices: &TargetPrices,
    list: &ListedPrices<'_>,
    options: &ImportOptions<'_>,
) -> Result<ImportDifference, EditError> {
    let compared = compare_import(current, prices, list, options)?;
    let text = merge(Sheet::parse(&prices.file, &prices.text)?, &compared.moves, prices.kind);
    let change = Change::of_file(config, prices, text)?;
    let ComparedImport { moves, outliers, .. } = compared;
    Ok(ImportDifference { file: prices.file.clone(), moves, outliers, change })
}

/// Compares a list with the present prices of its target, wherever these stand.
pub fn compare_import(
    current: &Loaded,
    prices: &TargetPrices,
    list: &ListedPrices<'_>,
    options: &ImportOptions<'_>,
) -> Result<ComparedImport, EditError> {
    let label = |network| network_label(&current.provisioning.networks, network);
    let rows = rows_after(&prices.rows, list, &prices.plan, options.now, label);
    let held = match prices.kind {
        PriceFileKind::PlanRates => written_rates(current)?,
        PriceFileKind::AccountRates | PriceFileKind::Costs => prices.rows.clone(),
    };
    let limit = options.move_limit_percent;
    let moves = compare(&prices.rows, &rows, &held, limit);
    let compared = Comparison {
        before: &current.provisioning,
        operators: options.operators,
        target: &prices.target,
        currency: prices.currency,
        old: &prices.rows,
        new: &rows,
        shared_with: &prices.shared_with,
        move_limit_percent: limit,
        now: options.now,
    };
    let outliers = outliers(list, &compared);
    Ok(ComparedImport { moves, outliers, rows })
}

/// The file with the rows that differ; rows that stay keep their lines.
fn merge(mut sheet: Sheet, moves: &Moves, kind: PriceFileKind) -> String {
    for row in &moves.changed {
        with_cells(&row.new, |_, said| sheet.set(row.old.origin.line, &cells_of_kind(said, kind)));
    }
    for rate in &moves.removed {
        sheet.remove(rate.origin.line);
    }
    for row in &moves.added {
        with_cells(&row.rate, |cells, _| sheet.append(&cells_of_kind(cells, kind)));
    }
    sheet.text()
}

/// The cells by the columns that a kind of file has.
fn cells_of_kind<'c>(cells: &Cells<'c>, kind: PriceFileKind) -> Vec<(&'static str, &'c str)> {
    let cells = cells.iter().filter(|(column, _)| kind == PriceFileKind::PlanRates || *column != "plan");
    cells
        .map(|(column, cell)| (if *column == "price" { kind.price_column() } else { *column }, *cell))
        .collect()
}

impl ImportDifference {
    /// The number of rows that differ.
    pub fn count(&self) -> usize {
        self.moves.added.len() + self.moves.removed.len() + self.moves.changed.len()
    }
}

impl Change {
    /// The edit of one file of prices, validated.
    fn of_file(config: &Path, prices: &TargetPrices, text: String) -> Result<Self, EditError> {
        let overlay = if text == prices.text {
            Overlay::new()
        } else {
            Overlay::from([(prices.file.clone(), text.into_bytes())])
        };
        let after = super::load_with(config, &overlay)?;
        let touched = || overlay.keys().cloned();
        Ok(Self {
            based_on: touched().map(|name| (name, prices.digest())).collect(),
            before: touched().map(|name| (name, prices.text.clone().into_bytes())).collect(),
            overlay,
            after,
        })
    }
}
