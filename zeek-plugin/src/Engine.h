// Owns the handle of the engine, and is the only user of the functions of its C ABI:
// it hands lines of logs over, and raises Zeek's events for what the engine finds.

#pragma once

#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "zeek/Conn.h"
#include "zeek/EventHandler.h"
#include "zeek/Val.h"
#include "zeek/logging/WriterBackend.h"
#include "zeek/threading/SerialTypes.h"

#include "FieldMap.h"
#include "zeek_anomaly.h"

namespace plugin::Anomaly_Engine {

class Engine {
public:
    using WriterInfo = zeek::logging::WriterBackend::WriterInfo;
    using Field = zeek::threading::Field;
    using Value = zeek::threading::Value;

    /// What to call once there are lines and connections to look at.
    struct Wishes {
        std::function<void()> lines;
        std::function<void()> connections;
    };

    void SetWishes(Wishes w) { wishes = std::move(w); }

    /// Opens the engine, by an Anomaly::EngineOptions. Reports what is wrong if it cannot.
    bool Open(const zeek::RecordVal& options);

    /// Lets go of the engine and of every Zeek value.
    void Close();

    /// Names the model file; with wait it is read now. Reports what is wrong if it cannot be used.
    bool LoadModel(const std::string& path, bool wait);

    /// Uses an Anomaly::Settings from now on. Reports what is wrong with it.
    bool Configure(const zeek::RecordVal& settings);

    /// Detects behaviors, by an Anomaly::BehaviorOptions. Reports what is wrong if it cannot.
    bool WatchBehaviors(const zeek::RecordVal& options);

    /// A writer is new: forget one that was at the same address.
    void WriterIsNew(const WriterInfo& info) { logs.erase(&info); }

    /// A line is about to be written. Changes nothing of it but the column of conn-score.zeek.
    void LineIsWritten(const std::string& filter, const WriterInfo& info, int num_fields, const Field* const* columns,
                       Value** line);

    /// A connection is new: asks Zeek to tell when it is open for long.
    void ConnectionIsNew(zeek::Connection& conn) const;

    /// A connection has been open for a while. False where nobody watches it.
    bool ConnectionIsOpen(const zeek::Connection& conn, double orig_bytes, double resp_bytes);

    /// The anomalies found in the last records of a connection that is being removed, as
    /// an Anomaly::Infos.
    zeek::VectorValPtr LastAnomalies(const zeek::String& uid);

    /// Watches records that another process packed.
    void Unpack(const zeek::String& batch);

    /// The decision about an event by its id, as an Anomaly::Decision.
    zeek::RecordValPtr Decide(uint64_t id);

    /// A second has passed.
    void Tick(double now);

    /// No more records come.
    void Finish(double now);

    /// Saves the state. Reports what is wrong if it cannot.
    void Save();

    /// The counts, as an Anomaly::BehaviorStats.
    zeek::RecordValPtr Stats() const;

private:
    // One log as one writer writes it.
    struct Log {
        std::unique_ptr<FieldMap> fields;
        std::string name;
        uint32_t binding = 0;
        bool bound = false;
        bool watched = false;  // for behaviors
        int note = -1;         // the column of a notice's type
        uint32_t own_note = 0; // the binding of notices of this package, which are not scored
    };

    struct Closer {
        void operator()(za_engine* e) const { za_engine_close(e); }
    };

    Log& LogFor(const WriterInfo& info, int num_fields, const Field* const* columns);
    bool Bind(std::string_view log, const std::vector<za_field>& fields, uint32_t uses, uint32_t& binding,
              bool& watched);
    bool Observe(uint32_t binding, const std::vector<za_value>& values, double report_from, za_result& result);
    void RaiseEvents(const Log* log, Value* const* line);
    void Raise(const za_event& event, const Log* log, Value* const* line);
    bool Succeeded(za_status status, za_error* error, const std::string& what);
    void ModelIsLoaded();

    std::unique_ptr<za_engine, Closer> handle;
    Wishes wishes;
    std::string filter_name;
    bool has_model = false;
    bool watches_lines = false; // for behaviors
    double threshold = 0;
    double open_after = 0;
    int open_binding = -1;

    std::unordered_map<const WriterInfo*, Log> logs;
    std::set<std::string> complaints;
    std::vector<zeek::RecordValPtr> recent; // anomalies since the last connection was removed

    zeek::EventHandlerPtr anomaly_found;
    zeek::EventHandlerPtr behavior_found;
    zeek::EventHandlerPtr finding_closed;
    zeek::EventHandlerPtr alert_day;
    zeek::EventHandlerPtr model_drift;
    zeek::EventHandlerPtr model_changed;
    zeek::EventHandlerPtr records_packed;
};

/// The one engine of the process: Zeek logs from its main thread only.
extern Engine engine;

} // namespace plugin::Anomaly_Engine
