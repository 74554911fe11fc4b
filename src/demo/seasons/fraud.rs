//! What dishonest farms do, what of it must be seen, and the record of where it was planted.

use serde::{Deserialize, Serialize};

/// A fraud, planted on one farm in one season.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fraud {
    BackDatedInput,
    BrandNonMember,
    BrandOverQuota,
    BurstDiary,
    EarlyHarvest,
    FailedThenFriendlyPass,
    FailedWithdrawn,
    LabSwapped,
    MixedGrades,
    MoreOutThanIn,
    OrganicExpired,
    OverCapacity,
    OverSelling,
    PhotoRetouched,
    PhotoReused,
    ReceivedMore,
    ReportReused,
    SampleUnanswered,
    SeasonTestOnly,
    ShipmentLost,
    SprayDateMoved,
    TooManyUses,
    UnitTrick,
}

impl Fraud {
    pub const ALL: [Fraud; 23] = [
        Fraud::BackDatedInput,
        Fraud::BrandNonMember,
        Fraud::BrandOverQuota,
        Fraud::BurstDiary,
        Fraud::EarlyHarvest,
        Fraud::FailedThenFriendlyPass,
        Fraud::FailedWithdrawn,
        Fraud::LabSwapped,
        Fraud::MixedGrades,
        Fraud::MoreOutThanIn,
        Fraud::OrganicExpired,
        Fraud::OverCapacity,
        Fraud::OverSelling,
        Fraud::PhotoRetouched,
        Fraud::PhotoReused,
        Fraud::ReceivedMore,
        Fraud::ReportReused,
        Fraud::SampleUnanswered,
        Fraud::SeasonTestOnly,
        Fraud::ShipmentLost,
        Fraud::SprayDateMoved,
        Fraud::TooManyUses,
        Fraud::UnitTrick,
    ];

    /// For people: Chinese, English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Fraud::BackDatedInput => {
                ("采收后补记用药", "an input recorded after the harvest with an early date")
            }
            Fraud::BrandNonMember => ("非成员使用品牌", "a brand used by a farm that is no member"),
            Fraud::BrandOverQuota => ("品牌超配额", "more packs of a brand than the quota"),
            Fraud::BurstDiary => ("一晚补写整季", "a season's diary written in one evening"),
            Fraud::EarlyHarvest => ("安全间隔期内采收", "picked before the interval was over"),
            Fraud::FailedThenFriendlyPass => {
                ("不合格后换机构送检", "a failed test, then a pass from another laboratory")
            }
            Fraud::FailedWithdrawn => ("撤销不合格结果", "a failed test withdrawn"),
            Fraud::LabSwapped => {
                ("结果出自别的机构", "a result of another laboratory than the one the sample went to")
            }
            Fraud::MixedGrades => ("好差混装", "two grades packed as the better one"),
            Fraud::MoreOutThanIn => ("分级产出多于投入", "more out of grading than went in"),
            Fraud::OrganicExpired => ("有机证书过期", "an organic certificate that had expired"),
            Fraud::OverCapacity => ("采收超过地块产能", "more picked than the plot bears"),
            Fraud::OverSelling => ("超卖", "more sold than there was"),
            Fraud::PhotoRetouched => ("改动他人照片", "another farm's photo, saved anew"),
            Fraud::PhotoReused => ("盗用他人照片", "another farm's photo"),
            Fraud::ReceivedMore => ("收货多于发货", "more received than was shipped"),
            Fraud::ReportReused => ("一份报告用于两批", "one report for two lots"),
            Fraud::SampleUnanswered => ("样品没有结果", "a sample that never got a result"),
            Fraud::SeasonTestOnly => ("只有产季检测", "a test of the season only"),
            Fraud::ShipmentLost => ("发货无人签收", "a shipment that nobody received"),
            Fraud::SprayDateMoved => ("采收后改用药日期", "the date of a spray changed after the harvest"),
            Fraud::TooManyUses => ("超过使用次数", "more uses than the label allows"),
            Fraud::UnitTrick => ("换单位", "grams in, pieces out"),
        }
    }

    /// Keys of words (of `flag`, `imbalance` and `why`) any of which on one of its lots says that it was found.
    pub fn finds(self) -> &'static [&'static str] {
        match self {
            Fraud::BackDatedInput => &["late_entry", "late_input", "picked_early"],
            Fraud::BrandNonMember => &["brand_not_member"],
            Fraud::BrandOverQuota => &["quota_exceeded"],
            Fraud::BurstDiary => &["burst"],
            Fraud::EarlyHarvest | Fraud::SprayDateMoved => &["picked_early"],
            Fraud::FailedThenFriendlyPass | Fraud::FailedWithdrawn => &["failed_test"],
            Fraud::LabSwapped => &["lab_differs"],
            Fraud::MixedGrades => &["grades_hidden", "grades_mixed"],
            Fraud::MoreOutThanIn => &["made_more"],
            Fraud::OrganicExpired => &["certificate_expired", "certificate_missing", "certificate_not_valid"],
            Fraud::OverCapacity => &["plot_exceeded", "season_exceeded"],
            Fraud::OverSelling => &["holder_overdrawn", "oversold"],
            Fraud::PhotoRetouched => &["photo_alike"],
            Fraud::PhotoReused => &["photo_reused"],
            Fraud::ReceivedMore => &["received_more"],
            Fraud::ReportReused => &["report_reused", "sample_elsewhere", "sample_number_twice"],
            Fraud::SampleUnanswered => &["sample_waiting"],
            Fraud::SeasonTestOnly => &["missing_test"],
            Fraud::ShipmentLost => &["shipment_open"],
            Fraud::TooManyUses => &["too_many_uses"],
            Fraud::UnitTrick => &["not_comparable", "uses_not_comparable"],
        }
    }

    pub(super) fn is_about_a_brand(self) -> bool {
        matches!(self, Fraud::BrandNonMember | Fraud::BrandOverQuota)
    }
}

/// Where a fraud was planted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planted {
    pub kind: Fraud,
    /// Bare id.
    pub farm: String,
    pub season: i16,
    /// The lots that it taints: one of them must show it.
    pub lots: Vec<String>,
    /// The statements that make it up, by leaf.
    pub records: Vec<String>,
    /// Honest lots that it may touch: whose photo was taken, and those of the farm's own that it tells of.
    pub victims: Vec<String>,
    /// Keys of words, any of which says that it was found.
    pub finds: Vec<String>,
}

/// Everything that was planted, and what was not: `planted.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub seed: u64,
    pub farms: u64,
    pub seasons: u64,
    /// The last day of the seasons, in milliseconds: judge as of then.
    pub as_of: i64,
    pub planted: Vec<Planted>,
    /// Lots of seasons in which their farm did nothing wrong.
    pub honest: Vec<String>,
}
