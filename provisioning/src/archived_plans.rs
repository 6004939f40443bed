//! Plans with their rates, read from an archived tariff.

use tollgate_engine::tariff::Plan;

use crate::archived_catalogue::ArchivedCatalogue;
use crate::archived_sources::ArchivedSources;
use crate::catalogue::Known;
use crate::plans::read_plans;
use crate::rates::RateBook;
use crate::read::Problems;

/// Reads plans and rates from the files of an archive. The error has the mistakes in them.
pub fn archived_plans(
    files: &[(String, Vec<u8>)],
    catalogue: &ArchivedCatalogue,
) -> Result<Vec<Plan>, Problems> {
    let mut problems = Problems::default();
    let sources = ArchivedSources::sort(files, &mut problems);
    let plans = plans_of(&sources, catalogue.catalogue.known(), &mut problems);
    if problems.is_empty() { Ok(plans) } else { Err(problems) }
}

/// The plans that the files of an archive have, with their rates.
pub fn plans_of(sources: &ArchivedSources, known: &Known, problems: &mut Problems) -> Vec<Plan> {
    let tariff = &sources.tariff;
    let (mut plans, plan_names) = read_plans(tariff.plans.as_deref(), problems);
    if tariff.plans.is_none() {
        problems.add(&"the archive".into(), 0, "", "has no plans");
    }
    let mut rates = RateBook::default();
    for source in &tariff.rates {
        rates.read_file(source, &plan_names, known, problems);
    }
    for plan in &mut plans {
        rates.fill(plan);
    }
    plans
}
