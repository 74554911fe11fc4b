//! A service of few words: the log's pieces and the bulk route over plain sockets, and what a bad one does.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::ledger::Ledger;

pub(crate) struct Service {
    url: String,
    shared: Arc<Mutex<Shared>>,
}

pub(crate) struct Shared {
    pub(crate) ledger: Ledger,
    /// How many requests are turned away first.
    pub(crate) busy: usize,
    /// Answers that stand in for the right ones.
    pub(crate) instead: BTreeMap<String, Vec<u8>>,
    pub(crate) requests: Vec<String>,
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
}

impl Service {
    pub(crate) fn of(ledger: Ledger) -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Shared {
            ledger,
            busy: 0,
            instead: BTreeMap::new(),
            requests: Vec::new(),
            blobs: BTreeMap::new(),
        };
        let shared = Arc::new(Mutex::new(shared));
        let theirs = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &theirs);
            }
        });
        Service { url, shared }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Shared) -> T) -> T {
        look(&mut self.shared.lock().unwrap())
    }
}

fn answer(mut stream: TcpStream, shared: &Mutex<Shared>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let mut shared = shared.lock().unwrap();
    shared.requests.push(format!("{method} {path}"));
    let (status, bytes) = respond(&mut shared, method, path, &body);
    let retry = if status == 503 { "retry-after: 0\r\n" } else { "" };
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{retry}connection: close\r\n\r\n", bytes.len());
    // The client may have had enough.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bytes));
}

fn respond(shared: &mut Shared, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
    if shared.busy > 0 {
        shared.busy -= 1;
        return (503, Vec::new());
    }
    if let Some(bytes) = shared.instead.get(path) {
        return (200, bytes.clone());
    }
    match (method, path) {
        ("POST", "/api/v1/statements/bulk") => (200, bulk(&mut shared.ledger, body)),
        ("PUT", path) if path.starts_with("/api/v1/blobs/") => {
            shared.blobs.insert(path["/api/v1/blobs/".len()..].to_owned(), body.to_vec());
            (201, Vec::new())
        }
        ("GET", path) => match get(&shared.ledger, path) {
            Some(bytes) => (200, bytes),
            None => (404, br#"{"detail":"there is no such address"}"#.to_vec()),
        },
        _ => (405, Vec::new()),
    }
}

fn get(ledger: &Ledger, path: &str) -> Option<Vec<u8>> {
    if let Some(piece) = path.strip_prefix("/log/") {
        return ledger.piece(piece);
    }
    if let Some(seq) = path.strip_prefix("/api/v1/records/") {
        return ledger.entry(seq.parse().ok()?);
    }
    if let Some(subject) = path.strip_prefix("/api/v1/subjects/") {
        return Some(ledger.bundle(subject.strip_suffix("/bundle")?));
    }
    let batch = path.strip_prefix("/api/v1/batches/")?.strip_suffix("/bundle")?;
    Some(ledger.bundle(&format!("batch:{batch}")))
}

fn bulk(ledger: &mut Ledger, body: &[u8]) -> Vec<u8> {
    let mut answers = Vec::new();
    for line in body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let value: Value = serde_json::from_slice(line).unwrap();
        let members: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert_eq!(members, ["envelope", "openings"], "the service takes no more than these");
        let answer = match ledger.submit(&value) {
            Ok((seq, leaf)) => json!({
                "status": 201,
                "receipt": {"seq": seq, "leaf": leaf, "at": "-", "size": seq + 2, "proof": ledger.receipt(seq)},
            }),
            Err((class, detail)) => json!({"status": 422, "problem": {"class": class, "detail": detail}}),
        };
        answers.extend(format!("{answer}\n").into_bytes());
    }
    answers
}
