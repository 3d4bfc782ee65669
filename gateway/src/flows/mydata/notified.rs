//! What the platform says: its notification, taken once for a transaction of ours, and the returning browser, which proves
//! nothing and is only shown on. They come in any order.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use claimgate_adapters::mydata::{Notice, Outcome};
use uuid::Uuid;

use super::Setup;
use crate::core::change::{Change, Write};
use crate::core::mydata::{Kept, MydataWrite, Transaction, TransactionState};
use crate::flows::{Engine, Fault};
use crate::id::MydataId;
use crate::store::StoreError;

/// What a browser comes back with: the contract's code, our word, English, Chinese.
const RETURNS: [(&str, &str, &str, &str); 11] = [
    ("200", "consented", "You agreed. The data is being fetched.", "您已同意，資料傳輸中。"),
    ("205", "cancelled", "You cancelled. Nothing is handed over.", "您已取消，未提供任何資料。"),
    ("400", "not-understood", "MyData did not understand the request.", "MyData 無法處理本次請求。"),
    ("401", "not-identified", "You could not be identified.", "身分驗證未通過。"),
    ("403", "not-allowed", "MyData does not allow this.", "MyData 未允許本次申請。"),
    ("404", "not-there", "MyData does not know this service or data set.", "MyData 查無此服務或資料集。"),
    ("408", "too-late", "Time is over.", "操作逾時。"),
    ("409", "twice", "This was asked for before.", "本次申請重複。"),
    ("410", "gone", "This request is no longer there.", "本次申請已失效。"),
    ("423", "locked", "Too many tries: MyData has locked the identification.", "驗證錯誤次數過多，已鎖定。"),
    ("504", "no-answer", "The data providers did not answer.", "資料提供者未回應。"),
];

/// What a caller of the notification address shows of itself.
#[derive(Clone, Copy)]
pub struct Showing<'a> {
    /// The header `apiKey`.
    pub key: Option<&'a str>,
    /// SHA-256 of its client certificate, base64url.
    pub certificate: Option<&'a str>,
}

claimgate_packet::opaque_debug!(Showing<'_>);

/// Why a notification is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotNotified {
    /// No platform.
    #[error("nothing is fetched from MyData here")]
    Off,
    /// Not the platform, as far as the operator has it prove itself.
    #[error("the caller does not prove itself")]
    Unproved,
    /// None of the two forms, or a key that is not encrypted for this gateway.
    #[error("the notification is not one of the two forms")]
    Form,
    /// No such transaction.
    #[error("there is no such transaction")]
    Unknown,
    /// Another ticket came first.
    #[error("another notification came first")]
    Other,
    /// Its time is over.
    #[error("the transaction is over")]
    Over,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Where a person goes on.
#[derive(Clone, Debug)]
pub struct Returned {
    /// The app's page, with the transaction and the word behind `#`.
    pub page: Option<String>,
    /// In English.
    pub english: &'static str,
    /// In Chinese.
    pub chinese: &'static str,
}

impl Engine {
    /// Takes a notification. One that was taken before is answered as it was then.
    ///
    /// # Errors
    /// [`NotNotified`].
    pub async fn mydata_notified(&self, showing: Showing<'_>, body: &[u8]) -> Result<(), NotNotified> {
        let setup = self.mydata.as_ref().ok_or(NotNotified::Off)?;
        if !setup.is_platform(showing) {
            return Err(NotNotified::Unproved);
        }
        let notice = Notice::read(body).map_err(|_| NotNotified::Form)?;
        let id = Uuid::try_parse(&notice.transaction).map_err(|_| NotNotified::Unknown)?;
        let id = MydataId::from_uuid(id);
        let found = self.store.mydata_transaction(id).await.map_err(Fault::from)?;
        let transaction = found.ok_or(NotNotified::Unknown)?;
        let kept = self.open_mydata(&transaction)?;
        match notice.outcome {
            Outcome::Ready { ticket, secret_key } => {
                // What is not encrypted with the key only the platform shares does not end the wait for what is.
                setup.client.secret_key(&secret_key).map_err(|_| NotNotified::Form)?;
                self.mydata_ready(&transaction, Kept { ticket: Some(ticket), key: Some(secret_key), ..kept }).await
            }
            Outcome::Unable(resources) => self.mydata_unable(&transaction, kept, resources).await,
        }
    }

    async fn mydata_ready(&self, transaction: &Transaction, kept: Kept) -> Result<(), NotNotified> {
        let id = transaction.id;
        let ticket = kept.ticket.as_deref().unwrap_or_default();
        let ticket = self.index.exact("mydata.ticket", &[ticket.as_bytes()]);
        if let Some(first) = transaction.ticket {
            return if first == ticket { Ok(()) } else { Err(NotNotified::Other) };
        }
        let now = self.now();
        if now >= transaction.closes_at {
            return Err(NotNotified::Over);
        }
        let mut change = Change::new("mydata_notified");
        change.push(Write::Mydata(MydataWrite::Notified(id, self.seal_mydata(id, &kept)?, ticket, now)));
        change.push(self.audit("mydata", "mydata.notified", &id, []));
        match self.store.commit(change).await {
            Ok(()) => Ok(()),
            // At the same moment: the same one again, or another.
            Err(StoreError::Conflict { .. }) => {
                let now = self.store.mydata_transaction(id).await.map_err(Fault::from)?.and_then(|now| now.ticket);
                if now == Some(ticket) { Ok(()) } else { Err(NotNotified::Other) }
            }
            Err(error) => Err(Fault::from(error).into()),
        }
    }

    async fn mydata_unable(
        &self,
        transaction: &Transaction,
        mut kept: Kept,
        resources: Vec<String>,
    ) -> Result<(), NotNotified> {
        let (id, now) = (transaction.id, self.now());
        if transaction.state != TransactionState::Waiting {
            return Ok(());
        }
        if now >= transaction.closes_at {
            return Err(NotNotified::Over);
        }
        let asked = |resource: &String| kept.datasets.iter().any(|one| one.resource == *resource);
        let more: Vec<String> = resources.into_iter().filter(|one| asked(one) && !kept.unable.contains(one)).collect();
        if more.is_empty() {
            return Ok(());
        }
        kept.unable.extend(more);
        let all = kept.datasets.iter().all(|one| kept.unable.contains(&one.resource));
        let mut change = Change::new("mydata_unable");
        change.push(Write::Mydata(MydataWrite::Unable(id, self.seal_mydata(id, &kept)?, all, now)));
        change.push(self.audit("mydata", "mydata.unable", &id, [("datasets", kept.unable.len().to_string())]));
        match self.store.commit(change).await {
            // The package came at the same moment: it says itself what is in it.
            Ok(()) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(Fault::from(error).into()),
        }
    }

    /// Where a returning browser goes on; none for what is no return of a transaction of ours.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn mydata_returned(&self, code: &str, transaction: &str) -> Result<Option<Returned>, Fault> {
        let Some(setup) = &self.mydata else { return Ok(None) };
        let Some((_, word, english, chinese)) = RETURNS.into_iter().find(|(known, ..)| *known == code) else {
            return Ok(None);
        };
        // Some browsers' forms write the plus of base64 as a space.
        let id = setup.client.transaction(&transaction.replace(' ', "+")).ok();
        let Some(id) = id.and_then(|id| Uuid::try_parse(&id).ok()).map(MydataId::from_uuid) else { return Ok(None) };
        let Some(found) = self.store.mydata_transaction(id).await? else { return Ok(None) };
        let kept = self.open_mydata(&found)?;
        if found.returned.is_none() {
            let mut change = Change::new("mydata_returned");
            change.push(Write::Mydata(MydataWrite::Returned(id, word)));
            self.store.commit(change).await?;
        }
        // A page is taken out of the registered ones as they are now, never out of what came in.
        let page = kept.return_to.filter(|page| setup.return_pages.contains(page));
        let page = page.map(|page| format!("{page}#transaction={id}&outcome={word}"));
        Ok(Some(Returned { page, english, chinese }))
    }
}

impl Setup {
    /// Whether a caller proves to be the platform, as far as that is asked.
    fn is_platform(&self, showing: Showing<'_>) -> bool {
        let same = |wanted: &str, shown: Option<&str>| {
            wanted.is_empty()
                || shown.is_some_and(|shown| verify_slices_are_equal(wanted.as_bytes(), shown.as_bytes()).is_ok())
        };
        same(&self.key, showing.key) && same(&self.certificate, showing.certificate)
    }
}
