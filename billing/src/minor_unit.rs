//! The decimals of currencies, by ISO 4217.

use tollgate_engine::money::Currency;

/// Currencies without decimals in ISO 4217.
const NONE: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
    "XOF", "XPF",
];
/// Currencies with three decimals in ISO 4217.
const THREE: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// Decimals of a currency's minor unit.
pub fn decimals(currency: Currency) -> u32 {
    match currency.as_str() {
        code if NONE.contains(&code) => 0,
        code if THREE.contains(&code) => 3,
        _ => 2,
    }
}
