//! What pages, the explorer and the browser say of anchors. What they may say and must not is a table in
//! docs/threat-model.md: an anchor proves age and that nothing was changed since, never that what was entered is true.

use super::words::table;

table! {
    pub enum Anchor "anchor" {
        // What an anchor is, and what it is not.
        Title "title" "外部时间凭证（锚定）" "Evidence of age from outside (anchors)",
        None "none" "尚未锚定" "Not anchored yet",
        NotTruth "not_truth"
            "锚定只证明记录在某时之前已经存在、此后没有改动，不证明当初写入的内容真实。"
            "An anchor proves age and that nothing was changed since. It does not prove that what was entered is true.",
        AgeOnly "age_only"
            "只证明时间，不证明历史只有一份。"
            "This proves age, not that there is only one history.",
        Publication "publication"
            "记在账本指定的公开清单里：那里能看到运营方公布过的全部检查点。"
            "It stands in the public list that the ledger names as its own: there, all checkpoints that the operator published can be seen.",
        Covers "covers"
            "所证明的是前 {size} 条记录时的检查点。"
            "What it proves is the checkpoint of the first {size} entries.",
        CoversOlder "covers_older"
            "这份凭证里有更晚的记录，不在它的证明之内。"
            "This evidence holds later records too, which it does not cover.",

        // Kinds.
        KindEvmCalldata "kind_evm_calldata" "EVM 链上的交易" "Transaction on an EVM chain",
        KindEvmLog "kind_evm_log" "EVM 链上合约的记录" "Entry of a contract on an EVM chain",
        KindOts "kind_ots" "OpenTimestamps（比特币）" "OpenTimestamps (Bitcoin)",
        KindRfc3161 "kind_rfc3161" "时间戳机构的令牌（RFC 3161）" "Token of a time-stamping authority (RFC 3161)",
        KindOther "kind_other" "其他种类：{kind}" "Another kind: {kind}",

        NativeFile "native_file" "原始凭证文件" "The evidence as a file",

        // How far one must believe somebody, and whom.
        LevelConsensus "level_consensus" "公链共识" "Consensus of a public chain",
        LevelConsortium "level_consortium" "联盟链成员" "Members of a consortium",
        LevelTrustedParty "level_trusted_party" "一家机构" "One authority",
        LevelRpcAttested "level_rpc_attested" "仅由 RPC 节点作证（RPC-attested）" "RPC-attested",
        TrustConsensus "trust_consensus"
            "需要相信的：这条公链的规则，以及你核对区块时用的来源。不必相信运营方。"
            "Whom to trust for this: the rules of that public chain, and where you compare the block. Not the operator.",
        TrustConsortium "trust_consortium"
            "需要相信的：运行这条链的联盟成员。"
            "Whom to trust for this: the members of the consortium that runs the chain.",
        TrustParty "trust_party"
            "需要相信的：时间戳机构 {name} 和它的密钥。"
            "Whom to trust for this: the authority {name} and its key.",
        TrustSomeParty "trust_some_party"
            "需要相信的：出具令牌的时间戳机构和它的密钥。"
            "Whom to trust for this: the authority that issued the token, and its key.",
        TrustRpc "trust_rpc"
            "需要相信的：提供区块数据的 RPC 节点；没有别的证明。"
            "Whom to trust for this: whoever runs the RPC node that gave the block. There is no other proof.",
        TrustCalendars "trust_calendars"
            "现在还不证明任何事：日历服务器只是答应了写入。"
            "It proves nothing yet: calendar servers have only promised to put it there.",
        TrustNobody "trust_nobody" "它不证明任何事。" "It proves nothing.",

        // How old.
        NoLater "no_later" "存在时间不晚于 {at}（{source}）" "It existed no later than {at} ({source})",
        NoLaterIf "no_later_if"
            "如果下面的区块属实：存在时间不晚于 {at}（{source}）"
            "If the block below is real: it existed no later than {at} ({source})",
        NoLaterRpc "no_later_rpc"
            "按 RPC 节点所说：存在时间不晚于 {at}（{source}）"
            "By the word of an RPC node: it existed no later than {at} ({source})",
        NoLaterUnknown "no_later_unknown"
            "时间要看区块：{source}"
            "For the time, look at the block: {source}",
        Loose "loose" "比特币区块的时间可能有约两小时的误差。" "The time of a Bitcoin block may be about two hours off.",
        UnchangedSince "unchanged_since"
            "这些记录自 {at} 起没有改动，任何人都能自行核对，不必经过我们。"
            "These records have not changed since {at}, and anyone can check it without us.",
        TimeAnchored "time_anchored" "锚定（存在不晚于）" "Anchored (existed no later than)",

        // Who says so.
        SourceEvm "source_evm" "{chain}，第 {number} 号区块" "{chain}, block {number}",
        SourceBitcoin "source_bitcoin" "比特币，第 {height} 号区块" "Bitcoin, block {height}",
        SourceCalendars "source_calendars" "日历服务器：{names}" "Calendar servers: {names}",
        SourceAuthority "source_authority" "时间戳机构 {name}，序号 {serial}" "Authority {name}, serial number {serial}",
        ChainEthereum "chain_ethereum" "以太坊主网" "Ethereum mainnet",
        ChainOther "chain_other" "链编号 {id}" "Chain {id}",
        TestChainOf "test_chain_of" "测试链 {id}" "Test chain {id}",
        BlockHash "block_hash" "区块哈希" "Block hash",
        MerkleRoot "merkle_root" "默克尔根（浏览器上的写法）" "Merkle root (as explorers print it)",
        Transaction "transaction" "交易" "Transaction",
        Sender "sender" "发送账户" "Sender",
        Contract "contract" "合约" "Contract",

        // What is missing.
        Confirmed "confirmed" "你给出的区块与凭证一致。" "The block that you gave is the one of the evidence.",
        Failed "failed"
            "不成立：它不是它自称的那样，或者属于另一个检查点。"
            "Not so: it is not what it says it is, or it is for another checkpoint.",
        Pending "pending" "还在等待：已提交，尚未写入任何区块。" "Waiting: submitted, and in no block yet.",
        WaitingForBitcoin "waiting_for_bitcoin"
            "等待写入比特币；{name} 已加盖时间戳。"
            "Waiting for Bitcoin; {name} has stamped it.",
        BlockNotConfirmed "block_not_confirmed"
            "未检查：区块还没有由你确认。"
            "Not checked: the block is not confirmed by you.",
        HeaderNotConfirmed "header_not_confirmed"
            "未检查：区块头还没有由你确认。"
            "Not checked: the block header is not confirmed by you.",
        TestChain "test_chain" "测试链，不构成证据" "A test chain: no evidence",
        RpcAttested "rpc_attested"
            "RPC-attested：只有 RPC 节点说它在区块里。"
            "RPC-attested: only an RPC node says that it is in a block.",
        NoTrustedRoot "no_trusted_root"
            "未检查：出具机构的根证书不在你信任的之列。"
            "Not checked: no root certificate that you trust has issued its certificate.",
        Unsupported "unsupported" "不支持：{what}" "Not supported: {what}",
        NoBitcoin "no_bitcoin"
            "不支持：这份 OpenTimestamps 证明不通向比特币。"
            "Not supported: this OpenTimestamps proof does not lead to Bitcoin.",
        UnknownKind "unknown_kind" "未检查：本程序不认识这种凭证。" "Not checked: this program does not know this kind of evidence.",
        UnknownVersion "unknown_version" "未检查：它的版本比本程序新。" "Not checked: its version is newer than this program.",
        NotInBrowser "not_in_browser"
            "浏览器里不检查这一种，用 suyuan verify 检查。"
            "Not checked in the browser: suyuan verify does.",

        // Where to compare.
        CompareHash "compare_hash"
            "请到自己的节点，或两家不同机构的区块浏览器，查{source}，核对这个区块哈希："
            "Look up {source} on your own node, or on two explorers of different operators, and compare this block hash:",
        CompareRoot "compare_root"
            "请到自己的节点，或两家不同机构的区块浏览器，查{source}，核对这个默克尔根："
            "Look up {source} on your own node, or on two explorers of different operators, and compare this Merkle root:",
        GiveHash "give_hash" "从别处查到的区块哈希" "The block hash that you found elsewhere",
        GiveHeader "give_header" "从别处查到的区块头（160 位十六进制）" "The block header that you found elsewhere (160 hexadecimal digits)",
        GiveButton "give_button" "核对" "Compare",
        GivenOther "given_other" "与凭证里的不同：{given}" "It is not the one of the evidence: {given}",
        GivenUnread "given_unread" "看不懂：应为 {n} 位十六进制。" "Not read: {n} hexadecimal digits are due.",
        GivenWeak "given_weak"
            "这个区块头的难度太低，不是比特币主网的。"
            "This header's difficulty is too low: it is not of Bitcoin's main network.",
        RivalDigests "rival_digests"
            "同样的条数锚定了两个不同的内容：这本账可能有两份历史。"
            "Two different contents are anchored for one size: this log may have two histories.",

        // What becomes of a job.
        StateQueued "state_queued" "排队中" "Queued",
        StateSubmitted "state_submitted" "已提交，等待中" "Submitted, waiting",
        StateIncluded "state_included" "已在区块里，尚未最终确定" "In a block, not final yet",
        StateFinal "state_final" "已完成" "Final",
        StateFailed "state_failed" "没有成功：{reason}" "Failed: {reason}",
    }
}
