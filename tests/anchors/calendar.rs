//! A calendar of a test's own, and the block that it puts things into. The bytes are written by hand: it shares no code
//! with what it tests.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::server::{Reply, Request, Server};

pub(crate) const HEIGHT: u8 = 121;
pub(crate) const BLOCK_TIME: u32 = 1_781_503_600;
const BITCOIN: [u8; 8] = [0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01];
const PENDING: [u8; 8] = [0x83, 0xdf, 0xe3, 0x0d, 0x2e, 0xf9, 0x0c, 0x8e];

/// Promises at once, and keeps its promises when the test has it mine.
pub(crate) struct Calendar {
    pub(crate) server: Server,
    mined: Arc<Mutex<Mined>>,
}

#[derive(Default)]
struct Mined {
    is_on: bool,
    roots: Vec<[u8; 32]>,
}

impl Calendar {
    pub(crate) fn new() -> Calendar {
        Calendar::odd(|_, _| None)
    }

    /// What `odd` gives is answered in place of what a good calendar would.
    pub(crate) fn odd(odd: impl Fn(&Request, usize) -> Option<Reply> + Send + Sync + 'static) -> Calendar {
        let mined: Arc<Mutex<Mined>> = Arc::default();
        let shared = mined.clone();
        let server = Server::new(move |request, before| {
            let host = request.head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
            let uri = format!("http://{host}");
            odd(request, before).unwrap_or_else(|| honest(request, &uri, &mut shared.lock().unwrap()))
        });
        Calendar { server, mined }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url.clone()
    }

    /// From now on what was promised is in a block.
    pub(crate) fn mine(&self) {
        self.mined.lock().unwrap().is_on = true;
    }

    /// The Merkle roots of the blocks that it has told of.
    pub(crate) fn roots(&self) -> Vec<[u8; 32]> {
        self.mined.lock().unwrap().roots.clone()
    }

    pub(crate) fn requests(&self, method: &str) -> Vec<Request> {
        self.server.requests().into_iter().filter(|request| request.method == method).collect()
    }
}

fn honest(request: &Request, uri: &str, mined: &mut Mined) -> Reply {
    assert!(request.head.contains("accept: application/vnd.opentimestamps.v1"), "{}", request.head);
    if request.method == "POST" && request.path == "/digest" {
        assert_eq!(request.body.len(), 32);
        return Reply::Answer(200, promise(uri));
    }
    let hex = request.path.strip_prefix("/timestamp/").unwrap();
    match mined.is_on {
        false => Reply::Answer(404, b"Pending confirmation in Bitcoin blockchain".to_vec()),
        true => {
            let (tree, root) = way_to_block(&hex::decode(hex).unwrap());
            mined.roots.push(root);
            Reply::Answer(200, tree)
        }
    }
}

/// Appends and hashes, prepends a time and appends a check, then promises.
pub(crate) fn promise(uri: &str) -> Vec<u8> {
    let mut tree = vec![0xf0, 16];
    tree.extend([0x5c; 16]);
    tree.extend([0x08, 0xf1, 4, 0x6a, 0x30, 0x11, 0x22, 0xf0, 8]);
    tree.extend([0x77; 8]);
    tree.push(0x00);
    tree.extend(PENDING);
    let length = u8::try_from(uri.len()).unwrap();
    tree.extend([length + 1, length]);
    tree.extend(uri.as_bytes());
    tree
}

/// Through a transaction and one step of the block's tree.
pub(crate) fn way_to_block(message: &[u8]) -> (Vec<u8>, [u8; 32]) {
    let (before, after, beside) = ([0x01, 0x6a, 0x24], [0x00; 4], [0x31; 32]);
    let twice = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(Sha256::digest(bytes)).into() };
    let transaction = twice(&[&before[..], message, &after[..]].concat());
    let root = twice(&[&transaction[..], &beside[..]].concat());
    let mut tree = vec![0xf1, 3];
    tree.extend(before);
    tree.extend([0xf0, 4]);
    tree.extend(after);
    tree.extend([0x08, 0x08, 0xf0, 32]);
    tree.extend(beside);
    tree.extend([0x08, 0x08, 0x00]);
    tree.extend(BITCOIN);
    tree.extend([1, HEIGHT]);
    (tree, root)
}

/// A header with this Merkle root and regtest's target.
pub(crate) fn block(root: [u8; 32]) -> [u8; 80] {
    let mut header = [0; 80];
    header[36..68].copy_from_slice(&root);
    header[68..72].copy_from_slice(&BLOCK_TIME.to_le_bytes());
    header[72..76].copy_from_slice(&0x207f_ffff_u32.to_le_bytes());
    // Its own target is met by every second nonce.
    while hash(&header)[31] > 0x7f {
        header[76] += 1;
    }
    header
}

fn hash(header: &[u8; 80]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(header)).into()
}

/// A Bitcoin node that has one block, once it is given.
pub(crate) fn node(header: Arc<Mutex<Option<[u8; 80]>>>) -> Server {
    Server::new(move |request, _| {
        assert!(request.head.contains("authorization: basic "), "{}", request.head);
        let asked: Value = serde_json::from_slice(&request.body).unwrap();
        let Some(header) = *header.lock().unwrap() else {
            return Reply::Answer(
                500,
                br#"{"result":null,"error":{"code":-8,"message":"Block height out of range"}}"#.to_vec(),
            );
        };
        let mut name = hash(&header);
        name.reverse();
        let result = match asked["method"].as_str().unwrap() {
            "getblockhash" => {
                assert_eq!(asked["params"], json!([HEIGHT]));
                hex::encode(name)
            }
            "getblockheader" => {
                assert_eq!(asked["params"], json!([hex::encode(name), false]));
                hex::encode(header)
            }
            method => panic!("{method}"),
        };
        Reply::Answer(200, json!({"result": result, "error": null, "id": "suyuan"}).to_string().into_bytes())
    })
}
