//! From a caller's values to a record.

use crate::borrow::slice;
use crate::status::{Failure, za_status};
use crate::types::{za_kind, za_value};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use zeek_log::record::{MAX_ELEMENTS, MAX_TEXT};
use zeek_log::{FieldType, RecordBuf, Schema};

/// The bytes of a text that can matter: each that is kept may be escaped by four.
const TEXT_LOOKED_AT: usize = 4 * MAX_TEXT;

/// Why a value is not taken.
struct Refused(za_status, &'static str);

const fn invalid(why: &'static str) -> Refused {
    Refused(za_status::Invalid, why)
}

/// Fills a record with values in the order of its schema's fields. Texts that are not `needed` are
/// checked, and left unset: nobody looks at them.
///
/// # Safety
/// What the values point to is there: `len` bytes for a text, `len` values for a list.
pub(crate) unsafe fn fill(
    record: &mut RecordBuf,
    schema: &Schema,
    needed: &[bool],
    values: &[za_value],
) -> Result<(), Failure> {
    record.clear();
    for (i, (field, value)) in schema.fields.iter().zip(values).enumerate() {
        let is_text = value.kind == za_kind::Text as u32 && takes(field.ty, za_kind::Text);
        if is_text && !value_is_null(value) && needed.get(i) == Some(&false) {
            record.push_unset();
            continue;
        }
        // SAFETY: as the caller says.
        let pushed = unsafe { push(record, value, field.ty, field.element) };
        if let Err(Refused(status, why)) = pushed {
            let text = format!("{}: field {}: {why}", schema.log, field.name);
            return Err(Failure::new(status, text));
        }
    }
    Ok(())
}

/// Whether a text has no bytes where it should.
fn value_is_null(text: &za_value) -> bool {
    // SAFETY: a text's union holds a pointer, which is not followed.
    text.len > 0 && unsafe { text.r#as.bytes }.is_null()
}

/// Pushes one value.
///
/// # Safety
/// As for [`fill`].
#[inline]
unsafe fn push(
    record: &mut RecordBuf,
    value: &za_value,
    ty: FieldType,
    element: FieldType,
) -> Result<(), Refused> {
    let kind = za_kind::from_number(value.kind).ok_or(invalid("a value of no known kind"))?;
    if kind != za_kind::List {
        // SAFETY: as the caller says.
        return unsafe { push_atom(record, value, kind, ty) };
    }
    let element = match ty {
        FieldType::List => element,
        FieldType::Unknown => FieldType::Unknown,
        _ => return Err(invalid("a list, where the field is none")),
    };
    // SAFETY: as the caller says, for LIST.
    let items = unsafe {
        let len = (value.len as usize).min(MAX_ELEMENTS);
        slice(value.r#as.items, len, "").map_err(|f| Refused(f.status, "a list without items"))?
    };
    record.begin_list();
    for item in items {
        match za_kind::from_number(item.kind) {
            None => return Err(invalid("an element of no known kind")),
            Some(za_kind::List) => return Err(invalid("a list in a list")),
            // SAFETY: as the caller says.
            Some(kind) => unsafe { push_atom(record, item, kind, element)? },
        }
    }
    record.end_list();
    Ok(())
}

/// Whether a field or element takes a kind of value.
#[inline]
fn takes(ty: FieldType, kind: za_kind) -> bool {
    match ty {
        FieldType::Unknown => true,
        FieldType::Bool => kind == za_kind::Bool,
        FieldType::Count => kind == za_kind::Count,
        FieldType::Int => kind == za_kind::Int,
        FieldType::Double => kind == za_kind::Double,
        FieldType::Time => kind == za_kind::Time,
        FieldType::Interval => kind == za_kind::Interval,
        FieldType::Port => kind == za_kind::Port,
        FieldType::Addr => kind == za_kind::Addr,
        FieldType::Subnet | FieldType::String | FieldType::Enum => kind == za_kind::Text,
        FieldType::List => kind == za_kind::List,
    }
}

/// Pushes a value that is no list.
///
/// # Safety
/// As for [`fill`].
#[inline]
unsafe fn push_atom(
    record: &mut RecordBuf,
    value: &za_value,
    kind: za_kind,
    ty: FieldType,
) -> Result<(), Refused> {
    if kind == za_kind::Unset {
        record.push_unset();
        return Ok(());
    }
    if !takes(ty, kind) {
        return Err(invalid(
            "a value of another kind than the field was bound for",
        ));
    }
    let data = &value.r#as;
    // SAFETY: each member is read only where the kind says that it is the one in use;
    // all of them but the pointers are valid whatever their bits.
    unsafe {
        match kind {
            za_kind::Unset | za_kind::List => {}
            za_kind::Bool => record.push_bool(data.count != 0),
            za_kind::Count => record.push_count(data.count),
            za_kind::Int => record.push_int(data.integer),
            za_kind::Double => record.push_double(data.real),
            za_kind::Time => record.push_time(data.real),
            za_kind::Interval => record.push_interval(data.real),
            za_kind::Port => match u16::try_from(data.count) {
                Ok(port) => record.push_port(port),
                Err(_) => return Err(invalid("a port of more than 65535")),
            },
            za_kind::Addr => {
                let a = data.addr;
                record.push_addr(match value.len {
                    4 => IpAddr::V4(Ipv4Addr::new(a[0], a[1], a[2], a[3])),
                    16 => IpAddr::V6(Ipv6Addr::from(a)),
                    _ => return Err(invalid("an address that is not 4 or 16 bytes long")),
                });
            }
            za_kind::Text => {
                let len = (value.len as usize).min(TEXT_LOOKED_AT);
                let text = slice(data.bytes, len, "")
                    .map_err(|f| Refused(f.status, "a text without bytes"))?;
                record.push_text(text);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::za_data;
    use zeek_log::Value;
    use zeek_log::schema::Field;

    fn value(kind: za_kind, len: usize, data: za_data) -> za_value {
        za_value {
            kind: kind as u32,
            len: len as u32,
            r#as: data,
        }
    }

    fn count(count: u64) -> za_value {
        value(za_kind::Count, 0, za_data { count })
    }

    fn text(bytes: &[u8]) -> za_value {
        let at = za_data {
            bytes: bytes.as_ptr(),
        };
        value(za_kind::Text, bytes.len(), at)
    }

    fn list(items: &[za_value]) -> za_value {
        let at = za_data {
            items: items.as_ptr(),
        };
        value(za_kind::List, items.len(), at)
    }

    /// Fills a record of one field.
    fn one(field: Field, value: za_value) -> Result<RecordBuf, Failure> {
        let schema = Schema {
            log: "x".to_owned(),
            fields: vec![field],
        };
        let mut record = RecordBuf::new();
        // SAFETY: the tests' values point to what is there.
        unsafe { fill(&mut record, &schema, &[], &[value])? };
        assert_eq!(record.len(), 1);
        Ok(record)
    }

    #[test]
    fn a_field_of_no_known_type_takes_every_kind() {
        let field = || Field::new("f", FieldType::Unknown);
        let items = [count(1), text(b"two")];
        for v in [count(1), text(b"a"), list(&items), list(&[])] {
            assert!(one(field(), v).is_ok());
        }
    }

    #[test]
    fn a_value_of_another_kind_is_refused_and_names_the_field() {
        let refused = one(Field::new("id.resp_p", FieldType::Port), text(b"80")).unwrap_err();
        assert_eq!(refused.status, za_status::Invalid);
        assert!(
            refused.text.starts_with("x: field id.resp_p: "),
            "{}",
            refused.text
        );
        let items = [count(1), text(b"two")];
        assert!(one(Field::list("f", FieldType::Count), list(&items)).is_err());
        assert!(one(Field::list("f", FieldType::Count), list(&items[..1])).is_ok());
        assert!(one(Field::new("f", FieldType::Count), list(&items[..1])).is_err());
        assert!(one(Field::list("f", FieldType::Count), count(1)).is_err());
        assert!(one(Field::list("f", FieldType::Unknown), list(&[list(&items)])).is_err());
    }

    #[test]
    fn what_is_long_is_cut_and_what_was_escaped_is_cut_at_the_same_place() {
        let raw = one(
            Field::new("f", FieldType::String),
            text(&[0xff; 3 * MAX_TEXT]),
        )
        .unwrap();
        let escaped = b"\\xff".repeat(3 * MAX_TEXT);
        let escaped = one(Field::new("f", FieldType::String), text(&escaped)).unwrap();
        let wanted = [0xff; MAX_TEXT];
        assert_eq!(raw.record().get(0), Value::Text(&wanted));
        assert_eq!(escaped.record().get(0), Value::Text(&wanted));

        let items = [count(7); 100];
        let long = one(Field::list("f", FieldType::Count), list(&items)).unwrap();
        assert_eq!(long.record().get(0).list().unwrap().len(), MAX_ELEMENTS);
    }

    #[test]
    fn not_a_number_is_unset_and_empty_is_not() {
        let nan = value(za_kind::Double, 0, za_data { real: f64::NAN });
        let record = one(Field::new("f", FieldType::Double), nan).unwrap();
        assert!(record.record().get(0).is_unset());
        let nothing = za_data {
            bytes: std::ptr::null(),
        };
        let empty = value(za_kind::Text, 0, nothing);
        let record = one(Field::new("f", FieldType::String), empty).unwrap();
        assert_eq!(record.record().get(0), Value::Text(b""));
        let absent = value(za_kind::Text, 1, nothing);
        let refused = one(Field::new("f", FieldType::String), absent).unwrap_err();
        assert_eq!(refused.status, za_status::Null);
    }
}
