//! Asking: a command of the real program, or an address of a running service.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// How long is waited for what should come at once; machines are sometimes busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A question and its answer.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// As a reader could type it.
    pub(crate) what: String,
    /// Exit code, or HTTP status.
    pub(crate) code: i32,
    pub(crate) lines: Vec<String>,
}

impl Asked {
    /// All that it said.
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }
}

/// Runs a program in a directory.
pub(crate) fn program(dir: &Path, program: &str, args: &[&str], stdin: &str) -> anyhow::Result<Asked> {
    let name = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or(program);
    let mut child = Command::new(program)
        .args(args)
        .current_dir(dir)
        .env_remove("SUYUAN_PASSPHRASE")
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {program}"))?;
    // A program that does not read its input may be gone already.
    let _ = child.stdin.take().context("its input")?.write_all(stdin.as_bytes());
    let output = child.wait_with_output()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).with_context(|| format!("{name} printed no text"))?;
    Ok(Asked {
        what: format!("{name} {}", args.iter().map(|arg| quoted(arg)).collect::<Vec<_>>().join(" ")),
        code: output.status.code().with_context(|| format!("{name} was killed"))?,
        lines: text.lines().map(str::to_owned).collect(),
    })
}

fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@".contains(c);
    if arg.chars().all(plain) { arg.to_owned() } else { format!("'{arg}'") }
}

pub(crate) fn suyuan(dir: &Path, args: &[&str], stdin: &str) -> anyhow::Result<Asked> {
    program(dir, env!("CARGO_BIN_EXE_suyuan"), args, stdin)
}

/// A `suyuan` that serves until it is stopped or dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) url: String,
}

impl Served {
    pub(crate) fn start(dir: &Path, args: &[&str]) -> anyhow::Result<Served> {
        // What it says on its way is for whoever wonders why it did not start.
        let log = format!("services/{}.log", args.join("-").replace(['/', ':'], "-"));
        std::fs::create_dir_all(dir.join("services"))?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_suyuan"))
            .args(args)
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(dir.join(&log))?)
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("its output")?).read_line(&mut line)?;
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            let _ = child.wait();
            let said = std::fs::read_to_string(dir.join(&log)).unwrap_or_default();
            bail!("suyuan {} did not start: {}", args.join(" "), said.trim());
        };
        Ok(Served { child, url: url.to_owned() })
    }

    /// SIGTERM, and waits: its files are free afterwards.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .proxy(None)
        .build()
        .new_agent()
}

/// GET; the bytes as they came.
pub(crate) fn fetch(url: &str) -> anyhow::Result<(u16, Vec<u8>)> {
    let mut response = agent().get(url).call().with_context(|| url.to_owned())?;
    let status = response.status().as_u16();
    Ok((status, response.body_mut().with_config().limit(64 << 20).read_to_vec()?))
}

pub(crate) fn get(url: &str) -> anyhow::Result<Asked> {
    let (status, body) = fetch(url)?;
    Ok(answered(format!("curl -s {url}"), status, &body))
}

/// POST of a file of the stage.
pub(crate) fn post(url: &str, media_type: &str, dir: &Path, file: &str) -> anyhow::Result<Asked> {
    let body = std::fs::read(dir.join(file))?;
    let request = agent().post(url).header("content-type", media_type).header("accept", "application/json");
    let mut response = request.send(&body[..]).with_context(|| url.to_owned())?;
    let status = response.status().as_u16();
    let answer = response.body_mut().read_to_vec()?;
    let what = format!("curl -s -H 'content-type: {media_type}' --data-binary @{file} {url}");
    Ok(answered(what, status, &answer))
}

/// The answer in lines: a page or a text as it is, JSON a member a line.
fn answered(what: String, status: u16, body: &[u8]) -> Asked {
    let text = String::from_utf8_lossy(body).into_owned();
    let lines = match serde_json::from_str::<Value>(&text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => members(&value, ""),
        _ if text.starts_with("<!doctype") => texts(&text),
        _ => text.lines().map(str::to_owned).collect(),
    };
    Asked { what, code: i32::from(status), lines }
}

/// What a page says, without its marks.
fn texts(page: &str) -> Vec<String> {
    let texts = page.split('<').filter_map(|part| Some(part.split_once('>')?.1.trim().to_owned()));
    texts.filter(|text| !text.is_empty()).collect()
}

fn members(value: &Value, at: &str) -> Vec<String> {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match value {
        Value::Object(object) => {
            object.iter().flat_map(|(name, value)| members(value, &below(name))).collect()
        }
        Value::Array(list) => {
            list.iter().enumerate().flat_map(|(n, value)| members(value, &below(&n.to_string()))).collect()
        }
        Value::String(text) => vec![format!("{at}: {text}")],
        other => vec![format!("{at}: {other}")],
    }
}

/// Looks again until there is something; the time is for machines that are busy.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() > end {
            bail!("{what}: not in {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
