//! A logo as PDF takes it: PNG and WebP as pixels with their transparency, JPEG as it is.

use super::pdf::packed;
use std::io::Cursor;

/// Pixels of a side beyond which a logo is made smaller: at its size on paper, more than any printer shows.
const SIDE_MAX: usize = 900;
/// Bytes that a picture may take while it is read: some 4,000 × 4,000 pixels.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels across and down.
    pub size: (i32, i32),
    /// JPEG as it is, or packed pixels of three bytes.
    pub colours: Vec<u8>,
    /// Packed transparency, a byte a pixel.
    pub alpha: Option<Vec<u8>>,
    /// Whether `colours` is a JPEG, and of how many colours.
    pub jpeg: Option<u8>,
}

impl Picture {
    /// Reads a PNG, WebP or JPEG; `None` for what is none, or too large.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => jpeg(bytes),
            [0x89, b'P', ..] => png(bytes),
            [b'R', b'I', b'F', b'F', ..] => webp(bytes),
            _ => None,
        }
    }

    /// Of pixels with so many bytes each: grey, grey with transparency, colours, colours with transparency.
    fn of_pixels(pixels: &[u8], (width, height): (usize, usize), bytes: usize) -> Option<Self> {
        let step = width.max(height).div_ceil(SIDE_MAX).max(1);
        let (across, down) = (width / step, height / step);
        let has_alpha = bytes.is_multiple_of(2);
        let (mut colours, mut alpha) = (Vec::with_capacity(across * down * 3), Vec::with_capacity(across * down));
        for y in 0..down {
            for x in 0..across {
                // The mean of the square, weighted by how much of each pixel is there.
                let (mut sum, mut weight, mut all) = ([0_u64; 3], 0_u64, 0_u64);
                for row in y * step..(y + 1) * step {
                    for column in x * step..(x + 1) * step {
                        let at = (row * width + column) * bytes;
                        let pixel = pixels.get(at..at + bytes)?;
                        let shown = if has_alpha { u64::from(*pixel.last()?) } else { 255 };
                        for (place, sum) in sum.iter_mut().enumerate() {
                            *sum += u64::from(*pixel.get(if bytes < 3 { 0 } else { place })?) * shown;
                        }
                        weight += shown;
                        all += 1;
                    }
                }
                for sum in sum {
                    colours.push(u8::try_from(sum / weight.max(1)).unwrap_or(255));
                }
                alpha.push(u8::try_from(weight / all.max(1)).unwrap_or(255));
            }
        }
        Some(Self {
            size: (i32::try_from(across).ok()?, i32::try_from(down).ok()?),
            colours: packed(&colours).ok()?,
            alpha: if has_alpha { Some(packed(&alpha).ok()?) } else { None },
            jpeg: None,
        })
        .filter(|picture| picture.size.0 > 0 && picture.size.1 > 0)
    }
}

fn png(bytes: &[u8]) -> Option<Picture> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: BYTES_MAX });
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().ok()?;
    let mut pixels = vec![0; reader.output_buffer_size().filter(|size| *size <= BYTES_MAX)?];
    let info = reader.next_frame(&mut pixels).ok()?;
    let size = (usize::try_from(info.width).ok()?, usize::try_from(info.height).ok()?);
    Picture::of_pixels(&pixels, size, info.color_type.samples())
}

fn webp(bytes: &[u8]) -> Option<Picture> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).ok()?;
    decoder.set_memory_limit(BYTES_MAX);
    let mut pixels = vec![0; decoder.output_buffer_size().filter(|size| *size <= BYTES_MAX)?];
    let (width, height) = decoder.dimensions();
    decoder.read_image(&mut pixels).ok()?;
    let bytes = if decoder.has_alpha() { 4 } else { 3 };
    Picture::of_pixels(&pixels, (usize::try_from(width).ok()?, usize::try_from(height).ok()?), bytes)
}

/// Size and colours stand in the frame header (ITU T.81, B.2.2); the rest is left to who shows it.
fn jpeg(bytes: &[u8]) -> Option<Picture> {
    let mut at = 2;
    loop {
        let [0xff, kind, high, low] = *bytes.get(at..at + 4)? else { return None };
        if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
            let [_, h1, h0, w1, w0, colours] = *bytes.get(at + 4..at + 10)? else { return None };
            let size = (i32::from(u16::from_be_bytes([w1, w0])), i32::from(u16::from_be_bytes([h1, h0])));
            let known = matches!(colours, 1 | 3) && size.0 > 0 && size.1 > 0;
            return known.then(|| Picture { size, colours: bytes.to_vec(), alpha: None, jpeg: Some(colours) });
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png_of(side: u32, colour: png::ColorType, pixel: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, side, side);
        encoder.set_color(colour);
        encoder.set_depth(png::BitDepth::Eight);
        let count = usize::try_from(side * side).unwrap();
        encoder.write_header().unwrap().write_image_data(&pixel.repeat(count)).unwrap();
        file
    }

    #[test]
    fn logos_of_each_kind_are_read_and_large_ones_made_smaller() {
        let small = Picture::of(&png_of(10, png::ColorType::Rgb, &[200, 10, 10])).unwrap();
        assert_eq!((small.size, small.alpha.is_some(), small.jpeg), ((10, 10), false, None));
        let large = Picture::of(&png_of(2_000, png::ColorType::Rgba, &[200, 10, 10, 0])).unwrap();
        assert_eq!((large.size, large.alpha.is_some()), ((666, 666), true));
        assert!(Picture::of(&png_of(3, png::ColorType::GrayscaleAlpha, &[9, 200])).unwrap().alpha.is_some());
        let frame = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 1, 0xff, 0xc0, 0, 11, 8, 0, 20, 0, 30, 3];
        let photo = Picture::of(&frame).unwrap();
        assert_eq!((photo.size, photo.jpeg), ((30, 20), Some(3)));
        assert_eq!(Picture::of(b"\xff\xd8\xff\xe0\0"), None);
        assert_eq!(Picture::of(b"<svg>"), None);
    }
}
