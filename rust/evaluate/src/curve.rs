//! The points of curves, for plots.

use crate::ranking::Block;

/// The ROC curve: (false positive rate, recall), from (0, 0) to (1, 1). Empty where
/// there is no positive or no negative.
pub fn roc(blocks: &[Block]) -> Vec<(f64, f64)> {
    let points = cumulated(blocks);
    let Some(&(p, n)) = points.last().filter(|(p, n)| *p > 0 && *n > 0) else {
        return Vec::new();
    };
    std::iter::once((0, 0))
        .chain(points)
        .map(|(tp, fp)| (fp as f64 / n as f64, tp as f64 / p as f64))
        .collect()
}

/// The precision-recall curve: (recall, precision) at each score. It is a staircase:
/// between two points nothing can be had. Empty where there is no positive or no negative.
pub fn precision_recall(blocks: &[Block]) -> Vec<(f64, f64)> {
    let points = cumulated(blocks);
    let Some(&(p, _)) = points.last().filter(|(p, n)| *p > 0 && *n > 0) else {
        return Vec::new();
    };
    points
        .into_iter()
        .filter(|(tp, fp)| tp + fp > 0)
        .map(|(tp, fp)| (tp as f64 / p as f64, tp as f64 / (tp + fp) as f64))
        .collect()
}

fn cumulated(blocks: &[Block]) -> Vec<(u64, u64)> {
    blocks
        .iter()
        .scan((0, 0), |(tp, fp), b| {
            *tp += b.positives;
            *fp += b.negatives;
            Some((*tp, *fp))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ranking, metrics};

    #[test]
    fn the_area_under_the_points_is_the_metric() {
        let scores = [5.0, 5.0, 4.0, 3.0, 3.0, 3.0, 1.0];
        let labels = [true, false, true, false, true, false, false];
        let r = Ranking::new(&scores, &labels).unwrap();
        let area: f64 = roc(r.blocks())
            .windows(2)
            .map(|w| (w[1].0 - w[0].0) * (w[1].1 + w[0].1) / 2.0)
            .sum();
        assert!((area - metrics::roc_auc(r.blocks()).unwrap()).abs() < 1e-12);
        let mut last = 0.0;
        let mut steps = 0.0;
        for (recall, precision) in precision_recall(r.blocks()) {
            steps += (recall - last) * precision;
            last = recall;
        }
        assert!((steps - metrics::average_precision(r.blocks()).unwrap()).abs() < 1e-12);
    }
}
