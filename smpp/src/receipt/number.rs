//! Reads the integers of optional parameters.

/// An integer parameter of whatever length it was sent in.
pub(super) fn small_number(value: &[u8]) -> Option<u32> {
    let significant = value.iter().position(|octet| *octet != 0).unwrap_or(value.len());
    let digits = value.get(significant..).filter(|digits| !value.is_empty() && digits.len() <= 4)?;
    Some(digits.iter().fold(0, |number, octet| number << 8 | u32::from(*octet)))
}
