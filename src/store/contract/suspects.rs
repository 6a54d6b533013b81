use super::*;

/// What was lost once is taken up like anything else; what was lost more often waits for those who take up suspects.
pub async fn sets_apart_what_is_lost_again_and_again(store: &dyn Store) {
    let (first, second) = (record(store, 2_101, "2101").await, record(store, 2_102, "2102").await);
    let at = |number: u32| NOW + LEASE * number;
    let claim = async |lane, number| store.claim(lane, at(number), LEASE).await.unwrap();
    let suspects = |lost| Lane::Suspect { lost };
    for number in 0..2 {
        let claimed = [claim(Lane::Open, number).await.unwrap(), claim(Lane::Open, number).await.unwrap()];
        assert_eq!(claimed.map(|claimed| claimed.lost), [number; 2]);
        assert_eq!(store.next_due(Some(suspects(9))).await.unwrap(), (number == 1).then(|| at(2)));
    }
    assert_eq!(claim(Lane::Open, 2).await, None);
    assert_eq!(store.next_due(Some(Lane::Open)).await.unwrap(), None);
    assert_eq!(claim(suspects(1), 2).await, None, "nobody may yet");
    let lost = claim(suspects(2), 2).await.unwrap();
    assert_eq!((lost.message, lost.lost), (first.message, 2));
    // The less often lost goes first, whatever came before.
    let other = claim(suspects(9), 3).await.unwrap();
    assert_eq!((other.message, other.lost), (second.message, 2));
    assert_eq!(claim(suspects(2), 3).await, None);
    let again = claim(suspects(3), 3).await.unwrap();
    assert_eq!((again.message, again.lost), (first.message, 3));
    // Another state counts anew, and so does what goes well.
    let turn = store.advance(first.message, step(again.turn, State::Filing { filing: filing("o/r") })).await.unwrap();
    assert_eq!(super::claim(store, Lane::File).await.map(|claimed| (claimed.lost, claimed.turn)), Some((0, turn + 1)));
    let done = State::Nothing { outcome: Outcome::Answered };
    store.advance(first.message, step(turn + 1, done.clone())).await.unwrap();
    store.advance(second.message, step(other.turn, done)).await.unwrap();
    assert_eq!(store.next_due(Some(suspects(9))).await.unwrap(), None);
}
