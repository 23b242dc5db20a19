// Owns the handle of the scoring engine, and is the only user of its C ABI.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "zeek_anomaly.h"

namespace plugin::Anomaly_Engine {

class Engine {
public:
    /// Text for the user when the library speaks another ABI than the one this
    /// was compiled for; empty when they agree.
    static std::string AbiMismatch();

    /// Reads and checks a model. Null if that failed, with the reason in problem.
    static std::unique_ptr<Engine> Open(const std::string& model, uint64_t max_connections, std::string& problem);

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

private:
    explicit Engine(za_engine* h) : handle(h) {}

    za_engine* handle;
};

} // namespace plugin::Anomaly_Engine
