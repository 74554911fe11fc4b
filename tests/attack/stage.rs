//! The ledger that is attacked, made with the program's own commands: a co-op, a packhouse, a laboratory and a platform;
//! a lot that passed its test and one that failed it; a phone whose key was stolen and revoked; two witnesses.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context as _, anyhow, bail, ensure};
use serde_json::{Value, json};
use suyuan::keys::KeyFile;
use suyuan::merkle::Hash;
use suyuan::statement::ed25519::KeyPair;
use suyuan::verify::Trust;

use crate::forge::Forge;
use crate::run::{self, Asked, Served, until};

pub(crate) const ORIGIN: &str = "gallery.example/log";

/// The lot that was packed and is for sale.
pub(crate) const GOOD: &str = "shanqian.p1";
/// The lot that failed its test.
pub(crate) const FAILED: &str = "qingshan.h2";

pub(crate) const FARM: &str = "keys/farm.pem=qingshan/coop";
pub(crate) const PHONE: &str = "keys/phone.pem=qingshan/coop";
pub(crate) const LAB: &str = "keys/lab.pem=zhejian/lab";
pub(crate) const PACKHOUSE: &str = "keys/packhouse.pem=shanqian/packhouse";

/// Where whoever signed keeps the receipts, by record.
pub(crate) const RECEIPTS: [&str; 2] = ["--receipts", "receipts"];

pub(crate) struct Stage {
    dir: PathBuf,
    /// Removed at the end, unless it is to be kept.
    _own: Option<tempfile::TempDir>,
    /// What the ledger's records are, by a name of ours: place and leaf.
    records: BTreeMap<&'static str, (u64, Hash)>,
    /// Entries of the whole ledger, all of which both witnesses have cosigned.
    pub(crate) size: u64,
    /// The ledger taken apart, as it is and as it was.
    ledgers: Vec<Forge>,
    pub(crate) witnesses: Vec<Served>,
    /// The ledger as it is, served for whoever asks; nothing is ever written to it.
    live: Mutex<Option<Served>>,
}

impl Stage {
    /// About three seconds of the real program.
    pub(crate) fn build(keep: Option<&Path>) -> anyhow::Result<Stage> {
        let (dir, own) = match keep {
            Some(dir) => {
                std::fs::create_dir(dir).with_context(|| format!("cannot make {}", dir.display()))?;
                (std::fs::canonicalize(dir)?, None)
            }
            None => {
                let own = tempfile::tempdir()?;
                (own.path().to_owned(), Some(own))
            }
        };
        let mut stage = Stage {
            dir,
            _own: own,
            records: BTreeMap::new(),
            size: 0,
            ledgers: Vec::new(),
            witnesses: Vec::new(),
            live: Mutex::new(None),
        };
        stage.found()?;
        stage.set_witnesses()?;
        let service = stage.serve("led", &["--policy", "policy"])?;
        stage.register(&service.url)?;
        stage.grow(&service.url)?;
        stage.witnessed(&service.url)?;
        stage.ok(&["bundle", FAILED, "--from", &service.url, "--out", "yesterday.bundle"])?;
        std::fs::write(stage.path("trust-w.json"), run::fetch(&format!("{}/trust.json", service.url))?.1)?;
        service.stop()?;
        // What a copy of yesterday is: everything, and as it was.
        copy(&stage.path("led"), &stage.path("yesterday"))?;
        stage.ok(&["backup", "--dir", "led", "--out", "backup"])?;

        let service = stage.serve("led", &["--policy", "policy"])?;
        stage.turn_bad(&service.url)?;
        stage.witnessed(&service.url)?;
        for batch in [GOOD, FAILED] {
            let out = format!("{batch}.bundle");
            stage.ok(&["bundle", batch, "--from", &service.url, "--out", &out])?;
        }
        stage.ok(&["mirror", &service.url, "--dir", "mirror", "--trust", "trust.json", "--once"])?;
        stage.is_honest(&service.url)?;
        service.stop()?;
        stage.ok(&["fsck", "--dir", "led"])?;
        stage.ledgers = vec![Forge::of(&stage, "led")?, Forge::of(&stage, "yesterday")?];
        stage.size = stage.led().size()?;
        Ok(stage)
    }

    /// Whoever catches attacks below finds nothing wrong here.
    fn is_honest(&self, url: &str) -> anyhow::Result<()> {
        for batch in [GOOD, FAILED] {
            let bundle = format!("{batch}.bundle");
            self.ok(&["verify", &bundle, "--trust", "trust-w.json", "--require", "witnesses,freshness"])?;
        }
        for name in ["harvest-1", "failed", "revocation"] {
            let receipt = self.receipt(name);
            self.ok(&["verify", "--receipt", &receipt, "--from", url, "--trust", "trust.json"])?;
        }
        self.ok(&["audit", "--from", url, "--trust", "trust.json"])?;
        Ok(())
    }

    fn found(&self) -> anyhow::Result<()> {
        let address = ["--origin", ORIGIN, "--public-url", "http://127.0.0.1:8080", "--no-passphrase"];
        self.ok(&[&["init", "--dir", "led"][..], &address].concat())?;
        std::fs::copy(self.path("led/trust.json"), self.path("trust.json"))?;
        std::fs::create_dir(self.path("keys"))?;
        for name in ["farm", "packhouse", "lab", "platform", "phone", "mallory"] {
            self.ok(&["key", "new", "--out", &format!("keys/{name}.pem"), "--no-passphrase"])?;
        }
        std::fs::write(self.path("report.pdf"), "%PDF-1.7 the laboratory's report")?;
        Ok(())
    }

    fn set_witnesses(&mut self) -> anyhow::Result<()> {
        for name in ["w1", "w2"] {
            self.ok(&["witness", "--init", "--dir", name, "--name", &format!("witness.example/{name}")])?;
            let witness = self.witness(name, &[])?;
            self.witnesses.push(witness);
        }
        std::fs::write(self.path("policy"), self.policy(&["w1", "w2"], &self.witnesses)?)?;
        Ok(())
    }

    /// A witness in that directory, which knows the ledger.
    pub(crate) fn witness(&self, dir: &str, more: &[&str]) -> anyhow::Result<Served> {
        let args = ["witness", "--dir", dir, "--listen", "127.0.0.1:0", "--trust", "trust.json"];
        Served::start(&self.dir, &[&args, more].concat())
    }

    /// A policy of all these witnesses.
    pub(crate) fn policy(&self, dirs: &[&str], serving: &[Served]) -> anyhow::Result<String> {
        let mut text = format!("log {}\n", self.trust()?.policy.logs()[0].key);
        for (dir, served) in dirs.iter().zip(serving) {
            let vkey = std::fs::read_to_string(self.path(dir).join("vkey"))?;
            text += &format!("witness {dir} {} {}\n", vkey.trim(), served.url);
        }
        Ok(text + &format!("group both all {}\nquorum both\n", dirs.join(" ")))
    }

    /// Signs and sends one statement, keeps its receipt, and remembers where it stands.
    pub(crate) fn say(
        &mut self,
        url: &str,
        key: &str,
        name: &'static str,
        form: Value,
    ) -> anyhow::Result<(u64, Hash)> {
        let placed = self.submit_with(url, &self.sign(key, &form)?, &RECEIPTS)?;
        self.remember(name, &placed)
    }

    pub(crate) fn remember(&mut self, name: &'static str, placed: &Value) -> anyhow::Result<(u64, Hash)> {
        let seq = placed["seq"].as_u64().context("its place")?;
        let leaf = placed["leaf"].as_str().context("its leaf")?.parse()?;
        self.records.insert(name, (seq, leaf));
        Ok((seq, leaf))
    }
}

// -- for the attacks ---------------------------------------------------------------------------------------------

impl Stage {
    pub(crate) fn led(&self) -> Forge {
        self.ledgers[0].clone()
    }

    /// From before the test failed and the phone's key was revoked.
    pub(crate) fn yesterday(&self) -> Forge {
        self.ledgers[1].clone()
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The directory of the attack's own.
    pub(crate) fn own(&self, attack: &str) -> anyhow::Result<()> {
        std::fs::create_dir_all(self.path(attack))?;
        Ok(())
    }

    pub(crate) fn suyuan(&self, args: &[&str]) -> anyhow::Result<Asked> {
        run::suyuan(&self.dir, args, "")
    }

    /// That must do its work.
    pub(crate) fn ok(&self, args: &[&str]) -> anyhow::Result<Asked> {
        let asked = self.suyuan(args)?;
        ensure!(asked.code == 0, "{}: exit code {}: {}", asked.what, asked.code, asked.text());
        Ok(asked)
    }

    pub(crate) fn serve(&self, dir: &str, more: &[&str]) -> anyhow::Result<Served> {
        let args = ["serve", "--dir", dir, "--listen", "127.0.0.1:0", "--set", "workers=1"];
        Served::start(&self.dir, &[&args, more].concat())
    }

    /// A copy of the ledger as it is, or as it was.
    pub(crate) fn copy(&self, from: &str, to: &str) -> anyhow::Result<()> {
        copy(&self.path(from), &self.path(to))
    }

    /// What `suyuan sign` makes of a form.
    pub(crate) fn sign(&self, key: &str, form: &Value) -> anyhow::Result<String> {
        let args = ["sign", "--key", key, "--trust", "trust.json"];
        let asked = run::suyuan(&self.dir, &args, &form.to_string())?;
        ensure!(asked.code == 0, "{}: {}", asked.what, asked.text());
        asked.lines.into_iter().next().context("a signed line")
    }

    /// Sends a signed line that must be taken; its place.
    pub(crate) fn submit(&self, url: &str, signed: &str) -> anyhow::Result<Value> {
        self.submit_with(url, signed, &[])
    }

    pub(crate) fn submit_with(&self, url: &str, signed: &str, more: &[&str]) -> anyhow::Result<Value> {
        let args = ["submit", "--to", url, "--quiet"];
        let asked = run::suyuan(&self.dir, &[&args, more].concat(), signed)?;
        ensure!(asked.code == 0, "{}: {}", asked.what, asked.text());
        Ok(serde_json::from_str(asked.lines.first().context("an answer")?)?)
    }

    /// Sends a signed line, whatever becomes of it. The problem stands in the answer a member a line.
    pub(crate) fn try_submit(&self, url: &str, file: &str, signed: &str) -> anyhow::Result<Asked> {
        std::fs::write(self.path(file), signed)?;
        let mut asked = self.suyuan(&["submit", "--to", url, "--quiet", file])?;
        let line = asked.lines.first().and_then(|line| serde_json::from_str::<Value>(line).ok());
        if let Some(line) = line {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let members = ["type", "detail", "class"].into_iter();
            asked.lines =
                members.map(|member| format!("{member}: {}", text(&line["problem"][member]))).collect();
            asked.lines.push(format!("ok: {}, seq: {}", line["ok"], line["seq"]));
        }
        Ok(asked)
    }

    /// The address of the ledger as it is.
    pub(crate) fn live(&self) -> anyhow::Result<String> {
        let mut live = self.live.lock().map_err(|_| anyhow!("another attack broke down"))?;
        if live.is_none() {
            self.copy("led", "live")?;
            *live = Some(self.serve("live", &["--policy", "policy"])?);
        }
        Ok(live.as_ref().context("it is served")?.url.clone())
    }

    /// A witness with the key of another and an empty memory.
    pub(crate) fn fresh_witness(&self, of: &str, dir: &str) -> anyhow::Result<()> {
        std::fs::create_dir_all(self.path(dir))?;
        std::fs::copy(self.path(of).join("witness.key"), self.path(dir).join("witness.key"))?;
        self.ok(&["witness", "--init", "--dir", dir, "--name", &format!("witness.example/{of}")])?;
        Ok(())
    }

    /// Shows a witness that has seen nothing yet where this ledger stands.
    pub(crate) fn show(&self, witness: &Served, forge: &Forge, own: &str) -> anyhow::Result<Asked> {
        let file = format!("{own}/first-checkpoint");
        std::fs::write(self.path(&file), forge.add_checkpoint(0)?)?;
        run::post(&format!("{}/add-checkpoint", witness.url), "text/plain", &self.dir, &file)
    }

    pub(crate) fn seq(&self, name: &str) -> u64 {
        self.records[name].0
    }

    pub(crate) fn receipt(&self, name: &str) -> String {
        format!("receipts/{}.tlog-proof", self.seq(name))
    }

    pub(crate) fn trust(&self) -> anyhow::Result<Trust> {
        Ok(Trust::parse(&std::fs::read_to_string(self.path("trust.json"))?)?)
    }

    /// A key of the stage, or of the ledger (`log`, `registrar-1`).
    pub(crate) fn key(&self, name: &str) -> anyhow::Result<KeyPair> {
        let path = match name {
            "log" => self.path("led/keys/log.key"),
            "registrar-1" | "registrar-2" => self.path(&format!("led/keys/{name}.pem")),
            other => self.path(&format!("keys/{other}.pem")),
        };
        match KeyFile::read(&path)? {
            KeyFile::Private(key) => Ok(key.pair()),
            _ => bail!("{} is no private key in clear", path.display()),
        }
    }

    /// Waits until the service's newest checkpoint has met its policy.
    pub(crate) fn witnessed(&self, url: &str) -> anyhow::Result<()> {
        until("the newest checkpoint meets the policy", || {
            let (seen, newest) = (text(url, "checkpoint")?, text(url, "latest")?);
            Ok((seen.is_some() && seen == newest).then_some(()))
        })
    }
}

/// Origin, size and root; none while there is no such checkpoint.
fn text(url: &str, path: &str) -> anyhow::Result<Option<String>> {
    let (status, note) = run::fetch(&format!("{url}/log/{path}"))?;
    let note = String::from_utf8(note)?;
    Ok(note.split_once("\n\n").filter(|_| status == 200).map(|(text, _)| text.to_owned()))
}

/// A statement about something that happened just now.
pub(crate) fn form(kind: &str, subject: &str, data: Value) -> Value {
    json!({ "kind": kind, "subject": subject, "occurred_at": now(), "visibility": "public", "data": data })
}

pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(crate) fn today() -> String {
    now()[..10].to_owned()
}

/// The day so many days ago.
pub(crate) fn day(ago: i64) -> String {
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * ago);
    then.strftime("%Y-%m-%d").to_string()
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => drop(std::fs::copy(entry.path(), to)?),
        }
    }
    Ok(())
}
