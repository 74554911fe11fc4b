//! Reads pictures for whoever signs: the perceptual hash of a file that goes with a statement.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::statement::phash;

/// Pixels along a side, and what decoding may take: a phone's largest photo, not a bomb.
const SIDE_MAX: u32 = 16_384;
const DECODED_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// As it stands in a statement's attachment. None for what is no picture, or none that this program can read.
pub(crate) fn phash_of(media_type: &str, bytes: &[u8]) -> Option<String> {
    let format = match media_type {
        "image/jpeg" => ImageFormat::Jpeg,
        "image/png" => ImageFormat::Png,
        "image/webp" => ImageFormat::WebP,
        _ => return None,
    };
    let pixels = upright(bytes, format).ok()?.into_rgba8();
    phash::of_rgba(pixels.width(), pixels.height(), pixels.as_raw()).map(phash::to_text)
}

fn upright(bytes: &[u8], format: ImageFormat) -> image::ImageResult<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::imageops::FilterType;

    use super::*;
    use crate::produce::Tunables;

    fn encoded(picture: &DynamicImage, quality: u8) -> Vec<u8> {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, quality).encode_image(&picture.to_rgb8()).unwrap();
        jpeg
    }

    fn hash(jpeg: &[u8]) -> u64 {
        phash::parse(&phash_of("image/jpeg", jpeg).unwrap()).unwrap()
    }

    #[test]
    fn a_picture_made_smaller_and_coarser_is_still_alike_and_another_is_not() {
        let near = Tunables::default().photo_distance;
        let drawings = crate::demo::drawings();
        let hashes: Vec<(&str, u64)> = drawings.iter().map(|(name, jpeg)| (*name, hash(jpeg))).collect();
        for ((name, jpeg), (_, own)) in drawings.iter().zip(&hashes) {
            assert!(phash::is_telling(*own), "{name}: {own:016x}");
            let whole = image::load_from_memory(jpeg).unwrap();
            let half = whole.resize_exact(whole.width() / 2, whole.height() / 2, FilterType::Triangle);
            for changed in [encoded(&whole, 40), encoded(&half, 40)] {
                let distance = (own ^ hash(&changed)).count_ones();
                assert!(distance <= near, "{name}: {distance} bits from its own copy");
            }
        }
        for (i, (name, one)) in hashes.iter().enumerate() {
            for (other, hash) in &hashes[..i] {
                let distance = (one ^ hash).count_ones();
                assert!(distance > near, "{name} and {other} are {distance} bits apart");
            }
        }
    }

    #[test]
    fn what_is_no_picture_has_no_hash() {
        let (_, jpeg) = &crate::demo::drawings()[0];
        assert_eq!(phash_of("application/pdf", jpeg), None);
        assert_eq!(phash_of("image/png", jpeg), None, "it is not what it is said to be");
        assert_eq!(phash_of("image/jpeg", &jpeg[..200]), None);
        assert_eq!(phash_of("image/jpeg", b""), None);
    }
}
