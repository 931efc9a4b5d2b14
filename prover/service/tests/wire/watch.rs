//! Who follows a job.

use crate::service::{Service, portal};
use medproof_engine::ProveStage;
use medproof_proto::v1;
use medproof_proto::v1::job::{Stage, State};
use medproof_service::store::Ending;

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_not_told_but_how_it_stands_is_at_once() {
    let service = Service::start("").await;
    let mut client = service.client();
    let job = service.job().await;
    let watch = portal(v1::WatchJobRequest { job: job.clone() });
    let mut stream = client.watch_job(watch).await.unwrap().into_inner();
    let mut next = async || stream.message().await.unwrap().map(|told| told.job.unwrap());
    assert_eq!(next().await.unwrap().state(), State::Queued);
    let id = job.parse().unwrap();
    service.store.begin(&id).await.unwrap().unwrap();
    service.hub.changed(&id);
    assert_eq!(next().await.unwrap().state(), State::Running);
    // All that a short proof goes through: where it stays is told.
    for stage in [ProveStage::Check, ProveStage::Synthesis, ProveStage::Prove] {
        service.hub.at(&id, stage);
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let busy = next().await.unwrap();
    assert_eq!((busy.state(), busy.stage()), (State::Running, Stage::Prove));
    // Nothing is waited for where it ended, however soon after.
    service.hub.at(&id, ProveStage::Verify);
    service.store.end(&id, &Ending::Failed("prover.memory")).await.unwrap();
    service.hub.changed(&id);
    assert_eq!(next().await.unwrap().state(), State::Failed);
    assert!(next().await.is_none());
}
