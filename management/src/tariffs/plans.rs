//! Plans: shown as they are in force, and edited in their file.

use std::sync::Arc;

use serde_json::{Value, to_value};
use sha2::{Digest, Sha256};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::choice::Word;
use tollgate_api::extract::IfMatch;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::page::Page;
use tollgate_api::percent::Percent;
use tollgate_api::plans::{Plan, PlanInput, PlanSort, PlanTier, PlansQuery, PlansService};
use tollgate_api::problem::Problem;
use tollgate_engine::money::Discount;
use tollgate_engine::tariff::VolumeTier;

use super::edits::{Note, TariffEdits, problem_of_edit};
use crate::context::Context;
use crate::documents::to_json;
use crate::identity::visibility::Visibility;
use crate::pumping_settings::{pumping_overrides, shown_overrides};
use crate::tariff_files;
use crate::tariff_files::{PlanView, TierInput, add_plan, list_plans, replace_plan};
use tollgate_provisioning::{Choice, Loaded, texts};

/// The plans of the tariff.
#[derive(Debug)]
pub struct Plans {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    edits: Arc<TariffEdits>,
}

impl Plans {
    /// The plans in force in `context`, changed by `edits`.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>, edits: Arc<TariffEdits>) -> Self {
        Self { context, visibility, edits }
    }
}

impl PlansService for Plans {
    fn plans(&self, caller: &Caller, query: &PlansQuery) -> Answer<Page<Plan>> {
        let paging = query.paging()?;
        let visible = self.visibility.visible_plans(caller);
        let plans = list_plans(&self.context.core.configuration.files()).into_iter();
        let wanted = plans.filter(|plan| {
            visible.as_ref().is_none_or(|names| names.contains(&plan.name))
                && query.currency.is_none_or(|currency| currency.0 == plan.currency)
        });
        let mut plans: Vec<(String, Plan)> = wanted
            .map(|plan| {
                let key = match query.sort.unwrap_or_default() {
                    PlanSort::Name => plan.name.clone(),
                    PlanSort::Currency => format!("{}\n{}", plan.currency, plan.name),
                };
                (key, view_of(plan))
            })
            .collect();
        plans.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(paging.page(plans.into_iter(), |key, after| key > after))
    }

    fn plan(&self, caller: &Caller, name: &str) -> Answer<Versioned<Plan>> {
        let visible = self.visibility.visible_plans(caller).is_none_or(|names| names.contains(name));
        let plan = plan_of(&self.context.core.configuration.files(), name).filter(|_| visible);
        plan.map(versioned).ok_or_else(|| no_plan(name))
    }

    fn create_plan(&self, caller: &Caller, new: PlanInput) -> Answer<Versioned<Plan>> {
        let input = definition_of(&new)?;
        let mut edit = self.edits.begin();
        let current = edit.files_on_disk()?;
        let change = add_plan(edit.config(), &current, &input).map_err(|error| problem_of_edit(&error))?;
        let note = Note {
            action: "plan.create",
            resource: format!("plan/{}", new.name),
            before: Value::Null,
            after: to_value(&new).unwrap_or_default(),
        };
        edit.put_in_force(caller, &current, &change, note)?;
        self.plan(&Caller::system(), &new.name)
    }

    fn replace_plan(
        &self,
        caller: &Caller,
        name: &str,
        if_match: IfMatch,
        input: PlanInput,
    ) -> Answer<Versioned<Plan>> {
        if input.name != name {
            return Err(Problem::field("name", "differs from that of the path; a plan keeps its name"));
        }
        let definition = definition_of(&input)?;
        let mut edit = self.edits.begin();
        let current = edit.files_on_disk()?;
        let before = plan_of(&current, name).map(versioned).ok_or_else(|| no_plan(name))?;
        if_match.check(before.revision)?;
        let change =
            replace_plan(edit.config(), &current, &definition).map_err(|error| problem_of_edit(&error))?;
        let note = Note {
            action: "plan.update",
            resource: format!("plan/{name}"),
            before: to_value(&before.value).unwrap_or_default(),
            after: to_value(&input).unwrap_or_default(),
        };
        edit.put_in_force(caller, &current, &change, note)?;
        self.plan(&Caller::system(), name)
    }
}

fn no_plan(name: &str) -> Problem {
    Problem::not_found(format!("there is no plan `{name}`"))
}

fn plan_of(loaded: &Loaded, name: &str) -> Option<Plan> {
    list_plans(loaded).into_iter().find(|plan| plan.name == name).map(view_of)
}

/// A plan with its version, which is a hash of its definition.
fn versioned(plan: Plan) -> Versioned<Plan> {
    let hash: [u8; 32] = Sha256::digest(to_json(&plan)).into();
    let revision = hash.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets));
    Versioned::new(revision, plan)
}

fn view_of(plan: PlanView) -> Plan {
    Plan {
        name: plan.name,
        currency: CurrencyCode(plan.currency),
        time_zone: plan.time_zone,
        base_price: plan.base_price.map(Money),
        tiers: plan.tiers.iter().map(tier_of).collect(),
        charge_on: Word(plan.charge_on),
        refund_on: plan.refund_on.into_iter().map(Word).collect(),
        delivery: Word(plan.delivery),
        bundle_segments_count: plan.bundle_segments_count,
        traffic_pumping: shown_overrides(&plan.pumping),
        rates: plan.rates as u64,
    }
}

fn tier_of(tier: &VolumeTier) -> PlanTier {
    let discount = Some(tier.discount).filter(|discount| *discount != Discount::NONE);
    PlanTier {
        from: tier.from_segment,
        to: tier.to_segment,
        discount_percent: discount.map(|discount| Percent(discount.percent())),
        price_per_sms: tier.price_per_sms.map(Money),
    }
}

/// The definition to be written. The name is checked here, because the plan is found in the file by it; the reader of the
/// file checks everything else.
fn definition_of(input: &PlanInput) -> Answer<tariff_files::PlanInput> {
    texts::name(&input.name).map_err(|message| Problem::field("name", message))?;
    let tiers = input.tiers.iter().map(|tier| TierInput {
        from: tier.from,
        to: tier.to,
        discount_percent: tier.discount_percent.map(|percent| percent.0.to_string()),
        price_per_sms: tier.price_per_sms.map(|price| price.0.to_string()),
    });
    Ok(tariff_files::PlanInput {
        name: input.name.clone(),
        currency: input.currency.0.to_string(),
        time_zone: input.time_zone.clone(),
        base_price: input.base_price.map(|price| price.0.to_string()),
        tiers: tiers.collect(),
        charge_on: input.charge_on.map(|point| point.0.word().to_owned()),
        refund_on: input
            .refund_on
            .as_ref()
            .map(|outcomes| outcomes.iter().map(|outcome| outcome.0.word().to_owned()).collect()),
        delivery: input.delivery.map(|delivery| delivery.0.word().to_owned()),
        bundle_segments_count: input.bundle_segments_count,
        traffic_pumping: pumping_overrides(input.traffic_pumping.unwrap_or_default())?,
    })
}
