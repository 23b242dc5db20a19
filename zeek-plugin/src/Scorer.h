// Takes what is written to the logs to the engine, and hands what it finds to
// the scripts.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "zeek/EventHandler.h"
#include "zeek/IPAddr.h"
#include "zeek/Val.h"
#include "zeek/logging/WriterBackend.h"
#include "zeek/threading/SerialTypes.h"

#include "Engine.h"
#include "FieldMap.h"

namespace plugin::Anomaly_Engine {

class Scorer {
public:
    using WriterInfo = zeek::logging::WriterBackend::WriterInfo;
    using Field = zeek::threading::Field;
    using Value = zeek::threading::Value;

    /// Keeps the scorer from ever opening a model, and says why when asked to.
    void Refuse(const std::string& reason) { refusal = reason; }

    /// Opens a model. Says in one line what is wrong if it cannot; nothing is scored then, but
    /// what the hunter finds can have a budget.
    bool Open(const std::string& model, uint64_t max_connections, const std::string& log_filter);

    /// Lets go of the model and of every Zeek value.
    void Close();

    /// The least score of a finding.
    void SetThreshold(double t) { threshold = t; }

    /// A writer is new: forget one that was at the same address.
    void WriterIsNew(const WriterInfo& info) { logs.erase(&info); }

    /// A line is about to be written. Scores it, and changes nothing of it but
    /// the one column that conn-score.zeek adds for that.
    void LineIsWritten(const std::string& filter, const WriterInfo& info, int num_fields, const Field* const* fields,
                       Value** line);

    /// Whether there are findings to take.
    bool HasFindings() const { return ! findings.empty(); }

    /// The oldest finding that was not taken, as an Anomaly::Info.
    zeek::RecordValPtr TakeFinding();

    /// How alerts are raised from now on. Says in one line what is wrong if it cannot be.
    bool SetAlerts(double per_day, double least, double window, bool by_log, const std::string& for_logs,
                   const std::string& networks, bool behaviors);

    /// What becomes of the finding that was taken last, as an Anomaly::Alert.
    zeek::RecordValPtr Alert();

    /// What becomes of something that the hunter found, as an Anomaly::Alert. The id is
    /// hexadecimal.
    zeek::RecordValPtr AlertBehavior(const std::string& kind, const std::string& id, const zeek::IPAddr& host,
                                     double score, double ts, uint64_t records);

    /// The oldest finding that is over, as an Anomaly::Over; null if there is none.
    zeek::RecordValPtr TakeOver();

    /// Time has passed. Where there are records, they say so themselves.
    void Tick(double now) {
        if ( engine && ! has_model )
            engine->Tick(now);
    }

    /// Goes on from what was saved of alerts. Says what is wrong if it cannot.
    void ResumeAlerts(const std::string& path);

    /// Saves what is known of alerts; with wait, until it is there. Says what is wrong if it cannot.
    void SaveAlerts(const std::string& path, bool wait);

    /// Looks whether there is another model: 0 if not, 1 if it is being read, 2 if lines are scored
    /// by it from now on. Says what is wrong with one that is of no use.
    uint64_t Reload(const std::string& path);

    /// The oldest day of a budget that has ended, as an Anomaly::Day; null if there is none.
    zeek::RecordValPtr TakeDay(bool finish);

    /// Whether it is watched from now on if the world changes.
    void WatchDrift(bool on, bool volumes);

    /// The oldest change, as an Anomaly::Drift; null if there is none.
    zeek::RecordValPtr TakeDrift();

private:
    // One log as one writer writes it.
    struct Log {
        std::string name;
        FieldMap* fields = nullptr;
        uint32_t binding = 0;
        bool left_out = false; // never given to the engine
        int note = -1;         // the column of a notice's type
    };

    Log& LogFor(const WriterInfo& info, int num_fields, const Field* const* columns);
    zeek::RecordValPtr Describe(const Log& log, Value* const* line, const za_result& result) const;
    static zeek::RecordValPtr AlertVal(const za_alert& alert);
    void CompareVersions() const;
    void Complain(const std::string& what, const std::string& problem);

    std::string refusal;
    std::string filter_name;
    std::unique_ptr<Engine> engine;
    bool has_model = false;
    double threshold = 0;

    std::unordered_map<const WriterInfo*, Log> logs;
    std::set<std::string> complaints;

    // What the scripts get, and what the engine knows it by.
    struct Found {
        zeek::RecordValPtr info;
        za_found finding;
    };

    std::deque<Found> findings;
    za_found taken{};
    zeek::EventHandlerPtr found;
};

/// The one scorer of the process: Zeek logs from its main thread only.
extern Scorer scorer;

} // namespace plugin::Anomaly_Engine
