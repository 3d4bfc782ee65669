//! The mark that a delivery has left: `left_at`, and `leaving` as long as it is the mark of an attempt that may fail. Marks of
//! files that go in the same bytes go back with it.

use jiff::Timestamp;

use super::StoreError;
use super::sql::{Connection, query};
use super::written::{millis, one};
use crate::core::delivery::Leaving;
use crate::id::DeliveryId;

pub(super) async fn apply(
    tx: &mut Connection,
    id: DeliveryId,
    leaving: Leaving,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (id, at) = (id.to_string(), millis(at));
    match leaving {
        Leaving::Begins => {
            let sql = "-- leaving::begins
                update delivery set left_at = $2, leaving = 1 where id = $1 and state in ('ready', 'acknowledged')
                    and (left_at is null or leaving = 1 and left_at < $2)";
            one("delivery", query(sql).bind(id).bind(at).execute(tx).await)
        }
        Leaving::Goes => {
            let sql = "-- leaving::goes
                update delivery set left_at = coalesce(left_at, $2), leaving = 0
                where id = $1 and state in ('ready', 'acknowledged') and (left_at is null or leaving = 1)";
            one("delivery", query(sql).bind(id).bind(at).execute(tx).await)
        }
        Leaving::Went => {
            // It is so, whatever happened meanwhile.
            let sql = "-- leaving::went
                update delivery set left_at = coalesce(left_at, $2), leaving = 0 where id = $1";
            query(sql).bind(id).bind(at).execute(tx).await?;
            Ok(())
        }
        Leaving::Stayed => {
            // Acknowledged, fetched or begun again meanwhile: then the mark is not this attempt's.
            let sql = "-- leaving::stayed
                update delivery set left_at = null, leaving = 0
                where id = $1 and left_at = $2 and leaving = 1 and state = 'ready'";
            query(sql).bind(&id).bind(at).execute(&mut *tx).await?;
            // No file leaves before its packet: where that has not, those marked on the way have not either.
            let sql = "-- leaving::files_stayed
                update delivery_attachment set left_at = null where delivery_id = $1 and left_at is not null
                    and exists (select 1 from delivery d where d.id = $1 and d.left_at is null)";
            query(sql).bind(id).execute(tx).await?;
            Ok(())
        }
    }
}
