//! What others have seen of a log, held against what is held here.
//!
//! A peer is another monitor or a witness (C2SP's monitoring place, `/<hex SHA-256 of the origin>/checkpoint`), or a mirror
//! or service (`/log/checkpoint`). Nobody need be believed: two checkpoints that the log has signed and that cannot be of one
//! history show that by themselves. What can be shown neither way is unresolved, and stays so until it can.

use crate::follow::history::{Compared, Noted, compare};
use crate::follow::{FetchError, Fetcher, FollowError, Follower, Get, TileNodes, Tiles};
use crate::merkle::Hash;
use crate::merkle::tree::root_at;
use crate::note::checkpoint::Checkpoint;
use crate::note::signed_note::NOTE_BYTES_MAX;
use crate::verify::SplitView;

/// Somebody else who has seen the log.
pub struct Peer {
    url: String,
    fetcher: Fetcher,
}

/// What came of comparing notes.
#[derive(Debug)]
pub enum Note {
    /// Of one history; entries in the peer's checkpoint.
    Agrees(u64),
    /// The log has signed two.
    Split(Box<SplitView>),
    /// Nothing came.
    Unreachable(String),
    /// What came shows nothing, or nothing can be shown yet.
    Unresolved(String),
}

/// Pieces of a log below some path of a service.
struct Below<'a> {
    fetcher: &'a Fetcher,
    prefix: String,
}

impl Get for Below<'_> {
    fn get(&self, path: &str, bytes_max: u64) -> Result<Vec<u8>, FetchError> {
        self.fetcher.get_path(&format!("{}/{path}", self.prefix), bytes_max)
    }
}

impl Peer {
    pub fn new(url: &str) -> Result<Peer, FetchError> {
        Ok(Peer { url: url.trim_end_matches('/').to_owned(), fetcher: Fetcher::hasty(url)? })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks for what the peer has seen, and holds it against what `follower` holds. `source` is where we read the log.
    pub fn compare(&self, follower: &Follower, source: &Fetcher) -> Result<Note, FollowError> {
        let origin = &follower.trust().origin;
        let places = [format!("/{}", Hash::of(origin.as_bytes())), "/log".to_owned()];
        let mut why = String::new();
        for prefix in places {
            let below = Below { fetcher: &self.fetcher, prefix };
            match below.get("checkpoint", NOTE_BYTES_MAX as u64) {
                Ok(note) => return judge(follower, &note, &below, source),
                Err(error) => why = error.to_string(),
            }
        }
        Ok(Note::Unreachable(why))
    }
}

fn judge(follower: &Follower, note: &[u8], peers: &Below<'_>, source: &Fetcher) -> Result<Note, FollowError> {
    let (_, theirs) = match follower.open(note) {
        Ok(opened) => opened,
        Err(wrong) => return Ok(Note::Unresolved(wrong.to_string())),
    };
    // Opened, so it is text.
    let note = String::from_utf8_lossy(note);
    let noted = Noted { checkpoint: &theirs, note: &note };
    let Some(held) = follower.held() else {
        return Ok(Note::Unresolved("nothing is held here yet".to_owned()));
    };
    if theirs.size <= held.checkpoint.size {
        return ours_is_longer(follower, noted, &theirs);
    }
    let ours = Noted { checkpoint: &held.checkpoint, note: &held.note };
    let mut why = String::new();
    // Their tree, from themselves or from where we read the log.
    let pieces: [&dyn Get; 2] = [peers, source];
    for get in pieces {
        let tiles = Tiles::new(get);
        match compare(ours, noted, &TileNodes::new(&tiles, theirs.size)) {
            Ok(Compared::One) => return Ok(Note::Agrees(theirs.size)),
            Ok(Compared::Two(split)) => return Ok(Note::Split(split)),
            Ok(Compared::NotItsTree) => why = "the tiles are not of that checkpoint".to_owned(),
            Err(error) => why = error.to_string(),
        }
    }
    Ok(Note::Unresolved(format!(
        "it has a checkpoint of {} entries, here are {}, and nobody shows that one goes on from the other: {why}",
        theirs.size, held.checkpoint.size
    )))
}

fn ours_is_longer(follower: &Follower, noted: Noted<'_>, theirs: &Checkpoint) -> Result<Note, FollowError> {
    if root_at(&follower.replica().reader(), theirs.size)? == theirs.root {
        return Ok(Note::Agrees(theirs.size));
    }
    Ok(match follower.split(noted)? {
        Some(split) => Note::Split(split),
        None => Note::Unresolved("no checkpoint of ours covers theirs".to_owned()),
    })
}
