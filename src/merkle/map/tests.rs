use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::vectors;

/// The contract word for word: the root of the keys alike in their first `depth` bits.
fn naive_root(leaves: &[MapLeaf], depth: usize) -> Hash {
    match leaves {
        [] => Hash([0; 32]),
        [leaf] => {
            let count = leaf.value.count.to_be_bytes();
            Hash::of(&[b"suyuan/map-leaf/v1\0", &leaf.key.0[..], &count, &leaf.value.last.0].concat())
        }
        _ => {
            let side = |wanted: u8| -> Vec<MapLeaf> {
                let is_wanted = |leaf: &&MapLeaf| leaf.key.0[depth / 8] >> (7 - depth % 8) & 1 == wanted;
                leaves.iter().filter(is_wanted).copied().collect()
            };
            let (left, right) = (naive_root(&side(0), depth + 1), naive_root(&side(1), depth + 1));
            Hash::of(&[b"suyuan/map-node/v1\0", &left.0[..], &right.0[..]].concat())
        }
    }
}

fn naive_root_of(entries: &BTreeMap<Hash, MapValue>) -> Hash {
    let leaves: Vec<MapLeaf> =
        entries.iter().map(|(key, value)| MapLeaf { key: *key, value: *value }).collect();
    naive_root(&leaves, 0)
}

/// Every node that `root` leads to.
fn reachable(nodes: &MapNodesInMemory, root: Hash) -> BTreeSet<Hash> {
    let mut found = BTreeSet::new();
    let mut open = vec![root];
    while let Some(hash) = open.pop() {
        if hash == EMPTY_MAP {
            continue;
        }
        assert!(found.insert(hash), "a node stands in one place only");
        if let MapNode::Inner { left, right } = nodes[&hash] {
            open.extend([left, right]);
        }
    }
    found
}

/// A map that is checked against the oracle after each step, and keeps all its old roots.
struct Checked {
    nodes: MapNodesInMemory,
    entries: BTreeMap<Hash, MapValue>,
    root: Hash,
}

impl Checked {
    fn new() -> Checked {
        Checked { nodes: MapNodesInMemory::new(), entries: BTreeMap::new(), root: EMPTY_MAP }
    }

    fn step(&mut self, changes: &BTreeMap<Hash, MapValue>) {
        let before = reachable(&self.nodes, self.root);
        let update = update(&self.nodes, &self.root, changes).unwrap();
        self.entries.extend(changes);
        self.nodes.extend(update.new_nodes.iter().copied());
        self.root = update.root;

        assert_eq!(self.root, naive_root_of(&self.entries));
        let after = reachable(&self.nodes, self.root);
        let new: BTreeSet<Hash> = update.new_nodes.iter().map(|(hash, _)| *hash).collect();
        let stale: BTreeSet<Hash> = update.stale.iter().copied().collect();
        assert_eq!((new.len(), stale.len()), (update.new_nodes.len(), update.stale.len()), "each once");
        assert_eq!(new, after.difference(&before).copied().collect());
        assert_eq!(stale, before.difference(&after).copied().collect());
    }

    fn proof(&self, key: Hash) -> (Option<MapValue>, MapProof) {
        let (value, proof) = prove_key(&self.nodes, &self.root, key).unwrap();
        assert_eq!(value, self.entries.get(&key).copied());
        assert_eq!(verify_key(&self.root, key, value, &proof), Ok(()));
        (value, proof)
    }
}

fn value(count: u64) -> MapValue {
    MapValue { count, last: Hash::of(&count.to_le_bytes()) }
}

/// A key of few shapes, so that many share long beginnings: up to 255 bits.
fn near_key() -> impl Strategy<Value = Hash> {
    (prop_oneof![Just(0u8), Just(1), Just(128), any::<u8>()], 0usize..32, 0u8..4).prop_map(
        |(first, at, low)| {
            let mut key = [0; 32];
            key[0] = first;
            key[at] ^= low;
            Hash(key)
        },
    )
}

fn any_key() -> impl Strategy<Value = Hash> {
    prop_oneof![near_key(), any::<u64>().prop_map(|n| Hash::of(&n.to_be_bytes()))]
}

fn batches() -> impl Strategy<Value = Vec<BTreeMap<Hash, MapValue>>> {
    let changes = prop::collection::btree_map(any_key(), (1u64..1000).prop_map(value), 0..20);
    prop::collection::vec(changes, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn updates_agree_with_the_oracle_and_old_roots_stay_provable(batches in batches(), asked in any_key()) {
        let mut map = Checked::new();
        let mut past = Vec::new();
        for changes in &batches {
            map.step(changes);
            past.push((map.root, map.entries.clone()));
        }
        for (root, entries) in past {
            for key in entries.keys().chain([&asked]) {
                let (value, proof) = prove_key(&map.nodes, &root, *key).unwrap();
                assert_eq!(value, entries.get(key).copied());
                assert_eq!(verify_key(&root, *key, value, &proof), Ok(()));
            }
        }
    }

    #[test]
    fn one_batch_equals_many_steps(changes in prop::collection::btree_map(any_key(), (1u64..9).prop_map(value), 0..40)) {
        let (mut at_once, mut one_by_one) = (Checked::new(), Checked::new());
        at_once.step(&changes);
        for (key, value) in &changes {
            one_by_one.step(&BTreeMap::from([(*key, *value)]));
        }
        assert_eq!(at_once.root, one_by_one.root);
    }

    #[test]
    fn a_changed_proof_is_refused(
        entries in prop::collection::btree_map(any_key(), (1u64..9).prop_map(value), 1..30),
        asked in any_key(), at in any::<prop::sample::Index>(), bit in 0usize..256,
    ) {
        let mut map = Checked::new();
        map.step(&entries);
        let present = *at.get(&entries.keys().copied().collect::<Vec<_>>());
        for key in [present, asked] {
            let (value, proof) = map.proof(key);
            let refused = |value: Option<MapValue>, proof: &MapProof| verify_key(&map.root, key, value, proof).is_err();
            let flip = |hash: &mut Hash| hash.0[bit / 8] ^= 1 << (bit % 8);

            for height in 0..proof.siblings.len() {
                let mut bad = proof.clone();
                flip(&mut bad.siblings[height]);
                assert!(refused(value, &bad));
                let mut bad = proof.clone();
                bad.siblings.remove(height);
                assert!(refused(value, &bad));
                let mut bad = proof.clone();
                bad.siblings.insert(height, EMPTY_MAP);
                assert!(refused(value, &bad));
            }
            for change in 0..3 {
                if let Some(mut other) = proof.other {
                    match change {
                        0 => flip(&mut other.key),
                        1 => other.value.count ^= 1,
                        _ => flip(&mut other.value.last),
                    }
                    let mut bad = proof.clone();
                    bad.other = Some(other);
                    assert!(refused(value, &bad));
                }
            }
            let mut bad_root = map.root;
            flip(&mut bad_root);
            assert!(verify_key(&bad_root, key, value, &proof).is_err());

            let mut bad = proof.clone();
            bad.other = if proof.other.is_some() { None } else { Some(MapLeaf { key: asked, value: self::value(1) }) };
            assert!(refused(value, &bad));
            match value {
                Some(value) => {
                    assert!(refused(None, &proof));
                    assert!(refused(Some(MapValue { count: value.count + 1, ..value }), &proof));
                    assert!(refused(Some(MapValue { last: EMPTY_MAP, ..value }), &proof));
                    // No cut of the path makes room for absence, nor does the subject's own leaf.
                    for cut in 0..=proof.siblings.len() {
                        for other in entries.iter().map(|(key, value)| Some(MapLeaf { key: *key, value: *value })).chain([None]) {
                            assert!(refused(None, &MapProof { siblings: proof.siblings[cut..].to_vec(), other }));
                        }
                    }
                }
                None => assert!(refused(Some(self::value(1)), &proof)),
            }
        }
    }

    #[test]
    fn nodes_survive_storage_and_nothing_else_decodes(key in any_key(), count: u64, bytes: Vec<u8>, cut in 0usize..80) {
        let leaf = MapNode::Leaf { key, value: value(count) };
        let inner = MapNode::Inner { left: key, right: EMPTY_MAP };
        for node in [leaf, inner] {
            let stored = node.encode();
            assert_eq!(MapNode::decode(&stored), Ok(node));
            assert_eq!(MapNode::decode(&[&stored[..], &[0]].concat()), Err(MapNodeError));
            if cut < stored.len() {
                assert_eq!(MapNode::decode(&stored[..cut]), Err(MapNodeError));
            }
        }
        if let Ok(node) = MapNode::decode(&bytes) {
            assert_eq!(node.encode(), bytes);
        }
    }
}

#[test]
fn stored_nodes_have_these_bytes() {
    let leaf =
        MapNode::Leaf { key: Hash([0xaa; 32]), value: MapValue { count: 0x0102, last: Hash([0xbb; 32]) } };
    let want = format!("01{}{}{}", "aa".repeat(32), "0000000000000102", "bb".repeat(32));
    assert_eq!(hex::encode(leaf.encode()), want);
    let inner = MapNode::Inner { left: Hash([0xcc; 32]), right: Hash([0xdd; 32]) };
    assert_eq!(hex::encode(inner.encode()), format!("02{}{}", "cc".repeat(32), "dd".repeat(32)));
    assert_eq!(MapNode::decode(&[0; 65]), Err(MapNodeError));
}

#[test]
fn keys_that_differ_in_their_last_bit_alone_stand_256_deep() {
    let mut map = Checked::new();
    let (low, mut high) = (Hash([0x55; 32]), Hash([0x55; 32]));
    high.0[31] ^= 1;
    map.step(&BTreeMap::from([(low, value(1))]));
    map.step(&BTreeMap::from([(high, value(2))]));
    assert_eq!(map.proof(low).1.siblings.len(), MAP_DEPTH_MAX);
    assert_eq!(map.proof(high).1.siblings.len(), MAP_DEPTH_MAX);

    let (value, mut proof) = map.proof(low);
    proof.siblings.push(EMPTY_MAP);
    assert_eq!(verify_key(&map.root, low, value, &proof), Err(MapProofError::TooLong));
}

#[test]
fn a_broken_store_is_reported_not_used() {
    let mut map = Checked::new();
    let subjects = ["org:a", "org:b", "org:c", "org:d", "org:e"];
    map.step(&subjects.iter().map(|subject| (map_key(subject), value(1))).collect());
    let change = BTreeMap::from([(map_key("org:a"), value(2))]);
    let mut on_the_way = vec![map.root];
    on_the_way.push(MapLeaf { key: map_key("org:a"), value: value(1) }.hash());

    for hash in on_the_way {
        let mut lost = map.nodes.clone();
        lost.remove(&hash);
        assert_eq!(update(&lost, &map.root, &change), Err(MapError::Missing(hash)));
        assert_eq!(prove(&lost, &map.root, "org:a"), Err(MapError::Missing(hash)));
        let mut changed = map.nodes.clone();
        changed.insert(hash, MapNode::Inner { left: EMPTY_MAP, right: EMPTY_MAP });
        assert_eq!(update(&changed, &map.root, &change), Err(MapError::Corrupt(hash)));
        assert_eq!(prove(&changed, &map.root, "org:a"), Err(MapError::Corrupt(hash)));
    }
}

#[test]
fn a_leaf_on_the_wrong_side_is_reported() {
    let key = Hash([0x00; 32]);
    let stray = MapNode::Leaf { key: Hash([0xff; 32]), value: value(1) };
    let top = MapNode::Inner { left: stray.hash(), right: EMPTY_MAP };
    let nodes = MapNodesInMemory::from([(stray.hash(), stray), (top.hash(), top)]);
    let change = BTreeMap::from([(key, value(1))]);
    assert_eq!(update(&nodes, &top.hash(), &change), Err(MapError::Misplaced(stray.hash())));
}

/// A map deeper than 256 has no honest maker; reading it must end all the same.
#[test]
fn a_bottomless_map_is_refused() {
    let mut nodes = MapNodesInMemory::new();
    let mut root = MapNode::Inner { left: Hash([1; 32]), right: Hash([1; 32]) };
    nodes.insert(root.hash(), root);
    for _ in 0..MAP_DEPTH_MAX {
        root = MapNode::Inner { left: root.hash(), right: root.hash() };
        nodes.insert(root.hash(), root);
    }
    let change = BTreeMap::from([(map_key("org:a"), value(1))]);
    assert_eq!(prove(&nodes, &root.hash(), "org:a"), Err(MapError::TooDeep));
    assert_eq!(update(&nodes, &root.hash(), &change), Err(MapError::TooDeep));
}

// ---- tests/vectors/map.json

const SUBJECTS: [&str; 12] = [
    "batch:greenhill.lot-20260501-a",
    "batch:greenhill.lot-20260501-b",
    "batch:packwell.box-7",
    "crop:greenhill.east-2026s",
    "key:6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "key:fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "ledger:",
    "org:greenhill",
    "org:packwell",
    "org:registrar",
    "plot:greenhill.east",
    "show:liuliu.spring-1",
];

struct Case<'a> {
    desc: &'a str,
    ok: bool,
    root: Hash,
    subject: &'a str,
    value: Option<MapValue>,
    proof: MapProof,
}

impl Case<'_> {
    fn to_json(&self) -> Value {
        assert_eq!(
            verify_map(&self.root, self.subject, self.value, &self.proof).is_ok(),
            self.ok,
            "{}",
            self.desc
        );
        json!({
            "desc": self.desc,
            "ok": self.ok,
            "root": self.root,
            "subject": self.subject,
            "value": self.value.map(|value| json!({ "count": value.count, "last": value.last })),
            "siblings": self.proof.siblings,
            "other": self.proof.other.map(|other| json!({
                "key": other.key, "count": other.value.count, "last": other.value.last,
            })),
        })
    }
}

#[test]
fn vectors_for_strangers() {
    let entry = |n: usize| MapValue { count: (n as u64) * 7 + 1, last: Hash::of(SUBJECTS[n].as_bytes()) };
    let mut map = Checked::new();
    let mut maps = Vec::new();
    let mut roots = Vec::new();
    for size in 0..=SUBJECTS.len() {
        if size > 0 {
            map.step(&BTreeMap::from([(map_key(SUBJECTS[size - 1]), entry(size - 1))]));
        }
        roots.push(map.root);
        let entries: Vec<Value> = (0..size)
            .map(|n| json!({ "subject": SUBJECTS[n], "key": map_key(SUBJECTS[n]), "count": entry(n).count, "last": entry(n).last }))
            .collect();
        if [0, 1, 2, 3, 12].contains(&size) {
            maps.push(json!({ "entries": entries, "root": map.root }));
        }
    }

    let mut cases = Vec::new();
    let absent = ["batch:greenhill.lot-20260501-c", "org:nobody", "ledger", "show:liuliu.spring-2"];
    for subject in SUBJECTS.iter().chain(&absent) {
        let (value, proof) = prove(&map.nodes, &map.root, subject).unwrap();
        let desc = if value.is_some() { "present" } else { "absent" };
        cases.push(Case { desc, ok: true, root: map.root, subject, value, proof }.to_json());
    }
    for (size, desc) in
        [(0, "absent from the empty map"), (1, "one key: its leaf is the root"), (6, "an old root")]
    {
        let subject = SUBJECTS[0];
        let (value, proof) = prove(&map.nodes, &roots[size], subject).unwrap();
        cases.push(Case { desc, ok: true, root: roots[size], subject, value, proof }.to_json());
    }
    let gap = (0..).map(|n| format!("batch:packwell.box-{n}")).find(|subject| {
        let (value, proof) = map.proof(map_key(subject));
        value.is_none() && proof.other.is_none()
    });
    let subject = &gap.unwrap();
    let proof = map.proof(map_key(subject)).1;
    let empty =
        Case { desc: "absent, its place empty", ok: true, root: map.root, subject, value: None, proof };
    cases.push(empty.to_json());
    let (_, proof) = prove(&map.nodes, &roots[6], "org:greenhill").unwrap();
    let old = Case {
        desc: "absent from an old root",
        ok: true,
        root: roots[6],
        subject: "org:greenhill",
        value: None,
        proof,
    };
    cases.push(old.to_json());
    cases.extend(bad_cases(&map, roots[11]));
    cases.extend(limit_cases());

    vectors::check(
        "map.json",
        &json!({
            "about": "The subject map: docs/format.md. maps: the root over the entries, whatever their order. proofs: what verifying the proof against root must answer; value null means absence.",
            "maps": maps,
            "proofs": cases,
        }),
    );
}

fn bad_cases(map: &Checked, older_root: Hash) -> Vec<Value> {
    let root = map.root;
    let subject = "batch:packwell.box-7";
    let (value, good) = prove(&map.nodes, &root, subject).unwrap();
    let value = value.unwrap();
    let bad = |desc, subject, value, proof| Case { desc, ok: false, root, subject, value, proof }.to_json();
    let changed = |change: &dyn Fn(&mut MapProof)| {
        let mut proof = good.clone();
        change(&mut proof);
        proof
    };
    let mut made = vec![
        bad(
            "count one less: a record left out",
            subject,
            Some(MapValue { count: value.count - 1, ..value }),
            good.clone(),
        ),
        bad(
            "another last record",
            subject,
            Some(MapValue { last: Hash::of(b"another"), ..value }),
            good.clone(),
        ),
        bad("another subject's proof", "batch:packwell.box-8", Some(value), good.clone()),
        bad("present, but said to be absent", subject, None, good.clone()),
        bad(
            "present, but its own leaf offered as the other",
            subject,
            None,
            changed(&|proof| proof.other = Some(MapLeaf { key: map_key(subject), value })),
        ),
        bad(
            "a bit of the deepest sibling",
            subject,
            Some(value),
            changed(&|proof| proof.siblings[0].0[31] ^= 1),
        ),
        bad(
            "a sibling missing",
            subject,
            Some(value),
            changed(&|proof| proof.siblings = proof.siblings[1..].to_vec()),
        ),
        bad(
            "a sibling too many",
            subject,
            Some(value),
            changed(&|proof| proof.siblings.insert(0, EMPTY_MAP)),
        ),
        bad("siblings from the root down", subject, Some(value), changed(&|proof| proof.siblings.reverse())),
        bad(
            "presence that names another leaf too",
            subject,
            Some(value),
            changed(&|proof| proof.other = Some(MapLeaf { key: map_key("ledger:"), value })),
        ),
        Case {
            desc: "an older root",
            ok: false,
            root: older_root,
            subject: "show:liuliu.spring-1",
            value: map.proof(map_key("show:liuliu.spring-1")).0,
            proof: map.proof(map_key("show:liuliu.spring-1")).1,
        }
        .to_json(),
    ];

    let displaced = ["org:nobody", "ledger", "org:x", "org:y", "org:z"]
        .into_iter()
        .find(|subject| map.proof(map_key(subject)).1.other.is_some())
        .unwrap();
    let (_, good) = map.proof(map_key(displaced));
    let other = good.other.unwrap();
    let with_other = |other| MapProof { other, ..good.clone() };
    made.push(bad("absent, the other leaf left out", displaced, None, with_other(None)));
    let counted = MapLeaf { value: MapValue { count: other.value.count + 1, ..other.value }, ..other };
    made.push(bad("absent, the other leaf with another count", displaced, None, with_other(Some(counted))));
    // True leaf, true path, but of a place to which the subject does not lead.
    let elsewhere = SUBJECTS.iter().find(|subject| {
        let (_, proof) = map.proof(map_key(subject));
        shared_bits(&map_key(subject), &map_key(displaced)) < proof.siblings.len()
    });
    let (subject, key) = (elsewhere.unwrap(), map_key(elsewhere.unwrap()));
    let (value, proof) = map.proof(key);
    let proof = MapProof { siblings: proof.siblings, other: value.map(|value| MapLeaf { key, value }) };
    assert_eq!(verify_map(&root, displaced, None, &proof), Err(MapProofError::OtherElsewhere), "{subject}");
    made.push(bad("absent, the other leaf of another place", displaced, None, proof));
    made
}

/// Paths of 256 and 257, under a root folded here, since no two subjects share that many bits.
fn limit_cases() -> Vec<Value> {
    let subject = "batch:greenhill.deep";
    let (key, value) = (map_key(subject), value(3));
    let siblings: Vec<Hash> = (0..256u32).map(|n| Hash::of(&n.to_be_bytes())).collect();
    let mut root = MapLeaf { key, value }.hash();
    for (height, sibling) in siblings.iter().enumerate() {
        let depth = 255 - height;
        let is_right = key.0[depth / 8] >> (7 - depth % 8) & 1 == 1;
        let (left, right) = if is_right { (sibling, &root) } else { (&root, sibling) };
        root = Hash::of(&[b"suyuan/map-node/v1\0", &left.0[..], &right.0[..]].concat());
    }
    let full = MapProof { siblings: siblings.clone(), other: None };
    let over = MapProof { siblings: [siblings, vec![EMPTY_MAP]].concat(), other: None };
    vec![
        Case { desc: "256 siblings", ok: true, root, subject, value: Some(value), proof: full }.to_json(),
        Case { desc: "257 siblings", ok: false, root, subject, value: Some(value), proof: over }.to_json(),
    ]
}
