//! The fonts that documents are written in, which are part of the program, and the choice among them for each character.

use krilla::text::Font;
use rustybuzz::Face;

/// A font, by its place among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FontId(usize);

/// The weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Ordinary text of a document.
    Regular,
    /// Headings, names and sums. Scripts other than Latin, Greek and Cyrillic have the regular weight only.
    SemiBold,
}

/// Shown instead of a character that no font has.
pub const MISSING: char = '□';

const REGULAR: FontId = FontId(0);
const SEMI_BOLD: FontId = FontId(1);

/// First the two weights of Latin, Greek and Cyrillic, then one font for each further script.
const FILES: [&[u8]; 10] = [
    include_bytes!("../../../fonts/Inter-Regular.ttf"),
    include_bytes!("../../../fonts/Inter-SemiBold.ttf"),
    include_bytes!("../../../fonts/NotoSansArabic-Regular.ttf"),
    include_bytes!("../../../fonts/NotoSansEthiopic-Regular.ttf"),
    include_bytes!("../../../fonts/NotoSansHebrew-Regular.ttf"),
    include_bytes!("../../../fonts/NotoSansDevanagari-Regular.ttf"),
    include_bytes!("../../../fonts/NotoSansBengali-Regular.ttf"),
    include_bytes!("../../../fonts/NotoSansThai-Regular.ttf"),
    include_bytes!("../../../fonts/NotoSansArmenian-Regular.ttf"),
    include_bytes!("../../../fonts/NotoSansGeorgian-Regular.ttf"),
];

/// One font, as it is measured and as it is drawn.
pub struct LoadedFont {
    /// Shapes and measures.
    pub face: Face<'static>,
    /// Goes into the file.
    pub drawn: Font,
}

/// All fonts of the program.
pub struct Fonts {
    fonts: Vec<LoadedFont>,
}

impl Fonts {
    /// Reads them; `None` if one of the files is no font.
    pub fn load() -> Option<Self> {
        let load = |file: &&'static [u8]| {
            let (face, drawn) = (Face::from_slice(file, 0)?, Font::new((*file).into(), 0)?);
            Some(LoadedFont { face, drawn })
        };
        FILES.iter().map(load).collect::<Option<Vec<_>>>().map(|fonts| Self { fonts })
    }

    /// One of them.
    pub fn get(&self, font: FontId) -> Option<&LoadedFont> {
        self.fonts.get(font.0)
    }

    /// The width of a character by itself, as a part of the font's size.
    pub fn advance(&self, character: char, font: FontId) -> f32 {
        let Some(font) = self.get(font) else { return 0.0 };
        let glyph = font.face.glyph_index(character);
        let units = glyph.and_then(|glyph| font.face.glyph_hor_advance(glyph)).unwrap_or(0);
        f32::from(units) / units_per_em(&font.face)
    }

    /// The characters that a text shows, each with its font. Controls become spaces, marks that only steer the layout are left
    /// out, and what no font has becomes [`MISSING`].
    pub fn showable(&self, text: &str, weight: Weight) -> Vec<(char, FontId)> {
        let primary = primary(weight);
        let mut shown: Vec<(char, FontId)> = Vec::with_capacity(text.len());
        for character in text.chars() {
            let before = shown.last().map(|(_, font)| *font);
            if character.is_control() || character.is_whitespace() {
                shown.push((' ', primary));
            } else if is_joiner(character) {
                // Only scripts that join their letters need it.
                let joining = before.filter(|font| *font != primary && self.has(*font, character));
                shown.extend(joining.map(|font| (character, font)));
            } else if !is_invisible(character) {
                shown.push(
                    self.font_of(character, before, primary)
                        .map_or((MISSING, primary), |font| (character, font)),
                );
            }
        }
        shown
    }

    /// The font of a character: that of the text before it if it is a fallback that has it, so that marks stay with their letter.
    fn font_of(&self, character: char, before: Option<FontId>, primary: FontId) -> Option<FontId> {
        let is_private = matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
        let fallbacks = (SEMI_BOLD.0 + 1..self.fonts.len()).map(FontId);
        let is_ascii = character.is_ascii();
        let before = before.filter(|_| !is_ascii);
        let order = before.into_iter().chain([primary, REGULAR]).chain(fallbacks);
        order.into_iter().find(|font| !is_private && self.has(*font, character))
    }

    fn has(&self, font: FontId, character: char) -> bool {
        self.get(font).is_some_and(|font| font.face.glyph_index(character).is_some_and(|glyph| glyph.0 != 0))
    }
}

/// The font that a text of a weight is written in as far as it goes.
pub const fn primary(weight: Weight) -> FontId {
    match weight {
        Weight::Regular => REGULAR,
        Weight::SemiBold => SEMI_BOLD,
    }
}

/// Units of a font's design in its size.
pub fn units_per_em(face: &Face) -> f32 {
    u16::try_from(face.units_per_em()).map_or(1000.0, f32::from).max(1.0)
}

const fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// Marks without a shape: soft hyphens, orders of direction, selectors of variants, tags.
const fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_script_has_a_font_and_the_rest_a_box() {
        let fonts = Fonts::load().unwrap();
        let shown = |text: &str| -> String {
            fonts.showable(text, Weight::SemiBold).into_iter().map(|(character, _)| character).collect()
        };
        for text in [
            "Añ€ő",
            "Жуковський",
            "Ωμέγα",
            "Nguyễn",
            "العربية",
            "አማርኛ",
            "עברית",
            "हिन्दी",
            "বাংলা",
            "ไทย",
            "Հայերեն",
            "ქართული",
        ] {
            assert_eq!(shown(text), text);
        }
        assert_eq!(shown("中文 😀 \u{e000}"), "□□ □ □");
        assert_eq!(shown("a\u{202e}b\u{ad}c\u{feff}\n\u{0}d\u{200d}"), "abc  d");
    }
}
