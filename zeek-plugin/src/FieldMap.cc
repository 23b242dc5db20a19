#include "FieldMap.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "zeek/IPAddr.h"
#include "zeek/Type.h"
#include "zeek/UID.h"

namespace plugin::Anomaly_Engine {

using zeek::threading::Value;

namespace {

// The engine looks at less than this of any value.
constexpr size_t max_bytes = 4096;
constexpr size_t max_elements = 100;

za_type TypeOf(zeek::TypeTag tag) {
    switch ( tag ) {
        case zeek::TYPE_BOOL: return ZA_TYPE_BOOL;
        case zeek::TYPE_INT: return ZA_TYPE_INT;
        case zeek::TYPE_COUNT: return ZA_TYPE_COUNT;
        case zeek::TYPE_DOUBLE: return ZA_TYPE_DOUBLE;
        case zeek::TYPE_TIME: return ZA_TYPE_TIME;
        case zeek::TYPE_INTERVAL: return ZA_TYPE_INTERVAL;
        case zeek::TYPE_PORT: return ZA_TYPE_PORT;
        case zeek::TYPE_ADDR: return ZA_TYPE_ADDR;
        case zeek::TYPE_SUBNET: return ZA_TYPE_SUBNET;
        case zeek::TYPE_ENUM: return ZA_TYPE_ENUM;
        case zeek::TYPE_STRING:
        case zeek::TYPE_FILE:
        case zeek::TYPE_FUNC: return ZA_TYPE_STRING;
        case zeek::TYPE_TABLE:
        case zeek::TYPE_VECTOR: return ZA_TYPE_LIST;
        default: return ZA_TYPE_UNKNOWN;
    }
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

za_value Text(const void* bytes, size_t n) {
    za_value v{};
    v.kind = ZA_KIND_TEXT;
    v.len = static_cast<uint32_t>(std::min(n, max_bytes));
    v.as.bytes = static_cast<const uint8_t*>(bytes);
    return v;
}

za_value Address(const Value::addr_t& addr) {
    za_value v{};
    v.kind = ZA_KIND_ADDR;
    v.len = addr.family == IPv4 ? sizeof(addr.in.in4) : sizeof(addr.in.in6);
    memcpy(v.as.addr, &addr.in, v.len);
    return v;
}

std::string AddressText(const Value::addr_t& addr) {
    return (addr.family == IPv4 ? zeek::IPAddr(addr.in.in4) : zeek::IPAddr(addr.in.in6)).AsString();
}

// The length counts from the start of an IPv6 address for both families.
std::string SubNetText(const Value::subnet_t& subnet) {
    auto length = subnet.prefix.family == IPv4 ? subnet.length - 96 : subnet.length;
    return AddressText(subnet.prefix) + "/" + std::to_string(length);
}

} // namespace

FieldMap::FieldMap(int num_fields, const zeek::threading::Field* const* columns) {
    size_t lists = 0;

    for ( int i = 0; i < num_fields; ++i ) {
        const auto& column = *columns[i];

        if ( column.name == score_column ) {
            if ( column.type == zeek::TYPE_DOUBLE )
                score_at = i;
            continue;
        }

        const auto& name = names.emplace_back(column.name);

        za_field field{};
        field.name = {name.data(), name.size()};
        field.type = TypeOf(column.type);
        field.element = field.type == ZA_TYPE_LIST ? TypeOf(column.subtype) : ZA_TYPE_UNKNOWN;

        fields.push_back(field);
        positions.push_back(static_cast<size_t>(i));
        lists += field.type == ZA_TYPE_LIST;
    }

    values.reserve(fields.size());
    items.reserve(lists * max_elements);
}

const std::vector<za_value>& FieldMap::Read(Value* const* line) {
    values.clear();
    items.clear();
    texts.clear();

    for ( auto at : positions )
        values.push_back(ReadValue(*line[at]));

    return values;
}

const Value* FieldMap::Find(Value* const* line, std::string_view column) const {
    for ( size_t i = 0; i < names.size(); ++i )
        if ( names[i] == column )
            return line[positions[i]]->present ? line[positions[i]] : nullptr;

    return nullptr;
}

za_value FieldMap::ReadValue(const Value& v) {
    if ( ! v.present )
        return za_value{}; // unset

    switch ( v.type ) {
        case zeek::TYPE_BOOL: return Number(ZA_KIND_BOOL, v.val.int_val != 0);
        case zeek::TYPE_INT: return Signed(v.val.int_val);
        case zeek::TYPE_COUNT: return Number(ZA_KIND_COUNT, v.val.uint_val);
        case zeek::TYPE_PORT: return Number(ZA_KIND_PORT, v.val.port_val.port);
        case zeek::TYPE_DOUBLE: return Real(ZA_KIND_DOUBLE, v.val.double_val);
        case zeek::TYPE_TIME: return Real(ZA_KIND_TIME, v.val.double_val);
        case zeek::TYPE_INTERVAL: return Real(ZA_KIND_INTERVAL, v.val.double_val);
        case zeek::TYPE_ADDR: return Address(v.val.addr_val);

        case zeek::TYPE_SUBNET: {
            const auto& text = texts.emplace_back(SubNetText(v.val.subnet_val));
            return Text(text.data(), text.size());
        }

        case zeek::TYPE_ENUM:
        case zeek::TYPE_STRING:
        case zeek::TYPE_FILE:
        case zeek::TYPE_FUNC: return Text(v.val.string_val.data, static_cast<size_t>(v.val.string_val.length));

        case zeek::TYPE_TABLE: return ReadList(v.val.set_val);
        case zeek::TYPE_VECTOR: return ReadList(v.val.vector_val);
        default: return za_value{};
    }
}

za_value FieldMap::ReadList(const Value::set_t& list) {
    auto n = std::min(static_cast<size_t>(list.size), max_elements);

    // No list in a log has lists in it; were there one, its place is not kept.
    if ( items.size() + n > items.capacity() )
        return za_value{};

    za_value v{};
    v.kind = ZA_KIND_LIST;
    v.len = static_cast<uint32_t>(n);
    v.as.items = items.data() + items.size();

    for ( size_t i = 0; i < n; ++i )
        items.push_back(ReadValue(*list.vals[i]));

    return v;
}

namespace {

struct OpenColumn {
    std::string_view name;
    za_type type;
};

constexpr OpenColumn open_columns[] = {
    {"ts", ZA_TYPE_TIME},           {"uid", ZA_TYPE_STRING},        {"id.orig_h", ZA_TYPE_ADDR},
    {"id.resp_h", ZA_TYPE_ADDR},    {"id.resp_p", ZA_TYPE_PORT},    {"proto", ZA_TYPE_ENUM},
    {"duration", ZA_TYPE_INTERVAL}, {"orig_bytes", ZA_TYPE_DOUBLE}, {"resp_bytes", ZA_TYPE_DOUBLE},
};

za_value Address(const zeek::IPAddr& a) {
    za_value v{};
    const uint32_t* bytes = nullptr;
    v.kind = ZA_KIND_ADDR;
    v.len = static_cast<uint32_t>(a.GetBytes(&bytes)) * 4;
    memcpy(v.as.addr, bytes, v.len);
    return v;
}

} // namespace

OpenConnection::OpenConnection(const zeek::Connection& conn, double now, double orig_bytes, double resp_bytes)
    : uid(conn.GetUID().Base62("C")) {
    std::string_view proto = conn.ConnTransport() == TRANSPORT_TCP   ? "tcp"
                             : conn.ConnTransport() == TRANSPORT_UDP ? "udp"
                                                                     : "icmp";
    values = {
        Real(ZA_KIND_TIME, conn.StartTime()),
        Text(uid.data(), uid.size()),
        Address(conn.OrigAddr()),
        Address(conn.RespAddr()),
        Number(ZA_KIND_PORT, ntohs(static_cast<uint16_t>(conn.RespPort()))),
        Text(proto.data(), proto.size()),
        Real(ZA_KIND_INTERVAL, now - conn.StartTime()),
        Real(ZA_KIND_DOUBLE, orig_bytes),
        Real(ZA_KIND_DOUBLE, resp_bytes),
    };
}

std::vector<za_field> OpenConnection::Fields() {
    std::vector<za_field> fields;
    for ( const auto& c : open_columns )
        fields.push_back({{c.name.data(), c.name.size()}, static_cast<uint32_t>(c.type), ZA_TYPE_UNKNOWN});

    return fields;
}

std::string TextOf(const Value& v) {
    switch ( v.type ) {
        case zeek::TYPE_BOOL: return v.val.int_val ? "T" : "F";
        case zeek::TYPE_INT: return std::to_string(v.val.int_val);
        case zeek::TYPE_COUNT: return std::to_string(v.val.uint_val);
        case zeek::TYPE_PORT: return std::to_string(v.val.port_val.port);
        case zeek::TYPE_DOUBLE:
        case zeek::TYPE_TIME:
        case zeek::TYPE_INTERVAL: return std::to_string(v.val.double_val); // six decimals
        case zeek::TYPE_ADDR: return AddressText(v.val.addr_val);
        case zeek::TYPE_SUBNET: return SubNetText(v.val.subnet_val);

        case zeek::TYPE_ENUM:
        case zeek::TYPE_STRING:
        case zeek::TYPE_FILE:
        case zeek::TYPE_FUNC: return {v.val.string_val.data, static_cast<size_t>(v.val.string_val.length)};

        case zeek::TYPE_TABLE:
        case zeek::TYPE_VECTOR: {
            std::string text;
            for ( zeek_int_t i = 0; i < v.val.set_val.size; ++i ) {
                text += i > 0 ? "," : "";
                text += v.val.set_val.vals[i]->present ? TextOf(*v.val.set_val.vals[i]) : "-";
            }
            return text;
        }

        default: return "";
    }
}

} // namespace plugin::Anomaly_Engine
