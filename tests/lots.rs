//! Lots over HTTP: what is sold too much is told when it is said, and a batch's graph is there as data and picture.
#![cfg(feature = "service")]

#[path = "support/farm.rs"]
mod farm;
#[path = "support/service.rs"]
mod service;

use serde_json::{Value, json};

use farm::{BATCH, Farm, Says, quantity};
use service::{Client, Service};

fn batch_id() -> &'static str {
    BATCH.strip_prefix("batch:").unwrap()
}

fn sale(kg: &str, day: &str) -> Says<'static> {
    Says {
        kind: "sale/1",
        subject: BATCH,
        signer: ("xianda", "platform"),
        occurred_at: "2026-06-20T10:00:00+08:00",
        data: json!({
            "channel": "douyin", "period": {"from": day, "to": day}, "quantity": quantity(kg, "kg"),
        }),
        ..Says::default()
    }
}

fn sell(farm: &mut Farm<Client>, client: &Client, kg: &str, day: &str) -> Value {
    let (envelope, openings) = farm.signed(sale(kg, day));
    let answer = client.submit(&envelope, &openings);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// 「超卖缺货」
#[test]
fn one_kilogram_sold_too_much_is_told_at_once_and_after_a_restart() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.season();
    let client = &service.client;
    assert_eq!(sell(&mut farm, client, "400", "2026-06-18")["alarms"], Value::Null);
    assert_eq!(client.get("/api/v1/alarms").json()["alarms"], json!([]));
    assert!(client.get("/metrics").text().contains("\nsuyuan_alarms_total 0\n"));
    let told = sell(&mut farm, client, "1", "2026-06-19");
    let alarm = &told["alarms"][0];
    assert_eq!(alarm["sort"], "oversold");
    assert_eq!((&alarm["about"], &alarm["holds"]), (&json!(BATCH), &json!(true)));
    assert_eq!((&alarm["seq"], &alarm["leaf"]), (&told["seq"], &told["leaf"]));
    assert!(alarm["zh"].as_str().unwrap().contains("超出 1 公斤"), "{alarm}");
    assert!(alarm["en"].as_str().unwrap().contains("1 kg too much"), "{alarm}");
    assert!(client.get("/metrics").text().contains("\nsuyuan_alarms_total 1\n"));

    let listed = client.get("/api/v1/alarms").json();
    assert_eq!(listed["alarms"], told["alarms"]);
    let service = Service::on(service.stop(), |_| {});
    assert_eq!(service.client.get("/api/v1/alarms").json()["alarms"], listed["alarms"]);
    // Nothing new was raised by starting.
    assert!(service.client.get("/metrics").text().contains("\nsuyuan_alarms_total 0\n"));
}

#[test]
fn lines_of_a_bulk_tell_their_own_alarms() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.season();
    let lines: Vec<String> = [("400", "2026-06-18"), ("2", "2026-06-19"), ("3", "2026-06-20")]
        .into_iter()
        .map(|(kg, day)| {
            let (envelope, openings) = farm.signed(sale(kg, day));
            json!({"envelope": envelope.to_json(), "openings": openings}).to_string()
        })
        .collect();
    let answer =
        service.client.post("/api/v1/statements/bulk", "application/x-ndjson", lines.join("\n").as_bytes());
    let text = answer.text();
    let alarms: Vec<usize> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| line["receipt"]["alarms"].as_array().map_or(0, Vec::len))
        .collect();
    assert_eq!(alarms, [0, 1, 1], "{text}");
    let listed = service.client.get("/api/v1/alarms").json();
    let seqs: Vec<u64> =
        listed["alarms"].as_array().unwrap().iter().map(|alarm| alarm["seq"].as_u64().unwrap()).collect();
    assert!(seqs.len() == 2 && seqs[0] > seqs[1], "the newest first: {seqs:?}");
}

#[test]
fn alarms_come_in_pages() {
    let service = Service::new();
    let mut farm = service.farm();
    farm.season();
    sell(&mut farm, &service.client, "400", "2026-06-18");
    for n in 0..60 {
        sell(&mut farm, &service.client, "1", &format!("2026-{:02}-{:02}", 7 + n / 30, 1 + n % 30));
    }
    let first = service.client.get("/api/v1/alarms").json();
    assert_eq!((first["alarms"].as_array().unwrap().len(), &first["next"]), (50, &json!(10)));
    let second = service.client.get("/api/v1/alarms?cursor=10").json();
    assert_eq!((second["alarms"].as_array().unwrap().len(), &second["next"]), (10, &Value::Null));
}

#[test]
fn the_graph_is_there_as_data_and_as_a_picture() {
    let service = Service::new();
    service.farm().season();
    let client = &service.client;
    let graph = client.get(&format!("/api/v1/batches/{}/graph", batch_id())).json();
    let nodes: Vec<&str> =
        graph["nodes"].as_array().unwrap().iter().map(|node| node["subject"].as_str().unwrap()).collect();
    assert_eq!(nodes, [BATCH, "batch:qingshan.h0613", "crop:qingshan.p1-2026", "plot:qingshan.p1"]);
    assert_eq!(graph["edges"][2]["taken"], json!({"value": 430_000, "base": "g"}));
    assert_eq!(client.get("/api/v1/batches/qingshan.nothing/graph").problem(), "not-found");

    let picture = client.get(&format!("/b/{}/graph.svg?lang=en", batch_id()));
    assert_eq!(picture.header("content-type"), Some("image/svg+xml"));
    assert_eq!(picture.header("content-language"), Some("en"));
    assert!(picture.text().contains("Packed · this lot") && picture.text().contains("山前产地仓"));
    let picture = client.get(&format!("/b/{}/graph.svg", batch_id())).text();
    assert!(picture.contains("包装 · 本批次") && picture.contains("西炉后山三号坡"), "{picture}");
    assert_eq!(client.get("/b/qingshan.nothing/graph.svg").problem(), "not-found");
}
