//! A small canvas: shapes with soft edges on an RGB picture, and the JPEG that comes out.

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

pub(super) const WIDTH: u32 = 640;
pub(super) const HEIGHT: u32 = 480;

const JPEG_QUALITY: u8 = 60;

pub(super) type Colour = [f32; 3];

/// `0xRRGGBB`
pub(super) fn rgb(hex: u32) -> Colour {
    [16, 8, 0].map(|shift| ((hex >> shift) & 0xff) as f32)
}

pub(super) fn mix(a: Colour, b: Colour, t: f32) -> Colour {
    let t = t.clamp(0.0, 1.0);
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * t)
}

/// A number from 0 to 1 that looks random and is always the same.
pub(super) fn scatter(seed: u32) -> f32 {
    let mut x = seed.wrapping_mul(0x9e37_79b9).wrapping_add(0x85eb_ca6b);
    x ^= x >> 15;
    x = x.wrapping_mul(0x2c1b_3c6d);
    x ^= x >> 12;
    x = x.wrapping_mul(0x297a_2d39);
    x ^= x >> 15;
    (x % 10_000) as f32 / 9_999.0
}

pub(super) struct Canvas {
    pixels: Vec<Colour>,
}

impl Canvas {
    /// Top to bottom.
    pub(super) fn gradient(top: Colour, bottom: Colour) -> Canvas {
        let row = |y: u32| mix(top, bottom, y as f32 / HEIGHT as f32);
        let pixels = (0..HEIGHT).flat_map(|y| std::iter::repeat_n(row(y), WIDTH as usize)).collect();
        Canvas { pixels }
    }

    /// Everything below `height_at(x)`, darker towards the bottom.
    pub(super) fn ridge(&mut self, colour: Colour, foot: Colour, height_at: impl Fn(f32) -> f32) {
        for x in 0..WIDTH {
            let top = height_at(x as f32);
            for y in 0..HEIGHT {
                let depth = y as f32 - top;
                if depth > -1.0 {
                    let shade = mix(colour, foot, depth / 160.0);
                    self.blend(x, y, shade, depth + 0.5);
                }
            }
        }
    }

    /// A ball lit from the upper left.
    pub(super) fn ball(&mut self, cx: f32, cy: f32, radius: f32, colour: Colour) {
        let (light, dark) = (mix(colour, rgb(0xffffff), 0.45), mix(colour, rgb(0x000000), 0.35));
        self.within(cx, cy, radius, radius, |x, y| {
            let (dx, dy) = (x - cx, y - cy);
            let lit = (-(dx * 0.6 + dy * 0.8) / radius + 1.0) / 2.0;
            let shade =
                if lit > 0.5 { mix(colour, light, (lit - 0.5) * 1.6) } else { mix(dark, colour, lit * 2.0) };
            (shade, radius - dx.hypot(dy) + 0.5)
        });
    }

    /// A flat disc or, with two radii and a turn, a leaf.
    pub(super) fn ellipse(&mut self, cx: f32, cy: f32, rx: f32, ry: f32, turn: f32, colour: Colour) {
        let (sin, cos) = turn.sin_cos();
        let reach = rx.max(ry);
        self.within(cx, cy, reach, reach, |x, y| {
            let (dx, dy) = (x - cx, y - cy);
            let (u, v) = ((dx * cos + dy * sin) / rx, (dy * cos - dx * sin) / ry);
            let edge = (1.0 - u.hypot(v)) * rx.min(ry);
            (mix(colour, rgb(0xffffff), (-v * 0.18).max(0.0)), edge + 0.5)
        });
    }

    /// A box with round corners.
    pub(super) fn slab(&mut self, left: f32, top: f32, right: f32, bottom: f32, round: f32, colour: Colour) {
        let (cx, cy) = ((left + right) / 2.0, (top + bottom) / 2.0);
        let (hx, hy) = ((right - left) / 2.0, (bottom - top) / 2.0);
        self.within(cx, cy, hx, hy, |x, y| {
            let (qx, qy) = ((x - cx).abs() - hx + round, (y - cy).abs() - hy + round);
            let outside = qx.max(0.0).hypot(qy.max(0.0)) + qx.max(qy).min(0.0) - round;
            (mix(colour, rgb(0x000000), (y - top) / (bottom - top) * 0.12), 0.5 - outside)
        });
    }

    /// A line with round ends, thicker in the middle when `belly` is more than 0.
    pub(super) fn stroke(&mut self, from: (f32, f32), to: (f32, f32), half: f32, belly: f32, colour: Colour) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length2 = (dx * dx + dy * dy).max(1e-6);
        let (cx, cy) = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        let reach = half + belly;
        self.within(cx, cy, dx.abs() / 2.0 + reach, dy.abs() / 2.0 + reach, |x, y| {
            let t = (((x - from.0) * dx + (y - from.1) * dy) / length2).clamp(0.0, 1.0);
            let (ox, oy) = (x - from.0 - t * dx, y - from.1 - t * dy);
            let half = half + belly * (t * std::f32::consts::PI).sin();
            let side = (ox * dy - oy * dx) / length2.sqrt() / half;
            let shade = mix(colour, rgb(0xffffff), side.max(0.0) * 0.35);
            (mix(shade, rgb(0x000000), (-side).max(0.0) * 0.25), half - ox.hypot(oy) + 0.5)
        });
    }

    pub(super) fn into_jpeg(self) -> Vec<u8> {
        let bytes = self.pixels.iter().flatten().map(|value| value.round().clamp(0.0, 255.0) as u8).collect();
        // One colour a pixel of WIDTH × HEIGHT, as made in `gradient`.
        let picture = RgbImage::from_raw(WIDTH, HEIGHT, bytes).expect("the canvas has its size");
        let mut jpeg = Vec::new();
        // Writing into memory, a picture far below JPEG's limits, has no way to fail.
        JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY).encode_image(&picture).expect("a small JPEG");
        jpeg
    }

    /// Paints what lies around a point; `paint` gives colour and how far inside the shape a pixel is.
    fn within(&mut self, cx: f32, cy: f32, rx: f32, ry: f32, paint: impl Fn(f32, f32) -> (Colour, f32)) {
        let span = |centre: f32, reach: f32, end: u32| {
            let low = (centre - reach - 1.0).max(0.0) as u32;
            low..((centre + reach + 2.0).max(0.0) as u32).min(end)
        };
        for y in span(cy, ry, HEIGHT) {
            for x in span(cx, rx, WIDTH) {
                let (colour, inside) = paint(x as f32, y as f32);
                self.blend(x, y, colour, inside);
            }
        }
    }

    fn blend(&mut self, x: u32, y: u32, colour: Colour, cover: f32) {
        if cover > 0.0 {
            let pixel = &mut self.pixels[(y * WIDTH + x) as usize];
            *pixel = mix(*pixel, colour, cover);
        }
    }
}
