//! The content of a message: a text encoded as a gateway would, or octets as they are.

use tollgate_api::answer::Answer;
use tollgate_api::charges::PAYLOAD_OCTETS_MAX;
use tollgate_api::problem::Problem;
use tollgate_engine::account::DefaultCoding;
use tollgate_engine::segments::{Body, encode_text};

/// Octets of each of several segments of septets.
const SEPTETS_OF_PART: usize = 153;

/// The content of a message.
pub struct Content {
    pub data_coding: u8,
    pub udhi: bool,
    pub octets: Vec<u8>,
}

/// The fields of a request that give the content: exactly one of the first three is set.
#[derive(Clone, Copy, Default)]
pub struct ContentFields<'a> {
    pub text: Option<&'a str>,
    pub payload: Option<&'a str>,
    pub segments: Option<u8>,
    pub data_coding: Option<u8>,
    pub udhi: Option<bool>,
}

impl Content {
    /// Reads the fields, for an account that reads data_coding 0 in this way.
    pub fn read(fields: &ContentFields<'_>, default_coding: DefaultCoding) -> Answer<Self> {
        let content = match (fields.text, fields.payload, fields.segments) {
            (Some(text), None, None) => Self::of_text(text, default_coding),
            (None, Some(payload), None) => Self {
                data_coding: fields.data_coding.unwrap_or(0),
                udhi: fields.udhi.unwrap_or(false),
                octets: hex::decode(payload)
                    .map_err(|_| Problem::field("payload", "must be an even number of hexadecimal digits"))?,
            },
            (None, None, Some(segments)) if segments > 0 => {
                let characters = if segments == 1 { 1 } else { usize::from(segments) * SEPTETS_OF_PART };
                Self::of_text(&"a".repeat(characters), default_coding)
            }
            (None, None, Some(_)) => return Err(Problem::field("segments", "is zero")),
            (None, None, None) => {
                return Err(Problem::field("text", "is missing; send text, payload or segments"));
            }
            _ => return Err(Problem::field("text", "cannot be sent together with payload or segments")),
        };
        if fields.payload.is_none() && (fields.data_coding.is_some() || fields.udhi.is_some()) {
            return Err(Problem::field("payload", "is missing; data_coding and udhi describe it"));
        }
        if content.octets.len() > PAYLOAD_OCTETS_MAX {
            let field = if fields.payload.is_some() { "payload" } else { "text" };
            return Err(Problem::field(field, format!("has more than {PAYLOAD_OCTETS_MAX} octets")));
        }
        Ok(content)
    }

    /// Encodes a text. For accounts whose data_coding 0 is Latin-1, the GSM alphabet would be read as other characters.
    fn of_text(text: &str, default_coding: DefaultCoding) -> Self {
        if default_coding == DefaultCoding::Gsm7 {
            let encoded = encode_text(text);
            return Self { data_coding: encoded.data_coding, udhi: false, octets: encoded.octets };
        }
        let latin1: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
        match latin1 {
            Some(octets) => Self { data_coding: 0, udhi: false, octets },
            None => Self {
                data_coding: 8,
                udhi: false,
                octets: text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            },
        }
    }

    /// The body whose segments the engine counts.
    pub fn body(&self) -> Body<'_> {
        Body {
            data_coding: self.data_coding,
            udhi: self.udhi,
            sar: None,
            octets: &self.octets,
            in_payload: self.octets.len() > Body::SHORT_MESSAGE_OCTETS_MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, default_coding: DefaultCoding) -> (u8, Vec<u8>) {
        let fields = ContentFields { text: Some(text), ..ContentFields::default() };
        let content = Content::read(&fields, default_coding).unwrap();
        (content.data_coding, content.octets)
    }

    #[test]
    fn a_text_is_what_the_account_reads_as_that_text() {
        assert_eq!(text("a@", DefaultCoding::Gsm7), (0, vec![b'a', 0]));
        assert_eq!(text("a@", DefaultCoding::Latin1), (0, b"a@".to_vec()));
        assert_eq!(text("é", DefaultCoding::Latin1), (0, vec![0xE9]));
        assert_eq!(text("€", DefaultCoding::Latin1), (8, vec![0x20, 0xAC]));
        assert_eq!(text("я", DefaultCoding::Gsm7), (8, vec![0x04, 0x4F]));
    }

    #[test]
    fn a_payload_is_octets() {
        let fields =
            ContentFields { payload: Some("48656c6C6F"), data_coding: Some(4), ..ContentFields::default() };
        let content = Content::read(&fields, DefaultCoding::Gsm7).unwrap();
        assert_eq!((content.data_coding, content.octets), (4, b"Hello".to_vec()));
        for payload in ["4", "4x", "+1", "ß"] {
            let fields = ContentFields { payload: Some(payload), ..ContentFields::default() };
            assert!(Content::read(&fields, DefaultCoding::Gsm7).is_err(), "{payload}");
        }
    }

    #[test]
    fn exactly_one_thing_is_sent() {
        let both = ContentFields { text: Some("a"), payload: Some("61"), ..ContentFields::default() };
        let coded = ContentFields { text: Some("a"), data_coding: Some(8), ..ContentFields::default() };
        for fields in [
            ContentFields::default(),
            both,
            coded,
            ContentFields { segments: Some(0), ..ContentFields::default() },
        ] {
            assert!(Content::read(&fields, DefaultCoding::Gsm7).is_err());
        }
    }
}
