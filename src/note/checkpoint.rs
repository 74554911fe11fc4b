//! C2SP tlog-checkpoint: the three lines that say what a log holds.
//!
//! Extension lines are refused: witnesses turn them away and newer cosignatures do not cover them. The text is only as
//! good as the signatures under it, which `policy` judges.

use std::fmt;
use std::str::FromStr;

use super::vkey::KeyName;
use super::{hash_from_base64, hash_to_base64};
use crate::merkle::{Hash, decimal};

/// Its `Display` is the text of the note that the log signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: also the name of its key, so C2SP's looser origins (with spaces or `+`) are refused.
    pub origin: KeyName,
    pub size: u64,
    pub root: Hash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error("the checkpoint has extension lines")]
    ExtensionLines,
    #[error("a checkpoint has three lines: origin, size and root")]
    Lines,
    #[error("the origin is not a name that a log's key can have")]
    Origin,
    #[error("the root is not a hash in canonical base64")]
    Root,
    #[error("the size is not a decimal number in its one spelling")]
    Size,
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, hash_to_base64(&self.root))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Checkpoint, CheckpointError> {
        let lines: Vec<&str> =
            text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.splitn(4, '\n').collect();
        let [origin, size, root] = lines[..] else {
            return Err(if lines.len() > 3 {
                CheckpointError::ExtensionLines
            } else {
                CheckpointError::Lines
            });
        };
        Ok(Checkpoint {
            origin: origin.parse().map_err(|_| CheckpointError::Origin)?,
            size: decimal::parse(size).ok_or(CheckpointError::Size)?,
            root: hash_from_base64(root).ok_or(CheckpointError::Root)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    const ROOT: &str = "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=";

    #[test]
    fn our_vector_is_read_and_written_back() {
        let file = vectors::json("c2sp/c2sp_vectors.json");
        let text = format!("ledger.example/produce\n8\n{ROOT}\n");
        assert!(file["checkpoint"].as_str().unwrap().starts_with(&text));
        let checkpoint: Checkpoint = text.parse().unwrap();
        assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("ledger.example/produce", 8));
        assert_eq!(checkpoint.root.to_string(), file["roots_hex"][8].as_str().unwrap());
        assert_eq!(checkpoint.to_string(), text);
    }

    #[test]
    fn every_other_form_is_refused() {
        use CheckpointError::*;
        for (text, error) in [
            (String::new(), Lines),
            ("\n".into(), Lines),
            ("log\n8\n".into(), Lines),
            (format!("log\n8\n{ROOT}"), Lines),
            (format!("log\n8\n{ROOT}\n\n"), ExtensionLines),
            (format!("log\n8\n{ROOT}\nextension\n"), ExtensionLines),
            (format!("\n8\n{ROOT}\n"), Origin),
            (format!("my log\n8\n{ROOT}\n"), Origin),
            (format!("log+1\n8\n{ROOT}\n"), Origin),
            (format!("log\r\n8\n{ROOT}\n"), Origin),
            (format!("log\n08\n{ROOT}\n"), Size),
            (format!("log\n+8\n{ROOT}\n"), Size),
            (format!("log\n-8\n{ROOT}\n"), Size),
            (format!("log\n\n{ROOT}\n"), Size),
            (format!("log\n8 \n{ROOT}\n"), Size),
            (format!("log\n18446744073709551616\n{ROOT}\n"), Size),
            ("log\n8\n\n".into(), Root),
            (format!("log\n8\n{}\n", &ROOT[..43]), Root),
            (format!("log\n8\n{}\n", ROOT.replace("yg=", "yh=")), Root),
            (format!("log\n8\n{ROOT} \n"), Root),
            ("log\n8\nAAAA\n".into(), Root),
        ] {
            assert_eq!(text.parse::<Checkpoint>(), Err(error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_checkpoint_comes_back(size: u64, root: [u8; 32]) {
            let checkpoint = Checkpoint { origin: "log.example/溯源".parse().unwrap(), size, root: Hash(root) };
            prop_assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
        }

        #[test]
        fn any_text_that_parses_is_canonical(text in "[a +]{0,3}\n[0-9]{0,3}\n(XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz\\+Nw7/RgQy[ghijk]=)\n[a\n]{0,2}|\\PC*") {
            if let Ok(checkpoint) = text.parse::<Checkpoint>() {
                prop_assert_eq!(checkpoint.to_string(), text);
            }
        }
    }
}
