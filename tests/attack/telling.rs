//! What is told of one attack: what the attacker did, what was asked, what it said, and whether that is what was due.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::gallery::Attack;
use crate::run::Asked;

/// Lines printed of an answer that was not the expected one.
const LINES_MAX: usize = 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Caught,
    Passed,
    NotStaged,
}

impl Verdict {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Verdict::Caught => "caught",
            Verdict::Passed => "NOT caught",
            Verdict::NotStaged => "not staged",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Verdict::Caught => 0,
            Verdict::Passed => 1,
            Verdict::NotStaged => 2,
        }
    }
}

pub(crate) struct Telling {
    attack: &'static Attack,
    steps: Vec<Step>,
    /// Why it could not be staged.
    broken: Option<String>,
}

enum Step {
    Did(String),
    Note(String),
    Asked(Answer),
}

struct Answer {
    asked: Asked,
    due: Due,
    /// What was expected and does not stand in the answer.
    missing: Vec<String>,
    /// The lines that were expected, as they were said.
    said: Vec<String>,
}

/// What an answer is to show.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    /// That this notices the attack.
    Caught,
    /// That all is well.
    Fine,
    /// That this notices nothing: said aloud, so that nobody believes otherwise.
    Blind,
}

impl Due {
    fn word(self) -> &'static str {
        match self {
            Due::Caught => "caught",
            Due::Fine => "as it should be",
            Due::Blind => "not noticed here",
        }
    }
}

impl Telling {
    pub(crate) fn of(attack: &'static Attack) -> Telling {
        Telling { attack, steps: Vec::new(), broken: None }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.attack.name
    }

    /// What the attacker did.
    pub(crate) fn did(&mut self, what: impl Into<String>) {
        self.steps.push(Step::Did(what.into()));
    }

    /// What others do, or what is to be kept in mind.
    pub(crate) fn note(&mut self, what: impl Into<String>) {
        self.steps.push(Step::Note(what.into()));
    }

    /// Nothing is wrong here, and nothing is said to be: what the attack is to be compared with.
    pub(crate) fn fine(&mut self, asked: Asked, code: i32, lines: &[&str]) {
        self.answer(Due::Fine, asked, code, lines);
    }

    /// This notices it: it answers with `code` and these lines, in which `…` stands for anything.
    pub(crate) fn caught(&mut self, asked: Asked, code: i32, lines: &[&str]) {
        self.answer(Due::Caught, asked, code, lines);
    }

    /// This does not notice it, and nobody says that it does.
    pub(crate) fn blind(&mut self, asked: Asked, code: i32, lines: &[&str]) {
        self.answer(Due::Blind, asked, code, lines);
    }

    fn answer(&mut self, due: Due, asked: Asked, code: i32, lines: &[&str]) {
        let (mut said, mut missing) = (Vec::new(), Vec::new());
        if asked.code != code {
            missing.push(format!("the answer {code} (it was {})", asked.code));
        }
        for line in lines {
            match asked.lines.iter().find(|found| fits(found, line)) {
                Some(found) => said.push(found.clone()),
                None => missing.push((*line).to_owned()),
            }
        }
        self.steps.push(Step::Asked(Answer { asked, due, missing, said }));
    }

    pub(crate) fn could_not(&mut self, error: &anyhow::Error) {
        self.broken = Some(format!("{error:#}"));
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let answers = || self.steps.iter().filter_map(Step::answer);
        if self.broken.is_some() || !answers().any(|answer| answer.due == Due::Caught) {
            return Verdict::NotStaged;
        }
        match answers().all(|answer| answer.missing.is_empty()) {
            true => Verdict::Caught,
            false => Verdict::Passed,
        }
    }

    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let number = crate::gallery::ATTACKS.iter().position(|attack| attack.name == self.attack.name);
        writeln!(out, "\n{}. {}: {}", number.unwrap_or(0) + 1, self.attack.name, self.attack.title)?;
        for step in &self.steps {
            match step {
                Step::Did(what) => writeln!(out, "   he     {what}")?,
                Step::Note(what) => writeln!(out, "          {what}")?,
                Step::Asked(answer) => answer.print(out)?,
            }
        }
        match &self.broken {
            Some(why) => writeln!(out, "   could not be staged: {why}"),
            None => writeln!(out, "   => {}", self.verdict().word()),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let steps: Vec<Value> = self.steps.iter().map(Step::to_json).collect();
        json!({
            "name": self.attack.name, "title": self.attack.title, "verdict": self.verdict().word(),
            "steps": steps, "not_staged": self.broken,
        })
    }
}

impl Step {
    fn answer(&self) -> Option<&Answer> {
        match self {
            Step::Did(_) | Step::Note(_) => None,
            Step::Asked(answer) => Some(answer),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Step::Did(what) => json!({ "did": what }),
            Step::Note(what) => json!({ "note": what }),
            Step::Asked(answer) => json!({
                "asked": answer.asked.what,
                "code": answer.asked.code,
                "said": answer.said,
                "due": answer.due.word(),
                "missing": answer.missing,
            }),
        }
    }
}

impl Answer {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let word = match (self.due, self.missing.is_empty()) {
            (Due::Caught, true) => "CAUGHT",
            (Due::Caught, false) => "NOT CAUGHT",
            (due, true) => due.word(),
            (_, false) => "OTHER THAN EXPECTED",
        };
        writeln!(out, "   asked  {}", self.asked.what)?;
        for line in self.said.iter().flat_map(|said| said.lines()) {
            writeln!(out, "          | {line}")?;
        }
        for line in &self.missing {
            writeln!(out, "          expected, and not said: {line}")?;
        }
        if !self.missing.is_empty() {
            for line in self.asked.lines.iter().take(LINES_MAX) {
                writeln!(out, "          ? {line}")?;
            }
        }
        writeln!(out, "          {word}")
    }
}

/// Whether a line is what was expected, in which `…` stands for anything; spaces between words do not count.
fn fits(line: &str, expected: &str) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (line, expected) = (words(line), words(expected));
    let parts: Vec<&str> = expected.split('…').collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    if parts.len() == 1 {
        return line == expected;
    }
    let Some(mut rest) = line.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    parts[1..parts.len() - 1].iter().all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}
