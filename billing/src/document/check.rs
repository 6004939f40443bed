//! The sums of a document, checked once before anything is made of it.

use jiff::civil::Date;
use thiserror::Error;

use super::content::{Content, Kind};
use super::money::EXPONENT_MAX;
use super::tax::TaxCategory;

/// Lines that a document may have.
pub const LINES_MAX: usize = 50_000;

/// Millionths in a whole: of a rate of tax, or of a currency unit.
const MILLION: i128 = 1_000_000;

/// A document whose sums add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceDocument(Content);

/// The reason for which a document cannot be made. The names are those of the fields of [`Content`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// A sum is not what its parts come to.
    #[error("{field} is {stated} in minor units, but its parts come to {expected}")]
    Sum {
        /// The field that holds the sum.
        field: String,
        /// The value that it has.
        stated: i64,
        /// The sum of its parts.
        expected: i128,
    },
    /// An amount is not less than one minor unit away from what it was rounded from.
    #[error("{field} is {stated} in minor units, which is not a rounding of {exact}")]
    Rounding {
        /// The field that holds the rounded amount.
        field: String,
        /// The value that it has.
        stated: i64,
        /// The exact amount in minor units.
        exact: String,
    },
    /// A field has a value that it must not have.
    #[error("{field} {problem}")]
    Field {
        /// The field, with the number of its row where it has one.
        field: String,
        /// The rest of the sentence that begins with the field.
        problem: &'static str,
    },
}

impl InvoiceDocument {
    /// Checks that all sums add up.
    pub fn new(content: Content) -> Result<Self, DocumentError> {
        check_plain_fields(&content)?;
        check_lines(&content)?;
        check_taxes(&content)?;
        check_totals(&content)?;
        check_balances(&content)?;
        Ok(Self(content))
    }

    /// The content that was checked.
    pub const fn content(&self) -> &Content {
        &self.0
    }
}

fn check_plain_fields(content: &Content) -> Result<(), DocumentError> {
    demand(content.currency.exponent <= EXPONENT_MAX, "currency", "has more than four decimals")?;
    demand(content.lines.len() <= LINES_MAX, "lines", "are more than 50,000")?;
    demand(!content.issuer.name.trim().is_empty(), "issuer.name", "is empty")?;
    demand(!content.customer.name.trim().is_empty(), "customer.name", "is empty")?;
    let number = content.number.as_ref().is_none_or(|number| !number.trim().is_empty());
    demand(number, "number", "is empty; a draft has none")?;
    let in_order = content.period.is_none_or(|period| period.first <= period.last);
    demand(in_order, "period", "ends before it begins")?;
    let dates = [Some(content.issued), content.due, content.period.map(|period| period.first)];
    let is_year = |date: &Date| (1..=9999).contains(&date.year());
    demand(dates.iter().flatten().all(is_year), "issued", "lies outside the years 1 to 9999")?;
    let bank = content.bank.as_ref().is_none_or(|bank| !bank.account_number.trim().is_empty());
    demand(bank, "bank.account_number", "is empty")?;
    let is_web = |link: &String| link.starts_with("https://") || link.starts_with("http://");
    demand(
        content.pay_link.as_ref().is_none_or(is_web),
        "pay_link",
        "does not begin with https:// or http://",
    )
}

fn check_lines(content: &Content) -> Result<(), DocumentError> {
    for (index, line) in content.lines.iter().enumerate() {
        let field = |name: &str| format!("lines[{index}].{name}");
        demand(!line.unit_price.is_negative(), field("unit_price"), "is below zero")?;
        demand(line.tax < content.taxes.len(), field("tax"), "names no tax of the document")?;
        demand(!line.description.trim().is_empty(), field("description"), "is empty")?;
        let exact = i128::from(line.quantity) * i128::from(line.unit_price.micros());
        rounded(field("total"), line.total, exact, content)?;
    }
    Ok(())
}

fn check_taxes(content: &Content) -> Result<(), DocumentError> {
    let mut bases = vec![0_i128; content.taxes.len()];
    for line in &content.lines {
        if let Some(base) = bases.get_mut(line.tax) {
            *base += i128::from(line.total);
        }
    }
    for (index, (tax, base)) in content.taxes.iter().zip(bases).enumerate() {
        let field = |name: &str| format!("taxes[{index}].{name}");
        equal(field("base"), tax.base, base)?;
        let is_standard = tax.category == TaxCategory::Standard;
        demand(is_standard == (tax.rate_millionths > 0), field("rate"), "does not go with the category")?;
        let reason = tax.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
        demand(
            reason || !tax.category.needs_reason(),
            field("reason"),
            "is missing, and the category needs one",
        )?;
        let earlier = content.taxes.iter().take(index);
        let is_new = !earlier
            .into_iter()
            .any(|it| (it.category, it.rate_millionths) == (tax.category, tax.rate_millionths));
        demand(is_new, field("category"), "stands twice with one rate")?;
        let exact = base * i128::from(tax.rate_millionths);
        if (i128::from(tax.amount) * MILLION - exact).abs() >= MILLION {
            return Err(rounding(field("amount"), tax.amount, exact, MILLION));
        }
    }
    let is_outside = content.taxes.iter().any(|tax| tax.category == TaxCategory::OutsideScope);
    demand(
        !is_outside || content.taxes.len() == 1,
        "taxes",
        "stand beside one that is outside the scope of tax",
    )
}

fn check_totals(content: &Content) -> Result<(), DocumentError> {
    let totals = &content.totals;
    equal("totals.net", totals.net, content.lines.iter().map(|line| i128::from(line.total)).sum())?;
    equal("totals.tax", totals.tax, content.taxes.iter().map(|tax| i128::from(tax.amount)).sum())?;
    equal("totals.gross", totals.gross, i128::from(totals.net) + i128::from(totals.tax))?;
    equal("totals.due", totals.due, i128::from(totals.gross) - i128::from(totals.prepaid))?;
    match content.ledger_total {
        Some(exact) => rounded("totals.net", totals.net, i128::from(exact.micros()), content),
        None => Ok(()),
    }
}

fn check_balances(content: &Content) -> Result<(), DocumentError> {
    let Kind::Statement(balances) = &content.kind else { return Ok(()) };
    let movements: i128 = balances.movements.iter().map(|movement| i128::from(movement.amount)).sum();
    equal("kind.closing", balances.closing, i128::from(balances.opening) + movements)?;
    equal("totals.due", content.totals.due, 0)
}

fn demand(holds: bool, field: impl Into<String>, problem: &'static str) -> Result<(), DocumentError> {
    if holds { Ok(()) } else { Err(DocumentError::Field { field: field.into(), problem }) }
}

fn equal(field: impl Into<String>, stated: i64, expected: i128) -> Result<(), DocumentError> {
    if i128::from(stated) == expected {
        return Ok(());
    }
    Err(DocumentError::Sum { field: field.into(), stated, expected })
}

/// Demands that minor units are less than one of them away from an exact number of millionths of the currency unit.
fn rounded(
    field: impl Into<String>,
    stated: i64,
    micros: i128,
    content: &Content,
) -> Result<(), DocumentError> {
    let minor_per_unit = 10_i128.pow(u32::from(content.currency.exponent));
    let exact = micros * minor_per_unit;
    if (i128::from(stated) * MILLION - exact).abs() < MILLION {
        return Ok(());
    }
    Err(rounding(field, stated, exact, MILLION))
}

fn rounding(field: impl Into<String>, stated: i64, exact: i128, scale: i128) -> DocumentError {
    let sign = if exact < 0 { "-" } else { "" };
    let exact = exact.abs();
    let exact = format!("{sign}{}.{:06}", exact / scale, exact % scale);
    DocumentError::Rounding { field: field.into(), stated, exact }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::money::Amount;

    use super::*;
    use crate::document::sample;

    /// Checks a sample after a change, and gives the error's text.
    fn error_after(change: impl FnOnce(&mut Content)) -> String {
        let mut content = sample::invoice();
        change(&mut content);
        InvoiceDocument::new(content).unwrap_err().to_string()
    }

    #[test]
    fn samples_add_up() {
        for content in [sample::invoice(), sample::credit_note(), sample::statement()] {
            InvoiceDocument::new(content).unwrap();
        }
    }

    #[test]
    fn each_sum_that_does_not_add_up_is_named() {
        for (change, error) in [
            (
                (|it| it.totals.net += 1) as fn(&mut Content),
                "totals.net is 6174 in minor units, but its parts come to 6173",
            ),
            (|it| it.totals.tax += 1, "totals.tax is 989 in minor units, but its parts come to 988"),
            (|it| it.totals.gross -= 1, "totals.gross is 7160 in minor units, but its parts come to 7161"),
            (|it| it.totals.due = 7, "totals.due is 7 in minor units, but its parts come to 6161"),
            (|it| it.taxes[0].base = 1, "taxes[0].base is 1 in minor units, but its parts come to 6173"),
            (
                |it| it.taxes[0].amount = 1000,
                "taxes[0].amount is 1000 in minor units, which is not a rounding of 987.680000",
            ),
            (
                |it| it.lines[1].total += 1,
                "lines[1].total is 3001 in minor units, which is not a rounding of 3000.000000",
            ),
            (
                |it| it.ledger_total = Some(Amount::from_micros(61_740_000)),
                "totals.net is 6173 in minor units, which is not a rounding of 6174.000000",
            ),
        ] {
            assert_eq!(error_after(change), error);
        }
        let mut statement = sample::statement();
        if let Kind::Statement(balances) = &mut statement.kind {
            balances.closing += 1;
        }
        let error = InvoiceDocument::new(statement).unwrap_err().to_string();
        assert_eq!(error, "kind.closing is 2008 in minor units, but its parts come to 2007");
    }

    #[test]
    fn each_field_that_is_wrong_is_named() {
        for (change, error) in [
            ((|it| it.lines[0].tax = 1) as fn(&mut Content), "lines[0].tax names no tax of the document"),
            (|it| it.lines[0].unit_price = Amount::from_micros(-1), "lines[0].unit_price is below zero"),
            (|it| it.lines[0].description.clear(), "lines[0].description is empty"),
            (|it| it.customer.name = " ".to_owned(), "customer.name is empty"),
            (|it| it.number = Some(String::new()), "number is empty; a draft has none"),
            (
                |it| it.pay_link = Some("javascript:alert(1)".to_owned()),
                "pay_link does not begin with https:// or http://",
            ),
            (|it| it.currency.exponent = 5, "currency has more than four decimals"),
            (|it| it.taxes[0].category = TaxCategory::Exempt, "taxes[0].rate does not go with the category"),
        ] {
            assert_eq!(error_after(change), error);
        }
    }
}
