//! A message as `submit_sm` and `deliver_sm` carry it: their bodies are laid out alike (SMPP 3.4 §4.4.1, §4.6.1).

pub const SAR_REFERENCE: u16 = 0x020C;
pub const SAR_TOTAL: u16 = 0x020E;
pub const SAR_PART: u16 = 0x020F;
pub const MESSAGE_PAYLOAD: u16 = 0x0424;
pub const USER_MESSAGE_REFERENCE: u16 = 0x0204;
pub const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
pub const MESSAGE_STATE: u16 = 0x0427;

/// Bits 5 to 2 of `esm_class` in a delivery receipt.
pub const RECEIPT: u8 = 0x04;
/// The same in an intermediate notification.
pub const INTERMEDIATE: u8 = 0x20;
/// The bit of `esm_class` that says that the octets begin with a user data header.
pub const UDHI: u8 = 0x40;

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Sm {
    pub service_type: String,
    pub source: Party,
    pub destination: Party,
    pub esm_class: u8,
    pub protocol_id: u8,
    pub priority_flag: u8,
    pub schedule: String,
    pub validity: String,
    pub registered_delivery: u8,
    pub replace_if_present: u8,
    pub data_coding: u8,
    pub default_message: u8,
    pub octets: Vec<u8>,
    pub tlvs: Vec<(u16, Vec<u8>)>,
}

/// An address with its type and plan.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Party {
    pub ton: u8,
    pub npi: u8,
    pub digits: String,
}

impl Party {
    pub fn named(name: &str) -> Self {
        Self { ton: 5, npi: 0, digits: name.into() }
    }

    pub fn number(digits: &str) -> Self {
        Self { ton: 1, npi: 1, digits: digits.into() }
    }
}

impl Sm {
    /// A short text that asks for a receipt.
    pub fn to(destination: &str) -> Self {
        Self {
            source: Party::named("Tollgate"),
            destination: Party::number(destination),
            registered_delivery: 1,
            octets: b"Your code is 493817".to_vec(),
            ..Self::default()
        }
    }

    pub fn text(mut self, text: &str) -> Self {
        self.octets = text.as_bytes().to_vec();
        self
    }

    pub fn tlv(mut self, tag: u16, value: &[u8]) -> Self {
        self.tlvs.push((tag, value.to_vec()));
        self
    }

    /// The first TLV of that tag.
    pub fn tlv_of(&self, tag: u16) -> Option<&[u8]> {
        self.tlvs.iter().find(|(found, _)| *found == tag).map(|(_, value)| value.as_slice())
    }

    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        put_text(&mut body, &self.service_type);
        for party in [&self.source, &self.destination] {
            body.extend_from_slice(&[party.ton, party.npi]);
            put_text(&mut body, &party.digits);
        }
        body.extend_from_slice(&[self.esm_class, self.protocol_id, self.priority_flag]);
        put_text(&mut body, &self.schedule);
        put_text(&mut body, &self.validity);
        body.extend_from_slice(&[self.registered_delivery, self.replace_if_present]);
        body.extend_from_slice(&[self.data_coding, self.default_message]);
        body.push(u8::try_from(self.octets.len()).expect("a short message"));
        body.extend_from_slice(&self.octets);
        for (tag, value) in &self.tlvs {
            body.extend_from_slice(&tag.to_be_bytes());
            body.extend_from_slice(&u16::try_from(value.len()).expect("a TLV").to_be_bytes());
            body.extend_from_slice(value);
        }
        body
    }

    /// Reads what the other side sent; panics where it is not well-formed.
    pub fn read(body: &[u8]) -> Self {
        let mut rest = Rest(body);
        let mut sm = Self { service_type: rest.text(), ..Self::default() };
        sm.source = rest.party();
        sm.destination = rest.party();
        [sm.esm_class, sm.protocol_id, sm.priority_flag] = [rest.octet(), rest.octet(), rest.octet()];
        sm.schedule = rest.text();
        sm.validity = rest.text();
        [sm.registered_delivery, sm.replace_if_present] = [rest.octet(), rest.octet()];
        [sm.data_coding, sm.default_message] = [rest.octet(), rest.octet()];
        let length = rest.octet().into();
        sm.octets = rest.take(length).to_vec();
        while !rest.0.is_empty() {
            let (tag, length) = (rest.short(), rest.short());
            sm.tlvs.push((tag, rest.take(length.into()).to_vec()));
        }
        sm
    }
}

/// The octets that are still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, octets: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(octets);
        self.0 = rest;
        taken
    }

    fn octet(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn short(&mut self) -> u16 {
        u16::from_be_bytes([self.octet(), self.octet()])
    }

    fn text(&mut self) -> String {
        let length = self.0.iter().position(|octet| *octet == 0).expect("a C string");
        let text = String::from_utf8(self.take(length).to_vec()).expect("ASCII");
        self.take(1);
        text
    }

    fn party(&mut self) -> Party {
        Party { ton: self.octet(), npi: self.octet(), digits: self.text() }
    }
}

pub fn put_text(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(text.as_bytes());
    body.push(0);
}
