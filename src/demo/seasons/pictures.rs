//! Photos of generated harvests: eight by eight fields, light where the perceptual hash has a one. Nothing is pictured.

use super::dice::Dice;
use crate::demo::draft::File;

const FIELDS: u32 = 8;
/// Pixels along a field.
const FIELD: u32 = 8;
const LIGHT: u8 = 0xd8;
const DARK: u8 = 0x38;

/// The hash of one farm's photo of a pick.
pub(super) fn bits(seed: u64, farm: &str, year: i16, pick: u64) -> u64 {
    Dice::of(seed, &format!("photo {farm} {year} {pick}")).roll()
}

/// The hash of the photo with which a farm registers its plot: there before any harvest, for whoever takes it.
pub(super) fn of_plot(seed: u64, farm: &str) -> u64 {
    Dice::of(seed, &format!("photo {farm} plot")).roll()
}

pub(super) fn photo(what: &str, bits: u64) -> File {
    File {
        name: format!("程序绘制示意图-{what}.png"),
        media_type: "image/png",
        bytes: draw(bits),
        named_at: None,
        phash: Some(bits),
    }
}

/// As if it were saved anew: three bits change.
pub(super) fn retouched(bits: u64) -> u64 {
    bits ^ (1 << 3 | 1 << 30 | 1 << 57)
}

/// The PNG.
fn draw(bits: u64) -> Vec<u8> {
    let side = FIELDS * FIELD;
    let light = |x: u32, y: u32| bits >> (63 - (y / FIELD * FIELDS + x / FIELD)) & 1 == 1;
    let pixels: Vec<u8> = (0..side)
        .flat_map(|y| (0..side).map(move |x| (x, y)))
        .map(|(x, y)| if light(x, y) { LIGHT } else { DARK })
        .collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    // Into a Vec, and of the size that the header says: there is nothing that could fail.
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    debug_assert!(written.is_ok());
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_shows_its_hash() {
        let hash = bits(7, "demo-farm-00001", 2025, 0);
        let file = draw(hash);
        assert!(file.len() < 1024, "{}", file.len());
        let picture = image::load_from_memory(&file).unwrap().to_luma8();
        let seen = (0..64).fold(0u64, |seen, i| {
            let field = picture.get_pixel(i % 8 * FIELD + 4, i / 8 * FIELD + 4).0[0];
            seen << 1 | u64::from(field > 0x80)
        });
        assert_eq!(seen, hash);
        assert_eq!((retouched(hash) ^ hash).count_ones(), 3);
        let other = bits(7, "demo-farm-00002", 2025, 0);
        assert!((other ^ hash).count_ones() > 10);
    }
}
