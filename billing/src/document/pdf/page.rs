//! Pages as lists of placed items, before any of them is drawn.

use super::style::{Ink, Style};
use super::tags::TagId;

/// One page of a document.
#[derive(Default)]
pub struct Page {
    /// The items in the order in which they are drawn.
    pub items: Vec<Item>,
}

/// Something on a page. Positions are points from its upper left corner.
pub enum Item {
    /// A line of text.
    Text(TextItem),
    /// A horizontal rule.
    Rule {
        /// Its left end.
        left: f32,
        /// Its right end.
        right: f32,
        /// Its height on the page.
        y: f32,
        /// The colour it has.
        ink: Ink,
    },
    /// The issuer's logo.
    Logo {
        /// The box that it fits into, at whose upper right corner it stands.
        area: Area,
        /// Its place in the structure.
        tag: TagId,
    },
    /// A part of the page that leads to an address.
    Link {
        /// The part of the page.
        area: Area,
        /// The address it leads to.
        url: String,
        /// Its place in the structure.
        tag: TagId,
    },
}

/// A line of text on a page.
pub struct TextItem {
    /// The text itself.
    pub text: String,
    /// The edge of the text that is named by `align`.
    pub x: f32,
    /// The height of the baseline.
    pub y: f32,
    /// The width that there is.
    pub width: f32,
    /// The edge that `x` names, and what is done where the text is wider than there is room.
    pub align: Align,
    /// The look of the text.
    pub style: Style,
    /// Its place in the structure; without one it is no part of what is read out.
    pub tag: Option<TagId>,
}

/// The way in which a line of text stands in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// It begins at `x`, and is cut where there is no more room.
    Left,
    /// It ends at `x`, and becomes smaller where there is not enough room: no digit of a number is left out.
    Right,
}

/// A rectangle of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// The left edge.
    pub left: f32,
    /// The upper edge.
    pub top: f32,
    /// The width in points.
    pub width: f32,
    /// The height in points.
    pub height: f32,
}
