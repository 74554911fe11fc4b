//! What records show that a reader may want to know: facts, told without a judgement.

use super::words::table;

table! {
    /// Each tells what stands in the records; none says why.
    pub enum Flag "flag" {
        // -- when it was written
        LateEntry "late_entry" "{count} 条记录为补录，最晚的在发生 {lag}后才记入账本"
            "entered late: {count}, up to {lag} after it happened",
        ClockAhead "clock_ahead" "所记时间比账本时钟早到 {minutes} 分钟（时钟超前）"
            "claims a time {minutes} min ahead of the ledger's clock",
        Burst "burst" "同一密钥在 {minutes} 分钟内记录 {count} 条，所记日期前后跨 {days} 天（集中补录）"
            "one key recorded {count} entries within {minutes} min, dated over {days} days",
        BurstImported "burst_imported" "同一密钥一次导入 {count} 条，所记日期前后跨 {days} 天"
            "one key imported {count} entries at once, dated over {days} days",
        DateCorrected "date_corrected" "包装或销售之后更正了日期" "a date was corrected after packing or sale",
        DoseCorrected "dose_corrected" "包装或销售之后更正了用药" "an input was corrected after packing or sale",
        QuantityCorrected "quantity_corrected" "包装或销售之后更正了数量"
            "a quantity was corrected after packing or sale",
        TestCorrected "test_corrected" "包装或销售之后更正了检测结果"
            "a test result was corrected after packing or sale",
        Withdrawn "withdrawn" "一条记录已由记录人撤销" "a record was taken back by its author",
        KeyEnded "key_ended" "签名密钥的有效期到 {day} 为止，此条在其后签入"
            "signed after {day}, the day until which its key was valid",
        // -- days that do not follow each other
        SeedBoughtLate "seed_bought_late" "种苗购买日期 {day} 晚于种植日期 {other}"
            "seed bought on {day}, planted on {other}",
        InputBeforePlanting "input_before_planting" "用药日期 {day} 早于播种或移栽日期 {other}"
            "input used on {day}, sown or planted out on {other}",
        InputEndsBeforeStart "input_ends_before_start" "用药结束日期 {day} 早于开始日期 {other}"
            "use of an input ended on {day} and began on {other}",
        InputAfterHarvest "input_after_harvest" "先于采收入账的用药，所记日期 {day} 晚于采收日期 {other}"
            "an input entered before the harvest is dated {day}, the harvest {other}",
        HarvestBeforePlanting "harvest_before_planting" "采收日期 {day} 早于播种或移栽日期 {other}"
            "harvested on {day}, sown or planted out on {other}",
        MadeBeforeHarvest "made_before_harvest" "分级、包装或加工日期 {day} 早于原料批次的日期 {other}"
            "graded, packed or processed on {day}, from a lot of {other}",
        PackDateDiffers "pack_date_differs" "包装上的日期 {day} 与包装日期 {other} 不一致"
            "the pack is dated {day}, the packing {other}",
        MovedBeforeMade "moved_before_made" "入库或发货日期 {day} 早于该批次的日期 {other}"
            "stored or shipped on {day}, a lot of {other}",
        ReceivedBeforeShipped "received_before_shipped" "收货日期 {day} 早于发货日期 {other}"
            "received on {day}, shipped on {other}",
        SoldBeforeMade "sold_before_made" "销售截止日期 {day} 早于该批次的日期 {other}"
            "sold until {day}, a lot of {other}",
        SampledBeforeMade "sampled_before_made" "抽样或收样日期 {day} 早于该批次的日期 {other}"
            "sampled or received by the laboratory on {day}, a lot of {other}",
        ReceivedBeforeSampled "received_before_sampled" "实验室收样日期 {day} 早于抽样日期 {other}"
            "the laboratory received the sample on {day}, drawn on {other}",
        ReportedBeforeReceived "reported_before_received" "报告日期 {day} 早于收样日期 {other}"
            "reported on {day}, received on {other}",
        CertificateNotValid "certificate_not_valid" "采收日期 {day} 不在地块证书 {number} 的有效期内"
            "harvested on {day}, when the plot's certificate {number} was not valid",
        // -- what is still open
        SampleWaiting "sample_waiting" "样品 {number} 已抽取 {days} 天，尚无检测结果"
            "sample {number} was drawn {days} days ago and has no result",
        ShipmentOpen "shipment_open" "发往 {to} 的货已 {days} 天，尚无收货记录"
            "shipped to {to} {days} days ago, not yet received",
        // -- pictures
        PhotoReused "photo_reused" "同一张照片也用于 {other}" "the same photo also stands with {other}",
        PhotoAlike "photo_alike" "一张非常相似的照片也用于 {other}" "a very similar photo also stands with {other}",
        PhotoAiMade "photo_ai_made" "一张图片声明为 AI 生成" "a picture is declared to be AI-made",
        // -- who
        OnBehalf "on_behalf" "由他人代为记录" "recorded on somebody else's behalf",
        HostGrew "host_grew" "主播 {org} 同时是种植者" "the host {org} is also the grower",
        TwoSeats "two_seats" "{org} 同时签了不止一席" "{org} signed for more than one seat",
        // -- tests
        OwnSample "own_sample" "检测的是生产者自送样品" "the sample was sent in by the producer",
        LabDrewSample "lab_drew_sample" "样品由检测机构自行抽取" "the laboratory drew the sample itself",
        NotSignedByLab "not_signed_by_lab" "检测结果由 {org} 录入，检测机构 {lab} 未签名"
            "the result was entered by {org}, not signed by the laboratory {lab}",
        OwnTest "own_test" "检测由 {org} 自行完成，没有检测机构签名"
            "tested by {org} itself, signed by no laboratory",
        LabDiffers "lab_differs" "检测机构与送检机构不符：{org}，送检 {lab}"
            "the test comes from {org}, the sample went to {lab}",
        SampleElsewhere "sample_elsewhere" "检测结果所引样品 {number} 不是从本批次或其来源抽取的"
            "the result names sample {number}, which was not drawn from this lot or what it came from",
        SampleNumberTwice "sample_number_twice" "样品编号 {number} 也用于 {other}"
            "sample number {number} also stands for {other}",
        ReportReused "report_reused" "报告编号 {number} 也用于 {other}" "report number {number} also stands for {other}",
        // -- what was put together
        GradesMixed "grades_mixed" "不同等级（{grades}）的货合为一批，等级写作“{grade}”"
            "lots of different grades ({grades}) became one, graded “{grade}”",
        GradesHidden "grades_hidden" "不同等级（{grades}）的货合为一批，未写等级"
            "lots of different grades ({grades}) became one without a grade",
        OriginsMixed "origins_mixed" "由 {count} 家产地的货合成" "put together from the produce of {count} growers",
    }
}

impl Flag {
    /// It only says what kind of record it is; the others are facts that do not fit together, or came late.
    pub fn is_disclosure(self) -> bool {
        use Flag::*;
        matches!(
            self,
            BurstImported
                | HostGrew
                | LabDrewSample
                | NotSignedByLab
                | OnBehalf
                | OriginsMixed
                | OwnSample
                | OwnTest
                | PhotoAiMade
        )
    }
}
