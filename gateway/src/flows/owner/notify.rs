//! Mail to the owner of a claim: an address is asked to confirm, told of what happens, and goes when its reader says so. It is
//! opened here alone, for the moment it is written to. App backends are told by their endpoints (`push`).

use claimgate_packet::jose::base64url;
use jiff::{SignedDuration, Timestamp};

use super::OpenOwnerPage;
use crate::core::change::{Change, Write};
use crate::core::owner::letter::{Links, confirm, news};
use crate::core::owner::{DueOwnerMail, OwnerMailRow, OwnerWrite, ToldNext, short};
use crate::flows::{Engine, Fault};
use crate::id::OwnerMailId;
use crate::keys::at_rest::Place;
use crate::sender::mail::{NotSent, Post, is_address};
use crate::store::{OwnerMailView, StoreError};

/// The most addresses of a claim.
const MOST: usize = 3;
/// How long an address can be confirmed, in hours.
const CONFIRM: i64 = 24;
/// Addresses told one after another before anything else is looked at.
const AT_ONCE: i64 = 20;
/// Longer than an attempt may take.
const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// Minutes until the next attempt, then given up: a day in all.
const AGAIN: [i64; 6] = [1, 5, 30, 120, 360, 960];

/// Why an address was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotNoted {
    /// There is no mail here.
    #[error("this gateway sends no mail")]
    Off,
    /// It is no address.
    #[error("this is no address")]
    Address,
    /// The claim has its three.
    #[error("a claim has three addresses at most")]
    TooMany,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Engine {
    /// Whether mail is sent here at all.
    #[must_use]
    pub fn sends_mail(&self) -> bool {
        self.mailer.is_some()
    }

    /// Notes an address for the claim of a page: it is asked to confirm. One that stands already is not written to again.
    ///
    /// # Errors
    /// [`NotNoted`].
    pub async fn note_address(&self, page: &OpenOwnerPage, address: &str) -> Result<(), NotNoted> {
        if self.mailer.is_none() {
            return Err(NotNoted::Off);
        }
        let address = address.trim();
        if !is_address(address) {
            return Err(NotNoted::Address);
        }
        let (claim, now) = (page.claim(), self.now());
        if self.store.owner_mails(claim).await.map_err(Fault::from)?.len() >= MOST {
            return Err(NotNoted::TooMany);
        }
        let id = OwnerMailId::new(now, &self.random);
        let row = id.to_string();
        let sealed = page.key.seal(place(&row), address.as_bytes()).map_err(Fault::from)?;
        let folded = address.to_lowercase();
        let new = OwnerMailRow {
            id,
            claim,
            address: sealed,
            mac: self.index.text("owner_mail.address", &[&claim.to_string(), &folded]),
            language: page.state.language,
            at: now,
            confirm_until: self.in_hours(CONFIRM),
        };
        let mut change = Change::new("note_address");
        change.push(Write::Owner(OwnerWrite::Mail(Box::new(new))));
        change.push(self.audit(&page.view.id.to_string(), "owner-mail.asked", &claim, []));
        self.store.commit(change).await.map_err(Fault::from)?;
        Ok(())
    }

    /// The addresses of the claim of a page, each with its first sign and its domain: enough to know one's own by.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn addresses_of_page(&self, page: &OpenOwnerPage) -> Result<Vec<(OwnerMailId, String, bool)>, Fault> {
        let mut shown = Vec::new();
        for view in self.store.owner_mails(page.claim()).await? {
            let plain = page.key.open(place(&view.id.to_string()), &view.address)?;
            let text = String::from_utf8_lossy(&plain);
            let (name, domain) = text.split_once('@').unwrap_or((&text, ""));
            let first: String = name.chars().take(1).collect();
            shown.push((view.id, format!("{first}…@{domain}"), view.confirmed));
        }
        Ok(shown)
    }

    /// Takes an address of the claim of a page off.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn forget_address_of_page(&self, page: &OpenOwnerPage, id: OwnerMailId) -> Result<(), Fault> {
        match self.store.owner_mail(id).await? {
            Some(view) if view.claim == page.claim() => self.forget_address(&view).await,
            _ => Ok(()),
        }
    }

    /// The address of the link in a mail; none where the link is none, or the address is gone.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn address_of_link(&self, link: &str) -> Result<Option<OwnerMailView>, Fault> {
        let Some((id, secret)) = link.split_once('.') else { return Ok(None) };
        let Ok(id) = id.parse::<OwnerMailId>() else { return Ok(None) };
        let wanted = self.address_secret(id);
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(secret.as_bytes(), wanted.as_bytes());
        if same.is_err() {
            return Ok(None);
        }
        let found = self.store.owner_mail(id).await?;
        Ok(found.filter(|view| view.confirmed || self.now() < view.confirm_until))
    }

    /// Confirms an address. Said again, nothing changes.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn confirm_address(&self, view: &OwnerMailView) -> Result<(), Fault> {
        let mut change = Change::new("confirm_address");
        change.push(Write::Owner(OwnerWrite::Confirmed(view.id)));
        change.push(self.audit(&view.id.to_string(), "owner-mail.confirmed", &view.claim, []));
        match self.store.commit(change).await {
            Ok(()) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes an address off, with all that it was still to be told.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn forget_address(&self, view: &OwnerMailView) -> Result<(), Fault> {
        let mut change = Change::new("forget_address");
        change.push(Write::Owner(OwnerWrite::Forgotten(view.id)));
        change.push(self.audit(&view.id.to_string(), "owner-mail.removed", &view.claim, []));
        Ok(self.store.commit(change).await?)
    }

    /// Tells addresses what is due: one mail for all that happened to a claim meanwhile. Gives how many were tried.
    ///
    /// # Errors
    /// The database is away.
    pub async fn tell_owners(&self) -> Result<usize, Fault> {
        if self.mailer.is_none() {
            return Ok(0);
        }
        let due = self.store.due_owner_mails(self.now(), AT_ONCE).await?;
        let count = due.len();
        for mail in due {
            self.tell_owner(mail).await?;
        }
        Ok(count)
    }

    async fn tell_owner(&self, mail: DueOwnerMail) -> Result<(), Fault> {
        let until = self.now().checked_add(LEASE).unwrap_or(Timestamp::MAX);
        let mut change = Change::new("lease_owner_mail");
        change.push(Write::Owner(OwnerWrite::Leased(mail.id, mail.entries.clone(), until)));
        match self.store.commit(change).await {
            Ok(()) => {}
            // Another replica has it in hand.
            Err(StoreError::Conflict { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let next = self.try_to_tell_owner(&mail).await?;
        let mut change = Change::new("owner_told");
        if next == ToldNext::Dead {
            tracing::error!(mail = %mail.id, "a mail to the owner of a claim is given up");
            change.push(self.audit("gateway", "owner-mail.given-up", &mail.claim, []));
        }
        let entries = mail.entries.into_iter().map(|(entry, fence)| (entry, fence + 1)).collect();
        change.push(Write::Owner(OwnerWrite::Told(mail.id, entries, next)));
        Ok(self.store.commit(change).await?)
    }

    async fn try_to_tell_owner(&self, mail: &DueOwnerMail) -> Result<ToldNext, Fault> {
        let Some(mailer) = &self.mailer else { return Ok(ToldNext::Dead) };
        let key = self.vault.open_claim_key(mail.claim, &mail.wrapped_key)?;
        let plain = key.open(place(&mail.id.to_string()), &mail.address)?;
        let to = [String::from_utf8(plain.to_vec()).map_err(|_| Fault::Stored("owner_mail"))?];
        let page = format!("{}/owner", self.issuer);
        let address = self.address_link(mail.id);
        let links = Links { page: &page, address: &address };
        let claim = short(mail.claim);
        let letter = if mail.confirmed {
            news(mail.language, &claim, &mail.events, links)
        } else {
            confirm(mail.language, &claim, links)
        };
        // The same at every attempt: a mail that comes twice is seen to be one.
        let first = mail.entries.first().map_or("", |(entry, _)| entry);
        let id = format!("{}.{first}", mail.id);
        let post = Post { to: &to, subject: &letter.subject, text: letter.text, id: &id, at: self.now() };
        let tries = usize::try_from(mail.tries).unwrap_or(usize::MAX);
        Ok(match (mailer.send(post).await, AGAIN.get(tries)) {
            (Ok(()), _) => ToldNext::Done,
            (Err(NotSent::Later), Some(minutes)) => {
                tracing::warn!(mail = %mail.id, tries = mail.tries, "a mail to an owner could not be sent; it is tried again");
                let again = self.now().checked_add(SignedDuration::from_mins(*minutes));
                ToldNext::Again(again.unwrap_or(Timestamp::MAX))
            }
            (Err(NotSent::Later | NotSent::Refused), _) => ToldNext::Dead,
        })
    }

    /// The link of an address: where it is confirmed and taken off.
    fn address_link(&self, id: OwnerMailId) -> String {
        format!("{}/owner/mail/{id}.{}", self.issuer, self.address_secret(id))
    }

    /// Kept nowhere: it follows from the id.
    fn address_secret(&self, id: OwnerMailId) -> String {
        base64url::encode(&self.index.exact("owner_mail.link", &[id.to_string().as_bytes()]))
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "owner_mail", row, column: "address" }
}
