//! What is known of alerts survives a restart and another model, and is trusted only as far as it
//! makes sense.

mod common;

use std::net::{IpAddr, Ipv4Addr};
use zeek_anomaly_alerts::{
    AlertLog, AlertParams, Alerts, Candidate, Fate, Identity, Share, StateError,
};

const DAY: f64 = 86_400.0;
const MONDAY: f64 = 19_723.0 * DAY;

fn model() -> Vec<AlertLog> {
    common::conn(48_000.0)
}

fn params(per_day: f64) -> AlertParams {
    AlertParams {
        per_day,
        behaviors: true,
        ..AlertParams::default()
    }
}

fn candidate(host: u32, kind: u64, score: f64, ts: f64) -> Candidate {
    Candidate {
        identity: Identity {
            id: (u64::from(host) << 20) + kind + 1,
            kind,
            entity: Some(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + host))),
        },
        log: 0,
        score,
        ts: Some(ts),
        records: 1,
    }
}

/// A day with so many findings, each of its own kind; how many alerts it had.
fn day(alerts: &mut Alerts, number: u32, findings: u32, score: f64) -> usize {
    let begin = MONDAY + f64::from(number) * DAY;
    let mut raised = 0;
    for hour in 0..24u32 {
        alerts.rows(0, Some(begin + f64::from(hour) * 3600.0), 1000);
    }
    for i in 0..findings {
        let ts = begin + 80_000.0 + f64::from(i);
        alerts.tick(Some(ts), 1);
        let c = candidate(i, u64::from(i), score, ts);
        raised += usize::from(alerts.take(&c).is_some_and(|o| o.fate == Fate::Alert));
    }
    raised
}

/// The same after a restart.
fn restarted(model: &[AlertLog], alerts: &Alerts, params: AlertParams) -> Alerts {
    let mut again = Alerts::new(model, params, &[]);
    again.resume(&alerts.to_bytes().unwrap()).unwrap();
    again
}

#[test]
fn a_day_goes_on_after_a_restart_and_no_finding_is_raised_twice() {
    let model = model();
    let mut without = Alerts::new(&model, params(5.0), &[]);
    let mut with = Alerts::new(&model, params(5.0), &[]);
    for n in 0..4 {
        assert_eq!(day(&mut without, n, 30, 5.0), day(&mut with, n, 30, 5.0));
        with = restarted(&model, &with, params(5.0));
    }
    let ts = MONDAY + 3.0 * DAY + 85_000.0;
    for host in [0, 1, 400, 401, 402, 403, 404] {
        let c = candidate(host, u64::from(host), 5.0, ts);
        without.tick(c.ts, 1);
        with.tick(c.ts, 1);
        assert_eq!(without.take(&c), with.take(&c), "{host}");
        with = restarted(&model, &with, params(5.0));
    }
    assert!(with.to_bytes() == without.to_bytes());
    let again = candidate(0, 0, 9.0, ts);
    assert_eq!(with.take(&again).unwrap().fate, Fate::Counted);
}

#[test]
fn what_was_learned_of_days_holds_after_a_restart_of_weeks() {
    let model = model();
    let mut alerts = Alerts::new(&model, params(5.0), &[]);
    for n in 0..20 {
        day(&mut alerts, n, 30, 5.0);
    }
    let mut again = restarted(&model, &alerts, params(5.0));
    // Ten days later: the level holds that thirty such findings a day taught.
    assert_eq!(day(&mut again, 30, 30, 5.0), 0);
    let mut fresh = Alerts::new(&model, params(5.0), &[]);
    assert!(day(&mut fresh, 30, 30, 5.0) > 5);
}

#[test]
fn another_share_of_budgets_keeps_only_the_rows() {
    let model = model();
    let mut alerts = Alerts::new(&model, params(5.0), &[]);
    day(&mut alerts, 0, 10, 6.0);
    assert!(alerts.findings() > 0);
    let by_log = AlertParams {
        share: Share::Log,
        ..params(5.0)
    };
    assert_eq!(restarted(&model, &alerts, by_log).findings(), 0);
}

#[test]
fn hostile_state_is_refused_and_changes_nothing() {
    let model = model();
    let mut alerts = Alerts::new(&model, params(5.0), &[]);
    day(&mut alerts, 0, 10, 6.0);
    day(&mut alerts, 1, 10, 6.0);
    let good = alerts.to_bytes().unwrap();
    let mut fresh = Alerts::new(&model, params(5.0), &[]);
    let before = fresh.to_bytes();
    assert_eq!(fresh.resume(b""), Err(StateError::Other));
    assert_eq!(fresh.resume(b"ZEEKANOM........"), Err(StateError::Other));
    let mut other = good.clone();
    other[8] = 9;
    assert_eq!(fresh.resume(&other), Err(StateError::Format(9)));
    for cut in [9, 23, 24, good.len() - 1] {
        assert!(fresh.resume(&good[..cut]).is_err());
    }
    // Each byte changed, with a checksum that agrees: refused, or at least no panic later.
    for at in (24..good.len()).step_by(3) {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        let sum = crc32fast::hash(&bytes[24..]);
        bytes[12..16].copy_from_slice(&sum.to_le_bytes());
        let mut hostile = Alerts::new(&model, params(5.0), &[]);
        if hostile.resume(&bytes).is_ok() {
            day(&mut hostile, 1, 3, 6.0);
            day(&mut hostile, 2, 3, 6.0);
            hostile.finish();
        }
    }
    assert!(fresh.to_bytes() == before);
}

#[test]
fn behaviors_share_the_budget_and_have_a_level_from_their_score() {
    let model = model();
    let mut alerts = Alerts::new(&model, params(5.0), &[]);
    let log = alerts.behavior_log();
    let take = |alerts: &mut Alerts, number: u64, score: f64, ts: f64, records| {
        alerts.tick(Some(ts), 1);
        alerts.take(&Candidate {
            identity: Identity::of_behavior("beacon", number, IpAddr::from([10, 0, 0, 1])),
            log,
            score,
            ts: Some(ts),
            records,
        })
    };
    let first = take(&mut alerts, 1, 4.0, MONDAY, 10).unwrap();
    assert_eq!(
        (first.fate, first.records, first.today),
        (Fate::Alert, 10, (1, 0))
    );
    // It comes again with all its records, and raises nothing.
    let again = take(&mut alerts, 1, 8.0, MONDAY + 60.0, 25).unwrap();
    assert_eq!(
        (again.fate, again.records, again.today),
        (Fate::Counted, 25, (1, 0))
    );
    // On the next day it is over, with its last count.
    assert!(alerts.take_finding_summary().is_none());
    alerts.tick(Some(MONDAY + 0.6 * DAY), 1);
    take(&mut alerts, 2, 3.0, MONDAY + 1.2 * DAY, 1);
    let over = alerts.take_finding_summary().unwrap();
    assert_eq!(
        (over.records, over.score, over.log.as_str()),
        (25, 8.0, "behavior")
    );
    assert_eq!(over.finding, first.finding);
    // Left out of the budget, it raises nothing.
    alerts.change(
        AlertParams {
            behaviors: false,
            ..params(5.0)
        },
        &[],
    );
    assert_eq!(take(&mut alerts, 3, 9.0, MONDAY + 1.3 * DAY, 1), None);
}

#[test]
fn a_finding_is_over_with_all_its_records() {
    let model = model();
    let mut alerts = Alerts::new(&model, params(5.0), &[]);
    for i in 0..50 {
        let c = candidate(1, 1, 6.0, MONDAY + 43_000.0 + f64::from(i));
        alerts.tick(c.ts, 1);
        alerts.take(&c);
    }
    // Still the same window on the next morning.
    alerts.tick(Some(MONDAY + DAY + 3600.0), 1);
    assert!(alerts.take_finding_summary().is_none());
    alerts.tick(Some(MONDAY + DAY + 47_000.0), 1);
    let over = alerts.take_finding_summary().unwrap();
    assert_eq!((over.records, over.entities), (50, 1));
    assert!(over.entity.is_some() && alerts.take_finding_summary().is_none());
    // What raised no alert is not told of.
    alerts.finish();
    assert!(alerts.take_finding_summary().is_none());
}
