//! Whoever stands between a log and its readers: passes things on, turns to another log, changes what comes through.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::service::Client;

/// Status and body for a path.
pub(crate) type Answers = Arc<dyn Fn(&str) -> (u16, Vec<u8>) + Send + Sync>;

/// A server whose answers can be changed while it runs.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    answers: Arc<Mutex<Answers>>,
    passes_to: Arc<Mutex<Option<SocketAddr>>>,
    /// Every request: its line and its body.
    requests: Arc<Mutex<Vec<(String, String)>>>,
    thread: Option<JoinHandle<()>>,
}

/// What this service says.
pub(crate) fn of(address: SocketAddr) -> Answers {
    Arc::new(move |path| {
        let answer = Client::new(address).get(path);
        (answer.status, answer.body)
    })
}

/// Nobody who could answer.
pub(crate) fn away() -> Answers {
    Arc::new(|_| (500, b"away".to_vec()))
}

/// The same with something done to each answer.
pub(crate) fn changed(
    answers: Answers,
    change: impl Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync + 'static,
) -> Answers {
    Arc::new(move |path| {
        let (status, body) = answers(path);
        (status, if status == 200 { change(path, body) } else { body })
    })
}

impl Proxy {
    pub(crate) fn new(answers: Answers) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers = Arc::new(Mutex::new(answers));
        let requests: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let passes_to: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
        let (shared, seen, passing) = (answers.clone(), requests.clone(), passes_to.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                let (answers, seen) = (shared.clone(), seen.clone());
                let to = *passing.lock().unwrap();
                let served = std::thread::spawn(move || serve(stream, &answers, &seen, to));
                // The last request is the one that ends it.
                if served.join().unwrap_or(false) {
                    return;
                }
            }
        });
        Proxy { address, answers, passes_to, requests, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn turn_to(&self, answers: Answers) {
        *self.answers.lock().unwrap() = answers;
    }

    /// From now on every request, body and all, goes to this service.
    pub(crate) fn pass_to(&self, address: SocketAddr) {
        *self.passes_to.lock().unwrap() = Some(address);
    }

    pub(crate) fn requests(&self) -> Vec<(String, String)> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect(self.address) {
            let _ = stream.write_all(b"QUIT / HTTP/1.1\r\n\r\n");
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One request; true: it was the one that ends the server.
fn serve(
    stream: TcpStream,
    answers: &Mutex<Answers>,
    seen: &Mutex<Vec<(String, String)>>,
    passes_to: Option<SocketAddr>,
) -> bool {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).is_err() {
        return false;
    }
    let (mut length, mut header) = (0, String::new());
    while reader.read_line(&mut header).is_ok_and(|read| read > 2) {
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        header.clear();
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    if line.starts_with("QUIT") {
        return true;
    }
    seen.lock().unwrap().push((line.trim().to_owned(), String::from_utf8_lossy(&body).into_owned()));
    let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
    let (status, body) = match passes_to {
        Some(address) if line.starts_with("POST ") => {
            let answer = Client::new(address).post(&path, "text/plain; charset=utf-8", &body);
            (answer.status, answer.body)
        }
        Some(address) => of(address)(&path),
        None => {
            let answers = answers.lock().unwrap().clone();
            answers(&path)
        }
    };
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let mut stream = reader.into_inner();
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
    false
}
