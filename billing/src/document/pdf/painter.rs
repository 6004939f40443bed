//! Draws pages into a PDF file.

use krilla::Document;
use krilla::action::{Action, LinkAction};
use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, SpanTag};

use super::page::{Align, Area, Item, Page, TextItem};
use super::style::{Ink, PAGE_HEIGHT, PAGE_WIDTH};
use super::tags::{Leaves, TagId};
use super::text::{ShapedLine, Shaper};

/// The thickness of rules.
const RULE: f32 = 0.6;
/// The factor by which a line may be wider than its place, as text is broken by the widths of its characters.
const TOLERANCE: f32 = 1.02;

/// Draws all pages, and notes what is drawn of each part of the structure.
pub fn paint(
    document: &mut Document,
    pages: &[Page],
    shaper: &Shaper,
    logo: Option<&Image>,
    leaves: &mut Leaves,
) {
    for content in pages {
        let Some(settings) = PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT) else { continue };
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for item in &content.items {
            match item {
                Item::Text(text) => paint_text(&mut surface, text, shaper, leaves),
                Item::Rule { left, right, y, ink } => {
                    paint_rule(
                        &mut surface,
                        Area { left: *left, top: *y, width: right - left, height: RULE },
                        *ink,
                    );
                }
                Item::Logo { area, tag } => paint_logo(&mut surface, logo, *area, *tag, leaves),
                Item::Link { .. } => {}
            }
        }
        surface.finish();
        for item in &content.items {
            let Item::Link { area, url, tag } = item else { continue };
            let Some(rect) = rect(*area) else { continue };
            let target = Target::Action(Action::Link(LinkAction::new(url.clone())));
            let annotation = Annotation::new_link(LinkAnnotation::new(rect, target), Some(url.clone()));
            leaves.add(*tag, page.add_tagged_annotation(annotation));
        }
        page.finish();
    }
}

fn paint_text(surface: &mut Surface, item: &TextItem, shaper: &Shaper, leaves: &mut Leaves) {
    let (line, size) = fitted(item, shaper);
    let left = match item.align {
        Align::Left => item.x,
        Align::Right => item.x - line.width * size,
    };
    surface.set_fill(Some(fill(item.style.ink)));
    let content = match item.tag {
        Some(_) => ContentTag::Span(SpanTag::empty()),
        None => ContentTag::Artifact(Artifact::with_kind(ArtifactType::PaginationOther)),
    };
    let identifier = surface.start_tagged(content);
    let mut x = left;
    for run in &line.runs {
        let Some(font) = shaper.fonts().get(run.font) else { continue };
        surface.draw_glyphs(
            Point::from_xy(x, item.y),
            &run.glyphs,
            font.drawn.clone(),
            &run.text,
            size,
            false,
        );
        x += run.width * size;
    }
    surface.end_tagged();
    if let Some(tag) = item.tag {
        leaves.add(tag, identifier);
    }
}

/// The text and the size at which it fits: a text is cut, a number becomes smaller.
pub fn fitted(item: &TextItem, shaper: &Shaper) -> (ShapedLine, f32) {
    let line = shaper.line(&item.text, item.style);
    let size = item.style.size;
    if line.width * size <= item.width * TOLERANCE {
        return (line, size);
    }
    match item.align {
        Align::Left => {
            let text = shaper.fitting(&item.text, item.style, item.width / TOLERANCE);
            let line = shaper.line(&text, item.style);
            let size = size.min(item.width * TOLERANCE / line.width.max(f32::EPSILON));
            (line, size)
        }
        Align::Right => {
            let size = item.width / line.width.max(f32::EPSILON);
            (line, size)
        }
    }
}

fn paint_rule(surface: &mut Surface, area: Area, ink: Ink) {
    let Some(rect) = rect(area) else { return };
    let mut path = PathBuilder::new();
    path.push_rect(rect);
    let Some(path) = path.finish() else { return };
    surface.set_fill(Some(fill(ink)));
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
    surface.draw_path(&path);
    surface.end_tagged();
}

/// Draws the logo as large as it fits, at the right edge of its area.
fn paint_logo(surface: &mut Surface, logo: Option<&Image>, area: Area, tag: TagId, leaves: &mut Leaves) {
    let Some(image) = logo else { return };
    let (width, height) = image.size();
    let (width, height) = (pixels(width), pixels(height));
    let scale = (area.width / width).min(area.height / height);
    let Some(size) = Size::from_wh(width * scale, height * scale) else { return };
    let identifier = surface.start_tagged(ContentTag::Other);
    surface.push_transform(&Transform::from_translate(area.left + area.width - width * scale, area.top));
    surface.draw_image(image.clone(), size);
    surface.pop();
    surface.end_tagged();
    leaves.add(tag, identifier);
}

fn rect(area: Area) -> Option<Rect> {
    Rect::from_xywh(area.left, area.top, area.width, area.height)
}

fn fill(ink: Ink) -> Fill {
    Fill { paint: ink.color().into(), opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
}

/// A number of pixels, of which a logo has few.
fn pixels(count: u32) -> f32 {
    u16::try_from(count).map_or(f32::from(u16::MAX), f32::from).max(1.0)
}
