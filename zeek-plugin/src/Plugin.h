// The plugin as Zeek sees it: its name, its version, its life.

#pragma once

#include "zeek/plugin/Plugin.h"

namespace plugin::Anomaly_Engine {

class Plugin : public zeek::plugin::Plugin {
protected:
    zeek::plugin::Configuration Configure() override;
    void InitPostScript() override;
    void Done() override;
};

extern Plugin plugin;

} // namespace plugin::Anomaly_Engine
