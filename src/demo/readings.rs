//! Temperatures of a store or a truck as its logger wrote them, and what a statement says of them.
//!
//! The series are computed, not measured: a set point, a slow swing, a rise where a door stood open, a gap where the
//! logger was silent. What the statement sums up (lowest, highest, minutes out of range) is counted from the series.

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use serde_json::{Value, json};

use super::season::instant;

/// How a store behaved.
pub(super) struct Logger {
    pub(super) sensor: &'static str,
    pub(super) from: DateTime,
    pub(super) minutes_apart: i32,
    pub(super) count: usize,
    /// Around which temperature, in tenths of a degree, as all below.
    pub(super) set: i32,
    pub(super) swing: i32,
    /// (index of the reading, how much warmer): it rises there and falls again over the next readings.
    pub(super) warm_spell: Option<(usize, i32)>,
    /// Readings that never came: first index and how many.
    pub(super) silence: Option<(usize, usize)>,
    /// The upper limit that the store was given.
    pub(super) max: i32,
    /// Oxygen and carbon dioxide beside the temperature, in tenths of a percent.
    pub(super) gases: Option<(i32, i32)>,
}

/// One reading; temperature in tenths of a degree.
struct Reading {
    time: DateTime,
    celsius: i32,
    gases: Option<(i32, i32)>,
}

impl Logger {
    /// What `data.readings` says, without the file's commitment, which its teller puts there.
    pub(super) fn summary(&self) -> Value {
        let readings = self.readings();
        let over = readings.iter().filter(|reading| reading.celsius > self.max).count();
        let silent = self.silence.map_or(0, |(_, missing)| missing);
        let minutes = |count: usize| count as i64 * i64::from(self.minutes_apart);
        let temperatures = || readings.iter().map(|reading| reading.celsius);
        json!({
            "chunk": "",
            "count": readings.len(),
            "from": readings.first().map(|reading| instant(reading.time)),
            "to": readings.last().map(|reading| instant(reading.time)),
            "min": temperatures().min().map(tenths),
            "max": temperatures().max().map(tenths),
            "over_minutes": minutes(over),
            "gap_minutes": minutes(silent),
            "sensor_id": self.sensor,
        })
    }

    /// The file of readings.
    pub(super) fn file(&self) -> Vec<u8> {
        let readings: Vec<Value> = self
            .readings()
            .iter()
            .map(|reading| {
                let mut line = json!({ "time": instant(reading.time), "celsius": tenths(reading.celsius) });
                if let Some((oxygen, carbon_dioxide)) = reading.gases {
                    line["o2_percent"] = json!(tenths(oxygen));
                    line["co2_percent"] = json!(tenths(carbon_dioxide));
                }
                line
            })
            .collect();
        let file = json!({
            "note": "示范数据，由程序生成，不是实测 / demonstration data made by program, not measured",
            "sensor_id": self.sensor,
            "minutes_apart": self.minutes_apart,
            "readings": readings,
        });
        file.to_string().into_bytes()
    }

    /// For the drawing.
    pub(super) fn celsius(&self) -> Vec<f32> {
        self.readings().iter().map(|reading| reading.celsius as f32 / 10.0).collect()
    }

    /// The upper limit, as a statement names it.
    pub(super) fn limit(&self) -> String {
        tenths(self.max)
    }

    pub(super) fn end(&self) -> DateTime {
        self.time(self.count.saturating_sub(1))
    }

    fn readings(&self) -> Vec<Reading> {
        let silent =
            |i: usize| self.silence.is_some_and(|(first, count)| (first..first + count).contains(&i));
        (0..self.count)
            .filter(|i| !silent(*i))
            .map(|i| Reading {
                time: self.time(i),
                celsius: self.set + self.wobble(i, 7.3) + self.warmth(i),
                gases: self
                    .gases
                    .map(|(oxygen, carbon)| (oxygen + self.step(i, 5), carbon + self.step(i, 8))),
            })
            .collect()
    }

    fn time(&self, i: usize) -> DateTime {
        self.from + (i as i64 * i64::from(self.minutes_apart)).minutes()
    }

    fn wobble(&self, i: usize, pace: f64) -> i32 {
        let turn = i as f64 / pace;
        (f64::from(self.swing) * (0.7 * turn.sin() + 0.3 * (turn * 3.1 + 1.0).sin())).round() as i32
    }

    /// Zero or one tenth, in a slow rhythm.
    fn step(&self, i: usize, pace: usize) -> i32 {
        i32::from(i / pace % 2 == 1)
    }

    fn warmth(&self, i: usize) -> i32 {
        match self.warm_spell {
            Some((at, rise)) if i >= at => rise >> (i - at).min(30),
            Some((at, rise)) if i + 1 == at => rise / 2,
            _ => 0,
        }
    }
}

/// `-0.4`, `3`, `12.5`: the one spelling that decimals have.
fn tenths(value: i32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    match (value.abs() / 10, value.abs() % 10) {
        (whole, 0) => format!("{sign}{whole}"),
        (whole, rest) => format!("{sign}{whole}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_summary_is_counted_from_the_file() {
        let logger = Logger {
            sensor: "T-1",
            from: date(2026, 6, 12).at(10, 30, 0, 0),
            minutes_apart: 10,
            count: 48,
            set: 24,
            swing: 6,
            warm_spell: Some((20, 42)),
            silence: Some((30, 3)),
            max: 50,
            gases: None,
        };
        let (summary, file) = (logger.summary(), logger.file());
        let file: Value = serde_json::from_slice(&file).unwrap();
        let readings = file["readings"].as_array().unwrap();
        let celsius = |reading: &Value| reading["celsius"].as_str().unwrap().parse::<f64>().unwrap();
        assert_eq!(summary["count"], readings.len());
        assert_eq!(summary["gap_minutes"], 30);
        assert_eq!(summary["over_minutes"], readings.iter().filter(|r| celsius(r) > 5.0).count() * 10);
        assert!(summary["over_minutes"].as_u64().unwrap() > 0);
        assert_eq!(summary["to"], instant(logger.end()));
    }

    #[test]
    fn decimals_have_their_one_spelling() {
        assert_eq!([0, 30, -4, 125, -20].map(tenths), ["0", "3", "-0.4", "12.5", "-2"]);
    }
}
