//! Nodes that lie, ramble, hang or break.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use suyuan::publish::anchors::State;

use super::anvil::Anvil;
use super::{Run, settings};

/// Answers instead of the node: an HTTP status and a body, or nothing for the node's own answer.
type Behaviour = dyn Fn(&str, &mut Value) -> Option<Raw> + Send + Sync;

enum Raw {
    Status(u16, &'static str),
    /// More than anybody should read.
    Endless,
    /// Never a word.
    Silence,
    /// The beginning of an answer, and nothing more.
    Half,
}

/// A proxy before a node, for as long as the test runs.
fn liar(node: &Anvil, behave: impl Fn(&str, &mut Value) -> Option<Raw> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (upstream, behave): (_, Arc<Behaviour>) = (node.url.clone(), Arc::new(behave));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (upstream, behave) = (upstream.clone(), behave.clone());
            std::thread::spawn(move || while serve(&stream, &upstream, &*behave).is_some() {});
        }
    });
    format!("http://{address}")
}

fn serve(mut stream: &TcpStream, upstream: &str, behave: &Behaviour) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let question: Value = serde_json::from_slice(&body).ok()?;
    let answer = ureq::post(upstream).send_json(&question).ok()?.body_mut().read_json();
    let mut answer: Value = answer.ok()?;
    let (status, body) = match behave(question["method"].as_str()?, &mut answer["result"]) {
        None => (200, answer.to_string()),
        Some(Raw::Status(status, body)) => (status, body.to_owned()),
        Some(silence @ (Raw::Silence | Raw::Half)) => {
            if matches!(silence, Raw::Half) {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"result\":").ok()?;
            }
            // Until the other side gives up.
            let _ = reader.read_line(&mut line);
            return None;
        }
        Some(Raw::Endless) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\"").ok()?;
            while stream.write_all(&[b'a'; 65_536]).is_ok() {}
            return None;
        }
    };
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).ok()?;
    None
}

/// Submitted through an honest node, in a block; then the liar is asked.
fn asked_by_a_liar(
    node: &Anvil,
    run: &mut Run,
    lie: impl Fn(&str, &mut Value) -> Option<Raw> + Send + Sync + 'static,
) {
    let url = liar(node, lie);
    let mut fooled = Run::new(settings(&[&url], node.chain_id), 8);
    fooled.job = run.job.clone();
    fooled.now = run.now;
    fooled.step();
    run.job.said = fooled.job.said;
    run.job.evidence = fooled.job.evidence;
    assert_eq!(fooled.job.state, State::Submitted, "{}", run.job.said);
    assert_eq!(run.job.evidence, None);
}

fn in_a_block() -> (Anvil, Run) {
    let node = Anvil::start(1);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.submit();
    node.crowd(20);
    node.mine(1);
    (node, run)
}

#[test]
fn an_honest_proxy_changes_nothing() {
    let (node, mut run) = in_a_block();
    let url = liar(&node, |_, _| None);
    let mut through = Run::new(settings(&[&url], 1), 8);
    through.job = run.job.clone();
    through.steps_to(State::Included);
    run.steps_to(State::Included);
    assert_eq!(through.job.evidence, run.job.evidence);
}

#[test]
fn receipts_that_lie_are_not_believed() {
    for (field, value, says) in [
        ("transactionHash", json!(format!("0x{}", "11".repeat(32))), "receipt of another transaction"),
        ("blockHash", json!(format!("0x{}", "11".repeat(32))), "does not give the block"),
        ("blockHash", json!(null), "without its block"),
        ("blockNumber", json!("0x7"), "another block than the receipt names"),
        ("transactionIndex", json!("0x0"), "another transaction stands where"),
        ("transactionIndex", json!("0xffff"), "no such place"),
        ("transactionIndex", json!("zero"), "without its place"),
    ] {
        let (node, mut run) = in_a_block();
        asked_by_a_liar(&node, &mut run, move |method, result| {
            if method == "eth_getTransactionReceipt" && !result.is_null() {
                result[field] = value.clone();
            }
            None
        });
        assert!(run.job.said.contains(says), "{field}: {}", run.job.said);
        run.steps_to(State::Included);
    }
}

#[test]
fn blocks_that_lie_are_not_believed() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 9] = [
        ("does not hash to the block's hash", |block| block["timestamp"] = json!("0x1")),
        ("does not hash to the block's hash", |block| block["stateRoot"] = block["parentHash"].clone()),
        ("does not hash to the block's hash", |block| block["transactionsRoot"] = block["stateRoot"].clone()),
        ("does not hash to the block's hash", |block| block["requestsHash"] = json!(null)),
        ("does not hash to the block's hash", |block| block["logsBloom"] = json!("0x00")),
        ("another block than the receipt names", |block| block["hash"] = block["parentHash"].clone()),
        ("does not hash to its hash", |block| block["transactions"][0]["value"] = json!("0x12345")),
        ("not those of the header", |block| drop(block["transactions"].as_array_mut().unwrap().pop())),
        ("without transactions", |block| block["transactions"] = json!("none")),
    ];
    for (says, change) in changes {
        let (node, mut run) = in_a_block();
        asked_by_a_liar(&node, &mut run, move |method, result| {
            if method == "eth_getBlockByHash" {
                change(result);
            }
            None
        });
        assert!(
            run.job.said.contains("is not believed") && run.job.said.contains(says),
            "{says}: {}",
            run.job.said
        );
    }
}

/// What might be a newer fork's is not called a lie, and is no proof either.
#[test]
fn a_block_that_this_program_does_not_know_is_rpc_attested_and_says_so() {
    for (says, field) in
        [("a field that this program does not know: l1Fee", "l1Fee"), ("transactions of a type", "")]
    {
        let (node, run) = in_a_block();
        let url = liar(&node, move |method, result| {
            if method == "eth_getBlockByHash" {
                match field {
                    "" => result["transactions"][0]["type"] = json!("0x7e"),
                    field => result[field] = json!("0x1"),
                }
            }
            None
        });
        let mut through = Run::new(settings(&[&url], 1), 8);
        through.job = run.job.clone();
        through.steps_to(State::Included);
        assert!(
            through.job.said.contains("RPC-attested") && through.job.said.contains(says),
            "{}",
            through.job.said
        );
        let told =
            suyuan::anchor::Told { evm_blocks: vec![(1, node.hash_of_newest())], ..Default::default() };
        let finding = suyuan::anchor::judge("evm-calldata", 1, through.evidence(), &through.job.body, &told);
        assert_eq!(finding.verdict, suyuan::anchor::Verdict::NotChecked(suyuan::anchor::Why::RpcAttested));
    }
}

#[test]
fn receipts_of_a_contract_call_that_lie_are_not_believed() {
    let node = Anvil::start(1);
    let mut with_contract = settings(&[&node.url], 1);
    let deployed = suyuan::publish::anchors::evm::deploy(&with_contract, || {
        node.mine(1);
        true
    });
    with_contract.contract = Some(deployed.unwrap().contract);
    let mut run = Run::new(with_contract.clone(), 8);
    run.submit();
    node.crowd(20);
    node.mine(1);
    type Change = fn(&mut Value);
    let changes: [Change; 4] = [
        |receipts| {
            receipts.as_array_mut().unwrap().iter_mut().for_each(|receipt| receipt["status"] = json!("0x0"))
        },
        |receipts| {
            receipts.as_array_mut().unwrap().iter_mut().for_each(|receipt| receipt["logs"] = json!([]))
        },
        |receipts| receipts[3]["cumulativeGasUsed"] = json!("0x1"),
        |receipts| *receipts = json!([]),
    ];
    for change in changes {
        let url = liar(&node, move |method, result| {
            if method == "eth_getBlockReceipts" {
                change(result);
            }
            None
        });
        let mut fooled = Run::new(
            suyuan::publish::anchors::evm::EvmSettings { rpc: vec![url], ..with_contract.clone() },
            8,
        );
        fooled.job = run.job.clone();
        fooled.says("receipts are not those of the header");
        assert_eq!(fooled.job.state, State::Submitted);
    }
    run.steps_to(State::Included);
}

/// "It is in no block, and its nonce is gone": for a lie, and a new nonce would be a second anchor.
#[test]
fn one_of_two_nodes_cannot_make_us_give_up_a_nonce() {
    let (node, run) = in_a_block();
    let url = liar(&node, |method, result| {
        match method {
            "eth_getTransactionReceipt" | "eth_getTransactionByHash" => *result = json!(null),
            "eth_getTransactionCount" => *result = json!("0x9"),
            _ => {}
        }
        None
    });
    node.mine(5);
    let mut fooled = Run::new(settings(&[&url, &node.url], 1), 8);
    fooled.job = run.job.clone();
    fooled.says("waiting for that to be final");
    assert_eq!((&fooled.job.state, &fooled.job.work), (&State::Submitted, &run.job.work));
}

#[test]
fn nonsense_of_every_sort_is_waited_out() {
    type Make = fn() -> Raw;
    let answers: [(&str, Make); 7] = [
        ("status 500", || Raw::Status(500, "Internal Server Error")),
        ("status 302", || Raw::Status(302, "")),
        ("it is not JSON", || Raw::Status(200, "<html>")),
        ("neither a result nor an error", || Raw::Status(200, "[]")),
        ("a number was asked for", || Raw::Status(200, r#"{"result":"one"}"#)),
        ("refuses eth_chainId: rate  limited (429)", || {
            Raw::Status(429, "{\"error\":{\"code\":429,\"message\":\"rate\\u0007 limited\"}}")
        }),
        ("does not answer", || Raw::Endless),
    ];
    for (says, make) in answers {
        let node = Anvil::start(1);
        let url = liar(&node, move |_, _| Some(make()));
        let mut run = Run::new(settings(&[&url], 1), 8);
        run.says(says);
        assert_eq!((&run.job.state, run.job.work.len()), (&State::Queued, 0));
        assert!(run.job.said.chars().count() < 300, "{}", run.job.said);
    }
}

#[test]
fn a_node_that_hangs_is_given_up_in_time() {
    for make in [|| Raw::Silence, || Raw::Half] {
        let node = Anvil::start(1);
        let url = liar(&node, move |_, _| Some(make()));
        let mut settings = settings(&[&url], 1);
        settings.timeout = Duration::from_millis(300);
        let began = Instant::now();
        Run::new(settings, 8).says("does not answer");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

/// Gas estimates and prices come from a node as well.
#[test]
fn a_node_cannot_talk_us_into_spending_more_than_the_limit() {
    let node = Anvil::start(1);
    for (method, value, says) in [
        ("eth_estimateGas", "0xffffff", "gas, which is too much"),
        ("eth_maxPriorityFeePerGas", "0xffffffffffff", "more than the limit of 50"),
    ] {
        let url = liar(&node, move |asked, result| {
            if asked == method {
                *result = json!(value);
            }
            None
        });
        let mut run = Run::new(settings(&[&url], 1), 8);
        run.says(says);
        assert!(run.job.work.is_empty());
    }
}

/// One address, several machines: some are behind.
#[test]
fn a_node_that_does_not_know_the_block_yet_undoes_nothing() {
    let (node, mut run) = in_a_block();
    run.steps_to(State::Included);
    let url = liar(&node, |method, result| {
        if method == "eth_getBlockByNumber" {
            *result = json!(null);
        }
        None
    });
    let mut behind = Run::new(settings(&[&url], 1), 8);
    behind.job = run.job.clone();
    behind.says("does not know block 1");
    assert_eq!((&behind.job.state, &behind.job.evidence), (&State::Included, &run.job.evidence));
}
