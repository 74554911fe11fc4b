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
        // Found from the folder that is compiled: with one target directory for several clones, Cargo takes the list that
        // another clone's build left, and a whole path would embed that clone's files.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Writing to a string does not fail.
        let _ = writeln!(
            list,
            r#"    Asset {{ name: {name:?}, body: include_bytes!({}), brotli: include_bytes!({}) }},"#,
            from_here(&name),
            from_here(&format!("{name}.br"))
        );
    }
    list.push_str("]\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("web_assets.rs"), list)
}

fn from_here(name: &str) -> String {
    format!(r#"concat!(env!("CARGO_MANIFEST_DIR"), "/{BUILT}/{name}")"#)
}
