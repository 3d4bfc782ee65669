//! An acknowledgement (簽收), and the receipt (簽收回條) that may come with it: verified with the keys the insurer has
//! registered, kept as it came.

use claimgate_packet::jose::digest;
use claimgate_packet::receipt::{self, Expected, Refusal, Verdict};

use super::{Engine, Fault, NotDone, TRIES};
use crate::core::change::{Acknowledgement, Change, ReceiptRow, Write};
use crate::core::delivery::DeliveryState;
use crate::core::timeline::{Event, entries};
use crate::id::DeliveryId;
use crate::party::{Party, PartyId};
use crate::store::{DeliveryView, KeptReceipt};

/// What an insurer says of a delivery.
#[derive(Debug)]
pub struct Ack {
    /// Opened and verified, or not.
    pub result: Acknowledgement,
    /// SHA-256 of the decrypted presentation, base64url, if the insurer sends it.
    pub presentation_digest: Option<String>,
    /// The signed receipt, a compact JWS, if the insurer sends it.
    pub receipt: Option<String>,
}

/// Why an acknowledgement fails by its receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReceipt {
    /// The insurer must sign one and sent none.
    #[error("this insurer is registered to sign a receipt (簽收回條) with each acknowledgement; send it as receipt")]
    Required,
    /// It says another result than the acknowledgement around it.
    #[error("the receipt says another result than the acknowledgement it came with")]
    Result,
    /// It does not verify, or is for something else.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl NoReceipt {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Required => "receipt.required",
            Self::Result => "receipt.result",
            Self::Refused(refusal) => refusal.code(),
        }
    }
}

/// Whether this very receipt is kept already: it was verified when it came, with the keys of then.
fn is_kept(ack: &Ack, delivery: &DeliveryView) -> bool {
    let digest = ack.receipt.as_ref().map(|text| digest::sha256_text(text.as_bytes()));
    digest.is_some() && digest == delivery.receipt
}

impl Engine {
    /// Records an acknowledgement. The same again is the same answer; the first receipt stays, and one may follow an
    /// acknowledgement that came without.
    ///
    /// # Errors
    /// Not there, withdrawn, another digest, a receipt that does not count, acknowledged otherwise before, or a fault
    /// of ours.
    pub async fn acknowledge(&self, insurer: &PartyId, id: DeliveryId, ack: &Ack) -> Result<DeliveryView, NotDone> {
        for _ in 0..TRIES {
            let delivery = self.store.delivery(insurer, id).await?.ok_or(NotDone::NotFound)?;
            if ack.presentation_digest.as_ref().is_some_and(|digest| *digest != delivery.presentation_digest) {
                return Err(NotDone::DigestMismatch);
            }
            let known = match delivery.state {
                DeliveryState::Withdrawn => return Err(NotDone::Withdrawn),
                DeliveryState::Returned => return Err(NotDone::Returned),
                DeliveryState::Ready if delivery.left.is_none() => return Err(NotDone::NotFetched),
                DeliveryState::Ready => false,
                DeliveryState::Acknowledged if delivery.acknowledgement.as_deref() != Some(ack.result.as_str()) => {
                    return Err(NotDone::AcknowledgedOtherwise);
                }
                DeliveryState::Acknowledged => true,
            };
            if known && (ack.receipt.is_none() || is_kept(ack, &delivery)) {
                return Ok(delivery);
            }
            let party = self.store.party(insurer).await?.ok_or(Fault::Stored("party"))?;
            let row = self.checked(ack, &delivery, &party)?;
            if known && delivery.receipt.is_some() {
                return Ok(delivery);
            }
            let mut change = self.acknowledged(ack, (&delivery, known), &party, row);
            if !known && ack.result == Acknowledgement::Accepted {
                self.tell_liable(insurer, &delivery, &mut change).await?;
            }
            self.commit_or_redo(change).await?;
        }
        Err(Fault::Contended.into())
    }

    /// The receipt of a delivery, where one was given.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn receipt(
        &self,
        insurer: &PartyId,
        id: DeliveryId,
    ) -> Result<(DeliveryView, Option<KeptReceipt>), NotDone> {
        let delivery = self.store.delivery(insurer, id).await?.ok_or(NotDone::NotFound)?;
        let kept = self.store.receipt(insurer, id).await?;
        Ok((delivery, kept))
    }

    /// The receipt as a row, where there is one and it counts.
    fn checked(&self, ack: &Ack, delivery: &DeliveryView, party: &Party) -> Result<Option<ReceiptRow>, NoReceipt> {
        let Some(text) = &ack.receipt else {
            return if party.must_sign_receipts() { Err(NoReceipt::Required) } else { Ok(None) };
        };
        let (delivery_id, packet_id, now) = (delivery.id.to_string(), delivery.packet.to_string(), self.now());
        let expected = Expected {
            delivery_id: &delivery_id,
            packet_id: &packet_id,
            line: delivery.line,
            presentation_digest: &delivery.presentation_digest,
            issued_at: delivery.created,
            now,
        };
        let receipt = receipt::verify(text, party.keys(), &expected)?;
        let result = match receipt.result {
            Verdict::Accepted => Acknowledgement::Accepted,
            Verdict::Rejected => Acknowledgement::Rejected,
        };
        if result != ack.result {
            return Err(NoReceipt::Result);
        }
        let (_, key) = receipt::signed(text, party.keys())?;
        Ok(Some(ReceiptRow {
            delivery: delivery.id,
            result,
            text: text.clone(),
            digest: digest::sha256_text(text.as_bytes()),
            key: key.to_json().to_string(),
            signed_at: receipt.signed_at,
            at: now,
        }))
    }

    fn acknowledged(
        &self,
        ack: &Ack,
        (delivery, known): (&DeliveryView, bool),
        party: &Party,
        row: Option<ReceiptRow>,
    ) -> Change {
        let mut change = Change::new("acknowledge_delivery");
        let (result, receipt) = (ack.result.as_str(), row.as_ref().map(|row| row.digest.clone()));
        if !known {
            change.push(Write::Acknowledge(delivery.id, ack.result, self.now()));
        }
        // Its keys, and whether it must sign.
        change.push(Write::RelyOnParty(party.id.clone(), party.version));
        let event =
            Event::Acknowledged { party: party.id.clone(), line: delivery.line, result, receipt: receipt.clone() };
        change.tell(entries(delivery.claim, &delivery.hospital, &event, self.now(), &self.random));
        let (action, packet) = (if known { "delivery.receipted" } else { "delivery.acknowledged" }, delivery.packet);
        let detail = [("result", result.to_owned()), ("packet", packet.to_string())];
        change.push(match receipt {
            None => self.audit(party.id.as_str(), action, &delivery.id, detail),
            Some(digest) => {
                let [result, packet] = detail;
                self.audit(party.id.as_str(), action, &delivery.id, [result, packet, ("receipt", digest)])
            }
        });
        if let Some(row) = row {
            change.push(Write::Receipt(Box::new(row)));
        }
        change
    }
}
