//! Fields that are one of a few words, by the words that files have for them.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tollgate_provisioning::Choice;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A choice as the API writes and reads it: its word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Word<T>(pub T);

/// A choice that the OpenAPI document describes.
pub trait Documented: Choice {
    /// Name of its schema.
    const SCHEMA: &'static str;
    /// A description of the choice.
    const DESCRIPTION: &'static str;
}

/// Gives a choice its name in the API and its description in the OpenAPI document.
macro_rules! documented {
    ($(#[doc = $text:literal] $name:ident = $choice:ty;)+) => {$(
        #[doc = $text]
        pub type $name = $crate::choice::Word<$choice>;

        impl $crate::choice::Documented for $choice {
            const SCHEMA: &'static str = stringify!($name);
            const DESCRIPTION: &'static str = $text;
        }
    )+};
}

pub(crate) use documented;

impl<T: Choice> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl<'de, T: Choice> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Words(PhantomData))
    }
}

/// Reads the word of a choice.
struct Words<T>(PhantomData<T>);

impl<T: Choice> Visitor<'_> for Words<T> {
    type Value = Word<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of {}", known::<T>())
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Word<T>, E> {
        let found = T::of_word(word).map(Word);
        found.ok_or_else(|| E::custom(format!("unknown variant `{word}`, expected one of {}", known::<T>())))
    }
}

fn known<T: Choice>() -> String {
    let words: Vec<String> = T::ALL.iter().map(|choice| format!("`{}`", choice.word())).collect();
    words.join(", ")
}

impl<T: Documented> PartialSchema for Word<T> {
    fn schema() -> RefOr<Schema> {
        let words = T::ALL.iter().map(|choice| choice.word());
        let object = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
        object.description(Some(T::DESCRIPTION.trim())).into()
    }
}

impl<T: Documented> ToSchema for Word<T> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(T::SCHEMA)
    }
}

#[cfg(test)]
mod tests {
    use tollgate_provisioning::UnknownPolicy;

    use super::*;

    #[test]
    fn a_choice_is_its_word() {
        let word = Word(UnknownPolicy::Settle);
        assert_eq!(serde_json::to_string(&word).unwrap(), "\"settle\"");
        assert_eq!(serde_json::from_str::<Word<UnknownPolicy>>("\"settle\"").unwrap(), word);
        let unknown = serde_json::from_str::<Word<UnknownPolicy>>("\"forget\"").unwrap_err().to_string();
        assert!(
            unknown.starts_with("unknown variant `forget`, expected one of `resend`, `settle`"),
            "{unknown}"
        );
        assert!(serde_json::from_str::<Word<UnknownPolicy>>("1").is_err());
    }
}
