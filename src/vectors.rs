//! Test support: the files under `tests/vectors`, which Rust, TypeScript and strangers share.

use std::path::PathBuf;

use serde_json::Value;

pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

pub(crate) fn json(name: &str) -> Value {
    let path = path(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// All `.json` files of a folder, with their names, in order.
pub(crate) fn json_files(folder: &str) -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(path(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".json"));
    names.sort();
    assert!(!names.is_empty(), "{folder} holds no vectors");
    names.into_iter().map(|name| (name.clone(), json(&format!("{folder}/{name}")))).collect()
}

/// Compares what the code makes today with the committed file. `SUYUAN_BLESS=1` writes the file instead: do that once,
/// for a new version, never to silence a difference.
#[track_caller]
pub(crate) fn check(name: &str, made: &Value) {
    let mut text = serde_json::to_string_pretty(made).unwrap();
    text.push('\n');
    if std::env::var_os("SUYUAN_BLESS").is_some() {
        std::fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        std::fs::write(path(name), text).unwrap();
        return;
    }
    assert!(json(name) == *made, "{name} is not what the code makes");
}
