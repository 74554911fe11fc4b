//! A server that answers what a test tells it to, with bytes; also endlessly, a byte at a time, or not at all.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Lines of the head, in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Answer(u16, Vec<u8>),
    /// To another address.
    Redirect(String),
    /// As many bytes as the other side takes.
    Endless,
    /// A byte now and then, for as long as the other side waits.
    Drip,
}

pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `behave` hears each request and how many came before it.
    pub(crate) fn new(behave: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (seen, behave) = (requests.clone(), Arc::new(behave));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, behave) = (seen.clone(), behave.clone());
                std::thread::spawn(move || serve(stream, &seen, &*behave));
            }
        });
        Server { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, seen: &Mutex<Vec<Request>>, behave: &dyn Fn(&Request, usize) -> Reply) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let Some(request) = read(&mut reader) else { return };
    let before = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        seen.len() - 1
    };
    // Whoever asked may have given up.
    let _ = answer(stream, behave(&request, before));
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let (mut first, mut head, mut line, mut length) = (String::new(), String::new(), String::new(), 0);
    reader.read_line(&mut first).ok()?;
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&lower);
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut words = first.split(' ');
    Some(Request { method: words.next()?.to_owned(), path: words.next()?.to_owned(), head, body })
}

fn answer(mut stream: TcpStream, reply: Reply) -> std::io::Result<()> {
    match reply {
        Reply::Answer(status, body) => {
            let head =
                format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Redirect(to) => {
            let head =
                format!("HTTP/1.1 302 X\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes())
        }
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[0xff; 4096])?;
            }
        }
        Reply::Drip => {
            stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 9000\r\nconnection: close\r\n\r\n")?;
            stream.set_read_timeout(Some(Duration::from_millis(50)))?;
            let mut heard = [0; 1];
            loop {
                stream.write_all(&[0xff])?;
                match stream.read(&mut heard) {
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                    _ => return Ok(()),
                }
            }
        }
    }
}

/// Where nobody listens.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
