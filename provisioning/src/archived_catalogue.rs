//! Networks and numbers, read from an archived tariff.

use tollgate_engine::network::{NetworkId, Networks};
use tollgate_engine::number::Number;
use tollgate_engine::tables::{NetworkSource, network_of};

use crate::archived_sources::ArchivedSources;
use crate::catalogue::Catalogue;
use crate::read::Problems;

/// The networks of numbers by an archived tariff.
#[derive(Debug)]
pub struct ArchivedCatalogue {
    pub(crate) catalogue: Catalogue,
    knows_ported: bool,
}

impl ArchivedCatalogue {
    /// Reads what the files of an archive say of networks and numbers. The error has the mistakes in them.
    pub fn read(files: &[(String, Vec<u8>)]) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let sources = ArchivedSources::sort(files, &mut problems);
        let catalogue = Catalogue::read(&sources.tariff, &mut problems);
        let read = Self { catalogue, knows_ported: !sources.has_lost_ported };
        if problems.is_empty() { Ok(read) } else { Err(problems) }
    }

    /// The catalogue of networks, with aliases.
    pub fn networks(&self) -> &Networks {
        &self.catalogue.networks
    }

    /// The network of a number, as it was found when the tariff was in force.
    pub fn network_of(&self, number: &Number) -> Option<(NetworkId, NetworkSource)> {
        network_of(&self.catalogue.ported, &self.catalogue.numbering, number)
    }

    /// False if only the hash of the ported numbers was archived, as by an earlier version of the program.
    pub fn knows_ported(&self) -> bool {
        self.knows_ported
    }
}
