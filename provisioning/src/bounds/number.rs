//! Whole numbers with their keys, bounds and defaults.

use std::ops::RangeInclusive;

use thiserror::Error;

/// The least and the greatest value of a whole number, with the key that it has in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds<T = u32> {
    /// The key in files.
    pub key: &'static str,
    /// The least value.
    pub least: T,
    /// The greatest value.
    pub most: T,
}

/// A whole number that has a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<T = u32> {
    /// Its key and bounds.
    pub bounds: Bounds<T>,
    /// The value where none is set.
    pub default: T,
}

/// A number that is not within its bounds. It is displayed without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be from {least} to {most}")]
pub struct OutOfBounds {
    /// The key of the number.
    pub key: &'static str,
    /// The least value that it may have.
    pub least: u64,
    /// The greatest value that it may have.
    pub most: u64,
}

impl<T: Copy + Into<u64>> Bounds<T> {
    pub(super) const fn new(key: &'static str, least: T, most: T) -> Self {
        Self { key, least, most }
    }

    pub(super) const fn with_default(self, default: T) -> Number<T> {
        Number { bounds: self, default }
    }

    /// The values that are allowed.
    pub fn range(&self) -> RangeInclusive<u64> {
        self.least.into()..=self.most.into()
    }

    /// The same bounds with a greatest value that is not above `most`.
    #[must_use]
    pub fn at_most(self, most: T) -> Self
    where
        T: Ord,
    {
        Self { most: self.most.min(most), ..self }
    }

    /// Returns an error that names the key if the value is not allowed.
    pub fn check(&self, value: T) -> Result<(), OutOfBounds> {
        if self.range().contains(&value.into()) {
            Ok(())
        } else {
            Err(OutOfBounds { key: self.key, least: self.least.into(), most: self.most.into() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_allowed_and_the_error_names_the_key() {
        let bounds = Bounds::new("window", 1_u32, 64);
        assert_eq!([1, 64].map(|value| bounds.check(value)), [Ok(()), Ok(())]);
        for value in [0, 65, u32::MAX] {
            let error = bounds.check(value).unwrap_err();
            assert_eq!((error.key, error.to_string().as_str()), ("window", "must be from 1 to 64"));
        }
    }
}
