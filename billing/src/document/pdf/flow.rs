//! The place where the next row goes, and the beginning of a new page where there is no more room.

use super::page::{Align, Area, Item, Page, TextItem};
use super::style::{BOTTOM, FOOTER, Ink, LEADING, LEFT, RIGHT, SMALL, STRONG, Style, TOP};
use super::tags::{Part, TagId, Tags};
use super::text::Shaper;

/// Lines that a single text may take.
const LINES_MAX: usize = 60;

/// Pages that are filled from top to bottom.
pub struct Flow<'a> {
    /// The shaper that measures texts.
    pub shaper: &'a Shaper,
    /// The structure so far.
    pub tags: Tags,
    /// The upper edge of the next row.
    pub y: f32,
    pages: Vec<Page>,
    /// The head of all pages but the first: what the document is, and whose.
    running: [String; 2],
}

impl<'a> Flow<'a> {
    /// An empty first page.
    pub fn new(shaper: &'a Shaper, running: [String; 2]) -> Self {
        Self { shaper, tags: Tags::default(), y: TOP, pages: vec![Page::default()], running }
    }

    /// True where a row of this height does not fit on the page any more.
    pub fn is_full(&self, height: f32) -> bool {
        self.y + height > BOTTOM
    }

    /// Begins a new page where a row of this height does not fit any more.
    pub fn make_room(&mut self, height: f32) {
        if self.is_full(height) {
            self.break_page();
        }
    }

    /// Begins a new page.
    pub fn break_page(&mut self) {
        self.pages.push(Page::default());
        let [what, whose] = self.running.clone();
        let middle = f32::midpoint(LEFT, RIGHT);
        let style = Style { weight: STRONG.weight, ..SMALL };
        let whose = self.shaper.fitting(&whose, SMALL, RIGHT - middle);
        self.place(&what, (LEFT, TOP), middle - LEFT - 12.0, Align::Left, style, None);
        self.place(&whose, (RIGHT, TOP), RIGHT - middle, Align::Right, SMALL, None);
        self.rule(TOP + 8.0, LEFT, Ink::Light);
        self.y = TOP + 22.0;
    }

    /// Puts one line of text on the page: `at` is the edge that `align` names, and the baseline.
    pub fn place(
        &mut self,
        text: &str,
        at: (f32, f32),
        width: f32,
        align: Align,
        style: Style,
        tag: Option<TagId>,
    ) {
        if text.trim().is_empty() {
            return;
        }
        let text = text.to_owned();
        self.push(Item::Text(TextItem { text, x: at.0, y: at.1, width, align, style, tag }));
    }

    /// Puts a text of at most so many lines on the page, from `y` on, and gives its height.
    pub fn block(
        &mut self,
        text: &str,
        left: f32,
        width: f32,
        style: Style,
        lines_max: usize,
        tag: Option<TagId>,
    ) -> f32 {
        let leading = style.size * LEADING;
        let lines = self.shaper.wrapped(text, style, width, lines_max);
        let mut baseline = self.y + style.size;
        for line in &lines {
            self.place(line, (left, baseline), width, Align::Left, style, tag);
            baseline += leading;
        }
        baseline - self.y - style.size
    }

    /// Adds a paragraph that may go on on further pages.
    pub fn paragraph(&mut self, text: &str, style: Style) {
        let tag = self.tags.add(Part::Paragraph, None);
        for line in self.shaper.wrapped(text, style, RIGHT - LEFT, LINES_MAX) {
            self.make_room(style.size * LEADING);
            self.place(&line, (LEFT, self.y + style.size), RIGHT - LEFT, Align::Left, style, Some(tag));
            self.y += style.size * LEADING;
        }
    }

    /// Draws a rule up to the right edge.
    pub fn rule(&mut self, y: f32, left: f32, ink: Ink) {
        self.push(Item::Rule { left, right: RIGHT, y, ink });
    }

    /// Puts the logo into an area.
    pub fn logo(&mut self, area: Area, tag: TagId) {
        self.push(Item::Logo { area, tag });
    }

    /// Makes an area lead to an address.
    pub fn link(&mut self, area: Area, url: &str, tag: TagId) {
        self.push(Item::Link { area, url: url.to_owned(), tag });
    }

    /// The pages, each with its footer, and the structure.
    pub fn finish(mut self, footer: &str) -> (Vec<Page>, Tags) {
        let count = self.pages.len();
        for (index, page) in self.pages.iter_mut().enumerate() {
            let text = |text: String, x, align| {
                let width = (RIGHT - LEFT) * 0.5;
                Item::Text(TextItem { text, x, y: FOOTER, width, align, style: SMALL, tag: None })
            };
            page.items.push(text(footer.to_owned(), LEFT, Align::Left));
            page.items.push(text(format!("Page {} of {count}", index + 1), RIGHT, Align::Right));
        }
        (self.pages, self.tags)
    }

    fn push(&mut self, item: Item) {
        if let Some(page) = self.pages.last_mut() {
            page.items.push(item);
        }
    }
}
