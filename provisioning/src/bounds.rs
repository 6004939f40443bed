//! The bounds and defaults of what an account, an operator, a link or a plan may set.
//!
//! Each is defined here once. The readers of files, the management API and its OpenAPI document all refer to
//! it.

pub mod account;
pub mod bundle;
pub mod cap;
pub mod link;
mod number;
pub mod operator;
pub mod plan;
pub mod price_list;
pub mod pumping;
pub mod routing;
pub mod scope;
pub mod text;

pub use number::{Bounds, Number, OutOfBounds};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_allowed() {
        let numbers = link::NUMBERS.into_iter().chain(operator::NUMBERS).chain(pumping::NUMBERS);
        for number in numbers.chain([account::MAX_BINDS]) {
            assert_eq!(number.bounds.check(number.default), Ok(()), "{}", number.bounds.key);
        }
        assert_eq!(link::PORT.bounds.check(link::PORT.default), Ok(()));
        assert_eq!(bundle::PRIORITY.bounds.check(bundle::PRIORITY.default), Ok(()));
        assert_eq!(routing::HEALTH_FLOOR.bounds.check(routing::HEALTH_FLOOR.default), Ok(()));
    }
}
