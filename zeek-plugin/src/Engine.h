// Owns the handle of the scoring engine, and is the only user of its C ABI.

#pragma once

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "zeek_anomaly.h"

namespace plugin::Anomaly_Engine {

/// Blocks all signals while it lives: threads that begin meanwhile never get one.
class SignalsBlocked {
public:
    SignalsBlocked();
    ~SignalsBlocked();

    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before;
};

class Engine {
public:
    /// Text for the user when the library speaks another ABI than the one this
    /// was compiled for; empty when they agree.
    static std::string AbiMismatch();

    /// Reads and checks a model. Null if that failed, with the reason in problem.
    static std::unique_ptr<Engine> Open(const std::string& model, uint64_t max_connections, std::string& problem);

    /// An engine that scores nothing, and may have a budget of alerts. Null if that failed.
    static std::unique_ptr<Engine> OpenWithoutModel(uint64_t max_connections, std::string& problem);

    ~Engine();

    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// The version of Zeek that wrote the logs of the model; empty if not known.
    std::string TrainedWith() const;

    /// Makes the layout of a log's records known. False if the engine refused
    /// it, with the reason in problem.
    bool Bind(std::string_view log, const std::vector<za_field>& fields, uint32_t& binding, std::string& problem);

    /// Scores one record and remembers it for what follows on its connection.
    /// What the result borrows is good until the next call on this object.
    bool Observe(uint32_t binding, const std::vector<za_value>& values, double explain_from, za_result& result,
                 std::string& problem);

    /// The finding of the record observed last. Its id is 0 where that had no reasons.
    za_found Finding();

    /// Raises alerts from now on, or otherwise, or not at all. False if the
    /// engine refused that, with the reason in problem.
    bool SetAlerts(const za_alert_options& options, std::string& problem);

    /// Takes a record that is reported. False if the engine refused it.
    bool Alert(const za_found& finding, za_alert& alert);

    /// The same for what the hunter found.
    bool AlertBehavior(const za_behavior& behavior, za_alert& alert);

    /// Takes the oldest finding that is over. False if there is none.
    bool TakeOver(za_over& over);

    /// Time has passed although no record says so.
    void Tick(double now);

    /// Goes on from what was saved of alerts. False if there is something that is of no use, with
    /// the reason in problem.
    bool ResumeAlerts(const std::string& path, std::string& problem);

    /// Saves what is known of alerts on a thread of its own, for whose end it waits where asked
    /// to. False if that, or the last time, failed, with the reason in problem.
    bool SaveAlerts(const std::string& path, bool wait, std::string& problem);

    /// Looks whether there is another model; it is read on a thread of its own. False if that
    /// is of no use, with the reason in problem.
    bool Reload(const std::string& path, za_reload& state, std::string& problem);

    /// Takes the oldest day of a budget that has ended; where finish is true, the one that
    /// is open ends here. False if there is none.
    bool TakeDay(bool finish, za_day& day);

    /// Watches whether the world changes, or no more.
    void WatchDrift(bool on, bool volumes);

    /// Takes the oldest change. False if there is none.
    bool TakeDrift(za_drift& drift);

private:
    explicit Engine(za_engine* h) : handle(h) {}

    static std::unique_ptr<Engine> Open(const za_options& options, std::string& problem);

    za_engine* handle;
};

} // namespace plugin::Anomaly_Engine
