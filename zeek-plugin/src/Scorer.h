// What the built-in functions call: takes the records of all log streams to
// the engine, and keeps what it says about the last one.

#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "zeek/Val.h"

#include "Engine.h"
#include "FieldMap.h"

namespace plugin::Anomaly_Engine {

class Scorer {
public:
    /// Keeps the scorer from ever opening a model, and says why when asked to.
    void Refuse(const std::string& reason) { refusal = reason; }

    /// Opens a model. Says in one line what is wrong if it cannot.
    bool Open(const std::string& model, uint64_t max_connections);

    /// Lets go of the model and of every Zeek value.
    void Close();

    /// Scores one record. True if its score reaches the threshold: then there
    /// is a finding to take.
    bool Observe(const zeek::EnumValPtr& id, zeek::RecordVal* rec, double threshold);

    /// The finding of the last Observe(), as an Anomaly::Info.
    zeek::RecordValPtr TakeFinding() { return std::move(finding); }

    /// The score that a record got, if it is the last one observed; else -1.
    double ScoreOf(const zeek::RecordVal* rec) const { return rec == last.get() ? last_score : -1.0; }

private:
    // One record type that a stream writes; practically always the only one.
    struct Layout {
        std::unique_ptr<FieldMap> fields;
        uint32_t binding = 0;
    };

    // One log stream.
    struct Stream {
        bool known = false;
        bool left_out = false; // never given to the engine
        std::string log;
        int note = -1; // the field of a notice that has its type
        std::vector<Layout> layouts;
    };

    Stream& StreamFor(const zeek::EnumValPtr& id);
    Layout* LayoutFor(Stream& stream, const zeek::EnumValPtr& id, const zeek::RecordVal& rec);
    zeek::RecordValPtr Describe(const Stream& stream, const zeek::RecordVal& rec, const za_result& result) const;
    void Complain(const std::string& what, const std::string& problem);

    std::string refusal;
    std::unique_ptr<Engine> engine;
    std::vector<Stream> streams; // by the number of their Log::ID
    std::set<std::string> complaints;

    zeek::RecordValPtr finding;
    zeek::RecordValPtr last;
    double last_score = 0;
};

/// The one scorer of the process: Zeek runs scripts in its main thread only.
extern Scorer scorer;

} // namespace plugin::Anomaly_Engine
