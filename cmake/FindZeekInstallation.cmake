# Finds the Zeek to build for, through its zeek-config.
#
# Reads:  ZEEK_CONFIG, a path to zeek-config, as a cache or environment
#         variable; otherwise PATH is searched, then the usual prefixes.
# Sets:   ZEEK_INSTALLATION_PREFIX, ZEEK_INSTALLATION_VERSION, and Zeek's own
#         CMake modules on CMAKE_MODULE_PATH.

if (NOT ZEEK_CONFIG AND DEFINED ENV{ZEEK_CONFIG})
    set(ZEEK_CONFIG "$ENV{ZEEK_CONFIG}" CACHE FILEPATH "Path to zeek-config")
endif ()

find_program(ZEEK_CONFIG zeek-config PATHS /opt/zeek/bin /usr/local/zeek/bin)

if (NOT ZEEK_CONFIG)
    message(FATAL_ERROR "No Zeek found: put zeek-config into PATH, or call ./configure --zeek-config=PATH")
endif ()

function (zeek_config option result)
    execute_process(
        COMMAND "${ZEEK_CONFIG}" "--${option}"
        OUTPUT_VARIABLE value
        RESULT_VARIABLE failed
        OUTPUT_STRIP_TRAILING_WHITESPACE)

    if (failed OR value STREQUAL "")
        message(FATAL_ERROR "${ZEEK_CONFIG} --${option} says nothing: is this a whole Zeek installation?")
    endif ()

    set(${result} "${value}" PARENT_SCOPE)
endfunction ()

zeek_config(version ZEEK_INSTALLATION_VERSION)
zeek_config(prefix ZEEK_INSTALLATION_PREFIX)
zeek_config(cmake_dir zeek_cmake_dir)

if (ZEEK_INSTALLATION_VERSION VERSION_LESS "7.0.0")
    message(FATAL_ERROR "Zeek ${ZEEK_INSTALLATION_VERSION} is too old: 7.0 is the first that is supported")
endif ()

list(APPEND CMAKE_MODULE_PATH "${zeek_cmake_dir}")
