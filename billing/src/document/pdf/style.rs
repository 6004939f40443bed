//! Sizes, weights, colours and measures of the page, in points.

use krilla::color::rgb;

use super::fonts::Weight;

/// The width of A4.
pub const PAGE_WIDTH: f32 = 595.28;
/// The height of A4.
pub const PAGE_HEIGHT: f32 = 841.89;
/// The left edge of what is printed.
pub const LEFT: f32 = 48.0;
/// The right edge of what is printed.
pub const RIGHT: f32 = PAGE_WIDTH - LEFT;
/// The upper edge of what is printed.
pub const TOP: f32 = 52.0;
/// The lower edge of what is printed, above the footer.
pub const BOTTOM: f32 = PAGE_HEIGHT - 58.0;
/// The baseline of the footer.
pub const FOOTER: f32 = PAGE_HEIGHT - 36.0;
/// The space from one line of text to the next, as a part of the size.
pub const LEADING: f32 = 1.45;

/// The look of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// The size in points.
    pub size: f32,
    /// The weight of the font.
    pub weight: Weight,
    /// The colour of the text.
    pub ink: Ink,
    /// True where digits stand below one another.
    pub is_tabular: bool,
}

/// The colours of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// The colour of text.
    Dark,
    /// Labels and remarks. Its contrast to white is above 4.5 to 1.
    Muted,
    /// The colour of links.
    Link,
    /// Rules between rows.
    Light,
}

impl Ink {
    /// The colour in sRGB.
    pub fn color(self) -> rgb::Color {
        match self {
            Self::Dark => rgb::Color::new(26, 31, 54),
            Self::Muted => rgb::Color::new(95, 105, 122),
            Self::Link => rgb::Color::new(58, 73, 201),
            Self::Light => rgb::Color::new(221, 225, 231),
        }
    }
}

const fn style(size: f32, weight: Weight, ink: Ink) -> Style {
    Style { size, weight, ink, is_tabular: false }
}

/// Ordinary text of a document.
pub const BODY: Style = style(9.0, Weight::Regular, Ink::Dark);
/// Names, sums and headings of rows.
pub const STRONG: Style = style(9.0, Weight::SemiBold, Ink::Dark);
/// Numbers in columns.
pub const FIGURE: Style = Style { is_tabular: true, ..BODY };
/// Sums in columns.
pub const STRONG_FIGURE: Style = Style { is_tabular: true, ..STRONG };
/// Labels in front of values.
pub const LABEL: Style = style(9.0, Weight::Regular, Ink::Muted);
/// Heads of columns, remarks and the footer.
pub const SMALL: Style = style(7.8, Weight::Regular, Ink::Muted);
/// The title of the document.
pub const TITLE: Style = style(23.0, Weight::SemiBold, Ink::Dark);
/// The amount that matters most.
pub const HEADLINE: Style = style(16.0, Weight::SemiBold, Ink::Dark);
/// The issuer's name where there is no logo.
pub const LETTERHEAD: Style = style(13.0, Weight::SemiBold, Ink::Dark);
/// Links to other pages.
pub const LINK: Style = style(9.0, Weight::SemiBold, Ink::Link);
