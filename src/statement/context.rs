//! Where, for whom and how a statement was made: the optional members that every kind may carry.

use crate::merkle::Hash;

use super::members::{MemberError, Members};
use super::subject::{Subject, SubjectKind};
use super::words::words;

/// In characters, for the name of a site or a village.
pub const PLACE_NAME_CHARS_MAX: usize = 100;

/// Where it happened; at least one of these is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub site: Option<String>,
    pub village: Option<String>,
    pub plot: Option<Subject>,
    /// Coordinates are finer than a village, so only their commitment stands here.
    pub gps: Option<Hash>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnBehalfOf {
    /// The bare id of an organisation.
    Org(String),
    /// Somebody without a registration: the sealed value's commitment.
    Sealed(Hash),
}

words! {
    /// How the facts came into the statement.
    Source {
        Import = "import",
        Manual = "manual",
        Sensor = "sensor",
        ThirdParty = "third_party",
    }
}

words! {
    /// Who may be shown what the statement's openings hold.
    Visibility {
        Partners = "partners",
        Public = "public",
        Regulator = "regulator",
    }
}

/// A statement's place in the chain of what its first signer's key signed offline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub n: u64,
    /// Hash of the payload before it in that chain; zeros for the first.
    pub prev: Hash,
}

pub(super) fn read_place(members: &Members<'_>, name: &str) -> Result<Place, MemberError> {
    let place = members.object(name)?;
    place.closed(&["gps", "plot", "site", "village"])?;
    if place.is_empty() {
        return Err(members.empty(name));
    }
    Ok(Place {
        site: place.if_present("site", read_place_name)?,
        village: place.if_present("village", read_place_name)?,
        plot: place.if_present("plot", read_plot)?,
        gps: place.if_present("gps", Members::sealed)?,
    })
}

pub(super) fn read_on_behalf_of(members: &Members<'_>, name: &str) -> Result<OnBehalfOf, MemberError> {
    if members.value(name)?.is_object() {
        members.sealed(name).map(OnBehalfOf::Sealed)
    } else {
        members.organisation(name).map(OnBehalfOf::Org)
    }
}

pub(super) fn read_device(members: &Members<'_>, name: &str) -> Result<Device, MemberError> {
    let device = members.object(name)?;
    device.closed(&["n", "prev"])?;
    let (n, prev) = (device.count("n")?, device.parsed("prev")?);
    if (n == 0) != (prev == Hash::ZERO) {
        let reason = "it is 64 zeros where n is 0, and the hash of the payload before where it is not";
        return Err(device.bad_value("prev", reason));
    }
    Ok(Device { n, prev })
}

fn read_place_name(place: &Members<'_>, name: &str) -> Result<String, MemberError> {
    let text = place.text(name)?;
    if text.is_empty() {
        return Err(place.empty(name));
    }
    if text.chars().count() > PLACE_NAME_CHARS_MAX || text.trim() != text {
        let rule = format!("a name has at most {PLACE_NAME_CHARS_MAX} characters and no space at either end");
        return Err(place.bad_value(name, rule));
    }
    Ok(text.to_owned())
}

fn read_plot(place: &Members<'_>, name: &str) -> Result<Subject, MemberError> {
    let plot: Subject = place.parsed(name)?;
    if plot.kind() != SubjectKind::Plot {
        return Err(place.bad_value(name, "a plot is named as plot:ORG.NAME"));
    }
    Ok(plot)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn refused<T: std::fmt::Debug>(
        read: impl Fn(&Members<'_>, &str) -> Result<T, MemberError>,
        member: Value,
        code: &str,
    ) {
        let value = json!({ "m": member });
        let error = read(&Members::of(&value, "").unwrap(), "m").unwrap_err();
        assert_eq!(error.code(), code, "{value}: {error}");
    }

    #[test]
    fn a_place_says_something_and_nothing_unknown() {
        let hash = "ab".repeat(32);
        let value =
            json!({"m": {"gps": {"sealed": hash}, "plot": "plot:farm.1", "site": "北坡", "village": "村"}});
        let place = read_place(&Members::of(&value, "").unwrap(), "m").unwrap();
        assert_eq!((place.gps, place.site.as_deref()), (hash.parse().ok(), Some("北坡")));
        refused(read_place, json!({}), "empty");
        refused(read_place, json!({"site": ""}), "empty");
        refused(read_place, json!({"city": "x"}), "unknown-member");
        refused(read_place, json!({"plot": "batch:farm.1"}), "bad-value");
        refused(read_place, json!({"gps": "39.8,114.5"}), "wrong-type");
        refused(read_place, json!({"gps": {"sealed": hash, "salt": hash}}), "unknown-member");
        refused(read_place, json!({"site": "x".repeat(101)}), "bad-value");
        refused(read_place, json!({"site": "村\u{3000}"}), "bad-value");
        let longest = json!({"m": {"site": "村".repeat(100)}});
        assert!(read_place(&Members::of(&longest, "").unwrap(), "m").is_ok());
    }

    #[test]
    fn the_first_of_a_device_has_no_predecessor_and_only_the_first() {
        let (zeros, hash) = ("00".repeat(32), "ab".repeat(32));
        for (n, prev) in [(0, &zeros), (1, &hash)] {
            let value = json!({"m": {"n": n, "prev": prev}});
            assert!(read_device(&Members::of(&value, "").unwrap(), "m").is_ok());
        }
        refused(read_device, json!({"n": 0, "prev": hash}), "bad-value");
        refused(read_device, json!({"n": 1, "prev": zeros}), "bad-value");
        refused(read_device, json!({"n": -1, "prev": hash}), "wrong-type");
    }

    #[test]
    fn somebody_else_is_an_organisation_or_sealed() {
        let value = json!({"m": "org:farm"});
        let read = read_on_behalf_of(&Members::of(&value, "").unwrap(), "m");
        assert_eq!(read, Ok(OnBehalfOf::Org("farm".to_owned())));
        refused(read_on_behalf_of, json!("farm"), "bad-value");
        refused(read_on_behalf_of, json!("plot:farm.1"), "bad-value");
        refused(read_on_behalf_of, json!({"sealed": "x"}), "bad-value");
        refused(read_on_behalf_of, json!(null), "wrong-type");
    }
}
