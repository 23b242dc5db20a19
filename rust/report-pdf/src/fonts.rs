//! The fonts of the PDF: DejaVu Sans Condensed, compiled in, so that a report looks the same everywhere and
//! its text can be searched and copied.

use super::PdfError;
use krilla::text::Font;
use std::fmt::Write;
use std::sync::Arc;
use ttf_parser::Face;
use usvg::fontdb::{Database, Source};
use zeek_anomaly_report::TextStyle;

struct FontCut {
    font: Font,
    face: Face<'static>,
}

/// Regular and bold.
pub struct Fonts {
    regular: FontCut,
    bold: FontCut,
    /// For the text in plots.
    pub database: Arc<Database>,
}

impl Fonts {
    /// Reads the compiled-in fonts.
    pub fn load() -> Result<Fonts, PdfError> {
        let (regular, bold) = (
            dejavu::sans_condensed::regular(),
            dejavu::sans_condensed::bold(),
        );
        let mut database = Database::new();
        for bytes in [regular, bold] {
            database.load_font_source(Source::Binary(Arc::new(bytes)));
        }
        // As the fonts call it themselves.
        let family = database
            .faces()
            .find_map(|f| Some(f.families.first()?.0.clone()));
        database.set_sans_serif_family(family.ok_or(PdfError::Font)?);
        Ok(Fonts {
            regular: cut(regular)?,
            bold: cut(bold)?,
            database: Arc::new(database),
        })
    }

    fn cut(&self, style: TextStyle) -> &FontCut {
        match style {
            TextStyle::Strong => &self.bold,
            _ => &self.regular,
        }
    }

    /// The font of a style.
    pub fn font(&self, style: TextStyle) -> Font {
        self.cut(style).font.clone()
    }

    /// How wide a text is, in points.
    pub fn width(&self, text: &str, style: TextStyle, size: f32) -> f32 {
        let face = &self.cut(style).face;
        let units: u32 = text
            .chars()
            .filter_map(|c| face.glyph_index(c))
            .filter_map(|g| face.glyph_hor_advance(g))
            .map(u32::from)
            .sum();
        units as f32 * size / f32::from(face.units_per_em())
    }

    /// A text with characters escaped that the fonts do not have. Right-to-left characters are escaped, too:
    /// they would change the order of the text.
    pub fn known(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            let known = |cut: &FontCut| cut.face.glyph_index(c).is_some();
            if c == ' ' || (known(&self.regular) && known(&self.bold) && !is_rtl(c)) {
                out.push(c);
            } else {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
        }
        out
    }
}

fn cut(bytes: &'static [u8]) -> Result<FontCut, PdfError> {
    let font = Font::new(krilla::Data::from(bytes.to_vec()), 0).ok_or(PdfError::Font)?;
    let face = Face::parse(bytes, 0).map_err(|_| PdfError::Font)?;
    Ok(FontCut { font, face })
}

/// Hebrew, Arabic and other right-to-left scripts.
fn is_rtl(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_widths_and_unknown_ones_are_escaped() {
        let fonts = Fonts::load().unwrap();
        let w = |t| fonts.width(t, TextStyle::Plain, 10.0);
        assert!(w("mmmm") > w("iiii") && w("iiii") > 0.0);
        assert_eq!(fonts.known("naïve ≥3 –"), "naïve ≥3 –");
        assert_eq!(fonts.known("日x"), "\\u{65e5}x");
        assert_eq!(fonts.known("\u{5d0}"), "\\u{5d0}");
        assert_eq!(fonts.database.len(), 2);
    }
}
