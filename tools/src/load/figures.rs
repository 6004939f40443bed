//! Numbers, durations and statuses as people read them.

use std::fmt;
use std::time::Duration;

use rusmpp::CommandStatus;

/// A number with a comma between thousands.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration in milliseconds, with fewer decimals the longer it is.
pub struct Millis(pub Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        let (whole, rest) = (micros / 1000, micros % 1000);
        match whole {
            0..10 => write!(f, "{whole}.{rest:03} ms"),
            10..100 => write!(f, "{whole}.{:01} ms", rest / 100),
            _ => write!(f, "{whole} ms"),
        }
    }
}

/// The name of a status, as in `ESME_RINVDSTADR (0x0B)`; the number alone where the standard has no name
/// (SMPP 3.4 §5.1.3).
pub fn status_name(status: u32) -> String {
    match CommandStatus::from(status) {
        CommandStatus::Other(_) => format!("0x{status:02X}"),
        named => {
            let name = format!("{named:?}").to_uppercase();
            format!("{} (0x{status:02X})", name.replacen("ESME", "ESME_", 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn milliseconds_have_decimals_while_they_are_few() {
        let shown =
            [163, 9_999, 10_500, 2_000_000].map(|micros| Millis(Duration::from_micros(micros)).to_string());
        assert_eq!(shown, ["0.163 ms", "9.999 ms", "10.5 ms", "2000 ms"]);
    }

    #[test]
    fn statuses_have_the_names_of_the_standard() {
        assert_eq!(status_name(0x0B), "ESME_RINVDSTADR (0x0B)");
        assert_eq!(status_name(0x402), "0x402");
    }
}
