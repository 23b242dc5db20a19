# Builds the engine as a static library with cargo, as target ZeekAnomaly::Engine.
#
# Reads:  ZEEK_ANOMALY_LIBRARY, a library built before (then cargo is not
#         called), and the environment's CARGO_TARGET_DIR.

set(ZEEK_ANOMALY_INCLUDE_DIR "${PROJECT_SOURCE_DIR}/rust/capi/include"
    CACHE PATH "Folder of zeek_anomaly.h")

add_library(ZeekAnomaly::Engine STATIC IMPORTED GLOBAL)

if (NOT ZEEK_ANOMALY_LIBRARY)
    find_program(CARGO cargo PATHS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin")

    if (NOT CARGO)
        message(FATAL_ERROR "No cargo found: install Rust from https://rustup.rs, or set -DCARGO=PATH")
    endif ()

    set(cargo_target_dir "${PROJECT_SOURCE_DIR}/target")
    if (DEFINED ENV{CARGO_TARGET_DIR})
        get_filename_component(cargo_target_dir "$ENV{CARGO_TARGET_DIR}" ABSOLUTE)
    endif ()

    set(cargo_locked "")
    if (EXISTS "${PROJECT_SOURCE_DIR}/Cargo.lock")
        set(cargo_locked --locked)
    endif ()

    set(ZEEK_ANOMALY_LIBRARY "${cargo_target_dir}/release/libzeek_anomaly.a")

    # cargo knows best whether anything is to do, so it is always asked.
    add_custom_target(
        zeek_anomaly_engine
        COMMAND "${CARGO}" build --release ${cargo_locked} --package zeek-anomaly-capi --target-dir
                "${cargo_target_dir}"
        WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
        BYPRODUCTS "${ZEEK_ANOMALY_LIBRARY}"
        COMMENT "Building the engine with cargo"
        VERBATIM USES_TERMINAL)
    add_dependencies(ZeekAnomaly::Engine zeek_anomaly_engine)
endif ()

# What rustc --print native-static-libs names.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

set_target_properties(
    ZeekAnomaly::Engine
    PROPERTIES IMPORTED_LOCATION "${ZEEK_ANOMALY_LIBRARY}"
               INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")
