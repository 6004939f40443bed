//! Amounts as providers write them: whole numbers of a minor unit, by a table for each provider.
//!
//! The exponents of ISO 4217 are not enough: a provider takes some currencies without their decimals, others with decimals that
//! they do not have, and of some only multiples. An amount that a provider cannot hold is an error, and nothing is rounded.

use tollgate_engine::money::{Amount, Currency, MICROS_PER_UNIT};

use crate::minor_unit;

/// Digits of the largest amount that a provider is asked for.
const DIGITS_MAX: u32 = 12;

/// The table of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MinorUnits {
    /// ISO 4217, as bank transfers have it.
    Iso,
    /// The table of Stripe.
    Stripe,
    /// The table of PayPal.
    PayPal,
}

/// The form of amounts in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    /// Decimals of the minor unit.
    decimals: u32,
    /// Minor units that an amount is a multiple of.
    step: i64,
}

/// An amount that a provider cannot hold. The text follows the name of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MinorUnitsError {
    /// The provider does not take the currency.
    Currency(Currency),
    /// The amount is finer than the provider takes it.
    TooFine {
        /// The currency of the amount.
        currency: Currency,
        /// The least amount, of which it must be a multiple.
        multiple_of: Amount,
    },
    /// The amount is not more than zero, or has too many digits.
    Range,
}

impl std::fmt::Display for MinorUnitsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Currency(currency) => write!(f, "is in {currency}, which the provider does not take"),
            Self::TooFine { currency, multiple_of } => {
                write!(
                    f,
                    "must be a multiple of {multiple_of} {currency}, which is the least that the provider takes"
                )
            }
            Self::Range => {
                write!(
                    f,
                    "must be more than zero, and less than {DIGITS_MAX} digits of the smallest unit can say"
                )
            }
        }
    }
}

impl std::error::Error for MinorUnitsError {}

/// Stripe: amounts are in the unit itself.
const STRIPE_NONE: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
];
/// Stripe: amounts are in hundredths, of which only whole units are taken. The currencies have no decimals (any more).
const STRIPE_HUNDREDTHS_OF_NONE: &[&str] = &["ISK", "UGX"];
/// Stripe: amounts are in thousandths, of which only multiples of ten are taken.
const STRIPE_THREE: &[&str] = &["BHD", "JOD", "KWD", "OMR", "TND"];

/// PayPal: currencies that it takes.
const PAYPAL: &[&str] = &[
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "MYR",
    "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
];
/// PayPal: currencies that it takes without decimals.
const PAYPAL_NONE: &[&str] = &["HUF", "JPY", "TWD"];

impl MinorUnits {
    fn form(self, currency: Currency) -> Option<Form> {
        let is_in = |list: &[&str]| list.contains(&currency.as_str());
        let decimals = |decimals| Some(Form { decimals, step: 1 });
        match self {
            Self::Iso => decimals(minor_unit::decimals(currency)),
            Self::Stripe if is_in(STRIPE_NONE) => decimals(0),
            Self::Stripe if is_in(STRIPE_HUNDREDTHS_OF_NONE) => Some(Form { decimals: 2, step: 100 }),
            Self::Stripe if is_in(STRIPE_THREE) => Some(Form { decimals: 3, step: 10 }),
            Self::PayPal if is_in(PAYPAL_NONE) => decimals(0),
            Self::PayPal if !is_in(PAYPAL) => None,
            Self::Stripe | Self::PayPal => decimals(2),
        }
    }

    /// Decimals of the amounts in a currency as the provider writes them; `None` where it does not take the currency.
    pub fn decimals(self, currency: Currency) -> Option<u32> {
        self.form(currency).map(|form| form.decimals)
    }

    /// The least amount of a currency that the provider takes; all others are multiples of it.
    pub fn least(self, currency: Currency) -> Result<Amount, MinorUnitsError> {
        let form = self.form(currency).ok_or(MinorUnitsError::Currency(currency))?;
        Ok(Amount::from_micros(micros_per_minor(form).saturating_mul(form.step)))
    }

    /// An amount as the provider writes it: a whole number of its minor unit.
    pub fn to_minor(self, amount: Amount, currency: Currency) -> Result<i64, MinorUnitsError> {
        let form = self.form(currency).ok_or(MinorUnitsError::Currency(currency))?;
        let (micros, least) = (amount.micros(), self.least(currency)?);
        if micros <= 0 {
            return Err(MinorUnitsError::Range);
        }
        if micros % least.micros() != 0 {
            return Err(MinorUnitsError::TooFine { currency, multiple_of: least });
        }
        let minor = micros / micros_per_minor(form);
        if minor >= 10_i64.pow(DIGITS_MAX) { Err(MinorUnitsError::Range) } else { Ok(minor) }
    }

    /// The amount that the provider writes so. It may be zero, or below.
    pub fn from_minor(self, minor: i64, currency: Currency) -> Result<Amount, MinorUnitsError> {
        let form = self.form(currency).ok_or(MinorUnitsError::Currency(currency))?;
        let micros = minor.checked_mul(micros_per_minor(form)).ok_or(MinorUnitsError::Range)?;
        Ok(Amount::from_micros(micros))
    }

    /// An amount as a decimal text with the provider's decimals, such as `10.00` or `1000`.
    pub fn to_text(self, amount: Amount, currency: Currency) -> Result<String, MinorUnitsError> {
        let minor = self.to_minor(amount, currency)?;
        let decimals = self.decimals(currency).unwrap_or_default();
        let unit = 10_i64.pow(decimals);
        let (whole, part) = (minor / unit, minor % unit);
        let width = usize::try_from(decimals).unwrap_or_default();
        Ok(if decimals == 0 { whole.to_string() } else { format!("{whole}.{part:0width$}") })
    }
}

fn micros_per_minor(form: Form) -> i64 {
    MICROS_PER_UNIT / 10_i64.pow(form.decimals)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [MinorUnits; 3] = [MinorUnits::Iso, MinorUnits::Stripe, MinorUnits::PayPal];

    fn currency(code: &str) -> Currency {
        Currency::new(code).expect("a currency")
    }

    fn amount(text: &str) -> Amount {
        text.parse().expect("an amount")
    }

    /// Written by hand from the pages of the providers: amount, currency, and the number that is sent.
    const STRIPE: &[(&str, &str, i64)] = &[
        ("10.00", "USD", 1_000),
        ("0.01", "EUR", 1),
        ("1000", "JPY", 1_000),
        ("1000", "KRW", 1_000),
        ("500", "XOF", 500),
        ("500", "MGA", 500),
        // Without decimals for ISO 4217, and in hundredths here.
        ("1000", "UGX", 100_000),
        ("250", "ISK", 25_000),
        // Two decimals when charged, none when paid out.
        ("45.20", "HUF", 4_520),
        ("800.45", "TWD", 80_045),
        // Three decimals, of which the last is zero.
        ("5.120", "KWD", 5_120),
        ("0.010", "BHD", 10),
        ("1.000", "JOD", 1_000),
        ("100", "KES", 10_000),
        ("12000", "UZS", 1_200_000),
    ];

    #[test]
    fn stripes_amounts_are_right_in_both_directions() {
        for (text, code, minor) in STRIPE {
            let (amount, currency) = (amount(text), currency(code));
            assert_eq!(MinorUnits::Stripe.to_minor(amount, currency), Ok(*minor), "{text} {code}");
            assert_eq!(MinorUnits::Stripe.from_minor(*minor, currency), Ok(amount), "{minor} of {code}");
        }
    }

    #[test]
    fn paypals_amounts_are_texts_with_its_own_decimals() {
        for (text, code, written) in [
            ("10", "USD", "10.00"),
            ("0.05", "EUR", "0.05"),
            ("1000", "JPY", "1000"),
            ("45", "HUF", "45"),
            ("800", "TWD", "800"),
        ] {
            assert_eq!(MinorUnits::PayPal.to_text(amount(text), currency(code)), Ok(written.to_owned()));
        }
        for code in ["KES", "UGX", "UZS", "KWD"] {
            let refused = MinorUnits::PayPal.to_minor(amount("10"), currency(code)).unwrap_err();
            assert!(refused.to_string().contains("does not take"), "{refused}");
        }
        assert!(MinorUnits::PayPal.to_minor(amount("45.20"), currency("HUF")).is_err());
    }

    #[test]
    fn an_amount_that_cannot_be_held_is_an_error_that_says_what_can() {
        for (table, text, code, least) in [
            (MinorUnits::Stripe, "0.005", "USD", "0.01"),
            (MinorUnits::Stripe, "10.50", "JPY", "1.00"),
            (MinorUnits::Stripe, "10.50", "UGX", "1.00"),
            (MinorUnits::Stripe, "0.50", "ISK", "1.00"),
            (MinorUnits::Stripe, "5.124", "KWD", "0.01"),
            (MinorUnits::Iso, "5.1234", "KWD", "0.001"),
            (MinorUnits::PayPal, "1.5", "JPY", "1.00"),
        ] {
            let refused = table.to_minor(amount(text), currency(code)).unwrap_err();
            assert_eq!(
                refused,
                MinorUnitsError::TooFine { currency: currency(code), multiple_of: amount(least) }
            );
        }
        for amount in
            [Amount::ZERO, Amount::from_micros(-1_000_000), Amount::MAX.minus(Amount::from_micros(775_807))]
        {
            let refused = MinorUnits::Stripe.to_minor(amount, currency("USD"));
            assert_eq!(refused, Err(MinorUnitsError::Range), "{amount}");
        }
    }

    proptest! {
        #[test]
        fn what_is_sent_is_what_is_read_back(minor in 1_i64..1_000_000_000, code in "[A-Z]{3}") {
            let currency = currency(&code);
            for table in ALL {
                let Ok(read) = table.from_minor(minor, currency) else { continue };
                // A number that the provider would not take is refused, and never another one.
                if let Ok(sent) = table.to_minor(read, currency) {
                    prop_assert_eq!(sent, minor);
                }
                let least = table.least(currency).expect("the currency is taken");
                let whole = Amount::from_micros(least.micros() * minor);
                let sent = table.to_minor(whole, currency).expect("a multiple of the least");
                prop_assert_eq!(table.from_minor(sent, currency), Ok(whole));
            }
        }
    }
}
