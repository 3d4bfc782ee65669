//! Held to the vectors of Standard Webhooks, and to what a receiver must refuse.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn secret(scheme: Scheme, byte: u8) -> Secret {
    Secret::new(scheme, Zeroizing::new([byte; 32]))
}

fn known(secret: &Secret) -> Verifier {
    Verifier::parse(&secret.to_receiver_text().unwrap()).unwrap()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test may be told where the shared data lies")]
fn the_published_vectors_come_out_to_the_byte() {
    let shared = std::env::var("CLAIMGATE_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join(shared).join("data/peers/standard-webhooks/vectors.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no Standard Webhooks vectors at {}", path.display());
        return;
    };
    let cases: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(cases.len(), 2);
    for case in cases {
        let word = |name: &str| case[name].as_str().unwrap();
        let second = case["webhook-timestamp"].as_i64().unwrap();
        let message = Message { id: word("webhook-id"), at: at(second), body: word("payload").as_bytes() };
        let secret = Secret::parse(word("secret")).unwrap();
        let made = signature(&message, &[secret]).unwrap();
        assert_eq!(made, word("webhook-signature"));
        let head = (message.id, &*second.to_string(), &*made);
        assert_eq!(verify(head, message.body, &[Verifier::parse(word("secret")).unwrap()], at(second)), Ok(()));
    }
}

#[test]
fn a_receiver_refuses_other_bytes_other_ids_other_times_and_other_keys() {
    for scheme in [Scheme::Ed25519, Scheme::Hmac] {
        let secret = secret(scheme, 7);
        let verifier = [known(&secret)];
        let message = Message { id: "dlv_1-ready", at: at(1_000), body: br#"{"type":"delivery.ready"}"# };
        let made = signature(&message, std::slice::from_ref(&secret)).unwrap();
        let check = |id, time, body: &[u8], now| verify((id, time, &made), body, &verifier, at(now));
        assert_eq!(check(message.id, "1000", message.body, 1_300), Ok(()));
        assert_eq!(check(message.id, "1000", message.body, 700), Ok(()));
        assert_eq!(check(message.id, "1000", message.body, 1_301), Err(NotGenuine::Time));
        assert_eq!(check(message.id, "1000", message.body, 699), Err(NotGenuine::Time));
        assert_eq!(check(message.id, "1e3", message.body, 1_000), Err(NotGenuine::Time));
        assert_eq!(check(message.id, "1001", message.body, 1_000), Err(NotGenuine::Signature));
        assert_eq!(check("dlv_2-ready", "1000", message.body, 1_000), Err(NotGenuine::Signature));
        // The same JSON written again is other bytes.
        assert_eq!(check(message.id, "1000", br#"{"type": "delivery.ready"}"#, 1_000), Err(NotGenuine::Signature));
        let stranger = [known(&self::secret(scheme, 8))];
        let head = (message.id, "1000", &*made);
        assert_eq!(verify(head, message.body, &stranger, at(1_000)), Err(NotGenuine::Signature));
    }
}

#[test]
fn during_a_rotation_either_key_is_enough_and_unknown_versions_are_passed_over() {
    let (new, old) = (secret(Scheme::Ed25519, 1), secret(Scheme::Hmac, 2));
    let (knows_new, knows_old) = ([known(&new)], [known(&old)]);
    let message = Message { id: "m", at: at(5), body: b"{}" };
    let made = format!("v9,AAAA nonsense {}", signature(&message, &[new, old]).unwrap());
    for verifiers in [&knows_new, &knows_old] {
        assert_eq!(verify(("m", "5", &made), b"{}", verifiers, at(5)), Ok(()));
    }
}

#[test]
fn a_signature_of_one_scheme_never_passes_as_the_other() {
    let ed25519 = secret(Scheme::Ed25519, 3);
    // The public key taken as a shared secret: the classic confusion.
    let Verifier::Ed25519(public) = known(&ed25519) else { panic!("not a public key") };
    let forged = Secret::Hmac(Zeroizing::new(public.to_vec()));
    let message = Message { id: "m", at: at(5), body: b"{}" };
    let made = signature(&message, &[forged]).unwrap();
    let relabelled = made.replace("v1,", "v1a,");
    for header in [made, relabelled] {
        assert_eq!(verify(("m", "5", &header), b"{}", &[known(&ed25519)], at(5)), Err(NotGenuine::Signature));
    }
}

#[test]
fn a_key_of_another_form_or_length_is_refused() {
    for text in ["", "whsec_", "whsec_AAAA", "whsk_AAAA", "whpk_AAAA", "secret", "whsec_not base64"] {
        assert!(Secret::parse(text).is_err(), "{text}");
        assert!(Verifier::parse(text).is_err(), "{text}");
    }
    let long = format!("whsec_{}", STANDARD.encode([0; 65]));
    assert!(Secret::parse(&long).is_err());
    let private = secret(Scheme::Ed25519, 9);
    // A private key handed to a receiver by mistake is not taken.
    assert!(Verifier::parse(&private.to_private_text()).is_err());
    assert_eq!(Secret::parse(&private.to_private_text()).unwrap().scheme(), Scheme::Ed25519);
}

#[test]
fn an_event_is_thin_and_of_the_documented_form() {
    let event = WebhookEvent {
        kind: EventKind::DeliveryReady,
        timestamp: at(0),
        data: EventData {
            delivery_id: "dlv_1".to_owned(),
            position: 3,
            claim_id: "clm_1".to_owned(),
            submission_id: "sub_1".to_owned(),
            line: Line::HealthReimbursement,
            revision: 1,
        },
    };
    let text = serde_json::to_string(&event).unwrap();
    assert!(text.starts_with(r#"{"type":"delivery.ready","timestamp":"1970-01-01T00:00:00Z","data":{"#), "{text}");
    assert!(text.len() < 512);
    assert_eq!("delivery.ready".parse(), Ok(EventKind::DeliveryReady));
}
