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
    match kind {
        Kind::Magnitude(unit) if unit != Unit::Bits => {
            octave_cell(unit, v).unwrap_or_else(|| cell_at(kind, scaled(kind, v)))
        }
        _ => cell_at(kind, scaled(kind, v)),
    }
}

/// The cell of a magnitude without a logarithm: octaves are exponents, and half of one ends at √2.
/// `None` where the number is so close to an edge that the logarithm's rounding decides.
fn octave_cell(unit: Unit, v: f64) -> Option<i32> {
    const FRACTION: u64 = (1 << 52) - 1;
    const HALF: u64 = std::f64::consts::SQRT_2.to_bits() & FRACTION;
    // Far more than a logarithm can be off.
    const CLOSE: u64 = 1 << 20;
    let bits = (1.0 + v.abs() / unit.step()).to_bits();
    let (octave, fraction) = ((bits >> 52) as i32 - 1023, bits & FRACTION);
    // Of powers of two logarithms are exact.
    let exact = fraction == 0;
    let close = !exact && !(CLOSE..=FRACTION - CLOSE).contains(&fraction);
    let (cell, close) = match cells_per_octave(unit) {
        1.0 => (octave, close),
        2.0 => (
            2 * octave + i32::from(fraction > HALF),
            close || fraction.abs_diff(HALF) < CLOSE,
        ),
        _ => return None,
    };
    if close || octave > 1000 {
        return None;
    }
    // Rounded down on either side of zero.
    Some(match v < 0.0 {
        true => (-cell - i32::from(!exact)).max(-LAST_CELL),
        false => cell.min(LAST_CELL),
    })
}

/// A number on its scale: a magnitude's is logarithmic.
pub(crate) fn scaled(kind: Kind, v: f64) -> f64 {
    match kind {
        Kind::Magnitude(unit) => transform(unit, v),
        Kind::Ratio | Kind::Flag | Kind::Category | Kind::Identity => v,
    }
}

/// The cell of a number that is on its scale ([`scaled`]).
pub(crate) fn cell_at(kind: Kind, at: f64) -> i32 {
    let c = match kind {
        Kind::Magnitude(unit) => at * cells_per_octave(unit),
        Kind::Ratio => at * CELLS_PER_UNIT,
        Kind::Flag | Kind::Category | Kind::Identity => at,
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
        Kind::Flag | Kind::Category | Kind::Identity => f64::from(cell),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_without_a_logarithm_are_those_with_one() {
        let units = [
            Unit::Count,
            Unit::Bytes,
            Unit::Seconds,
            Unit::Rate,
            Unit::Quotient,
            Unit::Excess,
        ];
        let mut values = vec![0.0, f64::MAX, f64::INFINITY, f64::MIN_POSITIVE];
        for exponent in -40..1023 {
            for edge in [1.0, std::f64::consts::SQRT_2] {
                let v = edge * 2f64.powi(exponent);
                for bits in v.to_bits() - 3..=v.to_bits() + 3 {
                    // An edge of the grid, whatever the unit's step.
                    let at = f64::from_bits(bits);
                    values.extend([at, at - 1.0]);
                    values.extend([(at - 1.0) * 1e-4, (at - 1.0) * 1e-3]);
                }
            }
        }
        values.extend((0..20_000).map(|i| f64::from(i) * 0.37));
        values.extend((0..20_000).map(|i| 1.003f64.powi(i % 9000) * 1e-5));
        let mut found = 0;
        for unit in units {
            for v in values.iter().flat_map(|v| [*v, -*v]) {
                let kind = Kind::Magnitude(unit);
                let by_logarithm = cell_at(kind, scaled(kind, v));
                assert_eq!(cell_of(kind, v), by_logarithm, "{unit:?} {v:e}");
                found += u32::from(octave_cell(unit, v).is_some());
            }
        }
        assert!(found > 200_000, "{found}");
    }
}
