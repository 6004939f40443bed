//! Rates as they are written in their files, row by row, with the parts that the engine does not use: the
//! cell of the plan and the note.

use std::path::Path;
use std::sync::Arc;

use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::tariff::RowOrigin;
use tollgate_engine::time::UnixMicros;

use crate::catalogue::code_of_row;
use crate::rates::{ACCOUNT_RATE_COLUMNS, COST_COLUMNS, EVERY_PLAN, PLAN_RATE_COLUMNS};
use crate::read::{Columns, Problems, Row, SourceFile, read_sheet, texts};

/// One row of a file of plans' rates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenRate {
    /// The plan, or [`EVERY_PLAN`].
    pub plan: Arc<str>,
    /// The network; its MNC is absent where the row holds for the MCC.
    pub network: NetworkCode,
    /// Per segment, in the plan's currency.
    pub price: Amount,
    /// First instant at which the row holds; zero for always.
    pub effective_from: UnixMicros,
    /// First instant at which it no longer holds; `None` for an open end.
    pub effective_to: Option<UnixMicros>,
    /// For people; empty for none.
    pub note: String,
    /// The file and the line of the row.
    pub origin: RowOrigin,
}

/// The kinds of files that hold prices or costs, by whose they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceFileKind {
    /// Rates of plans.
    PlanRates,
    /// Rates of one account.
    AccountRates,
    /// Costs of one operator.
    Costs,
}

impl PriceFileKind {
    /// The column with the price or cost.
    pub fn price_column(self) -> &'static str {
        match self {
            Self::PlanRates | Self::AccountRates => "price",
            Self::Costs => "cost",
        }
    }

    fn columns(self) -> Columns {
        match self {
            Self::PlanRates => PLAN_RATE_COLUMNS,
            Self::AccountRates => ACCOUNT_RATE_COLUMNS,
            Self::Costs => COST_COLUMNS,
        }
    }
}

/// Reads a file of plans' rates by itself: whether its plans and networks are known is for [`load_with`](crate::load_with) to
/// say. `name` is the file's name as configured, `path` what problems call it.
pub fn read_written_rates(name: &str, path: &Path, bytes: &[u8]) -> Result<Vec<WrittenRate>, Problems> {
    read_written_prices(name, path, bytes, PriceFileKind::PlanRates)
}

/// The same for a file of any kind. Rows of a file without plans are given as those of every plan.
pub fn read_written_prices(
    name: &str,
    path: &Path,
    bytes: &[u8],
    kind: PriceFileKind,
) -> Result<Vec<WrittenRate>, Problems> {
    let mut problems = Problems::default();
    let source = match SourceFile::new(name, path, bytes.to_vec()) {
        Ok(source) => source,
        Err(message) => {
            problems.add(&path.to_string_lossy().into(), 0, "", message);
            return Err(problems);
        }
    };
    let mut rates = Vec::new();
    read_sheet(&source, kind.columns(), &mut problems, |row| {
        rates.push(written_rate(&source.name, row, kind)?);
        Some(())
    });
    if problems.is_empty() { Ok(rates) } else { Err(problems) }
}

fn written_rate(file: &Arc<str>, row: &mut Row, kind: PriceFileKind) -> Option<WrittenRate> {
    let plan = match kind {
        PriceFileKind::PlanRates => row.required("plan", |name| match name {
            EVERY_PLAN => Ok(EVERY_PLAN.into()),
            name => texts::name(name),
        }),
        PriceFileKind::AccountRates | PriceFileKind::Costs => Some(EVERY_PLAN.into()),
    };
    let network = code_of_row(row, |mcc, mnc| {
        texts::mcc(mcc).map_err(|message| ("mcc", message))?;
        let code = NetworkCode::new(mcc, mnc);
        code.ok_or_else(|| ("mnc", format!("{} is not an MNC of two or three digits", texts::quoted(mnc))))
    });
    let price = row.required(kind.price_column(), texts::price);
    let has = |column| !row.text(column).is_empty();
    let (has_from, has_to) = (has("effective_from"), has("effective_to"));
    let from = row.optional("effective_from", texts::instant);
    let to = row.optional("effective_to", texts::instant);
    Some(WrittenRate {
        plan: plan?,
        network: network?,
        price: price?,
        effective_from: if has_from { from? } else { UnixMicros::default() },
        effective_to: if has_to { Some(to?) } else { None },
        note: row.text("note").to_owned(),
        origin: RowOrigin { file: Arc::clone(file), line: row.line() },
    })
}
