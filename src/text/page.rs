//! The words of the pages that people open: the provenance page, the front page, and what they say when they cannot.

use super::words::table;

table! {
    pub enum Page "page" {
        Back "back" "返回首页" "Back to the front page",
    }
}
