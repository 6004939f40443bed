//! Rates of an account or a price list, from what was asked for and back.

use std::sync::Arc;

use tollgate_api::accounts::AccountRate;
use tollgate_api::money::Money;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::tariff::{RateRow, RowOrigin};
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::{RateList, check_rate};

/// The rows of these rates, which are called so in explanations. `Err` names the field that is wrong.
pub fn rows_of(rates: &[AccountRate], called: &str, most: usize) -> Result<Vec<RateRow>, Problem> {
    if rates.len() > most {
        return Err(Problem::field("rates", format!("more than {most}")));
    }
    let (mut list, file) = (RateList::default(), Arc::from(called));
    for (rate, line) in rates.iter().zip(1..) {
        let row = row_of(rate, RowOrigin { file: Arc::clone(&file), line })?;
        list.add(row).map_err(|error| Problem::field("rates", error.to_string()))?;
    }
    Ok(list.into_rows())
}

fn row_of(rate: &AccountRate, origin: RowOrigin) -> Result<RateRow, Problem> {
    let line = origin.line;
    let field = |name: &str| format!("rates.{}.{name}", line - 1);
    let network = NetworkCode::new(&rate.mcc, rate.mnc.as_deref().unwrap_or_default());
    let network = network.ok_or_else(|| {
        Problem::field(&field("mcc"), "must have three digits, and mnc two or three if it is given")
    })?;
    let row = RateRow {
        network,
        price: rate.price.0,
        effective_from: rate.effective_from.map_or(UnixMicros::default(), |at| at.0),
        effective_to: rate.effective_to.map(|at| at.0),
        origin,
    };
    check_rate(&row).map_err(|error| Problem::field(&field(error.key("price")), error.to_string()))?;
    Ok(row)
}

/// A row as the API shows it.
pub fn rate_of(row: &RateRow) -> AccountRate {
    AccountRate {
        mcc: format!("{:03}", row.network.mcc),
        mnc: row.network.mnc.map(|mnc| mnc.to_string()),
        price: Money(row.price),
        effective_from: (row.effective_from != UnixMicros::default()).then_some(Time(row.effective_from)),
        effective_to: row.effective_to.map(Time),
    }
}

/// Refuses what records of earlier versions may have: an empty MNC, for which a request says null.
pub fn check_documented(rates: &[AccountRate]) -> Result<(), Problem> {
    match rates.iter().position(|rate| rate.mnc.as_deref() == Some("")) {
        Some(index) => {
            let field = format!("rates.{index}.mnc");
            Err(Problem::field(&field, "must have two or three digits, or be null for the whole MCC"))
        }
        None => Ok(()),
    }
}
