//! Anchors as answers need them: each job of a checkpoint with what its evidence comes to.

use super::problem::Problem;
use super::view::View;
use crate::anchor::{Finding, Told, judge};
use crate::publish::anchors::Job;
use crate::verify::bundle::Bundle;
use crate::verify::collect::Under;

/// A job and its evidence, judged by what this service knows itself: no block is ever confirmed here.
pub struct JudgedJob {
    pub job: Job,
    /// None: there is nothing to show yet.
    pub finding: Option<Finding>,
}

impl JudgedJob {
    fn of(job: Job, told: &Told) -> JudgedJob {
        let evidence = job.evidence.as_ref();
        let finding = evidence.map(|bytes| judge(job.kind.as_str(), 1, bytes, &job.body, told));
        JudgedJob { job, finding }
    }
}

impl View {
    /// Every job at a checkpoint.
    pub fn anchors_at(&self, size: u64) -> Result<Vec<JudgedJob>, Problem> {
        let jobs = self.anchors.at(size).map_err(Problem::internal)?;
        Ok(jobs.into_iter().map(|job| JudgedJob::of(job, &self.told)).collect())
    }

    /// For each kind the job that tells most about the first `covered` entries.
    pub fn anchors_for(&self, covered: u64) -> Result<Vec<JudgedJob>, Problem> {
        let limit = self.published().size;
        let jobs = self.anchors.for_entries(covered, limit).map_err(Problem::internal)?;
        Ok(jobs.into_iter().map(|job| JudgedJob::of(job, &self.told)).collect())
    }

    /// Puts into a bundle what is anchored of it, each beside its checkpoint.
    pub fn anchor(&self, bundle: &mut Bundle) -> Result<(), Problem> {
        let slots = self.anchors.slots(bundle.covered(), self.published().size, &self.told);
        for slot in slots.map_err(Problem::internal)? {
            let checkpoint = Under { size: slot.size, note: self.note_at(slot.size)? };
            bundle.anchor(&self.reader, &checkpoint, slot)?;
        }
        Ok(())
    }
}
