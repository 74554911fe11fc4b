//! Attachments as a payload names them: commitments and sizes. Files, their names and hashes lie outside the log.

use serde_json::Value;

use crate::merkle::Hash;

use super::members::{MemberError, Members};
use super::words::words;

pub const ATTACHMENTS_MAX: usize = 16;
pub const ATTACHMENT_BYTES_MAX: u64 = 20 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub commitment: Hash,
    /// In bytes.
    pub size: u64,
    /// `type` in the JSON.
    pub media_type: MediaType,
    /// Taken by the app's own camera, not picked from a gallery.
    pub in_app: bool,
    pub ai_made: bool,
    /// Perceptual hash, 16 hexadecimal digits.
    pub phash: Option<String>,
}

words! {
    /// What an attachment may be.
    MediaType {
        Json = "application/json",
        Pdf = "application/pdf",
        Mp3 = "audio/mpeg",
        Ogg = "audio/ogg",
        Jpeg = "image/jpeg",
        Png = "image/png",
        Webp = "image/webp",
        Csv = "text/csv",
        Mp4 = "video/mp4",
    }
}

/// Reads the member `attachments`, which has at least one where it stands at all.
pub(super) fn read_attachments(members: &Members<'_>, name: &str) -> Result<Vec<Attachment>, MemberError> {
    let attachments = members
        .items(name, ATTACHMENTS_MAX)?
        .map(|(at, value)| read_attachment(value, at))
        .collect::<Result<Vec<_>, _>>()?;
    if attachments.is_empty() { Err(members.empty(name)) } else { Ok(attachments) }
}

fn read_attachment(value: &Value, at: String) -> Result<Attachment, MemberError> {
    let attachment = Members::of(value, at)?;
    attachment.closed(&["ai_made", "commitment", "in_app", "phash", "size", "type"])?;
    let size = attachment.count("size")?;
    if !(1..=ATTACHMENT_BYTES_MAX).contains(&size) {
        let reason = format!("an attachment has 1 to {ATTACHMENT_BYTES_MAX} bytes");
        return Err(attachment.bad_value("size", reason));
    }
    Ok(Attachment {
        commitment: attachment.parsed("commitment")?,
        size,
        media_type: attachment.parsed("type")?,
        in_app: attachment.flag("in_app")?,
        ai_made: attachment.flag("ai_made")?,
        phash: attachment.if_present("phash", |attachment, name| {
            attachment.checked(name, is_phash, "a perceptual hash is 16 lower-case hexadecimal digits")
        })?,
    })
}

fn is_phash(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(attachments: Value) -> Result<Vec<Attachment>, MemberError> {
        let value = json!({ "attachments": attachments });
        read_attachments(&Members::of(&value, "").unwrap(), "attachments")
    }

    fn photo(size: u64) -> Value {
        json!({
            "ai_made": false, "commitment": "00".repeat(32), "in_app": true, "size": size, "type": "image/jpeg",
        })
    }

    #[test]
    fn limits_hold_at_and_past_the_edge() {
        assert_eq!(read(json!(vec![photo(1); 16])).unwrap().len(), 16);
        assert_eq!(read(json!(vec![photo(1); 17])).unwrap_err().code(), "too-many");
        assert_eq!(read(json!([])).unwrap_err().code(), "empty");
        assert!(read(json!([photo(20 * 1024 * 1024)])).is_ok());
        assert_eq!(read(json!([photo(20 * 1024 * 1024 + 1)])).unwrap_err().code(), "bad-value");
        assert_eq!(read(json!([photo(0)])).unwrap_err().code(), "bad-value");
    }

    #[test]
    fn every_media_type_is_one_that_a_phone_or_lab_makes() {
        for media_type in MediaType::ALL {
            let mut attachment = photo(1);
            attachment["type"] = media_type.as_str().into();
            attachment["phash"] = "0123456789abcdef".into();
            assert_eq!(read(json!([attachment])).unwrap()[0].media_type, *media_type);
        }
        let mut page = photo(1);
        page["type"] = "text/html".into();
        assert_eq!(read(json!([page])).unwrap_err().code(), "bad-value");
        let mut upper = photo(1);
        upper["phash"] = "0123456789ABCDEF".into();
        assert_eq!(read(json!([upper])).unwrap_err().code(), "bad-value");
    }
}
