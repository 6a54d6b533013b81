use super::*;

const BOUNDS: CertificateBounds = CertificateBounds { per_address: 3, new_per_domain_and_day: 5, total: 10_000 };

/// A certificate whose fingerprint is made of this number.
fn certificate(address: &str, number: u32, voucher: Voucher, day: i32) -> KnownCertificate {
    let seen = NOW + time::Duration::days(i64::from(day));
    KnownCertificate {
        address: address.parse().unwrap(),
        fingerprint: format!("{number:040}").parse().unwrap(),
        bytes: vec![1, 2, 3],
        learned_from: LearnedFrom::Attachment,
        voucher,
        first_seen: seen,
        last_seen: seen,
        revoked: false,
    }
}

/// Learns them with one step of one message on `day`.
async fn learn(
    store: &dyn Store,
    certificates: Vec<KnownCertificate>,
    bounds: CertificateBounds,
    day: i32,
) -> Vec<String> {
    static UID: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1_000);
    let uid = UID.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let message = record(store, uid, &format!("certificates {uid}")).await.message;
    let now = NOW + time::Duration::days(i64::from(day));
    let turn = claim(store, Lane::Open).await.unwrap().turn;
    let done = step(turn, State::Nothing { outcome: Outcome::Answered });
    store.advance(message, Advance { certificates, certificate_bounds: bounds, now, ..done }).await.unwrap();
    store.history(message).await.unwrap().steps.into_iter().map(|step| step.what).collect()
}

/// Numbers and vouchers of what is kept for an address.
async fn kept(store: &dyn Store, address: &str) -> Vec<(u32, Voucher)> {
    let found = store.certificates(Some(&address.parse().unwrap())).await.unwrap();
    found.into_iter().map(|known| (known.fingerprint.as_str().parse().unwrap(), known.voucher)).collect()
}

pub async fn keeps_what_was_learned_within_bounds(store: &dyn Store) {
    use Voucher::*;
    clear(store).await;
    let erin = "Erin@one.example";
    let first = certificate(erin, 1, Nobody, 0);
    let told = learn(store, vec![first.clone()], BOUNDS, 0).await;
    assert!(told[0].contains("is kept (shown by nothing but the mail itself)"), "{told:?}");
    let found = store.certificates(Some(&"erin@ONE.example".parse().unwrap())).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&first));

    // News of the same certificate: nothing is taken back, and the first day stays.
    let later = KnownCertificate { bytes: vec![4], voucher: Dkim, revoked: true, ..certificate(erin, 1, Dkim, 2) };
    learn(store, vec![later.clone()], BOUNDS, 2).await;
    let stale = certificate(erin, 1, Nobody, 3);
    assert_eq!(learn(store, vec![stale.clone()], BOUNDS, 3).await, [""; 0], "nothing to tell");
    let expected = KnownCertificate { first_seen: first.first_seen, last_seen: stale.last_seen, ..later };
    assert_eq!(store.certificates(Some(&first.address)).await.unwrap(), [expected]);

    // Strangers push out strangers, the one unseen for longest first, and never what something vouched for.
    learn(store, (2..=4).map(|n| certificate(erin, n, Nobody, n as i32)).collect(), BOUNDS, 4).await;
    assert_eq!(kept(store, erin).await, [(1, Dkim), (3, Nobody), (4, Nobody)]);
    learn(store, vec![certificate(erin, 5, Dkim, 5), certificate(erin, 6, Signature, 5)], BOUNDS, 7).await;
    assert_eq!(kept(store, erin).await, [(6, Signature), (1, Dkim), (5, Dkim)]);
    let told = learn(store, vec![certificate(erin, 7, Directory, 8)], BOUNDS, 9).await;
    assert!(told[0].contains("is not kept, because there are too many new ones"), "{told:?}");
    assert_eq!(kept(store, erin).await.len(), 3, "a list full of vouched ones stays as it is");

    // A day of one domain.
    let flood = (10..20).map(|n| certificate(&format!("a{n}@flood.example"), n, Dkim, 20)).collect();
    learn(store, flood, BOUNDS, 20).await;
    let of_flood = store.certificates(None).await.unwrap();
    assert_eq!(of_flood.iter().filter(|known| known.address.domain() == "flood.example").count(), 5);
    learn(store, vec![certificate("b@flood.example", 30, Nobody, 22)], BOUNDS, 22).await;
    assert_eq!(kept(store, "b@flood.example").await, [(30, Nobody)], "the next day it goes on");

    // All together: the weakest goes first.
    let full = CertificateBounds { total: store.certificates(None).await.unwrap().len() as u32, ..BOUNDS };
    learn(store, vec![certificate("c@two.example", 31, Nobody, 23)], full, 23).await;
    assert_eq!((kept(store, "c@two.example").await.len(), kept(store, "b@flood.example").await.len()), (1, 0));
    assert!(
        store.pin_certificate(&"c@two.example".parse().unwrap(), &first.fingerprint).await.is_ok_and(|pinned| !pinned)
    );
    assert!(store.pin_certificate(&first.address, &first.fingerprint).await.unwrap());
    assert_eq!(kept(store, erin).await[0], (1, Operator));
    let huge = KnownCertificate {
        bytes: vec![0; KnownCertificate::MOST_BYTES + 1],
        ..certificate("d@two.example", 40, Dkim, 24)
    };
    learn(store, vec![huge], BOUNDS, 24).await;
    assert_eq!(kept(store, "d@two.example").await, []);

    assert_eq!(store.forget_certificates(&first.address, Some(&first.fingerprint)).await.unwrap(), 1);
    assert_eq!(kept(store, erin).await, [(6, Signature), (5, Dkim)]);
    assert_eq!(store.forget_certificates(&first.address, None).await.unwrap(), 2);
    assert_eq!(kept(store, erin).await, []);
}
