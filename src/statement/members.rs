//! Reading the members of a JSON object into types, with errors that name the place.
//!
//! Shared by everything of ours with a closed set of members: payloads, envelopes in records, openings, quantities.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::merkle::Hash;

use super::json::pointer_to;
use super::subject::{Subject, SubjectKind};

/// An object that is being read, and where it stands (JSON pointer, empty for the whole document).
#[derive(Debug, Clone)]
pub struct Members<'a> {
    at: String,
    map: &'a Map<String, Value>,
}

/// What is wrong with one member. `at` is its JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    #[error("\"{at}\": {reason}")]
    BadValue { at: String, reason: String },
    #[error("\"{at}\" is empty; what is not used is left out")]
    Empty { at: String },
    #[error("\"{at}\" is missing")]
    Missing { at: String },
    #[error("\"{at}\" has {count} entries, of which {max} at most are allowed")]
    TooMany { at: String, count: usize, max: usize },
    #[error("\"{at}\" is not a member that is known here")]
    Unknown { at: String },
    #[error("\"{at}\" must be {expected}")]
    WrongType { at: String, expected: &'static str },
}

impl MemberError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            MemberError::BadValue { .. } => "bad-value",
            MemberError::Empty { .. } => "empty",
            MemberError::Missing { .. } => "missing-member",
            MemberError::TooMany { .. } => "too-many",
            MemberError::Unknown { .. } => "unknown-member",
            MemberError::WrongType { .. } => "wrong-type",
        }
    }
}

impl<'a> Members<'a> {
    /// Reads `value`, which stands at `at`, as an object.
    pub fn of(value: &'a Value, at: impl Into<String>) -> Result<Members<'a>, MemberError> {
        let at = at.into();
        match value {
            Value::Object(map) => Ok(Members { at, map }),
            _ => Err(MemberError::WrongType { at, expected: "an object" }),
        }
    }

    /// Refuses members that are not in `names`.
    pub fn closed(&self, names: &[&str]) -> Result<(), MemberError> {
        match self.map.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => Err(MemberError::Unknown { at: self.pointer(name) }),
            None => Ok(()),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// The JSON pointer of this object's member `name`.
    pub fn pointer(&self, name: &str) -> String {
        pointer_to(&self.at, name)
    }

    pub fn value(&self, name: &str) -> Result<&'a Value, MemberError> {
        self.map.get(name).ok_or_else(|| MemberError::Missing { at: self.pointer(name) })
    }

    pub fn object(&self, name: &str) -> Result<Members<'a>, MemberError> {
        Members::of(self.value(name)?, self.pointer(name))
    }

    /// The member as the map it is, for what is stored and not read here.
    pub fn map(&self, name: &str) -> Result<&'a Map<String, Value>, MemberError> {
        Ok(self.object(name)?.map)
    }

    pub fn text(&self, name: &str) -> Result<&'a str, MemberError> {
        self.value(name)?.as_str().ok_or_else(|| self.wrong_type(name, "a string"))
    }

    pub fn flag(&self, name: &str) -> Result<bool, MemberError> {
        self.value(name)?.as_bool().ok_or_else(|| self.wrong_type(name, "true or false"))
    }

    /// An integer that is not negative.
    pub fn count(&self, name: &str) -> Result<u64, MemberError> {
        self.value(name)?.as_u64().ok_or_else(|| self.wrong_type(name, "an integer that is not negative"))
    }

    /// The items of an array, each with its JSON pointer.
    pub fn items(
        &self,
        name: &str,
        count_max: usize,
    ) -> Result<impl Iterator<Item = (String, &'a Value)> + use<'a>, MemberError> {
        let at = self.pointer(name);
        let items = self.value(name)?.as_array().ok_or_else(|| self.wrong_type(name, "an array"))?;
        if items.len() > count_max {
            return Err(MemberError::TooMany { at, count: items.len(), max: count_max });
        }
        Ok(items.iter().enumerate().map(move |(index, item)| (pointer_to(&at, &index.to_string()), item)))
    }

    /// A string with a form of its own.
    pub fn parsed<T>(&self, name: &str) -> Result<T, MemberError>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.text(name)?.parse().map_err(|reason: T::Err| self.bad_value(name, reason.to_string()))
    }

    /// A string that `is_good`; `rule` says what that means, as a sentence.
    pub fn checked(
        &self,
        name: &str,
        is_good: impl Fn(&str) -> bool,
        rule: &'static str,
    ) -> Result<String, MemberError> {
        let text = self.text(name)?;
        if is_good(text) { Ok(text.to_owned()) } else { Err(self.bad_value(name, rule)) }
    }

    /// `{"sealed": HASH}`: the commitment to a value that lies beside the ledger.
    pub fn sealed(&self, name: &str) -> Result<Hash, MemberError> {
        let sealed = self.object(name)?;
        sealed.closed(&["sealed"])?;
        sealed.parsed("sealed")
    }

    /// `org:ID`, as the bare id.
    pub fn organisation(&self, name: &str) -> Result<String, MemberError> {
        let subject: Subject = self.parsed(name)?;
        match subject.kind() {
            SubjectKind::Org => Ok(subject.id().to_owned()),
            _ => Err(self.bad_value(name, "an organisation is named as org:ID")),
        }
    }

    pub fn empty(&self, name: &str) -> MemberError {
        MemberError::Empty { at: self.pointer(name) }
    }

    pub fn bad_value(&self, name: &str, reason: impl Into<String>) -> MemberError {
        MemberError::BadValue { at: self.pointer(name), reason: reason.into() }
    }

    /// What `read` makes of the member, where there is one.
    pub fn if_present<T, E>(
        &self,
        name: &str,
        read: impl FnOnce(&Self, &str) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        if self.has(name) { read(self, name).map(Some) } else { Ok(None) }
    }

    fn wrong_type(&self, name: &str, expected: &'static str) -> MemberError {
        MemberError::WrongType { at: self.pointer(name), expected }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_name_the_place() {
        let value = json!({"a": {"x/y": "no", "n": -1, "list": [1, 2, 3]}});
        let outer = Members::of(&value, "").unwrap();
        let inner = outer.object("a").unwrap();
        let wrong = |at: &str, expected| MemberError::WrongType { at: at.to_owned(), expected };
        assert_eq!(outer.text("a"), Err(wrong("/a", "a string")));
        assert_eq!(inner.count("n"), Err(wrong("/a/n", "an integer that is not negative")));
        assert_eq!(inner.flag("n"), Err(wrong("/a/n", "true or false")));
        assert_eq!(inner.text("b"), Err(MemberError::Missing { at: "/a/b".to_owned() }));
        assert_eq!(inner.closed(&["n", "list"]), Err(MemberError::Unknown { at: "/a/x~1y".to_owned() }));
        assert_eq!(inner.parsed::<Hash>("x/y").unwrap_err().code(), "bad-value");
        let too_many = MemberError::TooMany { at: "/a/list".to_owned(), count: 3, max: 2 };
        assert_eq!(inner.items("list", 2).err(), Some(too_many));
        assert_eq!(inner.items("list", 3).unwrap().last().unwrap().0, "/a/list/2");
        assert_eq!(Members::of(&json!([]), "/q").unwrap_err(), wrong("/q", "an object"));
    }
}
