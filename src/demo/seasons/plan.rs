//! What will be said, before anybody says it: drafts in an order of time, naming each other before any has a leaf.

use jiff::ToSpan as _;
use jiff::civil::DateTime;

use crate::demo::draft::Draft;
use crate::statement::kinds::Kind;

/// A step, counted over the whole world.
pub(super) type StepId = usize;

/// One statement to come.
pub(super) struct Step {
    pub(super) draft: Draft,
    /// When it reaches the ledger.
    pub(super) arrives: DateTime,
    /// Member of `data` where the leaf of another step is to stand.
    pub(super) names: Vec<(&'static str, StepId)>,
    /// The step that it corrects, and its kind.
    pub(super) corrects: Option<(StepId, Kind)>,
    /// On its phone's chain.
    pub(super) is_chained: bool,
}

/// A part of the world's steps, in the order in which they were thought of.
pub(super) struct Plan {
    /// The id of the first one.
    pub(super) first: StepId,
    pub(super) steps: Vec<Step>,
}

impl Step {
    /// It reaches the ledger two minutes after it was written down.
    pub(super) fn of(draft: Draft) -> Step {
        let arrives = draft.recorded + 2.minutes();
        Step { draft, arrives, names: Vec::new(), corrects: None, is_chained: false }
    }

    pub(super) fn arriving(mut self, at: DateTime) -> Step {
        self.arrives = at;
        self
    }

    pub(super) fn chained(mut self) -> Step {
        self.is_chained = true;
        self
    }

    pub(super) fn correcting(mut self, step: StepId, kind: Kind) -> Step {
        self.corrects = Some((step, kind));
        self
    }

    pub(super) fn naming(mut self, member: &'static str, step: StepId) -> Step {
        self.names.push((member, step));
        self
    }
}

impl Plan {
    pub(super) fn from(first: StepId) -> Plan {
        Plan { first, steps: Vec::new() }
    }

    pub(super) fn say(&mut self, step: Step) -> StepId {
        self.steps.push(step);
        self.first + self.steps.len() - 1
    }

    /// The id of the step after the last.
    pub(super) fn end(&self) -> StepId {
        self.first + self.steps.len()
    }
}
