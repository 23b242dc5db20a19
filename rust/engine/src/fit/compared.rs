//! What is usual within kinds, of all rows and without some.

use super::Material;
use zeek_anomaly_models::Kinds;
use zeek_anomaly_models::kinds::KindCounter;

/// What is usual within kinds, by the sampled rows: all of them, or without a block of time.
pub(super) struct OfKinds<'a> {
    of: &'a Material<'a>,
    counted: Option<KindCounter>,
    pub(super) kinds: Kinds,
    /// The block of each sampled row.
    blocks: Vec<i64>,
}

impl<'a> OfKinds<'a> {
    pub(super) fn new(of: &'a Material<'a>, wanted: bool) -> OfKinds<'a> {
        let rows = || (0..of.sample.len()).map(|at| of.row(at).0);
        let mut counted = wanted.then(|| KindCounter::new(of.spec, rows)).flatten();
        let mut kinds = Kinds::default();
        if let Some(counter) = &mut counted {
            counter.add(rows);
            kinds = Kinds::new(of.spec, counter.finish(of.total));
        }
        let blocks = match &counted {
            Some(_) => (0..of.sample.len())
                .map(|at| of.blocks.block_of(of.row(at).1))
                .collect(),
            None => Vec::new(),
        };
        OfKinds {
            of,
            counted,
            kinds,
            blocks,
        }
    }

    pub(super) fn without(&self, block: i64) -> Kinds {
        self.without_rows(|at| self.blocks.get(at) == Some(&block), 1.0)
    }

    /// What is usual within kinds without some of the sampled rows, as if there were `times` as many left.
    pub(super) fn without_rows(
        &self,
        left_out: impl Fn(usize) -> bool + Sync,
        times: f64,
    ) -> Kinds {
        let Some(all) = &self.counted else {
            return Kinds::default();
        };
        let mut part = all.emptied();
        part.add(|| {
            let rows = (0..self.of.sample.len()).filter(|at| left_out(*at));
            rows.map(|at| self.of.row(at).0)
        });
        Kinds::grown(self.of.spec, all.without(&part).finish(&[]), times)
    }
}
