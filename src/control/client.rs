//! The asking side.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::{LINE_BYTES_MAX, Request, Response, socket};
use crate::merkle::Hash;

/// A connection to the process that serves a ledger.
pub struct Client {
    stream: UnixStream,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    #[error("{0}")]
    Failed(String),
    #[error("the ledger is in use, and its service does not answer at {}: {source}", path.display())]
    NoService { path: PathBuf, source: io::Error },
    #[error("the service ended before it answered: {0}")]
    NoAnswer(io::Error),
    #[error("the service answered what nobody asked: is it of another version?")]
    Strange,
}

impl Client {
    pub fn connect(ledger: &Path) -> Result<Client, ControlError> {
        let path = socket(ledger);
        match UnixStream::connect(&path) {
            Ok(stream) => Ok(Client { stream }),
            Err(source) => Err(ControlError::NoService { path, source }),
        }
    }

    /// Returns when the copy is finished.
    pub fn backup(self, to: &Path) -> Result<(), ControlError> {
        self.done(&Request::Backup { to: to.to_owned() })
    }

    /// Returns when it has left the disk.
    pub fn erase(self, leaf: Hash, pointer: &str) -> Result<(), ControlError> {
        self.done(&Request::Erase { leaf, pointer: pointer.to_owned() })
    }

    /// Pointers of what is kept, and of what was erased.
    pub fn openings(self, leaf: Hash) -> Result<(Vec<String>, Vec<String>), ControlError> {
        match self.ask(&Request::Openings { leaf })? {
            Response::Openings { kept, erased } => Ok((kept, erased)),
            Response::Failed { why } => Err(ControlError::Failed(why)),
            Response::Done => Err(ControlError::Strange),
        }
    }

    fn done(self, request: &Request) -> Result<(), ControlError> {
        match self.ask(request)? {
            Response::Done => Ok(()),
            Response::Failed { why } => Err(ControlError::Failed(why)),
            Response::Openings { .. } => Err(ControlError::Strange),
        }
    }

    fn ask(mut self, request: &Request) -> Result<Response, ControlError> {
        let line = serde_json::to_string(request).map_err(|_| ControlError::Strange)?;
        let sent = self.stream.write_all(line.as_bytes()).and_then(|()| self.stream.write_all(b"\n"));
        sent.map_err(ControlError::NoAnswer)?;
        let mut answer = String::new();
        let read = BufReader::new(self.stream.take(LINE_BYTES_MAX)).read_line(&mut answer);
        match read {
            Ok(0) => Err(ControlError::NoAnswer(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => serde_json::from_str(&answer).map_err(|_| ControlError::Strange),
            Err(error) => Err(ControlError::NoAnswer(error)),
        }
    }
}
