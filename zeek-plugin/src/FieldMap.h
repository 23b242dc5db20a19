// One log record type as the engine wants it: a flat list of named values.
//
// The map is made once per record type and then read for every record, so it
// holds the way to each field and the space for the values. It takes the
// fields that the logging framework takes: those with &log, nested records
// flattened with a dot, sets and vectors of atomic types. It also stops where
// the framework stops (bytes of a string, elements of a container): the engine
// must see what the log holds, or a log scored later gets other scores.

#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "zeek/Type.h"
#include "zeek/Val.h"

#include "zeek_anomaly.h"

namespace plugin::Anomaly_Engine {

/// What the logging framework lets through; 0 stands for no limit.
struct LogLimits {
    size_t field_bytes = 0;
    size_t total_bytes = 0;
    size_t field_elements = 0;
    size_t total_elements = 0;
};

class FieldMap {
public:
    FieldMap(zeek::RecordTypePtr type, const LogLimits& limits);

    FieldMap(const FieldMap&) = delete;
    FieldMap& operator=(const FieldMap&) = delete;

    const zeek::RecordTypePtr& Type() const { return type; }
    const std::vector<za_field>& Fields() const { return fields; }

    /// Reads one record of this type into as many values as there are fields.
    /// They borrow from the record, and are good until the next call here.
    const std::vector<za_value>& Read(const zeek::RecordVal& rec);

private:
    struct Slot {
        int offset;                // of the field in its record
        const zeek::Type* type;    // owned by the record type
        const zeek::Type* element; // of a set or vector, else null
        size_t leaves;             // how many values it stands for
        std::vector<Slot> nested;  // of a record
    };

    std::vector<Slot> Flatten(const zeek::RecordType& rt, const std::string& prefix);
    void ReadFields(const zeek::RecordVal& rec, const std::vector<Slot>& slots);
    za_value ReadSet(const zeek::TableVal& set, const zeek::Type& element);
    za_value ReadVector(const zeek::VectorVal& vec, const zeek::Type& element);

    template<class Source>
    za_value ReadAtom(const zeek::Type& t, const Source& source);

    za_value String(const zeek::String& s);
    za_value Text(std::string text);
    size_t Elements(size_t n);

    zeek::RecordTypePtr type;
    LogLimits limits;

    std::deque<std::string> names; // a deque: the fields point into it
    std::vector<za_field> fields;
    std::vector<Slot> slots;
    size_t containers = 0;

    // Reused by every Read().
    std::vector<za_value> values;
    std::vector<za_value> items;        // of all containers; never grows in a Read()
    std::vector<zeek::ListValPtr> kept; // what the items borrow from
    std::deque<std::string> texts;      // values that had to be made into text
    size_t bytes_so_far = 0;
    size_t elements_so_far = 0;
};

} // namespace plugin::Anomaly_Engine
