//! Who asks for a token: the party an assertion or a client certificate proves.

use claimgate_packet::jose::jwk::{KeyUse, PublicJwk};

use super::super::{Engine, Fault};
use super::{Asking, ENDPOINT, NoToken};
use crate::access::assertion::{self, Endpoint, Proof};
use crate::access::certificate::PeerCertificate;
use crate::access::jwt::JwtError;
use crate::party::{CertificateRule, Party};

impl Engine {
    /// The party, and what of its assertion is to be used up; nothing of a certificate is.
    pub(super) async fn client(&self, asking: Asking<'_>) -> Result<(Party, Option<Proof>), NoToken> {
        match (asking.assertion, asking.certificate) {
            (Some(assertion), _) => self.by_assertion(assertion, asking.client_id).await,
            (None, Some(certificate)) => Ok((self.by_certificate(certificate, asking.client_id).await?, None)),
            (None, None) => Err(NoToken::InvalidCertificate),
        }
    }

    async fn by_assertion(&self, text: &str, client_id: Option<&str>) -> Result<(Party, Option<Proof>), NoToken> {
        let (unverified, client) = assertion::read(text).map_err(NoToken::InvalidClient)?;
        if client_id.is_some_and(|named| named != client) {
            // RFC 7521 §4.2: a client_id beside the assertion names the same client.
            return Err(NoToken::InvalidClient(JwtError::Claim("sub")));
        }
        // One way alone proves a party: who is registered by its certificate has no assertion to lose.
        let party = self.let_in(&client).await?.filter(|party| party.registration().certificate.is_none());
        let party = party.ok_or(NoToken::InvalidClient(JwtError::Signature))?;
        let kid = unverified.kid().to_owned();
        let key = self.authentication_key(&party, |key| key.kid == kid).await?;
        let token_url = format!("{}{ENDPOINT}", self.issuer);
        let endpoint = Endpoint { issuer: &self.issuer, token_url: &token_url };
        let used = assertion::check(unverified, &party, key.as_ref(), endpoint, self.now(), self.rules.leeway_seconds);
        Ok((party, Some(used.map_err(NoToken::InvalidClient)?)))
    }

    async fn by_certificate(&self, certificate: &PeerCertificate, client_id: Option<&str>) -> Result<Party, NoToken> {
        let party = self.let_in(client_id.unwrap_or_default()).await?.ok_or(NoToken::InvalidCertificate)?;
        let rule = party.registration().certificate.as_ref().ok_or(NoToken::InvalidCertificate)?;
        let now = self.now();
        let proves = match rule {
            CertificateRule::SelfSigned => match certificate.key_thumbprint().filter(|_| certificate.holds(now)) {
                Some(print) => self.authentication_key(&party, |key| key.thumbprint() == print).await?.is_some(),
                None => false,
            },
            // Names count only once an authority stands behind them.
            named => self.tls.trusts(certificate.chain(), now) && certificate.is_named(named),
        };
        if proves { Ok(party) } else { Err(NoToken::InvalidCertificate) }
    }

    /// The party of this id, if it is let in.
    async fn let_in(&self, id: &str) -> Result<Option<Party>, NoToken> {
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(self.store.party(&id).await.map_err(Fault::from)?.filter(|party| self.lets_in(party)))
    }

    /// A key the party proves itself by, valid now: of those at its URL where it names one, of its document otherwise.
    async fn authentication_key(
        &self,
        party: &Party,
        is_it: impl Fn(&PublicJwk) -> bool,
    ) -> Result<Option<PublicJwk>, Fault> {
        let now = self.now();
        let counts = |key: &&PublicJwk| key.usage == KeyUse::Sig && key.valid_at(now) && is_it(key);
        match &party.registration().jwks_url {
            Some(url) => self.published_key(party, url, |keys| keys.iter().find(counts).cloned()).await,
            None => Ok(party.keys().iter().find(counts).cloned()),
        }
    }
}
