//! The three seats (平台监管、产地负责、主播把关) and who promises what.

use super::words::table;

table! {
    /// Who is to vouch for a batch.
    pub enum SeatName "seat" {
        Platform "platform" "平台监管" "Platform",
        Origin "origin" "产地负责" "Origin",
        Host "host" "主播把关" "Host",
    }
}

table! {
    /// What became of a seat.
    pub enum SeatState "seat_state" {
        Empty "empty" "尚未签字" "not signed yet",
        Approved "approved" "已签字同意" "approved",
        Refused "refused" "签字不同意" "refused",
        /// Approved, but not knowing what the ledger knows now.
        ApprovedBefore "approved_before" "签字在暂扣原因之前" "approved before the reason for the hold was known",
    }
}

table! {
    /// Where a promise stands in time.
    pub enum PromiseState "promise" {
        ToCome "to_come" "尚未生效" "not yet valid",
        Valid "valid" "有效期内" "valid",
        Over "over" "已过期" "expired",
        Withdrawn "withdrawn" "已撤销" "taken back",
    }
}
