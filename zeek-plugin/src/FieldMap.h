// One log's columns as the engine wants them: named fields, and their values
// for each line.
//
// It reads what the logging framework hands to a writer, so the engine sees
// what the log will hold and nothing else: after every policy hook, with the
// filter's columns, names, and cuts.

#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "zeek/Conn.h"
#include "zeek/threading/SerialTypes.h"

#include "zeek_anomaly.h"

namespace plugin::Anomaly_Engine {

class FieldMap {
public:
    /// The column of conn-score.zeek. It comes from the engine, and is not one
    /// of the fields.
    static constexpr std::string_view score_column = "anomaly_score";

    FieldMap(int num_fields, const zeek::threading::Field* const* columns);

    FieldMap(const FieldMap&) = delete;
    FieldMap& operator=(const FieldMap&) = delete;

    /// What the engine has to know about the columns.
    const std::vector<za_field>& Fields() const { return fields; }

    /// The values of one line, in the order of the fields. They borrow from the
    /// line, and are good until the next call.
    const std::vector<za_value>& Read(zeek::threading::Value* const* line);

    /// The value of a column, null if there is no such column or no value.
    const zeek::threading::Value* Find(zeek::threading::Value* const* line, std::string_view column) const;

    /// Where the column of conn-score.zeek is, -1 if nowhere.
    int ScoreColumn() const { return score_at; }

private:
    za_value ReadValue(const zeek::threading::Value& v);
    za_value ReadList(const zeek::threading::Value::set_t& list);

    std::deque<std::string> names; // a deque: the fields point into it
    std::vector<za_field> fields;
    std::vector<size_t> positions; // of the fields in a line
    int score_at = -1;

    // Reused for every line.
    std::vector<za_value> values;
    std::vector<za_value> items;   // of all lists; never grows while a line is read
    std::deque<std::string> texts; // values that had to be made into text
};

/// A connection that is still open, as what conn.log would say of it now.
class OpenConnection {
public:
    OpenConnection(const zeek::Connection& conn, double now, double orig_bytes, double resp_bytes);

    OpenConnection(const OpenConnection&) = delete;
    OpenConnection& operator=(const OpenConnection&) = delete;

    /// What the engine has to know about the columns.
    static std::vector<za_field> Fields();

    /// The values, in the order of the fields. They borrow from this object.
    const std::vector<za_value>& Values() const { return values; }

private:
    std::string uid;
    std::vector<za_value> values;
};

/// A value as text: near to what the log says, and the same for every writer.
std::string TextOf(const zeek::threading::Value& v);

} // namespace plugin::Anomaly_Engine
