#include "Plugin.h"

#include "Engine.h"
#include "Scorer.h"

namespace plugin::Anomaly_Engine {

Plugin plugin;

zeek::plugin::Configuration Plugin::Configure() {
    zeek::plugin::Configuration config;
    config.name = "Anomaly::Engine";
    config.description = "Scores log records with a trained model (zeek-anomaly)";
    config.version.major = ZEEK_ANOMALY_VERSION_MAJOR;
    config.version.minor = ZEEK_ANOMALY_VERSION_MINOR;
    config.version.patch = ZEEK_ANOMALY_VERSION_PATCH;
    return config;
}

void Plugin::InitPostScript() {
    zeek::plugin::Plugin::InitPostScript();
    scorer.Refuse(Engine::AbiMismatch());
}

void Plugin::Done() {
    scorer.Close();
    zeek::plugin::Plugin::Done();
}

} // namespace plugin::Anomaly_Engine
