//! An end in good order: whoever asked is still answered.

use super::page::Page;
use super::rig::{BORN, HOUR, PAYMENTS, Setup, read_answer, within};
use hss_exporter::simulator::{Fault, Hold, Task};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Enough for a page that the sockets between us do not hold.
const TASKS: usize = 1000;

#[tokio::test]
async fn every_scrape_that_is_under_way_at_the_end_is_whole() {
    let mut setup = Setup::of(|world| {
        for number in 0..TASKS as u64 {
            let end = BORN - HOUR - number;
            world.insert(PAYMENTS, Task::cluster(BORN).named("a long page").finished(end - HOUR, end, 1, 0));
        }
    });
    setup.tasks = "{ types: [cluster_scan], series: { limit: 2000 } }";
    setup.refresh = "interval: 1h, stale_after: 6h";
    let rig = setup.start().await;
    let large = |page: &Page| page.all("hss_task_info", &[]).len() == TASKS;
    rig.page_where("the page is large", large).await;
    let address = rig.running.address;
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    let ended = rig.running.end();
    tokio::task::yield_now().await;
    for mut stream in streams {
        let mut answer = Vec::new();
        within(stream.read_to_end(&mut answer)).await.unwrap();
        let (status, _, body) = read_answer(&answer);
        assert_eq!(status, 200);
        assert_eq!(body.matches("\nhss_task_info{").count(), TASKS);
        assert!(body.ends_with('\n'));
    }
    within(ended).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "the address is free");
    // What was asked of the cloud has ended with it.
    let calls = rig.cloud.calls(hss_exporter::simulator::Api::ListTasks);
    tokio::task::yield_now().await;
    assert_eq!(rig.cloud.calls(hss_exporter::simulator::Api::ListTasks), calls);
}

#[tokio::test]
async fn a_refresh_that_hangs_holds_up_neither_a_scrape_nor_the_end() {
    let hold = Hold::default();
    let setup = Setup { faults: vec![Fault::held(&hold).always()], ..Setup::default() };
    let rig = setup.start().await;
    rig.cloud.arrived(1).await;
    assert_eq!(rig.scrape().await.all("hss_target_info", &[]).len(), 1);
    within(rig.running.end()).await.unwrap();
    let answered = rig.cloud.requests().iter().filter(|request| request.status.is_some()).count();
    assert_eq!(answered, 0, "it still hangs");
}
