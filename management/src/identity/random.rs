//! Randomness of the operating system: ids, tokens, passwords.

use tollgate_api::problem::Problem;
use tollgate_engine::time::UnixMicros;

/// Letters and digits that nobody takes for one another when reading them out: no 0, O, 1, l, I.
const READABLE: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";

/// So many random octets.
pub fn octets<const N: usize>() -> Result<[u8; N], Problem> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).map_err(|error| {
        tracing::error!(%error, "no randomness");
        Problem::internal("the operating system gave no randomness")
    })?;
    Ok(octets)
}

/// A text of `N` characters, of five bits of randomness each.
pub fn text<const N: usize>() -> Result<String, Problem> {
    let octets = octets::<N>()?;
    let character = |octet: &u8| READABLE.get(usize::from(octet % 32)).copied().unwrap_or(b'x');
    Ok(octets.iter().map(|octet| char::from(character(octet))).collect())
}

/// An id with this prefix, such as `usr_k3…`: 100 bits, so that no two are alike.
pub fn id(prefix: &str) -> Result<String, Problem> {
    Ok(format!("{prefix}_{}", text::<20>()?))
}

/// An id for something that happened at `at`. Ids sort by that time.
pub fn id_at(prefix: &str, at: UnixMicros) -> Result<String, Problem> {
    Ok(format!("{prefix}_{:016x}{}", at.0, text::<8>()?))
}
