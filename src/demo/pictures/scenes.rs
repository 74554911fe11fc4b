//! What the pictures show: fields, crates, boxes, a cold store's curve.

use super::canvas::{Canvas, Colour, HEIGHT, WIDTH, mix, rgb, scatter};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::demo) enum Fruit {
    Apple,
    Bayberry,
    Cucumber,
    Root,
}

impl Fruit {
    fn colour(self) -> Colour {
        rgb(match self {
            Fruit::Apple => 0xc8_3a_34,
            Fruit::Bayberry => 0x8c_1d_3c,
            Fruit::Cucumber => 0x3f_82_3a,
            Fruit::Root => 0xb0_8a_5c,
        })
    }
}

/// Hills with rows of what grows there.
pub(in crate::demo) fn terraces(fruit: Fruit) -> Vec<u8> {
    let (sky, haze, far, near, foot) = match fruit {
        Fruit::Bayberry => (0x9c_cf_e6, 0xf4_f1_dc, 0x8f_b9_a4, 0x4e_8a_55, 0x2f_5f_3c),
        Fruit::Apple => (0x8f_c1_ea, 0xfb_ee_d2, 0xd8_b8_86, 0xc0_96_5c, 0x8e_6a_3e),
        Fruit::Cucumber | Fruit::Root => (0xa9_c9_dd, 0xf2_ee_e2, 0x9a_b0_9c, 0x7c_8f_5a, 0x55_46_36),
    };
    let mut canvas = Canvas::gradient(rgb(sky), rgb(haze));
    canvas.ball(520.0, 92.0, 34.0, rgb(0xff_e6_9a));
    let hill = |base: f32, swing: f32, pace: f32, phase: f32| {
        move |x: f32| base + swing * (x / pace + phase).sin() + swing * 0.4 * (x / pace * 2.3 + phase).sin()
    };
    canvas.ridge(mix(rgb(far), rgb(haze), 0.5), rgb(far), hill(190.0, 26.0, 90.0, 0.4));
    canvas.ridge(rgb(far), rgb(near), hill(235.0, 30.0, 120.0, 2.1));
    canvas.ridge(rgb(near), rgb(foot), hill(285.0, 18.0, 150.0, 4.0));
    for row in 0..4u32 {
        let size = 20.0 + 9.0 * row as f32;
        let y = 300.0 + 44.0 * row as f32 + 4.0 * (row * row) as f32;
        let step = size * 2.3;
        let count = (WIDTH as f32 / step) as u32 + 2;
        for i in 0..count {
            let x = (i as f32 - 0.3 * row as f32) * step + 8.0 * scatter(row * 91 + i);
            match fruit {
                Fruit::Root => shaded_bed(&mut canvas, x, y, size),
                _ => tree(&mut canvas, x, y, size, fruit, row * 131 + i),
            }
        }
    }
    canvas.into_jpeg()
}

/// A crate seen from the front, heaped.
pub(in crate::demo) fn crate_of(fruit: Fruit) -> Vec<u8> {
    let mut canvas = Canvas::gradient(rgb(0xf6_f0_e2), rgb(0xd9_cc_b2));
    behind(&mut canvas, fruit);
    canvas.ellipse(320.0, 430.0, 270.0, 26.0, 0.0, rgb(0xb9_a9_8a));
    canvas.slab(80.0, 180.0, 560.0, 420.0, 14.0, rgb(0x8a_62_3c));
    heap(&mut canvas, fruit, 100.0, 540.0, 128.0, 262.0);
    for board in 0..3 {
        let top = 262.0 + 54.0 * board as f32;
        canvas.slab(
            70.0,
            top,
            570.0,
            top + 44.0,
            6.0,
            mix(rgb(0xc9_98_62), rgb(0xb5_82_4e), 0.3 * board as f32),
        );
    }
    for post in [76.0, 300.0, 524.0] {
        canvas.slab(post, 240.0, post + 40.0, 424.0, 5.0, rgb(0xa9_78_48));
    }
    canvas.into_jpeg()
}

/// Each place has a wall of its own, so that no two pictures are of one.
fn behind(canvas: &mut Canvas, fruit: Fruit) {
    match fruit {
        Fruit::Bayberry => {}
        Fruit::Apple => {
            canvas.slab(0.0, 0.0, 150.0, 470.0, 4.0, rgb(0x6e_50_3a));
            canvas.slab(250.0, 0.0, 330.0, 120.0, 4.0, rgb(0x6e_50_3a));
        }
        Fruit::Cucumber => {
            canvas.slab(500.0, 0.0, 640.0, 470.0, 4.0, rgb(0x3f_6b_46));
            canvas.slab(200.0, 0.0, 270.0, 120.0, 4.0, rgb(0x3f_6b_46));
        }
        Fruit::Root => {
            canvas.slab(0.0, 0.0, 640.0, 60.0, 4.0, rgb(0x3a_36_33));
            canvas.slab(0.0, 300.0, 640.0, 480.0, 4.0, rgb(0x5a_48_3c));
        }
    }
}

/// An open box, ready to be closed.
pub(in crate::demo) fn packed(fruit: Fruit) -> Vec<u8> {
    let mut canvas = Canvas::gradient(rgb(0xe4_ec_ee), rgb(0xb9_c6_c9));
    behind(&mut canvas, fruit);
    canvas.ellipse(320.0, 424.0, 250.0, 24.0, 0.0, rgb(0x93_a3_a6));
    let (lid, side, inside) = match fruit {
        Fruit::Bayberry => (rgb(0xf7_f9_fa), rgb(0xe6_ec_ee), rgb(0xcf_dc_e2)),
        _ => (rgb(0xd9_ae_74), rgb(0xc6_96_5c), rgb(0x9a_70_42)),
    };
    canvas.slab(130.0, 70.0, 510.0, 190.0, 12.0, lid);
    canvas.slab(130.0, 176.0, 510.0, 330.0, 10.0, inside);
    heap(&mut canvas, fruit, 150.0, 490.0, 200.0, 310.0);
    if fruit == Fruit::Bayberry {
        for pack in [210.0, 430.0] {
            canvas.slab(pack - 46.0, 196.0, pack + 46.0, 240.0, 12.0, rgb(0x8c_c8_ea));
            canvas.slab(pack - 34.0, 206.0, pack + 10.0, 214.0, 4.0, rgb(0xd8_f0_fb));
        }
    }
    canvas.slab(112.0, 300.0, 528.0, 416.0, 12.0, side);
    canvas.slab(270.0, 330.0, 370.0, 390.0, 8.0, rgb(0xfd_fd_fa));
    for bar in 0..9u32 {
        let x = 282.0 + 8.5 * bar as f32;
        canvas.slab(x, 342.0, x + 2.0 + 4.0 * scatter(bar), 378.0, 0.5, rgb(0x33_33_33));
    }
    canvas.into_jpeg()
}

/// Rows of vines under a curved roof.
pub(in crate::demo) fn greenhouse() -> Vec<u8> {
    let mut canvas = Canvas::gradient(rgb(0xd6_e8_f2), rgb(0xe9_ef_da));
    canvas.ridge(rgb(0x9a_7a_52), rgb(0x6d_54_38), |_| 390.0);
    for arch in 0..6 {
        let reach = 330.0 - 46.0 * arch as f32;
        let lift = 330.0 - 40.0 * arch as f32;
        let point = |angle: f32| (320.0 - reach * angle.cos(), 400.0 - lift * angle.sin());
        for part in 0..24 {
            let angle = |n: i32| n as f32 / 24.0 * std::f32::consts::PI;
            canvas.stroke(point(angle(part)), point(angle(part + 1)), 2.2, 0.0, rgb(0xb7_c4_c9));
        }
    }
    for vine in 0..9u32 {
        let x = 60.0 + 65.0 * vine as f32;
        let top = 140.0 + 0.0013 * (x - 320.0) * (x - 320.0);
        canvas.stroke((x, top), (x, 420.0), 1.2, 0.0, rgb(0xf2_f2_ea));
        for leaf in 0..8u32 {
            let seed = vine * 37 + leaf;
            let y = top + 26.0 + (400.0 - top) / 8.0 * leaf as f32;
            let side = if leaf % 2 == 0 { -1.0 } else { 1.0 };
            let green = mix(rgb(0x4f_9a_48), rgb(0x2f_6f_38), scatter(seed));
            canvas.ellipse(x + side * 17.0, y, 21.0, 14.0, side * 0.5, green);
            if scatter(seed + 500) > 0.45 {
                cucumber(&mut canvas, (x - side * 12.0, y + 4.0), (x - side * 15.0, y + 52.0), 5.0);
            }
        }
    }
    canvas.into_jpeg()
}

/// A cold store with the curve that its logger wrote; the line is the upper limit.
pub(in crate::demo) fn cold_store(celsius: &[f32], limit: f32) -> Vec<u8> {
    let mut canvas = Canvas::gradient(rgb(0x22_3a_4c), rgb(0x10_22_30));
    for rack in 0..5u32 {
        let x = 40.0 + 116.0 * rack as f32;
        for shelf in 0..3u32 {
            let y = 60.0 + 52.0 * shelf as f32;
            canvas.slab(
                x,
                y,
                x + 92.0,
                y + 40.0,
                5.0,
                mix(rgb(0x6d_94_a8), rgb(0x4d_70_86), scatter(rack * 3 + shelf)),
            );
            canvas.slab(x + 8.0, y + 10.0, x + 40.0, y + 24.0, 3.0, rgb(0xd8_e6_ec));
        }
    }
    canvas.slab(30.0, 236.0, 610.0, 452.0, 14.0, rgb(0xf4_f7_f8));
    let height = |value: f32| 428.0 - (value + 2.0).clamp(0.0, 12.0) / 12.0 * 176.0;
    for line in 0..6 {
        let y = height(line as f32 * 2.0);
        canvas.stroke((52.0, y), (590.0, y), 0.6, 0.0, rgb(0xc9_d3_d8));
    }
    canvas.stroke((52.0, height(limit)), (590.0, height(limit)), 1.4, 0.0, rgb(0xd8_8a_3c));
    let last = celsius.len().saturating_sub(1).max(1) as f32;
    let point = |(i, value): (usize, &f32)| (52.0 + 538.0 * i as f32 / last, height(*value));
    let points: Vec<(f32, f32)> = celsius.iter().enumerate().map(point).collect();
    for (pair, values) in points.windows(2).zip(celsius.windows(2)) {
        let over = values.iter().any(|value| *value > limit);
        canvas.stroke(pair[0], pair[1], 2.0, 0.0, rgb(if over { 0xc8_3a_34 } else { 0x2a_7a_a8 }));
    }
    canvas.into_jpeg()
}

/// A refrigerated truck before dawn.
pub(in crate::demo) fn truck() -> Vec<u8> {
    let mut canvas = Canvas::gradient(rgb(0x24_36_5a), rgb(0xe8_a8_78));
    for star in 0..40u32 {
        canvas.ball(
            640.0 * scatter(star),
            180.0 * scatter(star + 77),
            0.8 + scatter(star + 9),
            rgb(0xff_f6_dc),
        );
    }
    canvas.ridge(rgb(0x3d_4a_5e), rgb(0x2b_34_44), |x| 310.0 + 22.0 * (x / 80.0).sin());
    canvas.slab(0.0, 380.0, WIDTH as f32, HEIGHT as f32, 0.0, rgb(0x4a_4c_50));
    for dash in 0..6 {
        canvas.slab(
            20.0 + 112.0 * dash as f32,
            434.0,
            84.0 + 112.0 * dash as f32,
            440.0,
            2.0,
            rgb(0xe8_e2_c8),
        );
    }
    canvas.slab(110.0, 190.0, 430.0, 372.0, 10.0, rgb(0xf2_f5_f6));
    canvas.slab(110.0, 300.0, 430.0, 330.0, 0.0, rgb(0x2f_7f_a8));
    canvas.slab(392.0, 168.0, 452.0, 206.0, 8.0, rgb(0xb8_c4_ca));
    canvas.slab(434.0, 240.0, 540.0, 372.0, 18.0, rgb(0x2f_7f_a8));
    canvas.slab(470.0, 256.0, 530.0, 306.0, 8.0, rgb(0xd2_ea_f4));
    canvas.ball(536.0, 346.0, 8.0, rgb(0xff_f2_b0));
    for wheel in [180.0, 250.0, 480.0] {
        canvas.ball(wheel, 378.0, 30.0, rgb(0x2a_2a_2c));
        canvas.ball(wheel, 378.0, 12.0, rgb(0xb6_ba_be));
    }
    canvas.into_jpeg()
}

/// Flasks and sample bottles on a bench.
pub(in crate::demo) fn laboratory() -> Vec<u8> {
    let mut canvas = Canvas::gradient(rgb(0xec_f3_f5), rgb(0xcf_dd_e2));
    canvas.slab(0.0, 360.0, WIDTH as f32, HEIGHT as f32, 0.0, rgb(0x8d_a3_ad));
    let liquids = [0xc8_3a_54, 0xe0_a8_3c, 0x5a_a8_6a, 0x4a_8a_c8, 0x9a_6a_b8];
    for (i, liquid) in liquids.into_iter().enumerate() {
        let x = 90.0 + 115.0 * i as f32;
        let tall = 40.0 * scatter(i as u32 + 3);
        canvas.slab(x - 12.0, 170.0 - tall, x + 12.0, 270.0, 5.0, rgb(0xf8_fc_fd));
        canvas.ball(x, 316.0, 48.0, rgb(0xf3_fa_fc));
        canvas.ellipse(x, 330.0, 38.0, 28.0, 0.0, rgb(liquid));
        canvas.slab(x - 22.0, 252.0, x + 22.0, 264.0, 4.0, rgb(0xd2_de_e4));
        canvas.slab(x - 30.0, 388.0, x + 30.0, 430.0, 6.0, rgb(0xfd_fd_fa));
        for line in 0..3 {
            let y = 398.0 + 10.0 * line as f32;
            canvas.slab(
                x - 22.0,
                y,
                x + 22.0 - 12.0 * scatter(i as u32 * 7 + line),
                y + 3.0,
                1.0,
                rgb(0x6a_78_80),
            );
        }
    }
    canvas.into_jpeg()
}

fn tree(canvas: &mut Canvas, x: f32, y: f32, size: f32, fruit: Fruit, seed: u32) {
    canvas.ellipse(x, y + size * 0.9, size, size * 0.2, 0.0, rgb(0x3a_40_2c));
    canvas.stroke((x, y), (x, y + size * 0.9), size * 0.1, 0.0, rgb(0x6a_4a_30));
    let green = if fruit == Fruit::Apple { rgb(0x5d_96_48) } else { rgb(0x2f_6e_3e) };
    for (dx, dy, r) in [(-0.5, 0.1, 0.6), (0.5, 0.1, 0.6), (0.0, -0.35, 0.75)] {
        canvas.ball(x + dx * size, y + dy * size, r * size, mix(green, rgb(0x20_48_2a), 0.3 * scatter(seed)));
    }
    for berry in 0..7u32 {
        let (u, v) = (scatter(seed * 17 + berry), scatter(seed * 29 + berry + 5));
        canvas.ball(x + (u - 0.5) * size * 1.6, y + (v - 0.6) * size, size * 0.1, fruit.colour());
    }
}

/// A bed under shade netting, as sanqi grows.
fn shaded_bed(canvas: &mut Canvas, x: f32, y: f32, size: f32) {
    canvas.slab(x - size, y + size * 0.5, x + size, y + size * 0.9, 4.0, rgb(0x6a_4c_34));
    for plant in 0..5 {
        let px = x - size * 0.8 + size * 0.4 * plant as f32;
        for turn in [-0.9f32, 0.0, 0.9] {
            let (dx, dy) = (turn.sin() * size * 0.16, -turn.cos() * size * 0.16);
            canvas.ellipse(px + dx, y + size * 0.4 + dy, size * 0.06, size * 0.16, turn, rgb(0x3f_86_46));
        }
        canvas.ball(px, y + size * 0.12, size * 0.07, rgb(0xc4_32_2e));
    }
    for post in [-1.0f32, 1.0] {
        canvas.stroke(
            (x + post * size, y - size * 0.6),
            (x + post * size, y + size * 0.9),
            1.6,
            0.0,
            rgb(0x8a_74_58),
        );
    }
    canvas.slab(x - size * 1.1, y - size * 0.72, x + size * 1.1, y - size * 0.54, 3.0, rgb(0x38_3e_40));
}

fn heap(canvas: &mut Canvas, fruit: Fruit, left: f32, right: f32, top: f32, bottom: f32) {
    let radius = match fruit {
        Fruit::Apple => 32.0,
        Fruit::Bayberry => 23.0,
        Fruit::Cucumber => 13.0,
        Fruit::Root => 20.0,
    };
    let rows = ((bottom - top) / (radius * 1.15)) as u32;
    for row in 0..=rows {
        let y = top + radius + row as f32 * radius * 1.1;
        // The heap is rounder at the top.
        let inset = (rows - row) as f32 * radius * 0.55;
        let count = ((right - left - 2.0 * inset) / (radius * 1.9)) as u32;
        for i in 0..=count {
            let seed = row * 71 + i;
            let x = left + inset + i as f32 * radius * 1.9 + (row % 2) as f32 * radius * 0.6;
            let (x, y) = (x.min(right), y + 5.0 * scatter(seed));
            match fruit {
                Fruit::Apple => apple(canvas, x, y, radius, seed),
                Fruit::Bayberry => bayberry(canvas, x, y, radius, seed),
                Fruit::Cucumber => {
                    cucumber(canvas, (x - 46.0, y - 6.0), (x + 46.0, y + 8.0 * scatter(seed)), radius * 0.7)
                }
                Fruit::Root => root(canvas, x, y, radius, seed),
            }
        }
    }
}

fn apple(canvas: &mut Canvas, x: f32, y: f32, radius: f32, seed: u32) {
    let skin = mix(rgb(0xd4_40_38), rgb(0xe2_8a_4a), 0.5 * scatter(seed));
    canvas.ball(x, y, radius, skin);
    canvas.ellipse(x + 2.0, y - radius * 0.72, radius * 0.28, radius * 0.12, 0.0, rgb(0x7a_2c_22));
    canvas.stroke((x + 2.0, y - radius * 0.7), (x + 5.0, y - radius * 1.05), 1.6, 0.0, rgb(0x5a_40_28));
}

fn bayberry(canvas: &mut Canvas, x: f32, y: f32, radius: f32, seed: u32) {
    let skin = mix(rgb(0x9c_1f_44), rgb(0x5e_12_34), scatter(seed));
    canvas.ball(x, y, radius, skin);
    for bump in 0..26u32 {
        // Bumps lie on a sunflower spiral, so that they cover the ball evenly.
        let angle = bump as f32 * 2.4;
        let out = (bump as f32 / 26.0).sqrt() * radius * 0.88;
        canvas.ball(
            x + out * angle.cos(),
            y + out * angle.sin(),
            radius * 0.13,
            mix(skin, rgb(0xe8_7a_90), 0.25),
        );
    }
}

fn cucumber(canvas: &mut Canvas, from: (f32, f32), to: (f32, f32), half: f32) {
    canvas.stroke(from, to, half * 0.75, half * 0.35, rgb(0x3f_82_3a));
    canvas.stroke(from, to, half * 0.12, 0.0, rgb(0x7a_b0_66));
    canvas.ball(to.0, to.1, half * 0.3, rgb(0xe8_c8_4a));
}

fn root(canvas: &mut Canvas, x: f32, y: f32, radius: f32, seed: u32) {
    let skin = mix(rgb(0xb0_8a_5c), rgb(0x7c_5e_40), scatter(seed));
    for knob in 0..5u32 {
        let angle = knob as f32 * 1.3 + scatter(seed) * 6.0;
        let reach = radius * 0.6;
        canvas.ball(x + reach * angle.cos(), y + reach * angle.sin() * 0.8, radius * 0.42, skin);
    }
    canvas.ball(x, y, radius * 0.8, mix(skin, rgb(0xd8_bc_90), 0.2));
}
