//! What a request looks at: one snapshot of the ledger, and the checkpoint under which its answer can be proven.

use std::sync::Arc;

use serde_json::Value;

use super::AppState;
use super::problem::Problem;
use crate::anchor::Told;
use crate::ledger::{Detail, Entry, OrgFact, Reader, Record, SubjectFact, keys};
use crate::publish::anchors::AnchorBook;
use crate::publish::{Cosigned, Witnessed};
use crate::sequencer::{Published, Receipt, ReceiptError};
use crate::statement::short_code;
use crate::statement::subject::Subject;
use crate::store::{KeyRange, Read, Snapshot, checkpoints};
use crate::text::{self, Lang};
use crate::verify::collect::Under;

/// Holds a snapshot: make one for a request and drop it with the request.
pub struct View {
    pub reader: Reader<Snapshot>,
    pub under: Under,
    pub(super) anchors: Arc<AnchorBook>,
    /// What anchors are judged by.
    pub(super) told: Told,
    published: Arc<Published>,
    cosigned: Option<Arc<Cosigned>>,
}

impl View {
    pub fn of(state: &AppState) -> Result<View, Problem> {
        let published = state.ledger.published();
        let Some(note) = &published.checkpoint else {
            let why = "the ledger has no checkpoint that it could prove anything under";
            return Err(Problem::new(text::Problem::ReadOnly, why));
        };
        let cosigned = state.cosigned.clone();
        let note = match &cosigned {
            Some(cosigned) => cosigned.with_lines(published.size, note).to_string(),
            None => note.to_string(),
        };
        let (under, reader) = (Under { size: published.size, note }, published.reader());
        let told = state.told(&reader)?;
        Ok(View { reader, under, anchors: state.anchors.clone(), told, published, cosigned })
    }

    /// Whether the policy asks for any witness.
    pub fn wants_witnesses(&self) -> bool {
        self.cosigned.as_ref().is_some_and(|cosigned| cosigned.policy().wants_witnesses())
    }

    /// The newest checkpoint that meets a policy that asks for witnesses.
    pub fn witnessed(&self) -> Option<Witnessed> {
        let cosigned = self.cosigned.as_ref().filter(|_| self.wants_witnesses())?;
        // What was cosigned after this view was taken is for the next one.
        cosigned.witnessed().filter(|witnessed| witnessed.size <= self.published.size)
    }

    /// What witnesses have signed, for those who tell of it.
    pub fn cosigned(&self) -> Option<&Cosigned> {
        self.cosigned.as_deref()
    }

    /// The commit that it looks at, newer than an older checkpoint that it may answer under.
    pub(super) fn published(&self) -> &Published {
        &self.published
    }

    /// The same ledger as of an older checkpoint.
    pub fn at(mut self, size: u64) -> Result<View, Problem> {
        let note = self.note_at(size)?;
        self.under = Under { size, note };
        Ok(self)
    }

    /// The checkpoint that was signed at a size, with the cosignatures that are kept of it.
    pub fn note_at(&self, size: u64) -> Result<String, Problem> {
        let none = || Problem::new(text::Problem::NotProven, format!("no checkpoint was signed at {size}"));
        let note = checkpoints::at(&self.reader.0, size).map_err(Problem::internal)?.ok_or_else(none)?;
        let cosigned = self.cosigned.as_ref().and_then(|cosigned| cosigned.at(size));
        match cosigned {
            Some(cosigned) => Ok(cosigned.note.to_string()),
            None => String::from_utf8(note).map_err(Problem::internal),
        }
    }

    /// A receipt: that this entry is in the log, with its bytes; under the newest checkpoint that meets the witness policy
    /// if that holds the entry, else under the newest.
    pub fn receipt(&self, seq: u64) -> Result<Receipt, Problem> {
        let witnessed = self.witnessed().filter(|witnessed| seq < witnessed.size);
        let receipt = match witnessed {
            Some(Witnessed { size, root, note, .. }) => self.published.receipt_under(seq, size, &root, note),
            None => self.newest_receipt(seq),
        };
        receipt.map_err(|error| match error {
            ReceiptError::NoSuchRecord { size, .. } => {
                Problem::not_found(format!("the log has {size} entries, from 0 on"))
            }
            error => Problem::internal(error),
        })
    }

    fn newest_receipt(&self, seq: u64) -> Result<Receipt, ReceiptError> {
        let Published { size, root, checkpoint, .. } = &*self.published;
        let note = checkpoint.as_ref().ok_or(ReceiptError::NoCheckpoint)?;
        let note = match &self.cosigned {
            Some(cosigned) => cosigned.with_lines(*size, note),
            None => note.clone(),
        };
        self.published.receipt_under(seq, *size, root, note)
    }

    /// The entry's bytes as they stand in the log, if the checkpoint covers them.
    pub fn entry_bytes(&self, seq: u64) -> Result<Vec<u8>, Problem> {
        let none = || Problem::not_found(format!("the log has {} entries, from 0 on", self.under.size));
        if seq >= self.under.size {
            return Err(none());
        }
        self.reader.entry_bytes(seq)?.ok_or_else(|| Problem::internal(format!("entry {seq} is missing")))
    }

    pub fn record(&self, seq: u64) -> Result<Option<Record>, Problem> {
        Ok(match self.reader.entry(seq)? {
            Entry::Record(record) => Some(*record),
            Entry::Map(_) => None,
        })
    }

    /// What a subject is, if the checkpoint covers its beginning.
    pub fn subject(&self, subject: &Subject) -> Result<Option<SubjectFact>, Problem> {
        Ok(self.reader.subject(subject)?)
    }

    /// The name and roles of an organisation, by its bare id.
    pub fn org(&self, id: &str) -> Result<Option<OrgFact>, Problem> {
        let Ok(subject) = Subject::of_org(id) else { return Ok(None) };
        Ok(match self.subject(&subject)? {
            Some(SubjectFact { detail: Detail::Org(org), .. }) => Some(org),
            _ => None,
        })
    }

    /// The name of an organisation in this language, where it is registered in it, else in its own.
    pub fn org_name(&self, id: &str, lang: Lang) -> Result<Option<String>, Problem> {
        let Some(org) = self.org(id)? else { return Ok(None) };
        let english = if lang == Lang::En { self.english_name(id)? } else { None };
        Ok(Some(english.unwrap_or(org.name)))
    }

    /// The newest that a registration or an update says; facts keep no second name.
    fn english_name(&self, id: &str) -> Result<Option<String>, Problem> {
        let Ok(subject) = Subject::of_org(id) else { return Ok(None) };
        for seq in self.reader.chain(&subject, self.under.size)?.into_iter().rev() {
            let Some(record) = self.record(seq)? else { continue };
            let statement = &record.statement;
            let speaks = statement.subject == subject && statement.kind.name.starts_with("org.");
            if let (true, Some(Value::String(name))) = (speaks, statement.data.get("name_en")) {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }

    /// The batch that somebody typed: an id in any case, or a short code.
    pub fn batch_named(&self, typed: &str) -> Result<Subject, Problem> {
        let typed = typed.trim();
        let none = || Problem::not_found(format!("there is no batch {typed}"));
        if let Ok(subject) = Subject::parse(&format!("batch:{}", typed.to_lowercase())) {
            return Ok(subject);
        }
        let code = short_code::read(typed).ok_or_else(none)?;
        let mut batches = self.batches_of_code(&code)?;
        match (batches.pop(), batches.is_empty()) {
            (Some(batch), true) => Ok(batch),
            // Whoever asks for a page is asked which; a program must say which.
            (Some(_), false) => Err(Problem::bad_request(format!("more than one batch has the code {code}"))),
            (None, _) => Err(none()),
        }
    }

    /// The batches that share a short code; nearly always one.
    pub fn batches_of_code(&self, code: &str) -> Result<Vec<Subject>, Problem> {
        let prefix = keys::short_code(code, "");
        let mut batches = Vec::new();
        for pair in self.reader.0.scan(&KeyRange::prefix(prefix.clone())) {
            let (key, _) = pair.map_err(Problem::internal)?;
            let id = String::from_utf8_lossy(&key[prefix.len()..]).into_owned();
            batches.extend(Subject::parse(&format!("batch:{id}")));
        }
        Ok(batches)
    }
}
