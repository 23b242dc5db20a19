//! From pages to the bytes of a PDF, with an outline, and with tagged parts for screen readers.

use crate::PdfError;
use crate::fonts::Fonts;
use crate::paper::{HEIGHT, MARGIN, PageMark, Paper, PdfPart, SMALL, Shade, TagNode, WIDTH};
use krilla::Document;
use krilla::color::rgb;
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect, Transform};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{
    ArtifactType, ContentTag, Identifier, Node as Tagged, SpanTag, TableHeaderScope, Tag, TagGroup,
    TagKind, TagTree,
};
use krilla::text::TextDirection;
use krilla_svg::{SurfaceExt, SvgSettings};
use std::num::NonZeroU16;
use zeek_anomaly_report::{TextSpan, TextStyle};

/// Writes the pages.
pub fn write(
    paper: Paper<'_>,
    fonts: &Fonts,
    title: &str,
    made_by: &str,
) -> Result<Vec<u8>, PdfError> {
    let mut document = Document::new();
    document.set_metadata(
        Metadata::new()
            .title(title.to_owned())
            .creator(made_by.to_owned())
            .language("en".into()),
    );
    let of = paper.sheets.len();
    let mut leaves: Vec<Vec<Identifier>> = vec![Vec::new(); paper.nodes.len()];
    for (i, sheet) in paper.sheets.iter().enumerate() {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or(PdfError::Page)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for placed in sheet {
            let tag = match (&placed.mark, placed.node) {
                (_, None) => ContentTag::Artifact(ArtifactType::Other),
                (PageMark::Text { .. }, _) => ContentTag::Span(SpanTag::empty()),
                _ => ContentTag::Other,
            };
            let leaf = surface.start_tagged(tag);
            draw(&mut surface, &placed.mark, fonts);
            surface.end_tagged();
            if let Some(of) = placed.node.and_then(|n| leaves.get_mut(n)) {
                of.push(leaf);
            }
        }
        surface.start_tagged(ContentTag::Artifact(ArtifactType::Footer));
        foot(&mut surface, fonts, title, &format!("{} of {of}", i + 1));
        surface.end_tagged();
        surface.finish();
        page.finish();
    }
    document.set_outline(outline(&paper));
    document.set_tag_tree(tree(&paper.nodes, leaves));
    document
        .finish()
        .map_err(|e| PdfError::Write(format!("{e:?}")))
}

fn foot(surface: &mut Surface<'_>, fonts: &Fonts, title: &str, number: &str) {
    let y = HEIGHT - 30.0;
    let text = |x: f32, text: &str| PageMark::Text {
        x,
        y,
        size: SMALL,
        span: TextSpan::soft(text),
    };
    draw(surface, &text(MARGIN, &fonts.known(title)), fonts);
    let width = fonts.width(number, TextStyle::Plain, SMALL);
    draw(surface, &text(WIDTH - MARGIN - width, number), fonts);
}

fn text_fill(style: TextStyle) -> Fill {
    fill(match style {
        TextStyle::Plain | TextStyle::Strong => (0x1f, 0x23, 0x28),
        TextStyle::Soft => (0x57, 0x60, 0x6a),
        TextStyle::Flagged => (0xa8, 0x43, 0x00),
    })
}

fn shade_fill(shade: Shade) -> Fill {
    fill(match shade {
        Shade::Rule => (0xd8, 0xde, 0xe4),
        Shade::Panel => (0xf0, 0xf3, 0xf6),
    })
}

fn fill((r, g, b): (u8, u8, u8)) -> Fill {
    Fill {
        paint: rgb::Color::new(r, g, b).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::default(),
    }
}

fn draw(surface: &mut Surface<'_>, mark: &PageMark, fonts: &Fonts) {
    match mark {
        PageMark::Text { x, y, size, span } => {
            surface.set_fill(Some(text_fill(span.style)));
            let (at, font) = (Point::from_xy(*x, *y), fonts.font(span.style));
            surface.draw_text(
                at,
                font,
                *size,
                &span.text,
                false,
                TextDirection::LeftToRight,
            );
        }
        PageMark::Box([x, y, w, h], shade) => {
            let Some(rect) = Rect::from_xywh(*x, *y, *w, *h) else {
                return;
            };
            let mut path = PathBuilder::new();
            path.push_rect(rect);
            if let Some(path) = path.finish() {
                surface.set_fill(Some(shade_fill(*shade)));
                surface.draw_path(&path);
            }
        }
        PageMark::Plot(tree, x, y, size) => {
            surface.push_transform(&Transform::from_translate(*x, *y));
            surface.draw_svg(tree, *size, SvgSettings::default());
            surface.pop();
        }
    }
}

/// Headings of the second level, with those of the third below them.
fn outline(paper: &Paper<'_>) -> Outline {
    let mut top: Vec<OutlineNode> = Vec::new();
    for e in paper.outline.iter().filter(|e| e.level > 1) {
        let place = XyzDestination::new(e.sheet, Point::from_xy(0.0, (e.y - 8.0).max(0.0)));
        let node = OutlineNode::new(e.text.clone(), place);
        match top.last_mut() {
            Some(last) if e.level > 2 => last.push_child(node),
            _ => top.push(node),
        }
    }
    let mut outline = Outline::new();
    top.into_iter().for_each(|n| outline.push_child(n));
    outline
}

/// The tree of the document's parts. A part holds marks or other parts.
fn tree(nodes: &[TagNode], leaves: Vec<Vec<Identifier>>) -> TagTree {
    let mut groups: Vec<TagGroup> = nodes
        .iter()
        .zip(leaves)
        .map(|(n, leaves)| {
            let children = leaves.into_iter().map(Tagged::from).collect();
            TagGroup::with_children(kind(&n.part), children)
        })
        .collect();
    let mut tree = TagTree::new();
    let mut roots = Vec::new();
    // Last first: each goes into its parent, so children arrive in reverse.
    while let Some(mut group) = groups.pop() {
        if matches!(nodes[groups.len()].part, PdfPart::Table | PdfPart::Row) {
            group.children.reverse();
        }
        match nodes[groups.len()].within {
            Some(parent) if parent < groups.len() => groups[parent].push(group),
            _ => roots.push(group),
        }
    }
    roots.into_iter().rev().for_each(|g| tree.push(g));
    tree
}

fn kind(part: &PdfPart) -> TagKind {
    match part {
        PdfPart::Heading(level) => {
            Tag::Hn(NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN), None).into()
        }
        PdfPart::Paragraph => Tag::P.into(),
        PdfPart::Figure(words) => Tag::Figure(Some(words.clone())).into(),
        PdfPart::Table => Tag::Table.into(),
        PdfPart::Row => Tag::TR.into(),
        PdfPart::Head => Tag::TH(TableHeaderScope::Column).into(),
        PdfPart::Cell => Tag::TD.into(),
    }
}
