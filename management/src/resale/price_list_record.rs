//! A price list of the API as the books keep it, and the list that is put in force from it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tollgate_api::accounts::AccountRate;
use tollgate_api::answer::Answer;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::percent::Percent;
use tollgate_api::price_lists::{MarkUp, PriceListInput};
use tollgate_api::problem::Problem;
use tollgate_engine::money::Amount;
use tollgate_engine::network::Networks;
use tollgate_engine::price_list::{self, Share};
use tollgate_provisioning::bounds::price_list::{MARK_UPS, RATES};
use tollgate_provisioning::{ProvisionedPriceList, check_mark_up, check_price_list, mark_up_percent, texts};

use super::scopes::{AskedScope, ShownScope};
use crate::account_rates::rows_of;

/// A price list as it was asked for. [`provisioned`](Self::provisioned) checks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceListRecord {
    pub name: String,
    pub owner: String,
    pub currency: CurrencyCode,
    #[serde(default)]
    pub rates: Vec<AccountRate>,
    #[serde(default)]
    pub mark_ups: Vec<MarkUp>,
}

impl PriceListRecord {
    /// The record of what was asked for, with this owner.
    pub fn new(input: PriceListInput, owner: String) -> Self {
        let PriceListInput { name, currency, rates, mark_ups, .. } = input;
        Self { name, owner, currency, rates, mark_ups }
    }

    /// The list as it is put in force; `Err` names the field that is wrong. Countries and networks are looked up in a catalogue
    /// where one is given.
    pub fn provisioned(&self, catalogue: Option<&Networks>) -> Answer<ProvisionedPriceList> {
        let named = |field: &'static str| move |message: String| Problem::field(field, message);
        if self.mark_ups.len() > MARK_UPS {
            return Err(Problem::field("mark_ups", format!("more than {MARK_UPS}")));
        }
        let mark_ups =
            self.mark_ups.iter().enumerate().map(|(index, asked)| mark_up_of(index, asked, catalogue));
        let list = price_list::PriceList {
            rates: rows_of(&self.rates, &format!("price list {}", self.name), RATES)?,
            mark_ups: mark_ups.collect::<Answer<_>>()?,
        };
        check_price_list(&list).map_err(|(key, message)| Problem::field(key, message))?;
        Ok(ProvisionedPriceList {
            name: texts::name(&self.name).map_err(named("name"))?,
            owner: texts::name(&self.owner).map_err(named("owner"))?,
            currency: texts::currency(self.currency.0.as_str()).map_err(named("currency"))?,
            list: Arc::new(list),
        })
    }
}

fn mark_up_of(index: usize, asked: &MarkUp, catalogue: Option<&Networks>) -> Answer<price_list::MarkUp> {
    let path = format!("mark_ups.{index}.");
    let wrong = |key: &str, message: String| Problem::field(&format!("{path}{key}"), message);
    if asked.percent.is_none() && asked.per_segment.is_none() {
        return Err(wrong("percent", "is missing, and so is per_segment".to_owned()));
    }
    let share = asked.percent.map(|percent| mark_up_percent(percent.0)).transpose();
    let scope =
        AskedScope { countries: asked.countries.as_ref(), networks: asked.networks.as_ref(), prefixes: None };
    let mark_up = price_list::MarkUp {
        scope: scope.scope(&path, catalogue)?,
        share: share.map_err(|message| wrong("percent", message))?.unwrap_or_default(),
        per_segment: asked.per_segment.map_or(Amount::ZERO, |money| money.0),
    };
    check_mark_up(&mark_up).map_err(|(key, message)| wrong(key, message))?;
    Ok(mark_up)
}

/// A mark-up as the API shows it.
pub fn shown_mark_up(mark_up: &price_list::MarkUp) -> MarkUp {
    let ShownScope { countries, networks, .. } = ShownScope::of(&mark_up.scope);
    MarkUp {
        countries,
        networks,
        percent: (mark_up.share != Share::default()).then(|| Percent(mark_up.share.percent())),
        per_segment: (mark_up.per_segment != Amount::ZERO).then_some(Money(mark_up.per_segment)),
    }
}
