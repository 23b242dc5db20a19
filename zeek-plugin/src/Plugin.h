// The plugin as Zeek sees it: its name, its version, its hooks, its life.

#pragma once

#include "zeek/plugin/Plugin.h"

namespace plugin::Anomaly_Engine {

class Plugin : public zeek::plugin::Plugin {
protected:
    zeek::plugin::Configuration Configure() override;
    void InitPostScript() override;
    void Done() override;

    void HookSetupAnalyzerTree(zeek::Connection* conn) override;
    void HookLogInit(const std::string& writer, const std::string& filter, bool local, bool remote,
                     const zeek::logging::WriterBackend::WriterInfo& info, int num_fields,
                     const zeek::threading::Field* const* fields) override;
    bool HookLogWrite(const std::string& writer, const std::string& filter,
                      const zeek::logging::WriterBackend::WriterInfo& info, int num_fields,
                      const zeek::threading::Field* const* fields, zeek::threading::Value** vals) override;
};

extern Plugin plugin;

} // namespace plugin::Anomaly_Engine
