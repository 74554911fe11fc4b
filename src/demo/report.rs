//! A laboratory's report as a one-page PDF, large letters saying that it is made up for the demonstration.
//!
//! Written by hand: a page of text needs no library. The Chinese font is one that every reader of PDF substitutes
//! (Adobe-GB1), so nothing is embedded and the file stays at a few kilobytes.

use std::fmt::Write as _;

/// The lines of a page, the first as its title.
pub(super) fn pdf(title: &str, lines: &[String]) -> Vec<u8> {
    let mut text = String::new();
    line(&mut text, 20, 780, title);
    line(&mut text, 12, 752, "示范数据：本报告由演示程序生成，不是真实检测报告");
    line(&mut text, 12, 734, "DEMONSTRATION ONLY: made by program, not a real report");
    for (i, content) in lines.iter().enumerate() {
        line(&mut text, 12, 696 - 22 * i as i32, content);
    }
    assemble(&[
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}endstream", text.len()),
        "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H \
         /DescendantFonts [6 0 R] >>"
            .to_owned(),
        "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 7 0 R \
         /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> /DW 1000 /W [1 95 500] >>"
            .to_owned(),
        "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] \
         /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>"
            .to_owned(),
    ])
}

fn line(out: &mut String, size: u32, y: i32, content: &str) {
    let hex: String = content.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
    // Writing to a String has no way to fail.
    let _ = writeln!(out, "BT /F1 {size} Tf 56 {y} Td <{hex}> Tj ET");
}

/// Objects 1, 2, … with the table that says where each begins.
fn assemble(objects: &[String]) -> Vec<u8> {
    let mut file = String::from("%PDF-1.4\n");
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (i, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        let _ = writeln!(file, "{} 0 obj\n{object}\nendobj", i + 1);
    }
    let start = file.len();
    let size = objects.len() + 1;
    let _ = write!(file, "{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_points_at_the_objects() {
        let file = pdf("检测报告", &["样品编号 S-1".to_owned()]);
        let text = String::from_utf8(file).unwrap();
        let table = text.split("xref\n").nth(1).unwrap();
        for (number, entry) in table.lines().skip(2).take(7).enumerate() {
            let offset: usize = entry[..10].parse().unwrap();
            assert!(text[offset..].starts_with(&format!("{} 0 obj", number + 1)));
        }
    }
}
