//! Who takes part: one platform, laboratories, carriers, packhouses, hosts, and the farms with their plots.
//!
//! Every name is made up and says so (示范), the villages too.

use std::rc::Rc;

use jiff::ToSpan as _;
use jiff::civil::{DateTime, date};
use serde_json::json;

use super::amounts::Counting;
use super::crops::{APPLE, CROPS, CUCUMBER, Crop, TEA, tables};
use super::dice::{self, Dice};
use super::fraud::Fraud;
use super::plan::{Plan, Step};
use super::{LAST_YEAR, Wanted, pictures};
use crate::demo::cast::Org;
use crate::demo::draft::{Draft, Pen};
use crate::demo::teller::{Phone, admission, registration};
use crate::statement::ed25519::KeyPair;
use crate::statement::kinds::Kind;
use crate::statement::role::Role;

/// Members of one regional brand at most; the next farm belongs to the next brand.
const BRAND_MEMBERS: usize = 200;
/// A table of brands has no more rows.
const BRANDS_MAX: usize = 32;
/// Farms for each packhouse and for each host.
const FARMS_EACH: usize = 8;

/// What an honest farm does out of the ordinary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    /// The phone finds no network for two days.
    LateSync,
    /// As much as eight in a hundred is lost in grading.
    Losses,
    /// Its last first-grade lot is packed together with the neighbour's.
    Merge,
    /// Fruit is counted, not weighed.
    Pieces,
    /// The platform's warehouse rejects a delivery, and takes the next.
    Rejected,
    /// A dose is mistyped and put right the next day.
    Typo,
    Nothing,
}

pub(super) struct Farm {
    /// From 1.
    pub(super) number: usize,
    /// Bare id.
    pub(super) id: String,
    pub(super) admin: Pen,
    pub(super) field: Pen,
    pub(super) village: String,
    pub(super) crop: &'static Crop,
    pub(super) area_mu: u64,
    /// In grams or pieces.
    pub(super) declared: u64,
    pub(super) counting: Counting,
    pub(super) packs_itself: bool,
    /// Index of its brand.
    pub(super) brand: Option<usize>,
    pub(super) house: usize,
    pub(super) lab: usize,
    pub(super) carrier: usize,
    pub(super) host: usize,
    /// What it does, and in which season, from 0.
    pub(super) fraud: Option<(Fraud, u64)>,
    pub(super) oddity: Oddity,
}

pub(super) struct World {
    pub(super) seed: u64,
    pub(super) seasons: u64,
    pub(super) registrar: Pen,
    pub(super) platform: Pen,
    pub(super) warehouse: Pen,
    pub(super) labs: Vec<Pen>,
    pub(super) carriers: Vec<Pen>,
    pub(super) houses: Vec<Pen>,
    pub(super) hosts: Vec<Pen>,
    pub(super) farms: Vec<Farm>,
}

impl World {
    pub(super) fn cast(wanted: &Wanted, registrar: KeyPair) -> World {
        let farms = usize::try_from(wanted.farms).unwrap_or(usize::MAX);
        let each = farms.div_ceil(FARMS_EACH);
        let several = |what: &str, role, count: usize| -> Vec<Pen> {
            (1..=count).map(|n| pen(wanted.seed, &format!("demo-{what}-{n}"), role)).collect()
        };
        let platform = pen(wanted.seed, "demo-platform", Role::Platform);
        let mut world = World {
            seed: wanted.seed,
            seasons: wanted.seasons,
            registrar: Pen { org: "registrar".to_owned(), role: Role::Registrar, key: Rc::new(registrar) },
            warehouse: Pen { role: Role::Warehouse, ..platform.clone() },
            platform,
            labs: several("lab", Role::Lab, if farms < 4 { 2 } else { 3 }),
            carriers: several("carrier", Role::Carrier, if farms < 4 { 1 } else { 2 }),
            houses: several("house", Role::Packhouse, each),
            hosts: several("host", Role::Host, each),
            farms: Vec::new(),
        };
        world.cast_farms(wanted, farms);
        world
    }

    fn cast_farms(&mut self, wanted: &Wanted, farms: usize) {
        let frauds = wanted.frauds_of(farms);
        let mut roles: Vec<Option<Fraud>> = frauds.into_iter().map(Some).collect();
        roles.resize(farms, None);
        Dice::of(self.seed, "who is honest").shuffle(&mut roles);
        let mut honest = 0;
        let mut branded = 0;
        let mut partner: Option<usize> = None;
        for (index, fraud) in roles.into_iter().enumerate() {
            let oddity = if fraud.is_some() { Oddity::Nothing } else { oddity(honest) };
            honest += usize::from(fraud.is_none());
            let mut farm = self.farm(index, fraud, oddity);
            if oddity == Oddity::Merge {
                // Two by two: the second grows what the first grows and sells to the same packhouse.
                partner = match partner {
                    None => Some(index),
                    Some(first) => {
                        let first: &Farm = &self.farms[first];
                        (farm.crop, farm.house) = (first.crop, first.house);
                        farm.declared = declared(farm.crop, farm.area_mu, farm.counting);
                        None
                    }
                };
            }
            if farm.brand.is_some() {
                farm.brand = Some(branded / BRAND_MEMBERS).filter(|brand| *brand < BRANDS_MAX);
                branded += 1;
            }
            self.farms.push(farm);
        }
        if let Some(alone) = partner {
            self.farms[alone].oddity = Oddity::Nothing;
        }
    }

    fn farm(&self, index: usize, fraud: Option<Fraud>, oddity: Oddity) -> Farm {
        let number = index + 1;
        let id = format!("demo-farm-{number:05}");
        let mut dice = Dice::of(self.seed, &id);
        let crop = &CROPS[crop_of(&mut dice, fraud, oddity)];
        let area_mu = dice.between(crop.area_mu.0, crop.area_mu.1);
        let (unit, kilos) = crop.container;
        let counting = match (oddity, dice.between(0, 2)) {
            (Oddity::Pieces, _) => Counting::Pieces,
            (_, 0) => Counting::Kilos,
            (_, 1) => Counting::Jin,
            _ => Counting::Containers(unit, kilos),
        };
        let brand = match fraud {
            Some(fraud) => fraud.is_about_a_brand(),
            None => matches!(oddity, Oddity::Nothing | Oddity::Typo) && crop.name == CROPS[APPLE].name,
        };
        let season = match fraud {
            // What has expired stays so.
            Some(Fraud::OrganicExpired) => self.seasons - 1,
            _ => dice.between(0, self.seasons - 1),
        };
        let house = index / FARMS_EACH;
        let needs_packhouse = oddity == Oddity::Merge || fraud == Some(Fraud::ReceivedMore);
        let admin = pen(self.seed, &id, Role::Farm);
        let phone = dice::key(self.seed, &format!("{id} phone")).pair();
        Farm {
            number,
            field: Pen { key: Rc::new(phone), ..admin.clone() },
            id,
            admin,
            village: format!("示范县示范镇示范{}村", house + 1),
            crop,
            area_mu,
            declared: declared(crop, area_mu, counting),
            counting,
            packs_itself: brand || (!needs_packhouse && dice.one_in(6)),
            brand: brand.then_some(0),
            house,
            lab: dice.between(0, self.labs.len() as u64 - 1) as usize,
            carrier: dice.between(0, self.carriers.len() as u64 - 1) as usize,
            host: house,
            fraud: fraud.map(|fraud| (fraud, season)),
            oddity,
        }
    }

    /// The year before the first season: who takes part, the tables of rules, the plots.
    pub(super) fn prologue(&self, plan: &mut Plan) {
        let mut at = self.founded() + 1.days();
        let mut next = || {
            at += 40.seconds();
            at
        };
        let platform = ("示范电商平台", "Demo Platform", &[Role::Platform, Role::Warehouse][..]);
        self.register(plan, &self.platform, platform, "示范市", next());
        let groups: [(&[Pen], &str, &str, &[Role]); 4] = [
            (&self.labs, "示范检测所", "Demo Laboratory", &[Role::Lab]),
            (&self.carriers, "示范冷链运输公司", "Demo Carrier", &[Role::Carrier]),
            (&self.houses, "示范产地仓", "Demo Packhouse", &[Role::Packhouse, Role::Warehouse]),
            (&self.hosts, "示范主播", "Demo Host", &[Role::Host]),
        ];
        for (pens, name, name_en, roles) in groups {
            for (n, pen) in (1..).zip(pens) {
                let names = (&*format!("{name}{n}号"), &*format!("{name_en} {n}"), roles);
                self.register(plan, pen, names, "示范县示范镇", next());
            }
        }
        for farm in &self.farms {
            let number = farm.number;
            let names = (&*format!("示范农场{number}号"), &*format!("Demo Farm {number}"), &[Role::Farm][..]);
            self.register(plan, &farm.admin, names, &farm.village, next());
        }
        for data in tables() {
            plan.say(Step::of(Draft::new(Kind::RulesSet, "ledger:", &self.registrar, next(), data)));
        }
        for farm in &self.farms {
            let phone =
                Phone {
                    role: Role::Farm, kinds: PHONE_KINDS, holder: "示范记录员", device: "农场手机"
                };
            plan.say(Step::of(admission(&farm.admin, &phone, &farm.field, next())));
        }
        for farm in &self.farms {
            plan.say(Step::of(self.plot(farm, next())).chained());
        }
    }

    fn register(
        &self,
        plan: &mut Plan,
        pen: &Pen,
        (name, name_en, roles): (&str, &str, &[Role]),
        village: &str,
        at: DateTime,
    ) {
        let org = Org {
            id: &pen.org,
            name,
            name_en,
            village,
            roles,
            identity_method: "document",
            document_type: "business_licence",
        };
        plan.say(Step::of(registration(&org, &self.registrar, pen, at)));
    }

    fn plot(&self, farm: &Farm, at: DateTime) -> Draft {
        let mut data = json!({
            "name": "示范一号地",
            "area": crate::demo::draft::quantity(&farm.area_mu.to_string(), "mu"),
            "crop": farm.crop.name,
            "variety": farm.crop.variety,
            "declared_yield": farm.declared_amount(),
            "holder": "示范承包人",
            "water": "reservoir",
        });
        if farm.crop.is_organic() {
            let expired = matches!(farm.fraud, Some((Fraud::OrganicExpired, _)));
            let until = if expired { date(LAST_YEAR, 2, 10) } else { date(LAST_YEAR + 1, 12, 31) };
            data["base_cert"] = json!([{
                "scheme": "organic",
                "number": format!("示范有机-{:05}", farm.number),
                "body": "示范认证机构",
                "valid_from": crate::demo::season::day(self.founded().date()),
                "valid_until": crate::demo::season::day(until),
            }]);
        }
        let mut draft = Draft::new(Kind::PlotRegister, &farm.plot(), &farm.field, at, data);
        draft.files.push(pictures::photo("地块", pictures::of_plot(self.seed, &farm.id)));
        draft.in_village(&farm.village)
    }

    /// The year of a season, counted from 0.
    pub(super) fn year(&self, season: u64) -> i16 {
        LAST_YEAR - i16::try_from(self.seasons - 1 - season).unwrap_or(i16::MAX)
    }

    /// When the ledger was founded: in the autumn before the first season.
    pub(super) fn founded(&self) -> DateTime {
        date(self.year(0) - 1, 9, 1).at(8, 0, 0, 0)
    }
}

impl Farm {
    pub(super) fn plot(&self) -> String {
        format!("plot:{}.p1", self.id)
    }

    fn declared_amount(&self) -> serde_json::Value {
        match self.counting {
            Counting::Pieces => Counting::Pieces.amount(self.declared),
            _ => crate::demo::draft::quantity(&super::amounts::decimal(self.declared, 1_000_000), "t"),
        }
    }

    /// What it does in that season.
    pub(super) fn fraud_in(&self, season: u64) -> Option<Fraud> {
        self.fraud.filter(|(_, when)| *when == season).map(|(fraud, _)| fraud)
    }
}

const PHONE_KINDS: &[Kind] = &[
    Kind::CropOpen,
    Kind::Grading,
    Kind::Harvest,
    Kind::Input,
    Kind::Irrigation,
    Kind::Observation,
    Kind::Packing,
    Kind::Planting,
    Kind::PlotRegister,
    Kind::Shipping,
    Kind::SignOff,
    Kind::Storage,
];

fn pen(seed: u64, id: &str, role: Role) -> Pen {
    Pen { org: id.to_owned(), role, key: Rc::new(dice::key(seed, id).pair()) }
}

fn declared(crop: &Crop, area_mu: u64, counting: Counting) -> u64 {
    let grams = crop.kilos_per_mu * area_mu * 1000;
    match counting {
        Counting::Pieces => grams / crop.piece.unwrap_or(100),
        _ => grams,
    }
}

/// Every oddity has its turn before any comes again.
fn oddity(honest: usize) -> Oddity {
    const TURNS: [Oddity; 8] = [
        Oddity::LateSync,
        Oddity::Rejected,
        Oddity::Typo,
        Oddity::Merge,
        Oddity::Merge,
        Oddity::Losses,
        Oddity::Pieces,
        Oddity::Nothing,
    ];
    TURNS[honest % TURNS.len()]
}

fn crop_of(dice: &mut Dice, fraud: Option<Fraud>, oddity: Oddity) -> usize {
    const COUNTED: [usize; 2] = [super::crops::TANGERINE, super::crops::TOMATO];
    let any = dice.between(0, CROPS.len() as u64 - 1) as usize;
    match fraud {
        Some(Fraud::OrganicExpired) => TEA,
        Some(fraud) if fraud.is_about_a_brand() => APPLE,
        // A fraud of its own, not one more of a crop that asks for certificates or has one pick.
        Some(_) if any > super::crops::STRAWBERRY => CUCUMBER,
        Some(_) => any,
        None if oddity == Oddity::Pieces => COUNTED[any % 2],
        None => any,
    }
}
