//! The meanings that columns of a price list can have.

/// The meaning of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Mobile country code.
    Mcc,
    /// Mobile network code, or a list or range of them.
    Mnc,
    /// MCC and MNC in one cell.
    MccMnc,
    /// Digits at the beginning of numbers in international form.
    Prefix,
    /// A country by name or ISO 3166-1 code.
    Country,
    /// A network by name.
    Network,
    /// The price of a segment.
    Price,
    /// The currency of the price.
    Currency,
    /// The day or time from which the price holds.
    EffectiveFrom,
    /// The day or time until which it holds.
    EffectiveTo,
    /// The fate of the network: new, increase, closed.
    Status,
    /// The plan, in lists in Tollgate's own form.
    Plan,
    /// A text for people.
    Note,
}

impl Field {
    /// All of them, with their keys in profiles.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::Mcc, "mcc"),
        (Self::Mnc, "mnc"),
        (Self::MccMnc, "mcc_mnc"),
        (Self::Prefix, "prefix"),
        (Self::Country, "country"),
        (Self::Network, "network"),
        (Self::Price, "price"),
        (Self::Currency, "currency"),
        (Self::EffectiveFrom, "effective_from"),
        (Self::EffectiveTo, "effective_to"),
        (Self::Status, "status"),
        (Self::Plan, "plan"),
        (Self::Note, "note"),
    ];

    /// The key in profiles and in messages.
    pub fn key(self) -> &'static str {
        Self::ALL.iter().find(|(field, _)| *field == self).map_or("", |(_, key)| key)
    }

    /// The field of a key.
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == key).map(|(field, _)| *field)
    }
}

/// Letters and digits of a text, in lower case and without what is between them.
pub fn squeezed(text: &str) -> String {
    text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
