#include "Engine.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "zeek/Event.h"
#include "zeek/EventRegistry.h"
#include "zeek/ID.h"
#include "zeek/Reporter.h"
#include "zeek/RunState.h"
#include "zeek/Timer.h"
#include "zeek/ZeekString.h"
#include "zeek/analyzer/protocol/conn-size/ConnSize.h"
#include "zeek/zeek-version.h"

#include "Records.h"

namespace plugin::Anomaly_Engine {

Engine engine;

namespace {

// What this package itself logs and raises is never scored.
constexpr std::string_view own_logs[] = {"anomaly", "anomaly_behavior", "anomaly_findings"};
constexpr std::string_view own_module = "Anomaly::";

// Seconds of network time between two ticks of the engine.
constexpr double tick_interval = 1.0;

// Anomalies that wait for their connection at most. The last records of one are few.
constexpr size_t max_recent = 1000;

/// Blocks all signals while it lives: threads that begin meanwhile never get one.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }

    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before;
};

/// The only timer of this package.
class Ticker : public zeek::detail::Timer {
public:
    explicit Ticker(double t) : Timer(t, zeek::detail::TIMER_SCHEDULE) {}

    void Dispatch(double, bool is_expire) override {
        if ( is_expire )
            return;

        engine.Tick(zeek::run_state::network_time);
        zeek::detail::timer_mgr->Add(new Ticker(zeek::run_state::network_time + tick_interval));
    }
};

za_text TextFor(std::string_view s) { return {s.data(), s.size()}; }

std::string Text(const zeek::RecordVal& record, const char* field) {
    return record.GetField(field)->AsStringVal()->ToStdString();
}

bool IsOwn(const zeek::threading::Value& note) {
    const auto& name = note.val.string_val;
    return std::string_view(name.data, static_cast<size_t>(name.length)).substr(0, own_module.size()) == own_module;
}

} // namespace

// Reports what went wrong, once for each problem.
bool Engine::Succeeded(za_status status, za_error* error, const std::string& what) {
    constexpr size_t max_complaints = 100;

    if ( status == ZA_STATUS_OK )
        return true;

    std::string problem = error ? za_error_message(error) : "unknown error";
    za_error_free(error);

    if ( complaints.size() < max_complaints && complaints.insert(what + problem).second )
        zeek::reporter->Warning("Anomaly: %s: %s", what.c_str(), problem.c_str());

    return false;
}

bool Engine::Open(const zeek::RecordVal& options) {
    if ( za_abi_version() != ZA_ABI_VERSION ) {
        zeek::reporter->Warning("Anomaly: no record is scored: the engine speaks ABI %u, this plugin was built for %u",
                                za_abi_version(), ZA_ABI_VERSION);
        return false;
    }

    auto prefix = Text(options, "state_prefix");
    filter_name = Text(options, "log_filter");

    za_options o{};
    o.size = sizeof(o);
    o.max_connections = options.GetField("max_connections")->AsCount();
    o.state_prefix = TextFor(prefix);
    o.model_check_interval = options.GetField("model_check_interval")->AsInterval();
    o.save_interval = options.GetField("state_interval")->AsInterval();

    za_engine* opened = nullptr;
    za_error* error = nullptr;
    if ( ! Succeeded(za_engine_open(&o, &opened, &error), error, "no record is scored") )
        return false;

    handle.reset(opened);

    auto lookup = [](const char* name) { return zeek::event_registry->Lookup(name); };
    anomaly_found = lookup("Anomaly::anomaly_found");
    behavior_found = lookup("Anomaly::behavior_found");
    finding_closed = lookup("Anomaly::finding_closed");
    alert_day = lookup("Anomaly::alert_day");
    model_drift = lookup("Anomaly::model_drift");
    model_changed = lookup("Anomaly::model_changed");
    records_packed = lookup("Anomaly::records_packed");

    zeek::detail::timer_mgr->Add(new Ticker(zeek::run_state::network_time + tick_interval));
    return true;
}

void Engine::Close() {
    handle.reset();
    has_model = false;
    logs.clear();
    recent.clear();
    open_binding = -1;
}

bool Engine::LoadModel(const std::string& path, bool wait) {
    if ( ! handle )
        return false;

    SignalsBlocked blocked;
    za_error* error = nullptr;
    auto status = za_engine_load_model(handle.get(), TextFor(path), wait, &error);

    // Not an error for Zeek: after one during zeek_init, it would stop.
    if ( ! Succeeded(status, error, "no record is scored") )
        return false;

    if ( wait )
        ModelIsLoaded();

    return true;
}

void Engine::ModelIsLoaded() {
    has_model = true;
    wishes.lines();

    za_info info{};
    info.size = sizeof(info);
    za_engine_info(handle.get(), &info, nullptr); // on failure nothing is compared

    std::string trained_with(View(info.model_zeek_version));
    auto running = std::to_string(ZEEK_VERSION_NUMBER / 10000) + "." + std::to_string(ZEEK_VERSION_NUMBER / 100 % 100);

    if ( ! trained_with.empty() && (trained_with + ".").compare(0, running.size() + 1, running + ".") != 0 )
        zeek::reporter->Warning("Anomaly: the model was trained on logs of Zeek %s and this is %s: scores may be off "
                                "until it is trained on logs of this version",
                                trained_with.c_str(), running.c_str());
}

bool Engine::Configure(const zeek::RecordVal& settings) {
    if ( ! handle )
        return false;

    auto flag = [&settings](const char* field) { return settings.GetField(field)->AsBool(); };
    auto logs_text = Text(settings, "logs");
    auto networks = Text(settings, "networks");
    auto local_nets = Text(settings, "local_nets");
    threshold = settings.GetField("threshold")->AsDouble();

    za_settings s{};
    s.size = sizeof(s);
    s.per_day = settings.GetField("per_day")->AsDouble();
    s.threshold = threshold;
    s.window = settings.GetField("window")->AsInterval();
    s.share = flag("by_log") ? ZA_SHARE_LOG : ZA_SHARE_ALL;
    s.behaviors = flag("behaviors");
    s.logs = TextFor(logs_text);
    s.networks = TextFor(networks);
    s.local_nets = TextFor(local_nets);
    s.drift = ! flag("drift") ? ZA_WATCH_DRIFT_OFF : flag("sees_all") ? ZA_WATCH_DRIFT_VOLUMES : ZA_WATCH_DRIFT_VALUES;

    za_error* error = nullptr;
    auto status = za_engine_configure(handle.get(), &s, &error);
    auto configured = Succeeded(status, error, "keeping the current alert budget");
    RaiseEvents(nullptr, nullptr);
    return configured;
}

bool Engine::WatchBehaviors(const zeek::RecordVal& options) {
    if ( ! handle )
        return false;

    auto flag = [&options](const char* field) { return options.GetField(field)->AsBool(); };
    auto local_nets = Text(options, "local_nets");
    auto settings = Text(options, "settings");
    auto baseline = Text(options, "baseline_path");
    auto allow = Text(options, "allow_path");

    za_behavior_options o{};
    o.size = sizeof(o);
    o.memory = options.GetField("memory")->AsCount();
    o.flags = flag("packs") ? ZA_BEHAVIORS_PACK : 0;
    o.local_nets = TextFor(local_nets);
    o.settings = TextFor(settings);
    o.baseline_path = TextFor(baseline);
    o.allow_path = TextFor(allow);

    za_error* error = nullptr;
    auto status = za_engine_watch_behaviors(handle.get(), &o, &error);
    auto watching = Succeeded(status, error, "no behavior is detected");
    RaiseEvents(nullptr, nullptr);

    if ( ! watching )
        return false;

    watches_lines = flag("watches");
    open_after = watches_lines ? options.GetField("open_after")->AsInterval() : 0;

    if ( watches_lines ) {
        logs.clear(); // those that were written already are watched from now on, too
        wishes.lines();
    }

    if ( open_after > 0 )
        wishes.connections();

    return true;
}

bool Engine::Bind(std::string_view log, const std::vector<za_field>& fields, uint32_t uses, uint32_t& binding,
                  bool& watched) {
    uint32_t is_watched = 0;
    za_error* error = nullptr;
    auto status =
        za_engine_bind(handle.get(), TextFor(log), fields.data(), fields.size(), uses, &binding, &is_watched, &error);
    watched = is_watched != 0;
    return Succeeded(status, error, "a log is not looked at");
}

Engine::Log& Engine::LogFor(const WriterInfo& info, int num_fields, const Field* const* columns) {
    auto known = logs.find(&info);
    if ( known != logs.end() )
        return known->second;

    auto& log = logs[&info];
    log.name = info.path ? info.path : "";

    if ( std::find(std::begin(own_logs), std::end(own_logs), log.name) != std::end(own_logs) )
        return log;

    for ( int i = 0; i < num_fields; ++i )
        if ( columns[i]->type == zeek::TYPE_ENUM && strcmp(columns[i]->name, "note") == 0 )
            log.note = i;

    log.fields = std::make_unique<FieldMap>(num_fields, columns);
    uint32_t behaviors = watches_lines ? ZA_USE_BEHAVIORS : 0;
    const auto& fields = log.fields->Fields();
    log.bound = Bind(log.name, fields, ZA_USE_SCORE | behaviors, log.binding, log.watched);

    if ( log.bound && log.note >= 0 && log.watched )
        log.bound = Bind(log.name, fields, behaviors, log.own_note, log.watched);

    return log;
}

bool Engine::Observe(uint32_t binding, const std::vector<za_value>& values, double report_from, za_result& result) {
    result = za_result{};
    result.size = sizeof(result);
    za_error* error = nullptr;
    auto status = za_engine_observe(handle.get(), binding, values.data(), values.size(), report_from, &result, &error);
    return Succeeded(status, error, "a record is not looked at");
}

void Engine::LineIsWritten(const std::string& filter, const WriterInfo& info, int num_fields,
                           const Field* const* columns, Value** line) {
    if ( ! handle || filter != filter_name )
        return;

    auto& log = LogFor(info, num_fields, columns);
    if ( ! log.bound )
        return;

    auto own = log.note >= 0 && line[log.note]->present && IsOwn(*line[log.note]);
    if ( ! log.watched && (own || ! has_model) )
        return;

    za_result result;
    if ( ! Observe(own ? log.own_note : log.binding, log.fields->Read(line), threshold, result) )
        return;

    if ( auto at = log.fields->ScoreColumn(); at >= 0 && result.scored ) {
        line[at]->present = true;
        line[at]->val.double_val = result.score;
    }

    if ( result.waiting > 0 )
        RaiseEvents(&log, line);
}

// Zeek counts how long a connection lasts anyway. Scripts that want to know of other
// durations of a connection set theirs later, and go before this.
void Engine::ConnectionIsNew(zeek::Connection& conn) const {
    if ( auto* a = dynamic_cast<zeek::analyzer::conn_size::ConnSize_Analyzer*>(conn.FindAnalyzer("CONNSIZE")) )
        a->SetDurationThreshold(open_after);
}

bool Engine::ConnectionIsOpen(const zeek::Connection& conn, double orig_bytes, double resp_bytes) {
    if ( ! handle || ! watches_lines )
        return false;

    if ( open_binding < 0 ) {
        uint32_t binding = 0;
        bool watched = false;
        if ( ! Bind("conn_open", OpenConnection::Fields(), ZA_USE_BEHAVIORS, binding, watched) || ! watched )
            return false;

        open_binding = static_cast<int>(binding);
    }

    OpenConnection open(conn, zeek::run_state::network_time, orig_bytes, resp_bytes);
    za_result result;
    if ( Observe(static_cast<uint32_t>(open_binding), open.Values(), threshold, result) && result.waiting > 0 )
        RaiseEvents(nullptr, nullptr);

    return true;
}

zeek::VectorValPtr Engine::LastAnomalies(const zeek::String& uid) {
    static const auto type = zeek::id::find_type<zeek::VectorType>("Anomaly::Infos");
    auto anomalies = zeek::make_intrusive<zeek::VectorVal>(type);

    for ( auto& info : recent )
        if ( auto v = info->GetField("uid"); v && *v->AsString() == uid )
            anomalies->Append(std::move(info));

    recent.clear();
    return anomalies;
}

void Engine::Unpack(const zeek::String& batch) {
    if ( ! handle )
        return;

    za_error* error = nullptr;
    auto status = za_engine_unpack(handle.get(), batch.Bytes(), static_cast<size_t>(batch.Len()), &error);
    Succeeded(status, error, "records of another node are not watched");
    RaiseEvents(nullptr, nullptr);
}

zeek::RecordValPtr Engine::Decide(uint64_t id) {
    za_decision decision{};
    decision.size = sizeof(decision);

    // On failure the event was too long ago: no budget counts it.
    if ( ! handle || za_engine_decide(handle.get(), id, &decision, nullptr) != ZA_STATUS_OK )
        decision = za_decision{};

    return DecisionRecord(decision);
}

void Engine::Tick(double now) {
    if ( ! handle )
        return;

    SignalsBlocked blocked;
    za_error* error = nullptr;
    Succeeded(za_engine_tick(handle.get(), now, &error), error, "the engine does not work");
    RaiseEvents(nullptr, nullptr);
}

void Engine::Finish(double now) {
    if ( ! handle )
        return;

    za_error* error = nullptr;
    Succeeded(za_engine_finish(handle.get(), now, &error), error, "findings are not complete");
    RaiseEvents(nullptr, nullptr);
}

void Engine::Save() {
    if ( ! handle )
        return;

    SignalsBlocked blocked;
    za_error* error = nullptr;
    Succeeded(za_engine_save(handle.get(), &error), error, "the state is not saved");
    RaiseEvents(nullptr, nullptr);
}

zeek::RecordValPtr Engine::Stats() const {
    za_info info{};
    info.size = sizeof(info);

    if ( handle )
        za_engine_info(handle.get(), &info, nullptr); // on failure all counts are 0

    return StatsRecord(info);
}

// Raises Zeek's events for all that waits. The line is the one whose record was observed last.
void Engine::RaiseEvents(const Log* log, Value* const* line) {
    za_event event{};
    event.size = sizeof(event);

    while ( za_engine_next_event(handle.get(), &event, nullptr) == ZA_STATUS_OK && event.kind != ZA_EVENT_KIND_NONE )
        Raise(event, log, line);
}

// Scripts handle the event later: they may log, and this may be the midst of another log's write.
void Engine::Raise(const za_event& event, const Log* log, Value* const* line) {
    auto enqueue = [](const zeek::EventHandlerPtr& handler, zeek::ValPtr record) {
        if ( handler )
            zeek::event_mgr.Enqueue(handler, zeek::Args{std::move(record)});
    };

    switch ( event.kind ) {
        case ZA_EVENT_KIND_ANOMALY: {
            if ( ! log || ! line )
                return;

            auto info = InfoRecord(event, log->name, *log->fields, line);
            if ( recent.size() < max_recent )
                recent.push_back(info);
            enqueue(anomaly_found, std::move(info));
            return;
        }
        case ZA_EVENT_KIND_BEHAVIOR: enqueue(behavior_found, BehaviorRecord(event)); return;
        case ZA_EVENT_KIND_FINDING_CLOSED: enqueue(finding_closed, SummaryRecord(event.as.closed)); return;
        case ZA_EVENT_KIND_BUDGET_DAY: enqueue(alert_day, DayRecord(event.as.day)); return;
        case ZA_EVENT_KIND_DRIFT: enqueue(model_drift, DriftRecord(event.as.drift)); return;
        case ZA_EVENT_KIND_BATCH: enqueue(records_packed, BatchRecord(event.as.batch)); return;
        case ZA_EVENT_KIND_MODEL_LOADED: {
            auto path = zeek::make_intrusive<zeek::StringVal>(View(event.as.text));
            ModelIsLoaded();
            enqueue(model_changed, std::move(path));
            return;
        }
        case ZA_EVENT_KIND_WARNING:
            zeek::reporter->Warning("Anomaly: %s", std::string(View(event.as.text)).c_str());
            return;
        default: return; // of a newer library
    }
}

} // namespace plugin::Anomaly_Engine
