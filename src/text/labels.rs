//! Names of kinds, fields and codes. They stand in the schemas and nowhere else.

use super::Lang;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::statement::schema::Shape;

/// 采收 / Harvest.
pub fn kind(lang: Lang, kind: Kind) -> &'static str {
    // A test of the schemas sees a title in both languages on each.
    Shape::of(kind).title(lang).unwrap_or(kind.name())
}

/// The title of the field at a JSON Pointer into the kind's `data`.
pub fn field(lang: Lang, kind: Kind, pointer: &str) -> Option<&'static str> {
    Shape::of(kind).at(pointer)?.title(lang)
}

/// What people read for the code that stands at a JSON Pointer into the kind's `data`.
pub fn code(lang: Lang, kind: Kind, pointer: &str, code: &str) -> Option<&'static str> {
    Shape::of(kind).at(pointer)?.label(lang, code)
}

/// 检测机构 / laboratory.
pub fn role(lang: Lang, role: Role) -> &'static str {
    // A test holds the schema's labels against the roles.
    Shape::shared("any_role").and_then(|roles| roles.label(lang, role.as_str())).unwrap_or(role.as_str())
}

/// 斤 / jin (500 g).
pub fn unit(lang: Lang, unit: &str) -> Option<&'static str> {
    Shape::shared("unit")?.label(lang, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_schemas() {
        assert_eq!(kind(Lang::Zh, Kind::Harvest), "采收");
        assert_eq!(kind(Lang::En, Kind::Harvest), "Harvest");
        assert_eq!(role(Lang::Zh, Role::Lab), "检测机构");
        assert_eq!(role(Lang::En, Role::Coop), "co-operative");
        assert_eq!(unit(Lang::Zh, "mu"), Some("亩"));
    }

    #[test]
    fn fields_and_codes_are_found_through_arrays_and_shared_shapes() {
        assert_eq!(field(Lang::Zh, Kind::Grading, "/outputs/0/grade"), Some("等级"));
        assert_eq!(field(Lang::En, Kind::Packing, "/inputs/12/quantity/entered"), Some("As entered"));
        assert_eq!(field(Lang::Zh, Kind::Grading, "/outputs/0/nothing"), None);
        assert_eq!(code(Lang::Zh, Kind::Input, "/method", "spray"), Some("喷雾"));
        assert_eq!(code(Lang::Zh, Kind::Packing, "/loss/unit", "jin"), Some("斤"));
        assert_eq!(code(Lang::En, Kind::OrgRegister, "/roles/0", "farm"), Some("farm"));
        assert_eq!(code(Lang::Zh, Kind::Input, "/method", "magic"), None);
    }
}
