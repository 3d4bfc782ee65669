//! What goes on behind the requests: positions after commits, deferred steps, forgetting what expired.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::flows::Engine;
use crate::flows::health::Released;
use crate::store::{DuePush, Told};

/// How long a deferred step is leased: no other worker takes it up meanwhile.
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// Looks for alerts between two at deadlines.
const DEADLINES_EVERY: u32 = 10;
/// Looks at the key folder without a change, until it is read in any case.
const LOOKS: u32 = 30;
const IDLE: Duration = Duration::from_secs(1);
/// What attempts in hand may still take when the gateway stops.
const FINISH: Duration = Duration::from_secs(10);
const FORGET_EVERY: Duration = Duration::from_mins(5);

/// Runs until told to stop, then finishes what is in hand.
pub async fn run(engine: Arc<Engine>, rhythm: Rhythm, stop: watch::Receiver<bool>) {
    macro_rules! part {
        ($work:ident $(, $more:expr)?) => {
            lasting(stringify!($work), stop.clone(), || {
                let (engine, stop) = (Arc::clone(&engine), stop.clone());
                async move { $work(&engine, $($more,)? stop).await }
            })
        };
    }
    tokio::join!(
        part!(look, rhythm),
        part!(mail),
        part!(owners),
        part!(sequence),
        part!(deferred),
        part!(keys),
        part!(log),
        part!(push),
        part!(wallets),
        part!(mydata),
        part!(requests),
        part!(offsets),
        part!(deadlines),
        part!(accidents),
        part!(forget)
    );
    // Last, so that what the others have written in finishing is read by nobody later than need be.
    if let Err(error) = engine.store.sequence().await {
        tracing::error!(%error, "positions could not be given at the end; they are given at the next start");
    }
}

/// Runs a part to its end, and again where it panicked: the fault of one ends neither it nor the others.
async fn lasting<F>(part: &'static str, mut stop: watch::Receiver<bool>, begin: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    while tokio::spawn(begin()).await.is_err() {
        tracing::error!(part, "a part of the background work panicked; it begins again");
        tokio::select! {
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

/// How often alerts are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Rhythm {
    /// Between two looks.
    pub look: Duration,
    /// Between two whole checks of audit trail and log.
    pub check: Duration,
}

/// Looks for what somebody must be told of; the whole trail and log at the start, and ever again.
async fn look(engine: &Engine, rhythm: Rhythm, mut stop: watch::Receiver<bool>) {
    let (mut checked, mut looks): (Option<Duration>, u32) = (None, 0);
    loop {
        if let Err(error) = engine.look().await {
            tracing::error!(%error, "alerts could not be looked for");
        }
        if looks == 0
            && let Err(error) = engine.look_at_deadlines().await
        {
            tracing::error!(%error, "deadlines could not be looked at for alerts");
        }
        looks = (looks + 1) % DEADLINES_EVERY;
        let since = checked.map(|checked| engine.clock.elapsed().saturating_sub(checked));
        if since.is_none_or(|since| since >= rhythm.check) {
            checked = Some(engine.clock.elapsed());
            // It reads all there is: a stop does not wait for it.
            tokio::select! {
                outcome = engine.check_chains() => if let Err(error) = outcome {
                    tracing::error!(%error, "the audit trail and the log could not be checked");
                },
                () = stopped(&mut stop) => break,
            }
        }
        tokio::select! {
            () = tokio::time::sleep(rhythm.look) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

async fn mail(engine: &Engine, mut stop: watch::Receiver<bool>) {
    if engine.mailer.is_none() {
        return;
    }
    loop {
        if let Err(error) = engine.send_mails().await {
            tracing::error!(%error, "mails could not be sent; they stay due");
        }
        tokio::select! {
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

/// Tells owners of claims by mail, as soon as an entry has its place.
async fn owners(engine: &Engine, mut stop: watch::Receiver<bool>) {
    if engine.mailer.is_none() {
        return;
    }
    let mut told = engine.store.told().listen(Told::ENDPOINTS.to_owned());
    loop {
        if let Err(error) = engine.tell_owners().await {
            tracing::error!(%error, "owners could not be told by mail; it stays due");
        }
        tokio::select! {
            () = told.heard() => {}
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

/// Gives positions whenever something was committed, and once a second for what other processes committed.
async fn sequence(engine: &Engine, mut stop: watch::Receiver<bool>) {
    loop {
        match engine.store.sequence().await {
            Ok(done) if done.more => continue,
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "positions could not be given"),
        }
        tokio::select! {
            () = engine.store.until_unsequenced() => {}
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

async fn deferred(engine: &Engine, mut stop: watch::Receiver<bool>) {
    loop {
        while !*stop.borrow() && step(engine).await {}
        tokio::select! {
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

/// Does one due step; `true` if there was one.
pub async fn step(engine: &Engine) -> bool {
    let until = engine.now() + LEASE;
    match engine.store.lease_work(engine.now(), until).await {
        Ok(Some(work)) => match engine.release(work).await {
            // One that still waits is due again later, ever later; a change of any party makes it due at once.
            Ok(Released::Done | Released::Waiting) => true,
            Err(error) => {
                tracing::error!(%error, work = %work.id, claim = %work.claim, "a deferred step failed; it stays due");
                true
            }
        },
        Ok(None) => false,
        Err(error) => {
            tracing::error!(%error, "deferred steps could not be read");
            false
        }
    }
}

/// Signs a checkpoint of the public log whenever it has grown.
async fn log(engine: &Engine, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = engine.checkpoint().await {
            tracing::error!(%error, "the log's checkpoint could not be signed");
        }
        tokio::select! {
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

/// Reads the key folder again when it has changed, so that `keys rotate` and `keys revoke` need no restart, and the
/// authorities' folders for new lists.
async fn keys(engine: &Engine, mut stop: watch::Receiver<bool>) {
    let (mut seen, mut looks) = (None, 0);
    loop {
        tokio::select! {
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
        match engine.tls.reload() {
            Ok(false) => {}
            Ok(true) => tracing::info!("certificates were read again"),
            Err(error) => {
                tracing::error!(%error, "certificates could not be read again; those read before stay in use");
            }
        }
        // Looked at before it is read: what changes meanwhile is found the next time.
        let stamp = engine.ring.folder().stamp().ok();
        let same = stamp.is_some() && stamp == seen && looks < LOOKS;
        if let Err(error) = engine.renew_masters(!same).await {
            tracing::error!(%error, "the master keys could not be followed");
        }
        if same {
            looks += 1;
            continue;
        }
        (seen, looks) = (stamp, 0);
        if let Err(error) = engine.ring.reload() {
            tracing::error!(%error, "the key folder could not be read again; the keys read before stay in use");
        }
        if let Err(error) = engine.wallet.reload() {
            tracing::error!(%error, "trusted issuers could not be read again; those read before stay in use");
        }
        if let Some(Err(error)) = engine.mydata.as_deref().map(crate::flows::mydata::Setup::reload) {
            tracing::error!(%error, "authorities of data providers could not be read again; those read before stay");
        }
        if let Err(error) = engine.authorities.reload() {
            tracing::error!(%error, "authorities and lists could not be read again; those read before stay in use");
        }
    }
}

/// Tells recipients of what waits for them: each message in a task of its own, so that a slow endpoint delays nobody.
async fn push(engine: &Arc<Engine>, mut stop: watch::Receiver<bool>) {
    let mut in_hand = JoinSet::new();
    let mut placed = engine.store.placed();
    let mut told = engine.store.told().listen(Told::ENDPOINTS.to_owned());
    loop {
        match engine.due_pushes().await {
            Ok(due) => {
                for one in due {
                    let engine = Arc::clone(engine);
                    in_hand.spawn(async move { tell(&engine, &one).await });
                }
            }
            Err(error) => tracing::error!(%error, "messages to endpoints could not be read"),
        }
        tokio::select! {
            Some(_) = in_hand.join_next() => {
                // Those that ended with it make room together: one look at what is due serves them all.
                while in_hand.try_join_next().is_some() {}
            }
            Ok(()) = placed.changed() => {}
            () = told.heard() => {}
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
    // An attempt that is cut off here is made again when its lease has run out: at least once, under the same id.
    let _ = tokio::time::timeout(FINISH, async { while in_hand.join_next().await.is_some() {} }).await;
}

async fn tell(engine: &Engine, due: &DuePush) {
    if let Err(error) = engine.push(due).await {
        tracing::error!(%error, party = %due.party, message = due.message, "a message could not be sent; it stays due");
    }
}

/// Fetches packages of MyData and proves them, a few at a time: one may be large.
async fn mydata(engine: &Arc<Engine>, mut stop: watch::Receiver<bool>) {
    if engine.mydata.is_none() {
        return;
    }
    let mut in_hand = JoinSet::new();
    loop {
        match engine.due_mydata(in_hand.len()).await {
            Ok(due) => {
                for id in due {
                    let engine = Arc::clone(engine);
                    in_hand.spawn(async move {
                        if let Err(error) = engine.take_up_mydata(id).await {
                            tracing::error!(%error, transaction = %id, "a package could not be fetched; it stays due");
                        }
                    });
                }
            }
            Err(error) => tracing::error!(%error, "packages to be fetched could not be read"),
        }
        tokio::select! {
            Some(_) = in_hand.join_next() => {}
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
    // One that is cut off is taken up again when its lease has run out; its state says that it may be lost.
    let _ = tokio::time::timeout(FINISH, async { while in_hand.join_next().await.is_some() {} }).await;
}

/// Looks at held sessions with wallets again: what their issuers could not say then they may say now.
async fn wallets(engine: &Engine, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = engine.judge_held_wallet_sessions().await {
            tracing::error!(%error, "held sessions with wallets could not be looked at; they stay held");
        }
        tokio::select! {
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

/// Ends requests for papers whose last day is over.
async fn requests(engine: &Engine, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = engine.expire_requests().await {
            tracing::error!(%error, "requests for papers could not be looked at; they stay open");
        }
        tokio::select! {
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

/// Lets promises of offsets expire, and cases whose day of discharge is over lapse.
async fn offsets(engine: &Engine, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = engine.pass_offsets().await {
            tracing::error!(%error, "offsets at discharge could not be looked at; they are looked at again");
        }
        tokio::select! {
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

/// Reminds whoever is on turn of last days that are near, or over.
async fn deadlines(engine: &Engine, mut stop: watch::Receiver<bool>) {
    loop {
        match engine.remind().await {
            // Many last days begin at one midnight.
            Ok(true) if !*stop.borrow() => continue,
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "deadlines could not be looked at; they are looked at again"),
        }
        tokio::select! {
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

/// Asks for police papers whose day has come, and links filings of one accident.
async fn accidents(engine: &Engine, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = engine.ask_police().await {
            tracing::error!(%error, "police papers could not be looked at; they stay due");
        }
        if let Err(error) = engine.link_accidents().await {
            tracing::error!(%error, "filings of one accident could not be looked for; they stay due");
        }
        tokio::select! {
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

async fn forget(engine: &Engine, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = engine.store.forget_expired(engine.now()).await {
            tracing::error!(%error, "what expired could not be forgotten");
        }
        if let Err(error) = engine.remove_objects().await {
            tracing::error!(%error, "files nothing refers to could not be removed; they go the next time");
        }
        tokio::select! {
            () = tokio::time::sleep(FORGET_EVERY) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A dropped sender means that the server is gone: stop as well.
    let _ = stop.wait_for(|stopped| *stopped).await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_part_that_panics_begins_again_and_one_that_ends_does_not() {
        let (begun, (_stop, stopped)) = (Arc::new(AtomicU32::new(0)), watch::channel(false));
        let counted = Arc::clone(&begun);
        let part = lasting("test", stopped, move || {
            let begun = Arc::clone(&counted);
            async move { assert!(begun.fetch_add(1, Ordering::SeqCst) > 0, "the first time it panics") }
        });
        tokio::time::timeout(Duration::from_secs(10), part).await.unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 2);
    }
}
