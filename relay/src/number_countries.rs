//! The countries of numbers by a numbering plan, as the books keep them.

use std::sync::Arc;

use tollgate_engine::network::Networks;
use tollgate_storage::countries::CountryTable;

/// The countries of numbers by the plan of this catalogue.
pub fn number_countries(networks: &Networks) -> Arc<CountryTable> {
    Arc::new(CountryTable::of(networks.number_countries()))
}
