//! The fixed grid on which numbers are counted.
//!
//! It is the same in every model, so that the counts of two models can be added.

use zeek_anomaly_features::spec::{Kind, Unit};

/// Cells of the grid for each doubling of a magnitude, and for each bit of evidence. Coarse on purpose: with finer
/// cells the ordinary traffic of another day falls between those of this one.
pub(crate) fn cells_per_octave(unit: Unit) -> f64 {
    match unit {
        Unit::Seconds | Unit::Bits => 1.0,
        _ => 2.0,
    }
}

/// Cells of the grid for a step of 1 of a ratio.
pub(crate) const CELLS_PER_UNIT: f64 = 16.0;

/// The grid's last cell on either side of zero.
pub(crate) const LAST_CELL: i32 = 400;

/// The cell of a number on the grid.
pub(crate) fn cell_of(kind: Kind, v: f64) -> i32 {
    cell_at(kind, scaled(kind, v))
}

/// A number on its scale: a magnitude's is logarithmic.
pub(crate) fn scaled(kind: Kind, v: f64) -> f64 {
    match kind {
        Kind::Magnitude(unit) => transform(unit, v),
        Kind::Ratio | Kind::Flag | Kind::Category => v,
    }
}

/// The cell of a number that is on its scale ([`scaled`]).
pub(crate) fn cell_at(kind: Kind, at: f64) -> i32 {
    let c = match kind {
        Kind::Magnitude(unit) => at * cells_per_octave(unit),
        Kind::Ratio => at * CELLS_PER_UNIT,
        Kind::Flag | Kind::Category => at,
    };
    // Rounded down without a call of `floor`, which this takes on x86-64 as it was first made: `as`
    // rounds towards zero. NaN never gets here.
    let c = c.clamp(-f64::from(LAST_CELL), f64::from(LAST_CELL));
    let cell = c as i32;
    cell - i32::from(f64::from(cell) > c)
}

/// A magnitude on its logarithmic scale, in octaves above its unit's step; odd, so
/// that negative numbers have their place too. A quotient is centred at one. Bits are a
/// logarithm already.
pub(crate) fn transform(unit: Unit, v: f64) -> f64 {
    if unit == Unit::Bits {
        return v;
    }
    let t = (1.0 + v.abs() / unit.step()).log2();
    if v < 0.0 { -t } else { t }
}

/// The number at the lower edge of a cell.
pub(crate) fn edge_of(kind: Kind, cell: i32) -> f64 {
    match kind {
        Kind::Magnitude(Unit::Bits) => f64::from(cell),
        Kind::Magnitude(unit) => {
            let t = f64::from(cell) / cells_per_octave(unit);
            let v = (t.abs().exp2() - 1.0) * unit.step();
            if t < 0.0 { -v } else { v }
        }
        Kind::Ratio => f64::from(cell) / CELLS_PER_UNIT,
        Kind::Flag | Kind::Category => f64::from(cell),
    }
}

/// Whether a feature's values are whole numbers.
pub(crate) fn is_whole(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Magnitude(Unit::Count | Unit::Bytes | Unit::Excess)
    )
}

/// The first value of a cell.
pub(crate) fn first_of(kind: Kind, cell: i32) -> f64 {
    let edge = edge_of(kind, cell);
    // An edge that is a whole number may have come out a hair above it.
    if is_whole(kind) {
        (edge - 1e-9).ceil() + 0.0
    } else {
        edge
    }
}

/// The last value of a cell.
pub(crate) fn last_of(kind: Kind, cell: i32) -> f64 {
    if is_whole(kind) {
        (first_of(kind, cell + 1) - 1.0).max(first_of(kind, cell))
    } else if cell == 0 {
        0.0
    } else {
        edge_of(kind, cell + 1)
    }
}
