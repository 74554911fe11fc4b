//! A server between the reader and the real service, that passes everything on and changes what it likes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use anyhow::Context as _;

/// Given a path and the honest body: the body that is sent, or nothing to leave it.
type Change = dyn Fn(&str, &[u8]) -> Option<Vec<u8>> + Send + Sync;

pub(crate) struct Liar {
    pub(crate) url: String,
}

impl Liar {
    /// In front of `upstream`, for as long as the gallery runs.
    pub(crate) fn before(
        upstream: &str,
        change: impl Fn(&str, &[u8]) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> anyhow::Result<Liar> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let (upstream, change): (String, Arc<Change>) = (upstream.to_owned(), Arc::new(change));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (upstream, change) = (upstream.clone(), change.clone());
                // A reader who hangs up hears nothing, and nobody minds.
                std::thread::spawn(move || drop(answer(stream, &upstream, &*change)));
            }
        });
        Ok(Liar { url })
    }
}

fn answer(mut stream: TcpStream, upstream: &str, change: &Change) -> anyhow::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).context("a path")?.to_owned();
    while reader.read_line(&mut line)? > 2 {}
    let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().new_agent();
    let request = agent.get(format!("{upstream}{path}")).header("accept-encoding", "identity");
    let mut response = request.call()?;
    let body = response.body_mut().read_to_vec()?;
    let body = change(&path, &body).unwrap_or(body);
    let mut head = format!("HTTP/1.1 {}\r\n", response.status().as_u16());
    for (name, value) in response.headers() {
        if !matches!(name.as_str(), "content-length" | "connection" | "transfer-encoding" | "etag") {
            head += &format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
        }
    }
    head += &format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), &body].concat())?;
    Ok(())
}
