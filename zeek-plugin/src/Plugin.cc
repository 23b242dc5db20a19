#include "Plugin.h"

#include "Engine.h"

namespace plugin::Anomaly_Engine {

Plugin plugin;

zeek::plugin::Configuration Plugin::Configure() {
    zeek::plugin::Configuration config;
    config.name = "Anomaly::Engine";
    config.description = "Scores log records with a trained model and detects behaviors (zeek-anomaly)";
    config.version.major = ZEEK_ANOMALY_VERSION_MAJOR;
    config.version.minor = ZEEK_ANOMALY_VERSION_MINOR;
    config.version.patch = ZEEK_ANOMALY_VERSION_PATCH;
    return config;
}

// Zeek calls a hook only once somebody wants it; until then it costs nothing.
void Plugin::InitPostScript() {
    zeek::plugin::Plugin::InitPostScript();
    engine.SetWishes({
        [this] {
            EnableHook(zeek::plugin::HOOK_LOG_INIT);
            // After other plugins' hooks: they may change or drop the line.
            EnableHook(zeek::plugin::HOOK_LOG_WRITE, -100);
        },
        [this] { EnableHook(zeek::plugin::HOOK_SETUP_ANALYZER_TREE); },
    });
}

void Plugin::Done() {
    engine.Close();
    zeek::plugin::Plugin::Done();
}

void Plugin::HookSetupAnalyzerTree(zeek::Connection* conn) { engine.ConnectionIsNew(*conn); }

void Plugin::HookLogInit(const std::string& writer, const std::string& filter, bool local, bool remote,
                         const zeek::logging::WriterBackend::WriterInfo& info, int num_fields,
                         const zeek::threading::Field* const* fields) {
    engine.WriterIsNew(info);
}

bool Plugin::HookLogWrite(const std::string& writer, const std::string& filter,
                          const zeek::logging::WriterBackend::WriterInfo& info, int num_fields,
                          const zeek::threading::Field* const* fields, zeek::threading::Value** vals) {
    engine.LineIsWritten(filter, info, num_fields, fields, vals);
    return true; // never drops a line
}

} // namespace plugin::Anomaly_Engine
