//! A report that concerns several repositories, where each gets an advisory.

use std::sync::Arc;

use advisory_intake::model::*;
use advisory_intake::ports::*;

use super::world::{Filing, World, gateway_with};
use super::{drain, outcome, record};

const REPORT: &str = "id: r1@example.org\nfrom: erin@example.org\nalso: otel/java otel/php";

fn refused() -> Filing {
    Filing::Fails(FilingError::Refused("403".into()))
}

fn unknown() -> Filing {
    Filing::Fails(FilingError::Unknown("reset".into()))
}

/// A world whose attempts to file go like this; `None` is well.
fn world(attempts: Vec<Option<Filing>>) -> Arc<World> {
    let world = World::default();
    // What goes well is the answer to an empty list, so a good attempt among bad ones stalls for no time.
    let each = attempts.into_iter().map(|attempt| attempt.unwrap_or(Filing::Stalls(std::time::Duration::ZERO)));
    world.filing.lock().unwrap().extend(each);
    Arc::new(world)
}

/// Each row: the setting, how attempts go, the repositories that have an advisory in the end, and those that have none.
#[tokio::test]
async fn each_repository_gets_one_advisory_however_the_attempts_go() {
    let (each, all) = (Multi::Each, "otel/go otel/java otel/php");
    type Row = (Multi, Vec<Option<Filing>>, &'static str, &'static str);
    let cases: Vec<Row> = vec![
        (Multi::Primary, vec![], "otel/go", ""),
        (each, vec![], all, ""),
        (each, vec![Some(Filing::Lost)], all, ""),
        (each, vec![None, Some(Filing::Lost), Some(Filing::Lost)], all, ""),
        (each, vec![None, Some(unknown())], all, ""),
        (each, vec![None, Some(refused())], "otel/go otel/php", "otel/java"),
        (each, vec![Some(refused())], "otel/fallback otel/java otel/php", ""),
    ];
    for (multi, attempts, filed, missing) in cases {
        let label = format!("{multi:?}, {} attempts, {filed}", attempts.len());
        let gateway = gateway_with(world(attempts), |settings| settings.multi = multi).await;
        gateway.world.deliver(1, REPORT);
        drain(&gateway).await;
        assert_eq!(gateway.world.filed().join(" "), filed, "{label}");
        let first = filed.split(' ').next().unwrap();
        let Outcome::Filed(advisory) = outcome(&gateway, 1).await else { panic!("{label}") };
        let of_the_case = record(&gateway, 1).await.case.unwrap().advisory.unwrap();
        assert_eq!((advisory.repository.as_str(), of_the_case.repository.as_str()), (first, first), "{label}");
        let order = gateway.world.orders.lock().unwrap().last().unwrap().clone();
        let others: Vec<&str> = order.others.filed.iter().map(|filed| filed.repository.as_str()).collect();
        assert_eq!(others, filed.split(' ').skip(1).collect::<Vec<_>>(), "{label}");
        let told: Vec<&str> = order.others.refused.iter().map(|(repository, _)| repository.as_str()).collect();
        assert_eq!(told.join(" "), missing, "{label}");
        assert_eq!(order.actions, [Action::Alert, Action::Acknowledge], "{label}");
        // Nobody hears of it before the last one is there.
        let log = gateway.world.log();
        let sent = log.iter().position(|line| line.starts_with("send")).unwrap();
        assert!(log[sent..].iter().all(|line| !line.starts_with("fi")), "{label}: {log:?}");
    }
}

#[tokio::test]
async fn what_the_reporter_adds_goes_to_the_first_alone() {
    let gateway = gateway_with(world(vec![]), |settings| settings.multi = Multi::Each).await;
    gateway.world.deliver(1, REPORT);
    drain(&gateway).await;
    gateway.world.deliver(2, "id: r2@example.org\nfrom: erin@example.org\nanswers: r1@example.org\nalso: otel/java");
    drain(&gateway).await;
    let Outcome::Commented { advisory, .. } = outcome(&gateway, 2).await else { panic!() };
    assert_eq!((advisory.repository.as_str(), gateway.world.comments.lock().unwrap().len()), ("otel/go", 1));
    assert_eq!(gateway.world.filed().len(), 3);
}

#[tokio::test]
async fn the_whole_team_hears_of_a_refusal_although_it_got_the_urgent_alert() {
    let gateway = gateway_with(world(vec![None, Some(refused())]), |settings| settings.multi = Multi::Each).await;
    gateway.world.deliver(1, &format!("{REPORT}\npublic: yes"));
    drain(&gateway).await;
    let orders = gateway.world.orders.lock().unwrap();
    let [urgent, filed] = &orders[..] else { panic!("{} orders", orders.len()) };
    assert_eq!(urgent.actions, [Action::AlertUrgent]);
    assert_eq!(filed.actions, [Action::Alert, Action::Acknowledge, Action::AskPrivate]);
}
