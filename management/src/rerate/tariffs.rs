//! The archived versions that CDRs name, each read once.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_engine::tables::PlanTable;
use tollgate_engine::tariff::Plan;
use tollgate_provisioning::{
    ArchivedCatalogue, ArchivedKind, ArchivedTerms, Problems, archived_plans, version_of,
};
use tollgate_storage::rows::{ContentDigest, TariffFileRow, TariffRow};
use tollgate_storage::store::{Store, Unavailable};

use super::version::{Archived, PlanTables, Version};
use crate::archived_chain::chain_tables;
use crate::tariff_files::{Kinds, kind_of};

/// The versions of one store.
#[derive(Debug)]
pub struct Tariffs<'s> {
    store: &'s Store,
    known: Mutex<Known>,
}

/// Names and digests of files, by which what was made of them is found again.
type FilesKey = Vec<(Box<str>, ContentDigest)>;

#[derive(Debug, Default)]
struct Known {
    versions: HashMap<u32, Arc<Archived>>,
    kinds: Kinds,
    catalogues: HashMap<FilesKey, Arc<ArchivedCatalogue>>,
    plans: HashMap<FilesKey, Arc<PlanTables>>,
}

/// The files of one version, with what is known of each.
struct Files<'r> {
    store: &'r Store,
    files: Vec<(ArchivedKind, ContentDigest, &'r TariffFileRow)>,
}

/// The reason why a version cannot be made ready.
enum NotReady {
    Unreadable(String),
    Storage(Unavailable),
}

impl From<Unavailable> for NotReady {
    fn from(error: Unavailable) -> Self {
        Self::Storage(error)
    }
}

impl From<Problems> for NotReady {
    fn from(problems: Problems) -> Self {
        Self::Unreadable(problems.to_string().trim_end().to_owned())
    }
}

impl<'s> Tariffs<'s> {
    /// With nothing read yet.
    pub fn new(store: &'s Store) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// The version of a number. Whoever asks first waits until it is read.
    pub fn version(&self, number: u32) -> Result<Arc<Archived>, Unavailable> {
        let mut known = self.known.lock();
        if let Some(version) = known.versions.get(&number) {
            return Ok(Arc::clone(version));
        }
        let version = Arc::new(known.read(self.store, number)?);
        known.versions.insert(number, Arc::clone(&version));
        Ok(version)
    }

    /// The reasons why versions that were asked for cannot be read.
    pub fn unreadable(&self) -> Vec<String> {
        let known = self.known.lock();
        let mut unreadable: Vec<(u32, String)> = known
            .versions
            .iter()
            .filter_map(|(number, version)| match &**version {
                Archived::Unreadable(why) => Some((*number, why.clone())),
                Archived::Readable(_) | Archived::Altered(_) => None,
            })
            .collect();
        unreadable.sort();
        unreadable.into_iter().map(|(_, why)| why).collect()
    }
}

impl Known {
    fn read(&mut self, store: &Store, number: u32) -> Result<Archived, Unavailable> {
        let Some(row) = store.provisioned().tariff(number)? else {
            return Ok(Archived::Altered(format!("tariff {number} is not archived")));
        };
        let files = Files::of(store, &row, &mut self.kinds)?;
        if *files.version() != *row.version {
            let why =
                format!("the files of tariff version {} are not those that it is named after", row.version);
            return Ok(Archived::Altered(why));
        }
        match self.ready(&files) {
            Ok(version) => Ok(Archived::Readable(Box::new(version))),
            Err(NotReady::Unreadable(why)) => {
                Ok(Archived::Unreadable(format!("tariff version {}: {why}", row.version)))
            }
            Err(NotReady::Storage(error)) => Err(error),
        }
    }

    fn ready(&mut self, files: &Files<'_>) -> Result<Version, NotReady> {
        let of_catalogue = files.key(ArchivedKind::is_of_catalogue);
        let catalogue = match self.catalogues.get(&of_catalogue) {
            Some(catalogue) => Arc::clone(catalogue),
            None => Arc::new(ArchivedCatalogue::read(&files.contents(ArchivedKind::is_of_catalogue)?)?),
        };
        let of_plans = files.key(|kind| kind.is_of_plans() || kind.is_of_catalogue());
        let plans = if let Some(plans) = self.plans.get(&of_plans) {
            Arc::clone(plans)
        } else {
            let plans = archived_plans(&files.contents(ArchivedKind::is_of_plans)?, &catalogue)?;
            Arc::new(plan_tables(plans, &catalogue)?)
        };
        self.catalogues.insert(of_catalogue, Arc::clone(&catalogue));
        self.plans.insert(of_plans, Arc::clone(&plans));
        let terms = ArchivedTerms::read(&files.contents(ArchivedKind::is_of_accounts)?)?;
        let of_plans = plans.values().map(|table| &table.plan);
        let tables = chain_tables(catalogue.networks(), of_plans, &terms).map_err(NotReady::Unreadable)?;
        Ok(Version { catalogue, plans, terms, tables })
    }
}

fn plan_tables(plans: Vec<Plan>, catalogue: &ArchivedCatalogue) -> Result<PlanTables, NotReady> {
    let table = |plan: Plan| {
        let table = PlanTable::build(plan, catalogue.networks());
        table.map(|table| (Arc::clone(&table.plan.name), table))
    };
    plans
        .into_iter()
        .map(table)
        .collect::<Result<_, _>>()
        .map_err(|error| NotReady::Unreadable(error.to_string()))
}

impl<'r> Files<'r> {
    fn of(store: &'r Store, row: &'r TariffRow, kinds: &mut Kinds) -> Result<Self, Unavailable> {
        let file =
            |file: &'r TariffFileRow| kind_of(store, file, kinds).map(|(kind, digest)| (kind, digest, file));
        Ok(Self { store, files: row.files.iter().map(file).collect::<Result<_, _>>()? })
    }

    /// The name that a version of these files has.
    fn version(&self) -> Arc<str> {
        version_of(self.files.iter().map(|(_, digest, file)| (&*file.name, digest)))
    }

    fn key(&self, is_part: impl Fn(ArchivedKind) -> bool) -> FilesKey {
        let part = self.files.iter().filter(|(kind, ..)| is_part(*kind));
        part.map(|(_, digest, file)| (file.name.as_str().into(), *digest)).collect()
    }

    fn contents(
        &self,
        is_part: impl Fn(ArchivedKind) -> bool,
    ) -> Result<Vec<(String, Vec<u8>)>, Unavailable> {
        let part = self.files.iter().filter(|(kind, ..)| is_part(*kind));
        let provisioned = self.store.provisioned();
        part.map(|(.., file)| Ok((file.name.clone(), provisioned.tariff_content(&file.content)?))).collect()
    }
}
