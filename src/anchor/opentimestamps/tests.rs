//! The vectors under `tests/vectors/anchors/ots`, and what must never be.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::header::tests::{genesis, mined};
use super::*;
use crate::merkle::Hash;
use crate::{anchor, vectors};

pub(super) const BODY: &str = "suyuan.example/test\n42\nMDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n";
const TIME: u32 = 1_780_000_000;
/// A target that a test can meet: 16 zero bits.
const EASY: u32 = 0x1f00_ffff;
const EASY_MAX: [u8; 32] = {
    let mut target = [0xff; 32];
    target[0] = 0;
    target[1] = 0;
    target
};
const ALICE: &str = "https://alice.btc.calendar.opentimestamps.org";

/// A proof put together by hand, and the message that it ends in.
struct Path {
    message: Vec<u8>,
    ops: Vec<Op>,
}

impl Path {
    fn new(body: &str, ops: &[Op]) -> Path {
        let start = digest(body).0.to_vec();
        let message = ops.iter().fold(start, |message, op| op.apply(&message).unwrap());
        Path { message, ops: ops.to_vec() }
    }

    fn root(&self) -> [u8; 32] {
        self.message.clone().try_into().unwrap()
    }

    fn with(&self, attestations: &[Attestation]) -> Tree {
        let end = Tree(attestations.iter().cloned().map(Branch::Attestation).collect());
        self.ops.iter().rev().fold(end, |below, op| Tree(vec![Branch::Op(op.clone(), below)]))
    }
}

fn nonce_path() -> Path {
    Path::new(BODY, &[Op::Append(vec![0xa5; 16]), Op::Sha256])
}

fn block_path() -> Path {
    let ops = [
        Op::Append(vec![0xa5; 16]),
        Op::Sha256,
        Op::Prepend(vec![0x6a, 0x20, 0x01]),
        Op::Append(vec![0x77; 8]),
        Op::Sha256,
        Op::Sha256,
        Op::Append(vec![0x31; 32]),
        Op::Sha256,
        Op::Sha256,
    ];
    Path::new(BODY, &ops)
}

fn file(body: &str, trees: Vec<Tree>) -> Vec<u8> {
    let mut tree = Tree::default();
    trees.into_iter().for_each(|other| tree.merge(other));
    Proof { digest: digest(body), tree }.to_bytes()
}

fn pending(uri: &str) -> Attestation {
    Attestation::Pending { uri: uri.to_owned() }
}

fn bitcoin(height: u64) -> Attestation {
    Attestation::Bitcoin { height }
}

/// Waits at one calendar and ends in block 900,001 by the other's path.
fn complete() -> Vec<u8> {
    file(BODY, vec![nonce_path().with(&[pending(ALICE)]), block_path().with(&[bitcoin(900_001)])])
}

fn its_header() -> Header {
    static HEADER: LazyLock<Header> = LazyLock::new(|| mined(block_path().root(), TIME, EASY));
    *HEADER
}

fn told(headers: &[Header]) -> Told {
    Told { bitcoin_headers: headers.iter().map(|header| header.0).collect(), ..Told::default() }
}

struct Vector {
    name: &'static str,
    about: &'static str,
    evidence: Vec<u8>,
    told: Told,
    target_max: Option<[u8; 32]>,
}

impl Vector {
    fn new(name: &'static str, about: &'static str, evidence: Vec<u8>) -> Vector {
        Vector { name, about, evidence, told: Told::default(), target_max: None }
    }

    fn told(mut self, headers: &[Header]) -> Vector {
        self.told = told(headers);
        self
    }

    fn easy(mut self) -> Vector {
        self.target_max = Some(EASY_MAX);
        self
    }

    fn judge(&self) -> Finding {
        match &self.target_max {
            Some(target_max) => judge_with(&self.evidence, BODY, &self.told, target_max),
            None => anchor::judge("ots", 1, &self.evidence, BODY, &self.told),
        }
    }

    fn json(&self) -> Value {
        let finding = self.judge();
        let mut vector = json!({
            "about": self.about, "kind": "ots", "version": 1, "body": BODY,
            "evidence": STANDARD.encode(&self.evidence),
            "told": {"bitcoin_headers": self.told.bitcoin_headers.iter().map(hex::encode).collect::<Vec<_>>()},
            "verdict": match &finding.verdict {
                Verdict::Ok => "ok",
                Verdict::Failed(_) => "failed",
                Verdict::NotChecked(_) => "not checked",
            },
        });
        if let Some(target_max) = self.target_max {
            vector["target_max"] = json!(hex::encode(target_max));
        }
        match &finding.verdict {
            Verdict::Failed(problem) => vector["problem"] = json!(problem),
            Verdict::NotChecked(why) => vector["why"] = json!(why_name(why)),
            Verdict::Ok => {}
        }
        if let Some(claim) = &finding.claim {
            vector["claim"] = claim_json(claim);
        }
        vector
    }
}

fn why_name(why: &Why) -> &'static str {
    match why {
        Why::Pending => "pending",
        Why::BlockNotConfirmed => "block-not-confirmed",
        Why::TestChain => "test-chain",
        Why::Unsupported(_) => "unsupported",
        why => panic!("no OpenTimestamps proof comes to {why:?}"),
    }
}

fn claim_json(claim: &Claim) -> Value {
    let mut value = match &claim.source {
        Source::Bitcoin { height, merkle_root, block_hash } => {
            let mut value = json!({"height": height, "merkle_root": hex::encode(merkle_root)});
            if let Some(hash) = block_hash {
                value["block_hash"] = json!(hex::encode(hash));
            }
            value
        }
        Source::Calendars(uris) => json!({"calendars": uris}),
        source => panic!("no OpenTimestamps proof comes from {source:?}"),
    };
    value["level"] = json!(claim.level.as_str());
    if let Some(time) = claim.not_after {
        value["not_after"] = json!(time);
    }
    value
}

fn changed(mut bytes: Vec<u8>, at: usize, to: u8) -> Vec<u8> {
    bytes[at] = to;
    bytes
}

fn good_vectors() -> Vec<Vector> {
    let header = its_header();
    let with_header = [complete(), header.0.to_vec()].concat();
    let regtest = mined(block_path().root(), TIME, 0x207f_ffff);
    let later = Path::new(BODY, &[Op::Prepend(vec![9]), Op::Keccak256]);
    let two = file(BODY, vec![later.with(&[bitcoin(900_007)]), block_path().with(&[bitcoin(900_001)])]);
    let late = mined(later.root(), TIME + 3600, EASY);
    let all_ops = Path::new(
        BODY,
        &[Op::Sha1, Op::Hexlify, Op::Ripemd160, Op::Reverse, Op::Prepend(vec![1; 300]), Op::Keccak256],
    );
    let unknown = Attestation::Other { tag: *b"whatever", payload: vec![1, 2, 3] };
    let litecoin =
        Attestation::Other { tag: [0x06, 0x86, 0x9a, 0x0d, 0x73, 0xd7, 0x1b, 0x45], payload: vec![0x2a] };
    let v = Vector::new;
    vec![
        v(
            "pending",
            "promises of two calendars, no block",
            file(
                BODY,
                vec![
                    nonce_path()
                        .with(&[pending(ALICE), pending("https://bob.btc.calendar.opentimestamps.org")]),
                ],
            ),
        ),
        v("complete", "ends in a block, no header anywhere", complete()),
        v(
            "claimed-header",
            "the header beside it is nobody's word: easier than the main network's",
            with_header.clone(),
        ),
        v(
            "claimed-header-hard-enough",
            "the header beside it, where its target would do",
            with_header.clone(),
        )
        .easy(),
        v("told-header", "the reader has the header", complete()).told(&[header]).easy(),
        v("told-among-others", "one of the reader's headers is its", with_header)
            .told(&[genesis(), header])
            .easy(),
        v("told-other", "the reader's header is of another block", complete()).told(&[genesis()]).easy(),
        v("told-easy", "a good header of 16 zero bits is none of the main network", complete())
            .told(&[header]),
        v("told-regtest", "a header of a test network", complete()).told(&[regtest]),
        v("two-blocks", "the earliest block that the reader knows counts", two.clone())
            .told(&[late, header])
            .easy(),
        v("two-blocks-later", "he knows the later one only", two.clone()).told(&[late]).easy(),
        v("two-blocks-none", "he knows none: the earliest is named", two),
        v("all-operations", "every operation", file(BODY, vec![all_ops.with(&[bitcoin(1)])]))
            .told(&[mined(all_ops.root(), TIME, EASY)])
            .easy(),
        v(
            "unknown-attestation",
            "what is not known is carried",
            file(BODY, vec![block_path().with(&[unknown, bitcoin(900_001)])]),
        )
        .told(&[header])
        .easy(),
        v(
            "litecoin-only",
            "an attestation that is not judged",
            file(BODY, vec![nonce_path().with(&[litecoin])]),
        ),
        v(
            "no-root",
            "a Bitcoin attestation on a message of 20 bytes ends in no block",
            file(
                BODY,
                vec![
                    Path::new(BODY, &[Op::Ripemd160]).with(&[bitcoin(5)]),
                    nonce_path().with(&[pending(ALICE)]),
                ],
            ),
        ),
    ]
}

fn bad_vectors() -> Vec<Vector> {
    let header = its_header();
    let head = complete().len();
    let mut no_work = header;
    no_work.0[76] ^= 1;
    assert!(!no_work.meets_its_target());
    let start = 31 + 1 + 1 + 32;
    let raw = |tree: &[u8]| [&file(BODY, vec![nonce_path().with(&[pending(ALICE)])])[..start], tree].concat();
    let attested = [&[0x00][..], &[0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01, 0x01, 0x05]].concat();
    let v = Vector::new;
    vec![
        v(
            "other-checkpoint",
            "for another digest",
            file("x\n1\ny\n", vec![nonce_path().with(&[pending(ALICE)])]),
        ),
        v("magic", "another magic", changed(complete(), 1, b'P')),
        v("version-2", "another version of the file format", changed(complete(), 31, 2)),
        v("sha1-file", "a file for another sort of digest", changed(complete(), 32, 0x02)),
        v("empty", "nothing", Vec::new()),
        v("truncated", "the last byte is gone", complete()[..head - 1].to_vec()),
        v("header-truncated", "79 bytes behind the proof", [complete(), header.0[..79].to_vec()].concat()),
        v("header-of-another", "a header of another block", [complete(), genesis().0.to_vec()].concat()),
        v(
            "header-without-work",
            "a header that does not meet its target",
            [complete(), no_work.0.to_vec()].concat(),
        ),
        v(
            "pending-with-header",
            "a header behind a proof that ends in no block",
            [file(BODY, vec![nonce_path().with(&[pending(ALICE)])]), header.0.to_vec()].concat(),
        ),
        v("told-without-work", "a told header without work confirms nothing", complete())
            .told(&[no_work])
            .easy(),
        v("unknown-operation", "an operation that nobody knows", raw(&[0x09])),
        v("empty-append", "appending nothing", raw(&[&[0xf0, 0x00][..], &attested].concat())),
        v(
            "long-number",
            "a number with a byte too many",
            raw(&[&[0xf0, 0x81, 0x00, 0x41][..], &attested].concat()),
        ),
        v(
            "long-message",
            "a message of 4,097 bytes",
            raw(&[&[0xf0, 0xe1, 0x1f][..], &[0x41; 4065], &attested].concat()),
        ),
        v(
            "bad-uri",
            "a calendar's address with a query",
            raw(&[&[0x00, 0x83, 0xdf, 0xe3, 0x0d, 0x2e, 0xf9, 0x0c, 0x8e, 0x04, 0x03][..], b"a?b"].concat()),
        ),
        v(
            "long-attestation",
            "an attestation of 8,193 bytes",
            raw(&[&[0x00][..], b"whatever", &[0x81, 0x40], &[0; 8193]].concat()),
        ),
        v(
            "filled-attestation",
            "something behind the height",
            raw(&[&[0x00][..], &[0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01, 0x02, 0x05, 0x00]].concat()),
        ),
        v(
            "huge-height",
            "a height of 65 bits",
            raw(&[
                &[0x00, 0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01, 0x0a][..],
                &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02],
            ]
            .concat()),
        ),
        v("too-deep", "256 operations in a row", raw(&[&[0x08; 256][..], &attested].concat())),
        v("deep-enough", "255 operations in a row", raw(&[&[0x08; 255][..], &attested].concat())),
    ]
}

#[test]
fn vectors_are_what_this_program_finds() {
    for vector in good_vectors().iter().chain(&bad_vectors()) {
        vectors::check(&format!("anchors/ots/{}.json", vector.name), &vector.json());
    }
}

#[test]
fn each_vector_comes_to_what_its_name_says() {
    let finding = |name: &str| {
        let mut all = good_vectors();
        all.extend(bad_vectors());
        all.iter().find(|vector| vector.name == name).unwrap_or_else(|| panic!("{name}")).judge()
    };
    for name in
        ["claimed-header-hard-enough", "complete", "told-other", "two-blocks-none", "told-without-work"]
    {
        assert_eq!(finding(name).verdict, Verdict::NotChecked(Why::BlockNotConfirmed), "{name}");
    }
    for name in ["claimed-header", "told-easy", "told-regtest"] {
        assert_eq!(finding(name).verdict, Verdict::NotChecked(Why::TestChain), "{name}");
    }
    for name in ["told-header", "told-among-others", "two-blocks", "all-operations", "unknown-attestation"] {
        assert!(finding(name).is_ok(), "{name}");
    }
    assert_eq!(finding("two-blocks").claim.unwrap().not_after, Some(u64::from(TIME)));
    assert_eq!(finding("two-blocks-later").claim.unwrap().not_after, Some(u64::from(TIME) + 3600));
    assert_eq!(finding("pending").verdict, Verdict::NotChecked(Why::Pending));
    assert_eq!(finding("no-root").verdict, Verdict::NotChecked(Why::Pending));
    assert_eq!(finding("deep-enough").verdict, Verdict::NotChecked(Why::BlockNotConfirmed));
    for vector in bad_vectors() {
        let is_open = ["told-without-work", "deep-enough"].contains(&vector.name);
        assert_eq!(matches!(vector.judge().verdict, Verdict::Failed(_)), !is_open, "{}", vector.name);
    }
}

#[test]
fn what_stock_clients_open_is_the_evidence_without_the_header() {
    let evidence = [complete(), its_header().0.to_vec()].concat();
    assert_eq!(native(&evidence), Ok(&complete()[..]));
    assert_eq!(native(&complete()), Ok(&complete()[..]));
    assert!(native(&evidence[..evidence.len() - 1]).is_err());
}

#[test]
fn claimed_lengths_cost_nothing_and_a_file_has_a_greatest_length() {
    let start = complete()[..65].to_vec();
    // 2^63 bytes to append, of which none is there.
    let endless = [&start[..], &[0xf0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]].concat();
    assert!(Proof::read(&endless).is_err());
    let one = [&[0xff, 0x00][..], b"whatever", &[0x00]].concat();
    let forks = one.repeat(FILE_BYTES_MAX / one.len());
    let long = [&start[..], &forks, &one[1..]].concat();
    assert!(long.len() > FILE_BYTES_MAX);
    assert!(Proof::read(&long).is_err());
}

#[test]
fn a_tree_grown_elsewhere_is_put_where_its_message_comes_about() {
    let waiting = nonce_path();
    let mut proof = Proof { digest: digest(BODY), tree: waiting.with(&[pending(ALICE)]) };
    let grown = Tree(vec![Branch::Op(
        Op::Append(vec![1]),
        Tree(vec![Branch::Op(Op::Sha256, Tree(vec![Branch::Attestation(bitcoin(7))]))]),
    )]);
    proof.tree.graft(proof.digest.as_bytes(), &[(waiting.message.clone(), grown.clone())]);
    assert_eq!(ends(&proof).len(), 1);
    let once = proof.to_bytes();
    proof.tree.graft(proof.digest.as_bytes(), &[(waiting.message, grown)]);
    assert_eq!(proof.to_bytes(), once, "the same tree twice adds nothing");
    assert_eq!(Proof::read(&once), Ok((proof, once.len())));
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 1..40).prop_map(Op::Append),
        prop::collection::vec(any::<u8>(), 1..40).prop_map(Op::Prepend),
        Just(Op::Reverse),
        Just(Op::Hexlify),
        Just(Op::Sha1),
        Just(Op::Ripemd160),
        Just(Op::Sha256),
        Just(Op::Keccak256),
    ]
}

fn any_attestation() -> impl Strategy<Value = Attestation> {
    prop_oneof![
        any::<u64>().prop_map(|height| Attestation::Bitcoin { height }),
        "[a-z:/.]{0,30}".prop_map(|uri| Attestation::Pending { uri }),
        (any::<[u8; 8]>(), prop::collection::vec(any::<u8>(), 0..200))
            .prop_map(|(tag, payload)| Attestation::Other { tag, payload }),
    ]
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let leaf = any_attestation().prop_map(|attestation| Tree(vec![Branch::Attestation(attestation)]));
    leaf.prop_recursive(6, 40, 3, |below| {
        let branch = prop_oneof![
            any_attestation().prop_map(Branch::Attestation),
            (any_op(), below).prop_map(|(op, below)| Branch::Op(op, below)),
        ];
        prop::collection::vec(branch, 1..4).prop_map(Tree)
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(digest in any::<[u8; 32]>(), tree in any_tree(), behind in any::<[u8; 3]>()) {
        let proof = Proof { digest: Hash(digest), tree };
        let bytes = proof.to_bytes();
        let (read, length) = Proof::read(&[&bytes[..], &behind].concat()).unwrap();
        prop_assert_eq!(&read, &proof);
        prop_assert_eq!(length, bytes.len());
    }

    #[test]
    fn whatever_is_read_is_written_the_same(at in 65_usize..200, to in any::<u8>(), more in any::<[u8; 4]>()) {
        let mut bytes = complete();
        let at = at.min(bytes.len() - 1);
        bytes[at] = to;
        bytes.extend(more);
        if let Ok((proof, length)) = Proof::read(&bytes) {
            prop_assert_eq!(proof.to_bytes(), &bytes[..length]);
        }
    }

    #[test]
    fn no_bytes_are_too_strange_to_be_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let start = complete()[..65].to_vec();
        let told = told(&[its_header()]);
        prop_assert!(!judge(&bytes, BODY, &told).is_ok());
        prop_assert!(!judge_with(&[start, bytes].concat(), BODY, &told, &EASY_MAX).is_ok());
    }
}

/// No bit of the way to the block can be changed. What no hash holds, the height, the address of a calendar and the
/// header beside it, changes neither the block nor the time.
#[test]
fn no_changed_bit_is_ok_unless_it_says_the_same() {
    let evidence = [complete(), its_header().0.to_vec()].concat();
    let told = told(&[its_header()]);
    let whole = judge_with(&evidence, BODY, &told, &EASY_MAX).claim.unwrap();
    let place = |what: &[u8]| evidence.windows(what.len()).position(|window| window == what).unwrap();
    let uri_at = place(ALICE.as_bytes());
    let height_at = place(&[0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01]) + 9;
    // The calendar's tag, its two lengths and address; the three bytes of the height; the header.
    let free =
        [uri_at - 10..uri_at + ALICE.len(), height_at..height_at + 3, complete().len()..evidence.len()];
    for (at, bit) in (0..evidence.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let finding =
            judge_with(&changed(evidence.clone(), at, evidence[at] ^ 1 << bit), BODY, &told, &EASY_MAX);
        if !finding.is_ok() {
            continue;
        }
        assert!(free.iter().any(|free| free.contains(&at)), "byte {at}, bit {bit}");
        let claim = finding.claim.unwrap();
        assert_eq!(claim.not_after, whole.not_after);
        match (claim.source, &whole.source) {
            (
                Source::Bitcoin { merkle_root, block_hash, .. },
                Source::Bitcoin { merkle_root: root, block_hash: hash, .. },
            ) => assert_eq!((merkle_root, block_hash), (*root, *hash)),
            (source, _) => panic!("{source:?}"),
        }
    }
}
