//! A PDF that is written while it grows: a page goes out as soon as it is drawn; only where objects begin and which letters
//! were used is kept for the end. A file of ten thousand pages takes the memory of one. Source: ISO 32000-1, 7.5.

use super::canvas::{Canvas, Used};
use super::font::{Face, Faces};
use super::picture::Picture;
use crate::server::error::{Error, Result};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Chunk, Filter, Finish, Name, Rect, Ref, Settings, Str, TextStr};
use std::io::{self, Write};

/// Pages below one node of the tree.
const BRANCH: usize = 64;

/// Objects with a number of their own: the catalogue, the root of pages, the facts about the file, what pages draw with.
const CATALOGUE: Ref = Ref::new(1);
const ROOT: Ref = Ref::new(2);
const FACTS: Ref = Ref::new(3);
const RESOURCES: Ref = Ref::new(4);
const FONTS: [Ref; 2] = [Ref::new(5), Ref::new(6)];
const LOGO: Ref = Ref::new(7);
/// The first that is free.
const FREE: i32 = 8;

/// A PDF on its way to `out`.
pub struct Pdf<W: Write> {
    out: W,
    title: String,
    written: u64,
    /// Where object n + 1 begins.
    starts: Vec<u64>,
    next: i32,
    used: [Used; 2],
    logo: Option<Picture>,
    has_logo: bool,
    /// Full nodes, and how many pages each holds.
    branches: Vec<(Ref, i32)>,
    /// The node that fills, and its pages.
    branch: (Ref, Vec<Ref>),
}

impl<W: Write> std::fmt::Debug for Pdf<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pdf").field("title", &self.title).finish_non_exhaustive()
    }
}

fn failed(error: &io::Error) -> Error {
    Error::Internal(format!("PDF: {error}"))
}

/// Bytes packed as PDF has them.
pub fn packed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut zip = ZlibEncoder::new(Vec::with_capacity(bytes.len() / 3 + 64), Compression::new(5));
    zip.write_all(bytes)?;
    zip.finish()
}

fn chunk() -> Chunk {
    Chunk::with_settings(Settings { pretty: false })
}

impl<W: Write> Pdf<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// `Internal` when nothing can be written.
    pub fn begin(out: W, title: &str, logo: Option<Picture>) -> Result<Self> {
        let mut pdf = Self {
            out,
            title: title.to_owned(),
            written: 0,
            starts: Vec::new(),
            next: FREE,
            used: Default::default(),
            logo,
            has_logo: false,
            branches: Vec::new(),
            branch: (ROOT, Vec::new()),
        };
        // The second line tells whoever moves the file that it is not text.
        pdf.put(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")?;
        Ok(pdf)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|error| failed(&error))?;
        self.written += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    fn id(&mut self) -> Ref {
        self.next += 1;
        Ref::new(self.next - 1)
    }

    /// One object.
    fn object(&mut self, id: Ref, write: impl FnOnce(&mut Chunk, Ref)) -> Result<()> {
        let mut object = chunk();
        write(&mut object, id);
        let place = usize::try_from(id.get() - 1).unwrap_or(0);
        if self.starts.len() <= place {
            self.starts.resize(place + 1, 0);
        }
        if let Some(start) = self.starts.get_mut(place) {
            *start = self.written;
        }
        self.put(object.as_bytes())
    }

    fn stream(&mut self, id: Ref, bytes: &[u8]) -> Result<()> {
        let packed = packed(bytes).map_err(|error| failed(&error))?;
        self.object(id, |chunk, id| {
            chunk.stream(id, &packed).filter(Filter::FlateDecode);
        })
    }

    /// Writes a page.
    ///
    /// # Errors
    /// `Internal` when it can't be written.
    pub fn page(&mut self, canvas: Canvas) -> Result<()> {
        for (all, used) in self.used.iter_mut().zip(&canvas.used) {
            all.extend(used);
        }
        self.has_logo |= canvas.has_logo;
        if self.branch.1.is_empty() {
            self.branch.0 = self.id();
        }
        let (page, content, parent) = (self.id(), self.id(), self.branch.0);
        let (width, height) = canvas.size;
        self.stream(content, &canvas.into_content())?;
        self.object(page, |chunk, id| {
            let mut page = chunk.page(id);
            page.parent(parent).contents(content).media_box(Rect::new(0.0, 0.0, width, height));
            page.pair(Name(b"Resources"), RESOURCES);
        })?;
        self.branch.1.push(page);
        if self.branch.1.len() == BRANCH { self.close_branch() } else { Ok(()) }
    }

    fn close_branch(&mut self) -> Result<()> {
        let (id, pages) = std::mem::replace(&mut self.branch, (ROOT, Vec::new()));
        if pages.is_empty() {
            return Ok(());
        }
        let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
        self.branches.push((id, count));
        self.object(id, |chunk, id| {
            let mut node = chunk.pages(id);
            node.kids(pages).count(count);
            node.pair(Name(b"Parent"), ROOT);
        })
    }

    /// Ends the file; answers where it went.
    ///
    /// # Errors
    /// `Internal` when it can't be written.
    pub fn finish(mut self) -> Result<W> {
        self.close_branch()?;
        let (kids, count) = (
            self.branches.iter().map(|branch| branch.0).collect::<Vec<_>>(),
            self.branches.iter().map(|branch| branch.1).sum(),
        );
        self.object(ROOT, |chunk, id| {
            chunk.pages(id).kids(kids).count(count);
        })?;
        let faces = Faces::get()?;
        let used = std::mem::take(&mut self.used);
        for (place, (face, name)) in
            [(&faces.regular, "NotoSans-Regular"), (&faces.bold, "NotoSans-Bold")].into_iter().enumerate()
        {
            if let (Some(id), Some(used)) = (FONTS.get(place), used.get(place)) {
                self.font(*id, face, name, used)?;
            }
        }
        let logo = self.logo.take().filter(|_| self.has_logo);
        if let Some(logo) = &logo {
            self.picture(logo)?;
        }
        let has_logo = logo.is_some();
        self.object(RESOURCES, |chunk, id| {
            let mut resources = chunk.indirect(id).start::<pdf_writer::writers::Resources<'_>>();
            let mut fonts = resources.fonts();
            fonts.pair(Name(b"F0"), FONTS[0]).pair(Name(b"F1"), FONTS[1]);
            fonts.finish();
            if has_logo {
                resources.x_objects().pair(Name(b"Logo"), LOGO);
            }
        })?;
        let title = self.title.clone();
        self.object(FACTS, |chunk, id| {
            let mut facts = chunk.indirect(id).dict();
            facts.pair(Name(b"Title"), TextStr(&title)).pair(Name(b"Producer"), TextStr("Kimonet"));
        })?;
        self.object(CATALOGUE, |chunk, id| {
            let mut catalogue = chunk.indirect(id).dict();
            catalogue.pair(Name(b"Type"), Name(b"Catalog")).pair(Name(b"Pages"), ROOT);
            catalogue.pair(Name(b"Lang"), TextStr("id"));
            catalogue.insert(Name(b"ViewerPreferences")).dict().pair(Name(b"DisplayDocTitle"), true);
        })?;
        let table = self.written;
        let size = self.next;
        let mut end = format!("xref\n0 {size}\n0000000000 65535 f \n");
        for number in 0..usize::try_from(size - 1).unwrap_or(0) {
            match self.starts.get(number) {
                Some(0) | None => end.push_str("0000000000 65535 f \n"),
                Some(start) => end.push_str(&format!("{start:010} 00000 n \n")),
            }
        }
        end.push_str(&format!("trailer\n<</Size {size}/Root 1 0 R/Info 3 0 R>>\nstartxref\n{table}\n%%EOF\n"));
        self.put(end.as_bytes())?;
        self.out.flush().map_err(|error| failed(&error))?;
        Ok(self.out)
    }

    /// A font with the letters that were used, by the numbers of their glyphs; text can be copied out of it.
    fn font(&mut self, id: Ref, face: &Face, name: &str, used: &Used) -> Result<()> {
        let system = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
        let mut kept = subsetter::GlyphRemapper::new();
        let mut letters = UnicodeCmap::<u16>::new(Name(b"Kimonet"), system);
        let mut places: Vec<u8> = Vec::new();
        for (glyph, letter) in used {
            letters.pair(*glyph, *letter);
            places.resize(usize::from(*glyph) * 2, 0);
            places.extend(kept.remap(*glyph).to_be_bytes());
        }
        let file = subsetter::subset(face.bytes, 0, &kept).map_err(|error| Error::Internal(format!("PDF: {error}")))?;
        let [descendant, descriptor, data, unicode, map] = std::array::from_fn(|_| self.id());
        // Six capitals before the name say that it is a part of the font.
        let name = format!("KMNETA+{name}");
        self.stream(data, &file)?;
        self.stream(unicode, &letters.finish())?;
        self.stream(map, &places)?;
        let tables = &face.tables;
        let bounds = tables.global_bounding_box();
        self.object(descriptor, |chunk, id| {
            let corner = |x: i16, y: i16| (face.thousandths(x), face.thousandths(y));
            let ((left, low), (right, high)) = (corner(bounds.x_min, bounds.y_min), corner(bounds.x_max, bounds.y_max));
            chunk
                .font_descriptor(id)
                .name(Name(name.as_bytes()))
                .flags(FontFlags::SYMBOLIC)
                .bbox(Rect::new(left, low, right, high))
                .italic_angle(0.0)
                .ascent(face.thousandths(tables.ascender()))
                .descent(face.thousandths(tables.descender()))
                .cap_height(face.thousandths(tables.capital_height().unwrap_or(714)))
                .stem_v(if tables.is_bold() { 120.0 } else { 80.0 })
                .font_file2(data);
        })?;
        self.object(descendant, |chunk, id| {
            let mut font = chunk.cid_font(id);
            font.subtype(CidFontType::Type2).base_font(Name(name.as_bytes())).system_info(system);
            font.font_descriptor(descriptor).default_width(0.0).cid_to_gid_map_stream(map);
            let mut widths = font.widths();
            for glyph in used.keys() {
                widths.consecutive(*glyph, [face.glyph_width(*glyph)]);
            }
        })?;
        self.object(id, |chunk, id| {
            chunk
                .type0_font(id)
                .base_font(Name(name.as_bytes()))
                .encoding_predefined(Name(b"Identity-H"))
                .descendant_font(descendant)
                .to_unicode(unicode);
        })
    }

    fn picture(&mut self, picture: &Picture) -> Result<()> {
        let (width, height) = picture.size;
        let mask = picture.alpha.as_ref().map(|alpha| (self.id(), alpha));
        if let Some((id, alpha)) = mask {
            self.object(id, |chunk, id| {
                let mut image = chunk.image_xobject(id, alpha);
                image.filter(Filter::FlateDecode);
                image.width(width).height(height).bits_per_component(8);
                image.color_space().device_gray();
            })?;
        }
        self.object(LOGO, |chunk, id| {
            let mut image = chunk.image_xobject(id, &picture.colours);
            image.filter(if picture.jpeg.is_some() { Filter::DctDecode } else { Filter::FlateDecode });
            image.width(width).height(height).bits_per_component(8);
            if picture.jpeg == Some(1) {
                image.color_space().device_gray();
            } else {
                image.color_space().device_rgb();
            }
            if let Some((mask, _)) = mask {
                image.s_mask(mask);
            }
        })
    }
}
