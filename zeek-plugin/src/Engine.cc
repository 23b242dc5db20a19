#include "Engine.h"

namespace plugin::Anomaly_Engine {

namespace {

// Turns the outcome of a call into text, and frees what came with it.
bool Succeeded(za_status status, za_error* error, std::string& problem) {
    if ( status == ZA_STATUS_OK )
        return true;

    const auto* message = za_error_message(error);
    problem = message ? message : za_status_text(status);
    za_error_free(error);
    return false;
}

} // namespace

SignalsBlocked::SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
}

SignalsBlocked::~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }

std::string Engine::AbiMismatch() {
    if ( za_abi_version() == ZA_ABI_VERSION )
        return "";

    return std::string("the engine speaks ABI ") + std::to_string(za_abi_version()) + ", this plugin was built for " +
           std::to_string(ZA_ABI_VERSION);
}

std::unique_ptr<Engine> Engine::Open(const za_options& options, std::string& problem) {
    za_engine* handle = nullptr;
    za_error* error = nullptr;
    auto status = za_engine_open(&options, &handle, &error);

    if ( ! Succeeded(status, error, problem) )
        return nullptr;

    return std::unique_ptr<Engine>(new Engine(handle));
}

std::unique_ptr<Engine> Engine::Open(const std::string& model, uint64_t max_connections, std::string& problem) {
    za_options options{};
    options.size = sizeof(options);
    options.model_path = model.data();
    options.model_path_len = model.size();
    options.max_connections = max_connections;
    return Open(options, problem);
}

std::unique_ptr<Engine> Engine::OpenWithoutModel(uint64_t max_connections, std::string& problem) {
    za_options options{};
    options.size = sizeof(options);
    options.max_connections = max_connections;
    options.flags = ZA_ENGINE_WITHOUT_MODEL;
    return Open(options, problem);
}

Engine::~Engine() { za_engine_close(handle); }

std::string Engine::TrainedWith() const {
    za_info info{};
    info.size = sizeof(info);

    za_error* error = nullptr;
    auto status = za_engine_info(handle, &info, &error);
    std::string problem;

    if ( ! Succeeded(status, error, problem) || ! info.model_zeek_version )
        return "";

    return {info.model_zeek_version, info.model_zeek_version_len};
}

bool Engine::Bind(std::string_view log, const std::vector<za_field>& fields, uint32_t& binding, std::string& problem) {
    za_error* error = nullptr;
    auto status = za_engine_bind(handle, log.data(), log.size(), fields.data(), fields.size(), &binding, &error);
    return Succeeded(status, error, problem);
}

bool Engine::Observe(uint32_t binding, const std::vector<za_value>& values, double explain_from, za_result& result,
                     std::string& problem) {
    result = za_result{};
    result.size = sizeof(result);

    za_error* error = nullptr;
    auto status = za_engine_observe(handle, binding, values.data(), values.size(), explain_from, &result, &error);
    return Succeeded(status, error, problem);
}

za_found Engine::Finding() {
    za_found finding{};
    finding.size = sizeof(finding);
    za_engine_found(handle, &finding, nullptr); // on failure there is none
    return finding;
}

bool Engine::SetAlerts(const za_alert_options& options, std::string& problem) {
    za_error* error = nullptr;
    auto status = za_engine_set_alerts(handle, &options, &error);
    return Succeeded(status, error, problem);
}

bool Engine::Alert(const za_found& finding, za_alert& alert) {
    alert = za_alert{};
    alert.size = sizeof(alert);
    return za_engine_alert(handle, &finding, &alert, nullptr) == ZA_STATUS_OK;
}

bool Engine::AlertBehavior(const za_behavior& behavior, za_alert& alert) {
    alert = za_alert{};
    alert.size = sizeof(alert);
    return za_engine_alert_behavior(handle, &behavior, &alert, nullptr) == ZA_STATUS_OK;
}

bool Engine::TakeOver(za_over& over) {
    over = za_over{};
    over.size = sizeof(over);
    return za_engine_take_over(handle, &over, nullptr) == ZA_STATUS_OK && over.there;
}

void Engine::Tick(double now) { za_engine_tick(handle, now, nullptr); }

bool Engine::ResumeAlerts(const std::string& path, std::string& problem) {
    za_error* error = nullptr;
    auto status = za_engine_resume_alerts(handle, path.data(), path.size(), &error);
    return Succeeded(status, error, problem);
}

bool Engine::SaveAlerts(const std::string& path, bool wait, std::string& problem) {
    SignalsBlocked blocked;
    za_error* error = nullptr;
    auto status = za_engine_save_alerts(handle, path.data(), path.size(), wait, &error);
    return Succeeded(status, error, problem);
}

bool Engine::Reload(const std::string& path, za_reload& state, std::string& problem) {
    SignalsBlocked blocked;
    uint32_t number = ZA_RELOAD_UNCHANGED;
    za_error* error = nullptr;
    auto status = za_engine_reload(handle, path.data(), path.size(), &number, &error);
    state = static_cast<za_reload>(number);
    return Succeeded(status, error, problem);
}

bool Engine::TakeDay(bool finish, za_day& day) {
    day = za_day{};
    day.size = sizeof(day);
    return za_engine_take_day(handle, finish, &day, nullptr) == ZA_STATUS_OK && day.there;
}

void Engine::WatchDrift(bool on, bool volumes) { za_engine_watch_drift(handle, on, volumes, nullptr); }

bool Engine::TakeDrift(za_drift& drift) {
    drift = za_drift{};
    drift.size = sizeof(drift);
    return za_engine_take_drift(handle, &drift, nullptr) == ZA_STATUS_OK && drift.there;
}

} // namespace plugin::Anomaly_Engine
