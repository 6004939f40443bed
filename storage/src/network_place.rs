//! Networks with the country of a number, by which charges are added up.

use std::hash::{Hash, Hasher};

use tollgate_engine::country::CountryCode;
use tollgate_engine::network::NetworkCode;

/// A network, and the country of the numbers that were sent to. Both come from our own catalogue, so that nobody can choose them
/// to collide in a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkPlace {
    /// The network that the message is charged for.
    pub network: NetworkCode,
    /// The country of the numbers; `None` where it is not known.
    pub country: Option<CountryCode>,
}

// In one step, as it is done for every message.
impl Hash for NetworkPlace {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let country = self.country.map_or(0, |country| u16::from_be_bytes(country.to_bytes()));
        state.write_u64(u64::from(self.network.to_bits()) << 16 | u64::from(country));
    }
}
