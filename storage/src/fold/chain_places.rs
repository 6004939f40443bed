//! The places of accounts in chains, as a commit that puts a configuration in force will leave them.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use super::kept_rows::{KeptRows, RowKey, RowsDraft};
use super::numbers::NumberDraft;
use crate::change::ProvisionChange;
use crate::database::Unavailable;
use crate::rows::ChainPlace;
use crate::schema::{Family, chain_place_key};

/// An account whose place is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Placed(AccountNumber);

/// Places as they are on disk, as far as they were needed lately.
pub type KeptChainPlaces = KeptRows<Placed, ChainPlace>;

/// Places as the commit will leave them.
pub type ChainPlacesDraft<'a> = RowsDraft<'a, Placed, ChainPlace>;

impl RowKey for Placed {
    const FAMILY: Family = Family::Meta;

    fn to_octets(self) -> Vec<u8> {
        chain_place_key(self.0)
    }
}

impl ChainPlacesDraft<'_> {
    /// Reads the places that are about to be changed. Only this can fail, and it changes nothing.
    pub fn load_places(
        &mut self,
        numbers: &NumberDraft<'_>,
        provision: &ProvisionChange,
    ) -> Result<(), Unavailable> {
        let mut known = provision.places.iter().filter_map(|(id, _)| numbers.number_of(id));
        known.try_for_each(|number| self.load(Placed(number)).map(drop))
    }

    /// Changes places whose accounts have their numbers. One that is new has no row yet.
    pub fn change_places(&mut self, numbers: &NumberDraft<'_>, provision: &ProvisionChange, now: UnixMicros) {
        for (id, place) in &provision.places {
            if let Some(number) = numbers.number_of(id) {
                let row = self.row_or_new(Placed(number));
                *row = place.clone().map(|place| place.after(row.as_ref(), now));
            }
        }
    }
}
