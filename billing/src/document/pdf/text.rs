//! Text as glyphs: their fonts, order and widths; and the places at which a text breaks into lines.

use krilla::text::{GlyphId, KrillaGlyph};
use rustybuzz::ttf_parser::Tag;
use rustybuzz::{Direction, Feature, UnicodeBuffer};
use unicode_bidi::BidiInfo;

use super::fonts::{FontId, Fonts, MISSING, Weight, primary, units_per_em};
use super::style::Style;

/// Stands at the end of a text that was cut.
const ELLIPSIS: char = '…';

/// The factor by which joined letters, as those of Arabic, may be wider than by themselves.
const JOINED: f32 = 1.15;

/// Text of one font in the order of the page. Widths are parts of the font's size.
pub struct Run {
    /// The font of all glyphs.
    pub font: FontId,
    /// The text in the order in which it is read.
    pub text: String,
    /// The glyphs from left to right.
    pub glyphs: Vec<KrillaGlyph>,
    /// The sum of the glyphs' advances.
    pub width: f32,
}

/// A line of text, from left to right.
pub struct ShapedLine {
    /// The runs from left to right.
    pub runs: Vec<Run>,
    /// The width of all, as a part of the font's size.
    pub width: f32,
}

/// Shapes, measures and breaks text.
pub struct Shaper {
    fonts: Fonts,
}

impl Shaper {
    /// With these fonts.
    pub const fn new(fonts: Fonts) -> Self {
        Self { fonts }
    }

    /// The fonts that it shapes with.
    pub const fn fonts(&self) -> &Fonts {
        &self.fonts
    }

    /// A text on one line, as wide as it is.
    pub fn line(&self, text: &str, style: Style) -> ShapedLine {
        let shown = self.fonts.showable(text, style.weight);
        let clean: String = shown.iter().map(|(character, _)| *character).collect();
        let mut runs = Vec::new();
        if clean.is_ascii() {
            self.push_segments(&mut runs, &shown, style, false);
        } else {
            self.push_in_visual_order(&mut runs, &clean, &shown, style);
        }
        let width = runs.iter().map(|run| run.width).sum();
        ShapedLine { runs, width }
    }

    /// The lines of a text within a width, at most so many; the last one ends with an ellipsis if there would be more.
    pub fn wrapped(&self, text: &str, style: Style, width: f32, lines_max: usize) -> Vec<String> {
        let ems = width / style.size;
        let (mut lines, mut line) = (Vec::new(), String::new());
        for piece in text.split_whitespace().flat_map(|word| self.pieces(word, style.weight, ems)) {
            let longer = if line.is_empty() { piece.clone() } else { format!("{line} {piece}") };
            if line.is_empty() || self.rough_width(&longer, style.weight) <= ems {
                line = longer;
                continue;
            }
            lines.push(std::mem::replace(&mut line, piece));
            if lines.len() == lines_max {
                let last = lines.pop().unwrap_or_default();
                lines.push(self.shortened(&last, style.weight, ems));
                return lines;
            }
        }
        lines.extend(Some(line).filter(|line| !line.is_empty()));
        lines
    }

    /// A text that fits into a width, with an ellipsis at its end if a part is left out.
    pub fn fitting(&self, text: &str, style: Style, width: f32) -> String {
        let ems = width / style.size;
        if self.rough_width(text, style.weight) <= ems {
            return text.to_owned();
        }
        self.shortened(text, style.weight, ems)
    }

    /// As much of a text as fits with an ellipsis behind it.
    fn shortened(&self, text: &str, weight: Weight, ems: f32) -> String {
        let mut left = ems - self.rough_width("…", weight);
        let mut kept = String::new();
        for character in text.chars() {
            left -= self.rough_width(character.encode_utf8(&mut [0; 4]), weight);
            if left < 0.0 {
                break;
            }
            kept.push(character);
        }
        kept.truncate(kept.trim_end().len());
        kept.push(ELLIPSIS);
        kept
    }

    /// A word, or the parts of one that is wider than a line.
    fn pieces(&self, word: &str, weight: Weight, ems: f32) -> Vec<String> {
        if self.rough_width(word, weight) <= ems {
            return vec![word.to_owned()];
        }
        let (mut pieces, mut piece, mut width) = (Vec::new(), String::new(), 0.0);
        for character in word.chars() {
            let advance = self.rough_width(character.encode_utf8(&mut [0; 4]), weight);
            if width + advance > ems && !piece.is_empty() {
                pieces.push(std::mem::take(&mut piece));
                width = 0.0;
            }
            piece.push(character);
            width += advance;
        }
        pieces.push(piece);
        pieces
    }

    /// The width of the characters side by side, which is about that of the shaped text and seldom less.
    fn rough_width(&self, text: &str, weight: Weight) -> f32 {
        let advance = |(character, font)| {
            let joined = if font == primary(weight) { 1.0 } else { JOINED };
            self.fonts.advance(character, font) * joined
        };
        self.fonts.showable(text, weight).into_iter().map(advance).sum()
    }

    fn push_in_visual_order(&self, runs: &mut Vec<Run>, clean: &str, shown: &[(char, FontId)], style: Style) {
        let bidi = BidiInfo::new(clean, None);
        let starts: Vec<usize> = clean.char_indices().map(|(start, _)| start).collect();
        for paragraph in &bidi.paragraphs {
            let (levels, ranges) = bidi.visual_runs(paragraph, paragraph.range.clone());
            for range in ranges {
                let is_rtl = levels.get(range.start).is_some_and(unicode_bidi::Level::is_rtl);
                let first = starts.partition_point(|start| *start < range.start);
                let end = starts.partition_point(|start| *start < range.end);
                self.push_segments(runs, shown.get(first..end).unwrap_or_default(), style, is_rtl);
            }
        }
    }

    /// Adds a stretch of one direction, a run for each change of font.
    fn push_segments(&self, runs: &mut Vec<Run>, shown: &[(char, FontId)], style: Style, is_rtl: bool) {
        let segments = shown.chunk_by(|(_, font), (_, next)| font == next);
        let mut added: Vec<Run> = segments.filter_map(|segment| self.shape(segment, style, is_rtl)).collect();
        if is_rtl {
            added.reverse();
        }
        runs.append(&mut added);
    }

    fn shape(&self, segment: &[(char, FontId)], style: Style, is_rtl: bool) -> Option<Run> {
        let (_, font) = *segment.first()?;
        let text: String = segment.iter().map(|(character, _)| *character).collect();
        let run = self.shape_text(text, font, style, is_rtl)?;
        if run.glyphs.iter().all(|glyph| glyph.glyph_id.to_u32() != 0) {
            return Some(run);
        }
        let boxes = segment.iter().map(|_| MISSING).collect();
        self.shape_text(boxes, primary(style.weight), style, false)
    }

    fn shape_text(&self, text: String, font: FontId, style: Style, is_rtl: bool) -> Option<Run> {
        let face = &self.fonts.get(font)?.face;
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&text);
        buffer.guess_segment_properties();
        buffer.set_direction(if is_rtl { Direction::RightToLeft } else { Direction::LeftToRight });
        let tabular = [Feature::new(Tag::from_bytes(b"tnum"), 1, ..)];
        let output = rustybuzz::shape(face, if style.is_tabular { &tabular } else { &[] }, buffer);
        let mut starts: Vec<u32> = output.glyph_infos().iter().map(|info| info.cluster).collect();
        starts.sort_unstable();
        starts.dedup();
        let offset = |cluster: u32| usize::try_from(cluster).unwrap_or(text.len());
        let em = units_per_em(face);
        let glyphs = output.glyph_infos().iter().zip(output.glyph_positions()).map(|(info, position)| {
            let next = starts.partition_point(|start| *start <= info.cluster);
            let end = starts.get(next).map_or(text.len(), |end| offset(*end));
            let part = |units: i32| fraction(units, em);
            KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                part(position.x_advance),
                part(position.x_offset),
                part(position.y_offset),
                part(position.y_advance),
                offset(info.cluster)..end,
                None,
            )
        });
        let glyphs: Vec<KrillaGlyph> = glyphs.collect();
        let width = glyphs.iter().map(|glyph| glyph.x_advance).sum();
        Some(Run { font, text, glyphs, width })
    }
}

/// Units of a font's design as a part of its size.
#[expect(clippy::cast_precision_loss, reason = "units of a font's design are below 2^24")]
fn fraction(units: i32, em: f32) -> f32 {
    units as f32 / em
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::pdf::style::BODY;

    fn shaper() -> Shaper {
        Shaper::new(Fonts::load().unwrap())
    }

    #[test]
    fn text_breaks_between_words_and_long_words_anywhere() {
        let lines =
            shaper().wrapped("Invoices of three words Donaudampfschifffahrtsgesellschaft", BODY, 80.0, 10);
        assert_eq!(lines, ["Invoices of three", "words", "Donaudampfschiff", "fahrtsgesellschaft"]);
        assert_eq!(shaper().wrapped(" \n\t", BODY, 80.0, 3), Vec::<String>::new());
    }

    #[test]
    fn what_does_not_fit_is_cut_visibly() {
        assert_eq!(shaper().fitting("A rather long name", BODY, 40.0), "A rathe…");
        assert_eq!(shaper().fitting("Short", BODY, 40.0), "Short");
        let lines = shaper().wrapped("one two three four five six seven eight", BODY, 40.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'), "{lines:?}");
    }

    #[test]
    fn right_to_left_text_keeps_its_place_in_a_line() {
        let line = shaper().line("Acme (שלום) 12", BODY);
        let texts: Vec<&str> = line.runs.iter().map(|run| run.text.as_str()).collect();
        assert_eq!(texts, ["Acme (", "שלום", ") ", "12"]);
        let hebrew = &line.runs[1].glyphs;
        assert!(hebrew.first().unwrap().text_range.start > hebrew.last().unwrap().text_range.start);
    }

    #[test]
    fn joined_letters_are_not_wider_than_the_room_that_is_kept_for_them() {
        let shaper = shaper();
        for text in ["محمد", "شركة الاتصالات", "क्षत्रिय श्री", "বাংলাদেশ", "ኢትዮጵያ", "ภาษาไทย"]
        {
            let (joined, kept) = (shaper.line(text, BODY).width, shaper.rough_width(text, Weight::Regular));
            assert!(joined <= kept, "{text} {joined} {kept}");
        }
    }
}
