//! Floor 5: what the operator typed, turned once into a checked [`Config`].
//!
//! Three places say the same things under the same names: the file `suyuan.toml` (`public_url = "…"`), the environment
//! (`SUYUAN_PUBLIC_URL`) and flags (`--public-url`). A flag wins over the environment, the environment over the file.
//! A name that nobody knows is refused with the nearest one that somebody does. After start nothing reads the
//! environment again. Knows nothing of stores or HTTP.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

mod anchors;

pub use anchors::{AnchorConfig, EvmConfig, Finality, TsaConfig};

/// What a service was told, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The ledger's directory.
    pub dir: PathBuf,
    /// Where the service listens. Port 0: any free one.
    pub listen: SocketAddr,
    /// How the world reaches the service, scheme and host, without a slash at its end. Every link and QR starts so.
    pub public_url: String,
    /// The log's name; must be the ledger's own.
    pub origin: String,
    /// The name that pages show as the one who runs the service. None: the origin.
    pub operator: Option<String>,
    /// The witness policy (C2SP tlog-policy); relative to the ledger's directory. None: no witness is asked.
    pub policy: Option<PathBuf>,
    pub anchors: AnchorConfig,
    /// Where the head that was signed last is kept; relative to the ledger's directory. None: in it.
    pub signed_head: Option<PathBuf>,
    /// No statement is taken while less than so many bytes are free on the disk. 0: never.
    pub disk_stop: u64,
    /// Mirrors of this log: what `suyuan resume` compares and refills with.
    pub mirrors: Vec<String>,
    /// Threads that answer requests.
    pub workers: usize,
    pub reads: RateLimit,
    pub writes: RateLimit,
    /// Proxies whose `X-Forwarded-For` is believed. Empty: nobody's.
    pub trusted_proxies: Vec<IpAddr>,
    /// How long a client may take to send a request.
    pub client_timeout_secs: u64,
    /// How long a stopping service waits for what it has begun.
    pub shutdown_secs: u64,
    pub log_format: LogFormat,
    /// In the notation of `RUST_LOG`.
    pub log_filter: String,
}

/// Requests that one address may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// 0: no limit.
    pub per_second: u32,
    pub burst: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    Text,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{where_from}: {name} = {value:?}: {problem}")]
    Bad { where_from: Source, name: &'static str, value: String, problem: String },
    #[error("{0}: not TOML: {1}")]
    File(PathBuf, String),
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    #[error("{name} is not set: say {name} = \"…\" in suyuan.toml or SUYUAN_{env}=…", env = .name.to_uppercase())]
    Missing { name: &'static str },
    #[error("{where_from}: there is no setting {name:?}{}", .nearest.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default())]
    Unknown { where_from: Source, name: String, nearest: Option<&'static str> },
}

/// Where a value was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Default,
    Environment,
    File(PathBuf),
    Flag,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::Environment => f.write_str("environment"),
            Source::File(path) => path.display().fmt(f),
            Source::Flag => f.write_str("flag"),
        }
    }
}

/// One thing that can be set, under one name everywhere.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// As in the file; `SUYUAN_` and upper case in the environment, dashes in flags.
    pub name: &'static str,
    /// None: there is none, it must be said or may be left out.
    pub default: Option<&'static str>,
    pub help: &'static str,
}

/// Every setting: docs/operations.md lists the same, and a test holds the two together.
pub const SETTINGS: &[Setting] = &[
    setting("anchor_bitcoin_rpc", None, "A Bitcoin node's RPC address, asked for block headers"),
    setting("anchor_calendars", Some(""), "OpenTimestamps calendars to anchor at; two or more"),
    setting("anchor_calendars_also", Some(""), "Addresses of calendars behind a pool, if one is asked"),
    setting("anchor_every", Some("3600"), "Seconds from one anchor to the next"),
    setting("anchor_evm_chain", None, "The EVM chain's id; 1 is Ethereum"),
    setting("anchor_evm_contract", None, "The AnchorLog contract; without it calldata to the own account"),
    setting("anchor_evm_finality", Some("finalized"), "finalized, or how many blocks on top are enough"),
    setting("anchor_evm_key", None, "The file of the key that pays; relative to the ledger's directory"),
    setting("anchor_evm_rpc", Some(""), "JSON-RPC addresses of an EVM chain to anchor at"),
    setting("anchor_tsa", None, "A time-stamping authority (RFC 3161) to anchor at"),
    setting("anchor_tsa_every", Some("600"), "Seconds from one time stamp to the next"),
    setting(
        "anchor_tsa_roots",
        None,
        "The authority's root certificates, PEM; relative to the ledger's directory",
    ),
    setting("client_timeout_secs", Some("30"), "Seconds a client may take to send a request"),
    setting("dir", None, "The ledger's directory"),
    setting("disk_stop", Some("1GiB"), "No statement is taken while less is free on the disk; 0: never"),
    setting("listen", Some("127.0.0.1:8080"), "Address and port to listen on; port 0 takes any free one"),
    setting("log_filter", Some("info"), "What to log, in the notation of RUST_LOG"),
    setting("log_format", Some("text"), "text or json"),
    setting("mirrors", Some(""), "Mirrors of this log, which `suyuan resume` compares and refills with"),
    setting("operator", None, "The name that pages show as the one who runs the service"),
    setting("origin", None, "The log's name, as given to `suyuan init`"),
    setting(
        "policy",
        None,
        "The witness policy, a C2SP tlog-policy file; relative to the ledger's directory",
    ),
    setting("public_url", None, "How the world reaches the service: https://trace.example.org"),
    setting("read_burst", Some("500"), "Reads that one address may make at once"),
    setting("reads_per_second", Some("100"), "Reads that one address may go on making; 0: no limit"),
    setting("shutdown_secs", Some("30"), "Seconds a stopping service waits for what it has begun"),
    setting(
        "signed_head",
        None,
        "File of the head that was signed last, best on another disk; relative to the ledger's directory",
    ),
    setting("trusted_proxies", Some(""), "Addresses of proxies whose X-Forwarded-For is believed"),
    setting("workers", Some("0"), "Threads that answer requests; 0: one for each core"),
    setting("write_burst", Some("200"), "Writes that one address may make at once"),
    setting("writes_per_second", Some("50"), "Writes that one address may go on making; 0: no limit"),
];

const fn setting(name: &'static str, default: Option<&'static str>, help: &'static str) -> Setting {
    Setting { name, default, help }
}

impl Config {
    /// Where the signed head lies.
    pub fn signed_head_path(&self) -> PathBuf {
        let path = self.signed_head.clone().unwrap_or_else(|| PathBuf::from("signed-head"));
        self.dir.join(path)
    }

    /// Reads `suyuan.toml` (the one given, or the one in the ledger's directory, if it is there), the environment
    /// and `flags`, which are names of [`SETTINGS`] with their values.
    pub fn load(file: Option<&Path>, flags: &[(&str, String)]) -> Result<Config, ConfigError> {
        let mut typed = Typed::default();
        let environment: Vec<(String, String)> = std::env::vars().collect();
        typed.take_environment(&environment)?;
        typed.take_flags(flags)?;
        let text = match file {
            Some(path) => Some((path.to_owned(), read(path)?)),
            None => {
                let beside = typed.value("dir").map(|dir| Path::new(dir).join("suyuan.toml"));
                match beside.filter(|path| path.exists()) {
                    Some(path) => Some((path.clone(), read(&path)?)),
                    None => None,
                }
            }
        };
        if let Some((path, text)) = &text {
            typed.take_file(path, text)?;
        }
        typed.resolve()
    }
}

/// The settings of a ledger's directory that matter to whoever works on it without a service. What else its file says is
/// not looked at, and that there is no file is no error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beside {
    /// As in [`Config`], but joined to the directory.
    pub signed_head: Option<PathBuf>,
    pub policy: Option<PathBuf>,
    pub mirrors: Vec<String>,
}

impl Beside {
    pub fn load(dir: &Path) -> Result<Beside, ConfigError> {
        let mut typed = Typed::default();
        typed.take_environment(&std::env::vars().collect::<Vec<_>>())?;
        let path = dir.join("suyuan.toml");
        if path.exists() {
            typed.take_file(&path, &read(&path)?)?;
        }
        let file = |name| typed.value(name).filter(|path| !path.trim().is_empty()).map(|path| dir.join(path));
        Ok(Beside {
            signed_head: file("signed_head"),
            policy: file("policy"),
            mirrors: typed.checked("mirrors", urls)?,
        })
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| ConfigError::Io(path.to_owned(), error))
}

/// What was typed: the strongest source of each name.
#[derive(Debug, Default)]
struct Typed(BTreeMap<&'static str, (Source, String)>);

impl Typed {
    /// Names that only look like ours are refused; others belong to somebody else (`SUYUAN_PASSPHRASE`).
    fn take_environment(&mut self, variables: &[(String, String)]) -> Result<(), ConfigError> {
        for (variable, value) in variables {
            let Some(name) = variable.strip_prefix("SUYUAN_").map(str::to_lowercase) else { continue };
            match known(&name) {
                Some(name) => self.set(name, Source::Environment, value),
                None => {
                    if let Some(near) = nearest(&name) {
                        let (name, nearest) = (variable.clone(), Some(near));
                        return Err(ConfigError::Unknown { where_from: Source::Environment, name, nearest });
                    }
                }
            }
        }
        Ok(())
    }

    fn take_flags(&mut self, flags: &[(&str, String)]) -> Result<(), ConfigError> {
        for (name, value) in flags {
            let known = known(&name.replace('-', "_")).ok_or_else(|| unknown(Source::Flag, name))?;
            self.set(known, Source::Flag, value);
        }
        Ok(())
    }

    /// The weakest source: comes last and sets only what nobody said.
    fn take_file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let table: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| ConfigError::File(path.to_owned(), error.to_string()))?;
        let source = Source::File(path.to_owned());
        for (name, value) in &table {
            let known = known(name).ok_or_else(|| unknown(source.clone(), name))?;
            if !self.0.contains_key(known) {
                self.set(known, source.clone(), &plain(value));
            }
        }
        Ok(())
    }

    fn set(&mut self, name: &'static str, source: Source, value: &str) {
        self.0.insert(name, (source, value.to_owned()));
    }

    fn value(&self, name: &str) -> Option<&str> {
        let said = self.0.get(name).map(|(_, value)| value.as_str());
        said.or_else(|| SETTINGS.iter().find(|setting| setting.name == name)?.default)
    }

    fn resolve(&self) -> Result<Config, ConfigError> {
        let workers: usize = self.parsed("workers")?;
        Ok(Config {
            dir: PathBuf::from(self.required("dir")?),
            listen: self.parsed("listen")?,
            public_url: self.checked("public_url", public_url)?,
            origin: self.checked("origin", |text| {
                let name: crate::note::vkey::KeyName = text.parse().map_err(|_| "not a name of a log")?;
                Ok::<_, &str>(name.as_str().to_owned())
            })?,
            operator: self.value("operator").filter(|name| !name.trim().is_empty()).map(str::to_owned),
            policy: self.value("policy").filter(|path| !path.trim().is_empty()).map(PathBuf::from),
            anchors: self.anchors()?,
            signed_head: self.value("signed_head").filter(|path| !path.trim().is_empty()).map(PathBuf::from),
            disk_stop: self.checked("disk_stop", bytes)?,
            mirrors: self.checked("mirrors", urls)?,
            workers: if workers == 0 { cores() } else { workers.min(WORKERS_MAX) },
            reads: self.rate("reads_per_second", "read_burst")?,
            writes: self.rate("writes_per_second", "write_burst")?,
            trusted_proxies: self.checked("trusted_proxies", addresses)?,
            client_timeout_secs: self.parsed("client_timeout_secs")?,
            shutdown_secs: self.parsed("shutdown_secs")?,
            log_format: self.checked("log_format", |text| match text {
                "json" => Ok(LogFormat::Json),
                "text" => Ok(LogFormat::Text),
                _ => Err("text or json"),
            })?,
            log_filter: self.required("log_filter")?.to_owned(),
        })
    }

    fn required(&self, name: &'static str) -> Result<&str, ConfigError> {
        self.value(name).ok_or(ConfigError::Missing { name })
    }

    fn parsed<T: std::str::FromStr<Err: ToString>>(&self, name: &'static str) -> Result<T, ConfigError> {
        self.checked(name, |text| text.parse().map_err(|error: T::Err| error.to_string()))
    }

    fn checked<T, E: ToString>(
        &self,
        name: &'static str,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        let value = self.required(name)?;
        check(value).map_err(|problem| ConfigError::Bad {
            where_from: self.0.get(name).map_or(Source::Default, |(source, _)| source.clone()),
            name,
            value: value.to_owned(),
            problem: problem.to_string(),
        })
    }

    fn rate(&self, per_second: &'static str, burst: &'static str) -> Result<RateLimit, ConfigError> {
        let burst = self.checked(burst, |text| match text.parse::<u32>() {
            Ok(0) => Err("at least 1".to_owned()),
            Ok(burst) => Ok(burst),
            Err(error) => Err(error.to_string()),
        })?;
        Ok(RateLimit { per_second: self.parsed(per_second)?, burst })
    }
}

/// More threads than any machine needs here.
const WORKERS_MAX: usize = 256;

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// `http` or `https`, a host, perhaps a port: a path would break the links in QR codes.
fn public_url(text: &str) -> Result<String, &'static str> {
    let text = text.trim_end_matches('/');
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = host.ok_or("it starts with https:// (or http:// where nobody else listens)")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
    match !host.is_empty() && host.chars().all(plain) {
        true => Ok(text.to_owned()),
        false => Err("scheme and host only, without a path"),
    }
}

fn addresses(text: &str) -> Result<Vec<IpAddr>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_err(|error| format!("{part}: {error}"))).collect()
}

/// A number of bytes: `1073741824`, `1024MiB`, `1GiB`.
fn bytes(text: &str) -> Result<u64, &'static str> {
    let (number, shift) = match text.trim() {
        text if text.ends_with("GiB") => (&text[..text.len() - 3], 30),
        text if text.ends_with("MiB") => (&text[..text.len() - 3], 20),
        text => (text, 0),
    };
    let number: u64 = number.trim().parse().map_err(|_| "bytes, or a number with MiB or GiB")?;
    number.checked_mul(1 << shift).ok_or("more than any disk")
}

fn urls(text: &str) -> Result<Vec<String>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| url(part).map_err(|problem| format!("{part}: {problem}"))).collect()
}

fn url(text: &str) -> Result<String, &'static str> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host.is_some_and(|host| !host.is_empty() && !host.starts_with('/')) {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err("it starts with https:// or http://"),
    }
}

fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(parts) => parts.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn known(name: &str) -> Option<&'static str> {
    SETTINGS.iter().find(|setting| setting.name == name).map(|setting| setting.name)
}

fn unknown(where_from: Source, name: &str) -> ConfigError {
    ConfigError::Unknown { where_from, name: name.to_owned(), nearest: nearest(name) }
}

/// The known name that a typing slip may have meant.
fn nearest(name: &str) -> Option<&'static str> {
    let far = |setting: &Setting| edits(name, setting.name);
    let near = SETTINGS.iter().min_by_key(|setting| far(setting))?;
    (far(near) <= near.name.len().div_ceil(3)).then_some(near.name)
}

/// Levenshtein distance.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let change = corner + usize::from(a != *b);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &[(&str, &str)] = &[
        ("dir", "/srv/suyuan"),
        ("origin", "log.example.org"),
        ("public_url", "https://trace.example.org/"),
    ];

    fn typed(
        flags: &[(&str, &str)],
        environment: &[(&str, &str)],
        file: &str,
    ) -> Result<Config, ConfigError> {
        let mut typed = Typed::default();
        let pair = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        typed.take_environment(&environment.iter().map(pair).collect::<Vec<_>>())?;
        let flags: Vec<(&str, String)> =
            flags.iter().map(|(name, value)| (*name, value.to_string())).collect();
        typed.take_flags(&flags)?;
        typed.take_file(Path::new("suyuan.toml"), file)?;
        typed.resolve()
    }

    #[test]
    fn the_least_that_must_be_said_is_enough() {
        let config = typed(LEAST, &[], "").unwrap();
        assert_eq!(config.public_url, "https://trace.example.org");
        assert_eq!(config.listen, "127.0.0.1:8080".parse().unwrap());
        assert!(config.workers >= 1);
        for left_out in 0..LEAST.len() {
            let mut flags = LEAST.to_vec();
            let (name, _) = flags.remove(left_out);
            let error = typed(&flags, &[], "").unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_that_over_the_file() {
        let file = "reads_per_second = 1\nwrites_per_second = 1\nworkers = 3\ntrusted_proxies = [\"10.0.0.1\", \"::1\"]";
        let environment =
            [("SUYUAN_READS_PER_SECOND", "2"), ("SUYUAN_WRITES_PER_SECOND", "2"), ("HOME", "/")];
        let flags = [LEAST, &[("reads-per-second", "3")]].concat();
        let config = typed(&flags, &environment, file).unwrap();
        assert_eq!((config.reads.per_second, config.writes.per_second, config.workers), (3, 2, 3));
        assert_eq!(config.trusted_proxies.len(), 2);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_known_one() {
        for (name, near) in [("publc_url", Some("public_url")), ("lisen", Some("listen")), ("colour", None)] {
            let error = typed(LEAST, &[], &format!("{name} = \"x\"")).unwrap_err();
            assert!(matches!(error, ConfigError::Unknown { nearest, .. } if nearest == near), "{error}");
            assert!(typed(&[LEAST, &[(name, "x")]].concat(), &[], "").is_err());
        }
        assert!(typed(LEAST, &[("SUYUAN_LISEN", "x")], "").is_err());
        // Somebody else's.
        assert!(typed(LEAST, &[("SUYUAN_PASSPHRASE", "x")], "").is_ok());
    }

    #[test]
    fn a_wrong_value_is_told_with_its_name_and_place() {
        for (name, value) in [
            ("listen", "8080"),
            ("public_url", "trace.example.org"),
            ("public_url", "https://trace.example.org/path"),
            ("public_url", "https://"),
            ("origin", "two words"),
            ("workers", "-1"),
            ("read_burst", "0"),
            ("trusted_proxies", "10.0.0.1, proxy"),
            ("log_format", "xml"),
            ("disk_stop", "5%"),
            ("disk_stop", "99999999999GiB"),
            ("mirrors", "mirror.example.org"),
        ] {
            let mut flags = LEAST.to_vec();
            flags.push((name, value));
            let error = typed(&flags, &[], "").unwrap_err().to_string();
            assert!(error.starts_with("flag: ") && error.contains(name), "{error}");
        }
    }

    #[test]
    fn sizes_and_lists_are_read() {
        let config =
            typed(LEAST, &[], "disk_stop = \"512MiB\"\nmirrors = [\"https://a.example/\", \"http://b\"]")
                .unwrap();
        assert_eq!(config.disk_stop, 512 << 20);
        assert_eq!(config.mirrors, ["https://a.example", "http://b"]);
        assert_eq!(config.signed_head_path(), Path::new("/srv/suyuan/signed-head"));
        let config = typed(LEAST, &[("SUYUAN_DISK_STOP", "7")], "signed_head = \"/mnt/other/head\"").unwrap();
        assert_eq!((config.disk_stop, config.signed_head_path()), (7, PathBuf::from("/mnt/other/head")));
        assert_eq!(typed(LEAST, &[], "").unwrap().disk_stop, 1 << 30);
    }

    #[test]
    fn what_lies_beside_a_ledger_is_read_without_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Beside::load(dir.path()).unwrap(), Beside::default());
        std::fs::write(dir.path().join("suyuan.toml"), "signed_head = \"../head\"\nmirrors = [\"http://m\"]")
            .unwrap();
        let beside = Beside::load(dir.path()).unwrap();
        assert_eq!(beside.signed_head, Some(dir.path().join("../head")));
        assert_eq!(beside.mirrors, ["http://m"]);
    }

    #[test]
    fn the_settings_are_sorted_and_every_one_is_in_the_operators_page() {
        assert!(SETTINGS.windows(2).all(|pair| pair[0].name < pair[1].name));
        let page = include_str!("../docs/operations.md");
        for setting in SETTINGS {
            assert!(page.contains(&format!("`{}`", setting.name)), "{}", setting.name);
        }
    }
}
