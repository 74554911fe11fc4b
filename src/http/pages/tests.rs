//! The page as text, of small ledgers in memory. What a browser makes of it: tests/page.rs.

use std::collections::BTreeSet;

use askama::Template;
use serde_json::json;

use super::batch_view::{BatchView, Given};
use super::layout::Layout;
use super::other_views::{ChoiceView, HomeView, TroubleView, UnknownView};
use crate::ledger::Entry;
use crate::merkle::Hash;
use crate::produce::tests::farm::{self, BATCH, Farm, Says};
use crate::produce::tests::{InMemory, farm as new_farm, told};
use crate::text::{Lang, Page};

/// What one flight of a new connection carries: see docs on the load budget.
const FIRST_RENDER_BYTES_MAX: usize = 14 * 1024;

fn layout(lang: Lang) -> Layout {
    Layout {
        lang,
        public_url: "https://trace.example".to_owned(),
        operator: "仙居县农产品溯源中心".to_owned(),
        demonstration: false,
        mirror: Vec::new(),
        path: "/b/shanqian.dk0613a".to_owned(),
        query: "",
        title: String::new(),
        description: String::new(),
        image: String::new(),
    }
}

fn page(farm: &mut Farm<InMemory>, lang: Lang, all: bool) -> String {
    let (story, records) = told(farm, BATCH, "2026-06-16T10:00:00+08:00");
    let held: BTreeSet<Hash> = BTreeSet::new();
    let story = story.unwrap();
    let given = Given {
        story: &story,
        records: &records,
        root: Hash::of(b"root"),
        witnesses: None,
        anchors: &[],
        held: &held,
        all,
    };
    BatchView::new(layout(lang), &given).render().unwrap()
}

/// For looking at it: SUYUAN_PREVIEW_DIR=… keeps the pages.
fn keep(name: &str, html: &str) {
    if let Some(dir) = std::env::var_os("SUYUAN_PREVIEW_DIR") {
        std::fs::write(std::path::Path::new(&dir).join(format!("{name}.html")), html).unwrap();
    }
}

#[track_caller]
fn shows(html: &str, texts: &[&str]) {
    for text in texts {
        assert!(html.contains(text), "no {text} in\n{html}");
    }
}

#[test]
fn a_normal_batch_in_both_languages() {
    let mut farm = new_farm();
    farm.season();
    let zh = page(&mut farm, Lang::Zh, false);
    keep("normal-zh", &zh);
    shows(
        &zh,
        &[
            "<html lang=\"zh-CN\">",
            "<strong>正常</strong>",
            "仙居东魁杨梅",
            "采收 3 天前（2026年6月13日）",
            "这是批次码，不能鉴别单件真伪",
            "浙江省仙居县步路乡西炉村",
            "运营方声明没有遗漏（尚无独立见证复算）",
            "尚无见证",
            "尚未锚定",
            "不证明记录内容一定真实",
            "860 斤（430 公斤）",
            "suyuan verify shanqian.dk0613a.suyuan --trust trust.json",
            "当面核验",
        ],
    );
    let en = page(&mut farm, Lang::En, false);
    keep("normal-en", &en);
    shows(
        &en,
        &["<html lang=\"en\">", "<strong>Normal</strong>", "Picked 3 d ago", "430 kg", "Not anchored yet"],
    );
    assert!(!en.contains("860 斤"));
}

/// Figure and source side by side, so that a reader can tell a row that says what its source does not.
#[test]
fn an_interval_is_shown_with_the_row_and_the_words_that_it_was_read_in() {
    let mut farm = new_farm();
    let quote = "阿维菌素 1.8%乳油 杨梅 果蝇 2 14";
    farm.set_rules(
        "intervals",
        json!([{
            "actives": [{"name": "阿维菌素", "content": "1.8", "unit": "percent"}], "formulation": "乳油",
            "crop": "杨梅", "phi_days": 14, "max_uses": 2,
            "source": {
                "title": "某处的<b>表</b>", "address": "http://example.org/table", "dated": "2017-08-20",
                "read_on": "2026-02-28", "quote": quote,
            },
        }]),
        "2026-03-02T08:00:00+08:00",
    );
    farm.season();
    let zh = page(&mut farm, Lang::Zh, false);
    let says = "阿维菌素 1.8% 乳油，杨梅：安全间隔期 14 天 · 每季最多 2 次";
    shows(
        &zh,
        &["安全间隔期的出处", says, &format!("「{quote}」"), "2017年8月20日", "http://example.org/table"],
    );
    assert!(!zh.contains("<b>表"), "what a source is called is text");
    let en = page(&mut farm, Lang::En, false);
    shows(&en, &["Where the intervals were read", quote, "at most 2 uses a season"]);
    let (story, _) = told(&mut farm, BATCH, "2026-06-16T10:00:00+08:00");
    let status = serde_json::to_value(story.unwrap().assessment).unwrap();
    assert_eq!(status["intervals"][0]["row"]["source"]["quote"], quote);
}

#[test]
fn a_corrected_entry_shows_old_and_new_in_the_strip_and_in_its_place() {
    let mut farm = new_farm();
    let season = farm.season();
    farm.correct_harvest(season.harvest, "870");
    let html = page(&mut farm, Lang::Zh, false);
    keep("corrected-zh", &html);
    keep("corrected-en", &page(&mut farm, Lang::En, false));
    shows(
        &html,
        &[
            "class=\"strip corrected\"",
            "860 斤（430 公斤） → 870 斤（435 公斤）",
            "<del>860 斤（430 公斤）</del> → <ins>870 斤（435 公斤）</ins>",
            "笔误",
        ],
    );
}

#[test]
fn a_failed_test_takes_the_strip_with_its_reason() {
    let mut farm = new_farm();
    farm.season();
    farm.inspect("LAB-2026-0615", "fail");
    let html = page(&mut farm, Lang::Zh, false);
    keep("hold-zh", &html);
    keep("hold-en", &page(&mut farm, Lang::En, false));
    shows(
        &html,
        &[
            "class=\"strip hold\"",
            "<strong>暂扣</strong>",
            "阿维菌素 0.09 毫克/公斤（限量 0.02 毫克/公斤）",
            "LAB-2026-0615",
        ],
    );
}

#[test]
fn a_revoked_key_is_said_with_its_reason() {
    let mut farm = new_farm();
    farm.add_key("qingshan", "coop", "phone", &["correction", "harvest"]);
    let season = farm.season();
    farm.say(Says {
        kind: "harvest/1",
        subject: "batch:qingshan.other",
        touches: &["crop:qingshan.p1-2026"],
        signer: ("qingshan", "coop"),
        key: Some("phone"),
        occurred_at: "2026-06-14T05:30:00+08:00",
        data: json!({"from": ["crop:qingshan.p1-2026"], "quantity": farm::quantity("10", "jin")}),
        ..Says::default()
    });
    assert!(
        page(&mut farm, Lang::Zh, false).contains("<strong>正常</strong>"),
        "another lot's key is not ours"
    );
    let _ = season;
    farm.add_key("shanqian", "packhouse", "tablet", &["storage"]);
    farm.say(Says {
        kind: "storage/1",
        subject: BATCH,
        signer: ("shanqian", "packhouse"),
        key: Some("tablet"),
        occurred_at: "2026-06-14T05:00:00+08:00",
        data: json!({
            "site": "山前产地仓冷库二号", "action": "out", "storage_type": "cold",
            "quantity": farm::quantity("800", "jin"),
        }),
        ..Says::default()
    });
    farm.revoke("shanqian", "packhouse", "tablet", Some("2026-06-14T00:00:00+08:00"));
    let html = page(&mut farm, Lang::Zh, false);
    keep("revoked-zh", &html);
    keep("revoked-en", &page(&mut farm, Lang::En, false));
    shows(&html, &["class=\"strip revoked\"", "山前产地仓", "被盗", "签于密钥失控之后", "密钥失窃之后所签"]);
}

#[test]
fn names_are_text_and_never_markup() {
    let mut farm = new_farm();
    farm.register("evil", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "farm");
    farm.say(Says {
        kind: "plot.register/1",
        subject: "plot:evil.p1",
        signer: ("evil", "farm"),
        occurred_at: "2026-03-02T10:00:00+08:00",
        more: json!({"place": {"village": "</dd><script>alert(2)</script>"}}),
        data: json!({
            "name": "<b>坡</b>", "area": farm::quantity("1", "mu"), "crop": "'\"><svg/onload=alert(3)>",
            "variety": "{{7*7}}", "declared_yield": farm::quantity("900", "jin"), "holder": "<i>王</i>",
        }),
        ..Says::default()
    });
    farm.say(Says {
        kind: "planting/1",
        subject: "batch:evil.b1",
        signer: ("evil", "farm"),
        occurred_at: "2026-03-02T10:00:00+08:00",
        more: json!({"place": {"village": "</title><script>alert(2)</script>"}}),
        data: json!({
            "action": "bagging", "crop": "</style><script>", "variety": "<svg/onload=alert(3)>",
            "quantity": farm::quantity("3", "plant"), "note": "</pre><script>alert(4)</script>\n第二行",
        }),
        ..Says::default()
    });
    let (story, records) = told(&mut farm, "batch:evil.b1", "2026-06-16T10:00:00+08:00");
    let (story, held) = (story.unwrap(), BTreeSet::new());
    for lang in Lang::ALL {
        let given = Given {
            story: &story,
            records: &records,
            root: Hash::of(b"r"),
            witnesses: None,
            anchors: &[],
            held: &held,
            all: false,
        };
        let html = BatchView::new(layout(lang), &given).render().unwrap();
        let ours = html.matches("<script src=\"/assets/").count();
        assert_eq!(html.matches("<script").count(), ours);
        for markup in ["<svg/", "<img src=x", "<b>坡", "<i>王"] {
            assert!(!html.contains(markup), "{markup}");
        }
        shows(&html, &["&#60;script"]);
    }
}

#[test]
fn pages_that_have_nothing_to_show_say_so_calmly() {
    for lang in Lang::ALL {
        let layout = || Layout { path: "/".to_owned(), ..layout(lang) };
        let home = HomeView::new(layout()).render().unwrap();
        keep(&format!("home-{}", lang.key()), &home);
        shows(&home, &["<form", "name=\"q\"", "trace.example", "仙居县农产品溯源中心"]);
        let unknown = UnknownView::new(layout(), "B7SVT2D5NM".to_owned()).render().unwrap();
        keep(&format!("unknown-{}", lang.key()), &unknown);
        shows(&unknown, &["strip unknown", "B7SVT2D5NM", "<form"]);
        let batches = vec!["a.b1".to_owned(), "c.d2".to_owned()];
        let choice = ChoiceView::new(layout(), "B7SVT2D5NM", batches).render().unwrap();
        keep(&format!("choice-{}", lang.key()), &choice);
        shows(&choice, &["href=\"/b/a.b1\"", "href=\"/b/c.d2\"", "B7SVT2D5NM"]);
        let trouble = TroubleView::new(layout(), Page::TroubleSay).render().unwrap();
        keep(&format!("trouble-{}", lang.key()), &trouble);
        shows(&trouble, &["strip trouble"]);
        assert!(!trouble.contains("strip hold"), "our trouble is not the product's");
    }
}

#[test]
fn two_hundred_entries_fit_one_flight() {
    let mut farm = new_farm();
    farm.season();
    for i in 0..200 {
        farm.input(&format!("2026-0{}-{:02}", 3 + i % 3, 1 + i % 28), "2026-06-16T08:00:00+08:00");
    }
    let html = page(&mut farm, Lang::Zh, false);
    keep("long-zh", &html);
    let bytes = gzipped(&html);
    assert!(bytes <= FIRST_RENDER_BYTES_MAX, "{bytes} bytes");
    shows(&html, &["?all=1#input", "这一阶段还有"]);
    let all = page(&mut farm, Lang::Zh, true);
    assert_eq!(all.matches("class=\"event\"").count(), story_events(&mut farm));
    let mut small = new_farm();
    small.season();
    for lang in Lang::ALL {
        let bytes = gzipped(&page(&mut small, lang, false));
        eprintln!("a season in {lang:?}: {bytes} bytes");
        assert!(bytes <= FIRST_RENDER_BYTES_MAX, "{lang:?}: {bytes} bytes");
    }
}

fn story_events(farm: &mut Farm<InMemory>) -> usize {
    let (story, records) = told(farm, BATCH, "2026-06-16T10:00:00+08:00");
    assert!(records.values().filter_map(Entry::as_record).count() > 200);
    story.unwrap().events.len()
}

/// As the service sends it.
fn gzipped(html: &str) -> usize {
    use std::io::Write as _;
    let mut gzip = std::process::Command::new("gzip")
        .args(["-6", "-c"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = gzip.stdin.take().unwrap();
    let html = html.to_owned();
    let writer = std::thread::spawn(move || input.write_all(html.as_bytes()));
    let size = gzip.wait_with_output().unwrap().stdout.len();
    writer.join().unwrap().unwrap();
    size
}
