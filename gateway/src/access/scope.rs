//! Scopes: what a token allows. SMART v2 words for hospitals, our own for insurers and apps.

use crate::party::Role;

/// One right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Push a bundle.
    BundleCreate,
    /// Read an own bundle.
    BundleRead,
    /// Push a new revision by PUT.
    BundleUpdate,
    /// List and fetch deliveries.
    DeliveriesRead,
    /// Acknowledge deliveries.
    DeliveriesAck,
    /// Report the status of submissions.
    SubmissionsWrite,
    /// Read claims one is linked to, redeem tracking codes.
    ClaimsRead,
    /// File accidents.
    AccidentsWrite,
    /// See who uses own papers.
    UsesRead,
    /// Tell that a paper was changed.
    NoticesWrite,
    /// See own jobs of repair.
    ShopRead,
    /// Take jobs of repair, send estimates and invoices.
    ShopWrite,
    /// Ask wallets for credentials and read what was proved.
    WalletAsk,
    /// Ask MyData for data sets and read what was proved.
    MydataAsk,
    /// Check, record and take back mandates.
    MandatesCheck,
    /// Read the registry, deliveries' attempts, alerts, the audit trail, the health of the gateway.
    OperatorRead,
    /// Propose changes, look after endpoints, acknowledge alerts, read contacts.
    OperatorWrite,
    /// Decide what another operator proposed.
    OperatorApprove,
}

/// A scope that does not exist or is not for this role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a requested scope does not exist or is not for this role")]
pub struct ScopeError;

impl Scope {
    /// The word in tokens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BundleCreate => "system/Bundle.c",
            Self::BundleRead => "system/Bundle.r",
            Self::BundleUpdate => "system/Bundle.u",
            Self::DeliveriesRead => "deliveries.read",
            Self::DeliveriesAck => "deliveries.ack",
            Self::SubmissionsWrite => "submissions.write",
            Self::ClaimsRead => "claims.read",
            Self::AccidentsWrite => "accidents.write",
            Self::UsesRead => "uses.read",
            Self::NoticesWrite => "notices.write",
            Self::ShopRead => "shop.read",
            Self::ShopWrite => "shop.write",
            Self::WalletAsk => "wallet.ask",
            Self::MydataAsk => "mydata.ask",
            Self::MandatesCheck => "mandates.check",
            Self::OperatorRead => "operator.read",
            Self::OperatorWrite => "operator.write",
            Self::OperatorApprove => "operator.approve",
        }
    }

    /// Everything a role can ask for.
    #[must_use]
    pub fn of_role(role: Role) -> &'static [Self] {
        match role.interface() {
            Some(Role::Hospital) => &[Self::BundleCreate, Self::BundleRead, Self::BundleUpdate],
            Some(Role::Insurer) => {
                &[Self::DeliveriesRead, Self::DeliveriesAck, Self::SubmissionsWrite, Self::MandatesCheck]
            }
            Some(Role::App) => {
                &[Self::ClaimsRead, Self::AccidentsWrite, Self::WalletAsk, Self::MydataAsk, Self::MandatesCheck]
            }
            Some(Role::Shop) => &[Self::ShopRead, Self::ShopWrite],
            Some(Role::Police) => &[Self::UsesRead, Self::NoticesWrite, Self::MandatesCheck],
            Some(Role::Operator) if role == Role::Operator => {
                &[Self::OperatorRead, Self::OperatorWrite, Self::OperatorApprove]
            }
            Some(Role::Operator) => &[Self::OperatorRead],
            _ => &[],
        }
    }
}

/// The scopes granted for a request; nothing asked for means everything the role has.
/// SMART v2's combined form (`system/Bundle.cru`) is taken apart.
///
/// # Errors
/// A scope that does not exist or is not for this role: nothing is granted silently less.
pub fn grant(role: Role, requested: Option<&str>) -> Result<Vec<Scope>, ScopeError> {
    let all = Scope::of_role(role);
    let mut granted = Vec::new();
    for word in requested.unwrap_or_default().split_ascii_whitespace() {
        for scope in one(word, all)? {
            if !granted.contains(&scope) {
                granted.push(scope);
            }
        }
    }
    if granted.is_empty() { Ok(all.to_vec()) } else { Ok(granted) }
}

/// The scopes as a token carries them.
#[must_use]
pub fn to_text(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

fn one(word: &str, all: &[Scope]) -> Result<Vec<Scope>, ScopeError> {
    let plain = |word: &str| all.iter().copied().find(|scope| scope.as_str() == word).ok_or(ScopeError);
    match word.strip_prefix("system/Bundle.") {
        Some(letters) if !letters.is_empty() && letters.len() <= 5 => {
            // Search is part of reading here.
            let letter_scope = |letter| plain(&format!("system/Bundle.{}", if letter == 's' { 'r' } else { letter }));
            letters.chars().map(letter_scope).collect()
        }
        _ => Ok(vec![plain(word)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_granted_as_asked_or_not_at_all() {
        assert_eq!(grant(Role::Hospital, None).unwrap().len(), 3);
        assert_eq!(grant(Role::Hospital, Some("system/Bundle.cr")).unwrap(), [Scope::BundleCreate, Scope::BundleRead]);
        assert_eq!(grant(Role::Hospital, Some("deliveries.read")), Err(ScopeError));
        assert_eq!(grant(Role::Insurer, Some("deliveries.read made.up")), Err(ScopeError));
        assert_eq!(grant(Role::Hospital, Some("system/Bundle.d")), Err(ScopeError));
        assert_eq!(grant(Role::Fund, None), grant(Role::Insurer, None));
        assert_eq!(grant(Role::Regulator, None).unwrap(), [Scope::OperatorRead]);
        assert_eq!(grant(Role::Regulator, Some("operator.write")), Err(ScopeError));
        assert_eq!(grant(Role::Operator, None).unwrap().len(), 3);
        assert_eq!(grant(Role::Police, None).unwrap(), [Scope::UsesRead, Scope::NoticesWrite, Scope::MandatesCheck]);
        assert_eq!(grant(Role::Police, Some("claims.read")), Err(ScopeError));
        assert_eq!(grant(Role::Shop, None).unwrap(), [Scope::ShopRead, Scope::ShopWrite]);
        assert_eq!(grant(Role::Shop, Some("claims.read")), Err(ScopeError));
        for role in [Role::Agent, Role::Institute, Role::Appraisal] {
            assert_eq!((Scope::of_role(role).len(), grant(role, Some("claims.read"))), (0, Err(ScopeError)));
        }
    }
}
