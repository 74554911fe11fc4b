//! The pages as people get them: over a socket, in a browser, off a printed code.
#![cfg(feature = "service")]

#[path = "support/farm.rs"]
mod farm;
#[path = "support/service.rs"]
mod service;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use farm::{BATCH, Says, quantity};
use service::{Answer, Client, Service};

const PAGE: &str = "/b/shanqian.dk0613a";

/// Status line, headers and compressed body of a first answer: what one flight of a new connection carries.
const FIRST_FLIGHT_BYTES_MAX: usize = 14 * 1024;

#[track_caller]
fn shows(answer: &Answer, texts: &[&str]) {
    let html = answer.text();
    for text in texts {
        assert!(html.contains(text), "no {text} in {}\n{html}", answer.status);
    }
}

fn short_code(client: &Client) -> String {
    let summary = client.get("/api/v1/batches/shanqian.dk0613a").json();
    summary["short_code"].as_str().unwrap().to_owned()
}

// -- what is shown -----------------------------------------------------------------------------------------------

#[test]
fn the_page_is_complete_in_a_browser_without_a_script() {
    let service = Service::new();
    service.farm().season();
    let client = &service.client;
    let page = client.get(PAGE);
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("content-language"), Some("zh-CN"));
    assert_no_foreign_script(&page.text());
    let zh =
        ["正常", "仙居东魁杨梅", "西炉后山三号坡", "这是批次码，不能鉴别单件真伪", "尚无见证", "尚未锚定"];
    shows(&page, &zh);
    shows(&page, &["鲜达平台", "suyuan verify shanqian.dk0613a.suyuan --trust trust.json", "og:image"]);
    if let Some(dom) = in_browser(&client.url(&format!("{PAGE}?lang=zh-CN"))) {
        for text in zh {
            assert!(dom.contains(text), "the browser shows no {text}");
        }
        assert!(dom.contains("<details"));
    }
    let en = client.get(&format!("{PAGE}?lang=en"));
    shows(&en, &["<html lang=\"en\">", "Normal", "Not anchored yet", "430 kg"]);
    assert!(en.header("set-cookie").unwrap().starts_with("lang=en; Path=/"));
    shows(&client.get_with(PAGE, ("cookie", "lang=en")), &["<html lang=\"en\">"]);
    shows(&client.get_with(PAGE, ("accept-language", "en-US,en;q=0.9")), &["<html lang=\"en\">"]);
    shows(&client.get_with(PAGE, ("accept-language", "fr")), &["<html lang=\"zh-CN\">"]);
}

#[test]
fn evidence_on_the_page_is_the_ledgers() {
    let service = Service::new();
    let season = service.farm().season();
    let page = service.client.get(PAGE).text();
    let note = service.client.get("/log/latest").text();
    let mut lines = note.lines().skip(1);
    let (size, root) = (lines.next().unwrap(), lines.next().unwrap());
    let root = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, root).unwrap();
    assert!(page.contains(&format!("{size} 条记录")));
    assert!(page.contains(&hex::encode(root)));
    assert!(page.contains(&season.inspection.to_string()), "each entry has its leaf hash");
    let seq = service.client.get("/api/v1/batches/shanqian.dk0613a").json()["chain"][0]["seq"].clone();
    assert!(page.contains(&format!("href=\"/api/v1/records/{seq}\"")));
    let figures: Vec<&str> =
        page.split("href=\"/explore/entry/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(figures.len() >= 4, "each figure leads to its records: {figures:?}");
    for seq in figures {
        assert_eq!(service.client.get(&format!("/explore/entry/{seq}")).status, 200);
    }
    assert_eq!(service.client.get("/api/v1/batches/shanqian.dk0613a/bundle").status, 200);
}

#[test]
fn the_same_address_gives_programs_the_story() {
    let service = Service::new();
    service.farm().season();
    let answer = service.client.get_with(PAGE, ("accept", "application/json"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let story = &answer.json()["story"];
    assert_eq!(story["condition"], "normal");
    assert_eq!(story["product"]["name"], "仙居东魁杨梅");
    assert!(answer.json()["checkpoint"].as_str().unwrap().starts_with(service::ORIGIN));
    let browser = ("accept", "text/html,application/xhtml+xml,application/json;q=0.8,*/*;q=0.5");
    assert!(service.client.get_with(PAGE, browser).text().starts_with("<!doctype html>"));
    let none = service.client.get_with("/b/nobody.nothing", ("accept", "application/json"));
    assert_eq!(none.problem(), "not-found");
}

#[test]
fn a_page_is_asked_for_again_and_not_sent_twice() {
    let service = Service::new();
    let mut farm = service.farm();
    let season = farm.season();
    let first = service.client.get(PAGE);
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    let etag = first.header("etag").unwrap().to_owned();
    let again = service.client.get_with(PAGE, ("if-none-match", &etag));
    assert_eq!((again.status, again.body.len()), (304, 0));
    farm.correct_harvest(season.harvest, "870");
    assert_eq!(service.client.get_with(PAGE, ("if-none-match", &etag)).status, 200);
    let head = format!("HEAD {PAGE} HTTP/1.1\r\nHost: trace.test\r\nConnection: close\r\n\r\n");
    let head = service.client.raw(head.as_bytes());
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    assert_eq!(service.client.post(PAGE, "text/plain", b"").status, 405);
}

#[test]
fn two_hundred_entries_arrive_in_one_flight() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.season();
    for i in 0..200 {
        farm.input(&format!("2026-0{}-{:02}", 3 + i % 3, 1 + i % 28), "2026-06-16T08:00:00+08:00");
    }
    for path in [PAGE.to_owned(), format!("{PAGE}?lang=en")] {
        let bytes = flight(&service.client, &path);
        eprintln!("{path}: {bytes} bytes");
        assert!(bytes <= FIRST_FLIGHT_BYTES_MAX, "{path}: {bytes} bytes");
    }
    shows(&service.client.get(PAGE), &["?all=1#input", "这一阶段还有"]);
    let all = service.client.get(&format!("{PAGE}?all=1")).text();
    assert!(all.matches("class=\"event\"").count() > 200);
}

// -- states ------------------------------------------------------------------------------------------------------

#[test]
fn a_correction_shows_old_and_new() {
    let service = Service::new();
    let mut farm = service.farm();
    let season = farm.season();
    farm.correct_harvest(season.harvest, "870");
    shows(
        &service.client.get(PAGE),
        &["strip corrected", "更正过 1 次", "860 斤（430 公斤） → 870 斤（435 公斤）"],
    );
    shows(&service.client.get(&format!("{PAGE}?lang=en")), &["Corrected", "430 kg → 435 kg"]);
}

#[test]
fn a_failed_test_holds_the_batch_in_red_with_its_reason() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.season();
    farm.inspect("LAB-2026-0615", "fail");
    let page = service.client.get(PAGE);
    shows(&page, &["strip hold", "暂扣", "请先不要食用", "阿维菌素 0.09 毫克/公斤（限量 0.02 毫克/公斤）"]);
    // The strip itself names the unit as well.
    shows(&page, &["阿维菌素 0.09 &#62; 0.02 毫克/公斤"]);
    assert!(page.text().contains("<title>仙居东魁杨梅 · 暂扣"));
}

#[test]
fn a_stolen_key_is_said() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.season();
    farm.add_key("shanqian", "packhouse", "tablet", &["storage"]);
    farm.say(Says {
        kind: "storage/1",
        subject: BATCH,
        signer: ("shanqian", "packhouse"),
        key: Some("tablet"),
        occurred_at: "2026-06-14T05:00:00+08:00",
        data: json!({
            "site": "冷库", "action": "out", "storage_type": "cold", "quantity": quantity("800", "jin"),
        }),
        ..Says::default()
    });
    assert!(service.client.get(PAGE).text().contains("strip normal"));
    farm.revoke("shanqian", "packhouse", "tablet", None);
    shows(
        &service.client.get(PAGE),
        &["strip revoked", "密钥已吊销", "被盗", "签于吊销之前", "密钥后来吊销"],
    );
}

#[test]
fn what_is_not_found_is_grey_and_never_called_fake() {
    let service = Service::new();
    service.farm().season();
    let client = &service.client;
    for path in ["/b/nobody.nothing", "/b/B7SVT2D5NZ", "/b/%E6%9D%A8%E6%A2%85", "/B/X", "/?q=nobody.nothing"]
    {
        let page = client.get(path);
        assert_eq!(page.status, 404, "{path}");
        shows(&page, &["strip unknown", "未查到", "没查到不等于假货", "<form"]);
        assert!(!page.text().contains("strip hold"));
    }
    shows(&client.get("/b/nobody.nothing?lang=en"), &["Not found does not mean fake"]);
    assert_eq!(client.get("/b/nobody.nothing/qr.svg").status, 404);
}

#[test]
fn sealed_values_and_pictures_are_shown_only_as_far_as_they_are_held() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.season();
    let picture = b"\x89PNG\r\n\x1a\n not much of a picture";
    let (attachments, opening) = farm.picture(picture, "image/png", true);
    let commitment = attachments[0]["commitment"].as_str().unwrap().to_owned();
    let storage = Says {
        kind: "storage/1",
        subject: BATCH,
        signer: ("shanqian", "packhouse"),
        occurred_at: "2026-06-14T05:00:00+08:00",
        more: json!({"attachments": attachments}),
        data: json!({
            "site": "冷库", "action": "out", "storage_type": "cold", "quantity": quantity("800", "jin"),
            "note": "门口的备注",
        }),
        ..Says::default()
    };
    let (envelope, mut openings) = farm.signed(storage);
    openings.push(opening);
    assert_eq!(service.client.submit(&envelope, &openings).status, 201);
    shows(&service.client.get(PAGE), &["照片仅存指纹", "AI生成", "门口的备注"]);
    assert!(!service.client.get(PAGE).text().contains("<img src=\"/api/v1/blobs/"));
    let url = format!("/api/v1/blobs/{commitment}");
    assert_eq!(service.client.put(&url, picture).status, 201);
    shows(&service.client.get(PAGE), &[&format!("<img src=\"{url}\""), "loading=\"lazy\"", "AI生成"]);
    let (envelope, _) = farm.signed(Says {
        kind: "storage/1",
        subject: BATCH,
        signer: ("shanqian", "packhouse"),
        occurred_at: "2026-06-14T05:30:00+08:00",
        data: json!({
            "site": "冷库", "action": "in", "storage_type": "cold", "quantity": quantity("800", "jin"),
            "note": "没有公开的备注",
        }),
        ..Says::default()
    });
    assert_eq!(service.client.submit(&envelope, &[]).status, 201);
    let page = service.client.get(PAGE);
    shows(&page, &["未公开（仅存指纹）"]);
    assert!(!page.text().contains("没有公开的备注"));
}

#[test]
fn what_people_write_is_text() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.register("evil", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "farm");
    farm.say(Says {
        kind: "planting/1",
        subject: "batch:evil.b1",
        signer: ("evil", "farm"),
        occurred_at: "2026-03-02T10:00:00+08:00",
        more: json!({"place": {"village": "</title><script>alert(2)</script>"}}),
        data: json!({
            "action": "bagging", "crop": "</style><script>", "variety": "<svg/onload=alert(3)>",
            "quantity": quantity("3", "plant"), "note": "</pre><script>alert(4)</script>",
        }),
        ..Says::default()
    });
    for path in
        ["/b/evil.b1", "/b/evil.b1?lang=en", "/?q=%22%3E%3Cscript%3Ealert(5)%3C/script%3E", "/b/%3Cscript%3E"]
    {
        let html = service.client.get(path).text();
        assert_no_foreign_script(&html);
        for markup in ["<svg/", "<img src=x"] {
            assert!(!html.contains(markup), "{path}: {markup}");
        }
    }
    let policy = service.client.get("/b/evil.b1").header("content-security-policy").unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(!policy.replace("script-src 'self'", "").contains("script-src"), "{policy}");
}

// -- the browser's verifier ----------------------------------------------------------------------------------------

/// What it does in a browser: web/tests/page.test.ts.
#[test]
fn the_verifier_comes_when_asked_for_and_stays() {
    let service = Service::new();
    service.farm().season();
    let client = &service.client;
    let (zh, en) = (client.get("/verify"), client.get("/verify?lang=en"));
    assert_eq!(zh.status, 200);
    let page = client.get(PAGE).text();
    let Some(verifier) = address_in(&page, "/assets/verify.zh-") else {
        eprintln!("built without web/dist: pages go without scripts");
        assert!(!page.contains("<script") && !page.contains("id=\"check\""));
        shows(&zh, &["这个程序没有带上浏览器验证程序", "suyuan verify"]);
        shows(&en, &["built without the browser’s verifier"]);
        return;
    };
    shows(&zh, &[verifier, "<noscript>", "id=\"files\""]);
    shows(&en, &["/assets/verify.en-"]);
    let button = format!("data-script=\"{verifier}\"");
    shows(
        &client.get(PAGE),
        &["id=\"check\" href=\"/api/v1/batches/shanqian.dk0613a/bundle\" download=", &button],
    );
    let loader = address_in(&page, "/assets/loader-").unwrap();
    for (address, bytes_max) in [(verifier, 30 * 1024), (loader, 1_536)] {
        let plain = client.get(address);
        assert_eq!(plain.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"));
        let small = client.get_with(address, ("accept-encoding", "gzip, deflate, br"));
        assert_eq!(small.header("content-encoding"), Some("br"));
        assert!(small.body.len() <= bytes_max, "{address}: {} bytes", small.body.len());
    }
    assert_eq!(client.get("/assets/loader-00000000.js").problem(), "not-found");
}

fn address_in<'a>(html: &'a str, start: &str) -> Option<&'a str> {
    let from = html.find(start)?;
    html[from..].split('"').next()
}

/// Nothing runs but what the program brings itself.
#[track_caller]
fn assert_no_foreign_script(html: &str) {
    let ours = html.matches("<script src=\"/assets/loader-").count();
    assert_eq!(html.matches("<script").count(), ours, "{html}");
}

// -- the front page ----------------------------------------------------------------------------------------------

#[test]
fn the_box_takes_what_people_type() {
    let service = Service::with(|config| config.operator = Some("仙居县农产品溯源中心".into()));
    service.farm().season();
    let client = &service.client;
    let home = client.get("/");
    shows(&home, &["查一查它从哪里来", "仙居县农产品溯源中心", "怎么扫码", "trace.test"]);
    shows(&client.get("/?lang=en"), &["Where does it come from?", "How to scan"]);
    let code = short_code(client);
    let spaced = format!("{}%20{}", &code[..4].to_lowercase(), &code[4..].replace('0', "o"));
    let pasted = format!("https%3A%2F%2Ftrace.test%2FB%2F{code}");
    for typed in [code.as_str(), &spaced, &pasted, "SHANQIAN.DKO613A", "shanqian%E3%80%82dk0613a"] {
        shows(&client.get(&format!("/?q={typed}")), &["仙居东魁杨梅"]);
    }
}

// -- QR ----------------------------------------------------------------------------------------------------------

#[test]
fn a_printed_code_leads_to_the_page() {
    let service = Service::new();
    service.farm().season();
    let client = &service.client;
    let want = format!("HTTPS://TRACE.TEST/B/{}", short_code(client));
    let dir = tempfile::tempdir().unwrap();
    let mut images = Vec::new();
    for query in ["", "?px=240", "?px=1200&ecc=M"] {
        let png = client.get(&format!("{PAGE}/qr.png{query}"));
        assert_eq!(png.header("content-type"), Some("image/png"));
        let file = dir.path().join(format!("{}.png", images.len()));
        std::fs::write(&file, &png.body).unwrap();
        images.push(file);
    }
    let svg = client.get(&format!("{PAGE}/qr.svg"));
    assert_eq!(svg.header("content-type"), Some("image/svg+xml"));
    let drawing = dir.path().join("code.svg");
    std::fs::write(&drawing, &svg.body).unwrap();
    let rasterised = dir.path().join("svg.png");
    let shot = format!("--screenshot={}", rasterised.display());
    let drawn = chromium(&[&shot, "--window-size=300,300", &format!("file://{}", drawing.display())]);
    images.extend(drawn.map(|_| rasterised));
    for image in &images {
        for read in [zbar(image), zxing(image)].into_iter().flatten() {
            assert_eq!(read, want, "{}", image.display());
        }
    }
    let path = want.strip_prefix("HTTPS://TRACE.TEST").unwrap();
    let page = client.get(path);
    assert_eq!(page.status, 200, "without a redirect");
    shows(&page, &["仙居东魁杨梅", "rel=\"canonical\" href=\"https://trace.test/b/shanqian.dk0613a\""]);
    assert_eq!(client.get(&format!("{PAGE}/qr.png?ecc=L")).problem(), "bad-request");
    assert_eq!(client.get(&format!("{PAGE}/qr.png?px=999999999")).status, 200);
}

// -- foreign programs --------------------------------------------------------------------------------------------

/// What a browser makes of a page.
fn in_browser(url: &str) -> Option<String> {
    chromium(&["--dump-dom", url])
}

fn chromium(arguments: &[&str]) -> Option<String> {
    let profile = tempfile::tempdir().unwrap();
    let profile = format!("--user-data-dir={}", profile.path().display());
    let quiet = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        &profile,
    ];
    output("chromium", Command::new("chromium").args(quiet).args(arguments))
}

fn zbar(file: &Path) -> Option<String> {
    output("zbarimg", Command::new("zbarimg").args(["-q", "--raw"]).arg(file))
}

fn zxing(file: &Path) -> Option<String> {
    const SCRIPT: &str = "import sys, zxingcpp, PIL.Image as I\n\
        found = zxingcpp.read_barcodes(I.open(sys.argv[1]).convert('L'))\n\
        print(found[0].text if found else '')";
    let python = std::env::var("SUYUAN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    output("zxing-cpp", Command::new(python).args(["-c", SCRIPT]).arg(file))
}

/// None, said aloud, where the program is not installed; in CI it must be.
fn output(name: &str, command: &mut Command) -> Option<String> {
    match command.output() {
        Ok(output) if output.status.success() => {
            Some(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
        }
        other => {
            let missing = match &other {
                Ok(output) => String::from_utf8_lossy(&output.stderr).contains("No module named"),
                Err(_) => true,
            };
            assert!(missing && std::env::var_os("SUYUAN_CI").is_none(), "{name}: {other:?}");
            eprintln!("skipped because {name} is not installed");
            None
        }
    }
}

/// All bytes that a first request brings, as a phone asks for it.
fn flight(client: &Client, path: &str) -> usize {
    let mut stream = TcpStream::connect(client.address).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: trace.test\r\nAccept-Encoding: gzip, deflate, br\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1_024)]).to_lowercase();
    assert!(head.starts_with("http/1.1 200") && head.contains("content-encoding: gzip"), "{head}");
    bytes.len()
}
