//! Many at once: groups, order, the bound of the queue, and a clean end.

use super::farm::Farm;
use super::home::{Home, Unsent, refused, spraying, spraying_with};
use crate::ledger::{Class, Code};
use crate::sequencer::{GROUP_MAX, Pending, QUEUE_MAX, ReadOnly, Status, SubmitError};

#[test]
fn what_waits_shares_a_commit_and_keeps_its_order() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    let from = handle.published().size;
    let mut commits = handle.commits();
    home.store.close_gate();
    let mut pending = vec![handle.enqueue(spraying(&mut farm)).unwrap()];
    home.store.until_one_waits();
    for _ in 0..GROUP_MAX + 1 {
        pending.push(handle.enqueue(spraying(&mut farm)).unwrap());
    }
    home.store.open_gate();
    let taken: Vec<_> = pending.into_iter().map(|pending| pending.accepted_blocking().unwrap()).collect();

    // One alone, a full group, the rest; each with its map record.
    let group = GROUP_MAX as u64;
    let sizes: Vec<_> = (0..3).map(|_| commits.blocking_recv().unwrap()).map(|c| (c.from, c.size)).collect();
    assert_eq!(sizes, [(from, from + 2), (from + 2, from + group + 3), (from + group + 3, from + group + 5)]);
    let seqs: Vec<u64> = taken.iter().map(|accepted| accepted.receipt.seq).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b));
    for accepted in &taken {
        home.convinces(&accepted.receipt);
    }
    home.audits(&handle);
}

#[test]
fn one_statement_twice_in_one_group_is_one_record() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    home.store.close_gate();
    let first = handle.enqueue(spraying(&mut farm)).unwrap();
    home.store.until_one_waits();
    let statement = spraying(&mut farm);
    let (a, b) = (handle.enqueue(statement.clone()).unwrap(), handle.enqueue(statement).unwrap());
    home.store.open_gate();
    first.accepted_blocking().unwrap();
    let (a, b) = (a.accepted_blocking().unwrap(), b.accepted_blocking().unwrap());
    assert_eq!((a.is_new, b.is_new), (true, false));
    assert_eq!(a.receipt, b.receipt);
    home.audits(&handle);
}

#[test]
fn one_bad_statement_in_a_group_fails_alone() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    home.store.close_gate();
    let first = handle.enqueue(spraying(&mut farm)).unwrap();
    home.store.until_one_waits();
    let good = handle.enqueue(spraying(&mut farm)).unwrap();
    // Another statement under the id of the one before it in the queue.
    farm.made -= 1;
    let stolen_id = super::home::submission(farm.signed(super::farm::Says {
        kind: "plot.register/1",
        subject: "plot:qingshan.p2",
        signer: ("qingshan", "coop"),
        occurred_at: "2026-03-02T10:00:00+08:00",
        data: serde_json::json!({
            "name": "二号坡", "area": super::farm::quantity("3", "mu"), "crop": "杨梅", "variety": "东魁",
            "declared_yield": super::farm::quantity("3000", "jin"),
        }),
        ..Default::default()
    }));
    let bad = handle.enqueue(stolen_id).unwrap();
    let also_good = handle.enqueue(spraying(&mut farm)).unwrap();
    home.store.open_gate();
    first.accepted_blocking().unwrap();
    let good = good.accepted_blocking().unwrap();
    assert_eq!(refused(bad.accepted_blocking()).code, Code::Conflict);
    assert_eq!(also_good.accepted_blocking().unwrap().receipt.seq, good.receipt.seq + 1);
    home.audits(&handle);
}

#[test]
fn a_key_that_only_waits_in_the_queue_is_not_known_yet() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    home.store.close_gate();
    let mut unsent = Farm::known(Unsent { ledger: home.ledger, statements: Vec::new() }, farm.made);
    unsent.add_key("qingshan", "coop", "phone", &["input"]);
    farm.made = unsent.made;
    let by_new_key = spraying_with(&mut farm, "phone");
    let adding = handle.enqueue(unsent.ledger.statements.remove(0)).unwrap();
    home.store.until_one_waits();
    let refusal = refused(handle.submit_blocking(by_new_key.clone()));
    assert_eq!((refusal.code, refusal.code.class()), (Code::Unknown, Class::Retry));
    home.store.open_gate();
    adding.accepted_blocking().unwrap();
    assert!(handle.submit_blocking(by_new_key).unwrap().is_new);
}

#[test]
fn a_full_queue_says_so_and_loses_nothing() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    home.store.close_gate();
    let first = handle.enqueue(spraying(&mut farm)).unwrap();
    home.store.until_one_waits();
    let waiting: Vec<Pending> =
        (0..QUEUE_MAX).map(|_| handle.enqueue(spraying(&mut farm)).unwrap()).collect();
    let one_more = spraying(&mut farm);
    assert_eq!(handle.enqueue(one_more.clone()).err(), Some(SubmitError::Busy));
    home.store.open_gate();
    first.accepted_blocking().unwrap();
    for pending in waiting {
        assert!(pending.accepted_blocking().unwrap().is_new);
    }
    assert!(handle.submit_blocking(one_more).unwrap().is_new);
}

#[test]
fn shutting_down_answers_what_waits() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    home.store.close_gate();
    let mut pending = vec![handle.enqueue(spraying(&mut farm)).unwrap()];
    home.store.until_one_waits();
    for _ in 0..20 {
        pending.push(handle.enqueue(spraying(&mut farm)).unwrap());
    }
    let late = spraying(&mut farm);
    std::thread::scope(|scope| {
        scope.spawn(|| ledger.shut_down());
        home.store.open_gate();
    });
    for pending in pending {
        assert!(pending.accepted_blocking().unwrap().is_new);
    }
    assert_eq!(handle.status(), Status::ReadOnly(ReadOnly::ShutDown));
    assert_eq!(handle.submit_blocking(late), Err(SubmitError::ReadOnly(ReadOnly::ShutDown)));
    home.convinces(&handle.receipt(handle.published().size - 1).unwrap());
    home.audits(&handle);
}

#[test]
fn submitting_from_async_code_gets_the_same_answers() {
    let home = Home::new();
    let ledger = home.open();
    let mut farm = home.farm(&ledger);
    let handle = ledger.handle();
    let statements: Vec<_> = (0..8).map(|_| spraying(&mut farm)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let pending: Vec<Pending> = statements.iter().map(|s| handle.enqueue(s.clone()).unwrap()).collect();
        for pending in pending {
            assert!(pending.accepted().await.unwrap().is_new);
        }
        for statement in statements {
            assert!(!handle.submit(statement).await.unwrap().is_new);
        }
    });
    home.audits(&handle);
}
