//! Embeds what `web/build.mjs` has built. Where nothing is built, the list is empty, and pages go without scripts.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

const BUILT: &str = "web/dist";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={BUILT}");
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let mut files: Vec<_> = match fs::read_dir(Path::new(&root).join(BUILT)) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    // What was built to its end has its compressed form beside it.
    files.retain(|path| {
        path.extension().is_some_and(|extension| extension == "js") && path.with_extension("js.br").exists()
    });
    files.sort();
    let mut list = String::from("&[\n");
    for path in &files {
        let name = path.file_name().unwrap_or_default();
        // Writing to a string does not fail.
        let _ = writeln!(
            list,
            "    Asset {{ name: {name:?}, body: include_bytes!({path:?}), brotli: include_bytes!({:?}) }},",
            path.with_extension("js.br")
        );
    }
    list.push_str("]\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("web_assets.rs"), list)
}
