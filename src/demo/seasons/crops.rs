//! What grows, what it is sprayed with, and the tables of rules of the generated ledger.
//!
//! The crops are real. Yields and dates are round numbers of a plausible size, nobody's statistics. Every pesticide,
//! ingredient, interval and limit is made up, says so in its name (示范) and is marked `fictional`, which only a ledger
//! whose genesis says demonstration takes.

use serde_json::{Value, json};

pub(super) struct Crop {
    pub(super) name: &'static str,
    pub(super) variety: &'static str,
    pub(super) category: &'static str,
    pub(super) level: &'static str,
    pub(super) kilos_per_mu: u64,
    pub(super) area_mu: (u64, u64),
    pub(super) picks: u64,
    /// From one pick to the next.
    pub(super) days_apart: i64,
    /// Month and day.
    pub(super) opened: (i8, i8),
    pub(super) first_pick: (i8, i8),
    /// What pickers count in, and the kilos in it.
    pub(super) container: (&'static str, u64),
    /// Grams in one pack.
    pub(super) pack: u64,
    pub(super) is_cooled: bool,
    /// Grams of one, where people may count them.
    pub(super) piece: Option<u64>,
    pub(super) pack_type: &'static str,
}

impl Crop {
    pub(super) fn is_organic(&self) -> bool {
        self.category == "organic"
    }
}

const PLAIN: Crop = Crop {
    name: "",
    variety: "",
    category: "fresh",
    level: "basic",
    kilos_per_mu: 2000,
    area_mu: (8, 40),
    picks: 2,
    days_apart: 6,
    opened: (3, 1),
    first_pick: (6, 20),
    container: ("crate", 20),
    pack: 5000,
    is_cooled: true,
    piece: None,
    pack_type: "carton",
};

pub(super) const APPLE: usize = 1;
pub(super) const CUCUMBER: usize = 2;
pub(super) const TANGERINE: usize = 3;
pub(super) const TOMATO: usize = 4;
pub(super) const STRAWBERRY: usize = 5;
pub(super) const TEA: usize = 7;

#[rustfmt::skip]
pub(super) const CROPS: [Crop; 8] = [
    Crop { name: "杨梅", variety: "东魁", level: "full", kilos_per_mu: 700, first_pick: (6, 12), picks: 3, days_apart: 5,
           container: ("basket", 10), pack: 2500, pack_type: "foam_box_ice", ..PLAIN },
    Crop { name: "苹果", variety: "红富士", level: "full", first_pick: (10, 8), days_apart: 8, pack_type: "carton_net",
           ..PLAIN },
    Crop { name: "黄瓜", variety: "密刺", kilos_per_mu: 4800, area_mu: (2, 9), first_pick: (5, 16), picks: 3,
           ..PLAIN },
    Crop { name: "柑桔", variety: "蜜桔", kilos_per_mu: 2200, first_pick: (10, 18), days_apart: 10, is_cooled: false,
           piece: Some(120), ..PLAIN },
    Crop { name: "番茄", variety: "粉果", kilos_per_mu: 4500, area_mu: (2, 10), first_pick: (6, 24), picks: 3,
           piece: Some(180), ..PLAIN },
    Crop { name: "草莓", variety: "红颜", kilos_per_mu: 1500, area_mu: (2, 8), opened: (1, 8), first_pick: (4, 2),
           days_apart: 5, container: ("basket", 5), pack: 1000, pack_type: "clamshell", ..PLAIN },
    Crop { name: "三七", variety: "三年七", category: "speciality", level: "full", kilos_per_mu: 280, area_mu: (5, 20),
           picks: 1, first_pick: (10, 20), is_cooled: false, pack: 1000, container: ("bag", 25), pack_type: "bag",
           ..PLAIN },
    Crop { name: "茶叶", variety: "群体种", category: "organic", level: "full", kilos_per_mu: 45, area_mu: (10, 60),
           opened: (1, 10), first_pick: (4, 4), days_apart: 12, container: ("bag", 5), pack: 250, is_cooled: false,
           pack_type: "bag", ..PLAIN },
];

/// A pesticide that does not exist.
pub(super) struct Product {
    pub(super) name: &'static str,
    pub(super) reg_no: &'static str,
    pub(super) formulation: &'static str,
    pub(super) active: &'static str,
    pub(super) percent: &'static str,
    pub(super) phi_days: i64,
    pub(super) max_uses: u64,
    pub(super) target: &'static str,
}

/// The one that frauds are made with.
pub(super) const INSECT: usize = 0;
/// Short enough an interval to be sprayed between two picks.
pub(super) const SHORT: usize = 1;
pub(super) const FUNGUS: usize = 2;

#[rustfmt::skip]
pub(super) const PRODUCTS: [Product; 3] = [
    Product { name: "示范杀虫剂甲", reg_no: "SF2099001", formulation: "悬浮剂", active: "示范成分甲", percent: "10",
              phi_days: 7, max_uses: 3, target: "示范害虫" },
    Product { name: "示范杀虫剂乙", reg_no: "SF2099002", formulation: "水剂", active: "示范成分乙", percent: "2.5",
              phi_days: 3, max_uses: 2, target: "示范螨类" },
    Product { name: "示范杀菌剂丙", reg_no: "SF2099003", formulation: "可湿性粉剂", active: "示范成分丙", percent: "50",
              phi_days: 14, max_uses: 2, target: "示范病害" },
];

/// A farm may be two days without a network, and a diary is dated to the day.
const LATE_HOURS: u64 = 72;

/// What the made-up limit is, for every ingredient on every crop, in mg/kg.
const LIMIT: &str = "0.5";

/// The data of the `rules.set` statements with which the ledger begins.
pub(super) fn tables() -> Vec<Value> {
    let pairs = || PRODUCTS.iter().flat_map(|product| CROPS.iter().map(move |crop| (product, crop)));
    let intervals: Vec<Value> = pairs()
        .map(|(product, crop)| {
            json!({
                "actives": [{ "name": product.active, "content": product.percent, "unit": "percent" }],
                "formulation": product.formulation,
                "crop": crop.name,
                "phi_days": product.phi_days,
                "max_uses": product.max_uses,
                "fictional": true,
            })
        })
        .collect();
    let limits: Vec<Value> = pairs()
        .map(|(product, crop)| {
            json!({
                "analyte": product.active, "crop": crop.name, "limit": LIMIT, "unit": "mg_per_kg", "fictional": true,
            })
        })
        .collect();
    let policies: Vec<Value> = CROPS.iter().map(policy).collect();
    vec![
        json!({ "table": "intervals", "intervals": intervals }),
        json!({ "table": "limits", "limits": limits }),
        json!({ "table": "policies", "policies": policies }),
        json!({ "table": "tunables", "tunables": { "late_hours": LATE_HOURS } }),
    ]
}

fn policy(crop: &Crop) -> Value {
    let mut row = json!({
        "crops": [crop.name],
        "category": crop.category,
        "level": crop.level,
        "grade_standard": "示范等级标准",
        "test_standard": "示范检测标准",
    });
    if crop.is_cooled {
        row["min_temp"] = json!("0");
        row["max_temp"] = json!("5");
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::kinds::Kind;
    use crate::statement::schema;

    #[test]
    fn tables_have_their_form_and_every_made_up_row_says_so() {
        for table in tables() {
            schema::validate(Kind::RulesSet, &table).unwrap();
            let rows = ["intervals", "limits"].iter().filter_map(|name| table[*name].as_array()).flatten();
            for row in rows {
                assert_eq!(row["fictional"], true);
            }
        }
        assert!(
            PRODUCTS.iter().all(|product| product.name.contains("示范") && product.active.contains("示范"))
        );
        let named = [APPLE, CUCUMBER, TANGERINE, TOMATO, STRAWBERRY, TEA].map(|i| CROPS[i].name);
        assert_eq!(named, ["苹果", "黄瓜", "柑桔", "番茄", "草莓", "茶叶"]);
    }

    /// Between two picks there is room for the short interval, and none for a season to leave its year.
    #[test]
    fn calendars_hold() {
        for crop in &CROPS {
            assert!(crop.picks == 1 || crop.days_apart > PRODUCTS[SHORT].phi_days + 1, "{}", crop.name);
            let (opened, first) = (day_of(crop.opened), day_of(crop.first_pick));
            assert!(first - opened > 70, "{}", crop.name);
            assert!(
                first + (crop.picks as i64 - 1) * crop.days_apart + 40 < day_of((12, 20)),
                "{}",
                crop.name
            );
        }
    }

    fn day_of((month, day): (i8, i8)) -> i64 {
        i64::from(jiff::civil::date(2025, month, day).day_of_year())
    }
}
