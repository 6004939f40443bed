//! The names that messages have for what a person can say about a list: options of the command line, or fields of the API and
//! keys of profiles.

/// The names that messages have for keys of profiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wording {
    /// Options of the command line, such as `--decimal-mark`.
    Options,
    /// Fields of the API and keys of profiles, such as `decimal_mark`.
    #[default]
    Fields,
}

impl Wording {
    /// The name of a key.
    pub fn key(self, key: &str) -> String {
        match (self, key.strip_prefix("columns.")) {
            (Self::Fields, _) => key.to_owned(),
            (Self::Options, Some(field)) => format!("--column {field}=HEADER"),
            (Self::Options, None) => format!("--{}", key.replace('_', "-")),
        }
    }

    /// The names of several keys, of which one is enough.
    pub fn any_of(self, keys: &[&str]) -> String {
        keys.iter().map(|key| self.key(key)).collect::<Vec<_>>().join(" or ")
    }

    /// A key with a value, as a person says it.
    pub fn value(self, key: &str, value: &str) -> String {
        match self {
            Self::Options => format!("{} {value}", self.key(key)),
            Self::Fields => format!("{} = \"{value}\"", self.key(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_names_that_a_person_can_use() {
        for (wording, price, mark, segment) in [
            (Wording::Options, "--column price=HEADER", "--decimal-mark", "--price-per segment"),
            (Wording::Fields, "columns.price", "decimal_mark", "price_per = \"segment\""),
        ] {
            assert_eq!(wording.key("columns.price"), price);
            assert_eq!(wording.key("decimal_mark"), mark);
            assert_eq!(wording.value("price_per", "segment"), segment);
        }
        assert_eq!(Wording::Options.any_of(&["sheet", "columns.mcc"]), "--sheet or --column mcc=HEADER");
    }
}
