// Takes what is written to the logs to the hunter, which knows what takes time to
// see, and hands its findings to the scripts. In a cluster, packs the records for
// the process that keeps state of their host.

#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "zeek/Conn.h"
#include "zeek/EventHandler.h"
#include "zeek/Val.h"
#include "zeek/logging/WriterBackend.h"
#include "zeek/threading/SerialTypes.h"

#include "FieldMap.h"

namespace plugin::Anomaly_Engine {

/// How a hunter is opened; lists are texts with commas.
struct HunterOptions {
    bool packs = false;
    uint64_t memory = 0;
    std::string local_nets;
    std::string settings;
    std::string usual_path;
    std::string allow_path;
    std::string state_path;
    std::string log_filter;
};

class Hunter {
public:
    using WriterInfo = zeek::logging::WriterBackend::WriterInfo;
    using Field = zeek::threading::Field;
    using Value = zeek::threading::Value;

    /// Opens it. Says in one line what is wrong if it cannot.
    bool Open(const HunterOptions& options);

    /// Lets go of everything.
    void Close();

    /// A writer is new: forget one that was at the same address.
    void WriterIsNew(const WriterInfo& info) { logs.erase(&info); }

    /// A line is about to be written. Looks at it, and changes nothing.
    void LineIsWritten(const std::string& filter, const WriterInfo& info, int num_fields, const Field* const* fields,
                       Value* const* line);

    /// Has connections looked at that are open for so many seconds; 0 for none.
    void SetOpenAfter(double seconds) { open_after = seconds; }

    /// A connection is new.
    void ConnectionIsNew(zeek::Connection& conn) const;

    /// A connection is open, and has been for a while.
    void ConnectionIsOpen(const zeek::Connection& conn, double orig_bytes, double resp_bytes);

    /// Records that another process packed.
    void Unpack(const zeek::String& batch);

    /// Time has passed.
    void Tick(double now);

    /// There is nothing more to see.
    void Finish();

    /// Reads the allowlist again if it has changed.
    void Reload();

    /// The oldest finding, as an Anomaly::Behavior; null if there is none.
    zeek::RecordValPtr Take();

    /// A batch of packed records, null if there is none; with all, one that is not
    /// full, too.
    zeek::RecordValPtr TakeBatch(bool all);

    /// Saves the state. False if it cannot, which is said.
    bool Save(const std::string& path);

    /// Does a part of it, shortly: 0 if it is saved or cannot be, 1 if there is more to do at
    /// once, 2 if it is being written.
    uint64_t SaveStep(const std::string& path);

    /// What there is to know of it, as an Anomaly::HuntStats.
    zeek::RecordValPtr Tell() const;

private:
    // One log as one writer writes it.
    struct Log {
        FieldMap* fields = nullptr; // where somebody looks at it
        uint32_t binding = 0;
    };

    struct Closer {
        void operator()(za_hunter* h) const { za_hunter_close(h); }
    };

    Log& LogFor(const WriterInfo& info, int num_fields, const Field* const* columns);
    bool Succeeded(za_status status, za_error* error, const char* what);
    void Waiting(size_t n);
    void Look(uint32_t binding, const std::vector<za_value>& values);

    std::unique_ptr<za_hunter, Closer> handle;
    std::string filter_name;
    std::unordered_map<const WriterInfo*, Log> logs;
    std::set<std::string> complaints;
    zeek::EventHandlerPtr found;
    bool told = false; // that findings wait
    double open_after = 0;
    int open_binding = -1;
};

/// The one hunter of the process: Zeek logs from its main thread only.
extern Hunter hunter;

} // namespace plugin::Anomaly_Engine
