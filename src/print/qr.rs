//! The QR of a batch, by the rules of labels: black on white, four modules of quiet around it, nothing in the middle.
//!
//! The payload is upper case, so that QR's alphanumeric mode holds it in a smaller symbol; routes are read without
//! regard to case. Error correction is Q, or M for clean paper; never L.

use std::fmt::Write as _;
use std::str::FromStr;

use qrcode::{Color, EcLevel, QrCode};

/// Empty modules around the symbol.
pub const QUIET_MODULES: usize = 4;

/// The least printed width of a module, in thousandths of a millimetre.
pub const MODULE_UM_MIN: usize = 500;

/// The printed width that a label gives a symbol unless its modules would be too small.
const LABEL_UM: usize = 20_000;

/// Modules grow in steps that printers can tell apart.
const MODULE_UM_STEP: usize = 50;

/// In pixels, for the side of a PNG.
pub const PX_MIN: usize = 120;
pub const PX_MAX: usize = 4_096;
pub const PX_DEFAULT: usize = 480;

/// How much of the symbol may be lost: a quarter (Q), or 15 % (M).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Correction {
    M,
    #[default]
    Q,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    #[error("a QR code may only hold 0-9, A-Z and $%*+-./: here, not {0:?}")]
    NotAlphanumeric(char),
    #[error("too long for a QR code: {0}")]
    TooLong(String),
}

/// The modules of a symbol, without the quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    width: usize,
    dark: Vec<bool>,
}

/// What the QR of a batch says: `HTTPS://HOST/B/CODE`.
pub fn batch_payload(public_url: &str, code: &str) -> String {
    format!("{}/b/{code}", public_url.trim_end_matches('/')).to_ascii_uppercase()
}

impl Symbol {
    pub fn of(payload: &str, correction: Correction) -> Result<Symbol, QrError> {
        let is_good = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase() || " $%*+-./:".contains(c);
        if let Some(bad) = payload.chars().find(|c| !is_good(*c)) {
            return Err(QrError::NotAlphanumeric(bad));
        }
        let level = match correction {
            Correction::M => EcLevel::M,
            Correction::Q => EcLevel::Q,
        };
        let code = QrCode::with_error_correction_level(payload, level)
            .map_err(|error| QrError::TooLong(error.to_string()))?;
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Ok(Symbol { width: code.width(), dark })
    }

    /// Side in modules, quiet zone included.
    pub fn modules(&self) -> usize {
        self.width + 2 * QUIET_MODULES
    }

    /// A drawing with its size in millimetres: 20 mm, or more where modules would be below 0.5 mm.
    pub fn svg(&self) -> String {
        let side = self.modules();
        let module_um =
            (LABEL_UM.div_ceil(side).div_ceil(MODULE_UM_STEP) * MODULE_UM_STEP).max(MODULE_UM_MIN);
        let um = side * module_um;
        let mm = format!("{}.{:03}mm", um / 1_000, um % 1_000);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{mm}\" height=\"{mm}\" \
             viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\""
        );
        for (y, row) in self.dark.chunks(self.width).enumerate() {
            for (x, length) in dark_runs(row) {
                let (x, y) = (x + QUIET_MODULES, y + QUIET_MODULES);
                // Writing to a String does not fail.
                let _ = write!(svg, "M{x} {y}h{length}v1h-{length}z");
            }
        }
        svg.push_str("\"/></svg>\n");
        svg
    }

    /// Black and white, at most `px` wide, every module the same whole number of pixels.
    pub fn png(&self, px: usize) -> Vec<u8> {
        let scale = (px.clamp(PX_MIN, PX_MAX) / self.modules()).max(1);
        let side = self.modules() * scale;
        let row_bytes = side.div_ceil(8);
        let mut pixels = vec![0xFFu8; row_bytes * side];
        for y in 0..side {
            for x in 0..side {
                if self.is_dark(x / scale, y / scale) {
                    pixels[y * row_bytes + x / 8] &= !(0x80 >> (x % 8));
                }
            }
        }
        one_bit_png(side, &pixels)
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = QUIET_MODULES..QUIET_MODULES + self.width;
        inside.contains(&x)
            && inside.contains(&y)
            && self.dark[(y - QUIET_MODULES) * self.width + x - QUIET_MODULES]
    }
}

impl FromStr for Correction {
    type Err = ();

    fn from_str(text: &str) -> Result<Correction, ()> {
        match text {
            "M" | "m" => Ok(Correction::M),
            "Q" | "q" => Ok(Correction::Q),
            _ => Err(()),
        }
    }
}

fn dark_runs(row: &[bool]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == x => *length += 1,
            _ => runs.push((x, 1)),
        }
    }
    runs
}

fn one_bit_png(side: usize, pixels: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    // At most PX_MAX or 185 modules wide, so it fits.
    let side = side as u32;
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(pixels));
    // Writing into memory, with as many bytes as the header says.
    written.expect("a PNG in memory is written");
    out
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const PAYLOAD: &str = "HTTPS://SUYUAN.EXAMPLE/B/B0123456789";

    fn symbol() -> Symbol {
        Symbol::of(PAYLOAD, Correction::Q).unwrap()
    }

    #[test]
    fn the_payload_is_upper_case_and_small() {
        assert_eq!(batch_payload("https://suyuan.example/", "B0123456789"), PAYLOAD);
        assert_eq!(symbol().modules(), 29 + 8);
        assert_eq!(Symbol::of(PAYLOAD, Correction::M).unwrap().modules(), 25 + 8);
        assert_eq!(Symbol::of("https://x", Correction::Q), Err(QrError::NotAlphanumeric('h')));
        assert_eq!(Symbol::of("A?B", Correction::Q), Err(QrError::NotAlphanumeric('?')));
        assert!(matches!(Symbol::of(&"A".repeat(5_000), Correction::Q), Err(QrError::TooLong(_))));
    }

    #[test]
    fn the_drawing_is_at_least_20_mm_and_its_modules_half_a_millimetre() {
        let svg = symbol().svg();
        assert!(svg.contains("width=\"20.350mm\" height=\"20.350mm\" viewBox=\"0 0 37 37\""), "{svg}");
        let large = Symbol::of(&"A".repeat(200), Correction::Q).unwrap();
        let mm = large.modules() * MODULE_UM_MIN / 1_000;
        assert!(large.modules() > 40 && large.svg().contains(&format!("width=\"{mm}.")));
    }

    #[test]
    fn modules_are_whole_pixels_with_four_of_quiet() {
        for px in [0, 100, PX_DEFAULT, 481, 1_000, 100_000] {
            let symbol = symbol();
            let bytes = symbol.png(px);
            let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
            let side = reader.info().width as usize;
            assert!(side.is_multiple_of(37) && (37..=PX_MAX).contains(&side), "{px} gives {side}");
            assert_eq!(reader.info().bit_depth, png::BitDepth::One);
            let scale = side / 37;
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut pixels).unwrap();
            let row_bytes = side.div_ceil(8);
            let dark = |x: usize, y: usize| pixels[y * row_bytes + x / 8] & (0x80 >> (x % 8)) == 0;
            for y in 0..side {
                for x in 0..side {
                    assert_eq!(dark(x, y), symbol.is_dark(x / scale, y / scale), "{x},{y}");
                }
            }
            assert!((0..4 * scale).all(|y| (0..side).all(|x| !dark(x, y) && !dark(y, x))));
        }
    }

    #[test]
    fn two_foreign_decoders_read_it() {
        let dir = tempfile::tempdir().unwrap();
        for correction in [Correction::M, Correction::Q] {
            for px in [PX_MIN, PX_DEFAULT, 1_000] {
                let file = dir.path().join(format!("{correction:?}{px}.png"));
                std::fs::write(&file, Symbol::of(PAYLOAD, correction).unwrap().png(px)).unwrap();
                for read in [zbar(&file), zxing(&file)].into_iter().flatten() {
                    assert_eq!(read, PAYLOAD, "{correction:?} {px}");
                }
            }
        }
    }

    fn zbar(file: &std::path::Path) -> Option<String> {
        decoded("zbarimg", Command::new("zbarimg").args(["-q", "--raw"]).arg(file))
    }

    fn zxing(file: &std::path::Path) -> Option<String> {
        const SCRIPT: &str = "import sys, zxingcpp, PIL.Image as I\n\
            found = zxingcpp.read_barcodes(I.open(sys.argv[1]).convert('L'))\n\
            print(found[0].text if found else '')";
        let python = std::env::var("SUYUAN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        decoded("zxing-cpp", Command::new(python).args(["-c", SCRIPT]).arg(file))
    }

    /// None, said aloud, where the decoder is not installed; in CI it must be.
    fn decoded(name: &str, command: &mut Command) -> Option<String> {
        match command.output() {
            Ok(output) if output.status.success() => {
                Some(String::from_utf8(output.stdout).unwrap().trim_end().to_owned())
            }
            other => {
                let missing = match &other {
                    Ok(output) => String::from_utf8_lossy(&output.stderr).contains("No module named"),
                    Err(_) => true,
                };
                assert!(missing && std::env::var_os("SUYUAN_CI").is_none(), "{name}: {other:?}");
                eprintln!("skipped because {name} is not installed");
                None
            }
        }
    }
}
