//! The answering side: a thread that waits for connections, and one for each request.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{LINE_BYTES_MAX, Request, Response, directory, socket};
use crate::merkle::Hash;
use crate::private::openings;
use crate::sequencer::LedgerHandle;
use crate::store::durable;

/// How long somebody who has connected may take to say what he wants.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Listens until it is stopped or dropped.
pub struct Server {
    path: PathBuf,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Whoever starts this has the ledger's files open, so a socket that is there is a dead process's.
    pub fn start(ledger_dir: &Path, ledger: LedgerHandle) -> io::Result<Server> {
        let dir = directory(ledger_dir);
        match DirBuilder::new().mode(0o700).create(&dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => fs::set_permissions(&dir, Permissions::from_mode(0o700))?,
        }
        let path = socket(ledger_dir);
        durable::remove(&path)?;
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        let stopped = Arc::new(AtomicBool::new(false));
        let told = stopped.clone();
        let thread = std::thread::Builder::new().name("control".to_owned()).spawn(move || {
            let mut answering = Vec::new();
            for stream in listener.incoming() {
                if told.load(Ordering::SeqCst) {
                    break;
                }
                let ledger = ledger.clone();
                if let Ok(stream) = stream {
                    answering.retain(|thread: &JoinHandle<()>| !thread.is_finished());
                    answering.push(std::thread::spawn(move || serve(stream, &ledger)));
                }
            }
            // What was begun is finished: half a copy is none.
            answering.into_iter().for_each(|thread| drop(thread.join()));
        })?;
        Ok(Server { path, stopped, thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for the next connection.
        drop(UnixStream::connect(&self.path));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        drop(fs::remove_file(&self.path));
    }
}

fn serve(stream: UnixStream, ledger: &LedgerHandle) {
    let response = match read(&stream) {
        Ok(request) => {
            tracing::info!(?request, "asked by the operator");
            answer(&request, ledger)
        }
        Err(problem) => Response::Failed { why: problem },
    };
    if let Response::Failed { why } = &response {
        tracing::warn!(%why, "what the operator asked was not done");
    }
    let line = serde_json::to_string(&response).unwrap_or_default();
    // Whoever asked may be gone; it is done all the same.
    drop((&stream).write_all(format!("{line}\n").as_bytes()));
}

fn read(stream: &UnixStream) -> Result<Request, String> {
    stream.set_read_timeout(Some(REQUEST_TIMEOUT)).map_err(|error| error.to_string())?;
    let mut line = String::new();
    let read = BufReader::new(stream.take(LINE_BYTES_MAX)).read_line(&mut line);
    read.map_err(|error| error.to_string())?;
    serde_json::from_str(&line).map_err(|error| format!("no request: {error}"))
}

fn answer(request: &Request, ledger: &LedgerHandle) -> Response {
    let done = match request {
        Request::Backup { to } if !to.is_absolute() => Err("the path must be absolute".to_owned()),
        Request::Backup { to } => ledger.backup(to).map_err(|error| error.to_string()),
        Request::Erase { leaf, pointer } => ledger.erase(leaf, pointer).map_err(|error| error.to_string()),
        Request::Openings { leaf } => match listed(ledger, leaf) {
            Ok((kept, erased)) => return Response::Openings { kept, erased },
            Err(problem) => Err(problem),
        },
    };
    done.map_or_else(|why| Response::Failed { why }, |()| Response::Done)
}

fn listed(ledger: &LedgerHandle, leaf: &Hash) -> Result<(Vec<String>, Vec<String>), String> {
    let reader = ledger.snapshot();
    if reader.leaf(leaf).map_err(|error| error.to_string())?.is_none() {
        return Err(format!("there is no record {leaf} in the ledger"));
    }
    let kept = ledger.openings(leaf).map_err(|error| error.to_string())?;
    let erased = openings::erased(&reader.0, leaf).map_err(|error| error.to_string())?;
    Ok((kept.iter().map(|opening| opening.pointer().to_owned()).collect(), erased))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_one_form_and_none_appends() {
        let backup = Request::Backup { to: "/backup/x".into() };
        let line = serde_json::to_string(&backup).unwrap();
        assert_eq!(line, r#"{"do":"backup","to":"/backup/x"}"#);
        assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), backup);
        for bad in [
            r#"{"do":"submit","envelope":{}}"#,
            r#"{"do":"backup"}"#,
            r#"{"do":"backup","to":"/x","more":1}"#,
            r#"{"do":"erase","leaf":"xyz","pointer":"/data"}"#,
            "",
        ] {
            assert!(serde_json::from_str::<Request>(bad).is_err(), "{bad}");
        }
    }
}
