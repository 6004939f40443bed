//! Reads an archived tariff, written by [`archive`](crate::archive), as far as the price of a message depends on it
//! whose network is known.

use tollgate_engine::network::Networks;
use tollgate_engine::tariff::{Plan, RateRow};

use crate::archived_plans::plans_of;
use crate::archived_sources::ArchivedSources;
use crate::archived_terms::ArchivedTerms;
use crate::catalogue::Catalogue;
use crate::read::Problems;

/// One version of the tariff, as far as the price of a charged message depends on it. How numbers become
/// networks is left out: a CDR says which network its number was found in.
#[derive(Debug)]
pub struct ArchivedTariff {
    /// The catalogue of networks, with aliases.
    pub networks: Networks,
    /// With their rates.
    pub plans: Vec<Plan>,
    terms: ArchivedTerms,
}

impl ArchivedTariff {
    /// Reads the files of an archive by name. The error has the mistakes in them, under the names in the
    /// archive.
    pub fn read(files: &[(String, Vec<u8>)]) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut sources = ArchivedSources::sort(files, &mut problems);
        // They may be many, and are of no use here.
        sources.tariff.ported = None;
        let catalogue = Catalogue::read(&sources.tariff, &mut problems);
        let plans = plans_of(&sources, catalogue.known(), &mut problems);
        let terms = ArchivedTerms::of(&sources, &mut problems);
        let read = Self { networks: catalogue.networks, plans, terms };
        if problems.is_empty() { Ok(read) } else { Err(problems) }
    }

    /// The rates that an account had of its own; their origin is the line in the archived file.
    pub fn own_rates(&self, account: &str) -> &[RateRow] {
        self.terms.rates(account)
    }

    /// The terms that accounts had of their own, with their places in chains.
    pub fn terms(&self) -> &ArchivedTerms {
        &self.terms
    }
}
