//! The id that a client has given a message of its own, in the `more` of its CDR.
//!
//! ```text
//! more = 2 u8 · id (string) · [the `more` that the CDR has for its postings, with its length in front]
//! ```
//! No `more` of postings begins so: it is empty, two octets long, or begins with the tag 1.

use super::postings::{EncodedPostings, LastPostings};
use crate::codec::{Reader, put_bytes};

/// The most octets of such an id.
pub const USER_SMS_ID_OCTETS_MAX: usize = 128;

const USER_SMS_ID: u8 = 2;
/// Octets of the shortest `more` with an id: the tag, a length and an octet, and one octet more so that none is a country.
const OCTETS_MIN: usize = 3;

/// Writes the end of a CDR with an id.
pub(super) fn put_more(
    out: &mut Vec<u8>,
    id: &[u8],
    beside: Option<EncodedPostings<'_>>,
    postings: &mut LastPostings,
) {
    assert!((1..=USER_SMS_ID_OCTETS_MAX).contains(&id.len()), "an id of {} octets was let through", id.len());
    let mut more = vec![USER_SMS_ID];
    put_bytes(&mut more, id);
    if let Some(beside) = beside {
        postings.put_more(&mut more, beside);
    }
    put_bytes(out, &more);
}

/// Reads the end of a CDR, behind others of which the last that has postings has `last`; `None` where there is anything that this
/// build does not know. Only some blocks have ids.
pub(super) fn take_more<'a>(
    reader: &mut Reader<'a>,
    last: Option<EncodedPostings<'a>>,
    has_ids: bool,
) -> Option<(Option<&'a [u8]>, Option<EncodedPostings<'a>>)> {
    let more = Reader(reader.0).bytes()?;
    if !has_ids || more.len() < OCTETS_MIN || more.first() != Some(&USER_SMS_ID) {
        return Some((None, Some(EncodedPostings::take_more(reader, last)?)));
    }
    let mut more = Reader(reader.bytes()?);
    more.u8()?;
    let id = more.bytes()?;
    let beside = if more.is_empty() { None } else { Some(EncodedPostings::take_more(&mut more, last)?) };
    let is_sound = (1..=USER_SMS_ID_OCTETS_MAX).contains(&id.len()) && more.is_empty();
    is_sound.then_some((Some(id), beside))
}
