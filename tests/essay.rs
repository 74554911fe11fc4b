//! The cases of the essay that this program began with, each as its readers meet it: first what is as it should be,
//! then the breach, in the words that a reader sees.
#![cfg(feature = "service")]

#[path = "support/book.rs"]
mod book;
#[path = "support/farm.rs"]
mod farm;
#[path = "support/service.rs"]
mod service;

use serde_json::{Value, json};

use book::{Book, COOP, EVERY_USE, HOST, HOUSE, LAB, Made, PAGE, PLATFORM, USES_OF_GOODS, kg};
use farm::Says;

/// 「品控溯源体系」(淘宝): 「必须提供产地信息、质量检测报告」
#[test]
fn 淘宝品控溯源体系_no_page_label_or_overlay_without_origin_and_test() {
    let mut book = Book::open();
    let registered = book.plot("p1", "杨梅");
    book.pick("qingshan.good", "crop:qingshan.p1-2026", 100);
    book.test("qingshan.good", "pass");
    book.clears("qingshan.good");

    // No report, and none by a test of the season alone.
    book.pick("qingshan.untested", "crop:qingshan.p1-2026", 100);
    book.bars("qingshan.untested", EVERY_USE, &["没有本批次的检测结果"]);
    book.shows("qingshan.untested", &["资料不全", "未达到公开展示条件，以下只列出已有的记录。"]);
    let items = json!([{"analyte": "毒死蜱", "result": "not_detected", "verdict": "pass"}]);
    book.farm.result("crop:qingshan.p1-2026", LAB, "2026-06-01T09:00:00+08:00", "pass", items);
    book.bars("qingshan.untested", EVERY_USE, &["没有本批次的检测结果"]);

    // No place of origin.
    let bagged = json!({"action": "bagging", "crop": "杨梅", "variety": "东魁", "quantity": farm::quantity("3", "plant")});
    book.say("planting", "qingshan.nowhere", &[], COOP, bagged);
    book.test("qingshan.nowhere", "pass");
    book.bars("qingshan.nowhere", EVERY_USE, &["没有产地记录"]);

    // An origin that was taken back is none.
    book.farm.withdraw(registered, "plot:qingshan.p1", &[], COOP, "2026-06-14T09:00:00+08:00");
    book.bars("qingshan.good", EVERY_USE, &["没有产地记录"]);
}

/// 浙江杨梅: 「种植过程、采摘时间、检测报告、流通环节」
#[test]
fn 杨梅_the_four_stages_of_a_full_trace() {
    let mut book = Book::open();
    book.policy(json!({"crops": ["杨梅"], "category": "fresh", "level": "full"}));
    book.farm.season();
    book.clears("shanqian.dk0613a");
    let completeness = book.status("shanqian.dk0613a")["completeness"].clone();
    assert_eq!((&completeness["present"], &completeness["needed"]), (&json!(7), &json!(7)));
    let stages = completeness["stages"].as_array().unwrap();
    for need in ["planting", "harvest", "test", "circulation"] {
        let stage = stages.iter().find(|stage| stage["need"] == need).unwrap();
        assert!(!stage["records"].as_array().unwrap().is_empty(), "{need}");
    }
    book.shows(
        "shanqian.dk0613a",
        &["id=\"planting\"", "id=\"harvest\"", "id=\"tests\"", "id=\"transport\""],
    );

    for (left_out, missing, condition, words, uses) in [
        ("种植过程", "缺种植过程", "资料不全", "没有种植记录", &[][..]),
        // Nor can be packed what was never picked.
        ("采摘时间", "缺采收时间", "暂扣", "没有采收记录", USES_OF_GOODS),
        ("检测报告", "缺检测报告", "资料不全", "没有本批次的检测结果", EVERY_USE),
        ("流通环节", "缺流通环节", "资料不全", "没有储运记录", &[]),
    ] {
        let lot = bayberries_without(&mut book, left_out);
        let mut reasons = book.words(&lot, "reasons", &[]);
        reasons.retain(|reason| reason != "数量对不上账");
        assert_eq!(reasons, [words], "without {left_out}");
        // The strip of a held lot names what holds it; what is missing stands with the completeness.
        let told = if condition == "暂扣" { "数量对不上账" } else { words };
        book.bars(&lot, uses, &[told]);
        book.shows(&lot, &[condition, "6/7", missing]);
        // Two lots do not add up, and the reader is told once.
        let told = book.page(&lot).matches("<li>数量对不上账</li>").count();
        assert_eq!(told, usize::from(condition == "暂扣"));
    }
}

/// A lot with all of a full trace but one stage.
fn bayberries_without(book: &mut Book, left_out: &str) -> String {
    let name = format!("p{}", book.farm.made);
    let (picked, packed) = (format!("qingshan.{name}-h"), format!("qingshan.{name}-x"));
    let (plot, season) = (format!("plot:qingshan.{name}"), format!("crop:qingshan.{name}-2026"));
    match left_out {
        "种植过程" => {
            // A plot, of which no season was ever told.
            book.farm.say(Says {
                kind: "plot.register/1",
                subject: &plot,
                signer: COOP,
                occurred_at: "2026-03-02T10:00:00+08:00",
                data: json!({
                    "name": name, "area": farm::quantity("20", "mu"), "crop": "杨梅", "variety": "东魁",
                    "declared_yield": farm::quantity("20", "t"),
                }),
                ..Says::default()
            });
            book.pick(&picked, &plot, 100);
        }
        "采摘时间" => {
            // A lot that is growing, in a village.
            book.farm.say(Says {
                kind: "planting/1",
                subject: &format!("batch:{picked}"),
                signer: COOP,
                occurred_at: "2026-06-01T10:00:00+08:00",
                more: json!({"place": {"village": "步路乡西炉村"}}),
                data: json!({
                    "action": "bagging", "crop": "杨梅", "variety": "东魁", "quantity": farm::quantity("9", "plant"),
                }),
                ..Says::default()
            });
        }
        _ => {
            book.plot(&name, "杨梅");
            book.pick(&picked, &season, 100);
        }
    }
    let seen = json!({"action": "growth", "finding": "normal"});
    book.say("observation", &picked, &[], COOP, seen);
    if left_out != "检测报告" {
        book.test(&picked, "pass");
    }
    book.make(&Made { inputs: &[(&picked, 100)], outputs: &[(&packed, 100, "")], ..Made::default() });
    if left_out != "流通环节" {
        let stored =
            json!({"site": "合作社冷库", "action": "in", "storage_type": "cold", "quantity": kg(100)});
        book.say("storage", &packed, &[], COOP, stored);
    }
    packed
}

/// 文山三七: 「直播销售的三七均经过抽样检测,提供质量检测报告」
#[test]
fn 三七_every_batch_is_sampled_and_tested_itself() {
    let mut book = Book::open();
    book.policy(json!({"crops": ["三七"], "category": "speciality", "level": "basic", "batch_test": true}));
    book.plot("east", "三七");
    book.pick("qingshan.dug", "crop:qingshan.east-2026", 800);
    book.test("qingshan.dug", "pass");
    book.make(&Made {
        kind: "grading",
        inputs: &[("qingshan.dug", 800)],
        outputs: &[("qingshan.20", 300, "20 头"), ("qingshan.40", 500, "40 头")],
        ..Made::default()
    });
    book.test("qingshan.20", "pass");
    book.make(&Made {
        inputs: &[("qingshan.20", 200)],
        outputs: &[("qingshan.20-jar", 200, "")],
        ..Made::default()
    });
    for lot in ["qingshan.dug", "qingshan.20", "qingshan.20-jar"] {
        book.clears(lot);
    }

    // What was dug was tested; what was sorted from it must be tested again, from a sample of its own.
    let words = "要求每批抽检，本批次没有自己的抽样检测";
    book.bars("qingshan.40", EVERY_USE, &[words]);
    book.shows("qingshan.40", &["1/2", "缺检测报告"]);
    book.result_without_sample("qingshan.40");
    book.bars("qingshan.40", EVERY_USE, &[words]);

    // A tested lot vouches for no mixture with another.
    book.make(&Made {
        inputs: &[("qingshan.20", 100), ("qingshan.40", 100)],
        outputs: &[("qingshan.mixed", 200, "")],
        ..Made::default()
    });
    book.bars("qingshan.mixed", EVERY_USE, &[words]);
    book.test("qingshan.40", "pass");
    book.bars("qingshan.mixed", EVERY_USE, &[words]);
    book.test("qingshan.mixed", "pass");
    book.clears("qingshan.40");
    book.clears("qingshan.mixed");
}

/// 「由产地仓进行分级分选、包装保鲜、质量检测」
#[test]
fn 产地仓_grades_packs_tests_and_ships_at_one_site() {
    let mut book = Book::open();
    book.plot("p1", "杨梅");
    book.pick("qingshan.h", "crop:qingshan.p1-2026", 1_000);
    let grading = Made {
        kind: "grading",
        by: HOUSE,
        inputs: &[("qingshan.h", 1_000)],
        outputs: &[("shanqian.a", 600, "特级"), ("shanqian.b", 370, "二级")],
        loss: 30,
        ..Made::default()
    };
    // What never arrived cannot be graded there.
    let refused = book.try_make(&grading);
    assert_eq!(refused.problem(), "right");
    assert!(refused.text().contains("org:shanqian does not hold batch:qingshan.h"), "{}", refused.text());

    let sent = book.send("qingshan.h", COOP, "shanqian", 1_000);
    book.receive("qingshan.h", HOUSE, sent, 1_000, 0);
    book.make(&grading);
    book.test("shanqian.a", "pass");
    book.make(&Made {
        by: HOUSE,
        inputs: &[("shanqian.a", 600)],
        outputs: &[("shanqian.x", 590, "特级")],
        loss: 10,
        ..Made::default()
    });
    let stored = json!({"site": "山前产地仓", "action": "in", "storage_type": "cold", "quantity": kg(590)});
    book.say("storage", "shanqian.x", &[], HOUSE, stored);
    book.send("shanqian.x", HOUSE, "xianda", 590);
    book.clears("shanqian.x");

    let story =
        book.client().get_with("/b/shanqian.x", ("accept", "application/json")).json()["story"].clone();
    let at_house =
        story["events"].as_array().unwrap().iter().filter(|event| event["signers"][0]["org"] == "shanqian");
    let done: Vec<&str> = at_house.map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(done, ["receiving/1", "grading/1", "packing/1", "storage/1", "shipping/1"]);
    book.shows(
        "shanqian.x",
        &["山前产地仓", "浙江农产品检测中心", "损耗 · 分级", "3.0%", "损耗 · 包装", "1.6%"],
    );
    let graph = book.client().get("/api/v1/batches/shanqian.x/graph").json();
    let nodes: Vec<&str> =
        graph["nodes"].as_array().unwrap().iter().map(|node| node["subject"].as_str().unwrap()).collect();
    for subject in ["plot:qingshan.p1", "crop:qingshan.p1-2026", "batch:qingshan.h", "batch:shanqian.a"] {
        assert!(nodes.contains(&subject), "no {subject} in {nodes:?}");
    }

    // More cannot leave the line than came onto it.
    book.make(&Made {
        by: HOUSE,
        inputs: &[("shanqian.b", 370)],
        outputs: &[("shanqian.y", 400, "")],
        ..Made::default()
    });
    book.test("shanqian.y", "pass");
    let words = "产出与损耗合计 400 公斤，多于投入的 370 公斤，超出 30 公斤";
    book.bars("shanqian.y", USES_OF_GOODS, &["数量对不上账", words]);
    assert_eq!(book.alarms(), [("batch:shanqian.y".to_owned(), words.to_owned())]);
}

/// 「产后损耗率从原来的25%—30%降低至8%以下」
#[test]
fn 产后损耗率_from_25_to_30_per_cent_down_to_8() {
    let mut book = Book::open();
    book.plot("p1", "杨梅");
    book.pick("qingshan.old", "crop:qingshan.p1-2026", 1_000);
    book.pick("qingshan.new", "crop:qingshan.p1-2026", 1_000);
    book.pick("qingshan.silent", "crop:qingshan.p1-2026", 1_000);

    // As it was: by hand, without cooling, over the road in baskets.
    let (sold_as, loss) = (&[("qingshan.old-x", 850, "")], 150);
    book.make(&Made { inputs: &[("qingshan.old", 1_000)], outputs: sold_as, loss, ..Made::default() });
    let sent = book.send("qingshan.old-x", COOP, "xianda", 850);
    book.receive("qingshan.old-x", PLATFORM, sent, 850, 120);
    assert_eq!(lost_per_mille(&book, "qingshan.old-x"), [("packing", 150), ("shipping", 141)]);
    assert_eq!(lost_in_all(&book, "qingshan.old-x"), 270, "25 to 30 per cent");
    book.shows("qingshan.old-x", &["损耗 · 包装", "15.0%", "损耗 · 发货", "14.1%"]);

    // With the packhouse at the origin.
    let sent = book.send("qingshan.new", COOP, "shanqian", 1_000);
    book.receive("qingshan.new", HOUSE, sent, 1_000, 5);
    let (graded, loss) = (&[("shanqian.new-a", 965, "一级")], 30);
    book.make(&Made {
        kind: "grading",
        by: HOUSE,
        inputs: &[("qingshan.new", 995)],
        outputs: graded,
        loss,
        ..Made::default()
    });
    let (packed, loss) = (&[("shanqian.new-x", 945, "一级")], 20);
    book.make(&Made {
        by: HOUSE,
        inputs: &[("shanqian.new-a", 965)],
        outputs: packed,
        loss,
        ..Made::default()
    });
    let sent = book.send("shanqian.new-x", HOUSE, "xianda", 945);
    book.receive("shanqian.new-x", PLATFORM, sent, 945, 15);
    assert_eq!(lost_in_all(&book, "shanqian.new-x"), 70, "below 8 per cent");
    book.shows("shanqian.new-x", &["损耗 · 分级", "3.0%", "损耗 · 包装", "2.0%", "损耗 · 发货"]);
    for loss in book.status("shanqian.new-x")["losses"].as_array().unwrap() {
        assert!(!loss["sources"].as_array().unwrap().is_empty(), "a figure without its records: {loss}");
    }

    // A loss that nobody states does not make a better figure.
    let packed = &[("qingshan.silent-x", 730, "")];
    book.make(&Made { inputs: &[("qingshan.silent", 1_000)], outputs: packed, ..Made::default() });
    let words = "投入 1000 公斤，产出与登记的损耗合计 730 公斤，有 270 公斤 未说明去向";
    assert_eq!(book.words("qingshan.silent-x", "imbalances", &[]), [words]);
    book.shows("qingshan.silent-x", &[words]);
}

/// Of what was put in, by sort of work.
fn lost_per_mille(book: &Book, lot: &str) -> Vec<(&'static str, i64)> {
    let losses = book.status(lot)["losses"].clone();
    let of = |stage: &'static str| {
        let loss = losses.as_array().unwrap().iter().find(|loss| loss["stage"] == stage)?;
        Some((stage, loss["loss"].as_i64().unwrap() * 1_000 / loss["put_in"].as_i64().unwrap()))
    };
    ["grading", "packing", "shipping"].into_iter().filter_map(of).collect()
}

/// Of the tonne that was picked.
fn lost_in_all(book: &Book, lot: &str) -> i64 {
    let losses = book.status(lot)["losses"].clone();
    let grams: i64 = losses.as_array().unwrap().iter().map(|loss| loss["loss"].as_i64().unwrap()).sum();
    grams / 1_000
}

/// 「好差混卖」
#[test]
fn 好差混卖_good_and_bad_are_not_mixed_in_silence() {
    let mut book = Book::open();
    book.plot("p1", "杨梅");
    book.pick("qingshan.h", "crop:qingshan.p1-2026", 1_000);
    book.test("qingshan.h", "pass");
    book.make(&Made {
        kind: "grading",
        inputs: &[("qingshan.h", 1_000)],
        outputs: &[("qingshan.best", 400, "特级"), ("qingshan.poor", 600, "二级")],
        ..Made::default()
    });
    let pack = |book: &mut Book, inputs: &[(&str, u32)], lot: &str, grade: &str| {
        let kilos = inputs.iter().map(|input| input.1).sum();
        book.make(&Made { inputs, outputs: &[(lot, kilos, grade)], ..Made::default() });
    };
    let sorts = ["grades_mixed", "grades_hidden"];
    pack(&mut book, &[("qingshan.best", 100)], "qingshan.best-x", "特级");
    pack(&mut book, &[("qingshan.poor", 100)], "qingshan.poor-x", "二级");
    // Sold as what the worst of it is: nobody is deceived.
    pack(&mut book, &[("qingshan.best", 50), ("qingshan.poor", 50)], "qingshan.honest-x", "二级");
    for lot in ["qingshan.best-x", "qingshan.poor-x", "qingshan.honest-x"] {
        book.clears(lot);
        assert_eq!(book.words(lot, "flags", &sorts), Vec::<String>::new(), "{lot}");
    }

    for (lot, grade, words) in [
        ("qingshan.mixed-x", "特级", "不同等级（特级 / 二级）的货合为一批，等级写作“特级”"),
        ("qingshan.hidden-x", "", "不同等级（特级 / 二级）的货合为一批，未写等级"),
        ("qingshan.renamed-x", "精品", "不同等级（特级 / 二级）的货合为一批，等级写作“精品”"),
    ] {
        pack(&mut book, &[("qingshan.best", 50), ("qingshan.poor", 50)], lot, grade);
        assert_eq!(book.words(lot, "flags", &sorts), [words]);
        book.shows(lot, &[words, "qingshan.best", "qingshan.poor"]);
        // Both parents, with what was taken of each.
        let graph = book.client().get(&format!("/api/v1/batches/{lot}/graph")).json();
        for parent in ["batch:qingshan.best", "batch:qingshan.poor"] {
            let edges = graph["edges"].as_array().unwrap();
            let edge =
                edges.iter().find(|edge| edge["from"] == parent && edge["to"] == format!("batch:{lot}"));
            assert_eq!(edge.unwrap()["taken"], json!({"value": 50_000, "base": "g"}));
        }
    }
}

/// 「超卖缺货」
#[test]
fn 超卖缺货_no_more_is_sold_than_there_is() {
    let mut book = Book::open();
    book.plot("p1", "杨梅");
    book.pick("qingshan.h", "crop:qingshan.p1-2026", 400);
    book.test("qingshan.h", "pass");
    let told = book.sell("qingshan.h", 400, "2026-06-18");
    assert_eq!((&told["alarms"], book.alarms()), (&Value::Null, vec![]));
    book.clears("qingshan.h");
    book.shows("qingshan.h", &["申报的销售量", "400 公斤"]);

    // Whoever reports the kilogram too much is told in the answer.
    let told = book.sell("qingshan.h", 1, "2026-06-19");
    let words = "取用、售出与损耗合计 401 公斤，多于该批次的 400 公斤，超出 1 公斤";
    assert_eq!((&told["alarms"][0]["zh"], &told["alarms"][0]["holds"]), (&json!(words), &json!(true)));
    assert_eq!(book.alarms(), [("batch:qingshan.h".to_owned(), words.to_owned())]);
    book.bars("qingshan.h", USES_OF_GOODS, &["数量对不上账", words]);
    book.shows("qingshan.h", &["暂扣", "原因解除之前不应销售或展示。"]);
}

/// 「不合格产品严禁进入直播与销售环节」
#[test]
fn 不合格产品严禁进入直播与销售环节_a_failed_test_bars_broadcast_and_sale() {
    let mut book = Book::open();
    book.plot("p1", "杨梅");
    book.pick("qingshan.h", "crop:qingshan.p1-2026", 400);
    book.test("qingshan.h", "pass");
    book.make(&Made {
        inputs: &[("qingshan.h", 100)],
        outputs: &[("qingshan.x", 100, "")],
        ..Made::default()
    });
    book.clears("qingshan.h");
    book.clears("qingshan.x");

    // The lot, what was made of it, and what will be.
    let failed = book.test("qingshan.h", "fail");
    book.make(&Made {
        inputs: &[("qingshan.h", 100)],
        outputs: &[("qingshan.y", 100, "")],
        ..Made::default()
    });
    for lot in ["qingshan.h", "qingshan.x", "qingshan.y"] {
        book.bars(lot, USES_OF_GOODS, &["检测不合格：报告", "毒死蜱"]);
        book.shows(lot, &["暂扣", "原因解除之前不应销售或展示。如已购买，请先不要食用，并联系卖家。"]);
    }
    book.sell("qingshan.x", 10, "2026-06-18");
    assert_eq!(book.words("qingshan.x", "notes", &[]), ["暂扣期间仍有销售"]);
    book.shows("qingshan.x", &["暂扣期间仍有销售"]);

    // The farm cannot let it go, nor can anybody on a new test alone; the platform can, on a test that passed.
    let lift = |book: &mut Book, by: book::Signer, test: Option<suyuan::merkle::Hash>| {
        let now = book.now();
        book.farm.release("batch:qingshan.h", by, &[failed], test, &now);
    };
    lift(&mut book, COOP, None);
    book.next_day();
    let passed = book.test("qingshan.h", "pass");
    lift(&mut book, COOP, Some(passed));
    lift(&mut book, PLATFORM, None);
    book.bars("qingshan.h", USES_OF_GOODS, &["检测不合格：报告", "毒死蜱"]);
    lift(&mut book, PLATFORM, Some(passed));
    for lot in ["qingshan.h", "qingshan.x", "qingshan.y"] {
        book.clears(lot);
        // What was lifted stays in view.
        book.shows(lot, &["检测不合格：报告", "鲜达平台"]);
    }
}

/// 「洛川苹果」: 「制定统一的品质标准与包装规范」
#[test]
fn 洛川苹果_members_of_the_brand_pack_within_their_quota() {
    let mut book = Book::open();
    let brand = json!([{
        "brand": "洛川苹果", "season": {"from": "2026-05-01", "to": "2027-04-30"}, "standard": "示范品牌标准",
        "members": [{"org": "qingshan", "packs": 100}],
    }]);
    book.farm.set_rules("brands", brand, "2026-03-02T09:00:00+08:00");
    book.plot("yuan", "苹果");
    book.pick("qingshan.h", "crop:qingshan.yuan-2026", 2_000);
    book.test("qingshan.h", "pass");
    let pack = |book: &mut Book, by: book::Signer, lot: &str, kilos: u32, brand: Option<&str>| -> Value {
        let (inputs, outputs) = (&[("qingshan.h", kilos)], &[(lot, kilos, "")]);
        book.make(&Made { by, inputs, outputs, brand, ..Made::default() })["alarms"].clone()
    };
    // A hundred boxes of 5 kg, and as many as it likes without the brand.
    assert_eq!(pack(&mut book, COOP, "qingshan.x", 500, Some("洛川苹果")), Value::Null);
    assert_eq!(pack(&mut book, COOP, "qingshan.plain", 300, None), Value::Null);
    book.clears("qingshan.x");
    book.clears("qingshan.plain");

    // One box more, under a name with a blank in it.
    let over = "青山杨梅合作社 当季以品牌“洛川苹果”包装 101 件，多于配额 100 件，超出 1 件";
    assert_eq!(pack(&mut book, COOP, "qingshan.y", 5, Some("洛川 苹果"))[0]["zh"], over);
    book.bars("qingshan.y", USES_OF_GOODS, &["数量对不上账", over]);

    // Whoever is no member may not use the name.
    let sent = book.send("qingshan.h", COOP, "shanqian", 500);
    book.receive("qingshan.h", HOUSE, sent, 500, 0);
    let stranger = "山前产地仓 使用品牌“洛川苹果”，但不在当季授权名单中";
    assert_eq!(pack(&mut book, HOUSE, "shanqian.z", 500, Some("洛川苹果"))[0]["zh"], stranger);
    book.bars("shanqian.z", USES_OF_GOODS, &["数量对不上账", stranger]);
}

/// 「平台监管、产地负责、主播把关」
#[test]
fn 三方把关_platform_origin_and_host_each_sign_for_the_batch() {
    let mut book = Book::open();
    book.plot("p1", "杨梅");
    book.pick("qingshan.h", "crop:qingshan.p1-2026", 400);
    book.test("qingshan.h", "pass");
    let names = ["平台监管", "产地负责", "主播把关"];
    let seats = |book: &Book| -> Vec<String> {
        let seats = book.status("qingshan.h")["seats"].clone();
        seats.as_array().unwrap().iter().map(|seat| seat["state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(seats(&book), ["empty", "empty", "empty"]);
    book.shows("qingshan.h", &names);
    assert_eq!(book.page("qingshan.h").matches("尚未签字").count(), 3);

    // Nobody takes a seat that is not its own.
    let refused = book.sign_off("qingshan.h", ("qingshan", "platform"), "approved", &["quantity"]);
    assert_eq!(refused.problem(), "right");
    assert_eq!(seats(&book), ["empty", "empty", "empty"]);

    for (by, checked) in [
        (COOP, &["growing_records", "harvest_records"][..]),
        (PLATFORM, &["test_report", "quantity"]),
        (HOST, &["origin_visit", "tasting"]),
    ] {
        assert_eq!(book.sign_off("qingshan.h", by, "approved", checked).status, 201);
    }
    assert_eq!(seats(&book), ["approved", "approved", "approved"]);
    book.shows(
        "qingshan.h",
        &[
            "青山杨梅合作社",
            "鲜达平台",
            "主播阿月",
            "种植记录、采收记录",
            "检测报告、数量",
            "实地考察产地、品尝",
        ],
    );
    assert_eq!(book.page("qingshan.h").matches("已签字同意").count(), 3);
    book.clears("qingshan.h");

    // What they could not know then is said of their signatures, and whoever refuses stands there.
    book.test("qingshan.h", "fail");
    assert_eq!(seats(&book), ["approved_before", "approved_before", "approved_before"]);
    assert_eq!(book.page("qingshan.h").matches("签字在暂扣原因之前").count(), 3);
    book.sign_off("qingshan.h", HOST, "refused", &["test_report"]);
    assert_eq!(seats(&book), ["approved_before", "approved_before", "refused"]);
    book.shows("qingshan.h", &["签字不同意"]);
    book.bars("qingshan.h", USES_OF_GOODS, &["检测不合格：报告"]);
    assert_eq!(book.status("qingshan.h")["uses"][PAGE]["allowed"], true);
}
