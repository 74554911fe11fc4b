//! Witnesses that are not ours: a server that answers what a test tells it to, and a witness of another make.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct_merkle::{ConsistencyProof, RootHash};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

/// What a server of a test says.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Reply {
        Reply { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }
}

/// Listens for as long as the test runs, one thread a connection.
pub(crate) struct Fake {
    pub(crate) url: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// `behave` hears each request's body and how many came before it.
    pub(crate) fn new(behave: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bodies: Arc<Mutex<Vec<String>>> = Arc::default();
        let (seen, behave) = (bodies.clone(), Arc::new(behave));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, behave) = (seen.clone(), behave.clone());
                std::thread::spawn(move || serve(stream, &seen, &*behave));
            }
        });
        Fake { url: format!("http://{address}"), bodies }
    }

    /// Bodies of the requests so far.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }

    /// The first lines of the requests so far: `old N`.
    pub(crate) fn olds(&self) -> Vec<String> {
        self.bodies().iter().map(|body| body.lines().next().unwrap_or_default().to_owned()).collect()
    }
}

fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<String>>,
    behave: &(dyn Fn(&str, usize) -> Reply + Send + Sync),
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut length, mut first) = (String::new(), 0, String::new());
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if first.is_empty() {
            first = line.clone();
        }
        line.clear();
    }
    if !first.starts_with("POST /add-checkpoint ") {
        return;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let before = {
        let mut seen = seen.lock().unwrap();
        seen.push(body.clone());
        seen.len() - 1
    };
    let Reply { status, headers, body } = behave(&body, before);
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // Whoever asked may have given up.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

/// Where nobody listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Takes connections and never says a word; each is told of.
pub(crate) fn black_hole() -> (String, Receiver<()>) {
    let (tell, called) = channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for caller in listener.incoming() {
            held.push(caller);
            let _ = tell.send(());
        }
    });
    (format!("http://{address}"), called)
}

/// A witness that shares no code with ours: texts by hand, `ct-merkle` for proofs, `ed25519-dalek` for signatures. As
/// some real ones, it answers a conflict without a body, and adds lines of types that nobody here knows.
pub(crate) struct OtherMake {
    name: &'static str,
    key: SigningKey,
    log_key: ed25519_dalek::VerifyingKey,
    last: Mutex<Option<(u64, [u8; 32])>>,
}

impl OtherMake {
    pub(crate) fn new(name: &'static str, log_key: &[u8; 32]) -> OtherMake {
        let key = SigningKey::from_bytes(&Sha256::digest(name.as_bytes()).into());
        let log_key = ed25519_dalek::VerifyingKey::from_bytes(log_key).unwrap();
        OtherMake { name, key, log_key, last: Mutex::new(None) }
    }

    fn key_id(&self, kind: u8, public: &[u8]) -> [u8; 4] {
        let hash = Sha256::digest([self.name.as_bytes(), b"\n", &[kind], public].concat());
        hash[..4].try_into().unwrap()
    }

    pub(crate) fn vkey(&self) -> String {
        let public = self.key.verifying_key().to_bytes();
        let blob = [&[4u8][..], &public].concat();
        format!("{}+{}+{}", self.name, hex::encode(self.key_id(4, &public)), STANDARD.encode(blob))
    }

    pub(crate) fn answer(&self, body: &str, now: u64) -> Reply {
        let (head, note) = body.split_once("\n\n").unwrap();
        let mut head = head.lines();
        let old: u64 = head.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
        let path: Vec<u8> = head.flat_map(|line| STANDARD.decode(line).unwrap()).collect();
        let (text, lines) = note.split_once("\n\n").unwrap();
        let text = format!("{text}\n");
        let fields: Vec<&str> = text.lines().collect();
        let size: u64 = fields[1].parse().unwrap();
        let root: [u8; 32] = STANDARD.decode(fields[2]).unwrap().try_into().unwrap();
        let is_signed = lines.lines().any(|line| {
            let blob = STANDARD.decode(line.rsplit_once(' ').unwrap().1).unwrap();
            let signature =
                blob.get(4..68).and_then(|bytes| ed25519_dalek::Signature::from_slice(bytes).ok());
            signature.is_some_and(|signature| self.log_key.verify_strict(text.as_bytes(), &signature).is_ok())
        });
        if !is_signed {
            return Reply::new(403, "");
        }
        let mut last = self.last.lock().unwrap();
        if old != last.map_or(0, |(size, _)| size) {
            return Reply::new(409, "");
        }
        if let Some((old, old_root)) = *last {
            let before = RootHash::<Sha256>::new(old_root.into(), old);
            let proof = ConsistencyProof::<Sha256>::try_from_bytes(path).unwrap();
            let same = old == size && old_root == root;
            if !same && RootHash::new(root.into(), size).verify_consistency(&before, &proof).is_err() {
                return Reply::new(422, "");
            }
        }
        *last = Some((size, root));
        let message = format!("cosignature/v1\ntime {now}\n{text}");
        let signature = self.key.sign(message.as_bytes()).to_bytes();
        let public = self.key.verifying_key().to_bytes();
        let blob = [&self.key_id(4, &public)[..], &now.to_be_bytes(), &signature].concat();
        // ML-DSA-44 (0x06): 2,420 bytes behind a time; and somebody's grease.
        let post_quantum = [&self.key_id(6, &[1; 1312])[..], &now.to_be_bytes(), &[6; 2420]].concat();
        let line = |name: &str, blob: &[u8]| format!("— {name} {}\n", STANDARD.encode(blob));
        let body = [
            line(self.name, &post_quantum),
            line(self.name, &blob),
            line("grease.example", &[0xfa, 1, 2, 3, 4]),
        ];
        Reply::new(200, body.concat())
    }
}

pub(crate) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
