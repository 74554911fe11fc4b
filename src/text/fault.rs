//! What may be wrong with a field, in words.

use super::words::table;

table! {
    pub enum Fault "fault" {
        AtLeast "at_least" "至少要有 {least} 项" "needs at least {least}",
        AtMost "at_most" "最多 {most} 项" "takes at most {most}",
        Missing "missing" "缺少 {names}" "{names} is missing",
        NeedsOneOf "needs_one_of" "至少要有一项:{names}" "needs at least one of {names}",
        NotADay "not_a_day" "没有这一天或这一时刻" "there is no such day or time",
        NotHere "not_here" "此处不可填写" "must not stand here",
        NotOneOf "not_one_of" "只能是:{names}" "must be one of {names}",
        NotQuoted "not_quoted" "出处的原文里没有“{text}”" "the quotation of the source does not say “{text}”",
        NotSealed "not_sealed" "此项须密封,不可明文" "must be sealed, not in clear",
        NotSorted "not_sorted" "须按字节排序且不重复" "must be sorted by bytes, each once",
        Other "other" "不符合要求:{detail}" "does not fit: {detail}",
        Quantity "quantity" "数量不成立:{detail}" "not a quantity: {detail}",
        QuantityValue "quantity_value" "录入数折合 {converted} {base},却写成 {value}"
            "what was entered comes to {converted} {base}, not {value}",
        Range "range" "须在 {least} 到 {most} 之间" "must lie between {least} and {most}",
        Repeated "repeated" "有重复项" "has repeated elements",
        Unknown "unknown" "不认识的成员 {names}" "unknown member {names}",
        WrongForm "wrong_form" "格式不对:{hint}" "wrong form: {hint}",
        WrongType "wrong_type" "类型不对,应为 {type}" "wrong type, must be {type}",
    }
}
