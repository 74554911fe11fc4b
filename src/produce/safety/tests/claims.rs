//! Certificates: in scope, in time, or not claimed.

use super::*;
use crate::merkle::Hash;
use crate::produce::tests::{demonstration, farm};
use crate::statement::kinds::Kind;
use crate::text::{ClaimState, Status};

const LOT: &str = "batch:qingshan.o1";
const PACKED: &str = "batch:qingshan.o2";

fn certificate(scheme: &str, from: &str, until: &str) -> Value {
    json!([{"scheme": scheme, "number": "CN-1", "valid_from": from, "valid_until": until}])
}

fn plot_data(certs: Option<Value>) -> Value {
    let mut data = json!({
        "name": "坡", "area": quantity("10", "mu"), "crop": "杨梅", "variety": "东魁",
        "declared_yield": quantity("9000", "jin"),
    });
    if let Some(certs) = certs {
        data["base_cert"] = certs;
    }
    data
}

fn plot(farm: &mut Farm<InMemory>, name: &str, certs: Option<Value>) -> Hash {
    farm.say(Says {
        kind: "plot.register/1",
        subject: name,
        signer: COOP,
        occurred_at: "2026-03-02T10:00:00+08:00",
        data: plot_data(certs),
        ..Says::default()
    })
}

fn recertify(farm: &mut Farm<InMemory>, plot: &str, leaf: Hash, certs: Option<Value>, at: &str) -> Hash {
    farm.say(Says {
        kind: "correction/1",
        subject: plot,
        signer: COOP,
        occurred_at: at,
        corrects: Some(leaf),
        original: Some(Kind::PlotRegister),
        data: json!({"reason": "typo", "data": plot_data(certs)}),
        ..Says::default()
    })
}

/// Picked from the plots on 2026-06-13, tested, packed under that name.
fn packed(farm: &mut Farm<InMemory>, plots: &[&str], product: &str) {
    farm.say(Says {
        kind: "harvest/1",
        subject: LOT,
        touches: plots,
        signer: COOP,
        occurred_at: "2026-06-13T05:30:00+08:00",
        data: json!({"from": plots, "quantity": quantity("100", "jin"), "crop": "杨梅"}),
        ..Says::default()
    });
    farm.result(LOT, LAB, "2026-06-13T12:00:00+08:00", "pass", items(&["毒死蜱"]));
    pack(farm, &[LOT], PACKED, product, "2026-06-13T15:00:00+08:00");
}

fn states(judgement: &Judgement) -> Vec<(&str, ClaimState)> {
    judgement.claims.iter().map(|claim| (claim.scheme.as_str(), claim.state)).collect()
}

#[test]
fn a_valid_certificate_of_every_plot_is_a_claim_and_ends_with_it() {
    let mut farm = farm();
    plot(&mut farm, "plot:qingshan.o", Some(certificate("organic", "2026-01-01", "2026-06-30")));
    packed(&mut farm, &["plot:qingshan.o"], "有机东魁杨梅");
    let judgement = judged(&mut farm, PACKED);
    assert_eq!(
        (judgement.status, states(&judgement)),
        (Status::Normal, vec![("organic", ClaimState::Valid)])
    );
    let judgement = judged_at(&mut farm, PACKED, "2026-06-30T23:00:00+08:00");
    assert_eq!(judgement.status, Status::Normal);
    let judgement = judged_at(&mut farm, PACKED, "2026-07-01T01:00:00+08:00");
    assert_eq!(
        (whys(&judgement), states(&judgement)),
        (vec![Why::CertificateExpired], vec![("organic", ClaimState::Expired)])
    );
    assert!(told_as(&judgement, Why::CertificateExpired).contains("2026-06-30"));
}

#[test]
fn a_claim_in_any_spelling_needs_its_certificate() {
    for (product, held) in [
        ("有机杨梅", true),
        ("有 机 杨梅", true),
        ("ＯＲＧＡＮＩＣ bayberry", true),
        ("绿色食品杨梅", true),
        ("地理标志杨梅", true),
        ("东魁杨梅", false),
        ("绿色杨梅", false),
    ] {
        let mut farm = farm();
        plot(&mut farm, "plot:qingshan.o", None);
        packed(&mut farm, &["plot:qingshan.o"], product);
        let found = whys(&judged(&mut farm, PACKED));
        assert_eq!(found, if held { vec![Why::CertificateMissing] } else { vec![] }, "{product}");
    }
}

#[test]
fn out_of_scope_out_of_time_or_without_an_end_is_no_certificate() {
    for (one, other, state) in [
        (Some(certificate("organic", "2026-01-01", "2026-12-31")), None, ClaimState::OutOfScope),
        (
            Some(certificate("organic", "2026-06-14", "2026-12-31")),
            Some(certificate("organic", "2026-01-01", "2026-12-31")),
            ClaimState::NotOnHarvest,
        ),
        (
            Some(json!([{"scheme": "organic", "number": "CN-1"}])),
            Some(certificate("organic", "2026-01-01", "2026-12-31")),
            ClaimState::NotOnHarvest,
        ),
    ] {
        let mut farm = farm();
        plot(&mut farm, "plot:qingshan.o", one);
        plot(&mut farm, "plot:qingshan.p", other);
        packed(&mut farm, &["plot:qingshan.o", "plot:qingshan.p"], "有机杨梅");
        let judgement = judged(&mut farm, PACKED);
        assert_eq!(
            (whys(&judgement), states(&judgement)),
            (vec![Why::CertificateMissing], vec![("organic", state)])
        );
    }
}

#[test]
fn what_is_said_of_the_plot_afterwards_certifies_nothing() {
    let valid = || Some(certificate("organic", "2026-01-01", "2026-12-31"));
    let mut farm = farm();
    let leaf = plot(&mut farm, "plot:qingshan.o", None);
    packed(&mut farm, &["plot:qingshan.o"], "有机杨梅");
    recertify(&mut farm, "plot:qingshan.o", leaf, valid(), "2026-06-15T09:00:00+08:00");
    assert_eq!(whys(&judged(&mut farm, PACKED)), [Why::CertificateMissing]);
    // One that is taken away is gone, and one that is renewed in time goes on.
    let mut farm = self::farm();
    let leaf = plot(&mut farm, "plot:qingshan.o", Some(certificate("organic", "2026-01-01", "2026-06-18")));
    packed(&mut farm, &["plot:qingshan.o"], "有机杨梅");
    let leaf = recertify(&mut farm, "plot:qingshan.o", leaf, valid(), "2026-06-18T09:00:00+08:00");
    assert_eq!(whys(&judged(&mut farm, PACKED)), []);
    let leaf = recertify(&mut farm, "plot:qingshan.o", leaf, None, "2026-06-19T09:00:00+08:00");
    assert_eq!(whys(&judged(&mut farm, PACKED)), [Why::CertificateExpired]);
    recertify(&mut farm, "plot:qingshan.o", leaf, valid(), "2026-06-20T09:00:00+08:00");
    assert_eq!(whys(&judged(&mut farm, PACKED)), [Why::CertificateExpired]);
}

#[test]
fn letting_it_go_before_it_expired_is_no_word_on_its_end() {
    let mut farm = farm();
    let leaf = plot(&mut farm, "plot:qingshan.o", Some(certificate("organic", "2026-01-01", "2026-06-18")));
    packed(&mut farm, &["plot:qingshan.o"], "有机杨梅");
    farm.release(PACKED, PLATFORM, &[leaf], None, "2026-06-17T09:00:00+08:00");
    assert_eq!(whys(&judged(&mut farm, PACKED)), [Why::CertificateExpired]);
    farm.release(PACKED, PLATFORM, &[leaf], None, "2026-06-19T09:00:00+08:00");
    assert_eq!(whys(&judged(&mut farm, PACKED)), []);
}

#[test]
fn a_category_that_is_organic_needs_the_certificate_for_good() {
    let mut farm = demonstration();
    let policy = |category: &str| json!([{"crops": ["杨梅"], "category": category, "level": "basic"}]);
    farm.set_rules("policies", policy("organic"), "2026-03-02T09:00:00+08:00");
    plot(&mut farm, "plot:qingshan.o", None);
    packed(&mut farm, &["plot:qingshan.o"], "杨梅");
    assert_eq!(whys(&judged(&mut farm, PACKED)), [Why::CertificateMissing]);
    farm.set_rules("policies", policy("fresh"), "2026-06-15T09:00:00+08:00");
    assert_eq!(whys(&judged(&mut farm, PACKED)), [Why::CertificateMissing]);
}
