// The header as a C++ program uses it.

#include "zeek_anomaly.h"

#include <type_traits>

static_assert(std::is_standard_layout<za_value>::value, "passed by value in C");
static_assert(std::is_trivially_copyable<za_event>::value, "filled in by Rust");
static_assert(sizeof(za_status) == sizeof(uint32_t), "the library returns 32 bits");

int main() {
    za_value v{};
    v.kind = ZA_KIND_COUNT;
    v.as.count = 7;

    za_field f{};
    f.type = ZA_TYPE_LIST;
    f.element = ZA_TYPE_STRING;

    za_result r{};
    r.size = sizeof(r);
    za_error* err = nullptr;
    za_status status = za_engine_observe(nullptr, 0, &v, 1, 3.0, &r, &err);
    bool as_wanted = status == ZA_STATUS_NULL && za_error_message(err);
    za_error_free(err);
    za_engine_close(nullptr);
    as_wanted = as_wanted && f.type == ZA_TYPE_LIST && v.kind == ZA_KIND_COUNT;
    return as_wanted && za_abi_version() == ZA_ABI_VERSION ? 0 : 1;
}
