//! The picture beside the title of a document: a PNG or JPEG file of a bounded size, checked as far as a PDF needs it.
//!
//! Drawings such as SVG are refused: they may hold scripts and refer to other places.

use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::error::KrillaError;
use krilla::geom::Size;
use krilla::image::Image;
use krilla::page::PageSettings;
use krilla::{Document, SerializeSettings};
use thiserror::Error;

/// Octets of a picture.
pub const LOGO_OCTETS_MAX: usize = 1 << 20;
/// Pixels of a picture on each side.
pub const LOGO_SIDE_MAX: u32 = 4_000;

/// The octet of a PNG that has the number of bits of a channel (ISO/IEC 15948 §11.2.2): the head comes first.
const PNG_DEPTH_AT: usize = 24;

/// The format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoKind {
    /// PNG, of eight bits in each channel at the most.
    Png,
    /// JPEG, in grey or RGB.
    Jpeg,
}

/// The reason for which a file is no logo.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LogoError {
    /// It is longer than a logo may be.
    #[error("is longer than {LOGO_OCTETS_MAX} octets")]
    TooLong,
    /// It begins like no picture that can be a logo.
    #[error("is neither a PNG nor a JPEG picture")]
    OtherFormat,
    /// It begins like one, and is broken.
    #[error("is a picture that cannot be read: {0}")]
    Broken(String),
    /// It has no pixels, or too many.
    #[error("is a picture of {0} × {1} pixels; a logo has from 1 to {LOGO_SIDE_MAX} on each side")]
    Side(u32, u32),
    /// It can be read and does not fit into a document, such as one with channels of 16 bits or in colours for printing.
    #[error(
        "is a picture that documents cannot hold; it must be grey or RGB, with at most 8 bits in each channel"
    )]
    Unfit,
}

impl LogoKind {
    /// The media type of the format.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }

    fn of(octets: &[u8]) -> Option<Self> {
        match octets {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            _ => None,
        }
    }
}

/// Checks that a file is a picture that documents can show, by writing one with it.
pub fn check_logo(octets: &[u8]) -> Result<LogoKind, LogoError> {
    let (kind, image) = read_logo(octets)?;
    if kind == LogoKind::Png && octets.get(PNG_DEPTH_AT).is_some_and(|depth| *depth > 8) {
        return Err(LogoError::Unfit);
    }
    // Documents keep a JPEG as it is, so that nobody has looked behind its head.
    if kind == LogoKind::Jpeg && !octets.ends_with(&[0xff, 0xd9]) {
        return Err(LogoError::Broken("its end is missing".to_owned()));
    }
    match written_alone(image) {
        Ok(_) => Ok(kind),
        Err(KrillaError::Image(..)) => Err(LogoError::Broken("its pixels cannot be read".to_owned())),
        Err(_) => Err(LogoError::Unfit),
    }
}

/// The picture of a file, as far as its head says what it is.
pub(super) fn read_logo(octets: &[u8]) -> Result<(LogoKind, Image), LogoError> {
    if octets.len() > LOGO_OCTETS_MAX {
        return Err(LogoError::TooLong);
    }
    let kind = LogoKind::of(octets).ok_or(LogoError::OtherFormat)?;
    let is_smoothed = false; // PDF/A forbids it
    let data = octets.to_vec().into();
    let image = match kind {
        LogoKind::Png => Image::from_png(data, is_smoothed),
        LogoKind::Jpeg => Image::from_jpeg(data, is_smoothed),
    };
    let image = image.map_err(LogoError::Broken)?;
    let (width, height) = image.size();
    let is_bounded = |side| (1..=LOGO_SIDE_MAX).contains(&side);
    if is_bounded(width) && is_bounded(height) {
        Ok((kind, image))
    } else {
        Err(LogoError::Side(width, height))
    }
}

/// A file with the picture and nothing else, as strict about it as documents are.
fn written_alone(image: Image) -> Result<Vec<u8>, KrillaError> {
    let configuration = ConfigurationBuilder::new().with_archival_validator(Archival::A3_B).finish();
    let settings = SerializeSettings {
        configuration: configuration.unwrap_or_default(),
        enable_tagging: false,
        ..SerializeSettings::default()
    };
    let mut file = Document::new_with(settings);
    let (side, size) = (100.0, Size::from_wh(100.0, 100.0));
    if let (Some(page), Some(size)) = (PageSettings::from_wh(side, side), size) {
        let mut page = file.start_page_with(page);
        page.surface().draw_image(image, size);
    }
    file.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLOUR: &[u8] = include_bytes!("pictures/colour.png");
    const GREY: &[u8] = include_bytes!("pictures/grey.jpg");
    const FOR_PRINTING: &[u8] = include_bytes!("pictures/cmyk.jpg");
    const SIXTEEN_BITS: &[u8] = include_bytes!("pictures/sixteen-bits.png");
    const WIDE: &[u8] = include_bytes!("pictures/wide.png");

    #[test]
    fn pictures_are_taken_and_other_files_are_refused_in_words() {
        assert_eq!((check_logo(COLOUR), check_logo(GREY)), (Ok(LogoKind::Png), Ok(LogoKind::Jpeg)));
        for (octets, reason) in [
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>".as_slice(), "neither a PNG nor a JPEG"),
            (b"", "neither a PNG nor a JPEG"),
            (&vec![0; LOGO_OCTETS_MAX + 1], "is longer than 1048576 octets"),
            (WIDE, "4001 × 1 pixels"),
            (&COLOUR[..COLOUR.len() / 2], "cannot be read"),
            (b"\x89PNG\r\n\x1a\nand a half", "cannot be read"),
            (SIXTEEN_BITS, "at most 8 bits"),
            (FOR_PRINTING, "must be grey or RGB"),
            (&GREY[..GREY.len() - 2], "its end is missing"),
            (b"\xff\xd8\xff\xff\xd9", "cannot be read"),
        ] {
            let refused = check_logo(octets).expect_err(reason).to_string();
            assert!(refused.contains(reason), "{refused} has {reason}");
        }
    }
}
