use super::*;
use crate::server::testing::TestApp;

sql!(STATES = "SELECT subject, phone, state FROM message ORDER BY id");
sql!(ANY_CUSTOMER = "SELECT customer_id FROM service WHERE id = $1");
sql!(NEW_PHONE = "UPDATE customer SET phone = $2 WHERE id = $1");
sql!(FAILED = "UPDATE message SET state = 'failed' WHERE id = $1");

#[tokio::test]
async fn a_message_is_stopped_once_and_sent_again_to_the_number_of_today() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home", 300_000, 1).await;
        let service = t.service("BUDI", package, "2025-06-01").await;
        let customer_id = t.state.db.number(ANY_CUSTOMER, args![service]).await.unwrap();
        let message = Outgoing {
            kind: TemplateKind::Restored.code(),
            subject: "uji".into(),
            day: t.state.clock.today(),
            customer_id,
            service_id: Some(service),
            phone: "081234567890".into(),
            text: "Halo".into(),
        };
        let now = t.state.clock.now();
        let mut tx = t.state.db.begin().await.unwrap();
        let id = queue(&mut tx, message, now).await.unwrap().unwrap();
        tx.exec_one(NEW_PHONE, args![customer_id, "6281299998888"]).await.unwrap();
        tx.commit().await.unwrap();

        let waits = resend(&t.state, Who::command(), id).await;
        assert!(matches!(waits, Err(Error::Conflict(_))), "{waits:?}");
        cancel(&t.state, Who::command(), id).await.unwrap();
        assert!(matches!(cancel(&t.state, Who::command(), id).await, Err(Error::Conflict(_))));

        let again = resend(&t.state, Who::command(), id).await.unwrap();
        assert!(matches!(resend(&t.state, Who::command(), id).await, Err(Error::Conflict(_))), "once a day");
        let rows: Vec<(String, String, String)> = t.state.db.all(STATES, args![]).await.unwrap();
        assert_eq!(rows[0], ("uji".into(), "6281234567890".into(), "cancelled".into()));
        assert_eq!(rows[1], (format!("ulang:{id}"), "6281299998888".into(), "queued".into()));

        let mut tx = t.state.db.begin().await.unwrap();
        tx.exec_one(FAILED, args![again]).await.unwrap();
        tx.exec_one(NEW_PHONE, args![customer_id, "62211234567"]).await.unwrap();
        tx.commit().await.unwrap();
        let landline = resend(&t.state, Who::command(), again).await;
        assert!(matches!(landline, Err(Error::Refused(_))), "{landline:?}");
    }
}
