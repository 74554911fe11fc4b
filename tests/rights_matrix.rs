//! Every kind, signed in every role about one's own, another's and an unknown subject, with a valid, a revoked, an
//! out-of-scope and a foreign key. The answers are written down in tests/vectors/rights-1.txt and stay.

mod common;

use std::fmt::Write as _;
use std::path::Path;

use common::village::{By, Village, data, key_id, public_hex};
use serde_json::{Value, json};
use suyuan::ledger::{ApplyError, Code, Entry, MemoryFacts, State};
use suyuan::merkle::Hash;
use suyuan::statement::kinds::Kind;
use suyuan::statement::role::Role;

/// What the statement is about, seen from its signer.
const WHOSE: [&str; 3] = ["own", "other", "unknown"];
const KEYS: [&str; 4] = ["valid", "revoked", "scope", "foreign"];

/// The organisation that acts in a role. It is a farm besides, so that it can own plots and lots.
fn org_of(role: Role) -> String {
    if role == Role::Registrar { "registrar".into() } else { format!("o-{role}") }
}

/// One organisation a role, each with a plot, a season, a lot, a growing lot, a shipment to it, and four keys.
fn village() -> (Village, Vec<(String, Hash)>) {
    let mut village = Village::new();
    let mut shipments = Vec::new();
    village.register("source", &["farm"]);
    let source: By<'_> = ("source", "farm", "source-key");
    for role in Role::ALL {
        let org = org_of(*role);
        if *role != Role::Registrar {
            let mut roles = vec!["farm", role.as_str()];
            roles.dedup();
            village.register(&org, &roles);
        }
        let admin = admin_key(*role);
        let admin_role = if *role == Role::Registrar { "registrar" } else { role.as_str() };
        for (name, scope) in
            [("revoked", json!({"admin": true})), ("scope", json!({"kinds": ["plot.register"]}))]
        {
            let name = format!("{org}-{name}");
            let by = [(org.as_str(), admin_role, admin.as_str()), (org.as_str(), admin_role, name.as_str())];
            let add = json!({"public_key": public_hex(&name), "scope": scope});
            village.say("org.key.add/1", &format!("key:{}", key_id(&name)), &[], &by, add).expect("a key");
        }
        let revoked = format!("key:{}", key_id(&format!("{org}-revoked")));
        let by = [(org.as_str(), admin_role, admin.as_str())];
        village.say("org.key.revoke/1", &revoked, &[], &by, json!({"reason": "lost"})).expect("revocation");
        if *role == Role::Registrar {
            continue;
        }
        let farm = [(org.as_str(), "farm", admin.as_str())];
        let (plot, crop, lot) =
            (format!("plot:{org}.p"), format!("crop:{org}.c"), format!("batch:{org}.lot"));
        village.say("plot.register/1", &plot, &[], &farm, data::plot()).expect("plot");
        village.say("crop.open/1", &crop, &[&plot], &farm, data::crop(&plot)).expect("season");
        village.say("harvest/1", &lot, &[&crop], &farm, data::harvest(&[&crop], 100)).expect("harvest");
        let sent = format!("batch:source.{role}");
        village.say("planting/1", &sent, &[], &[source], data::planting()).expect("a lot to send");
        let shipping = data::shipping(&[(&sent, 10)], &org, None);
        shipments
            .push((org, village.say("shipping/1", &sent, &[], &[source], shipping).expect("shipping").leaf));
    }
    village.seal();
    (village, shipments)
}

fn admin_key(role: Role) -> String {
    if role == Role::Registrar { "registrar-1".into() } else { format!("{}-key", org_of(role)) }
}

/// Subject, touches and data of a statement of `kind` by `org` about a subject of `whose`.
fn about(
    kind: Kind,
    org: &str,
    role: Role,
    whose: &str,
    shipments: &[(String, Hash)],
) -> (String, Vec<String>, Value) {
    let owner = match whose {
        "own" => org.to_owned(),
        "other" => org_of(if role == Role::Coop { Role::Farm } else { Role::Coop }),
        _ => "nobody".to_owned(),
    };
    let (plot, crop, lot) =
        (format!("plot:{owner}.p"), format!("crop:{owner}.c"), format!("batch:{owner}.lot"));
    let fresh = |local: &str| format!("{owner}.{local}");
    let shipment =
        |org: &str| shipments.iter().find(|(to, _)| to == org).map_or(Hash::ZERO, |(_, leaf)| *leaf);
    match kind {
        Kind::PlotRegister => (format!("plot:{}", fresh("new")), vec![], data::plot()),
        Kind::CropOpen => (format!("crop:{}", fresh("new")), vec![plot.clone()], data::crop(&plot)),
        Kind::Planting => (crop, vec![], data::planting()),
        Kind::Input => (crop, vec![], data::input()),
        Kind::Sampling => (lot.clone(), vec![], data::sampling(&lot, "o-lab")),
        Kind::Inspection => (lot, vec![], data::inspection("o-lab", "pass")),
        Kind::Harvest => (format!("batch:{}", fresh("new")), vec![crop.clone()], data::harvest(&[&crop], 10)),
        Kind::Grading => {
            let new = format!("batch:{org}.new");
            (new.clone(), vec![lot.clone()], data::grading(&[(&lot, 10)], &[(&new, 9)]))
        }
        Kind::Packing => {
            let new = format!("batch:{org}.new");
            (new.clone(), vec![lot.clone()], data::packing(&[(&lot, 10)], &new, 9))
        }
        Kind::Processing => {
            let new = format!("batch:{org}.new");
            (new.clone(), vec![lot.clone()], data::processing(&[(&lot, 10)], &new, 9))
        }
        Kind::Storage => (lot, vec![], data::storage()),
        Kind::Shipping => (lot.clone(), vec![], data::shipping(&[(&lot, 10)], "source", None)),
        Kind::Receiving => {
            let lot = if whose == "unknown" {
                lot
            } else {
                format!("batch:source.{}", owner.trim_start_matches("o-"))
            };
            let leaf = shipment(&owner);
            (lot.clone(), vec![], data::receiving(leaf, &[(&lot, 10)], "accepted"))
        }
        Kind::Irrigation => (crop, vec![], data::irrigation()),
        Kind::Observation => (crop, vec![], data::observation()),
        Kind::Sale => (lot, vec![], data::sale(10)),
        Kind::SignOff => (lot, vec![], data::sign_off()),
        Kind::Guarantee => (lot, vec![], data::guarantee()),
        Kind::Hold => (lot, vec![], data::hold()),
        Kind::Release => (lot, vec![], data::release(&[Hash::of(b"a hold")])),
        Kind::Enforcement => (format!("org:{owner}"), vec![lot.clone()], data::enforcement(&[&lot])),
        Kind::RulesSet => ("ledger:".into(), vec![], data::rules_set()),
        Kind::OrgUpdate => (format!("org:{owner}"), vec![], json!({"name": "改名"})),
        Kind::OrgKeyRevoke => {
            let name = format!("{owner}-scope");
            (format!("key:{}", key_id(&name)), vec![], json!({"reason": "lost"}))
        }
        Kind::OrgKeyAdd => {
            let name = format!("{owner}-new");
            (
                format!("key:{}", key_id(&name)),
                vec![],
                json!({"public_key": public_hex(&name), "scope": {"admin": true}}),
            )
        }
        Kind::OrgRegister => {
            let data = json!({"name": "新社", "roles": ["farm"], "keys": [{"public_key": public_hex("newcomer")}],
                "identity": {"checked_by": "registrar", "method": "in_person", "date": "2026-01-05"}});
            let subject = if whose == "unknown" { "org:newcomer".into() } else { format!("org:{owner}") };
            (subject, vec![format!("key:{}", key_id("newcomer"))], data)
        }
        Kind::LedgerRules => ("ledger:".into(), vec![], json!({"rules": 2})),
        Kind::LedgerAnchor => {
            let account = format!("0x{}", "ab".repeat(20));
            ("ledger:".into(), vec![], json!({"chain_id": 1, "contract": account, "sender": account}))
        }
        Kind::LedgerKey => ("ledger:".into(), vec![], Value::Null),
        Kind::Correction => (
            format!("batch:{owner}.lot"),
            vec![crop.clone()],
            json!({"reason": "typo", "data": data::harvest(&[&crop], 90)}),
        ),
        Kind::Withdrawal => (lot, vec![crop], data::withdrawal(Hash::of(b"nothing"))),
        Kind::Genesis => ("org:registrar".into(), vec![], json!({})),
    }
}

/// `T` taken, else the first letter of the refusal's code: R right, U unknown, F form, W wrong ledger.
fn answer(
    village: &mut Village,
    facts: &MemoryFacts,
    kind: Kind,
    role: Role,
    whose: &str,
    key: &str,
    shipments: &[(String, Hash)],
) -> char {
    let org = org_of(role);
    let (subject, touches, data) = about(kind, &org, role, whose, shipments);
    let signing = match key {
        "valid" => admin_key(role),
        "foreign" => "source-key".to_owned(),
        other => format!("{org}-{other}"),
    };
    let mut by: Vec<By<'_>> = vec![(org.as_str(), role.as_str(), signing.as_str())];
    let introduced = match kind {
        Kind::OrgRegister => {
            Some((subject.trim_start_matches("org:").to_owned(), "farm", "newcomer".to_owned()))
        }
        Kind::OrgKeyAdd => {
            let owner = if whose == "own" {
                org.clone()
            } else {
                org_of(if role == Role::Coop { Role::Farm } else { Role::Coop })
            };
            let as_role = if owner == "registrar" { "registrar" } else { owner.trim_start_matches("o-") };
            let owner_name = if whose == "unknown" { "nobody".to_owned() } else { owner.clone() };
            let role_of: &'static str =
                Role::ALL.iter().find(|r| r.as_str() == as_role).map_or("farm", |r| r.as_str());
            Some((owner_name.clone(), role_of, format!("{owner_name}-new")))
        }
        _ => None,
    };
    if let Some((org, role, name)) = &introduced {
        by.push((org.as_str(), role, name.as_str()));
    }
    let touches: Vec<&str> = touches.iter().map(String::as_str).collect();
    let mut statement = village.statement(&format!("{kind}"), &subject, &touches, &by, data);
    if kind == Kind::LedgerKey {
        statement["data"] = village.log_key_rotation();
    }
    if matches!(kind, Kind::Correction | Kind::Withdrawal) {
        let lot = subject.parse().expect("a subject");
        let first = village.state.reader().chain_seq(&lot, 0).expect("read");
        let leaf = first
            .map_or(Hash::of(b"nothing"), |seq| village.state.reader().entry(seq).expect("entry").leaf());
        match kind {
            Kind::Correction => statement["corrects"] = json!(leaf),
            _ => statement["data"]["withdraws"] = json!(leaf),
        }
    }
    if kind == Kind::Genesis {
        statement.as_object_mut().expect("an object").remove("ledger");
        statement["origin"] = json!("another.example");
    }
    let keys: Vec<&str> = by.iter().map(|(_, _, name)| *name).collect();
    let (envelope, parsed) = village.sign(&statement, &keys);
    let mut state = State::load(facts).expect("memory");
    let record = state.draft(envelope, parsed, village.at + 1).expect("memory");
    match state.apply(&Entry::Record(Box::new(record))) {
        Ok(_) => 'T',
        Err(ApplyError::Refused(refusal)) => match refusal.code {
            Code::Right => 'R',
            Code::Unknown => 'U',
            Code::Form => 'F',
            Code::WrongLedger => 'W',
            other => panic!("{kind} {role} {whose} {key}: {} {refusal}", other.as_str()),
        },
        Err(ApplyError::Facts(error)) => panic!("{error}"),
    }
}

#[test]
fn the_matrix_of_rights_is_as_written_down() {
    let (mut village, shipments) = village();
    let facts = MemoryFacts(village.dump());
    let mut table = String::from(
        "# rules 1: answers to valid, revoked, out-of-scope and foreign key, about one's own | another's | an unknown subject\n\
         # T taken, R no right, U unknown (retry), F form, W for another ledger\n",
    );
    for kind in Kind::ALL {
        for role in Role::ALL {
            let answers = WHOSE.map(|whose| {
                KEYS.map(|key| answer(&mut village, &facts, kind, *role, whose, key, &shipments))
                    .iter()
                    .collect::<String>()
            });
            writeln!(table, "{:16} {:10} {}", kind.to_string(), role.as_str(), answers.join(" "))
                .expect("a string");
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/rights-1.txt");
    if std::env::var_os("SUYUAN_BLESS").is_some() {
        std::fs::write(&path, &table).expect("a file");
    }
    let written = std::fs::read_to_string(&path).expect("the answers written down");
    for (found, expected) in table.lines().zip(written.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(table.lines().count(), written.lines().count());
}
