//! The commands of docs/operations.md, run as they stand there, in their order.
//!
//! A block marked `sh run` is run; `sh serve PORT` is started and goes on until `sh stop PORT` or `sh restart PORT`, which
//! the block's own line (systemctl) would do on a real machine. Paths of a real machine lie below a scratch directory, and
//! ports are free ones: `/srv`, `/mnt`, `/backup`, `127.0.0.1:PORT` and the service's public address are replaced. Other
//! blocks are for people.
#![cfg(all(feature = "service", unix))]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PAGE: &str = include_str!("../docs/operations.md");

/// Directories that the page speaks of.
const ROOTS: [&str; 3] = ["/srv", "/mnt", "/backup"];

#[derive(Debug, PartialEq, Eq)]
enum Block {
    Run(String),
    Restart { port: String },
    Serve { port: String, text: String },
    Stop { port: String },
}

/// What the world calls the service, and the port where it listens behind its proxy.
const PUBLIC: (&str, &str) = ("https://trace.example.org", "8080");

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(mark) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let text = body.join("\n");
        match mark.split(' ').collect::<Vec<_>>()[..] {
            ["sh", "run"] => blocks.push(Block::Run(text)),
            ["sh", "restart", port] => blocks.push(Block::Restart { port: port.to_owned() }),
            ["sh", "serve", port] => blocks.push(Block::Serve { port: port.to_owned(), text }),
            ["sh", "stop", port] => blocks.push(Block::Stop { port: port.to_owned() }),
            ["sh"] | ["ini"] | ["toml"] | ["nginx"] | [""] => {}
            ref other => panic!("a block of an unknown sort: {other:?}"),
        }
    }
    blocks
}

/// The machine of the page: its directories, and what runs on it.
struct Machine {
    root: tempfile::TempDir,
    running: BTreeMap<String, Child>,
    /// Where the page's port really is; it stays there over restarts.
    addresses: BTreeMap<String, String>,
    /// What was started last at each.
    commands: BTreeMap<String, String>,
}

impl Machine {
    fn new() -> Machine {
        let root = tempfile::tempdir().unwrap();
        for made in ["srv", "mnt/other/suyuan", "backup"] {
            std::fs::create_dir_all(root.path().join(made)).unwrap();
        }
        Machine { root, running: BTreeMap::new(), addresses: BTreeMap::new(), commands: BTreeMap::new() }
    }

    fn here(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for root in ROOTS {
            let below = format!("{}{root}/", self.root.path().display());
            text = text.replace(&format!(" {root}/"), &format!(" {below}"));
        }
        for (port, address) in &self.addresses {
            text = text.replace(&format!("127.0.0.1:{port}"), address);
        }
        let (public, port) = PUBLIC;
        match self.addresses.get(port) {
            Some(address) => text.replace(public, &format!("http://{address}")),
            None => text,
        }
    }

    fn shell(&self, text: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_suyuan")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        command.args(["-e", "-o", "pipefail", "-c", text]).env("PATH", path).current_dir(self.root.path());
        // Asked for on a terminal otherwise.
        command.env("SUYUAN_PASSPHRASE", "of the test").env("NO_PROXY", "127.0.0.1").stdin(Stdio::null());
        command
    }

    fn run(&self, text: &str) {
        let text = self.here(text);
        let output = self.shell(&text).output().unwrap();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (said(&output.stdout), said(&output.stderr));
        assert!(output.status.success(), "{}\n{text}\n--\n{stdout}\n--\n{stderr}", output.status);
    }

    fn serve(&mut self, port: &str, text: &str) {
        self.commands.insert(port.to_owned(), text.to_owned());
        // Where it does not say, it listens on the page's own port.
        let listen = format!("--listen 127.0.0.1:{port}");
        let mut text = if text.contains(&listen) { text.to_owned() } else { format!("{text} {listen}") };
        if !self.addresses.contains_key(port) {
            text = text.replace(&listen, "--listen 127.0.0.1:0");
        }
        let text = self.here(&text);
        let mut child =
            self.shell(&format!("exec {text}")).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.map_while(Result::ok).find_map(|line| {
            line.strip_prefix("listening on http://").map(|address| address.trim().to_owned())
        });
        self.running.insert(port.to_owned(), child);
        self.addresses
            .insert(port.to_owned(), address.unwrap_or_else(|| panic!("it does not listen: {text}")));
    }

    fn stop(&mut self, port: &str) {
        let mut child = self.running.remove(port).expect("it was started");
        assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        assert!(child.wait().unwrap().success(), "it stops in good order");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for child in self.running.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn the_commands_of_the_operators_page_work_in_their_order() {
    let has_curl = Command::new("curl").arg("--version").stdout(Stdio::null()).status();
    assert!(has_curl.is_ok_and(|status| status.success()), "install curl: the page uses it");
    let mut machine = Machine::new();
    let blocks = blocks(PAGE);
    assert!(blocks.iter().filter(|block| matches!(block, Block::Run(_))).count() > 10);
    for block in blocks {
        match block {
            Block::Run(text) => machine.run(&text),
            Block::Restart { port } => {
                machine.stop(&port);
                let text = machine.commands[&port].clone();
                machine.serve(&port, &text);
            }
            Block::Serve { port, text } => machine.serve(&port, &text),
            Block::Stop { port } => machine.stop(&port),
        }
    }
}

#[test]
fn a_command_that_fails_is_noticed() {
    let page = "```sh run\ntrue\n```\n\n```sh\nfalse\n```\n\n```sh run\nfalse | true\n```\n";
    let [Block::Run(good), Block::Run(bad)] = &blocks(page)[..] else { panic!("two blocks are run") };
    let machine = Machine::new();
    machine.run(good);
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| machine.run(bad)));
    assert!(failed.is_err());
}
