//! Numbers of documents: counted within an issuer and a year, from one and without gaps.

/// A sort of document with numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbered {
    /// A bill of what a postpaid account owes.
    Invoice,
    /// A correction of a sent invoice.
    CreditNote,
    /// A receipt of what a prepaid account paid for.
    Statement,
}

impl Numbered {
    /// The letters that a number begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Invoice => "INV",
            Self::CreditNote => "CRN",
            Self::Statement => "STM",
        }
    }

    /// The name of the counter of an issuer's year. `None` is the house.
    pub fn counter(self, issuer: Option<&str>, year: i16) -> String {
        let documents = match self {
            Self::Invoice => "invoices",
            Self::CreditNote => "credit_notes",
            Self::Statement => "statements",
        };
        // No account has a slash in its id.
        issuer.map_or_else(|| format!("{documents}/{year}"), |issuer| format!("{documents}/{issuer}/{year}"))
    }

    /// The number of an issuer's document. A reseller's has the id of its account in it, so that no two issuers have the same.
    pub fn number(self, issuer: Option<&str>, year: i16, count: u64) -> String {
        let prefix = self.prefix();
        match issuer {
            None => format!("{prefix}-{year}-{count:06}"),
            Some(issuer) => format!("{prefix}-{issuer}-{year}-{count:06}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_issuer_has_numbers_of_its_own() {
        assert_eq!(Numbered::Invoice.number(None, 2026, 1), "INV-2026-000001");
        assert_eq!(Numbered::Invoice.number(Some("reseller_1"), 2026, 1), "INV-reseller_1-2026-000001");
        assert_eq!(Numbered::CreditNote.number(None, 2027, 1_234_567), "CRN-2027-1234567");
        assert_eq!(Numbered::Invoice.counter(None, 2026), "invoices/2026");
        assert_eq!(Numbered::Statement.counter(Some("reseller_1"), 2026), "statements/reseller_1/2026");
    }
}
