//! Counts for operators, in the plain text form that Prometheus reads. Nothing here names a person or an address.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the buckets of request times.
const BUCKETS_MS: [u64; 8] = [1, 5, 10, 50, 100, 500, 1_000, 5_000];

/// What the service has counted since it started.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// By method, route pattern and status.
    requests: BTreeMap<(String, String, u16), u64>,
    /// The last is without bound.
    times: [u64; BUCKETS_MS.len() + 1],
    times_sum_us: u128,
    appended: u64,
    alarms: u64,
    repeated: u64,
    /// By the name of the problem.
    refused: BTreeMap<String, u64>,
}

/// What is read at the moment of asking.
pub struct Gauges {
    pub log_size: u64,
    pub queue_length: u64,
    pub writable: bool,
    /// Free bytes on the fullest of the ledger's disks, where they are watched.
    pub disk_free: Option<u64>,
    /// Of a mirror: whether it goes on with its ledger.
    pub follows: Option<bool>,
    /// Entries of the newest checkpoint that meets the witness policy; None: no witness is asked for.
    pub witnessed_size: Option<u64>,
    /// Each witness's key, and entries of the checkpoint that it cosigned last.
    pub witnesses: Vec<(String, u64)>,
    /// Each kind of anchor that there is, and entries of the newest checkpoint that has a finished one.
    pub anchored: Vec<(&'static str, u64)>,
}

impl Metrics {
    /// `route` is the pattern, never the path: the number of series stays small.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.with(|counts| {
            *counts.requests.entry((method.to_owned(), route.to_owned(), status)).or_default() += 1;
            let took_ms = took.as_millis();
            let bucket = BUCKETS_MS.iter().position(|bound| took_ms <= u128::from(*bound));
            counts.times[bucket.unwrap_or(BUCKETS_MS.len())] += 1;
            counts.times_sum_us += took.as_micros();
        });
    }

    pub fn appended(&self) {
        self.with(|counts| counts.appended += 1);
    }

    /// Figures stopped adding up.
    pub fn alarm(&self) {
        self.with(|counts| counts.alarms += 1);
    }

    /// The same statement again.
    pub fn repeated(&self) {
        self.with(|counts| counts.repeated += 1);
    }

    pub fn refused(&self, problem: &str) {
        self.with(|counts| *counts.refused.entry(problem.to_owned()).or_default() += 1);
    }

    /// The text form, version 0.0.4.
    pub fn text(&self, gauges: &Gauges) -> String {
        self.with(|counts| counts.text(gauges))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Counts) -> T) -> T {
        // Counts are whole after every step, so a panic elsewhere while counting leaves them usable.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Counts {
    fn text(&self, gauges: &Gauges) -> String {
        let mut out = String::new();
        let mut head = |name: &str, kind: &str, help: &str, lines: &[String]| {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
            lines.iter().for_each(|line| {
                let _ = writeln!(out, "{name}{line}");
            });
        };
        let requests = self.requests.iter().map(|((method, route, status), count)| {
            format!("{{method=\"{method}\",route=\"{}\",status=\"{status}\"}} {count}", escape(route))
        });
        head("suyuan_requests_total", "counter", "Requests answered.", &requests.collect::<Vec<_>>());
        head("suyuan_request_seconds", "histogram", "Time to the answer.", &self.times());
        head("suyuan_appended_total", "counter", "Statements appended.", &[format!(" {}", self.appended)]);
        head(
            "suyuan_alarms_total",
            "counter",
            "Alarms raised: figures of lots that do not add up.",
            &[format!(" {}", self.alarms)],
        );
        head(
            "suyuan_repeated_total",
            "counter",
            "Statements that were in the ledger already.",
            &[format!(" {}", self.repeated)],
        );
        let refused = self.refused.iter().map(|(code, count)| format!("{{problem=\"{code}\"}} {count}"));
        head("suyuan_refused_total", "counter", "Statements refused.", &refused.collect::<Vec<_>>());
        head("suyuan_log_size", "gauge", "Entries in the log.", &[format!(" {}", gauges.log_size)]);
        head(
            "suyuan_queue_length",
            "gauge",
            "Statements waiting for the writer.",
            &[format!(" {}", gauges.queue_length)],
        );
        let writable = u8::from(gauges.writable);
        head(
            "suyuan_writable",
            "gauge",
            "1 while the ledger takes statements, 0 while it is read-only.",
            &[format!(" {writable}")],
        );
        if let Some(follows) = gauges.follows {
            let help = "1 while this copy goes on with its ledger, 0 while it stands still.";
            head("suyuan_follows", "gauge", help, &[format!(" {}", u8::from(follows))]);
        }
        if let Some(free) = gauges.disk_free {
            let help = "Free bytes on the fullest of the ledger's disks.";
            head("suyuan_disk_free_bytes", "gauge", help, &[format!(" {free}")]);
        }
        if let Some(size) = gauges.witnessed_size {
            let help = "Entries of the newest checkpoint that meets the witness policy.";
            head("suyuan_witnessed_size", "gauge", help, &[format!(" {size}")]);
        }
        if !gauges.witnesses.is_empty() {
            let each =
                gauges.witnesses.iter().map(|(key, size)| format!("{{witness=\"{}\"}} {size}", escape(key)));
            let help = "Entries of the checkpoint that this witness cosigned last.";
            head("suyuan_witness_cosigned_size", "gauge", help, &each.collect::<Vec<_>>());
        }
        if !gauges.anchored.is_empty() {
            let each = gauges.anchored.iter().map(|(kind, size)| format!("{{kind=\"{kind}\"}} {size}"));
            let help = "Entries of the newest checkpoint that has a finished anchor of this kind.";
            head("suyuan_anchored_size", "gauge", help, &each.collect::<Vec<_>>());
        }
        out
    }

    fn times(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut below = 0;
        for (bound, count) in BUCKETS_MS.iter().zip(self.times) {
            below += count;
            lines.push(format!("_bucket{{le=\"{}\"}} {below}", *bound as f64 / 1_000.0));
        }
        let all: u64 = self.times.iter().sum();
        lines.push(format!("_bucket{{le=\"+Inf\"}} {all}"));
        lines.push(format!("_sum {}", self.times_sum_us as f64 / 1e6));
        lines.push(format!("_count {all}"));
        lines
    }
}

fn escape(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_out_in_the_text_form() {
        let metrics = Metrics::default();
        metrics.request("GET", "/b/{id}", 200, Duration::from_millis(3));
        metrics.request("GET", "/b/{id}", 200, Duration::from_secs(9));
        metrics.appended();
        metrics.refused("right");
        let text = metrics.text(&Gauges {
            log_size: 7,
            queue_length: 2,
            writable: true,
            follows: Some(false),
            witnessed_size: Some(5),
            disk_free: Some(1 << 30),
            witnesses: vec![("w1+aa+bb".to_owned(), 6)],
            anchored: vec![("ots", 4)],
        });
        for line in [
            "suyuan_requests_total{method=\"GET\",route=\"/b/{id}\",status=\"200\"} 2",
            "suyuan_request_seconds_bucket{le=\"0.001\"} 0",
            "suyuan_request_seconds_bucket{le=\"0.005\"} 1",
            "suyuan_request_seconds_bucket{le=\"+Inf\"} 2",
            "suyuan_request_seconds_count 2",
            "suyuan_appended_total 1",
            "suyuan_refused_total{problem=\"right\"} 1",
            "suyuan_log_size 7",
            "suyuan_queue_length 2",
            "suyuan_writable 1",
            "suyuan_follows 0",
            "suyuan_witnessed_size 5",
            "suyuan_disk_free_bytes 1073741824",
            "suyuan_witness_cosigned_size{witness=\"w1+aa+bb\"} 6",
            "suyuan_anchored_size{kind=\"ots\"} 4",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
