//! The perceptual hash of a picture (docs/format.md §3.1): 64 bits that pictures of one thing nearly share, however
//! they were scaled or compressed. It looks at pixels; whoever has a file decodes it first.

/// A picture with fewer bits out of the ordinary says too little to be told from others: blank paper, a wall, sky.
pub const TELLING_BITS_MIN: u32 = 8;

/// The bits of each of the three comparisons.
const PARTS: [u64; 3] = [0xffff_ffff_0000_0000, 0xffff_0000, 0xffff];

/// The hash of a picture of `width` × `height` pixels, upright, row by row from the top left, each R, G, B and A in a
/// byte. None where the pixels are not as many as that, or more than 2^28.
pub fn of_rgba(width: u32, height: u32, rgba: &[u8]) -> Option<u64> {
    let (width, height) = (u64::from(width), u64::from(height));
    let pixels = width.checked_mul(height).filter(|pixels| (1..=1 << 28).contains(pixels))?;
    if u64::try_from(rgba.len()).ok()? != pixels * 4 {
        return None;
    }
    let (mut across, mut bright, mut red) = (Grid::new(5, 8), Grid::new(4, 5), Grid::new(4, 5));
    let (mut brightness, mut redness) = (vec![0], vec![0]);
    // A row has at most 2^30 bytes.
    for (y, row) in rgba.chunks_exact(width as usize * 4).enumerate() {
        brightness.truncate(1);
        redness.truncate(1);
        let (mut bright_so_far, mut red_so_far) = (0, 0);
        for pixel in row.chunks_exact(4) {
            let [r, g, b] = over_white(pixel);
            bright_so_far += 299 * r + 587 * g + 114 * b;
            // Half a step off, so that the noise of a grey picture does not cross a step.
            red_so_far += 255_500 + 1_000 * r - 1_000 * g;
            brightness.push(bright_so_far);
            redness.push(red_so_far);
        }
        across.add(y as u64, height, &brightness);
        bright.add(y as u64, height, &brightness);
        red.add(y as u64, height, &redness);
    }
    let across = across.values(width, height);
    let across = across.iter().flat_map(|row| rises(&row[..4], &row[1..]));
    let down = [bright.values(width, height), red.values(width, height)];
    let down = down.iter().flat_map(|grid| grid.windows(2).flat_map(|rows| rises(&rows[0], &rows[1])));
    Some(across.chain(down).fold(0, |hash, bit| hash << 1 | u64::from(bit)))
}

/// 16 lower-case hexadecimal digits, as it stands in a statement.
pub fn to_text(hash: u64) -> String {
    format!("{hash:016x}")
}

pub fn parse(text: &str) -> Option<u64> {
    let is_hash = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_hash.then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

/// Whether it can tell one picture from another. Where all bits of a part are the same, it grows brighter or darker
/// evenly, as the sky does.
pub fn is_telling(hash: u64) -> bool {
    let rarer = |part: u64| (hash & part).count_ones().min((!hash & part).count_ones());
    PARTS.into_iter().map(rarer).sum::<u32>() >= TELLING_BITS_MIN
}

/// A picture averaged to rows of boxes, in steps of one grey.
struct Grid {
    columns: u64,
    rows: u64,
    /// Of each box, row by row.
    sums: Vec<u64>,
}

impl Grid {
    fn new(columns: u64, rows: u64) -> Grid {
        Grid { columns, rows, sums: vec![0; (columns * rows) as usize] }
    }

    /// Takes in a row of pixels: `sums` are those of the first 0, 1, 2, … of them.
    fn add(&mut self, y: u64, height: u64, sums: &[u64]) {
        let width = sums.len() as u64 - 1;
        let boxes = (0..self.rows).flat_map(|row| (0..self.columns).map(move |column| (row, column)));
        for (place, (row, column)) in boxes.enumerate() {
            let (top, bottom) = span(height, row, self.rows);
            if (top..bottom).contains(&y) {
                let (left, right) = span(width, column, self.columns);
                self.sums[place] += sums[right as usize] - sums[left as usize];
            }
        }
    }

    fn values(&self, width: u64, height: u64) -> Vec<Vec<u64>> {
        let size = |n, length, of| {
            let (from, to) = span(length, n, of);
            to - from
        };
        let value = |row: u64, column: u64| {
            let pixels = size(row, height, self.rows) * size(column, width, self.columns);
            self.sums[(row * self.columns + column) as usize] / (pixels * 1_000)
        };
        (0..self.rows).map(|row| (0..self.columns).map(|column| value(row, column)).collect()).collect()
    }
}

fn rises(from: &[u64], to: &[u64]) -> Vec<bool> {
    from.iter().zip(to).map(|(from, to)| from < to).collect()
}

/// Box `n` of `of` along a side; on a short side boxes share pixels rather than have none.
fn span(length: u64, n: u64, of: u64) -> (u64, u64) {
    let from = n * length / of;
    (from, ((n + 1) * length / of).max(from + 1))
}

fn over_white(pixel: &[u8]) -> [u64; 3] {
    let alpha = u64::from(pixel[3]);
    std::array::from_fn(|i| match alpha {
        255 => u64::from(pixel[i]),
        _ => (u64::from(pixel[i]) * alpha + 255 * (255 - alpha) + 127) / 255,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;

    #[test]
    fn pictures_of_the_vectors_have_the_stated_hashes() {
        let cases = vectors::json("phash.json");
        let cases = cases["cases"].as_array().unwrap();
        assert!(cases.len() >= 8);
        for case in cases {
            let side = |name: &str| u32::try_from(case[name].as_u64().unwrap()).unwrap();
            let rgba = hex::decode(case["rgba"].as_str().unwrap()).unwrap();
            let hash = of_rgba(side("width"), side("height"), &rgba).map(to_text);
            assert_eq!(hash.as_deref(), case["phash"].as_str(), "{}", case["name"]);
            let telling = hash.as_deref().and_then(parse).is_some_and(is_telling);
            assert_eq!(telling, case["telling"], "{}", case["name"]);
        }
    }

    #[test]
    fn text_is_sixteen_lower_case_digits() {
        assert_eq!(to_text(0xab), "00000000000000ab");
        assert_eq!(parse("00000000000000ab"), Some(0xab));
        for bad in ["ab", "00000000000000AB", "+0000000000000ab", "00000000000000abc"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn blank_pictures_tell_nothing() {
        assert!(!is_telling(0) && !is_telling(u64::MAX) && !is_telling(0xffff_ffff_0000_ffff));
        assert!(!is_telling(0x7f) && !is_telling(!0x7f));
        assert!(is_telling(0xff) && is_telling(!0xff));
    }
}
