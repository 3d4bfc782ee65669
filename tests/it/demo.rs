//! The main job, end to end, and the JSON others script against.

use claimgate_gateway::sandbox::demo::run;
use claimgate_tests::gateway::must;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_verifies_everything_and_prints_the_promised_json() {
    let folder = tempfile::tempdir().unwrap();
    let mut told = Vec::new();
    let (world, demo) = must(Box::pin(run(folder.path(), &mut |step| told.push(step.name.clone()))).await);
    must(world.gateway.stop().await);
    let json = demo.to_json();

    assert_eq!(json["ok"], true, "{json:#}");
    assert!(json["packet_id"].as_str().unwrap().starts_with("pkt_"));
    assert!(json["claim_id"].as_str().unwrap().starts_with("clm_"));
    let steps = json["steps"].as_array().unwrap();
    assert_eq!(steps.len(), told.len());
    assert!(steps.iter().all(|step| step["name"].is_string() && step["ms"].is_number()));
    let receipts = told.iter().filter(|step| step.ends_with("acknowledges with a signed receipt")).count();
    assert_eq!(receipts, 2);

    let recipients = json["recipients"].as_array().unwrap();
    assert_eq!(recipients.len(), 2);
    let [life, nonlife] = recipients.as_slice() else { panic!("two recipients") };
    assert_eq!((life["line"].as_str(), nonlife["line"].as_str()), (Some("health-reimbursement"), Some("accident")));
    for one in recipients {
        assert_eq!((&one["opened"], &one["verified"]), (&Value::Bool(true), &Value::Bool(true)));
    }
    assert!(strings(&life["evidence"]).contains(&"lab-report"));
    assert!(strings(&life["withheld"]).is_empty());
    assert!(!strings(&nonlife["evidence"]).contains(&"lab-report"));
    assert_eq!(strings(&nonlife["withheld"]), ["lab-report"]);

    let fields = |one: &Value, kind: &str| strings(&one["withheld_fields"][kind]).join(" ");
    assert_eq!(fields(life, "lab-report"), "/patient/address /patient/occupation");
    assert!(fields(nonlife, "diagnosis-certificate").contains("/visit/medical_identity"));
    assert!(!fields(life, "diagnosis-certificate").contains("/visit/medical_identity"));

    assert_eq!(life["attachments"], serde_json::json!([{ "media_type": "application/pdf", "bytes": 656 }]));
    assert!(nonlife["attachments"].as_array().unwrap().is_empty());

    // The patient's view, and books that balance.
    let received = json["received"]["recipients"].as_array().unwrap();
    assert!(received.len() == 2 && received.iter().all(|one| one["received"].is_string()), "{received:?}");
    assert_eq!(
        (&json["statement"]["balances"], &json["statement"]["total"]["closing"]),
        (&Value::Bool(true), &"0".into())
    );
    let printed = demo.to_string();
    let sums = "insurer-life     0 + decided 1200 - reversed 0 - paid 1200 + came back 0 = 0";
    assert!(printed.contains(sums) && printed.contains(": balances"), "{printed}");

    let timeline = json["timeline"].as_array().unwrap();
    let events: Vec<&str> = timeline.iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    assert_eq!(events.first(), Some(&"claim.received"));
    assert_eq!(events.iter().filter(|event| **event == "delivery.acknowledged").count(), 2);
    assert!(timeline.iter().all(|entry| entry["at"].is_string()));
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect()
}
