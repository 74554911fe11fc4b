//! The one reading of signed JSON.
//!
//! JavaScript, Python and serde disagree on ambiguous JSON: duplicate members, `1.0`, numbers past 2^53. A text that
//! can be read in two ways says 100 kg in the browser and something else at the auditor's. So what is signed or stored
//! must equal, byte for byte, its own RFC 8785 form, and hold integers only. This module knows no member by name.

use serde_json::Value;
use unicode_normalization::is_nfc;

/// The largest magnitude that every JSON reader keeps exactly: 2^53 − 1.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// How much JSON one document may be. `depth_max` counts nested arrays and objects: `{}` has depth 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub bytes_max: usize,
    /// At most 127, which is where serde_json stops by itself.
    pub depth_max: usize,
}

impl Limits {
    /// What a signed payload may be: 60 KiB, so that its record still fits a log entry of 65,535 bytes.
    pub const PAYLOAD: Limits = Limits { bytes_max: 60 * 1024, depth_max: 16 };
}

/// Why bytes are not canonical JSON. `at` is a JSON pointer into the document, empty for the whole of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    #[error("it starts with a byte order mark, which JSON must not have")]
    ByteOrderMark,
    #[error(
        "it differs from its own RFC 8785 form from byte {offset} on (member order, spaces, escapes or a repeated member)"
    )]
    NotCanonical { offset: usize },
    #[error("it is not JSON: {0}")]
    NotJson(String),
    #[error("it is not UTF-8 from byte {offset} on")]
    NotUtf8 { offset: usize },
    #[error(
        "the number at \"{at}\" is not written as an integer of at most 2^53-1 in size (decimals are strings)"
    )]
    Number { at: String },
    #[error("the text at \"{at}\" {reason}")]
    Text { at: String, reason: TextError },
    #[error("it nests more than {depth_max} arrays and objects")]
    TooDeep { depth_max: usize },
    #[error("it has more than {bytes_max} bytes")]
    TooLarge { bytes_max: usize },
}

impl JsonError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            JsonError::ByteOrderMark => "byte-order-mark",
            JsonError::NotCanonical { .. } => "not-canonical",
            JsonError::NotJson(_) => "not-json",
            JsonError::NotUtf8 { .. } => "not-utf8",
            JsonError::Number { .. } => "number",
            JsonError::Text { .. } => "text",
            JsonError::TooDeep { .. } => "too-deep",
            JsonError::TooLarge { .. } => "too-large",
        }
    }
}

/// Why a string may not stand in a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("holds U+{0:04X}, which a reader cannot see")]
    Invisible(u32),
    #[error("is not in Unicode normalisation form C")]
    NotNfc,
}

/// Reads `bytes` if there is only one way to read them: `canonical(&value) == bytes` holds for the value returned.
pub fn parse_canonical(bytes: &[u8], limits: &Limits) -> Result<Value, JsonError> {
    if bytes.len() > limits.bytes_max {
        return Err(JsonError::TooLarge { bytes_max: limits.bytes_max });
    }
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(JsonError::ByteOrderMark);
    }
    std::str::from_utf8(bytes).map_err(|error| JsonError::NotUtf8 { offset: error.valid_up_to() })?;
    // Counted before parsing, so that no reader's own recursion limit decides.
    if depth(bytes) > limits.depth_max {
        return Err(JsonError::TooDeep { depth_max: limits.depth_max });
    }
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| JsonError::NotJson(error.to_string()))?;
    let again = to_canonical(&value, limits)?;
    if again != bytes {
        let offset = again.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        return Err(JsonError::NotCanonical { offset });
    }
    Ok(value)
}

/// [`parse_canonical`] within the limits of a payload, with [`check_text`] on every string and member name.
pub fn parse_payload_json(bytes: &[u8]) -> Result<Value, JsonError> {
    let value = parse_canonical(bytes, &Limits::PAYLOAD)?;
    check_texts(&value, check_text)?;
    Ok(value)
}

/// The canonical form of a value that was made or came in some other form, if [`parse_canonical`] would read it back.
pub fn to_canonical(value: &Value, limits: &Limits) -> Result<Vec<u8>, JsonError> {
    walk(value, &mut |at, node| match node {
        Value::Number(number) if !is_safe_integer(number) => Err(JsonError::Number { at: at.to_owned() }),
        _ => Ok(()),
    })?;
    let bytes = canonical(value);
    if bytes.len() > limits.bytes_max {
        return Err(JsonError::TooLarge { bytes_max: limits.bytes_max });
    }
    if depth(&bytes) > limits.depth_max {
        return Err(JsonError::TooDeep { depth_max: limits.depth_max });
    }
    Ok(bytes)
}

/// [`check_text`] on every member name, and `string_rule` on every string.
pub fn check_texts(
    value: &Value,
    string_rule: impl Fn(&str) -> Result<(), TextError>,
) -> Result<(), JsonError> {
    walk(value, &mut |at, node| {
        let checked = match node {
            Value::String(text) => string_rule(text),
            Value::Object(members) => members.keys().try_for_each(|name| check_text(name)),
            _ => Ok(()),
        };
        checked.map_err(|reason| JsonError::Text { at: at.to_owned(), reason })
    })
}

/// The RFC 8785 form. Integers past [`INTEGER_MAX`] lose digits here, as in JavaScript, and are then refused on reading.
pub fn canonical(value: &Value) -> Vec<u8> {
    // A `Value` has string keys, no key twice and no NaN, which are all the ways in which this can fail.
    serde_json_canonicalizer::to_vec(value).expect("a JSON value has a canonical form")
}

/// The string rule: form C, and none of the characters that hide, reorder or break text on a screen.
pub fn check_text(text: &str) -> Result<(), TextError> {
    if let Some(hidden) = text.chars().find(|c| is_invisible(*c)) {
        return Err(TextError::Invisible(hidden.into()));
    }
    if is_nfc(text) { Ok(()) } else { Err(TextError::NotNfc) }
}

/// What stands at `pointer` (RFC 6901). Each place has one pointer: `~` only as `~0` or `~1`, no index with a leading zero.
pub fn resolve<'a>(root: &'a Value, pointer: &str) -> Option<&'a Value> {
    let escapes = pointer.split('~').skip(1);
    let well_escaped = escapes.into_iter().all(|rest| rest.starts_with(['0', '1']));
    if well_escaped { root.pointer(pointer) } else { None }
}

/// Calls `visit` with each value in the document, outer ones first, and with its JSON pointer.
pub fn walk<E>(root: &Value, visit: &mut impl FnMut(&str, &Value) -> Result<(), E>) -> Result<(), E> {
    walk_from(&mut String::new(), root, visit)
}

/// The pointer of `member` in the object or array at `parent` (RFC 6901).
pub fn pointer_to(parent: &str, member: &str) -> String {
    format!("{parent}/{}", member.replace('~', "~0").replace('/', "~1"))
}

fn walk_from<E>(
    at: &mut String,
    node: &Value,
    visit: &mut impl FnMut(&str, &Value) -> Result<(), E>,
) -> Result<(), E> {
    visit(at, node)?;
    let parent_len = at.len();
    match node {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push_str(&pointer_to("", &index.to_string()));
                walk_from(at, item, visit)?;
                at.truncate(parent_len);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                at.push_str(&pointer_to("", name));
                walk_from(at, member, visit)?;
                at.truncate(parent_len);
            }
        }
        _ => {}
    }
    Ok(())
}

/// How deep brackets nest outside of strings. Right for JSON; for anything else the parser speaks next.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// `-0`, `1.0` and `1e2` are read as floating point by serde_json, so they are no integers here either.
fn is_safe_integer(number: &serde_json::Number) -> bool {
    match (number.as_u64(), number.as_i64()) {
        (Some(n), _) => n <= INTEGER_MAX,
        (None, Some(n)) => n.unsigned_abs() <= INTEGER_MAX,
        (None, None) => false,
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1F}'
        | '\u{7F}'..='\u{9F}'
        | '\u{AD}'
        | '\u{61C}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    const ROOMY: Limits = Limits { bytes_max: 1 << 20, depth_max: 64 };

    #[track_caller]
    fn refused(text: &str, code: &str) {
        match parse_canonical(text.as_bytes(), &ROOMY) {
            Ok(value) => panic!("{text:?} was read as {value}"),
            Err(error) => assert_eq!(error.code(), code, "{text:?}: {error}"),
        }
    }

    #[test]
    fn canonical_text_is_read_and_anything_else_is_refused() {
        for good in ["{}", "[]", r#"{"a":1,"b":[true,null,"x"]}"#, "0", "-1", r#""é""#, r#""\n""#] {
            let value = parse_canonical(good.as_bytes(), &ROOMY).unwrap();
            assert_eq!(canonical(&value), good.as_bytes());
        }
        for spelling in [
            "{} ",
            " {}",
            "{}\n",
            r#"{"b":1,"a":2}"#,
            r#"{"a":1, "b":2}"#,
            r#""\u00e9""#,
            r#""\/""#,
            r#""\u000a""#,
        ] {
            refused(spelling, "not-canonical");
        }
        refused(r#"{"a":1,"a":1}"#, "not-canonical");
        refused(r#"{"a":1,"a":2}"#, "not-canonical");
        for broken in
            ["", "{", "{}{}", "{'a':1}", "[1,]", "nul", r#""\ud800""#, r#""\udc00\ud800""#, "01", "+1", "NaN"]
        {
            refused(broken, "not-json");
        }
        refused("\u{FEFF}{}", "byte-order-mark");
        assert_eq!(parse_canonical(b"\"\xFF\"", &ROOMY), Err(JsonError::NotUtf8 { offset: 1 }));
        // An overlong "/" and a surrogate half in UTF-8: lax readers take both.
        assert_eq!(parse_canonical(b"\"\xC0\xAF\"", &ROOMY), Err(JsonError::NotUtf8 { offset: 1 }));
        assert_eq!(parse_canonical(b"\"\xED\xA0\x80\"", &ROOMY), Err(JsonError::NotUtf8 { offset: 1 }));
    }

    #[test]
    fn numbers_are_plain_integers_of_at_most_53_bits() {
        for good in ["9007199254740991", "-9007199254740991", "0"] {
            assert!(parse_canonical(good.as_bytes(), &ROOMY).is_ok(), "{good}");
        }
        for bad in [
            "9007199254740992",
            "-9007199254740992",
            "18446744073709551615",
            "18446744073709551616",
            "-0",
            "1.0",
            "1.5",
            "1e2",
            "1E2",
            "1e-7",
            "0.1",
        ] {
            refused(bad, "number");
        }
        assert_eq!(
            parse_canonical(br#"{"a/b":[0,1e2]}"#, &ROOMY),
            Err(JsonError::Number { at: "/a~1b/1".to_owned() })
        );
    }

    #[test]
    fn depth_and_size_are_allowed_up_to_the_limit_and_not_past_it() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let limits = Limits { bytes_max: 32, depth_max: 16 };
        assert!(parse_canonical(nested(16).as_bytes(), &limits).is_ok());
        let roomy = Limits { bytes_max: 1 << 20, ..limits };
        assert_eq!(parse_canonical(nested(17).as_bytes(), &roomy), Err(JsonError::TooDeep { depth_max: 16 }));
        assert_eq!(
            parse_canonical(nested(100_000).as_bytes(), &roomy),
            Err(JsonError::TooDeep { depth_max: 16 })
        );
        assert_eq!(parse_canonical(&[b' '; 33], &limits), Err(JsonError::TooLarge { bytes_max: 32 }));
        // Brackets in strings do not nest, whatever is escaped there; those after a string do.
        let in_string = format!(r#""\"{}""#, "[".repeat(17));
        assert!(parse_canonical(in_string.as_bytes(), &limits).is_ok());
        let after_string = format!(r#"["\\",{}]"#, nested(16));
        assert_eq!(
            parse_canonical(after_string.as_bytes(), &roomy),
            Err(JsonError::TooDeep { depth_max: 16 })
        );
        assert_eq!(Limits::PAYLOAD, Limits { bytes_max: 61_440, depth_max: 16 });
    }

    #[test]
    fn every_forbidden_code_point_is_refused_and_its_neighbours_are_not() {
        let ranges = [
            (0x00, 0x1F),
            (0x7F, 0x9F),
            (0xAD, 0xAD),
            (0x61C, 0x61C),
            (0x180E, 0x180E),
            (0x200B, 0x200F),
            (0x2028, 0x202E),
            (0x2060, 0x206F),
            (0xFEFF, 0xFEFF),
            (0xFFF9, 0xFFFB),
            (0xE0000, 0xE007F),
        ];
        let forbidden = |code: u32| ranges.iter().any(|(first, last)| (*first..=*last).contains(&code));
        for code in 0..=0x10FFFF {
            let Some(c) = char::from_u32(code) else { continue };
            assert_eq!(is_invisible(c), forbidden(code), "U+{code:04X}");
        }
        assert_eq!(check_text("张家口·蔚县 🍎️"), Ok(()));
        assert_eq!(check_text("e\u{301}"), Err(TextError::NotNfc));
        assert_eq!(
            check_text("\u{212B}"),
            Err(TextError::NotNfc),
            "the ångström sign is a second spelling of Å"
        );
        assert_eq!(check_text("a\u{200B}"), Err(TextError::Invisible(0x200B)));
    }

    #[test]
    fn the_text_rule_covers_member_names_too() {
        assert_eq!(
            parse_payload_json("{\"a\":{\"e\u{301}\":1}}".as_bytes()),
            Err(JsonError::Text { at: "/a".to_owned(), reason: TextError::NotNfc })
        );
        assert_eq!(
            parse_payload_json("{\"a\":[\"\u{202E}\"]}".as_bytes()),
            Err(JsonError::Text { at: "/a/0".to_owned(), reason: TextError::Invisible(0x202E) })
        );
    }

    #[test]
    fn a_pointer_leads_to_one_place_and_a_place_has_one_pointer() {
        // The examples of RFC 6901 §5.
        let text =
            r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        for (pointer, want) in
            [("/foo/0", "\"bar\""), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"), ("/i\\j", "5"), ("/m~0n", "8")]
        {
            assert_eq!(resolve(&value, pointer).unwrap().to_string(), want, "{pointer}");
        }
        assert_eq!(resolve(&value, ""), Some(&value));
        for bad in [
            "foo", "/foo/2", "/foo/00", "/foo/+1", "/foo/-", "/foo/0/", "/m~n", "/m~2n", "/a/b", "/x",
            "/foo~",
        ] {
            assert_eq!(resolve(&value, bad), None, "{bad}");
        }
        walk(&value, &mut |at, node| {
            assert_eq!(resolve(&value, at), Some(node));
            Ok::<(), ()>(())
        })
        .unwrap();
    }

    #[test]
    fn rfc_8785_vectors() {
        for (name, input) in vectors::json_files("jcs/input") {
            let want = std::fs::read(vectors::path(&format!("jcs/output/{name}"))).unwrap();
            assert_eq!(canonical(&input), want, "{name}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-(INTEGER_MAX as i64)..=INTEGER_MAX as i64).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_the_same(value in any_json()) {
            prop_assert_eq!(parse_canonical(&canonical(&value), &ROOMY), Ok(value));
        }

        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(value) = parse_canonical(&bytes, &ROOMY) {
                prop_assert_eq!(canonical(&value), bytes);
            }
        }
    }
}
