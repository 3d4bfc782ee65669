//! Mail of alerts: one leased row, one attempt, one change that says what came of it. Addresses are opened only here.

use jiff::{SignedDuration, Timestamp};

use super::registry::NotRegistered;
use super::{Engine, Fault};
use crate::core::alert::{AlertWrite, Audience, DueMail, MailNext, letter};
use crate::core::change::{Change, Write};
use crate::party::{Contact, ContactKind};
use crate::sender::mail::{NotSent, Post};
use crate::store::StoreError;

/// Mails sent one after another before anything else is looked at.
const AT_ONCE: i64 = 20;
/// Longer than an attempt may take.
const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// Minutes until the next attempt, then given up: three days in all.
const AGAIN: [i64; 8] = [1, 5, 30, 120, 360, 720, 1_440, 1_440];

impl Engine {
    /// Sends the mails that are due; gives how many were tried.
    ///
    /// # Errors
    /// The database is away.
    pub async fn send_mails(&self) -> Result<usize, Fault> {
        if self.mailer.is_none() {
            return Ok(0);
        }
        let due = self.store.due_mails(self.now(), AT_ONCE).await?;
        let count = due.len();
        for mail in due {
            self.send_mail(mail).await?;
        }
        Ok(count)
    }

    async fn send_mail(&self, mail: DueMail) -> Result<(), Fault> {
        let mut change = Change::new("lease_mail");
        let until = self.now().checked_add(LEASE).unwrap_or(Timestamp::MAX);
        change.push(Write::Alert(AlertWrite::LeaseMail(Box::new(mail.clone()), until)));
        match self.store.commit(change).await {
            Ok(()) => {}
            // Another replica has it in hand.
            Err(StoreError::Conflict { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let mail = DueMail { fence: mail.fence + 1, ..mail };
        let next = self.try_mail(&mail).await?;
        let mut change = Change::new("mailed");
        let (id, event) = (mail.alert.id, mail.event.as_str());
        if let MailNext::Dead(_) = next {
            tracing::error!(alert = %id, event, "a mail of an alert is given up");
        }
        change.push(Write::Alert(AlertWrite::Mailed(Box::new(mail), next)));
        match self.store.commit(change).await {
            Ok(()) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn try_mail(&self, mail: &DueMail) -> Result<MailNext, Fault> {
        let to = self.addresses(mail).await?;
        let Some(mailer) = self.mailer.as_ref().filter(|_| !to.is_empty()) else {
            tracing::warn!(alert = %mail.alert.id, party = ?mail.alert.party, "nobody to mail: no contact is registered");
            return Ok(MailNext::Done(self.now()));
        };
        let words = letter(&mail.alert, mail.event, &self.issuer);
        // The same at every attempt: a mail that comes twice is seen to be one.
        let id = format!("{}.{}.{}", mail.alert.id, mail.event.as_str(), mail.audience.as_str());
        let post = Post { to: &to, subject: &words.subject, text: words.text, id: &id, at: self.now() };
        let tries = usize::try_from(mail.tries).unwrap_or(usize::MAX);
        Ok(match (mailer.send(post).await, AGAIN.get(tries)) {
            (Ok(()), _) => MailNext::Done(self.now()),
            (Err(NotSent::Later), Some(minutes)) => {
                tracing::warn!(alert = %mail.alert.id, tries = mail.tries, "a mail could not be sent; it is tried again");
                let again = self.now().checked_add(SignedDuration::from_mins(*minutes));
                MailNext::Again(again.unwrap_or(Timestamp::MAX))
            }
            (Err(NotSent::Later | NotSent::Refused), _) => MailNext::Dead(self.now()),
        })
    }

    /// The addresses of whom a mail is for; a party's are opened from their seal and kept nowhere else.
    async fn addresses(&self, mail: &DueMail) -> Result<Vec<String>, Fault> {
        if mail.audience == Audience::Operators {
            return Ok(self.mailer.as_ref().map(|mailer| mailer.operators().to_vec()).unwrap_or_default());
        }
        let Some(id) = &mail.alert.party else { return Ok(Vec::new()) };
        let party = match self.party_with_contacts(id).await {
            Ok(party) => party,
            Err(NotRegistered::Fault(fault)) => return Err(fault),
            Err(_) => return Err(Fault::Stored("contacts")),
        };
        let contacts: Vec<Contact> = party.map(|party| party.registration().contacts.clone()).unwrap_or_default();
        let of = |kind| contacts.iter().filter(move |one| one.kind == kind).map(|one| one.email.clone()).collect();
        let technical: Vec<String> = of(ContactKind::Technical);
        Ok(if technical.is_empty() { of(ContactKind::Operations) } else { technical })
    }
}
