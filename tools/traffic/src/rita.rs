//! The beacon score of RITA v5 for one pair, from its description: a quarter each of how
//! regular the intervals are, how regular the sizes, how long it goes on, and how even the
//! histogram of the hours is. A reference to be compared with, and used for nothing else.

/// The score, from 0 to 1; `None` where RITA looks at no beacon.
pub fn score(times: &[f64], sizes: &[f64], data_set: (f64, f64)) -> Option<f64> {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    let mut seconds: Vec<f64> = times.iter().map(|t| t.floor()).collect();
    seconds.dedup();
    if seconds.len() < 4 || times.len() >= 86_400 {
        return None;
    }
    let intervals: Vec<f64> = seconds.windows(2).map(|w| w[1] - w[0]).collect();
    let ts = regular(&intervals);
    let ds = regular(sizes);
    let (mut bins, span) = ([0f64; 24], (data_set.1 - data_set.0).max(1.0));
    for t in &times {
        let at = ((t - data_set.0) / span * 24.0).clamp(0.0, 23.0);
        bins[at as usize] += 1.0;
    }
    let (dur, hist) = (duration(&bins, &times, span), histogram(&bins));
    Some(0.25 * (ts + ds + dur + hist))
}

/// (1 − |Bowley skewness| + MAD score) / 2.
fn regular(values: &[f64]) -> f64 {
    let mut v = values.to_vec();
    v.sort_by(f64::total_cmp);
    let q = |p: f64| {
        let at = p * (v.len() as f64 - 1.0);
        let (lo, hi) = (at.floor() as usize, at.ceil() as usize);
        v[lo] + (v[hi] - v[lo]) * at.fract()
    };
    if v.is_empty() {
        return 0.0;
    }
    let (q1, q2, q3) = (q(0.25), q(0.5), q(0.75));
    let skew = match q3 - q1 < 10.0 || q2 == q1 || q2 == q3 {
        true => 0.0,
        false => (q1 + q3 - 2.0 * q2) / (q3 - q1),
    };
    let mut away: Vec<f64> = v.iter().map(|x| (x - q2).abs()).collect();
    away.sort_by(f64::total_cmp);
    let mad = away[away.len() / 2];
    let mads = if q2 > 0.0 {
        ((q2 - mad) / q2).max(0.0)
    } else {
        0.0
    };
    (1.0 - skew.abs() + mads) / 2.0
}

fn duration(bins: &[f64; 24], times: &[f64], span: f64) -> f64 {
    if bins.iter().filter(|b| **b > 0.0).count() < 6 {
        return 0.0;
    }
    let own = times.last().zip(times.first()).map_or(0.0, |(b, a)| b - a);
    // The longest run of hours in which there was something.
    let (mut run, mut longest) = (0.0f64, 0.0f64);
    for b in bins {
        run = if *b > 0.0 { run + 1.0 } else { 0.0 };
        longest = longest.max(run);
    }
    (own / span).max(longest / 12.0).min(1.0)
}

/// 1 − coefficient of variation, or how much of the histogram has one of two heights.
fn histogram(bins: &[f64; 24]) -> f64 {
    let mean = bins.iter().sum::<f64>() / 24.0;
    let sd = (bins.iter().map(|b| (b - mean).powi(2)).sum::<f64>() / 24.0).sqrt();
    let even = (1.0 - sd / mean.max(1e-9)).max(0.0);
    let filled: Vec<f64> = bins.iter().copied().filter(|b| *b > 0.0).collect();
    if filled.len() < 11 {
        return even;
    }
    let top = filled.iter().copied().fold(0.0, f64::max);
    let mut heights = [0f64; 21];
    for b in &filled {
        heights[(b / top * 20.0) as usize] += 1.0;
    }
    heights.sort_by(|a, b| b.total_cmp(a));
    even.max((heights[0] + heights[1]) / filled.len() as f64)
}

/// What RITA adds for prevalence: few hosts talk to it, or half of all.
pub fn prevalence(share: f64) -> f64 {
    match share {
        s if s <= 0.02 => 0.15,
        s if s >= 0.5 => -0.15,
        _ => 0.0,
    }
}
