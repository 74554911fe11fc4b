//! What the figures of a lot say, and where they do not add up.

use super::words::table;

table! {
    /// Figures that do not add up. `over` is by how much.
    pub enum Imbalance "imbalance" {
        BrandNotMember "brand_not_member" "{org} 使用品牌“{brand}”，但不在当季授权名单中"
            "{org} used the brand “{brand}” and is not among its members of that season",
        HolderOverdrawn "holder_overdrawn" "{org} 取用、发出、售出与损耗合计 {used}，多于其所持有的 {had}，超出 {over}"
            "{org} used, sent, sold and lost {used}, more than the {had} that it had: {over} too much",
        MadeMore "made_more" "产出与损耗合计 {used}，多于投入的 {had}，超出 {over}"
            "What was made and lost comes to {used}, more than the {had} put in: {over} too much",
        NotComparable "not_comparable" "数量单位不同，这一步的投入与产出无法核对"
            "The quantities of this step are in units that cannot be compared",
        OverlappingSales "overlapping_sales" "{org} 申报的销售期间有重叠"
            "{org} reported sales for periods that overlap",
        Oversold "oversold" "取用、售出与损耗合计 {used}，多于该批次的 {had}，超出 {over}"
            "Used, sold and lost were {used}, more than the {had} of this lot: {over} too much",
        PacksExceed "packs_exceed" "{count} 件按净含量合计 {used}，多于包装产出的 {had}，超出 {over}"
            "{count} packs of the stated net weight come to {used}, more than the {had} packed: {over} too much",
        PacksShort "packs_short" "{count} 件按净含量合计 {used}，少于包装产出的 {had}"
            "{count} packs of the stated net weight come to {used}, less than the {had} packed",
        PlotExceeded "plot_exceeded" "{year} 年采收合计 {used}，多于地块申报年产量（含容差）{had}，超出 {over}"
            "Harvests of {year} come to {used}, more than the plots' declared yearly yield with tolerance, {had}: {over} too much",
        PutRight "put_right" "曾超出 {over}，后经更正或撤回" "Was {over} too much until figures were corrected or withdrawn",
        QuotaExceeded "quota_exceeded" "{org} 当季以品牌“{brand}”包装 {used} 件，多于配额 {had} 件，超出 {over} 件"
            "{org} packed {used} packs of the brand “{brand}” this season, with a quota of {had}: {over} too many",
        ReceivedMore "received_more" "{org} 收到 {used}，多于发出的 {had}，超出 {over}"
            "{org} received {used}, more than the {had} sent: {over} too much",
        SeasonExceeded "season_exceeded" "{year} 年本季采收合计 {used}，多于按面积折算的申报产量（含容差）{had}，超出 {over}"
            "Harvests of the season in {year} come to {used}, more than its share of the declared yield with tolerance, {had}: {over} too much",
        UnexplainedLoss "unexplained_loss" "投入 {had}，产出与登记的损耗合计 {used}，有 {over} 未说明去向"
            "{had} were put in; what was made and lost comes to {used}: nothing is said of {over}",
        UsesNotComparable "uses_not_comparable" "取用或销售的单位与该批次的数量单位不同，无法核对"
            "Uses or sales are in units that cannot be compared with the quantity of the lot",
    }
}

table! {
    /// The figures of a lot, a season or a plot.
    pub enum Figure "figure" {
        Capacity "capacity" "申报年产量（含容差）" "Declared yearly yield, with tolerance",
        Damaged "damaged" "到货破损" "Damaged on arrival",
        Drawn "drawn" "用于制成其他批次" "Used for other lots",
        Expected "expected" "预计产量" "Expected yield",
        Harvested "harvested" "采收合计" "Harvested",
        Left "left" "结余" "Left",
        Loss "loss" "登记的损耗" "Loss stated",
        Made "made" "批次总量" "Made",
        Out "out" "产出" "Made of it",
        PutIn "put_in" "投入" "Put in",
        Received "received" "收货" "Received",
        Shipped "shipped" "发往其他主体" "Sent to others",
        Sold "sold" "申报的销售量" "Sales reported",
        ToConsumers "to_consumers" "发给消费者" "Sent to consumers",
    }
}

table! {
    /// The picture of where a lot came from and went.
    pub enum GraphWord "graph" {
        All "all" "{lot} 的来源与去向：{list}" "Where {lot} came from and went: {list}",
        Graded "graded" "分级" "Graded",
        Harvested "harvested" "采收" "Harvest",
        Known "known" "批次" "Lot",
        Loss "loss" "损耗 {amount}" "lost {amount}",
        More "more" "另 {n} 个" "{n} more",
        Packed "packed" "包装" "Packed",
        Planted "planted" "种植" "Planted",
        Plot "plot" "地块" "Plot",
        Processed "processed" "加工" "Processed",
        Season "season" "种植季" "Season",
        This "this" "本批次" "this lot",
        Title "title" "来源与去向" "Where it came from and went",
    }
}

impl Imbalance {
    /// More was used, made or sold than there was: the lot must not be sold until that is put right. The others are
    /// for readers to weigh.
    pub fn holds(self) -> bool {
        match self {
            Imbalance::BrandNotMember
            | Imbalance::HolderOverdrawn
            | Imbalance::MadeMore
            | Imbalance::Oversold
            | Imbalance::PacksExceed
            | Imbalance::PlotExceeded
            | Imbalance::QuotaExceeded
            | Imbalance::ReceivedMore
            | Imbalance::SeasonExceeded => true,
            Imbalance::NotComparable
            | Imbalance::OverlappingSales
            | Imbalance::PacksShort
            | Imbalance::PutRight
            | Imbalance::UnexplainedLoss
            | Imbalance::UsesNotComparable => false,
        }
    }

    /// Whoever runs the ledger is told at once: what holds, and what may be a way around it.
    pub fn is_alarm(self) -> bool {
        self.holds() || matches!(self, Imbalance::OverlappingSales | Imbalance::UsesNotComparable)
    }
}
