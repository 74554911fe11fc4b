//! The layers of a verdict, and what each may come to. Never one word for all of them.

use super::words::table;

table! {
    /// What is checked apart. Ordered as verdicts list them.
    pub enum Layer "layer" {
        Encoding "encoding" "编码" "encoding",
        Signatures "signatures" "签名" "signatures",
        Rights "rights" "权限" "rights",
        Chains "chains" "记录链" "chains",
        Completeness "completeness" "完整性" "completeness",
        Log "log" "日志" "log",
        Freshness "freshness" "新近" "freshness",
        Witnesses "witnesses" "见证" "witnesses",
        Anchors "anchors" "锚定" "anchors",
    }
}

table! {
    pub enum Outcome "outcome" {
        Ok "ok" "通过" "ok",
        Failed "failed" "未通过" "failed",
        NotChecked "not_checked" "未检查" "not checked",
    }
}
