//! The organisations of the stories. Places are real, organisations are not: each is called 示范 or "Demo".

use super::draft::Pen;
use super::season::Season;
use super::teller::{Phone, Teller};
use crate::statement::kinds::Kind;
use crate::statement::role::Role;

/// What is registered of an organisation.
pub(super) struct Org<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) name_en: &'a str,
    pub(super) village: &'a str,
    /// The first is the one that its admin key acts in.
    pub(super) roles: &'a [Role],
    pub(super) identity_method: &'a str,
    pub(super) document_type: &'a str,
}

pub(super) const PLATFORM: Org = Org {
    id: "platform-demo",
    name: "示范电商平台华东仓",
    name_en: "Demo Platform, East China Warehouse",
    village: "浙江省嘉兴市",
    roles: &[Role::Platform, Role::Warehouse],
    identity_method: "government_registry",
    document_type: "business_licence",
};

pub(super) const CARRIER: Org = Org {
    id: "coldchain-demo",
    name: "示范冷链运输公司",
    name_en: "Demo Cold Chain Carrier",
    village: "浙江省台州市",
    roles: &[Role::Carrier],
    identity_method: "document",
    document_type: "business_licence",
};

pub(super) const HOST: Org = Org {
    id: "host-demo",
    name: "示范主播工作室",
    name_en: "Demo Livestream Host",
    village: "浙江省杭州市",
    roles: &[Role::Host],
    identity_method: "video",
    document_type: "business_licence",
};

/// Whom every story trades with.
pub(super) struct Trade {
    pub(super) platform: Pen,
    pub(super) host: Pen,
    /// The platform's goods-in desk.
    pub(super) warehouse: Pen,
    pub(super) carrier: Pen,
}

impl Trade {
    pub(super) fn register(teller: &mut Teller<'_>) -> anyhow::Result<Trade> {
        // Years before any story, whichever season it tells of.
        let past = Season::over_by(teller.now(), 3, 1).back(4);
        let platform = teller.register(&PLATFORM, past.at(1, 8, 10, 0))?;
        let carrier = teller.register(&CARRIER, past.at(1, 9, 15, 20))?;
        let host = teller.register(&HOST, past.at(1, 10, 14, 0))?;
        let desk = Phone {
            role: Role::Warehouse,
            kinds: &[Kind::Receiving, Kind::Storage],
            holder: "示范收货员",
            device: "华东仓收货台",
        };
        let warehouse = teller.add_key(&platform, &desk, past.at(1, 12, 9, 0))?;
        Ok(Trade { platform, host, warehouse, carrier })
    }
}
