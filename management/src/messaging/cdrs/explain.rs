//! An explained price as the API shows it.

use tollgate_api::cdrs::{CdrExplanation, CdrLevel, ExplainedLine};
use tollgate_api::charges::{Network, QuotedVolume};
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;

use super::view::state_of;
use crate::messaging::charges::quote::line_view;
use crate::messaging::sale_view::{rate_view, sale_view};
use crate::problems::unavailable;
use crate::tariff_files::{ExplainError, Explanation};

/// The problem of a price that cannot be explained.
pub fn problem_of(error: &ExplainError) -> Problem {
    match error {
        ExplainError::Storage(error) => unavailable(error),
        error => Problem::wrong_state(format!("the price cannot be explained: {error}")),
    }
}

/// An explanation as the API shows it, with the levels above as far as the caller may see them, and with the price where
/// the caller is told what the account paid. Its sales are those that the caller may see.
pub fn view(explanation: &Explanation, is_told: bool, levels: Vec<CdrLevel>) -> CdrExplanation {
    let Explanation { network, rate, lines, .. } = explanation;
    let told = |amount| is_told.then_some(Money(amount));
    let volume = QuotedVolume {
        month: explanation.month.to_string(),
        before: explanation.counted_before,
        after: explanation.counted_after(),
    };
    CdrExplanation {
        message_id: explanation.message_id.to_string(),
        account: explanation.account.clone(),
        currency: CurrencyCode(explanation.currency),
        plan: explanation.plan.clone(),
        tariff_version: explanation.tariff_version.clone(),
        tariff_applied_at: Time(explanation.tariff_applied_at),
        submitted_at: Time(explanation.submitted_at),
        number: explanation.number.clone(),
        network: Network {
            mcc: format!("{:03}", network.code.mcc),
            mnc: network.code.mnc.map(|mnc| mnc.to_string()),
            operator: network.operator.clone(),
            country: network.country.clone(),
            country_name: network.country_name.clone(),
        },
        found_by: network.found_by.clone(),
        segments: explanation.segments,
        data_coding: explanation.data_coding,
        rate: rate.as_ref().filter(|_| is_told).map(rate_view),
        covered_by_bundles: explanation.covered,
        levels,
        sales: explanation.sales.iter().map(sale_view).collect(),
        lines: lines
            .iter()
            .filter(|_| is_told)
            .map(|line| ExplainedLine { line: line_view(line), tier_text: line.tier.clone() })
            .collect(),
        volume: is_told.then_some(volume),
        total: explanation.total.and_then(told),
        charged: told(explanation.charged),
        agrees: explanation.agrees,
        state: state_of(explanation.state),
        refunded: told(explanation.refunded),
        text: if is_told { explanation.to_string() } else { explanation.text_without_price() },
    }
}
