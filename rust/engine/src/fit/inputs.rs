//! Detectors that look at inputs: fitted to all rows, and again without each fold.

use super::{FOLDS, Fitted, Material, matrix};
use ndarray::{Array2, Axis};
use rayon::prelude::*;
use zeek_anomaly_models::kitnet::{Kitnet, KitnetParams};
use zeek_anomaly_models::pca::{Moments, Pca};
use zeek_anomaly_models::svm::{OneClassSvm, SvmParams};
use zeek_anomaly_models::{Encoded, Encoder, Inputs, Single};

/// The inputs of rows.
pub(super) struct Matrix {
    inputs: Inputs,
    /// As training rows: what only they have is unseen.
    rows: Array2<f32>,
    /// The places of each fold's rows; none where rows are judged with themselves.
    folds: Vec<Vec<usize>>,
    /// Each fold's rows as rows that are new to the other folds; `None` where they are as in
    /// `rows`.
    held_out: Option<Vec<Array2<f32>>>,
}

impl Matrix {
    pub(super) fn new(of: &Material<'_>, rows: &[usize]) -> Matrix {
        let inputs = Inputs::new(of.encoders);
        let written = |rows: &mut dyn Iterator<Item = usize>, by: &[Encoder], leave_out: bool| {
            let (mut out, mut n) = (Vec::new(), 0);
            for at in rows {
                inputs.write(by, of.row(at).0, leave_out, &mut out);
                n += 1;
            }
            matrix(n, inputs.len(), out)
        };
        let trained = written(&mut rows.iter().copied(), of.encoders, true);
        let (mut folds, mut held_out) = (Vec::new(), None);
        if !of.params.own_rows {
            let (fold_of, others) = of.folds(rows);
            folds = vec![Vec::new(); FOLDS];
            fold_of
                .iter()
                .enumerate()
                .for_each(|(i, k)| folds[*k].push(i));
            held_out = others.map(|others| {
                let each = folds.iter().zip(&others);
                each.map(|(fold, by)| written(&mut fold.iter().map(|i| rows[*i]), by, false))
                    .collect()
            });
        }
        Matrix {
            inputs,
            rows: trained,
            folds,
            held_out,
        }
    }

    /// A fold's rows, as rows that are new to the others.
    fn held_out(&self, fold: usize) -> Array2<f32> {
        match &self.held_out {
            Some(of) => of[fold].clone(),
            None => self.rows.select(Axis(0), &self.folds[fold]),
        }
    }

    /// All raw values, from detectors that did not see the rows: `without` gives the one that saw all
    /// but a fold's.
    fn judged(&self, whole: &Single, without: impl Fn(usize) -> Single + Sync) -> Vec<f64> {
        if self.folds.is_empty() {
            return self.raw(whole, &self.rows);
        }
        let parts: Vec<Vec<f64>> = (0..self.folds.len())
            .into_par_iter()
            .map(|k| match self.folds[k].is_empty() {
                true => Vec::new(),
                false => self.raw(&without(k), &self.held_out(k)),
            })
            .collect();
        let mut raw = vec![f64::NAN; self.rows.nrows()];
        for (fold, values) in self.folds.iter().zip(parts) {
            fold.iter().zip(values).for_each(|(i, v)| raw[*i] = v);
        }
        raw
    }

    fn raw(&self, by: &Single, rows: &Array2<f32>) -> Vec<f64> {
        let detector = by.as_detector();
        let rows: Vec<&[f32]> = rows
            .rows()
            .into_iter()
            .filter_map(|r| r.to_slice())
            .collect();
        rows.into_par_iter()
            .map(|inputs| {
                detector.raw(&Encoded {
                    inputs,
                    input_features: self.inputs.features(),
                    ..Encoded::default()
                })
            })
            .collect()
    }

    pub(super) fn pca(&self, of: &Material<'_>) -> Fitted {
        let fit = |m: &Moments| Single::Pca(Pca::fit(m, of.spec.len(), &of.params.how.pca));
        let all = Moments::new(self.rows.view());
        let model = fit(&all);
        let raw = self.judged(&model, |k| {
            let fold = self.rows.select(Axis(0), &self.folds[k]);
            fit(&all.without(&Moments::new(fold.view())))
        });
        Fitted { model, raw }
    }

    /// All rows but a fold's.
    fn without(&self, fold: usize) -> Array2<f32> {
        let mut left_out = vec![false; self.rows.nrows()];
        self.folds[fold].iter().for_each(|i| left_out[*i] = true);
        let kept: Vec<usize> = (0..left_out.len()).filter(|i| !left_out[*i]).collect();
        self.rows.select(Axis(0), &kept)
    }

    /// `at` are the places of the rows in the sample.
    pub(super) fn kitnet(&self, of: &Material<'_>, at: &[usize]) -> Fitted {
        let params = KitnetParams {
            seed: of.params.seed,
            ..of.params.how.kitnet
        };
        // Its feature map is made of the first rows, so they are put in the order of time.
        let mut order: Vec<usize> = (0..self.rows.nrows()).collect();
        let time = |i: usize| of.row(at[i]).1.unwrap_or(f64::NEG_INFINITY);
        order.sort_by(|a, b| time(*a).total_cmp(&time(*b)));
        let map = Kitnet::map(self.rows.select(Axis(0), &order).view(), &params);
        let fit = |but: Option<usize>| {
            let mut kept = vec![true; order.len()];
            let left_out = but.map_or(&[][..], |fold| &self.folds[fold]);
            left_out.iter().for_each(|i| kept[*i] = false);
            let kept: Vec<usize> = order.iter().copied().filter(|i| kept[*i]).collect();
            let rows = self.rows.select(Axis(0), &kept);
            let net = Kitnet::fit_mapped(rows.view(), of.spec.len(), &params, map.clone());
            Single::Kitnet(net)
        };
        let model = fit(None);
        let raw = self.judged(&model, |k| fit(Some(k)));
        Fitted { model, raw }
    }

    /// ν, γ and the kernel are chosen once, on all rows.
    pub(super) fn svm(&self, of: &Material<'_>) -> Fitted {
        let params = SvmParams {
            seed: of.params.seed,
            ..of.params.how.svm
        };
        let svm = OneClassSvm::fit(self.rows.view(), of.spec.len(), &params);
        let model = Single::OneClassSvm(svm.clone());
        let raw = self.judged(&model, |k| {
            Single::OneClassSvm(svm.refit(self.without(k).view(), &params))
        });
        Fitted { model, raw }
    }
}
