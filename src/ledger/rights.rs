//! Who may sign what: the one table of rules version 1.
//!
//! A row says which roles an author of that kind may act in, about which subjects, and how the author's
//! organisation must stand to each of them. `rules` interprets the table; nothing else decides rights.

use crate::statement::kinds::Kind;
use crate::statement::role::Role;
use crate::statement::subject::SubjectKind;

/// How the author's organisation must stand to a subject of the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The subject exists; nothing more is asked (a laboratory may test anybody's lot).
    Any,
    /// The subject is the author's own.
    Own,
    /// The author's own, and this record begins its chain.
    New,
    /// The author's own: begins its chain, or is a lot of theirs that was planted and not yet harvested.
    NewOrPlanted,
    /// The author holds the lot.
    Held,
    /// The author holds the lot, or an open shipping of it names them as carrier.
    HeldOrCarried,
    /// An open shipping of the lot names the author as receiver.
    Receiver,
    /// Inputs are held by the author, outputs are new and the author's own.
    Transformed,
    /// The author is the registrar, with a key of scope admin.
    Registrar,
    /// Judged by code of the kind's own in `rules`: registration, keys, corrections, withdrawals.
    Special,
}

/// One row: `roles` acting on a subject of type `about` must stand in `relation` to it.
#[derive(Debug, Clone, Copy)]
pub struct Right {
    pub kind: Kind,
    pub roles: &'static [Role],
    pub about: SubjectKind,
    pub relation: Relation,
}

use Relation::{Any, Held, HeldOrCarried, New, NewOrPlanted, Own, Receiver, Registrar, Special, Transformed};
use Role::{Carrier, Coop, Farm, Host, Lab, Packhouse, Platform, Processor, Regulator, Warehouse};
use SubjectKind as On;

const GROWERS: &[Role] = &[Farm, Coop];
const HANDLERS: &[Role] = &[Farm, Coop, Packhouse, Warehouse, Processor];
const STORES: &[Role] = &[Farm, Coop, Packhouse, Warehouse, Processor, Carrier];
const RECEIVERS: &[Role] = &[Farm, Coop, Packhouse, Warehouse, Processor, Carrier, Host, Platform];
const SELLERS: &[Role] = &[Farm, Coop, Packhouse, Warehouse, Processor, Host];
const OUTSIDERS: &[Role] = &[Lab, Platform, Regulator];
/// Who may hold anybody's goods, and let them go again.
const AUTHORITY: &[Role] = &[Platform, Regulator];
const PLATFORM: &[Role] = &[Platform];
/// Who vouches for a lot without holding it.
const SEATS: &[Role] = &[Host, Platform];
const REGISTRAR: &[Role] = &[Role::Registrar];
const EVERYONE: &[Role] =
    &[Role::Registrar, Farm, Coop, Packhouse, Warehouse, Processor, Carrier, Lab, Host, Platform, Regulator];

const fn row(kind: Kind, roles: &'static [Role], about: SubjectKind, relation: Relation) -> Right {
    Right { kind, roles, about, relation }
}

/// Rules version 1. For one kind and subject type, the first row whose roles hold the signer's role decides.
#[rustfmt::skip]
pub const RIGHTS: &[Right] = &[
    row(Kind::LedgerRules,  REGISTRAR, On::Ledger, Registrar),
    row(Kind::LedgerKey,    REGISTRAR, On::Ledger, Registrar),
    row(Kind::LedgerAnchor, REGISTRAR, On::Ledger, Registrar),
    row(Kind::OrgRegister,  REGISTRAR, On::Org,    Special),
    row(Kind::OrgUpdate,    EVERYONE,  On::Org,    Special),
    row(Kind::OrgKeyAdd,    EVERYONE,  On::Key,    Special),
    row(Kind::OrgKeyRevoke, EVERYONE,  On::Key,    Special),
    row(Kind::PlotRegister, GROWERS,   On::Plot,   New),
    row(Kind::CropOpen,     GROWERS,   On::Crop,   New),
    row(Kind::CropOpen,     GROWERS,   On::Plot,   Own),
    row(Kind::Planting,     GROWERS,   On::Crop,   Own),
    row(Kind::Planting,     GROWERS,   On::Plot,   Own),
    row(Kind::Planting,     GROWERS,   On::Batch,  NewOrPlanted),
    row(Kind::Input,        HANDLERS,  On::Crop,   Own),
    row(Kind::Input,        HANDLERS,  On::Plot,   Own),
    row(Kind::Input,        HANDLERS,  On::Batch,  Held),
    row(Kind::Sampling,     OUTSIDERS, On::Batch,  Any),
    row(Kind::Sampling,     OUTSIDERS, On::Crop,   Any),
    row(Kind::Sampling,     OUTSIDERS, On::Plot,   Any),
    row(Kind::Sampling,     HANDLERS,  On::Batch,  Held),
    row(Kind::Sampling,     HANDLERS,  On::Crop,   Own),
    row(Kind::Sampling,     HANDLERS,  On::Plot,   Own),
    row(Kind::Inspection,   OUTSIDERS, On::Batch,  Any),
    row(Kind::Inspection,   OUTSIDERS, On::Crop,   Any),
    row(Kind::Inspection,   OUTSIDERS, On::Plot,   Any),
    row(Kind::Inspection,   HANDLERS,  On::Batch,  Held),
    row(Kind::Inspection,   HANDLERS,  On::Crop,   Own),
    row(Kind::Inspection,   HANDLERS,  On::Plot,   Own),
    row(Kind::Harvest,      GROWERS,   On::Batch,  NewOrPlanted),
    row(Kind::Harvest,      GROWERS,   On::Crop,   Own),
    row(Kind::Harvest,      GROWERS,   On::Plot,   Own),
    row(Kind::Grading,      HANDLERS,  On::Batch,  Transformed),
    row(Kind::Packing,      HANDLERS,  On::Batch,  Transformed),
    row(Kind::Processing,   HANDLERS,  On::Batch,  Transformed),
    row(Kind::Storage,      STORES,    On::Batch,  HeldOrCarried),
    row(Kind::Shipping,     STORES,    On::Batch,  Held),
    row(Kind::Receiving,    RECEIVERS, On::Batch,  Receiver),
    row(Kind::Irrigation,   GROWERS,   On::Crop,   Own),
    row(Kind::Irrigation,   GROWERS,   On::Batch,  Held),
    row(Kind::Observation,  GROWERS,   On::Crop,   Own),
    row(Kind::Observation,  GROWERS,   On::Batch,  Held),
    row(Kind::Sale,         PLATFORM,  On::Batch,  Any),
    row(Kind::Sale,         SELLERS,   On::Batch,  Held),
    row(Kind::SignOff,      SEATS,     On::Batch,  Any),
    row(Kind::SignOff,      HANDLERS,  On::Batch,  Held),
    row(Kind::Guarantee,    SEATS,     On::Batch,  Any),
    row(Kind::Guarantee,    HANDLERS,  On::Batch,  Held),
    row(Kind::Hold,         AUTHORITY, On::Batch,  Any),
    row(Kind::Hold,         AUTHORITY, On::Crop,   Any),
    row(Kind::Hold,         HANDLERS,  On::Batch,  Held),
    row(Kind::Hold,         HANDLERS,  On::Crop,   Own),
    row(Kind::Release,      AUTHORITY, On::Batch,  Any),
    row(Kind::Release,      AUTHORITY, On::Crop,   Any),
    row(Kind::Release,      HANDLERS,  On::Batch,  Held),
    row(Kind::Release,      HANDLERS,  On::Crop,   Own),
    row(Kind::Enforcement,  AUTHORITY, On::Org,    Any),
    row(Kind::Enforcement,  AUTHORITY, On::Batch,  Any),
    row(Kind::RulesSet,     REGISTRAR, On::Ledger, Registrar),
    row(Kind::Correction,   EVERYONE,  On::Plot,   Special),
    row(Kind::Correction,   EVERYONE,  On::Crop,   Special),
    row(Kind::Correction,   EVERYONE,  On::Batch,  Special),
    row(Kind::Withdrawal,   EVERYONE,  On::Plot,   Special),
    row(Kind::Withdrawal,   EVERYONE,  On::Crop,   Special),
    row(Kind::Withdrawal,   EVERYONE,  On::Batch,  Special),
    row(Kind::Withdrawal,   EVERYONE,  On::Org,    Special),
];

/// The row for a signer acting as `role` in a statement of `kind` that concerns a subject of type `about`.
pub fn right_of(kind: Kind, role: Role, about: SubjectKind) -> Option<&'static Right> {
    RIGHTS.iter().find(|right| right.kind == kind && right.about == about && right.roles.contains(&role))
}
