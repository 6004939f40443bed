//! Taxes as a document states them, in the categories of EN 16931.

/// The tax of all lines of one category and rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tax {
    /// The category, which says why the rate is what it is.
    pub category: TaxCategory,
    /// Millionths of the base: `160_000` is 16 %. It is zero in every category but [`TaxCategory::Standard`].
    pub rate_millionths: u32,
    /// The reason in words why nothing is taken. It is needed in the categories for which [`TaxCategory::needs_reason`] holds.
    pub reason: Option<String>,
    /// The sum of the lines, in minor units.
    pub base: i64,
    /// The tax itself, in minor units, less than one unit away from base times rate.
    pub amount: i64,
}

/// The category of a tax, UNCL 5305 as EN 16931 uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaxCategory {
    /// Taxed at a rate above zero.
    Standard,
    /// Taxed at a rate of zero.
    ZeroRated,
    /// Exempt from tax.
    Exempt,
    /// The customer owes the tax.
    ReverseCharge,
    /// Sold to a country outside the tax area.
    Export,
    /// Not subject to the tax at all; no other tax can stand beside it.
    OutsideScope,
}

impl TaxCategory {
    /// The code of UNCL 5305.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Standard => "S",
            Self::ZeroRated => "Z",
            Self::Exempt => "E",
            Self::ReverseCharge => "AE",
            Self::Export => "G",
            Self::OutsideScope => "O",
        }
    }

    /// True where the document has to say why no tax is taken.
    pub const fn needs_reason(self) -> bool {
        !matches!(self, Self::Standard | Self::ZeroRated)
    }
}
