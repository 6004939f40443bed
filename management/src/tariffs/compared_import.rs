//! An imported list, compared with prices in a file or with the costs of an operator of the API.

use tollgate_api::money::Money;
use tollgate_api::operators::OperatorCost;
use tollgate_api::time::Time;
use tollgate_engine::operator::Operator;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::{EVERY_PLAN, PriceFileKind, WrittenRate};

use super::import_record::TargetRecord;
use crate::tariff_files::{Change, Moves, Outlier, TargetPrices};

/// A list, compared with the present prices.
pub struct Compared {
    /// The file that it goes into, or the operator of the API.
    pub place: String,
    /// Rows that are added, removed and changed.
    pub moves: Moves,
    /// Prices that people should look at.
    pub outliers: Vec<Outlier>,
    /// The changes themselves.
    pub change: Changes,
}

/// The changes that a list makes.
pub enum Changes {
    /// The edit of a file.
    OfFile(Box<Change>),
    /// All costs of an operator of the API.
    OfApi(Vec<WrittenRate>),
}

impl Compared {
    /// True if nothing differs.
    pub fn is_empty(&self) -> bool {
        match &self.change {
            Changes::OfFile(change) => change.is_empty(),
            Changes::OfApi(_) => {
                self.moves.added.is_empty() && self.moves.removed.is_empty() && self.moves.changed.is_empty()
            }
        }
    }
}

/// The costs of an operator of the API, as they would stand in a file.
pub fn costs_of(target: &TargetRecord, operator: &Operator) -> TargetPrices {
    let rows = operator.costs.iter().map(|row| WrittenRate {
        plan: EVERY_PLAN.into(),
        network: row.network,
        price: row.price,
        effective_from: row.effective_from,
        effective_to: row.effective_to,
        note: String::new(),
        origin: row.origin.clone(),
    });
    TargetPrices {
        target: target.target(),
        file: format!("operator {} of the API", operator.code),
        kind: PriceFileKind::Costs,
        currency: operator.currency,
        plan: EVERY_PLAN.into(),
        text: String::new(),
        rows: rows.collect(),
        shared_with: Vec::new(),
    }
}

/// A cost as operators of the API have it.
pub fn cost_of(rate: &WrittenRate) -> OperatorCost {
    OperatorCost {
        mcc: format!("{:03}", rate.network.mcc),
        mnc: rate.network.mnc.map(|mnc| mnc.to_string()),
        cost: Money(rate.price),
        effective_from: (rate.effective_from != UnixMicros::default()).then_some(Time(rate.effective_from)),
        effective_to: rate.effective_to.map(Time),
    }
}
