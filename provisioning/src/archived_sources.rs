//! The files of an archived tariff, sorted by what they are.

use std::sync::Arc;

use crate::archived_kind::ArchivedKind;
use crate::read::{Problems, SourceFile};
use crate::settings_reader::TariffSources;

/// The files that prices depend on.
#[derive(Debug, Default)]
pub struct ArchivedSources {
    /// Those that the configuration names, the rates in their order.
    pub tariff: TariffSources,
    /// The terms that accounts had of their own.
    pub account_terms: Vec<Arc<SourceFile>>,
    /// The plans of accounts.
    pub account_plans: Option<Arc<SourceFile>>,
    /// The price lists of resellers.
    pub price_lists: Vec<Arc<SourceFile>>,
    /// The exchange rates.
    pub exchange_rates: Option<Arc<SourceFile>>,
    /// True if there were ported numbers of which only the hash is kept.
    pub has_lost_ported: bool,
}

impl ArchivedSources {
    /// Sorts files of an archive, by name. One that is not text leaves a problem.
    pub fn sort(files: &[(String, Vec<u8>)], problems: &mut Problems) -> Self {
        let (mut sorted, mut order) = (Self::default(), None);
        for (name, content) in files {
            let kind = ArchivedKind::of(name, content);
            match kind {
                ArchivedKind::HashOnly => sorted.has_lost_ported = true,
                ArchivedKind::Other => {}
                _ => match SourceFile::archived(name, content.clone()) {
                    Ok(source) => sorted.put(kind, Arc::new(source), &mut order),
                    Err(message) => problems.add(&name.as_str().into(), 0, "", message),
                },
            }
        }
        put_in_order(&mut sorted.tariff.rates, order.as_deref());
        sorted
    }

    fn put(&mut self, kind: ArchivedKind, source: Arc<SourceFile>, order: &mut Option<Arc<SourceFile>>) {
        let tariff = &mut self.tariff;
        match kind {
            ArchivedKind::Plans => tariff.plans = Some(source),
            ArchivedKind::Rates => tariff.rates.push(source),
            ArchivedKind::Networks => tariff.networks = Some(source),
            ArchivedKind::Countries => tariff.countries = Some(source),
            ArchivedKind::Numbering => tariff.numbering = Some(source),
            ArchivedKind::Ported => tariff.ported = Some(source),
            ArchivedKind::AccountTerms => self.account_terms.push(source),
            ArchivedKind::PriceLists => self.price_lists.push(source),
            ArchivedKind::ExchangeRates => self.exchange_rates = Some(source),
            ArchivedKind::AccountPlans => self.account_plans = Some(source),
            ArchivedKind::RatesOrder => *order = Some(source),
            _ => {}
        }
    }
}

/// Sorts the rate files, which the archive has by name, into the order that they had.
fn put_in_order(rates: &mut [Arc<SourceFile>], order: Option<&SourceFile>) {
    let Some(order) = order else { return };
    let names: Vec<&str> = order.text().lines().collect();
    rates.sort_by_key(|source| names.iter().position(|name| *name == &*source.name));
}
