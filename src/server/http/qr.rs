//! A QR code as a PNG: a file that a phone can keep in its gallery and that every bank's app reads.

use super::Site;
use super::pages::attempt_of;
use crate::server::error::{Error, Result};
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// Pixels of a module's side.
const SCALE: usize = 8;
/// Modules that stay white on each side (ISO/IEC 18004 asks for 4).
const MARGIN: usize = 4;

/// The QR of a payment that has one.
pub(super) async fn picture(State(site): State<Site>, Path(reference): Path<String>) -> Response {
    let result = async {
        let attempt = attempt_of(&site, &reference).await?;
        if attempt.qr_string.is_empty() {
            return Err(Error::NotFound("Pembayaran ini tidak memakai kode QR.".to_owned()));
        }
        Ok::<_, Error>((
            [(CONTENT_TYPE, "image/png"), (CACHE_CONTROL, "private, max-age=86400")],
            png_of(&attempt.qr_string)?,
        ))
    }
    .await;
    match result {
        Ok(answer) => answer.into_response(),
        Err(error) => super::pages::problem(error),
    }
}

/// Black on white, one bit for a pixel.
fn png_of(text: &str) -> Result<Vec<u8>> {
    let bad = |error: &dyn std::fmt::Debug| Error::Internal(format!("QR: {error:?}"));
    let code = fast_qr::QRBuilder::new(text).build().map_err(|error| bad(&error))?;
    let side = (code.size + 2 * MARGIN) * SCALE;
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| (at / SCALE).checked_sub(MARGIN).filter(|module| *module < code.size);
        matches!((inside(x), inside(y)), (Some(x), Some(y)) if code[y][x].value())
    };
    let mut pixels = Vec::with_capacity(side * side.div_ceil(8));
    for y in 0..side {
        for byte in 0..side.div_ceil(8) {
            // A set bit is white; the first pixel is the highest bit.
            pixels.push((0..8).fold(0_u8, |bits, bit| bits << 1 | u8::from(!is_dark(byte * 8 + bit, y))));
        }
    }
    let width = u32::try_from(side).map_err(|error| bad(&error))?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, width);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(|error| bad(&error))?;
    writer.write_image_data(&pixels).map_err(|error| bad(&error))?;
    writer.finish().map_err(|error| bad(&error))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_holds_the_code_with_its_margin() {
        let text = "00020101021226610014COM.GO-JEK.WWW0118936009143";
        let mut reader = png::Decoder::new(std::io::Cursor::new(png_of(text).unwrap())).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let code = fast_qr::QRBuilder::new(text).build().unwrap();
        let side = usize::try_from(info.width).unwrap();
        assert_eq!(side, (code.size + 8) * SCALE);
        let is_white = |x: usize, y: usize| pixels[y * info.line_size + x / 8] >> (7 - x % 8) & 1 == 1;
        for y in 0..side {
            for x in 0..side {
                let (column, row) = (x / SCALE, y / SCALE);
                let margin = !(4..4 + code.size).contains(&column) || !(4..4 + code.size).contains(&row);
                assert_eq!(is_white(x, y), margin || !code[row - 4][column - 4].value(), "{x}, {y}");
            }
        }
    }
}
