//! Pages that lie, and the browser's own verifier.

use super::{TRUST, hold_receipt, verify};
use crate::browser::{Look, looks};
use crate::liar::Liar;
use crate::run;
use crate::stage::{FAILED, GOOD, Stage};
use crate::telling::Telling;

/// The page of a batch with its HTML changed.
fn page(url: &str, lot: &str, change: fn(&str) -> String) -> anyhow::Result<Liar> {
    let path = format!("/b/{lot}");
    Liar::before(url, move |asked, body| {
        let is_page = asked.split('?').next() == Some(path.as_str());
        is_page.then(|| change(&String::from_utf8_lossy(body)).into_bytes())
    })
}

fn english(url: &str, lot: &str) -> Look<'static> {
    Look::Page { url: format!("{url}/b/{lot}?lang=en") }
}

pub(crate) fn page_lies(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    stage.own("page-lies")?;
    let live = &stage.live()?;
    let more = page(live, GOOD, |html| altered(html, "data-f=\"quantity\">", "</", "9999 kg"))?;
    let hidden = page(live, FAILED, |html| {
        let html = html.replace("class=\"strip hold\"", "class=\"strip normal\"");
        let html = cut(&html, "<ul class=\"why\">", "</ul>");
        cut(&html, "<div class=\"test\" data-test", "</section>")
    })?;
    super::history::with_more_fruit(stage, "page-lies/led")?;
    let altered = stage.serve("page-lies/led", &[])?;
    let swapped = {
        let other = run::fetch(&format!("{live}/api/v1/batches/{GOOD}/bundle"))?.1;
        Liar::before(live, move |asked, _| asked.ends_with("/bundle").then(|| other.clone()))?
    };
    let seen = looks(
        stage,
        &[
            english(live, GOOD),
            english(&more.url, GOOD),
            english(&hidden.url, FAILED),
            english(&altered.url, GOOD),
            english(&swapped.url, FAILED),
        ],
    )?;
    let mut seen = seen.into_iter();
    let mut next = || anyhow::Context::context(seen.next(), "a look");
    t.note("the honest page, to compare with:");
    t.fine(next()?, 0, &["The evidence holds"]);
    t.did("writes 9999 kg into the page's HTML");
    t.caught(
        next()?,
        1,
        &[
            "The evidence holds, and this page differs from it",
            "record …, Harvest：The page says “9999 kg”, the evidence “430 kg”",
            "struck out: 9999 kg",
        ],
    );
    t.did("takes the failed test out of the page's HTML, and writes \"normal\" over it");
    t.caught(
        next()?,
        1,
        &[
            "The evidence holds a failed test or a hold that this page does not tell of. …",
            "strip: strip hold: …",
        ],
    );
    t.did("changes the record underneath the server, signs everything anew with the log's key, and serves page and bundle from that");
    t.caught(next()?, 1, &["The evidence is wrong: do not rely on this page", "signatures failed …"]);
    t.did("serves the good batch's evidence under the failed batch's page");
    t.caught(next()?, 1, &["…this is the evidence of another batch: batch:shanqian.p1"]);
    Ok(())
}

/// With what stands between `before` and `after` written over, wherever it stands.
fn altered(html: &str, before: &str, after: &str, by: &str) -> String {
    let mut parts = html.split(before);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |done, part| {
        let rest = part.find(after).map_or(part, |at| &part[at..]);
        format!("{done}{before}{by}{rest}")
    })
}

/// Without the first stretch from `from` up to `to`.
fn cut(html: &str, from: &str, to: &str) -> String {
    match html.split_once(from) {
        Some((before, rest)) => {
            let after = rest.find(to).map_or("", |at| &rest[at..]);
            format!("{before}{after}")
        }
        None => html.to_owned(),
    }
}

pub(crate) fn old_bundle(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    stage.own("serve-old-bundle")?;
    t.did("serves yesterday's page and bundle, from before the test failed");
    let service = stage.serve("yesterday", &["--policy", "policy"])?;
    t.blind(
        verify(stage, "yesterday.bundle", &super::WITNESSED)?,
        0,
        &["completeness ok claimed: …", "verified"],
    );
    let fresh = ["--trust", "trust-w.json", "--require", "freshness", "--max-age", "0s"];
    t.caught(verify(stage, "yesterday.bundle", &fresh)?, 1, &["freshness not checked as of …"]);
    let page = format!("{}/verify", stage.witnesses[0].url);
    let dropped = run::post(&page, "application/json", stage.dir(), "yesterday.bundle")?;
    let newer = format!("own_view.size: {}", stage.size);
    t.caught(dropped, 200, &["own_view.is: older", &newer]);
    t.caught(
        hold_receipt(stage, "failed", &service)?,
        2,
        &["…the service's answer says nothing of the receipt's record: it is older, or of another subject"],
    );
    service.stop()?;
    let live = &stage.live()?;
    let old = std::fs::read(stage.path("yesterday.bundle"))?;
    let liar = Liar::before(live, move |asked, _| asked.ends_with("/bundle").then(|| old.clone()))?;
    t.did("serves yesterday's bundle under today's page");
    for asked in looks(stage, &[english(&liar.url, FAILED)])? {
        t.caught(asked, 1, &["The evidence holds, and this page differs from it"]);
    }
    Ok(())
}

pub(crate) fn invented_code(stage: &Stage, t: &mut Telling) -> anyhow::Result<()> {
    stage.own("invented-code")?;
    t.did("prints the code of a batch that does not exist");
    let live = &stage.live()?;
    t.caught(run::get(&format!("{live}/b/shanqian.p999?lang=en"))?, 404, &[]);
    stage.ok(&["bundle", "shanqian.p999", "--from", live, "--out", "invented-code/p999.bundle"])?;
    t.caught(
        verify(stage, "invented-code/p999.bundle", &TRUST)?,
        0,
        &["there is no such subject in the ledger", "verified"],
    );
    Ok(())
}
