#include "Scorer.h"

#include <cstdio>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "zeek/Func.h"
#include "zeek/ID.h"
#include "zeek/Reporter.h"
#include "zeek/RunState.h"
#include "zeek/Type.h"

#include "ZeekCompat.h"

namespace plugin::Anomaly_Engine {

Scorer scorer;

namespace {

// What this module itself logs and raises is never scored.
constexpr std::string_view own_module = "Anomaly::";

bool IsOwn(const char* name) { return name && strncmp(name, own_module.data(), own_module.size()) == 0; }

// A stream that writes records of ever new types would fill the memory with
// layouts; Zeek has none.
constexpr size_t max_layouts = 8;

std::string_view View(const char* data, size_t n) { return data ? std::string_view(data, n) : std::string_view(); }

// The script-level description of a stream, null if it was not made by
// Log::create_stream.
zeek::RecordValPtr StreamRecord(const zeek::EnumValPtr& id) {
    const auto& streams = zeek::id::find_val("Log::active_streams");
    if ( ! streams )
        return nullptr;

    return zeek::cast_intrusive<zeek::RecordVal>(streams->AsTableVal()->Find(id));
}

// The name of the file that the stream is written to, less its ending: what
// the same log is called when it is scored from disk.
std::string LogName(const zeek::EnumValPtr& id, const zeek::RecordVal* stream) {
    if ( stream ) {
        auto path = stream->GetField("path");
        if ( path && path->AsStringVal()->Len() > 0 )
            return path->AsStringVal()->ToStdString();
    }

    if ( const auto& path_func = zeek::id::find_val("Log::default_path_func") ) {
        auto path = path_func->AsFunc()->Invoke(id, zeek::val_mgr->EmptyString(), zeek::val_mgr->False());
        if ( path && path->GetType()->Tag() == zeek::TYPE_STRING )
            return path->AsStringVal()->ToStdString();
    }

    return id->GetType()->AsEnumType()->Lookup(id->Get());
}

// The limits that came with Zeek 8.1; absent before.
LogLimits LimitsOf(const zeek::RecordVal* stream) {
    LogLimits limits;
    if ( ! stream )
        return limits;

    auto get = [stream](const char* field) -> size_t {
        auto i = stream->GetType()->AsRecordType()->FieldOffset(field);
        auto v = i < 0 ? nullptr : stream->GetField(i);
        return v ? v->AsCount() : 0;
    };

    limits.field_bytes = get("max_field_string_bytes");
    limits.total_bytes = get("max_total_string_bytes");
    limits.field_elements = get("max_field_container_elements");
    limits.total_elements = get("max_total_container_elements");
    return limits;
}

// The value of the first of these fields that the record has with that type.
zeek::ValPtr FirstOf(const zeek::RecordVal& rec, zeek::TypeTag tag, std::initializer_list<const char*> names) {
    const auto* rt = rec.GetType()->AsRecordType();

    for ( const auto* name : names ) {
        auto i = rt->FieldOffset(name);
        if ( i < 0 || rt->GetFieldType(i)->Tag() != tag )
            continue;

        if ( auto v = rec.GetField(i) )
            return v;
    }

    return nullptr;
}

zeek::ValPtr ConnectionOf(const zeek::RecordVal& rec) {
    auto id = FirstOf(rec, zeek::TYPE_RECORD, {"id"});
    static const auto conn_id = zeek::id::find_type("conn_id");
    return id && zeek::same_type(id->GetType(), conn_id) ? id : nullptr;
}

std::string ReasonText(const za_reason& reason) {
    std::string text(View(reason.feature, reason.feature_len));
    text += "=";
    text += View(reason.value, reason.value_len);
    text += " (usual ";
    text += View(reason.usual, reason.usual_len);

    char share[32];
    snprintf(share, sizeof(share), ", %.0f%%)", reason.share * 100);
    text += share;
    return text;
}

} // namespace

bool Scorer::Open(const std::string& model, uint64_t max_connections) {
    auto problem = refusal;

    if ( problem.empty() )
        engine = Engine::Open(model, max_connections, problem);

    if ( engine )
        return true;

    // Not Error(): after an error during zeek_init, Zeek would stop.
    zeek::reporter->Warning("Anomaly: no record is scored: %s", problem.c_str());
    return false;
}

void Scorer::Close() {
    engine.reset();
    streams.clear();
    finding = nullptr;
    last = nullptr;
}

bool Scorer::Observe(const zeek::EnumValPtr& id, zeek::RecordVal* rec, double threshold) {
    if ( ! engine )
        return false;

    auto& stream = StreamFor(id);
    if ( stream.left_out )
        return false;

    if ( stream.note >= 0 && rec->HasField(stream.note) ) {
        const auto& type = rec->GetType()->AsRecordType()->GetFieldType(stream.note);
        if ( IsOwn(type->AsEnumType()->Lookup(rec->GetFieldAs<zeek::EnumVal>(stream.note))) )
            return false;
    }

    auto* layout = LayoutFor(stream, id, *rec);
    if ( ! layout )
        return false;

    za_result result;
    std::string problem;

    if ( ! engine->Observe(layout->binding, layout->fields->Read(*rec), threshold, result, problem) ) {
        Complain(stream.log, problem);
        return false;
    }

    last = result.scored ? zeek::RecordValPtr{zeek::NewRef{}, rec} : nullptr;
    last_score = result.score;

    if ( ! result.scored || ! (result.score >= threshold) )
        return false;

    finding = Describe(stream, *rec, result);
    return true;
}

Scorer::Stream& Scorer::StreamFor(const zeek::EnumValPtr& id) {
    auto i = static_cast<size_t>(id->Get());

    if ( i >= streams.size() )
        streams.resize(i + 1);

    if ( streams[i].known )
        return streams[i];

    // Finding the name may call scripts, which may log: nothing of the table
    // may be held meanwhile.
    auto record = StreamRecord(id);
    auto log = LogName(id, record.get());
    const auto* name = id->GetType()->AsEnumType()->Lookup(id->Get());

    auto& stream = streams[i];
    stream.known = true;
    stream.log = std::move(log);
    stream.left_out = IsOwn(name);

    if ( name && strcmp(name, "Notice::LOG") == 0 )
        stream.note = zeek::id::find_type<zeek::RecordType>("Notice::Info")->FieldOffset("note");

    return stream;
}

Scorer::Layout* Scorer::LayoutFor(Stream& stream, const zeek::EnumValPtr& id, const zeek::RecordVal& rec) {
    const auto& type = rec.GetType();

    for ( auto& layout : stream.layouts )
        if ( layout.fields->Type() == type )
            return &layout;

    if ( stream.layouts.size() >= max_layouts )
        return nullptr;

    Layout layout;
    auto record_type = zeek::cast_intrusive<zeek::RecordType>(type);
    layout.fields = std::make_unique<FieldMap>(std::move(record_type), LimitsOf(StreamRecord(id).get()));

    std::string problem;
    if ( ! engine->Bind(stream.log, layout.fields->Fields(), layout.binding, problem) ) {
        Complain(stream.log, problem);
        stream.left_out = true;
        return nullptr;
    }

    return &stream.layouts.emplace_back(std::move(layout));
}

zeek::RecordValPtr Scorer::Describe(const Stream& stream, const zeek::RecordVal& rec, const za_result& result) const {
    static const auto info_type = zeek::id::find_type<zeek::RecordType>("Anomaly::Info");
    static const auto string_vec = zeek::id::find_type<zeek::VectorType>("string_vec");

    auto info = zeek::make_intrusive<zeek::RecordVal>(info_type);
    auto set = [&info](const char* field, zeek::ValPtr v) {
        if ( v )
            info->AssignField(field, std::move(v));
    };
    auto text = [](std::string_view s) { return zeek::make_intrusive<zeek::StringVal>(s); };

    auto ts = FirstOf(rec, zeek::TYPE_TIME, {"ts"});
    set("ts", ts ? ts : zeek::make_intrusive<zeek::TimeVal>(zeek::run_state::network_time));
    set("log", text(stream.log));
    set("score", zeek::make_intrusive<zeek::DoubleVal>(result.score));
    set("raw", zeek::make_intrusive<zeek::DoubleVal>(result.raw));
    set("detector", text(View(result.detector, result.detector_len)));

    auto reasons = zeek::make_intrusive<zeek::VectorVal>(string_vec);
    for ( size_t i = 0; i < result.n_reasons; ++i )
        reasons->Append(text(ReasonText(result.reasons[i])));
    set("reasons", std::move(reasons));

    if ( result.n_reasons > 0 )
        set("feature", text(View(result.reasons[0].feature, result.reasons[0].feature_len)));

    set("uid", FirstOf(rec, zeek::TYPE_STRING, {"uid"}));
    set("id", ConnectionOf(rec));
    set("fuid", FirstOf(rec, zeek::TYPE_STRING, {"fuid", "id"}));
    set("host", FirstOf(rec, zeek::TYPE_ADDR, {"host", "src", "client_addr"}));
    set("domain", FirstOf(rec, zeek::TYPE_STRING, {"query", "host", "server_name"}));
    return info;
}

// Says what went wrong, once for each log and problem.
void Scorer::Complain(const std::string& what, const std::string& problem) {
    constexpr size_t max_complaints = 100;

    if ( complaints.size() < max_complaints && complaints.insert(what + problem).second )
        zeek::reporter->Warning("Anomaly: %s: %s", what.c_str(), problem.c_str());
}

} // namespace plugin::Anomaly_Engine
