// What the engine tells, as the records of types.zeek.

#pragma once

#include <string>
#include <string_view>

#include "zeek/Val.h"
#include "zeek/threading/SerialTypes.h"

#include "FieldMap.h"
#include "zeek_anomaly.h"

namespace plugin::Anomaly_Engine {

inline std::string_view View(const za_text& t) { return t.data ? std::string_view(t.data, t.len) : std::string_view(); }

/// An anomaly, with what the line of its log says, as an Anomaly::Info.
zeek::RecordValPtr InfoRecord(const za_event& event, const std::string& log, const FieldMap& fields,
                              zeek::threading::Value* const* line);

/// A behavior, as an Anomaly::Behavior.
zeek::RecordValPtr BehaviorRecord(const za_event& event);

/// A closed finding, as an Anomaly::FindingSummary.
zeek::RecordValPtr SummaryRecord(const za_finding_summary& summary);

/// A day of a budget, as an Anomaly::Day.
zeek::RecordValPtr DayRecord(const za_budget_day& day);

/// Drift, as an Anomaly::Drift.
zeek::RecordValPtr DriftRecord(const za_drift& drift);

/// Packed records, as an Anomaly::Batch.
zeek::RecordValPtr BatchRecord(const za_batch& batch);

/// A decision, as an Anomaly::Decision.
zeek::RecordValPtr DecisionRecord(const za_decision& decision);

/// Counts, as an Anomaly::BehaviorStats.
zeek::RecordValPtr StatsRecord(const za_info& info);

} // namespace plugin::Anomaly_Engine
