//! The places of accounts in chains.

use super::Row;
use crate::codec::{Reader, put_bytes};

/// `meta`: the place of an account in a chain, as it was put in force last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainPlace {
    /// The id of the account right above it; `None` where that is the house.
    pub parent: Option<String>,
    /// True if it buys the messages of the accounts right below it, or earns on them.
    pub sells: bool,
}

impl Row for ChainPlace {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.sells));
        put_bytes(out, self.parent.as_deref().unwrap_or_default().as_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let sells = match reader.u8()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let parent = reader.text()?;
        Some(Self { parent: (!parent.is_empty()).then(|| parent.to_owned()), sells })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_back() {
        for place in [
            ChainPlace::default(),
            ChainPlace { parent: Some("shop".to_owned()), sells: false },
            ChainPlace { parent: Some("top".to_owned()), sells: true },
        ] {
            assert_eq!(ChainPlace::read(&place.to_bytes()), Some(place));
        }
        assert_eq!(ChainPlace::read(&[2, 0]), None);
    }
}
