//! The registry of trusted issuers: a row for each issuer two operators agreed on, and proposals.

use jiff::Timestamp;

use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::trust::{TrustProposal, TrustRow, TrustWrite};
use crate::id::ProposalId;

const PROPOSAL: &str = "trust_proposal";

type Row = (String, String, i64, String, String, i64, i64, Option<String>, Option<String>);

impl Store {
    /// How often the registry was changed: the same number, the same registry.
    ///
    /// # Errors
    /// The database is away.
    pub async fn trust_version(&self) -> Result<i64, StoreError> {
        let sql = "-- trust::version\nselect cast(coalesce(sum(version), 0) as bigint) from trust_issuer";
        let (version,): (i64,) = query_as(sql).fetch_one(self.readers()).await?;
        Ok(version)
    }

    /// Every issuer that was agreed on, revoked ones too, by id.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn trust_issuers(&self) -> Result<Vec<TrustRow>, StoreError> {
        let sql = "-- trust::issuers\nselect id, document, version, changed_at from trust_issuer order by id";
        let rows: Vec<(String, String, i64, i64)> = query_as(sql).fetch_all(self.readers()).await?;
        let row = |(id, document, version, at)| {
            Ok(TrustRow { id, document, version, at: time("trust_issuer", "changed_at", at)? })
        };
        rows.into_iter().map(row).collect()
    }

    /// Proposals nobody has decided, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn open_trust_proposals(&self) -> Result<Vec<TrustProposal>, StoreError> {
        let sql = "-- trust::open_proposals
            select id, issuer_id, base_version, document, proposed_by, proposed_at, expires_at, decision, decided_by
            from trust_proposal where decided_at is null order by proposed_at, id";
        let rows: Vec<Row> = query_as(sql).fetch_all(self.readers()).await?;
        rows.into_iter().map(from_row).collect()
    }

    /// A proposal, decided or not.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn trust_proposal(&self, id: ProposalId) -> Result<Option<TrustProposal>, StoreError> {
        let sql = "-- trust::proposal
            select id, issuer_id, base_version, document, proposed_by, proposed_at, expires_at, decision, decided_by
            from trust_proposal where id = $1";
        let row: Option<Row> = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(from_row).transpose()
    }
}

fn from_row(
    (id, issuer, base, document, by, at, expires, decision, decided_by): Row,
) -> Result<TrustProposal, StoreError> {
    let decision = decision.map(|word| parse(PROPOSAL, "decision", &word)).transpose()?;
    Ok(TrustProposal {
        id: parse(PROPOSAL, "id", &id)?,
        issuer,
        base,
        document,
        by,
        at: time(PROPOSAL, "proposed_at", at)?,
        expires_at: time(PROPOSAL, "expires_at", expires)?,
        decided: decision.zip(decided_by),
    })
}

/// Writes one thing of the registry.
pub(super) async fn apply(tx: &mut Connection, write: &TrustWrite) -> Result<(), StoreError> {
    match write {
        TrustWrite::Propose(row) => {
            let sql = "-- trust::propose
                insert into trust_proposal (id, issuer_id, base_version, document, proposed_by, proposed_at, expires_at)
                values ($1, $2, $3, $4, $5, $6, $7)";
            let inserted = query(sql)
                .bind(row.id.to_string())
                .bind(&row.issuer)
                .bind(row.base)
                .bind(&row.document)
                .bind(&row.by)
                .bind(millis(row.at))
                .bind(millis(row.expires_at))
                .execute(tx)
                .await;
            one(PROPOSAL, inserted)
        }
        // The row says once more what the flow has looked at: open, in time, not approved by who proposed it, taken back by
        // nobody else.
        TrustWrite::Decide(id, verdict, by, at) => {
            let sql = "-- trust::decide
                update trust_proposal set decision = $2, decided_by = $3, decided_at = $4
                where id = $1 and decided_at is null and ($2 = 'rejected' or ($2 = 'withdrawn' and proposed_by = $3)
                    or ($2 = 'approved' and proposed_by <> $3 and expires_at > $4))";
            let decided =
                query(sql).bind(id.to_string()).bind(verdict.as_str()).bind(by).bind(millis(*at)).execute(tx).await;
            one(PROPOSAL, decided)
        }
        TrustWrite::Issuer(row) if row.version == 0 => {
            let sql = "-- trust::new_issuer
                insert into trust_issuer (id, document, version, changed_at) values ($1, $2, 1, $3)";
            let inserted = query(sql).bind(&row.id).bind(&row.document).bind(millis(row.at)).execute(tx).await;
            one("trust_issuer", inserted)
        }
        TrustWrite::Issuer(row) => {
            let sql = "-- trust::issuer
                update trust_issuer set document = $3, version = version + 1, changed_at = $4
                where id = $1 and version = $2";
            let updated =
                query(sql).bind(&row.id).bind(row.version).bind(&row.document).bind(millis(row.at)).execute(tx).await;
            one("trust_issuer", updated)
        }
    }
}

/// Forgets proposals ninety days after they could be approved, and mandates whose time is over.
pub(super) async fn forget(connection: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
    let statements = [
        "-- trust::forget_proposals\ndelete from trust_proposal where expires_at + 7776000000 < $1",
        "-- mandate::forget\ndelete from mandate where forget_at <= $1",
        "-- mandate::forget_ends\ndelete from mandate_end where forget_at <= $1",
    ];
    for sql in statements {
        query(sql).bind(millis(now)).execute(&mut *connection).await?;
    }
    Ok(())
}
