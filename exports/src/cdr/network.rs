//! Networks as the API shows them.

use tollgate_api::charges::Network;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;

use super::names::Names;

/// The network of a number, with its names and the country of the number.
pub fn network_of(names: &Names, code: NetworkCode, number: &Number) -> Network {
    let (operator, country) = names.network_of_number(code, number);
    Network {
        mcc: format!("{:03}", code.mcc),
        mnc: code.mnc.map(|mnc| mnc.to_string()),
        operator: operator.to_owned(),
        country: country.map(|country| country.iso2.to_string()),
        country_name: country.map(|country| country.name.to_string()),
    }
}
