#include "FieldMap.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "zeek/Attr.h"
#include "zeek/Desc.h"
#include "zeek/File.h"
#include "zeek/Func.h"
#include "zeek/IPAddr.h"
#include "zeek/ZeekString.h"

#include "ZeekCompat.h"

namespace plugin::Anomaly_Engine {

namespace {

// The engine looks at less than this of any value.
constexpr size_t max_bytes = 4096;
constexpr size_t max_elements = 100;

// The column that conn-score.zeek adds is a result of the engine, not
// something that a connection did.
constexpr std::string_view score_column = "anomaly_score";

za_type TypeOf(const zeek::Type& t) {
    switch ( t.Tag() ) {
        case zeek::TYPE_BOOL: return ZA_TYPE_BOOL;
        case zeek::TYPE_INT: return ZA_TYPE_INT;
        case zeek::TYPE_COUNT: return ZA_TYPE_COUNT;
        case zeek::TYPE_DOUBLE: return ZA_TYPE_DOUBLE;
        case zeek::TYPE_TIME: return ZA_TYPE_TIME;
        case zeek::TYPE_INTERVAL: return ZA_TYPE_INTERVAL;
        case zeek::TYPE_PORT: return ZA_TYPE_PORT;
        case zeek::TYPE_ADDR: return ZA_TYPE_ADDR;
        case zeek::TYPE_SUBNET: return ZA_TYPE_SUBNET;
        case zeek::TYPE_STRING: return ZA_TYPE_STRING;
        case zeek::TYPE_ENUM: return ZA_TYPE_ENUM;
        case zeek::TYPE_TABLE:
        case zeek::TYPE_VECTOR: return ZA_TYPE_LIST;
        default: return ZA_TYPE_UNKNOWN;
    }
}

// The element type of a container that a log can hold, null for any other type.
const zeek::Type* ElementOf(const zeek::Type& t) {
    if ( t.Tag() == zeek::TYPE_VECTOR )
        return t.AsVectorType()->Yield().get();

    if ( t.Tag() == zeek::TYPE_TABLE && t.AsTableType()->IsSet() )
        return t.AsTableType()->GetIndexTypes()[0].get();

    return nullptr;
}

bool IsLoggable(const zeek::Type& t) {
    switch ( t.Tag() ) {
        case zeek::TYPE_FILE:
        case zeek::TYPE_FUNC: return true; // as text
        default: return TypeOf(t) != ZA_TYPE_UNKNOWN;
    }
}

za_value Unset() {
    za_value v{};
    v.kind = ZA_KIND_UNSET;
    return v;
}

za_value Number(za_kind kind, uint64_t n) {
    za_value v{};
    v.kind = kind;
    v.as.count = n;
    return v;
}

za_value Signed(int64_t n) {
    za_value v{};
    v.kind = ZA_KIND_INT;
    v.as.integer = n;
    return v;
}

za_value Real(za_kind kind, double d) {
    za_value v{};
    v.kind = kind;
    v.as.real = d;
    return v;
}

za_value Address(const zeek::IPAddr& addr) {
    const uint32_t* bytes = nullptr;
    auto words = addr.GetBytes(&bytes);

    za_value v{};
    v.kind = ZA_KIND_ADDR;
    v.len = static_cast<uint32_t>(words) * sizeof(uint32_t);
    memcpy(v.as.addr, bytes, v.len);
    return v;
}

za_value Borrow(const void* bytes, size_t n) {
    za_value v{};
    v.kind = ZA_KIND_TEXT;
    v.len = static_cast<uint32_t>(std::min(n, max_bytes));
    v.as.bytes = static_cast<const uint8_t*>(bytes);
    return v;
}

// The three places that a value may stand in, behind one set of names.

struct RecordField {
    const zeek::RecordVal& rec;
    int i;

    zeek_int_t Int() const { return rec.GetFieldAs<zeek::IntVal>(i); }
    zeek_uint_t Count() const { return rec.GetFieldAs<zeek::CountVal>(i); }
    double Double() const { return rec.GetFieldAs<zeek::DoubleVal>(i); }
    const zeek::String& Str() const { return *rec.GetFieldAs<zeek::StringVal>(i); }
    const zeek::IPAddr& Addr() const { return rec.GetFieldAs<zeek::AddrVal>(i); }
    const zeek::IPPrefix& SubNet() const { return rec.GetFieldAs<zeek::SubNetVal>(i); }
    zeek::ValPtr Boxed() const { return rec.GetField(i); }
};

struct VectorElement {
    const zeek::VectorVal& vec;
    unsigned int i;

    zeek_int_t Int() const { return vec.RawVec()[i]->AsInt(); }
    zeek_uint_t Count() const { return vec.RawVec()[i]->AsCount(); }
    double Double() const { return vec.RawVec()[i]->AsDouble(); }
    const zeek::String& Str() const { return *vec.RawVec()[i]->AsString()->AsString(); }
    const zeek::IPAddr& Addr() const { return vec.RawVec()[i]->AsAddr()->AsAddr(); }
    const zeek::IPPrefix& SubNet() const { return vec.RawVec()[i]->AsSubNet()->AsSubNet(); }
    zeek::ValPtr Boxed() const { return vec.ValAt(i); }
};

struct SetMember {
    const zeek::ValPtr& val;

    zeek_int_t Int() const { return val->InternalInt(); }
    zeek_uint_t Count() const { return val->InternalUnsigned(); }
    double Double() const { return val->InternalDouble(); }
    const zeek::String& Str() const { return *val->AsString(); }
    const zeek::IPAddr& Addr() const { return val->AsAddr(); }
    const zeek::IPPrefix& SubNet() const { return val->AsSubNet(); }
    zeek::ValPtr Boxed() const { return val; }
};

} // namespace

FieldMap::FieldMap(zeek::RecordTypePtr rt, const LogLimits& log_limits) : type(std::move(rt)), limits(log_limits) {
    slots = Flatten(*type, "");
    values.reserve(fields.size());
    items.reserve(containers * max_elements);
}

std::vector<FieldMap::Slot> FieldMap::Flatten(const zeek::RecordType& rt, const std::string& prefix) {
    std::vector<Slot> result;

    for ( int i = 0; i < rt.NumFields(); ++i ) {
        if ( ! rt.FieldDecl(i)->GetAttr(zeek::detail::ATTR_LOG) )
            continue;

        const auto& t = rt.GetFieldType(i);
        auto name = prefix.empty() ? std::string(rt.FieldName(i)) : prefix + "." + rt.FieldName(i);

        if ( t->Tag() == zeek::TYPE_RECORD ) {
            auto before = fields.size();
            auto nested = Flatten(*t->AsRecordType(), name);
            result.push_back({i, t.get(), nullptr, fields.size() - before, std::move(nested)});
            continue;
        }

        const auto* element = ElementOf(*t);
        if ( ! IsLoggable(*t) || (TypeOf(*t) == ZA_TYPE_LIST && (! element || ! IsLoggable(*element))) )
            continue;

        if ( name == score_column )
            continue;

        const auto& kept_name = names.emplace_back(std::move(name));
        auto is_text = TypeOf(*t) == ZA_TYPE_UNKNOWN; // a file or a function

        za_field field{};
        field.name = kept_name.data();
        field.name_len = kept_name.size();
        field.type = is_text ? ZA_TYPE_STRING : TypeOf(*t);
        field.element = element ? TypeOf(*element) : ZA_TYPE_UNKNOWN;
        fields.push_back(field);

        if ( element )
            ++containers;

        result.push_back({i, t.get(), element, 1, {}});
    }

    return result;
}

const std::vector<za_value>& FieldMap::Read(const zeek::RecordVal& rec) {
    values.clear();
    items.clear();
    kept.clear();
    texts.clear();
    bytes_so_far = 0;
    elements_so_far = 0;

    ReadFields(rec, slots);
    return values;
}

void FieldMap::ReadFields(const zeek::RecordVal& rec, const std::vector<Slot>& fields_of_rec) {
    for ( const auto& slot : fields_of_rec ) {
        if ( ! compat::Materialize(rec, slot.offset) ) {
            values.insert(values.end(), slot.leaves, Unset());
            continue;
        }

        switch ( slot.type->Tag() ) {
            case zeek::TYPE_RECORD: ReadFields(*rec.GetFieldAs<zeek::RecordVal>(slot.offset), slot.nested); break;

            case zeek::TYPE_TABLE:
                values.push_back(ReadSet(*rec.GetField<zeek::TableVal>(slot.offset), *slot.element));
                break;

            case zeek::TYPE_VECTOR:
                values.push_back(ReadVector(*rec.GetFieldAs<zeek::VectorVal>(slot.offset), *slot.element));
                break;

            default: values.push_back(ReadAtom(*slot.type, RecordField{rec, slot.offset})); break;
        }
    }
}

za_value FieldMap::ReadSet(const zeek::TableVal& set, const zeek::Type& element) {
    za_value v{};
    v.kind = ZA_KIND_LIST;
    v.as.items = items.data() + items.size();

    // Most sets in logs are empty. A set that has more than one index cannot
    // be logged, and Zeek writes it as empty too.
    if ( set.Size() == 0 || set.GetType()->AsTableType()->GetIndexTypes().size() != 1 )
        return v;

    const auto& list = kept.emplace_back(set.ToPureListVal());
    auto n = Elements(list->Length());

    for ( size_t i = 0; i < n; ++i ) {
        auto item = ReadAtom(element, SetMember{list->Idx(i)});
        if ( i < max_elements )
            items.push_back(item);
    }

    v.len = static_cast<uint32_t>(std::min(n, max_elements));
    return v;
}

za_value FieldMap::ReadVector(const zeek::VectorVal& vec, const zeek::Type& element) {
    za_value v{};
    v.kind = ZA_KIND_LIST;
    v.as.items = items.data() + items.size();

    auto n = Elements(vec.Size());

    for ( size_t i = 0; i < n; ++i ) {
        auto at = static_cast<unsigned int>(i);
        auto item = vec.Has(at) ? ReadAtom(element, VectorElement{vec, at}) : Unset();
        if ( i < max_elements )
            items.push_back(item);
    }

    v.len = static_cast<uint32_t>(std::min(n, max_elements));
    return v;
}

template<class Source>
za_value FieldMap::ReadAtom(const zeek::Type& t, const Source& source) {
    switch ( t.Tag() ) {
        case zeek::TYPE_BOOL: return Number(ZA_KIND_BOOL, source.Int() != 0);
        case zeek::TYPE_INT: return Signed(source.Int());
        case zeek::TYPE_COUNT: return Number(ZA_KIND_COUNT, source.Count());
        case zeek::TYPE_PORT: return Number(ZA_KIND_PORT, source.Count() & ~static_cast<uint64_t>(PORT_SPACE_MASK));
        case zeek::TYPE_DOUBLE: return Real(ZA_KIND_DOUBLE, source.Double());
        case zeek::TYPE_TIME: return Real(ZA_KIND_TIME, source.Double());
        case zeek::TYPE_INTERVAL: return Real(ZA_KIND_INTERVAL, source.Double());
        case zeek::TYPE_ADDR: return Address(source.Addr());
        case zeek::TYPE_SUBNET: return Text(source.SubNet().AsString());
        case zeek::TYPE_STRING: return String(source.Str());

        case zeek::TYPE_ENUM: {
            const auto* name = t.AsEnumType()->Lookup(source.Int());
            return Borrow(name ? name : "", name ? strlen(name) : 0);
        }

        case zeek::TYPE_FILE: return Text(source.Boxed()->AsFile()->Name());

        case zeek::TYPE_FUNC: {
            zeek::ODesc d;
            source.Boxed()->AsFunc()->Describe(&d);
            return Text(d.Description());
        }

        default: return Unset();
    }
}

za_value FieldMap::String(const zeek::String& s) {
    auto n = static_cast<size_t>(s.Len());

    if ( limits.field_bytes )
        n = std::min(n, limits.field_bytes);

    if ( limits.total_bytes )
        n = std::min(n, limits.total_bytes - bytes_so_far);

    bytes_so_far += n;
    return Borrow(s.Bytes(), n);
}

za_value FieldMap::Text(std::string text) {
    const auto& kept_text = texts.emplace_back(std::move(text));
    return Borrow(kept_text.data(), kept_text.size());
}

// How many of n elements the log will have.
size_t FieldMap::Elements(size_t n) {
    if ( limits.field_elements )
        n = std::min(n, limits.field_elements);

    if ( limits.total_elements )
        n = std::min(n, limits.total_elements - elements_so_far);

    elements_so_far += n;
    return n;
}

} // namespace plugin::Anomaly_Engine
