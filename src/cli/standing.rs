//! Where a batch stands, in lines: for those who ask a ledger and for those who hold a bundle.

use serde_json::Value;

use crate::text::Lang;

use super::times;

pub(super) fn parse_lang(text: &str) -> Result<Lang, String> {
    Lang::from_tag(text).ok_or_else(|| "it is zh or en".to_owned())
}

/// Status, uses and reasons, a line each.
pub(super) fn print(report: &Value, lang: Lang, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let as_of = times::text_of_ms(report["as_of"].as_i64().unwrap_or_default());
    writeln!(out, "{}  {}", word(&report["subject"]), word(&report["status"]))?;
    let scope = match report["scope"] == "ledger" {
        true => "the whole ledger",
        false => "its own trace alone",
    };
    writeln!(out, "judged by the first {} entries ({scope}), as of {as_of}", report["size"])?;
    for (list, title) in [
        ("reasons", "because"),
        ("lifted", "lifted"),
        ("imbalances", "quantities"),
        ("notes", "note"),
        ("flags", "record"),
    ] {
        for fact in report[list].as_array().into_iter().flatten() {
            let fact = if list == "lifted" { &fact["reason"] } else { fact };
            let seqs = fact["records"].as_array().into_iter().flatten();
            let seqs: Vec<String> = seqs.map(|record| format!("#{}", record["seq"])).collect();
            writeln!(out, "  {title:<11} {}  [{}]", word(&fact[lang.key()]), seqs.join(" "))?;
        }
    }
    for (wanted, answer) in report["uses"].as_object().into_iter().flatten() {
        let because = answer["because"].as_array().into_iter().flatten();
        let because: Vec<String> = because.map(word).collect();
        match answer["allowed"] == true {
            true => writeln!(out, "  {wanted:<11} may be used")?,
            false => writeln!(out, "  {wanted:<11} NOT cleared: {}", because.join(", "))?,
        }
    }
    Ok(())
}
