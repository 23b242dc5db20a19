//! The metrics, as functions of blocks of ties (the highest score first).
//!
//! With P positives and N negatives in all, and TP and FP those in the blocks
//! down to some score. Each is `None` where there is no positive or no negative.

use crate::ranking::Block;

/// All positives and all negatives; `None` where either is none.
fn totals(blocks: &[Block]) -> Option<(u64, u64)> {
    let p = blocks.iter().map(|b| b.positives).sum();
    let n = blocks.iter().map(|b| b.negatives).sum();
    (p > 0 && n > 0).then_some((p, n))
}

/// The area under the ROC curve by trapezoids, which is the chance that a random
/// positive ranks above a random negative, ties counting one half: the statistic
/// of Mann and Whitney over P·N (J. A. Hanley and B. J. McNeil, "The meaning and
/// use of the area under a receiver operating characteristic (ROC) curve",
/// Radiology 143, 1982). As `sklearn.metrics.roc_auc_score`.
pub fn roc_auc(blocks: &[Block]) -> Option<f64> {
    let (p, n) = totals(blocks)?;
    // Twice the statistic, in whole numbers.
    let (mut above, mut twice) = (0u128, 0u128);
    for b in blocks {
        let (bp, bn) = (u128::from(b.positives), u128::from(b.negatives));
        twice += bn * (2 * above + bp);
        above += bp;
    }
    Some(twice as f64 / (2.0 * p as f64 * n as f64))
}

/// Average precision: the sum over the blocks of (recall gained) × (precision
/// down to the block), without interpolation, which would be too kind
/// (J. Davis and M. Goadrich, "The relationship between precision-recall and ROC
/// curves", ICML 2006). As `sklearn.metrics.average_precision_score`.
pub fn average_precision(blocks: &[Block]) -> Option<f64> {
    let (p, _) = totals(blocks)?;
    let (mut tp, mut rows, mut sum) = (0u64, 0u64, 0.0);
    for b in blocks.iter().filter(|b| b.rows() > 0) {
        tp += b.positives;
        rows += b.rows();
        sum += b.positives as f64 / p as f64 * (tp as f64 / rows as f64);
    }
    Some(sum)
}

/// The fraction of positives among the `k` rows with the highest scores. Where a block of
/// ties crosses rank `k`, as many of its rows count as there is room for, at
/// the block's own mix: the expectation over all orders of the ties (F. McSherry and
/// M. Najork, "Computing information retrieval performance measures efficiently in
/// the presence of tied scores", ECIR 2008). `None` also where there are fewer than
/// `k` rows, or `k` is 0.
pub fn precision_at(blocks: &[Block], k: u64) -> Option<f64> {
    totals(blocks)?;
    let mut room = k;
    let mut found = 0.0;
    for b in blocks.iter().filter(|b| b.rows() > 0) {
        let taken = room.min(b.rows());
        found += b.positives as f64 * (taken as f64 / b.rows() as f64);
        room -= taken;
        if room == 0 {
            break;
        }
    }
    (room == 0 && k > 0).then(|| found / k as f64)
}

/// The largest recall TP/P at any threshold whose false positive rate FP/N is
/// at most `rate`; 0 where already the highest score has too many negatives.
/// The largest `tpr` with `fpr <= rate` of `sklearn.metrics.roc_curve` with
/// `drop_intermediate=False`.
pub fn recall_at(blocks: &[Block], rate: f64) -> Option<f64> {
    let (p, n) = totals(blocks)?;
    let (mut tp, mut fp, mut best) = (0u64, 0u64, 0u64);
    for b in blocks {
        tp += b.positives;
        fp += b.negatives;
        if fp as f64 / n as f64 > rate {
            break;
        }
        best = tp;
    }
    Some(best as f64 / p as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ranking;

    /// Twenty rows with ties; the expected values are scikit-learn 1.9.1's.
    const SCORES: [f64; 20] = [
        4.0, 3.5, 3.5, 3.5, 3.0, 2.5, 2.5, 2.0, 2.0, 2.0, 1.5, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.0,
        0.0, 0.0,
    ];
    const LABELS: [u8; 20] = [1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];

    fn ranking(scores: &[f64], labels: &[u8]) -> Ranking {
        let labels: Vec<bool> = labels.iter().map(|l| *l == 1).collect();
        Ranking::new(scores, &labels).unwrap()
    }

    fn near(got: Option<f64>, want: f64) {
        let got = got.unwrap();
        assert!((got - want).abs() < 1e-12, "{got} but {want} expected");
    }

    #[test]
    fn the_values_are_those_of_scikit_learn() {
        let r = ranking(&SCORES, &LABELS);
        near(roc_auc(r.blocks()), 0.7087912087912088);
        near(average_precision(r.blocks()), 0.6214285714285714);
        for (rate, want) in [
            (0.0, 0.14285714285714285),
            (0.01, 0.14285714285714285),
            (0.1, 0.42857142857142855),
            (0.3, 0.5714285714285714),
            (1.0, 1.0),
        ] {
            near(recall_at(r.blocks(), rate), want);
        }
    }

    #[test]
    fn a_thousand_rows_on_a_coarse_scale_are_those_of_scikit_learn() {
        // x = 48271 x mod (2^31 - 1), from 1: the generator of Park and Miller.
        let mut x: u64 = 1;
        let mut next = || {
            x = x * 48271 % 2_147_483_647;
            x
        };
        let (mut scores, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..1000 {
            let label = u8::from(next() % 10 == 0);
            labels.push(label);
            scores.push((next() % 50 + u64::from(label) * (next() % 30)) as f64);
        }
        let r = ranking(&scores, &labels);
        near(roc_auc(r.blocks()), 0.7433491406854337);
        near(average_precision(r.blocks()), 0.40227768742130254);
        for (rate, want) in [
            (0.001, 0.25252525252525254),
            (0.01, 0.25252525252525254),
            (0.05, 0.2828282828282828),
            (0.5, 0.797979797979798),
        ] {
            near(recall_at(r.blocks(), rate), want);
        }
    }

    #[test]
    fn precision_at_k_takes_its_share_of_a_block_of_ties() {
        let r = ranking(&SCORES, &LABELS);
        for (k, want) in [
            (1, 1.0),
            // One for sure, and of the next three (two positives) one or two.
            (2, (1.0 + 2.0 / 3.0) / 2.0),
            (3, (1.0 + 4.0 / 3.0) / 3.0),
            (4, 0.75),
            (6, (3.0 + 0.5) / 6.0),
            (20, 0.35),
        ] {
            near(precision_at(r.blocks(), k), want);
        }
        assert_eq!(precision_at(r.blocks(), 0), None);
        assert_eq!(precision_at(r.blocks(), 21), None);
    }

    #[test]
    fn perfect_inverted_and_blind_rankings() {
        let labels = [1, 1, 0, 0];
        for (scores, auc, ap) in [
            ([4.0, 3.0, 2.0, 1.0], 1.0, 1.0),
            ([1.0, 2.0, 3.0, 4.0], 0.0, (1.0 / 3.0 + 0.5) / 2.0),
            ([1.0, 1.0, 1.0, 1.0], 0.5, 0.5),
        ] {
            let r = ranking(&scores, &labels);
            near(roc_auc(r.blocks()), auc);
            near(average_precision(r.blocks()), ap);
        }
        assert!(ranking(&[1.0; 4], &labels).all_equal());
        assert_eq!(roc_auc(&[]), None);
    }
}
