//! What produce goes through, and what can be said of a batch.

use super::words::table;

table! {
    /// Where in the life of a batch something happened, in the order in which it usually does.
    pub enum Stage "stage" {
        Planting "planting" "种植" "Growing",
        Input "input" "用药施肥" "Field inputs",
        Harvest "harvest" "采收" "Harvest",
        Inspection "inspection" "抽样检测" "Sampling and tests",
        Packing "packing" "分级包装" "Grading and packing",
        Processing "processing" "加工" "Processing",
        Storage "storage" "产地仓" "Storage",
        Transport "transport" "运输" "Transport",
        Arrival "arrival" "到货" "Arrival",
        Sale "sale" "销售" "Sale",
        Oversight "oversight" "把关与处置" "Sign-offs and holds",
    }
}

table! {
    /// What a batch's records come to, the gravest last.
    pub enum Condition "condition" {
        Normal "normal" "正常" "Normal",
        Corrected "corrected" "更正过" "Corrected",
        Incomplete "incomplete" "资料不全" "Incomplete",
        SignerRevoked "signer_revoked" "密钥已吊销" "Key revoked",
        Hold "hold" "暂扣" "On hold",
        Withdrawn "withdrawn" "批次已撤回" "Withdrawn",
    }
}

table! {
    /// How much an entry's word is worth.
    pub enum Standing "standing" {
        ThirdParty "third_party" "第三方" "Third party",
        Recorded "recorded" "已记录" "Recorded",
    }
}

table! {
    /// What became of the key that signed an entry.
    pub enum KeyStanding "key" {
        Good "good" "密钥有效" "key in use",
        Retired "retired" "密钥后来停用" "key later retired",
        Revoked "revoked" "密钥后来吊销" "key later revoked",
        Suspect "suspect" "密钥失窃之后所签" "signed after the key was stolen",
        Unknown "unknown" "密钥情况不明" "key state unknown",
    }
}

table! {
    /// Amounts and the words between them.
    pub enum Amount "amount" {
        Days "days" "{n} 天" "{n} d",
        Hours "hours" "{n} 小时" "{n} h",
        Minutes "minutes" "{n} 分钟" "{n} min",
        Each "each" "每{unit} {mass}" "{mass} each ({unit})",
        Yes "yes" "是" "yes",
        No "no" "否" "no",
        Sealed "sealed" "未公开（仅存指纹）" "not public (only a fingerprint is kept)",
        And "and" "、" ", ",
    }
}
