//! The structure of a document for those who cannot see its pages: headings, paragraphs, tables with rows and cells.

use std::num::{NonZeroU16, NonZeroU32};

use krilla::tagging::{Identifier, Node, TableHeaderScope, Tag, TagGroup, TagKind, TagTree};

/// A part of the structure, by its place among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagId(usize);

/// The kind of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The title, with its text.
    Title(String),
    /// A heading below the title, with its text.
    Heading(String),
    /// A paragraph of text.
    Paragraph,
    /// A picture, with a text that says what it shows.
    Picture(String),
    /// A link to an address.
    Link,
    /// A table of rows.
    Table,
    /// A row of a table.
    Row,
    /// The head of a column.
    ColumnHead,
    /// The head of a row, over so many columns.
    RowHead(u32),
    /// Any other cell, over so many columns.
    Cell(u32),
}

/// The parts of a document in the order in which they are read, each within another or within the document.
#[derive(Default)]
pub struct Tags {
    parts: Vec<(Part, Option<TagId>)>,
}

impl Tags {
    /// Adds a part behind all others, within one of them or within the document.
    pub fn add(&mut self, part: Part, within: Option<TagId>) -> TagId {
        self.parts.push((part, within));
        TagId(self.parts.len() - 1)
    }

    /// A place for what is drawn of each part.
    pub fn empty_leaves(&self) -> Leaves {
        Leaves(self.parts.iter().map(|_| Vec::new()).collect())
    }

    /// The tree that goes into the file.
    pub fn tree(self, leaves: Leaves, language: &str) -> TagTree {
        let mut within: Vec<Vec<TagGroup>> = self.parts.iter().map(|_| Vec::new()).collect();
        let mut roots = Vec::new();
        // A part comes behind the one that it is within. From behind, each is complete when it is its turn.
        for ((part, parent), leaves) in self.parts.iter().zip(leaves.0).rev() {
            let mut group = part.group();
            group.children.extend(leaves.into_iter().map(Node::Leaf));
            group.children.extend(within.pop().unwrap_or_default().into_iter().rev().map(Node::Group));
            if group.children.is_empty() {
                continue;
            }
            match parent.and_then(|parent| within.get_mut(parent.0)) {
                Some(siblings) => siblings.push(group),
                None => roots.push(group),
            }
        }
        let mut tree = TagTree::new().with_lang(Some(language.to_owned()));
        roots.into_iter().rev().for_each(|group| tree.push(group));
        tree
    }
}

/// The pieces that are drawn of each part.
pub struct Leaves(Vec<Vec<Identifier>>);

impl Leaves {
    /// Adds something that was drawn.
    pub fn add(&mut self, tag: TagId, identifier: Identifier) {
        if let Some(of_tag) = self.0.get_mut(tag.0) {
            of_tag.push(identifier);
        }
    }
}

impl Part {
    fn group(&self) -> TagGroup {
        let level = |level| NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN);
        let span = |columns: u32| NonZeroU32::new(columns).filter(|columns| columns.get() > 1);
        let kind: TagKind = match self {
            Self::Title(text) => Tag::Hn(level(1), Some(text.clone())).into(),
            Self::Heading(text) => Tag::Hn(level(2), Some(text.clone())).into(),
            Self::Paragraph => Tag::P.into(),
            Self::Picture(text) => Tag::Figure(Some(text.clone())).into(),
            Self::Link => Tag::Link.into(),
            Self::Table => Tag::Table.into(),
            Self::Row => Tag::TR.into(),
            Self::ColumnHead => Tag::TH(TableHeaderScope::Column).into(),
            Self::RowHead(columns) => Tag::TH(TableHeaderScope::Row).with_col_span(span(*columns)).into(),
            Self::Cell(columns) => Tag::TD.with_col_span(span(*columns)).into(),
        };
        TagGroup::new(kind)
    }
}
