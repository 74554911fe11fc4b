//! The words of the pages that people open: the provenance page, the front page, and what they say when they cannot.

use super::words::table;

table! {
    pub enum Page "page" {
        // What every page has.
        SiteName "site_name" "溯源" "Suyuan",
        Operator "operator" "运营方：{name}" "Operated by {name}",
        Demonstration "demonstration" "示范账本：主体、人员、数据均为虚构" "A demonstration: organisations, people and figures are invented",
        Mirror "mirror"
            "这是由{keeper}保存的副本：账本 {origin}，原站 {source}，截至 {time} 的 {n} 条记录。封存内容与附件不在副本中，请到原站查看。"
            "This is a copy, kept by {keeper}, of the ledger {origin} at {source}: {n} entries, as of {time}. Sealed values and attachments are not in it; see the ledger’s own pages for them.",
        MirrorStopped "mirror_stopped"
            "副本已停止更新：原站最近给出的内容与它先前签名的内容不符。"
            "The copy stands still: what the ledger’s own service gave last does not go with what it had signed.",
        OtherLanguage "other_language" "English" "中文",
        FrontPage "front_page" "查另一个批次" "Look up another batch",
        Honesty "honesty"
            "区块链存证说明：本页证明这些记录由谁、在何时之前写入且未被改动；不证明记录内容一定真实。标有“第三方”的内容由独立机构签名。"
            "About this ledger: this page proves who wrote these records, before when, and that they have not been changed. It does not prove that what they say is true. Entries marked “third party” are signed by an independent body.",

        // The strip on top.
        SayNormal "say_normal" "没有暂扣原因，没有更正。" "Nothing holds it, no correction.",
        SayNoTest "say_no_test" "没有更正；还没有检测结果。" "No correction; no test result yet.",
        SayCorrected "say_corrected" "更正过 {n} 次，新旧数值都保留。" "Corrected {n}×; old and new values are both kept.",
        SayHold "say_hold"
            "原因解除之前不应销售或展示。如已购买，请先不要食用，并联系卖家。"
            "Not to be sold or shown until this is cleared. If you bought this, please do not eat it yet and contact the seller.",
        SayIncomplete "say_incomplete"
            "没有暂扣原因，但该有的记录还缺一些。"
            "Nothing holds it, but some of the records that it should have are missing.",
        SayGate "say_gate"
            "未达到公开展示条件，以下只列出已有的记录。"
            "Not enough is on record for a public page; below are only the records that there are.",
        SayWithdrawn "say_withdrawn"
            "产生这个批次的记录已被记录人撤回。"
            "The record by which this batch came to be was taken back by its author.",
        SayFailedItem "say_failed_item" "{analyte} {value}（限量 {limit}）" "{analyte} {value} (limit {limit})",
        SayFailedPlain "say_failed_plain" "{analyte} {value}" "{analyte} {value}",
        SayRevoked "say_revoked"
            "{org} 的一把签名密钥因{reason}被吊销（{date}）。"
            "A signing key of {org} was revoked on {date} ({reason}).",
        SaySuspect "say_suspect"
            "其中 {n} 条签于密钥失控之后，请勿轻信。"
            "Signed after the key was out of its owner’s hands: {n}. Do not rely on those entries.",
        SayBefore "say_before"
            "相关记录都签于吊销之前，已作标记。"
            "The entries concerned were signed before that and are marked.",
        WasNow "was_now" "{label} {old} → {new}" "{label} {old} → {new}",
        Nothing "nothing" "无" "none",

        // What it is.
        HarvestedToday "harvested_today" "今天采收（{day}）" "Picked today ({day})",
        HarvestedAgo "harvested_ago" "采收 {n} 天前（{day}）" "Picked {n} d ago ({day})",
        HarvestedYesterday "harvested_yesterday" "昨天采收（{day}）" "Picked yesterday ({day})",
        InStore "in_store" "在库 {n} 天" "In store for {n} d",
        LotSize "lot_size" "批次数量" "Lot",
        BatchCode "batch_code" "批次" "Batch",
        ShortCode "short_code" "追溯码" "Trace code",
        BatchNotice "batch_notice"
            "这是批次码，不能鉴别单件真伪。请与实物核对品名、等级、净重。"
            "This is a batch code: it cannot tell whether one pack is genuine. Compare product, grade and weight with what you hold.",
        AiMade "ai_made" "AI生成" "AI-made",
        Photo "photo" "照片" "Photo",
        Unnamed "unnamed" "未命名批次" "Unnamed batch",

        // Three facts.
        FactOrigin "fact_origin" "产地" "Origin",
        FactTest "fact_test" "检测" "Tests",
        FactWho "fact_who" "谁在说" "Who says so",
        WhoAndMore "who_and_more" "{name}，另 {n} 家" "{name} and {n} more",
        NoTest "no_test" "没有检测记录" "No test on record",
        NoOrigin "no_origin" "没有产地记录" "No origin on record",
        Items "items" "{n} 项" "{n} items",
        ItemsFailed "items_failed" "{n} 项不合格" "{n} failed",
        Sampled "sampled" "{who}抽样（{how}）" "sampled by {who} ({how})",
        SampleUnknown "sample_unknown" "没有抽样记录" "no record of the sampling",
        LabSigned "lab_signed" "机构签名" "signed by the laboratory",
        LabNotSigned "lab_not_signed" "非机构签名" "not signed by the laboratory",
        Waiting "waiting" "结果待出：样品 {no}（{date}）" "Result pending: sample {no} ({date})",
        IdentityChecked "identity_checked" "身份由{who}于 {date} 核验（{how}）" "Identity checked by {who} on {date} ({how})",
        IdentityUnchecked "identity_unchecked" "没有身份核验记录" "No identity check on record",
        IdentityRoot "identity_root" "本账本的登记方" "Registrar of this ledger",
        Suspended "suspended" "已{status}" "{status}",

        // Who vouches, safety, quantities.
        SeatsTitle "seats_title" "三方把关" "Who vouches for it",
        Guaranteed "guaranteed" "{who}承诺：{terms}（至 {until}，{state}）" "{who} guarantees: {terms} (until {until}, {state})",
        SafetyTitle "safety_title" "安全" "Safety",
        Pesticides "pesticides" "农药" "Pesticides",
        NoPesticide "no_pesticide" "没有使用记录" "No use on record",
        Covered "covered" "已检 {tested}/{used} 种所用农药" "Tested for {tested} of {used} active ingredients used",
        Waited "waited" "{used} 使用，{days} 天后采收；安全间隔期 {phi} 天" "used {used}, picked {days} d later; interval {phi} d",
        WaitUnknown "wait_unknown" "{used} 使用，{days} 天后采收；未知安全间隔期" "used {used}, picked {days} d later; interval not known",
        OwnStatement "own_statement" "据标签，种植者自述" "from the label, the grower’s own statement",
        FictionalRow "fictional_row" "示范数据" "made up for a demonstration",
        RowsTitle "rows_title" "安全间隔期的出处" "Where the intervals were read",
        RowSays "row_says" "{product}，{crop}：安全间隔期 {phi} 天" "{product} on {crop}: interval {phi} d",
        RowUses "row_uses" "每季最多 {n} 次" "at most {n} uses a season",
        RowQuote "row_quote" "「{quote}」" "“{quote}”",
        RowRead "row_read" "{title}，{day} 查阅" "{title}, read {day}",
        ColdChain "cold_chain" "温度" "Temperature",
        ColdChainSay "cold_chain_say" "超出范围 {over} 分钟，缺测 {gap} 分钟" "out of range {over} min, no readings {gap} min",
        RecordsThere "records_there" "记录完整度" "Records",
        StagesThere "stages_there" "{present}/{needed} 项有记录" "{present} of {needed} on record",
        StagesMissing "stages_missing" "缺{list}" "missing: {list}",
        AmountsTitle "amounts_title" "数量" "Quantities",
        NotesTitle "notes_title" "记录情况" "About the records",
        NoNotes "no_notes" "没有需要说明的情况。" "Nothing to point out.",
        LiftedBy "lifted_by" "{reason}：已由{who}解除" "{reason}: lifted by {who}",
        Judged "judged" "判定依据：前 {size} 条记录，截至 {at}" "Judged by the first {size} entries, as of {at}",
        TableVersion "table_version" "{table}表第 {n} 版" "{table}, version {n}",

        // The timeline.
        Timeline "timeline" "全过程" "What happened",
        TimelineHint "timeline_hint" "点开每一条，可看三个时间、签名与原始记录。" "Open an entry for its three times, signatures and the raw record.",
        TimeOccurred "time_occurred" "发生" "Happened",
        TimeRecorded "time_recorded" "记录" "Noted",
        TimeProven "time_proven" "入账（可证明不晚于）" "In the ledger (provably no later)",
        LateDays "late_days" "补录 晚 {n} 天" "Late by {n} d",
        Ahead "ahead" "时钟超前" "Clock ahead",
        CorrectedTimes "corrected_times" "更正 {n} 次" "Corrected {n}×",
        Correction "correction" "更正" "Correction",
        NotComparable "not_comparable" "另有 {n} 项未公开内容，无法比较。" "{n} more sealed values cannot be compared.",
        SignedBy "signed_by" "签名" "Signed",
        OnBehalf "on_behalf" "代 {who} 记录" "on behalf of {who}",
        Place "place" "地点" "Place",
        Raw "raw" "原始记录" "Raw record",
        RawLink "raw_link" "第 {seq} 条原始记录（JSON）" "Record {seq} as JSON",
        Leaf "leaf" "叶哈希" "Leaf hash",
        MoreItems "more_items" "另有 {n} 项，查看全部" "{n} more: show all",
        Files "files" "另有 {n} 个文件（仅存指纹）" "{n} more files (fingerprints only)",
        PhotoNotHeld "photo_not_held" "照片仅存指纹" "Photo: only a fingerprint is kept",
        MoreOfStage "more_of_stage" "这一阶段还有 {n} 条，查看全部" "{n} more in this stage: show all",
        FewerEntries "fewer_entries" "只看每个阶段最新的" "Show only the newest of each stage",

        // How to keep it.
        Care "care" "储存与食用" "Keeping and eating",

        // Evidence.
        Evidence "evidence" "凭证" "Evidence",
        EvidenceHint "evidence_hint"
            "不必相信本网站：每条记录的签名和位置，都可以自己核对。"
            "No need to trust this site: check the signature and the place of every record yourself.",
        Checkpoint "checkpoint" "检查点" "Checkpoint",
        Entries "entries" "{n} 条记录" "{n} entries",
        Root "root" "根哈希" "Root hash",
        ChainOf "chain_of" "{n} 条" "{n} records",
        Chains "chains" "记录链" "Chains",
        Completeness "completeness" "完整性" "Completeness",
        CompletenessClaimed "completeness_claimed"
            "运营方声明没有遗漏（尚无独立见证复算）"
            "The operator states that nothing is left out (no independent replay yet)",
        CompletenessReplayed "completeness_replayed"
            "没有遗漏：{k} 家见证已逐条复算到第 {size} 条记录"
            "Nothing is left out: worked through up to entry {size} by witnesses: {k}",
        Witnesses "witnesses" "见证" "Witnesses",
        NoWitness "no_witness" "尚无见证" "None yet",
        WitnessesMet "witnesses_met"
            "{n} 家见证中有 {k} 家签过，达到要求"
            "{k} of {n} have cosigned: as many as asked for",
        WitnessesNotMet "witnesses_not_met"
            "{n} 家见证中有 {k} 家签过，未达到要求"
            "{k} of {n} have cosigned: not as many as asked for",
        Freshness "freshness" "新近" "Freshness",
        FreshnessOwn "freshness_own" "截至 {at}（运营方自己的时钟）" "As of {at} (the operator’s own clock)",
        FreshnessSeen "freshness_seen" "截至 {at}（见证方的时钟）" "As of {at} (a witness’s clock)",
        WitnessesBehind "witnesses_behind"
            "见证过的检查点有 {size} 条记录，本页多出 {n} 条"
            "Witnesses have seen {size} entries; this page is {n} ahead",
        Anchors "anchors" "锚定" "Anchors",
        Download "download" "下载凭证文件" "Download the evidence",
        VerifyWith "verify_with" "离线验证：" "Verify offline:",
        TrustHint "trust_hint"
            "信任文件请从运营方公布的其他渠道取得，并核对创世指纹；这里只供方便："
            "Get the trust file from another place where the operator publishes it and compare the genesis fingerprint; here only for convenience:",
        TrustFile "trust_file" "信任文件" "trust file",
        PrintQr "print_qr" "本批次二维码" "QR code of this batch",
        DataOf "data_of" "数据截至 {at}" "Data as of {at}",

        // The front page.
        Ask "ask" "查一查它从哪里来" "Where does it come from?",
        AskLabel "ask_label" "追溯码或批次号" "Trace code or batch number",
        AskHint "ask_hint"
            "大小写、空格都可以，O 和 0 分不清也没关系；也可以粘贴网址。"
            "Any case, with or without spaces; O or 0 will do. A pasted address works too.",
        AskButton "ask_button" "查询" "Look up",
        HowToScan "how_to_scan" "怎么扫码" "How to scan",
        ScanOne "scan_one" "打开手机相机、微信“扫一扫”或任意扫码工具。" "Open your phone’s camera or any scanner.",
        ScanTwo "scan_two" "对准包装上的二维码，无需安装应用，无需登录。" "Point it at the code on the pack. No app, no login.",
        ScanThree "scan_three"
            "扫不出来就在上面输入二维码下方以 B 开头的追溯码。"
            "If it will not scan, type the code printed below it, which starts with B.",
        CheckAddress "check_address" "请认准网址 {host}，其他网址与我们无关。" "Look for the address {host}; others are not ours.",

        // When there is nothing to show.
        UnknownTitle "unknown_title" "未查到" "Not found",
        UnknownSay "unknown_say"
            "这个账本里没有“{typed}”。"
            "This ledger holds no “{typed}”.",
        UnknownNotFake "unknown_not_fake"
            "没查到不等于假货：可能是输错了，也可能不在这个账本登记。"
            "Not found does not mean fake: it may be mistyped, or registered elsewhere.",
        UnknownCheck "unknown_check"
            "请核对包装上的编号，再输一次；仍查不到，请问卖家或运营方。"
            "Compare it with the pack and type it again. If it still is not found, ask the seller or the operator.",
        ChoiceTitle "choice_title" "请选择批次" "Which batch?",
        ChoiceSay "choice_say" "有 {n} 个批次共用追溯码 {code}，请按包装上的批次号选择。" "{n} batches share the code {code}. Choose by the batch number on the pack.",
        TroubleTitle "trouble_title" "暂时无法核验" "Cannot check right now",
        TroubleSay "trouble_say" "服务暂时出了问题，这不说明产品有问题。" "The service has a problem. This says nothing about the product.",
        Retry "retry" "重试" "Try again",
        TooLargeSay "too_large_say" "这个批次的记录太多，本页放不下。" "This batch has more records than a page can hold.",
    }
}
