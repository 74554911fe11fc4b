//! What the browser's own verifier says: to somebody with a cucumber in the hand, not to an auditor.

use super::words::table;

table! {
    pub enum Check "check" {
        Start "start" "我要自己验证" "Check it yourself",
        Running "running" "正在本机验证…" "Checking on this device…",
        Verified "verified" "凭证验证通过" "The evidence holds",
        PageDiffers "page_differs" "凭证成立，本页与凭证不符" "The evidence holds, and this page differs from it",
        NotVerified "not_verified" "没有全部验证，不能算通过" "Not everything could be checked: this is no proof",
        Failed "failed" "凭证有问题，请不要相信本页" "The evidence is wrong: do not rely on this page",
        Trouble "trouble" "没能验证：{why}" "Could not check: {why}",
        Took "took"
            "{records} 条记录，取自 {entries} 条的总账；本机用时 {ms} 毫秒，签名由{engine}验算。"
            "{records} records out of a log of {entries}; {ms} ms on this device; signatures checked by {engine}.",
        EngineOfBrowser "webcrypto" "浏览器内置算法" "the browser’s own code",
        EngineOfPage "noble" "网页自带算法" "code that came with the page",

        // What each layer means.
        Encoding "encoding" "凭证文件只有一种读法，没有夹带。" "The evidence reads one way only and hides nothing.",
        Signatures "signatures"
            "每条记录都由登记的密钥签名，签名后一字未改。"
            "Every record is signed by a registered key and has not been changed since.",
        Rights "rights"
            "签名的人当时有权这样写：检测结果由有资格的机构签，农事由种植者签。"
            "Whoever signed had the right to: growers about their crops, laboratories about tests.",
        Chains "chains"
            "每个批次、地块、机构的记录首尾相接，没有插队和倒填。"
            "The records of each lot, plot and organisation join on; none is slipped in or moved back in time.",
        Completeness "completeness"
            "运营方签名声明这里没有漏掉任何一条；独立见证复算过才算证明。"
            "The operator has signed that no record is left out; only an independent witness’s replay would prove it.",
        CompletenessReplayed "completeness_replayed"
            "没有遗漏：独立见证从第一条起逐条复算到这里，与运营方签名的索引一致。复算过的有 {k} 家：{names}。"
            "Nothing is left out: worked through from the first record up to here by independent witnesses, who came to what the operator signed. So many have: {k} ({names}).",
        Log "log"
            "这些记录都在运营方签过名的同一本总账里。"
            "All these records are in the one log that the operator has signed.",
        Freshness "freshness"
            "有独立见证在一天内看过这本账。"
            "An independent witness has seen this log within a day.",
        Witnesses "witnesses"
            "有足够多的独立见证为同一本账签名。"
            "Enough independent witnesses have signed the same log.",
        Anchors "anchors"
            "账本状态另存在公开的地方。"
            "The state of the log is kept in a public place too.",

        Unconfirmed "unconfirmed" "还没有确认：{what}" "Not confirmed: {what}",
        Untrue "untrue" "不成立：{what}" "Not so: {what}",

        // What became of the page.
        Agrees "agrees" "本页已按凭证逐项核对，{n} 处一致。" "This page was compared with the evidence: {n} facts agree.",
        Differs "differs" "本页有 {n} 处与凭证不符：" "{n} facts on this page are not what the evidence says:",
        NotInEvidence "not_in_evidence" "凭证里没有（已划去）：{what}" "Not in the evidence (struck out): {what}",
        OtherInEvidence "other_in_evidence" "本页写“{page}”，凭证里是“{evidence}”" "The page says “{page}”, the evidence “{evidence}”",
        NotOnPage "not_on_page" "凭证里有，本页没有写：{what}" "In the evidence and not on this page: {what}",
        HoldFound "hold_found"
            "凭证里有不合格检测或暂扣，本页没有这样写。请先不要食用，并联系卖家。"
            "The evidence holds a failed test or a hold that this page does not tell of. Please do not eat it yet and contact the seller.",
        Lifted "lifted" "凭证里有不合格检测或暂扣，后有解除记录。" "The evidence holds a failed test or a hold, and a later release.",
        Absent "absent" "已证明：这本账里没有 {subject}。" "Proven: this log holds no {subject}.",
        RecordNo "record_no" "第 {seq} 条 {kind}" "record {seq}, {kind}",

        // What it is worth.
        Served "served"
            "验证程序和日志公钥都由 {host} 提供。网页自己验证自己，证明力很有限：要作假的网站也能让这里显示“通过”。更可靠的办法："
            "This program and the log’s key both came from {host}. A page that checks itself proves little: a site that cheats could show “holds” here too. To be sure:",
        ServedFile "served_file"
            "验证程序由 {host} 提供，信任文件由你自己选定。请确认提供程序的不是被查的一方。"
            "This program came from {host}; you chose the trust file yourself. Make sure that whoever serves the program is not the one to be checked.",
        WayElsewhere "way_elsewhere"
            "下载凭证文件，在别家网站的 /verify 页面打开，信任文件从运营方公布的其他渠道取得。"
            "Download the evidence and open it on the /verify page of somebody else’s site, with a trust file from another place where the operator publishes it.",
        WayWitness "way_witness"
            "交给与运营方无关的见证方核验（信任文件里写明的）："
            "Have it checked by a witness, who is not the operator; the trust file names:",
        WitnessPage "witness_page" "{name} 的核验页（{host}）" "verify page of {name} ({host})",
        WayCli "way_cli" "或在自己的电脑上运行：{command}" "Or run on your own computer: {command}",
        Raw "raw" "原始数据" "Raw data",
        LogKey "log_key" "日志公钥" "Log key",
        Genesis "genesis" "创世指纹" "Genesis fingerprint",

        // Evidence of an omission.
        OmissionShown "omission_shown"
            "证据成立：运营方的签名自相矛盾"
            "The evidence holds: the operator’s own signatures contradict each other",
        OmissionNotShown "omission_not_shown"
            "证据不成立：它没有说明任何问题"
            "The evidence does not hold: it shows nothing",
        OmissionEntry "omission_entry"
            "账本第 {seq} 条不是合格的条目，运营方却为它签了名。"
            "Entry {seq} of the log is no proper entry, and the operator has signed it.",
        OmissionMap "omission_map"
            "账本第 {seq} 条是 {subject} 的第 {n} 条记录，运营方后来签名的索引却漏掉了它。"
            "Entry {seq} of the log is record {n} of {subject}, and a map that the operator signed later leaves it out.",
        OmissionSplit "omission_split"
            "运营方签过两份不同的历史：前 {seq} 条记录在两份里不一样。"
            "The operator has signed two different histories: the first {seq} entries differ between them.",
        OmissionTwice "omission_twice"
            "{subject} 的第 {n} 条记录，运营方签过两条不同的。"
            "The operator has signed two different records as record {n} of {subject}.",
        OmissionOf "omission_of" "账本：{origin}" "Ledger: {origin}",

        // The page for a saved file.
        FileTitle "file_title" "验证凭证文件" "Check an evidence file",
        FileHint "file_hint"
            "选好（或拖进来）凭证文件和信任文件。全部在本机完成，打开本页后断网也能用。遗漏证据（运营方漏掉记录的证明）也可以放在这里。"
            "Choose (or drop here) the evidence and the trust file. All is done on this device; once this page is open, it works offline. Evidence of an omission, proof that the operator left a record out, can be given here too.",
        FileBundle "file_bundle" "凭证文件（.suyuan）或遗漏证据" "Evidence (.suyuan), or evidence of an omission",
        FileTrust "file_trust" "信任文件（trust.json）" "Trust file (trust.json)",
        FileButton "file_button" "验证" "Check",
        FileMissing "file_missing" "请选好两个文件" "Choose both files",
        Another "another" "得到的是另一个批次的凭证：{subject}" "this is the evidence of another batch: {subject}",
        NotTrust "not_trust" "信任文件无法读取" "the trust file cannot be read",
        NoNetwork "no_network" "没能取得凭证，请检查网络后重试" "the evidence could not be fetched: check the connection and try again",
        NotHere "not_here"
            "这个程序没有带上浏览器验证程序。请用命令行验证：suyuan verify"
            "This service was built without the browser’s verifier. Use the command line: suyuan verify",
        NeedsScript "needs_script" "本页需要 JavaScript；也可用命令行：suyuan verify" "This page needs JavaScript; or use the command line: suyuan verify",
    }
}
