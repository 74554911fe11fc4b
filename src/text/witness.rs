//! What a witness says on its own pages, and what the layers of a verdict mean to somebody who is no expert.

use super::words::table;

table! {
    pub enum WitnessPage "witness" {
        Title "title" "见证方 {name}" "Witness {name}",
        What "what"
            "本站不是任何账本的运营方。它只说明：哪本日志的哪个检查点，它在什么时间看过；同一本日志，它绝不签两种历史。"
            "This is not the operator of any ledger. It says which checkpoint of which log it has seen and when, and never signs two histories of one log.",
        Key "key" "公钥（vkey）" "Key (vkey)",
        Logs "logs" "见证的日志" "Logs that it witnesses",
        NoLogs "no_logs" "尚未配置日志" "No log is configured yet",
        NothingYet "nothing_yet" "尚未签过" "nothing cosigned yet",
        LastSeen "last_seen" "{n} 条记录 · {at}" "{n} entries · {at}",
        CanJudge "can_judge" "可核验其凭证" "its bundles can be checked here",

        VerifyTitle "verify_title" "核验凭证文件" "Have a bundle checked",
        VerifyWhat "verify_what"
            "把产品页面上下载的凭证文件，或遗漏证据（运营方漏掉记录的证明），交给本站，由与运营方无关的一方逐层核验。文件不保存，也不转发。"
            "Give it the evidence file from a product’s page, or evidence of an omission (proof that the operator left a record out). It is checked by somebody who is not the operator. The file is neither kept nor passed on.",
        VerifyFile "verify_file" "凭证文件（.suyuan）或遗漏证据" "Evidence file (.suyuan), or evidence of an omission",
        VerifyButton "verify_button" "核验" "Check",
        Verified "verified" "凭证核验通过" "The evidence is verified",
        NotVerified "not_verified" "凭证未通过核验" "The evidence is NOT verified",
        Condition "condition" "记录表明的批次状况：{condition}" "What the records say of the batch: {condition}",
        AboutBatch "about_batch" "{subject}，账本 {origin}，截至 {n} 条记录" "{subject} in {origin}, as of {n} entries",
        NotABundle "not_a_bundle" "这不是完好的凭证文件" "This is not an intact evidence file",
        UnknownLedger "unknown_ledger" "无法判断" "Cannot judge",
        UnknownLedgerSay "unknown_ledger_say"
            "本见证方没有账本 {origin} 的信任文件。这不说明产品有问题。"
            "This witness has no trust file of the ledger {origin}. This says nothing about the product.",
        ByTrust "by_trust"
            "依据本见证方自己的信任文件判断，创世指纹："
            "Judged by the witness’s own trust file, genesis fingerprint:",
        Layers "layers" "逐层结果" "Layer by layer",
        Proven "proven" "文件所证明的记录" "Records that the file proves",
        MoreRecords "more_records" "另有 {n} 条" "{n} more",
        Absent "absent" "账本中没有这个批次" "There is no such batch in the ledger",

        OwnView "own_view" "本见证方所见" "What this witness has seen",
        OwnSame "own_same"
            "同一个检查点：{n} 条记录，签于 {at}。"
            "The very same checkpoint: {n} entries, cosigned at {at}.",
        OwnOlder "own_older"
            "凭证较旧：本见证方已签到 {n} 条记录（{at}），之后的记录不在凭证里。"
            "The evidence is older: this witness has cosigned {n} entries ({at}); what came after is not in it.",
        OwnNewer "own_newer"
            "凭证较新：本见证方签到 {n} 条记录（{at}）。"
            "The evidence is newer: this witness has cosigned {n} entries ({at}).",
        OwnForked "own_forked"
            "记录条数相同，内容不同：这本日志签了两种历史。下面两份签名检查点就是证据，请保存。"
            "As many entries, and other ones: this log has signed two histories. The two signed checkpoints below are the evidence; keep them.",
        OwnNone "own_none"
            "本见证方还没有签过这本日志。"
            "This witness has cosigned nothing of this log yet.",
    }
}

table! {
    /// What each layer asks, in words for everybody. Ordered as verdicts list them.
    pub enum LayerAsks "layer_asks" {
        Encoding "encoding" "文件完好，只有一种读法" "The file is intact and reads in one way only",
        Signatures "signatures" "每条记录都由写明的人签名" "Every record is signed by those it names",
        Rights "rights" "签名的人有权说这些话" "Those who signed were entitled to say it",
        Chains "chains" "记录首尾相接，没有改动" "The records follow on one another, unchanged",
        Completeness "completeness" "没有遗漏记录（未经复算时，只是运营方的声明）" "No record is left out (unless replayed, only the operator says so)",
        Log "log" "记录都在运营方签过的日志里" "The records are in the log that the operator signed",
        Freshness "freshness" "最近有见证方看过这本日志" "A witness has seen this log lately",
        Witnesses "witnesses" "足够多的见证方看到同一本日志" "Enough witnesses have seen one and the same log",
        Anchors "anchors" "有外部的时间凭证" "There is proof of its age from outside",
    }
}
