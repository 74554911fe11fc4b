//! What a batch may and may not do, and why.

use super::words::table;

table! {
    /// Where a batch stands, the gravest last.
    pub enum Status "status" {
        Normal "normal" "正常" "Normal",
        Incomplete "incomplete" "资料不全" "Incomplete",
        OnHold "on_hold" "暂扣" "On hold",
        Withdrawn "withdrawn" "批次已撤回" "Withdrawn",
    }
}

table! {
    /// Why a batch does not stand as it might, and what else is worth knowing about its safety.
    pub enum Why "why" {
        PickedEarly "picked_early"
            "采收日 {harvest} 未过安全间隔期，早了 {days} 天：{product}，最早采收日 {earliest}"
            "Picked on {harvest}, {days} d before the pre-harvest interval was over: {product}, earliest {earliest}",
        TooManyUses "too_many_uses"
            "{product} 本季使用 {uses} 次，最多 {most} 次"
            "{product}: used {uses}× this season, at most {most}× allowed",
        LateInput "late_input"
            "售出之后才补记的用药：{product}（{day}）"
            "Recorded only after the goods were sold: {product} ({day})",
        FailedTest "failed_test" "检测不合格：报告 {report}，{items}" "A test failed: report {report}, {items}",
        ResultContradicts "result_contradicts"
            "检测数值与判定不符：报告 {report}，{items}"
            "What was found does not agree with the verdict: report {report}, {items}",
        Excursion "excursion"
            "超出温度范围 {minutes} 分钟，容许 {allowed} 分钟"
            "Out of the temperature range for {minutes} min, {allowed} min allowed",
        TemperatureContradicts "temperature_contradicts"
            "温度读数（{min}～{max} °C）超出范围，记录却写超温 0 分钟"
            "Readings ({min} to {max} °C) lie outside the range, yet the record says 0 min out of it",
        CertificateMissing "certificate_missing"
            "“{name}”须有认证，没有涵盖本批次的有效证书"
            "“{name}” needs a certificate, and none is valid for this batch",
        CertificateExpired "certificate_expired"
            "“{name}”的证书已于 {until} 到期"
            "The certificate of “{name}” expired on {until}",
        Held "held" "{org} 暂扣" "Held by {org}",
        TakenDown "taken_down" "{org} 责令下架" "Taken down by {org}",
        SourceWithdrawn "source_withdrawn"
            "来源批次 {lot} 的记录已撤回"
            "The record of the lot {lot}, which this came from, was withdrawn",
        Balance "balance" "数量对不上账" "The quantities do not add up",
        LotWithdrawn "lot_withdrawn" "本批次的记录已撤回" "The record of this lot was withdrawn",

        IntervalUnknown "interval_unknown"
            "未知安全间隔期：请照标签填写（{product}）"
            "Pre-harvest interval not known: enter it from the label ({product})",
        ReadingGap "reading_gap"
            "温度缺测 {minutes} 分钟，容许 {allowed} 分钟"
            "No temperature readings for {minutes} min, {allowed} min allowed",
        MissingOrigin "missing_origin" "没有产地记录" "No origin on record",
        MissingTest "missing_test" "没有本批次的检测结果" "No test result of this batch",
        MissingSample "missing_sample"
            "要求每批抽检，本批次没有自己的抽样检测"
            "Every lot is to be sampled and tested; this one was not itself",
        MissingStandard "missing_standard" "没有种植标准" "No growing standard on record",
        MissingPlanting "missing_planting" "没有种植记录" "No growing record",
        MissingInputs "missing_inputs" "没有投入品或巡园记录" "No record of inputs or observations",
        MissingHarvest "missing_harvest" "没有采收记录" "No harvest record",
        MissingPacking "missing_packing" "没有分级包装记录" "No grading or packing record",
        MissingCirculation "missing_circulation" "没有储运记录" "No storage or transport record",

        SeasonNotNamed "season_not_named"
            "地块上有种植季 {season}，采收却只写了地块，用药无从核对"
            "The plot has the season {season}, yet the harvest names the plot alone: its inputs cannot be checked",

        SoldOnHold "sold_on_hold" "暂扣期间仍有销售" "Sold while on hold",
        UntestedActives "untested_actives"
            "已检 {tested}/{used} 种所用农药，未检：{missing}"
            "Tested for {tested} of {used} active ingredients used; not for: {missing}",
        OtherSeason "other_season"
            "同一地块一年内另有种植季 {season}，其用药不在本批次的记录内"
            "The same plot had another season within a year, {season}, whose inputs are not among these records",
        WarmOnArrival "warm_on_arrival"
            "到货温度 {temp} °C，高于 {max} °C"
            "{temp} °C on arrival, above {max} °C",
    }
}

table! {
    /// What a batch is used for: each asks whether it may.
    pub enum Use "use" {
        Page "page" "公开页" "Public page",
        Certificate "certificate" "承诺达标合格证" "Certificate of conformity",
        Labels "labels" "标签" "Labels",
        Overlay "overlay" "直播叠加" "Broadcast overlay",
        Sale "sale" "销售" "Sale",
    }
}

table! {
    /// What is asked of a batch's records.
    pub enum Need "need" {
        Origin "origin" "产地" "Origin",
        Planting "planting" "种植过程" "Growing",
        Inputs "inputs" "投入品与巡园" "Inputs and observations",
        Harvest "harvest" "采收时间" "Harvest",
        Test "test" "检测报告" "Test",
        Packing "packing" "分级包装" "Grading and packing",
        Circulation "circulation" "流通环节" "Storage and transport",
    }
}

table! {
    /// What became of a certificate that a source plot of the batch carries.
    pub enum ClaimState "claim" {
        Valid "valid" "有效" "valid",
        Expired "expired" "已到期" "expired",
        NotOnHarvest "not_on_harvest" "采收时无效" "not valid when picked",
        OutOfScope "out_of_scope" "不涵盖全部来源地块" "does not cover all source plots",
    }
}
