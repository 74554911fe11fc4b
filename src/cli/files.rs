//! Reading what the user names, and writing results so that they are whole or not there.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};

/// The whole file, `-` being stdin; refuses more than `bytes_max`.
pub(super) fn read(path: &Path, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let naming = || format!("cannot read {}", path.display());
    let limit = bytes_max as u64 + 1;
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).with_context(naming)?.take(limit).read_to_end(&mut bytes)
    };
    read.with_context(naming)?;
    if bytes.len() > bytes_max {
        bail!("{} has more than the {bytes_max} bytes that such a file may have", path.display());
    }
    Ok(bytes)
}

pub(super) fn read_text(path: &Path, bytes_max: usize) -> anyhow::Result<String> {
    String::from_utf8(read(path, bytes_max)?).with_context(|| format!("{} is not UTF-8", path.display()))
}

/// Replaces the file in one step; `-` is stdout.
pub(super) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    let naming = || format!("cannot write {}", path.display());
    if path == Path::new("-") {
        let mut out = std::io::stdout().lock();
        return out.write_all(bytes).and_then(|()| out.flush()).with_context(naming);
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.new", std::process::id()));
    let temporary = Path::new(&temporary);
    let written = std::fs::write(temporary, bytes).and_then(|()| std::fs::rename(temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(temporary);
    }
    written.with_context(naming)
}
