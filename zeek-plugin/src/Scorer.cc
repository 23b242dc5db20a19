#include "Scorer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <iterator>
#include <system_error>
#include <utility>

#include "zeek/Event.h"
#include "zeek/EventRegistry.h"
#include "zeek/ID.h"
#include "zeek/Reporter.h"
#include "zeek/RunState.h"
#include "zeek/Type.h"
#include "zeek/zeek-version.h"

namespace plugin::Anomaly_Engine {

Scorer scorer;

namespace {

// What this module itself logs and raises is never scored.
constexpr std::string_view own_logs[] = {"anomaly", "anomaly_behavior", "anomaly_findings"};
constexpr std::string_view own_module = "Anomaly::";

// The scripts take findings at once. Should they ever not, memory stays bounded.
constexpr size_t max_findings = 100000;

std::string_view View(const char* data, size_t n) { return data ? std::string_view(data, n) : std::string_view(); }

zeek::StringValPtr StringOf(std::string_view s) { return zeek::make_intrusive<zeek::StringVal>(s); }

zeek::ValPtr ValOf(const zeek::threading::Value* v) {
    if ( ! v )
        return nullptr;

    bool failed = false;
    auto* val = zeek::threading::Value::ValueToVal("Anomaly", v, failed);
    return failed ? nullptr : zeek::ValPtr{zeek::AdoptRef{}, val};
}

bool IsOwn(const zeek::threading::Value& note) {
    const auto& name = note.val.string_val;
    return View(name.data, static_cast<size_t>(name.length)).substr(0, own_module.size()) == own_module;
}

std::string_view ClaimText(uint32_t claim) {
    switch ( claim ) {
        case ZA_CLAIM_EXTRAPOLATED: return "extrapolated";
        case ZA_CLAIM_AT_LEAST: return "at_least";
        default: return "measured";
    }
}

std::string_view FateText(uint32_t fate) {
    switch ( fate ) {
        case ZA_FATE_ALERT: return "alert";
        case ZA_FATE_COUNTED: return "counted";
        case ZA_FATE_HELD: return "held";
        case ZA_FATE_BELOW: return "below";
        default: return "none";
    }
}

std::string HexOf(uint64_t n) {
    char hex[17];
    snprintf(hex, sizeof(hex), "%016llx", static_cast<unsigned long long>(n));
    return hex;
}

int ProtocolOf(const zeek::threading::Value& port, const zeek::threading::Value& host) {
    switch ( port.val.port_val.proto ) {
        case TRANSPORT_TCP: return 6;
        case TRANSPORT_UDP: return 17;
        case TRANSPORT_ICMP: return host.val.addr_val.family == IPv4 ? 1 : 58;
        default: return -1;
    }
}

// Enumerations are told apart by semicolons: a log of type TSV escapes commas.
std::string ReasonText(const za_reason& reason) {
    std::string usual(View(reason.usual, reason.usual_len));
    for ( auto at = usual.find(", "); at != std::string::npos; at = usual.find(", ", at) )
        usual[at] = ';';

    char share[32];
    snprintf(share, sizeof(share), "%.0f%%", reason.share * 100);

    std::string text(View(reason.feature, reason.feature_len));
    text += "=";
    text += View(reason.value, reason.value_len);
    text += " (usual " + usual + ") " + share;
    return text;
}

} // namespace

bool Scorer::Open(const std::string& model, uint64_t max_connections, const std::string& log_filter) {
    auto problem = refusal;

    if ( problem.empty() )
        engine = Engine::Open(model, max_connections, problem);

    has_model = engine != nullptr;
    filter_name = log_filter;
    found = zeek::event_registry->Lookup("Anomaly::found");

    if ( has_model ) {
        CompareVersions();
        return true;
    }

    // Not an error: after one during zeek_init, Zeek would stop.
    zeek::reporter->Warning("Anomaly: no record is scored: %s", problem.c_str());

    std::string ignored;
    if ( refusal.empty() )
        engine = Engine::OpenWithoutModel(max_connections, ignored);

    return false;
}

// Says where the model knows another Zeek than this.
void Scorer::CompareVersions() const {
    auto trained_with = engine->TrainedWith();
    auto running = std::to_string(ZEEK_VERSION_NUMBER / 10000) + "." + std::to_string(ZEEK_VERSION_NUMBER / 100 % 100);

    if ( ! trained_with.empty() && (trained_with + ".").compare(0, running.size() + 1, running + ".") != 0 )
        zeek::reporter->Warning("Anomaly: the model was trained on logs of Zeek %s and this is %s: scores may be off "
                                "until it is trained on logs of this version",
                                trained_with.c_str(), running.c_str());
}

uint64_t Scorer::Reload(const std::string& path) {
    if ( ! engine || path.empty() )
        return ZA_RELOAD_UNCHANGED;

    // What was found with the old one is reported first.
    if ( ! findings.empty() )
        return ZA_RELOAD_READING;

    za_reload state = ZA_RELOAD_UNCHANGED;
    std::string problem;

    if ( ! engine->Reload(path, state, problem) ) {
        zeek::reporter->Warning("Anomaly: the model stays as it was: %s", problem.c_str());
        return ZA_RELOAD_UNCHANGED;
    }

    if ( state == ZA_RELOAD_TAKEN ) {
        has_model = true;
        taken = za_found{};
        CompareVersions();
    }

    return state;
}

void Scorer::ResumeAlerts(const std::string& path) {
    std::string problem;
    if ( engine && ! engine->ResumeAlerts(path, problem) )
        zeek::reporter->Warning("Anomaly: what was known of alerts is not used: %s", problem.c_str());
}

void Scorer::SaveAlerts(const std::string& path, bool wait) {
    if ( ! engine )
        return;

    // Where it cannot be made, saving says so.
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);

    std::string problem;
    if ( ! engine->SaveAlerts(path, wait, problem) )
        Complain("what is known of alerts is not saved", problem);
}

void Scorer::Close() {
    engine.reset();
    has_model = false;
    logs.clear();
    findings.clear();
}

void Scorer::LineIsWritten(const std::string& filter, const WriterInfo& info, int num_fields,
                           const Field* const* fields, Value** line) {
    if ( ! has_model || filter != filter_name )
        return;

    auto& log = LogFor(info, num_fields, fields);
    if ( log.left_out )
        return;

    if ( log.note >= 0 && line[log.note]->present && IsOwn(*line[log.note]) )
        return;

    za_result result;
    std::string problem;

    if ( ! engine->Observe(log.binding, lines.Read(*log.fields, line), threshold, result, problem) ) {
        Complain(log.name, problem);
        return;
    }

    if ( ! result.scored )
        return;

    if ( auto at = log.fields->ScoreColumn(); at >= 0 ) {
        line[at]->present = true;
        line[at]->val.double_val = result.score;
    }

    if ( ! (result.score >= threshold) || findings.size() >= max_findings )
        return;

    // The scripts report it in an event of its own: they may log, and this is
    // the midst of another log's write.
    if ( findings.empty() && found )
        zeek::event_mgr.Enqueue(found, zeek::Args{});

    auto record = Describe(log, line, result);
    auto finding = engine->Finding();

    if ( finding.id != 0 )
        record->AssignField("finding", StringOf(HexOf(finding.id)));

    findings.push_back({std::move(record), finding});
}

zeek::RecordValPtr Scorer::TakeFinding() {
    if ( findings.empty() )
        return nullptr;

    auto found = std::move(findings.front());
    findings.pop_front();
    taken = found.finding;
    return std::move(found.info);
}

bool Scorer::SetAlerts(double per_day, double least, double window, bool by_log, const std::string& for_logs,
                       const std::string& networks, bool behaviors) {
    if ( ! engine )
        return false;

    za_alert_options options{};
    options.size = sizeof(options);
    options.per_day = per_day;
    options.threshold = least;
    options.window = window;
    options.share = by_log ? ZA_SHARE_LOG : ZA_SHARE_ALL;
    options.logs = for_logs.data();
    options.logs_len = for_logs.size();
    options.networks = networks.data();
    options.networks_len = networks.size();
    options.behaviors = behaviors;

    std::string problem;
    if ( engine->SetAlerts(options, problem) )
        return true;

    zeek::reporter->Warning("Anomaly: the budget of alerts stays as it was: %s", problem.c_str());
    return false;
}

zeek::RecordValPtr Scorer::Alert() {
    za_alert alert{};
    if ( ! engine || taken.id == 0 || ! engine->Alert(taken, alert) )
        alert = za_alert{};

    return AlertVal(alert);
}

zeek::RecordValPtr Scorer::AlertBehavior(const std::string& kind, const std::string& id, const zeek::IPAddr& host,
                                         double score, double ts, uint64_t records) {
    za_behavior behavior{};
    behavior.size = sizeof(behavior);
    behavior.kind = kind.data();
    behavior.kind_len = kind.size();
    behavior.id = strtoull(id.c_str(), nullptr, 16);
    behavior.records = records;
    behavior.score = score;
    behavior.ts = ts;

    const uint32_t* bytes = nullptr;
    behavior.host_len = static_cast<size_t>(host.GetBytes(&bytes)) * 4;
    memcpy(behavior.host, bytes, behavior.host_len);

    za_alert alert{};
    if ( ! engine || ! engine->AlertBehavior(behavior, alert) )
        alert = za_alert{};

    return AlertVal(alert);
}

zeek::RecordValPtr Scorer::AlertVal(const za_alert& alert) {
    static const auto type = zeek::id::find_type<zeek::RecordType>("Anomaly::Alert");
    auto val = zeek::make_intrusive<zeek::RecordVal>(type);

    val->AssignField("fate", StringOf(FateText(alert.fate)));
    val->AssignField("finding", StringOf(HexOf(alert.finding)));
    val->AssignField("records", zeek::val_mgr->Count(alert.records));
    val->AssignField("entities", zeek::val_mgr->Count(alert.entities));
    val->AssignField("first", zeek::make_intrusive<zeek::TimeVal>(alert.first));
    val->AssignField("needed", zeek::make_intrusive<zeek::DoubleVal>(alert.needed));
    val->AssignField("exceeded", zeek::val_mgr->Bool(alert.exceeded));
    val->AssignField("alerts_today", zeek::val_mgr->Count(alert.alerts_today));
    val->AssignField("held_today", zeek::val_mgr->Count(alert.held_today));
    return val;
}

zeek::RecordValPtr Scorer::TakeOver() {
    static const auto type = zeek::id::find_type<zeek::RecordType>("Anomaly::Over");

    za_over over{};
    if ( ! engine || ! engine->TakeOver(over) )
        return nullptr;

    auto moment = [](double t) { return zeek::make_intrusive<zeek::TimeVal>(t); };
    auto val = zeek::make_intrusive<zeek::RecordVal>(type);
    val->AssignField("ts", moment(over.alerted));
    val->AssignField("finding", StringOf(HexOf(over.finding)));
    val->AssignField("log", StringOf(View(over.log, over.log_len)));
    val->AssignField("records", zeek::val_mgr->Count(over.records));
    val->AssignField("entities", zeek::val_mgr->Count(over.entities));
    val->AssignField("score", zeek::make_intrusive<zeek::DoubleVal>(over.score));
    val->AssignField("first", moment(over.first));
    val->AssignField("last", moment(over.last));

    if ( over.entity_len > 0 ) {
        auto family = over.entity_len == 4 ? IPv4 : IPv6;
        zeek::IPAddr host(family, reinterpret_cast<const uint32_t*>(over.entity), zeek::IPAddr::Network);
        val->AssignField("host", zeek::make_intrusive<zeek::AddrVal>(host));
    }

    return val;
}

zeek::RecordValPtr Scorer::TakeDay(bool finish) {
    static const auto type = zeek::id::find_type<zeek::RecordType>("Anomaly::Day");

    za_day day{};
    if ( ! engine || ! engine->TakeDay(finish, day) )
        return nullptr;

    auto val = zeek::make_intrusive<zeek::RecordVal>(type);
    val->AssignField("begin", zeek::make_intrusive<zeek::TimeVal>(day.begin));
    val->AssignField("budget", StringOf(View(day.budget, day.budget_len)));
    val->AssignField("alerts", zeek::val_mgr->Count(day.alerts));
    val->AssignField("held", zeek::val_mgr->Count(day.held));
    val->AssignField("exceeded", zeek::val_mgr->Bool(day.exceeded));
    return val;
}

void Scorer::WatchDrift(bool on, bool volumes) {
    if ( engine )
        engine->WatchDrift(on, volumes);
}

zeek::RecordValPtr Scorer::TakeDrift() {
    static const auto type = zeek::id::find_type<zeek::RecordType>("Anomaly::Drift");

    za_drift drift{};
    if ( ! engine || ! engine->TakeDrift(drift) )
        return nullptr;

    auto val = zeek::make_intrusive<zeek::RecordVal>(type);
    val->AssignField("log", StringOf(View(drift.log, drift.log_len)));
    val->AssignField("changes", StringOf(View(drift.text, drift.text_len)));
    val->AssignField("records", zeek::val_mgr->Count(drift.records));
    if ( ! std::isnan(drift.day) )
        val->AssignField("day", zeek::make_intrusive<zeek::TimeVal>(drift.day));
    return val;
}

Scorer::Log& Scorer::LogFor(const WriterInfo& info, int num_fields, const Field* const* columns) {
    auto known = logs.find(&info);
    if ( known != logs.end() )
        return known->second;

    auto& log = logs[&info];
    log.name = info.path ? info.path : "";
    log.left_out = std::find(std::begin(own_logs), std::end(own_logs), log.name) != std::end(own_logs);

    if ( log.left_out )
        return log;

    for ( int i = 0; i < num_fields; ++i )
        if ( columns[i]->type == zeek::TYPE_ENUM && strcmp(columns[i]->name, "note") == 0 )
            log.note = i;

    log.fields = &lines.Columns(info, num_fields, columns);

    std::string problem;
    if ( ! engine->Bind(log.name, log.fields->Fields(), log.binding, problem) ) {
        Complain(log.name, problem);
        log.left_out = true;
    }

    return log;
}

zeek::RecordValPtr Scorer::Describe(const Log& log, Value* const* line, const za_result& result) const {
    static const auto info_type = zeek::id::find_type<zeek::RecordType>("Anomaly::Info");
    static const auto conn_id_type = zeek::id::find_type<zeek::RecordType>("conn_id");
    static const auto string_vec = zeek::id::find_type<zeek::VectorType>("string_vec");
    static const auto string_table = zeek::id::find_type<zeek::TableType>("table_string_of_string");

    auto info = zeek::make_intrusive<zeek::RecordVal>(info_type);

    auto set = [&info](const char* field, zeek::ValPtr v) {
        if ( v )
            info->AssignField(field, std::move(v));
    };

    // The first of these columns that has a value of that type.
    auto first = [&](zeek::TypeTag tag, std::initializer_list<const char*> columns) -> const Value* {
        for ( const auto* column : columns )
            if ( const auto* v = log.fields->Find(line, column); v && v->type == tag )
                return v;

        return nullptr;
    };

    auto ts = ValOf(first(zeek::TYPE_TIME, {"ts"}));
    set("ts", ts ? ts : zeek::make_intrusive<zeek::TimeVal>(zeek::run_state::network_time));
    set("uid", ValOf(first(zeek::TYPE_STRING, {"uid"})));
    set("fuid", ValOf(first(zeek::TYPE_STRING, {"fuid", "id"})));
    set("log", StringOf(log.name));
    set("score", zeek::make_intrusive<zeek::DoubleVal>(result.score));
    set("claim", StringOf(ClaimText(result.claim)));
    set("raw", zeek::make_intrusive<zeek::DoubleVal>(result.raw));
    set("detector", StringOf(View(result.detector, result.detector_len)));
    set("host", ValOf(first(zeek::TYPE_ADDR, {"host", "src", "client_addr"})));
    set("domain", ValOf(first(zeek::TYPE_STRING, {"query", "host", "server_name"})));

    auto reasons = zeek::make_intrusive<zeek::VectorVal>(string_vec);
    for ( size_t i = 0; i < result.n_reasons; ++i )
        reasons->Append(StringOf(ReasonText(result.reasons[i])));
    set("reasons", std::move(reasons));

    if ( result.n_reasons > 0 )
        set("feature", StringOf(View(result.reasons[0].feature, result.reasons[0].feature_len)));

    const auto* orig_h = first(zeek::TYPE_ADDR, {"id.orig_h"});
    const auto* orig_p = first(zeek::TYPE_PORT, {"id.orig_p"});
    const auto* resp_h = first(zeek::TYPE_ADDR, {"id.resp_h"});
    const auto* resp_p = first(zeek::TYPE_PORT, {"id.resp_p"});

    if ( orig_h && orig_p && resp_h && resp_p ) {
        auto id = zeek::make_intrusive<zeek::RecordVal>(conn_id_type);
        id->AssignField("orig_h", ValOf(orig_h));
        id->AssignField("orig_p", ValOf(orig_p));
        id->AssignField("resp_h", ValOf(resp_h));
        id->AssignField("resp_p", ValOf(resp_p));

        // Since 8.0 a connection is looked up by its protocol too.
        auto proto = ProtocolOf(*resp_p, *resp_h);
        if ( proto >= 0 && conn_id_type->HasField("proto") )
            id->AssignField("proto", zeek::val_mgr->Count(static_cast<zeek_uint_t>(proto)));

        set("id", std::move(id));
    }

    auto values = zeek::make_intrusive<zeek::TableVal>(string_table);
    for ( const auto& field : log.fields->Fields() ) {
        auto name = View(field.name, field.name_len);
        if ( const auto* v = log.fields->Find(line, name) )
            values->Assign(StringOf(name), StringOf(TextOf(*v)));
    }
    set("values", std::move(values));

    return info;
}

// Says what went wrong, once for each log and problem.
void Scorer::Complain(const std::string& what, const std::string& problem) {
    constexpr size_t max_complaints = 100;

    if ( complaints.size() < max_complaints && complaints.insert(what + problem).second )
        zeek::reporter->Warning("Anomaly: %s: %s", what.c_str(), problem.c_str());
}

} // namespace plugin::Anomaly_Engine
