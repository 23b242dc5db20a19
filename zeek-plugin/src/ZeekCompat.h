// Every difference between the Zeek versions that the plugin builds with
// (7.0 to 9.0) lives in this header, and no other file has a version #if.
// The sources stay within C++17, which is what Zeek 7.0 compiles with.

#pragma once

#include "zeek/zeek-config.h"
#include "zeek/zeek-version.h"

#include "zeek/Val.h"

namespace plugin::Anomaly_Engine::compat {

/// True if the field has a value. A field that still waits for its default
/// gets it here, so that the typed accessors may be used afterwards.
inline bool Materialize(const zeek::RecordVal& rec, int field) {
#if ZEEK_VERSION_NUMBER >= 80000
    if ( rec.HasRawField(field) )
        return true;
#endif

    if ( ! rec.HasField(field) )
        return false;

    rec.GetField(field);
    return true;
}

} // namespace plugin::Anomaly_Engine::compat
