//! The places of accounts in chains.

use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_bytes, put_micros};

/// `meta`: the place of an account in a chain, as it was put in force last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainPlace {
    /// The id of the account right above it; `None` where that is the house.
    pub parent: Option<String>,
    /// True if it buys the messages of the accounts right below it, or earns on them.
    pub sells: bool,
    /// The time from which on it has been below that account; `None` where it was below no other before, as far as is known.
    pub since: Option<UnixMicros>,
}

impl ChainPlace {
    /// The place that follows another at this instant.
    #[must_use]
    pub fn after(self, before: Option<&Self>, now: UnixMicros) -> Self {
        let since = match before {
            Some(before) if before.parent == self.parent => before.since,
            Some(_) => Some(now),
            None => None,
        };
        Self { since, ..self }
    }
}

impl Row for ChainPlace {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.sells));
        put_bytes(out, self.parent.as_deref().unwrap_or_default().as_bytes());
        if let Some(since) = self.since {
            put_micros(out, since);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let sells = match reader.u8()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let parent = reader.text()?;
        let parent = (!parent.is_empty()).then(|| parent.to_owned());
        let since = if reader.is_empty() { None } else { Some(reader.micros()?) };
        Some(Self { parent, sells, since })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_back() {
        for place in [
            ChainPlace::default(),
            ChainPlace { parent: Some("shop".to_owned()), sells: false, since: None },
            ChainPlace { parent: Some("top".to_owned()), sells: true, since: Some(UnixMicros(5)) },
        ] {
            assert_eq!(ChainPlace::read(&place.to_bytes()), Some(place));
        }
        assert_eq!(ChainPlace::read(&[2, 0]), None);
        // As earlier versions wrote it.
        let earlier = ChainPlace { parent: Some("up".to_owned()), sells: false, since: None };
        assert_eq!(ChainPlace::read(&[0, 2, b'u', b'p']), Some(earlier));
    }

    #[test]
    fn a_place_begins_anew_below_another_parent_alone() {
        let below = |parent: &str, since| ChainPlace { parent: Some(parent.to_owned()), sells: false, since };
        let (then, now) = (Some(UnixMicros(5)), UnixMicros(9));
        assert_eq!(below("shop", None).after(None, now), below("shop", None));
        assert_eq!(below("shop", None).after(Some(&below("shop", then)), now), below("shop", then));
        assert_eq!(below("rival", None).after(Some(&below("shop", then)), now), below("rival", Some(now)));
    }
}
