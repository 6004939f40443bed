//! Plans: listing them, adding one, and changing one.

use std::path::Path;

use tollgate_engine::account::DeliveryMode;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::pumping::PumpingOverrides;
use tollgate_engine::settlement::{ChargeOn, Outcome};
use tollgate_engine::tariff::{Plan, VolumeTier};

use super::plan_input::PlanInput;
use super::plan_text::PlanText;
use super::{Change, EditError, text_of};
use tollgate_provisioning::{Loaded, Overlay};

/// A plan without its rates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanView {
    /// The name that accounts refer to.
    pub name: String,
    /// The currency of every price in the plan.
    pub currency: Currency,
    /// IANA name of the zone whose months the tiers count in.
    pub time_zone: String,
    /// Per segment where no rate holds; `None` refuses such messages.
    pub base_price: Option<Amount>,
    /// Ascending; empty for none.
    pub tiers: Vec<VolumeTier>,
    /// The event at which the price is kept.
    pub charge_on: ChargeOn,
    /// The outcomes that refund it all the same.
    pub refund_on: Vec<Outcome>,
    /// The delivery of accounts on it that set none.
    pub delivery: DeliveryMode,
    /// True if segments that a bundle covers count for the tiers.
    pub bundle_segments_count: bool,
    /// The search for traffic pumping, as far as it differs from that of all accounts.
    pub pumping: PumpingOverrides,
    /// The number of rates that hold for it, those of every plan included.
    pub rates: usize,
}

/// Every plan, in the order of the file.
pub fn list_plans(loaded: &Loaded) -> Vec<PlanView> {
    loaded.provisioning.plans.iter().map(view_of).collect()
}

/// Adds a plan at the end of the file.
pub fn add_plan(config: &Path, current: &Loaded, plan: &PlanInput) -> Result<Change, EditError> {
    if is_there(current, &plan.name) {
        return Err(EditError::Exists { what: "plan", name: plan.name.clone() });
    }
    edit(config, current, |text| text.add(plan))
}

/// Gives the plan of that name another definition. Its rates and the comments around it stay.
pub fn replace_plan(config: &Path, current: &Loaded, plan: &PlanInput) -> Result<Change, EditError> {
    if !is_there(current, &plan.name) {
        return Err(EditError::Missing { what: "plan", name: plan.name.clone() });
    }
    edit(config, current, |text| text.replace(plan))
}

fn edit(
    config: &Path,
    current: &Loaded,
    change: impl FnOnce(&mut PlanText) -> Option<()>,
) -> Result<Change, EditError> {
    let file = &current.settings.tariff.plans;
    // The loaded file was valid, so that neither its syntax nor its shape can be an obstacle.
    let shape = || EditError::Shape { file: file.clone(), reason: "has no plans that can be edited" };
    let mut text = PlanText::parse(text_of(current, file)?).ok_or_else(shape)?;
    change(&mut text).ok_or_else(shape)?;
    let overlay = Overlay::from([(file.clone(), text.to_string().into_bytes())]);
    Change::validated(config, current, overlay)
}

fn is_there(loaded: &Loaded, name: &str) -> bool {
    loaded.provisioning.plans.iter().any(|plan| &*plan.name == name)
}

fn view_of(plan: &Plan) -> PlanView {
    PlanView {
        name: plan.name.to_string(),
        currency: plan.currency,
        time_zone: plan.time_zone.clone(),
        base_price: plan.base_price,
        tiers: plan.tiers.clone(),
        charge_on: plan.settlement.charge_on,
        refund_on: plan.settlement.refund_on.outcomes().collect(),
        delivery: plan.delivery,
        bundle_segments_count: plan.bundle_segments_count,
        pumping: plan.pumping,
        rates: plan.rates.len() + plan.common_rates.len(),
    }
}
