#include "Hunter.h"

#include "Engine.h"

#include <netinet/in.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "zeek/Conn.h"
#include "zeek/Event.h"
#include "zeek/EventRegistry.h"
#include "zeek/ID.h"
#include "zeek/IPAddr.h"
#include "zeek/Reporter.h"
#include "zeek/RunState.h"
#include "zeek/Type.h"
#include "zeek/UID.h"
#include "zeek/ZeekString.h"
#include "zeek/analyzer/protocol/conn-size/ConnSize.h"

namespace plugin::Anomaly_Engine {

Hunter hunter;

namespace {

std::string_view View(const za_text& t) { return t.data ? std::string_view(t.data, t.len) : std::string_view(); }

zeek::StringValPtr StringOf(std::string_view s) { return zeek::make_intrusive<zeek::StringVal>(s); }

// Enumerations are told apart by semicolons: a log of type TSV escapes commas.
std::string WithoutCommas(std::string text) {
    for ( auto at = text.find(", "); at != std::string::npos; at = text.find(", ", at) )
        text[at] = ';';

    return text;
}

// The notice type of a kind of finding. One that the scripts do not know is said by
// the type that stands for all.
zeek::ValPtr NoticeType(std::string_view name) {
    static const auto type = zeek::id::find_type<zeek::EnumType>("Notice::Type");

    auto value = type->Lookup("Anomaly", std::string(name).c_str());
    if ( value < 0 )
        value = type->Lookup("Anomaly", "Suspicious_Behavior");

    return value < 0 ? nullptr : type->GetEnumVal(value);
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

} // namespace

bool Hunter::Open(const HunterOptions& options) {
    za_hunter_options o{};
    o.size = sizeof(o);
    o.memory = options.memory;
    o.flags = options.packs ? ZA_HUNTER_PACKS : 0;

    auto set = [](const char*& at, size_t& len, const std::string& text) {
        at = text.data();
        len = text.size();
    };

    set(o.local_nets, o.local_nets_len, options.local_nets);
    set(o.settings, o.settings_len, options.settings);
    set(o.usual_path, o.usual_path_len, options.usual_path);
    set(o.allow_path, o.allow_path_len, options.allow_path);
    set(o.state_path, o.state_path_len, options.state_path);

    za_hunter* opened = nullptr;
    za_error* error = nullptr;
    auto status = za_hunter_open(&o, &opened, &error);

    // State that is of no use any more is no reason to see nothing.
    if ( status != ZA_STATUS_OK && o.state_path_len > 0 ) {
        Succeeded(status, error, "what was known of hosts is not used");
        o.state_path_len = 0;
        error = nullptr;
        status = za_hunter_open(&o, &opened, &error);
    }

    if ( ! Succeeded(status, error, "nothing that takes time is seen") )
        return false;

    handle.reset(opened);
    filter_name = options.log_filter;
    found = zeek::event_registry->Lookup("Anomaly::behavior_found");
    return true;
}

void Hunter::Close() {
    handle.reset();
    logs.clear();
    open_binding = -1;
}

// Says what went wrong, once for each problem.
bool Hunter::Succeeded(za_status status, za_error* error, const char* what) {
    constexpr size_t max_complaints = 100;

    if ( status == ZA_STATUS_OK )
        return true;

    const auto* message = za_error_message(error);
    std::string problem = message ? message : za_status_text(status);
    za_error_free(error);

    if ( complaints.size() < max_complaints && complaints.insert(what + problem).second )
        zeek::reporter->Warning("Anomaly: %s: %s", what, problem.c_str());

    return false;
}

void Hunter::LineIsWritten(const std::string& filter, const WriterInfo& info, int num_fields,
                           const Field* const* fields, Value* const* line) {
    if ( ! handle || filter != filter_name )
        return;

    auto& log = LogFor(info, num_fields, fields);
    if ( ! log.fields )
        return;

    Look(log.binding, lines.Read(*log.fields, line));
}

void Hunter::Look(uint32_t binding, const std::vector<za_value>& values) {
    size_t waiting = 0;
    za_error* error = nullptr;
    auto status = za_hunter_observe(handle.get(), binding, values.data(), values.size(), &waiting, &error);

    if ( Succeeded(status, error, "a record is not looked at") )
        Waiting(waiting);
}

// Zeek counts how long a connection lasts anyway. Scripts that want to know of other
// durations of a connection set theirs later, and go before this.
void Hunter::ConnectionIsNew(zeek::Connection& conn) const {
    if ( ! handle || open_after <= 0 )
        return;

    if ( auto* a = dynamic_cast<zeek::analyzer::conn_size::ConnSize_Analyzer*>(conn.FindAnalyzer("CONNSIZE")) )
        a->SetDurationThreshold(open_after);
}

void Hunter::ConnectionIsOpen(const zeek::Connection& conn, double orig_bytes, double resp_bytes) {
    struct Column {
        const char* name;
        za_type type;
    };

    static constexpr Column columns[] = {
        {"ts", ZA_TYPE_TIME},           {"uid", ZA_TYPE_STRING},        {"id.orig_h", ZA_TYPE_ADDR},
        {"id.resp_h", ZA_TYPE_ADDR},    {"id.resp_p", ZA_TYPE_PORT},    {"proto", ZA_TYPE_ENUM},
        {"duration", ZA_TYPE_INTERVAL}, {"orig_bytes", ZA_TYPE_DOUBLE}, {"resp_bytes", ZA_TYPE_DOUBLE},
    };

    if ( ! handle )
        return;

    if ( open_binding < 0 ) {
        std::vector<za_field> fields;
        for ( const auto& c : columns )
            fields.push_back({c.name, strlen(c.name), static_cast<uint32_t>(c.type), ZA_TYPE_UNKNOWN});

        constexpr std::string_view log = "conn_open";
        uint32_t binding = 0;
        uint32_t wanted = 0;
        za_error* error = nullptr;
        auto status = za_hunter_bind(handle.get(), log.data(), log.size(), fields.data(), fields.size(), &binding,
                                     &wanted, &error);

        if ( ! Succeeded(status, error, "open connections are not looked at") || ! wanted )
            return;

        open_binding = static_cast<int>(binding);
    }

    auto real = [](za_kind kind, double d) {
        za_value v{};
        v.kind = kind;
        v.as.real = d;
        return v;
    };
    auto text = [](std::string_view s) {
        za_value v{};
        v.kind = ZA_KIND_TEXT;
        v.len = static_cast<uint32_t>(s.size());
        v.as.bytes = reinterpret_cast<const uint8_t*>(s.data());
        return v;
    };
    auto address = [](const zeek::IPAddr& a) {
        za_value v{};
        const uint32_t* bytes = nullptr;
        v.kind = ZA_KIND_ADDR;
        v.len = static_cast<uint32_t>(a.GetBytes(&bytes)) * 4;
        memcpy(v.as.addr, bytes, v.len);
        return v;
    };

    auto uid = conn.GetUID().Base62("C");
    std::string_view proto = conn.ConnTransport() == TRANSPORT_TCP   ? "tcp"
                             : conn.ConnTransport() == TRANSPORT_UDP ? "udp"
                                                                     : "icmp";
    za_value port{};
    port.kind = ZA_KIND_PORT;
    port.as.count = ntohs(static_cast<uint16_t>(conn.RespPort()));

    Look(static_cast<uint32_t>(open_binding),
         {real(ZA_KIND_TIME, conn.StartTime()), text(uid), address(conn.OrigAddr()), address(conn.RespAddr()), port,
          text(proto), real(ZA_KIND_INTERVAL, zeek::run_state::network_time - conn.StartTime()),
          real(ZA_KIND_DOUBLE, orig_bytes), real(ZA_KIND_DOUBLE, resp_bytes)});
}

Hunter::Log& Hunter::LogFor(const WriterInfo& info, int num_fields, const Field* const* columns) {
    auto known = logs.find(&info);
    if ( known != logs.end() )
        return known->second;

    auto& log = logs[&info];
    std::string name = info.path ? info.path : "";
    auto* fields = &lines.Columns(info, num_fields, columns);
    uint32_t wanted = 0;
    za_error* error = nullptr;
    auto status = za_hunter_bind(handle.get(), name.data(), name.size(), fields->Fields().data(),
                                 fields->Fields().size(), &log.binding, &wanted, &error);

    if ( Succeeded(status, error, "a log is not looked at") && wanted )
        log.fields = fields;

    return log;
}

void Hunter::Unpack(const zeek::String& batch) {
    if ( ! handle )
        return;

    size_t waiting = 0;
    za_error* error = nullptr;
    auto status = za_hunter_unpack(handle.get(), batch.Bytes(), static_cast<size_t>(batch.Len()), &waiting, &error);

    if ( Succeeded(status, error, "records of another node are not looked at") )
        Waiting(waiting);
}

void Hunter::Tick(double now) {
    if ( ! handle )
        return;

    size_t waiting = 0;
    za_error* error = nullptr;

    if ( Succeeded(za_hunter_tick(handle.get(), now, &waiting, &error), error, "time is not told") )
        Waiting(waiting);
}

void Hunter::Finish() {
    if ( ! handle )
        return;

    size_t waiting = 0;
    za_error* error = nullptr;
    Succeeded(za_hunter_finish(handle.get(), &waiting, &error), error, "findings are not complete");
}

void Hunter::Reload() {
    uint32_t changed = 0;
    za_error* error = nullptr;

    if ( ! handle )
        return;

    // A list that was corrected is news, and so is the next mistake in it.
    if ( Succeeded(za_hunter_reload(handle.get(), &changed, &error), error, "the allowlist stays as it was") &&
         changed )
        complaints.clear();
}

// The scripts take findings in an event of their own: they log, and this may be the
// midst of another log's write.
void Hunter::Waiting(size_t n) {
    if ( n == 0 || told || ! found )
        return;

    told = true;
    zeek::event_mgr.Enqueue(found, zeek::Args{});
}

zeek::RecordValPtr Hunter::Take() {
    static const auto type = zeek::id::find_type<zeek::RecordType>("Anomaly::Behavior");
    static const auto string_vec = zeek::id::find_type<zeek::VectorType>("string_vec");

    if ( ! handle )
        return nullptr;

    za_finding f{};
    f.size = sizeof(f);
    za_error* error = nullptr;

    if ( ! Succeeded(za_hunter_take(handle.get(), &f, &error), error, "a finding is not taken") || ! f.taken ) {
        told = false;
        return nullptr;
    }

    auto finding = zeek::make_intrusive<zeek::RecordVal>(type);
    auto set = [&finding](const char* field, zeek::ValPtr v) {
        if ( v )
            finding->AssignField(field, std::move(v));
    };
    auto text = [](const za_text& t) -> zeek::ValPtr { return t.len > 0 ? StringOf(View(t)) : nullptr; };
    auto address = [](const za_text& t) -> zeek::ValPtr {
        in6_addr parsed;
        std::string s(View(t));
        if ( s.empty() || ! zeek::IPAddr::ConvertString(s.c_str(), &parsed) )
            return nullptr;
        return zeek::make_intrusive<zeek::AddrVal>(zeek::IPAddr(parsed));
    };
    auto moment = [](double t) -> zeek::ValPtr { return zeek::make_intrusive<zeek::TimeVal>(t); };

    set("ts", moment(f.last));
    set("first", moment(f.first));
    set("kind", text(f.kind));
    set("title", text(f.title));
    set("stage", text(f.stage));
    set("note", NoticeType(View(f.notice)));
    set("host", address(f.host));
    set("peer_host", address(f.peer));
    set("name", text(f.name));
    if ( f.port <= 65535 )
        set("peer_port", zeek::val_mgr->Port(f.port, TransportOf(View(f.proto))));

    set("score", zeek::make_intrusive<zeek::DoubleVal>(f.score));
    set("confidence", zeek::make_intrusive<zeek::DoubleVal>(f.confidence));
    set("basis", StringOf(f.basis == ZA_BASIS_RULE ? "rule" : "probability"));
    set("records", zeek::val_mgr->Count(f.count));
    set("update", zeek::val_mgr->Count(f.update));

    char id[17];
    snprintf(id, sizeof(id), "%016llx", static_cast<unsigned long long>(f.id));
    set("id", StringOf(id));

    auto reasons = zeek::make_intrusive<zeek::VectorVal>(string_vec);
    for ( size_t i = 0; i < f.n_reasons; ++i ) {
        std::string reason(View(f.reasons[i].what));
        reason += "=";
        reason += View(f.reasons[i].value);
        reasons->Append(StringOf(WithoutCommas(std::move(reason))));
    }
    set("reasons", std::move(reasons));

    auto uids = zeek::make_intrusive<zeek::VectorVal>(string_vec);
    for ( size_t i = 0; i < f.n_uids; ++i )
        uids->Append(StringOf(View(f.uids[i])));
    set("uids", std::move(uids));

    return finding;
}

zeek::RecordValPtr Hunter::TakeBatch(bool all) {
    static const auto type = zeek::id::find_type<zeek::RecordType>("Anomaly::Batch");

    if ( ! handle )
        return nullptr;

    za_batch b{};
    b.size = sizeof(b);
    za_error* error = nullptr;

    if ( ! Succeeded(za_hunter_take_batch(handle.get(), all, &b, &error), error, "records are not sent") ||
         b.records == 0 )
        return nullptr;

    auto batch = zeek::make_intrusive<zeek::RecordVal>(type);
    batch->AssignField("bucket", zeek::val_mgr->Count(b.bucket));
    batch->AssignField("records", StringOf({reinterpret_cast<const char*>(b.data), b.len}));
    return batch;
}

bool Hunter::Save(const std::string& path) {
    if ( ! handle )
        return false;

    // Where it cannot be made, saving says so.
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);

    za_error* error = nullptr;
    auto status = za_hunter_save(handle.get(), path.data(), path.size(), &error);
    return Succeeded(status, error, "what is known of hosts is not saved");
}

uint64_t Hunter::SaveStep(const std::string& path) {
    if ( ! handle )
        return ZA_SAVING_DONE;

    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);

    SignalsBlocked blocked;
    uint32_t state = ZA_SAVING_DONE;
    za_error* error = nullptr;
    auto status = za_hunter_save_step(handle.get(), path.data(), path.size(), &state, &error);

    return Succeeded(status, error, "what is known of hosts is not saved") ? state : ZA_SAVING_DONE;
}

zeek::RecordValPtr Hunter::Tell() const {
    static const auto type = zeek::id::find_type<zeek::RecordType>("Anomaly::HuntStats");

    za_hunter_info info{};
    info.size = sizeof(info);

    if ( handle )
        za_hunter_tell(handle.get(), &info, nullptr);

    auto stats = zeek::make_intrusive<zeek::RecordVal>(type);
    auto set = [&stats](const char* field, uint64_t n) { stats->AssignField(field, zeek::val_mgr->Count(n)); };

    set("records", info.records);
    set("allowed", info.allowed);
    set("findings", info.findings);
    set("findings_allowed", info.findings_allowed);
    set("findings_usual", info.findings_usual);
    set("dropped", info.dropped);
    set("memory", info.memory);
    set("given_up", info.given_up);
    return stats;
}

} // namespace plugin::Anomaly_Engine
