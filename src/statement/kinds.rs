//! The kinds of statement that this version knows, each with its schema in `schemas/<name>-<version>.json`.
//!
//! What a kind's `data` holds is its schema's; who may say it is the ledger's. Names for people stand in the schemas.

use std::fmt;
use std::str::FromStr;

use super::names::KindName;
use super::subject::SubjectKind;

/// What a statement says happened. Its text form is name and version: `harvest/1`.
///
/// A new version of a kind is a new variant: the old one stays, since old records are read by it for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Correction,
    CropOpen,
    Enforcement,
    Genesis,
    Grading,
    Guarantee,
    Harvest,
    Hold,
    Input,
    Inspection,
    Irrigation,
    LedgerAnchor,
    LedgerKey,
    LedgerRules,
    Observation,
    OrgKeyAdd,
    OrgKeyRevoke,
    OrgRegister,
    OrgUpdate,
    Packing,
    Planting,
    PlotRegister,
    Processing,
    Receiving,
    Release,
    RulesSet,
    Sale,
    Sampling,
    Shipping,
    SignOff,
    Storage,
    Withdrawal,
}

/// The text names no kind and version that this program knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this version knows no such kind of statement")]
pub struct UnknownKind;

impl Kind {
    pub const ALL: [Kind; 32] = [
        Kind::Correction,
        Kind::CropOpen,
        Kind::Enforcement,
        Kind::Genesis,
        Kind::Grading,
        Kind::Guarantee,
        Kind::Harvest,
        Kind::Hold,
        Kind::Input,
        Kind::Inspection,
        Kind::Irrigation,
        Kind::LedgerAnchor,
        Kind::LedgerKey,
        Kind::LedgerRules,
        Kind::Observation,
        Kind::OrgKeyAdd,
        Kind::OrgKeyRevoke,
        Kind::OrgRegister,
        Kind::OrgUpdate,
        Kind::Packing,
        Kind::Planting,
        Kind::PlotRegister,
        Kind::Processing,
        Kind::Receiving,
        Kind::Release,
        Kind::RulesSet,
        Kind::Sale,
        Kind::Sampling,
        Kind::Shipping,
        Kind::SignOff,
        Kind::Storage,
        Kind::Withdrawal,
    ];

    /// The name without the version, as it stands in a key's scope: a key that may sign harvests may sign every version.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Correction => "correction",
            Kind::CropOpen => "crop.open",
            Kind::Enforcement => "enforcement",
            Kind::Genesis => "genesis",
            Kind::Grading => "grading",
            Kind::Guarantee => "guarantee",
            Kind::Harvest => "harvest",
            Kind::Hold => "hold",
            Kind::Input => "input",
            Kind::Inspection => "inspection",
            Kind::Irrigation => "irrigation",
            Kind::LedgerAnchor => "ledger.anchor",
            Kind::LedgerKey => "ledger.key",
            Kind::LedgerRules => "ledger.rules",
            Kind::Observation => "observation",
            Kind::OrgKeyAdd => "org.key.add",
            Kind::OrgKeyRevoke => "org.key.revoke",
            Kind::OrgRegister => "org.register",
            Kind::OrgUpdate => "org.update",
            Kind::Packing => "packing",
            Kind::Planting => "planting",
            Kind::PlotRegister => "plot.register",
            Kind::Processing => "processing",
            Kind::Receiving => "receiving",
            Kind::Release => "release",
            Kind::RulesSet => "rules.set",
            Kind::Sale => "sale",
            Kind::Sampling => "sampling",
            Kind::Shipping => "shipping",
            Kind::SignOff => "sign-off",
            Kind::Storage => "storage",
            Kind::Withdrawal => "withdrawal",
        }
    }

    pub fn version(self) -> u16 {
        1
    }

    /// What the main subject may be.
    pub fn subject_kinds(self) -> &'static [SubjectKind] {
        match self {
            Kind::LedgerAnchor | Kind::LedgerKey | Kind::LedgerRules | Kind::RulesSet => {
                &[SubjectKind::Ledger]
            }
            Kind::Enforcement | Kind::Genesis | Kind::OrgRegister | Kind::OrgUpdate => &[SubjectKind::Org],
            Kind::OrgKeyAdd | Kind::OrgKeyRevoke => &[SubjectKind::Key],
            Kind::PlotRegister => &[SubjectKind::Plot],
            Kind::CropOpen => &[SubjectKind::Crop],
            // A small farm may log its whole season on the lot itself.
            Kind::Hold
            | Kind::Input
            | Kind::Inspection
            | Kind::Irrigation
            | Kind::Observation
            | Kind::Planting
            | Kind::Release
            | Kind::Sampling => &[SubjectKind::Batch, SubjectKind::Crop],
            Kind::Grading
            | Kind::Guarantee
            | Kind::Harvest
            | Kind::Packing
            | Kind::Processing
            | Kind::Receiving
            | Kind::Sale
            | Kind::Shipping
            | Kind::SignOff
            | Kind::Storage => &[SubjectKind::Batch],
            Kind::Correction => &[SubjectKind::Batch, SubjectKind::Crop, SubjectKind::Plot],
            Kind::Withdrawal => &[SubjectKind::Batch, SubjectKind::Crop, SubjectKind::Org, SubjectKind::Plot],
        }
    }

    /// Kinds about produce, which a key with a list of kinds may be given. All others need an admin key.
    pub fn is_operational(self) -> bool {
        match self {
            Kind::Genesis
            | Kind::LedgerAnchor
            | Kind::LedgerKey
            | Kind::LedgerRules
            | Kind::OrgKeyAdd
            | Kind::OrgKeyRevoke
            | Kind::OrgRegister
            | Kind::OrgUpdate
            | Kind::RulesSet => false,
            Kind::Correction
            | Kind::CropOpen
            | Kind::Enforcement
            | Kind::Grading
            | Kind::Guarantee
            | Kind::Harvest
            | Kind::Hold
            | Kind::Input
            | Kind::Inspection
            | Kind::Irrigation
            | Kind::Observation
            | Kind::Packing
            | Kind::Planting
            | Kind::PlotRegister
            | Kind::Processing
            | Kind::Receiving
            | Kind::Release
            | Kind::Sale
            | Kind::Sampling
            | Kind::Shipping
            | Kind::SignOff
            | Kind::Storage
            | Kind::Withdrawal => true,
        }
    }

    /// Kinds whose data a correction may replace: what happened to produce. Rights, rules, and what somebody decides
    /// (holds, sign-offs) change by new statements, and a correction of a correction corrects what that one corrected.
    pub fn is_correctable(self) -> bool {
        self.is_withdrawable() && !matches!(self, Kind::Enforcement | Kind::Guarantee | Kind::SignOff)
    }

    /// Kinds that their author may take back. A hold ends by a release, a release by a new hold.
    pub fn is_withdrawable(self) -> bool {
        self.is_operational()
            && !matches!(self, Kind::Correction | Kind::Hold | Kind::Release | Kind::Withdrawal)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name(), self.version())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Kind, UnknownKind> {
        Kind::ALL.into_iter().find(|kind| kind.to_string() == text).ok_or(UnknownKind)
    }
}

impl TryFrom<&KindName> for Kind {
    type Error = UnknownKind;

    fn try_from(name: &KindName) -> Result<Kind, UnknownKind> {
        let mut all = Kind::ALL.into_iter();
        all.find(|kind| kind.name() == name.name && kind.version() == name.version).ok_or(UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_is_name_and_version() {
        assert_eq!(Kind::OrgKeyAdd.to_string(), "org.key.add/1");
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert_eq!(Kind::try_from(&kind.to_string().parse::<KindName>().unwrap()), Ok(kind));
        }
        for bad in ["", "harvest", "harvest/", "harvest/01", "harvest/2", "Harvest/1", "harvest/1 "] {
            assert_eq!(bad.parse::<Kind>(), Err(UnknownKind), "{bad:?}");
        }
    }

    #[test]
    fn all_lists_each_kind_once_in_the_order_of_names() {
        assert!(Kind::ALL.is_sorted());
        assert!(Kind::ALL.is_sorted_by_key(|kind| kind.name()));
        assert!(Kind::ALL.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
