//! What goes wrong without anybody's ill will: prices, nonces, wrong chains, empty accounts.

use serde_json::{Value, json};
use suyuan::publish::anchors::State;
use suyuan::publish::anchors::evm::GasKey;

use super::anvil::{ACCOUNT_0_KEY, Anvil};
use super::{Run, settings};

#[test]
fn a_node_of_another_chain_is_sent_nothing() {
    let node = Anvil::start(31337);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.says("is a node of chain 31337, the settings say 1; nothing is sent");
    assert_eq!(run.job.state, State::Queued);
    assert!(run.job.work.is_empty());
    // The second of two is as good a reason to stop, before sending too.
    let good = Anvil::start(1);
    let mut run = Run::new(settings(&[&good.url], 1), 8);
    run.steps_to(State::Queued);
    let stored = run.job.clone();
    let mut run = Run::new(settings(&[&good.url, &node.url], 1), 8);
    run.job = stored;
    run.says("nothing is sent");
    assert_eq!(good.ask("txpool_status", json!([]))["pending"], "0x0");
}

#[test]
fn an_account_without_money_waits_and_says_how_much_it_lacks() {
    let node = Anvil::start(1);
    node.ask("anvil_setBalance", json!([node.account(0), "0x5"]));
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.says("has 5 wei and needs");
    assert_eq!(run.job.state, State::Queued);
    node.ask("anvil_setBalance", json!([node.account(0), "0xde0b6b3a7640000"]));
    run.submit();
}

#[test]
fn prices_beyond_the_limit_are_not_paid() {
    let node = Anvil::start(1);
    node.ask("anvil_setNextBlockBaseFeePerGas", json!([format!("{:#x}", 60_000_000_000u64)]));
    node.mine(1);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.says("gwei by http://127.0.0.1");
    assert!(run.job.said.contains("more than the limit of 50"), "{}", run.job.said);
    assert!(run.job.work.is_empty());
}

/// The transaction that a step tells of.
fn named(said: &str) -> String {
    said.split([' ', ';', ',']).find(|word| word.len() == 66 && word.starts_with("0x")).unwrap().to_owned()
}

fn price(transaction: &Value, name: &str) -> u128 {
    u128::from_str_radix(transaction[name].as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

#[test]
fn a_stuck_transaction_is_replaced_under_its_nonce_and_only_one_lands() {
    let node = Anvil::start(1);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.steps_to(State::Queued);
    let first = named(&run.job.said);
    run.steps_to(State::Submitted);
    let of_pool = |hash: &str| node.ask("eth_getTransactionByHash", json!([hash]));
    let before = of_pool(&first);
    // A price that the first one does not meet; then long enough that it counts as stuck.
    node.ask("anvil_setNextBlockBaseFeePerGas", json!([format!("{:#x}", 9_000_000_000u64)]));
    node.mine(1);
    assert_eq!(node.count(), 0);
    run.now += 301;
    run.steps_to(State::Submitted);
    let second = named(&run.job.said);
    assert!(run.job.said.contains("stuck") && first != second, "{}", run.job.said);
    assert_eq!(of_pool(&second), json!(null), "signed and stored, not yet sent");
    run.steps_to(State::Submitted);
    let (first, second) = (before, of_pool(&second));
    assert_eq!(first["nonce"], second["nonce"]);
    for name in ["maxFeePerGas", "maxPriorityFeePerGas"] {
        assert!(price(&second, name) * 8 >= price(&first, name) * 9, "{name}: {first} {second}");
    }
    node.mine(1);
    run.steps_to(State::Included);
    node.mine(3);
    run.steps_to(State::Final);
    assert_eq!(node.count(), 1);
}

#[test]
fn whichever_of_the_two_lands_is_ours() {
    let node = Anvil::start(1);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.submit();
    run.now += 301;
    run.steps_to(State::Submitted);
    assert!(run.job.said.contains("stuck"), "{}", run.job.said);
    // The first one lands just before the second is sent.
    node.mine(1);
    run.steps_to(State::Included);
    node.mine(3);
    run.steps_to(State::Final);
    assert_eq!(node.count(), 1);
}

#[test]
fn a_replacement_beyond_the_limit_is_not_signed() {
    let node = Anvil::start(1);
    let mut settings = settings(&[&node.url], 1);
    settings.max_fee_gwei = 3;
    let mut run = Run::new(settings, 8);
    run.submit();
    run.now += 301;
    run.says("stuck, and replacing it would take more than the limit of 3 gwei");
    assert_eq!(run.job.state, State::Submitted);
    node.mine(1);
    run.steps_to(State::Included);
}

#[test]
fn a_transaction_that_the_node_has_forgotten_is_sent_again() {
    let node = Anvil::start(1);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.submit();
    node.forget();
    run.says("has forgotten");
    run.says("is sent");
    node.mine(1);
    run.steps_to(State::Included);
    assert_eq!(node.count(), 1);
}

/// Somebody else sends with the same key: the one case in which a second nonce is taken, and not before it is safe.
#[test]
fn a_nonce_that_went_to_a_stranger_is_given_up_once_that_is_final() {
    let node = Anvil::start(1);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.submit();
    node.forget();
    let call = json!([{ "from": node.account(0), "to": node.account(1), "value": "0x1", "nonce": "0x0" }]);
    node.ask("eth_sendTransaction", call);
    node.mine(1);
    run.says("nonce 0 went to a transaction that is not ours; waiting for that to be final");
    assert_eq!(run.job.state, State::Submitted);
    node.mine(4);
    run.says("it is signed anew");
    assert_eq!(run.job.state, State::Queued);
    run.submit();
    node.mine(1);
    run.steps_to(State::Included);
    assert_eq!(node.count(), 2);
}

#[test]
fn the_next_anchor_takes_the_next_nonce() {
    let node = Anvil::start(1);
    for (at, size) in [8, 9, 12].into_iter().enumerate() {
        let mut run = Run::new(settings(&[&node.url], 1), size);
        run.submit();
        node.mine(1);
        run.steps_to(State::Included);
        assert_eq!(node.count(), at as u64 + 1);
    }
}

#[test]
fn a_node_that_is_not_there_is_waited_for_longer_each_time() {
    let node = Anvil::start(1);
    let url = node.url.clone();
    drop(node);
    let mut run = Run::new(settings(&[&url], 1), 8);
    let mut last = 0;
    for _ in 0..8 {
        let before = run.now.max(run.job.next_at);
        run.says("does not answer");
        let pause = run.job.next_at - before;
        assert!(pause >= last && pause <= 600, "{pause} after {last}");
        last = pause;
    }
    assert_eq!(last, 600);
    assert!(GasKey::from_hex(ACCOUNT_0_KEY).is_ok_and(|key| !run.job.said.contains(&format!("{key:?}"))));
}

#[test]
fn a_clock_that_goes_back_replaces_nothing() {
    let node = Anvil::start(1);
    let mut run = Run::new(settings(&[&node.url], 1), 8);
    run.submit();
    run.job.next_at = 0;
    run.now -= 1_000_000;
    run.says("waits for a block");
    node.mine(1);
    run.steps_to(State::Included);
}
