#include "Records.h"

#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <utility>

#include "zeek/ID.h"
#include "zeek/IPAddr.h"
#include "zeek/RunState.h"
#include "zeek/Type.h"

namespace plugin::Anomaly_Engine {

using zeek::threading::Value;

namespace {

/// A record that is being filled; fields without a value stay unset.
class Record {
public:
    explicit Record(const zeek::RecordTypePtr& type) : val(zeek::make_intrusive<zeek::RecordVal>(type)) {}

    void Set(const char* field, zeek::ValPtr v) {
        if ( v )
            val->AssignField(field, std::move(v));
    }

    void Text(const char* field, std::string_view s) { Set(field, zeek::make_intrusive<zeek::StringVal>(s)); }
    void Count(const char* field, uint64_t n) { Set(field, zeek::val_mgr->Count(n)); }
    void Bool(const char* field, bool b) { Set(field, zeek::val_mgr->Bool(b)); }
    void Double(const char* field, double d) { Set(field, zeek::make_intrusive<zeek::DoubleVal>(d)); }
    void Time(const char* field, double t) { Set(field, zeek::make_intrusive<zeek::TimeVal>(t)); }

    /// A text that may be empty: then the field stays unset.
    void OptionalText(const char* field, const za_text& t) {
        if ( t.len > 0 )
            Text(field, View(t));
    }

    void Addr(const char* field, const za_text& t) {
        std::string s(View(t));
        in6_addr parsed;
        if ( ! s.empty() && zeek::IPAddr::ConvertString(s.c_str(), &parsed) )
            Set(field, zeek::make_intrusive<zeek::AddrVal>(zeek::IPAddr(parsed)));
    }

    /// A number in hexadecimal.
    void Id(const char* field, uint64_t n) {
        char hex[17];
        snprintf(hex, sizeof(hex), "%016llx", static_cast<unsigned long long>(n));
        Text(field, hex);
    }

    zeek::RecordValPtr Done() { return std::move(val); }

private:
    zeek::RecordValPtr val;
};

zeek::RecordTypePtr TypeOf(const char* name) { return zeek::id::find_type<zeek::RecordType>(name); }

zeek::VectorValPtr StringVec() {
    static const auto type = zeek::id::find_type<zeek::VectorType>("string_vec");
    return zeek::make_intrusive<zeek::VectorVal>(type);
}

zeek::ValPtr ValOf(const Value* v) {
    if ( ! v )
        return nullptr;

    bool failed = false;
    auto* val = Value::ValueToVal("Anomaly", v, failed);
    return failed ? nullptr : zeek::ValPtr{zeek::AdoptRef{}, val};
}

// Elements of a value are separated by semicolons: a log of type TSV escapes commas.
std::string WithoutCommas(std::string text) {
    for ( auto at = text.find(", "); at != std::string::npos; at = text.find(", ", at) )
        text[at] = ';';

    return text;
}

std::string_view ClaimText(uint32_t claim) {
    switch ( claim ) {
        case ZA_CLAIM_EXTRAPOLATED: return "extrapolated";
        case ZA_CLAIM_AT_LEAST: return "at_least";
        default: return "measured";
    }
}

std::string_view DispositionText(uint32_t disposition) {
    switch ( disposition ) {
        case ZA_DISPOSITION_RAISED: return "raised";
        case ZA_DISPOSITION_AGGREGATED: return "aggregated";
        case ZA_DISPOSITION_SUPPRESSED: return "suppressed";
        case ZA_DISPOSITION_BELOW_THRESHOLD: return "below_threshold";
        default: return "none";
    }
}

std::string ReasonText(const za_reason& reason) {
    char share[32];
    snprintf(share, sizeof(share), "%.0f%%", reason.share * 100);

    std::string text(View(reason.feature));
    text += "=";
    text += View(reason.value);
    text += " (usual " + WithoutCommas(std::string(View(reason.typical))) + ") " + share;
    return text;
}

TransportProto TransportOf(std::string_view proto) {
    if ( proto == "tcp" )
        return TRANSPORT_TCP;
    if ( proto == "udp" )
        return TRANSPORT_UDP;
    if ( proto == "icmp" )
        return TRANSPORT_ICMP;
    return TRANSPORT_UNKNOWN;
}

int ProtocolOf(const Value& port, const Value& host) {
    switch ( port.val.port_val.proto ) {
        case TRANSPORT_TCP: return 6;
        case TRANSPORT_UDP: return 17;
        case TRANSPORT_ICMP: return host.val.addr_val.family == IPv4 ? 1 : 58;
        default: return -1;
    }
}

// The endpoints of a line; null where it has none.
zeek::ValPtr ConnId(const Value* orig_h, const Value* orig_p, const Value* resp_h, const Value* resp_p) {
    static const auto type = TypeOf("conn_id");

    if ( ! orig_h || ! orig_p || ! resp_h || ! resp_p )
        return nullptr;

    Record id(type);
    id.Set("orig_h", ValOf(orig_h));
    id.Set("orig_p", ValOf(orig_p));
    id.Set("resp_h", ValOf(resp_h));
    id.Set("resp_p", ValOf(resp_p));

    // Since 8.0 a connection is looked up by its protocol too.
    if ( auto proto = ProtocolOf(*resp_p, *resp_h); proto >= 0 && type->HasField("proto") )
        id.Count("proto", static_cast<uint64_t>(proto));

    return id.Done();
}

} // namespace

zeek::RecordValPtr InfoRecord(const za_event& event, const std::string& log, const FieldMap& fields,
                              Value* const* line) {
    static const auto type = TypeOf("Anomaly::Info");
    static const auto string_table = zeek::id::find_type<zeek::TableType>("table_string_of_string");
    const auto& a = event.as.anomaly;

    // The first of these columns that has a value of that type.
    auto first = [&](zeek::TypeTag tag, std::initializer_list<const char*> columns) -> const Value* {
        for ( const auto* column : columns )
            if ( const auto* v = fields.Find(line, column); v && v->type == tag )
                return v;

        return nullptr;
    };

    Record info(type);
    auto ts = ValOf(first(zeek::TYPE_TIME, {"ts"}));
    info.Set("ts", ts ? ts : zeek::make_intrusive<zeek::TimeVal>(zeek::run_state::network_time));
    info.Set("uid", ValOf(first(zeek::TYPE_STRING, {"uid"})));
    info.Set("fuid", ValOf(first(zeek::TYPE_STRING, {"fuid", "id"})));
    info.Set("host", ValOf(first(zeek::TYPE_ADDR, {"host", "src", "client_addr"})));
    info.Set("domain", ValOf(first(zeek::TYPE_STRING, {"query", "host", "server_name"})));
    info.Set("id", ConnId(first(zeek::TYPE_ADDR, {"id.orig_h"}), first(zeek::TYPE_PORT, {"id.orig_p"}),
                          first(zeek::TYPE_ADDR, {"id.resp_h"}), first(zeek::TYPE_PORT, {"id.resp_p"})));
    info.Text("log", log);
    info.Double("score", a.score);
    info.Text("claim", ClaimText(a.claim));
    info.Double("raw", a.raw);
    info.Text("detector", View(a.detector));
    info.Id("finding", a.finding);
    info.Count("event_id", event.id);

    auto reasons = StringVec();
    for ( size_t i = 0; i < a.n_reasons; ++i )
        reasons->Append(zeek::make_intrusive<zeek::StringVal>(ReasonText(a.reasons[i])));
    info.Set("reasons", std::move(reasons));

    if ( a.n_reasons > 0 )
        info.Text("feature", View(a.reasons[0].feature));

    auto values = zeek::make_intrusive<zeek::TableVal>(string_table);
    for ( const auto& field : fields.Fields() )
        if ( const auto* v = fields.Find(line, View(field.name)) )
            values->Assign(zeek::make_intrusive<zeek::StringVal>(View(field.name)),
                           zeek::make_intrusive<zeek::StringVal>(TextOf(*v)));
    info.Set("values", std::move(values));

    return info.Done();
}

zeek::RecordValPtr BehaviorRecord(const za_event& event) {
    static const auto type = TypeOf("Anomaly::Behavior");
    const auto& b = event.as.behavior;

    Record rec(type);
    rec.Time("ts", b.last);
    rec.Time("first", b.first);
    rec.Text("kind", View(b.kind));
    rec.Text("title", View(b.title));
    rec.Text("stage", View(b.stage));
    rec.Addr("host", b.host);
    rec.Addr("peer_host", b.peer);
    rec.OptionalText("name", b.name);
    rec.Double("score", b.score);
    rec.Double("confidence", b.confidence);
    rec.Text("basis", b.basis == ZA_BASIS_RULE ? "rule" : "probability");
    rec.Count("records", b.records);
    rec.Count("update", b.update);
    rec.Id("id", b.finding);
    rec.Count("event_id", event.id);

    if ( b.port <= 65535 )
        rec.Set("peer_port", zeek::val_mgr->Port(b.port, TransportOf(View(b.proto))));

    auto reasons = StringVec();
    for ( size_t i = 0; i < b.n_reasons; ++i ) {
        std::string reason(View(b.reasons[i].what));
        reason += "=";
        reason += View(b.reasons[i].value);
        reasons->Append(zeek::make_intrusive<zeek::StringVal>(WithoutCommas(std::move(reason))));
    }
    rec.Set("reasons", std::move(reasons));

    auto uids = StringVec();
    for ( size_t i = 0; i < b.n_uids; ++i )
        uids->Append(zeek::make_intrusive<zeek::StringVal>(View(b.uids[i])));
    rec.Set("uids", std::move(uids));

    return rec.Done();
}

zeek::RecordValPtr SummaryRecord(const za_finding_summary& summary) {
    static const auto type = TypeOf("Anomaly::FindingSummary");

    Record rec(type);
    rec.Time("ts", summary.raised);
    rec.Id("finding", summary.finding);
    rec.Text("log", View(summary.log));
    rec.Addr("host", summary.host);
    rec.Count("entities", summary.entities);
    rec.Count("records", summary.records);
    rec.Double("score", summary.score);
    rec.Time("first", summary.first);
    rec.Time("last", summary.last);
    return rec.Done();
}

zeek::RecordValPtr DayRecord(const za_budget_day& day) {
    static const auto type = TypeOf("Anomaly::Day");

    Record rec(type);
    rec.Time("begin", day.begin);
    rec.Text("budget", View(day.budget));
    rec.Count("alerts", day.raised);
    rec.Count("suppressed", day.suppressed);
    rec.Bool("exceeded", day.exceeded);
    return rec.Done();
}

zeek::RecordValPtr DriftRecord(const za_drift& drift) {
    static const auto type = TypeOf("Anomaly::Drift");

    Record rec(type);
    rec.Text("log", View(drift.log));
    rec.Text("changes", View(drift.text));
    rec.Count("records", drift.records);
    if ( ! std::isnan(drift.day) )
        rec.Time("day", drift.day);
    return rec.Done();
}

zeek::RecordValPtr BatchRecord(const za_batch& batch) {
    static const auto type = TypeOf("Anomaly::Batch");

    Record rec(type);
    rec.Count("bucket", batch.bucket);
    rec.Bool("to_all", batch.bucket >= ZA_BUCKET_ALL);
    rec.Text("records", {reinterpret_cast<const char*>(batch.data), batch.len});
    return rec.Done();
}

zeek::RecordValPtr DecisionRecord(const za_decision& decision) {
    static const auto type = TypeOf("Anomaly::Decision");

    Record rec(type);
    rec.Text("disposition", DispositionText(decision.disposition));
    rec.Id("finding", decision.finding);
    rec.Count("records", decision.records);
    rec.Count("entities", decision.entities);
    rec.Double("needed", decision.needed);
    rec.Bool("exceeded", decision.exceeded);
    rec.Count("alerts_today", decision.raised_today);
    rec.Count("suppressed_today", decision.suppressed_today);
    return rec.Done();
}

zeek::RecordValPtr StatsRecord(const za_info& info) {
    static const auto type = TypeOf("Anomaly::BehaviorStats");

    Record rec(type);
    rec.Count("records", info.behavior_records);
    rec.Count("allowed", info.behavior_records_allowed);
    rec.Count("findings", info.behaviors);
    rec.Count("findings_allowed", info.behaviors_allowed);
    rec.Count("findings_in_baseline", info.behaviors_in_baseline);
    rec.Count("dropped", info.dropped);
    rec.Count("memory", info.behavior_memory);
    rec.Count("evicted", info.behavior_evicted);
    return rec.Done();
}

} // namespace plugin::Anomaly_Engine
