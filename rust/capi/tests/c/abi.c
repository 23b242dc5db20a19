/* The C ABI as a C program meets it: what works, and everything that must be refused.
 *
 * abi MODEL DAMAGED MISSING: a model of conn records; the same, damaged; a path where
 * nothing is. Says what is not so, and exits with 1. */

#include "zeek_anomaly.h"

#include <math.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed = 0;

#define CHECK(what)                                                                                                    \
    do {                                                                                                               \
        if ( ! (what) ) {                                                                                              \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);                                         \
            failed = 1;                                                                                                \
        }                                                                                                              \
    } while ( 0 )

/* A call that fails with a status, and an error whose text has the word. */
#define FAILS(wanted, word, call)                                                                                      \
    do {                                                                                                               \
        za_error* err = NULL;                                                                                          \
        za_status status = (call);                                                                                     \
        const char* text = za_error_message(err);                                                                      \
        CHECK(status == (wanted));                                                                                     \
        CHECK(text != NULL && strstr(text, (word)) != NULL);                                                           \
        if ( text != NULL && strstr(text, (word)) == NULL )                                                            \
            fprintf(stderr, "  but: %s\n", text);                                                                      \
        za_error_free(err);                                                                                            \
    } while ( 0 )

enum {
    TS,
    UID,
    ORIG_H,
    ORIG_P,
    RESP_H,
    RESP_P,
    PROTO,
    SERVICE,
    DURATION,
    ORIG_BYTES,
    RESP_BYTES,
    CONN_STATE,
    LOCAL_ORIG,
    LOCAL_RESP,
    MISSED_BYTES,
    HISTORY,
    ORIG_PKTS,
    RESP_PKTS,
    TUNNEL_PARENTS,
    N
};

#define FIELD(name, type, element)                                                                                     \
    { name, sizeof(name) - 1, type, element }

static const za_field conn[N] = {
    FIELD("ts", ZA_TYPE_TIME, 0),
    FIELD("uid", ZA_TYPE_STRING, 0),
    FIELD("id.orig_h", ZA_TYPE_ADDR, 0),
    FIELD("id.orig_p", ZA_TYPE_PORT, 0),
    FIELD("id.resp_h", ZA_TYPE_ADDR, 0),
    FIELD("id.resp_p", ZA_TYPE_PORT, 0),
    FIELD("proto", ZA_TYPE_ENUM, 0),
    FIELD("service", ZA_TYPE_STRING, 0),
    FIELD("duration", ZA_TYPE_INTERVAL, 0),
    FIELD("orig_bytes", ZA_TYPE_COUNT, 0),
    FIELD("resp_bytes", ZA_TYPE_COUNT, 0),
    FIELD("conn_state", ZA_TYPE_STRING, 0),
    FIELD("local_orig", ZA_TYPE_BOOL, 0),
    FIELD("local_resp", ZA_TYPE_BOOL, 0),
    FIELD("missed_bytes", ZA_TYPE_COUNT, 0),
    FIELD("history", ZA_TYPE_STRING, 0),
    FIELD("orig_pkts", ZA_TYPE_COUNT, 0),
    FIELD("resp_pkts", ZA_TYPE_COUNT, 0),
    FIELD("tunnel_parents", ZA_TYPE_LIST, ZA_TYPE_STRING),
};

/* The contents are written only as far as the kind needs: what is not used stays
 * uninitialised, and Valgrind sees to it that nobody reads it. */

static za_value number(uint32_t kind, uint64_t n) {
    za_value v;
    v.kind = kind;
    v.as.count = n;
    return v;
}

static za_value real(uint32_t kind, double d) {
    za_value v;
    v.kind = kind;
    v.as.real = d;
    return v;
}

static za_value text(const char* s) {
    za_value v;
    v.kind = ZA_KIND_TEXT;
    v.len = (uint32_t)strlen(s);
    v.as.bytes = (const uint8_t*)s;
    return v;
}

static za_value addr4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    za_value v;
    v.kind = ZA_KIND_ADDR;
    v.len = 4;
    memset(v.as.addr, 0, sizeof v.as.addr);
    v.as.addr[0] = a;
    v.as.addr[1] = b;
    v.as.addr[2] = c;
    v.as.addr[3] = d;
    return v;
}

static za_value list(const za_value* items, uint32_t n) {
    za_value v;
    v.kind = ZA_KIND_LIST;
    v.len = n;
    v.as.items = items;
    return v;
}

static za_value unset(void) {
    za_value v;
    v.kind = ZA_KIND_UNSET;
    return v;
}

static void usual(za_value v[N]) {
    v[TS] = real(ZA_KIND_TIME, 1700000000.5);
    v[UID] = text("CAbcdef");
    v[ORIG_H] = addr4(10, 0, 0, 5);
    v[ORIG_P] = number(ZA_KIND_PORT, 50000);
    v[RESP_H] = addr4(192, 0, 2, 7);
    v[RESP_P] = number(ZA_KIND_PORT, 443);
    v[PROTO] = text("tcp");
    v[SERVICE] = text("ssl");
    v[DURATION] = real(ZA_KIND_INTERVAL, 1.25);
    v[ORIG_BYTES] = number(ZA_KIND_COUNT, 700);
    v[RESP_BYTES] = number(ZA_KIND_COUNT, 9000);
    v[CONN_STATE] = text("SF");
    v[LOCAL_ORIG] = number(ZA_KIND_BOOL, 1);
    v[LOCAL_RESP] = number(ZA_KIND_BOOL, 0);
    v[MISSED_BYTES] = number(ZA_KIND_COUNT, 0);
    v[HISTORY] = text("ShADadFf");
    v[ORIG_PKTS] = number(ZA_KIND_COUNT, 12);
    v[RESP_PKTS] = number(ZA_KIND_COUNT, 14);
    v[TUNNEL_PARENTS] = list(NULL, 0);
}

static void strange(za_value v[N]) {
    usual(v);
    v[RESP_P] = number(ZA_KIND_PORT, 31337);
    v[SERVICE] = text("\x1b[31mirc\xff");
    v[DURATION] = real(ZA_KIND_INTERVAL, 86000);
    v[ORIG_BYTES] = number(ZA_KIND_COUNT, 40000000000);
}

static za_result fresh(void) {
    za_result r;
    memset(&r, 0, sizeof r);
    r.size = sizeof r;
    return r;
}

static za_options options_for(const char* path) {
    za_options o;
    memset(&o, 0, sizeof o);
    o.size = sizeof o;
    o.model_path = path;
    o.model_path_len = strlen(path);
    return o;
}

static za_engine* opened(const char* path) {
    za_options o = options_for(path);
    za_engine* engine = NULL;
    za_error* err = NULL;
    if ( za_engine_open(&o, &engine, &err) != ZA_STATUS_OK ) {
        fprintf(stderr, "cannot open: %s\n", za_error_message(err));
        exit(2);
    }
    CHECK(err == NULL);
    return engine;
}

static uint32_t bound(za_engine* engine) {
    uint32_t binding = 99;
    CHECK(za_engine_bind(engine, "conn", 4, conn, N, &binding, NULL) == ZA_STATUS_OK);
    return binding;
}

static void about_the_library(void) {
    CHECK(za_abi_version() == ZA_ABI_VERSION);
    CHECK(za_version()[0] >= '0' && za_version()[0] <= '9');
    CHECK(strcmp(za_status_text(ZA_STATUS_OK), "success") == 0);
    for ( uint32_t i = 0; i < 10; i++ )
        CHECK(za_status_text(i)[0] != '\0');
    CHECK(strcmp(za_status_text(UINT32_MAX), "an unknown status") == 0);
    CHECK(za_error_message(NULL) == NULL);
    za_error_free(NULL);
    za_engine_close(NULL);
}

static int safe_to_print(const char* s, size_t n) {
    for ( size_t i = 0; i < n; i++ )
        if ( (unsigned char)s[i] < 0x20 || s[i] == 0x7f )
            return 0;
    return 1;
}

static void records_are_scored(const char* model) {
    za_engine* engine = opened(model);
    uint32_t binding = bound(engine);
    CHECK(binding == 0);

    za_value v[N];
    usual(v);
    za_result a = fresh(), b = fresh();
    CHECK(za_engine_observe(engine, binding, v, N, 3.0, &a, NULL) == ZA_STATUS_OK);
    CHECK(a.size == sizeof a && a.scored == 1 && a.score >= 0 && a.score < 3);
    CHECK(a.claim == ZA_CLAIM_MEASURED);
    CHECK(a.reasons == NULL && a.n_reasons == 0);
    CHECK(a.detector != NULL && a.detector_len > 0);

    strange(v);
    CHECK(za_engine_observe(engine, binding, v, N, 0.0, &b, NULL) == ZA_STATUS_OK);
    CHECK(b.scored == 1 && b.score > a.score && b.n_reasons > 0);
    double sum = 0;
    for ( size_t i = 0; i < b.n_reasons; i++ ) {
        const za_reason* r = &b.reasons[i];
        CHECK(r->feature_len > 0 && r->usual_len > 0 && r->share > 0);
        CHECK(safe_to_print(r->feature, r->feature_len));
        CHECK(safe_to_print(r->value, r->value_len));
        CHECK(safe_to_print(r->usual, r->usual_len));
        sum += r->share;
    }
    CHECK(sum <= 1.0 + 1e-9);

    /* Reasons outlive everything but the next record. */
    za_info info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    CHECK(za_engine_info(engine, &info, NULL) == ZA_STATUS_OK);
    CHECK(bound(engine) == 1);
    CHECK(b.reasons[0].feature[0] != '\0');
    CHECK(info.records == 2 && info.contexts == 0 && info.model_trained_rows == 4000);
    CHECK(info.model_first_ts < info.model_last_ts);
    CHECK(info.model_zeek_version_len == 5 && memcmp(info.model_zeek_version, "8.0.1", 5) == 0);
    CHECK(info.logs_len == 4 && memcmp(info.logs, "conn", 4) == 0);

    za_result never = fresh();
    CHECK(za_engine_observe(engine, binding, v, N, NAN, &never, NULL) == ZA_STATUS_OK);
    CHECK(never.score == b.score && never.n_reasons == 0 && never.reasons == NULL);

    for ( int i = 0; i < N; i++ )
        v[i] = unset();
    CHECK(za_engine_observe(engine, binding, v, N, 0.0, &never, NULL) == ZA_STATUS_OK);
    CHECK(never.scored == 1 && ! isnan(never.score));

    /* A log that the model knows nothing of. */
    const za_field other[1] = {FIELD("uid", ZA_TYPE_STRING, 0)};
    uint32_t unknown = 0;
    CHECK(za_engine_bind(engine, "http", 4, other, 1, &unknown, NULL) == ZA_STATUS_OK);
    za_value uid = text("CAbcdef");
    za_result none = fresh();
    none.scored = 7;
    none.detector = "x";
    CHECK(za_engine_observe(engine, unknown, &uid, 1, 0.0, &none, NULL) == ZA_STATUS_OK);
    CHECK(none.scored == 0 && none.score == 0 && none.detector == NULL && none.n_reasons == 0);
    CHECK(za_engine_info(engine, &info, NULL) == ZA_STATUS_OK && info.contexts == 1);
    usual(v);
    CHECK(za_engine_observe(engine, binding, v, N, NAN, &a, NULL) == ZA_STATUS_OK);
    CHECK(za_engine_info(engine, &info, NULL) == ZA_STATUS_OK && info.contexts == 0);
    za_engine_close(engine);
}

static void models_are_refused(const char* damaged, const char* missing) {
    za_engine* engine = (za_engine*)&failed;
    za_engine* const before = engine;
    za_options o = options_for(damaged);
    FAILS(ZA_STATUS_MODEL_REFUSED, "damaged", za_engine_open(&o, &engine, &err));
    o = options_for(missing);
    FAILS(ZA_STATUS_MODEL_IO, missing, za_engine_open(&o, &engine, &err));
    o = options_for("/");
    FAILS(ZA_STATUS_MODEL_IO, "/", za_engine_open(&o, &engine, &err));
    o.model_path = "a\0b";
    o.model_path_len = 3;
    FAILS(ZA_STATUS_MODEL_IO, "\\x00", za_engine_open(&o, &engine, &err));
    o.model_path = "\xff\n";
    o.model_path_len = 2;
    FAILS(ZA_STATUS_MODEL_IO, "\\x0a", za_engine_open(&o, &engine, &err));
    o = options_for("x");
    o.model_path_len = 0;
    FAILS(ZA_STATUS_INVALID, "model_path", za_engine_open(&o, &engine, &err));
    o.model_path_len = SIZE_MAX;
    FAILS(ZA_STATUS_INVALID, "model_path", za_engine_open(&o, &engine, &err));
    o.model_path = NULL;
    FAILS(ZA_STATUS_NULL, "model_path", za_engine_open(&o, &engine, &err));
    FAILS(ZA_STATUS_NULL, "za_options", za_engine_open(NULL, &engine, &err));
    FAILS(ZA_STATUS_NULL, "out", za_engine_open(&o, NULL, &err));
    CHECK(za_engine_open(NULL, NULL, NULL) == ZA_STATUS_NULL);
    CHECK(engine == before);
}

static void sizes_are_minded(const char* model) {
    za_options o = options_for(model);
    za_engine* engine = NULL;
    const size_t bad[] = {0, 1, offsetof(za_options, flags) - 1, 4097, SIZE_MAX};
    for ( size_t i = 0; i < sizeof bad / sizeof *bad; i++ ) {
        o.size = bad[i];
        FAILS(ZA_STATUS_INVALID, "za_options", za_engine_open(&o, &engine, &err));
    }
    CHECK(engine == NULL);

    /* A caller that was compiled later. */
    struct {
        za_options known;
        uint64_t unknown[4];
    } newer_options = {options_for(model), {1, 2, 3, 4}};
    newer_options.known.size = sizeof newer_options;
    newer_options.known.max_connections = UINT64_MAX;
    CHECK(za_engine_open(&newer_options.known, &engine, NULL) == ZA_STATUS_OK);
    uint32_t binding = bound(engine);

    struct {
        za_result known;
        uint64_t unknown;
    } newer = {fresh(), 42};
    newer.known.size = sizeof newer;
    za_value v[N];
    usual(v);
    CHECK(za_engine_observe(engine, binding, v, N, NAN, &newer.known, NULL) == ZA_STATUS_OK);
    CHECK(newer.known.scored == 1 && newer.known.size == sizeof newer && newer.unknown == 42);

    za_result r = fresh();
    za_info info;
    memset(&info, 0, sizeof info);
    const size_t worse[] = {0, 1, sizeof(size_t), 63, 4097, SIZE_MAX};
    for ( size_t i = 0; i < sizeof worse / sizeof *worse; i++ ) {
        r.size = worse[i];
        FAILS(ZA_STATUS_INVALID, "za_result", za_engine_observe(engine, binding, v, N, 0.0, &r, &err));
        info.size = worse[i];
        FAILS(ZA_STATUS_INVALID, "za_info", za_engine_info(engine, &info, &err));
    }
    CHECK(r.scored == 0 && info.records == 0);
    za_engine_close(engine);
}

static void bindings_are_checked(const char* model) {
    za_engine* engine = opened(model);
    uint32_t b = 99;
    za_field f[2] = {FIELD("a", ZA_TYPE_COUNT, 0), FIELD("b", ZA_TYPE_LIST, ZA_TYPE_ADDR)};
    CHECK(za_engine_bind(engine, "x", 1, f, 2, &b, NULL) == ZA_STATUS_OK && b == 0);
    b = 99;

    FAILS(ZA_STATUS_NULL, "engine", za_engine_bind(NULL, "x", 1, f, 2, &b, &err));
    FAILS(ZA_STATUS_NULL, "log", za_engine_bind(engine, NULL, 1, f, 2, &b, &err));
    FAILS(ZA_STATUS_NULL, "log", za_engine_bind(engine, NULL, 0, f, 2, &b, &err));
    FAILS(ZA_STATUS_NULL, "fields", za_engine_bind(engine, "x", 1, NULL, 2, &b, &err));
    FAILS(ZA_STATUS_NULL, "fields", za_engine_bind(engine, "x", 1, NULL, 0, &b, &err));
    FAILS(ZA_STATUS_NULL, "out_binding", za_engine_bind(engine, "x", 1, f, 2, NULL, &err));
    CHECK(za_engine_bind(NULL, NULL, 0, NULL, 0, NULL, NULL) == ZA_STATUS_NULL);

    FAILS(ZA_STATUS_INVALID, "empty", za_engine_bind(engine, "x", 0, f, 2, &b, &err));
    FAILS(ZA_STATUS_INVALID, "long", za_engine_bind(engine, "x", 1025, f, 2, &b, &err));
    FAILS(ZA_STATUS_INVALID, "long", za_engine_bind(engine, "x", SIZE_MAX, f, 2, &b, &err));
    FAILS(ZA_STATUS_TEXT, "UTF-8", za_engine_bind(engine, "\xc3(", 2, f, 2, &b, &err));
    FAILS(ZA_STATUS_INVALID, "no fields", za_engine_bind(engine, "x", 1, f, 0, &b, &err));
    FAILS(ZA_STATUS_LIMIT, "4097", za_engine_bind(engine, "x", 1, f, 4097, &b, &err));
    FAILS(ZA_STATUS_LIMIT, "fields", za_engine_bind(engine, "x", 1, f, SIZE_MAX, &b, &err));

    const za_field good = f[1];
    f[1].name = "\xff\xfe";
    f[1].name_len = 2;
    FAILS(ZA_STATUS_TEXT, "field 1", za_engine_bind(engine, "x", 1, f, 2, &b, &err));
    f[1].name = NULL;
    FAILS(ZA_STATUS_NULL, "field 1", za_engine_bind(engine, "x", 1, f, 2, &b, &err));
    f[1] = good;
    f[1].name_len = 0;
    FAILS(ZA_STATUS_INVALID, "field 1", za_engine_bind(engine, "x", 1, f, 2, &b, &err));
    f[1].name_len = SIZE_MAX;
    FAILS(ZA_STATUS_INVALID, "field 1", za_engine_bind(engine, "x", 1, f, 2, &b, &err));
    f[1] = good;
    f[1].name = "a";
    FAILS(ZA_STATUS_INVALID, "twice", za_engine_bind(engine, "x", 1, f, 2, &b, &err));
    f[1] = good;
    f[1].type = 13;
    FAILS(ZA_STATUS_INVALID, "type", za_engine_bind(engine, "x", 1, f, 2, &b, &err));
    f[1] = good;
    f[1].element = UINT32_MAX;
    FAILS(ZA_STATUS_INVALID, "type", za_engine_bind(engine, "x", 1, f, 2, &b, &err));
    f[1].element = ZA_TYPE_LIST;
    FAILS(ZA_STATUS_INVALID, "lists", za_engine_bind(engine, "x", 1, f, 2, &b, &err));
    f[1] = good;
    f[0].element = UINT32_MAX; /* not looked at */
    CHECK(b == 99);
    CHECK(za_engine_bind(engine, "x", 1, f, 2, &b, NULL) == ZA_STATUS_OK && b == 1);

    _Alignas(za_field) char bytes[2 * sizeof(za_field) + 1];
    memset(bytes, 0, sizeof bytes);
    const za_field* askew = (const za_field*)(uintptr_t)((uintptr_t)bytes + 1);
    FAILS(ZA_STATUS_INVALID, "aligned", za_engine_bind(engine, "x", 1, askew, 2, &b, &err));
    za_engine_close(engine);
}

/* Replaces one value of a usual record; it must be refused, and not counted. */
static void refuses(za_engine* engine, uint32_t binding, int at, za_value bad, uint32_t status, const char* word) {
    za_value v[N];
    usual(v);
    v[at] = bad;
    za_result r = fresh();
    r.score = -1;
    FAILS(status, word, za_engine_observe(engine, binding, v, N, 0.0, &r, &err));
    CHECK(za_engine_observe(engine, binding, v, N, 0.0, &r, NULL) == status);
    CHECK(r.score == -1 && r.scored == 0);
}

static void takes(za_engine* engine, uint32_t binding, int at, za_value good) {
    za_value v[N];
    usual(v);
    v[at] = good;
    za_result r = fresh();
    CHECK(za_engine_observe(engine, binding, v, N, 0.0, &r, NULL) == ZA_STATUS_OK);
    CHECK(r.scored == 1 && ! isnan(r.score));
}

static void values_are_checked(const char* model) {
    za_engine* engine = opened(model);
    uint32_t b = bound(engine);
    za_value v[N];
    usual(v);
    za_result r = fresh();

    FAILS(ZA_STATUS_NULL, "engine", za_engine_observe(NULL, b, v, N, 0.0, &r, &err));
    FAILS(ZA_STATUS_NULL, "values", za_engine_observe(engine, b, NULL, N, 0.0, &r, &err));
    FAILS(ZA_STATUS_NULL, "za_result", za_engine_observe(engine, b, v, N, 0.0, NULL, &err));
    FAILS(ZA_STATUS_INVALID, "18 values", za_engine_observe(engine, b, v, N - 1, 0.0, &r, &err));
    FAILS(ZA_STATUS_INVALID, "0 values", za_engine_observe(engine, b, v, 0, 0.0, &r, &err));
    FAILS(ZA_STATUS_INVALID, "values", za_engine_observe(engine, b, v, SIZE_MAX, 0.0, &r, &err));
    FAILS(ZA_STATUS_INVALID, "binding 1", za_engine_observe(engine, 1, v, N, 0.0, &r, &err));
    FAILS(ZA_STATUS_INVALID, "binding", za_engine_observe(engine, UINT32_MAX, v, N, 0.0, &r, &err));
    CHECK(za_engine_observe(NULL, 0, NULL, 0, 0.0, NULL, NULL) == ZA_STATUS_NULL);

    /* Kinds. */
    refuses(engine, b, ORIG_BYTES, number(11, 1), ZA_STATUS_INVALID, "orig_bytes");
    refuses(engine, b, ORIG_BYTES, number(UINT32_MAX, 1), ZA_STATUS_INVALID, "orig_bytes");
    refuses(engine, b, ORIG_BYTES, text("700"), ZA_STATUS_INVALID, "orig_bytes");
    refuses(engine, b, ORIG_BYTES, real(ZA_KIND_DOUBLE, 7), ZA_STATUS_INVALID, "orig_bytes");
    refuses(engine, b, UID, number(ZA_KIND_COUNT, 1), ZA_STATUS_INVALID, "uid");
    refuses(engine, b, UID, list(NULL, 0), ZA_STATUS_INVALID, "uid");
    refuses(engine, b, TS, real(ZA_KIND_INTERVAL, 1), ZA_STATUS_INVALID, "ts");

    /* Contents. */
    refuses(engine, b, RESP_P, number(ZA_KIND_PORT, 65536), ZA_STATUS_INVALID, "id.resp_p");
    refuses(engine, b, RESP_P, number(ZA_KIND_PORT, UINT64_MAX), ZA_STATUS_INVALID, "id.resp_p");
    takes(engine, b, RESP_P, number(ZA_KIND_PORT, 65535));
    takes(engine, b, LOCAL_ORIG, number(ZA_KIND_BOOL, UINT64_MAX));
    za_value a = addr4(1, 2, 3, 4);
    const uint32_t lens[] = {0, 1, 5, 15, 17, UINT32_MAX};
    for ( size_t i = 0; i < sizeof lens / sizeof *lens; i++ ) {
        a.len = lens[i];
        refuses(engine, b, RESP_H, a, ZA_STATUS_INVALID, "id.resp_h");
    }
    a.len = 16;
    takes(engine, b, RESP_H, a);
    const double reals[] = {NAN, INFINITY, -INFINITY, -0.0, 1e308, 5e-324, -1.7e308};
    for ( size_t i = 0; i < sizeof reals / sizeof *reals; i++ ) {
        takes(engine, b, TS, real(ZA_KIND_TIME, reals[i]));
        takes(engine, b, DURATION, real(ZA_KIND_INTERVAL, reals[i]));
    }
    takes(engine, b, ORIG_BYTES, number(ZA_KIND_COUNT, UINT64_MAX));

    /* Texts. */
    za_value t = text("");
    takes(engine, b, SERVICE, t);
    t.as.bytes = NULL;
    takes(engine, b, SERVICE, t);
    t.len = 1;
    refuses(engine, b, SERVICE, t, ZA_STATUS_NULL, "service");
    t.len = UINT32_MAX;
    refuses(engine, b, SERVICE, t, ZA_STATUS_NULL, "service");
    takes(engine, b, SERVICE, text("\xff\xc3\x28\x01\\x00\\xzz\\"));
    size_t big = 1 << 20;
    char* long_text = malloc(big);
    if ( long_text == NULL )
        exit(2);
    memset(long_text, '\\', big);
    t.as.bytes = (const uint8_t*)long_text;
    t.len = (uint32_t)big;
    takes(engine, b, SERVICE, t);
    t.len = UINT32_MAX; /* cut long before the end of what is there */
    takes(engine, b, SERVICE, t);
    free(long_text);

    /* Lists. */
    za_value items[70];
    for ( int i = 0; i < 70; i++ )
        items[i] = i % 2 ? text("CParent") : unset();
    takes(engine, b, TUNNEL_PARENTS, list(items, 1));
    takes(engine, b, TUNNEL_PARENTS, list(items, 70));
    takes(engine, b, TUNNEL_PARENTS, list(items, UINT32_MAX)); /* cut as well */
    refuses(engine, b, TUNNEL_PARENTS, list(NULL, 1), ZA_STATUS_NULL, "tunnel_parents");
    refuses(engine, b, TUNNEL_PARENTS, text("C"), ZA_STATUS_INVALID, "tunnel_parents");
    const za_value* askew = (const za_value*)(uintptr_t)((uintptr_t)items + 1);
    refuses(engine, b, TUNNEL_PARENTS, list(askew, 1), ZA_STATUS_INVALID, "tunnel_parents");
    items[1] = number(ZA_KIND_COUNT, 1);
    refuses(engine, b, TUNNEL_PARENTS, list(items, 2), ZA_STATUS_INVALID, "tunnel_parents");
    items[1] = number(77, 1);
    refuses(engine, b, TUNNEL_PARENTS, list(items, 2), ZA_STATUS_INVALID, "tunnel_parents");
    items[1] = list(items, 1);
    refuses(engine, b, TUNNEL_PARENTS, list(items, 2), ZA_STATUS_INVALID, "tunnel_parents");

    /* After all this, the engine goes on; what was refused was not counted. */
    za_info info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    CHECK(za_engine_info(engine, &info, NULL) == ZA_STATUS_OK);
    uint64_t records = info.records;
    refuses(engine, b, UID, number(ZA_KIND_COUNT, 1), ZA_STATUS_INVALID, "uid");
    CHECK(za_engine_info(engine, &info, NULL) == ZA_STATUS_OK && info.records == records);
    takes(engine, b, UID, text("C1"));

    FAILS(ZA_STATUS_NULL, "engine", za_engine_info(NULL, &info, &err));
    FAILS(ZA_STATUS_NULL, "za_info", za_engine_info(engine, NULL, &err));
    CHECK(za_engine_info(NULL, NULL, NULL) == ZA_STATUS_NULL);
    za_engine_close(engine);
}

/* The strange record once more: whether it is an alert. */
static za_alert alert_of(za_engine* engine, const za_found* f) {
    za_alert a;
    memset(&a, 0xff, sizeof a);
    a.size = sizeof a;
    CHECK(za_engine_alert(engine, f, &a, NULL) == ZA_STATUS_OK);
    return a;
}

static za_alert_options wanted(double per_day) {
    za_alert_options o;
    memset(&o, 0, sizeof o);
    o.size = sizeof o;
    o.per_day = per_day;
    return o;
}

static void alerts_are_raised(const char* model) {
    za_engine* engine = opened(model);
    uint32_t b = 0;
    CHECK(za_engine_bind(engine, "conn", 4, conn, N, &b, NULL) == ZA_STATUS_OK);
    za_value v[N];
    za_result r = fresh();
    za_found f;
    f.size = sizeof f;

    /* Without reasons there is no finding. */
    strange(v);
    CHECK(za_engine_observe(engine, b, v, N, NAN, &r, NULL) == ZA_STATUS_OK);
    CHECK(za_engine_found(engine, &f, NULL) == ZA_STATUS_OK && f.id == 0);
    za_alert a;
    a.size = sizeof a;
    FAILS(ZA_STATUS_INVALID, "no finding", za_engine_alert(engine, &f, &a, &err));

    CHECK(za_engine_observe(engine, b, v, N, 0.0, &r, NULL) == ZA_STATUS_OK);
    CHECK(za_engine_found(engine, &f, NULL) == ZA_STATUS_OK);
    CHECK(f.id != 0 && f.kind != f.id && f.score == r.score && f.entity_len == 4 && f.entity[0] == 10);

    /* Without a budget there is no alert, with one there is, and only one. */
    CHECK(alert_of(engine, &f).fate == ZA_FATE_NONE);
    za_alert_options o = wanted(10);
    o.logs = "dns, conn";
    o.logs_len = 9;
    o.networks = "10.0.0.0/8";
    o.networks_len = 10;
    CHECK(za_engine_set_alerts(engine, &o, NULL) == ZA_STATUS_OK);
    CHECK(za_engine_observe(engine, b, v, N, 0.0, &r, NULL) == ZA_STATUS_OK);
    a = alert_of(engine, &f);
    CHECK(a.fate == ZA_FATE_ALERT && a.finding == f.id && a.records == 1 && a.alerts_today == 1);
    CHECK(a.per_day == 10 && a.needed <= f.score && ! a.exceeded);
    a = alert_of(engine, &f);
    CHECK(a.fate == ZA_FATE_COUNTED && a.records == 2 && a.alerts_today == 1);

    /* A log that does not count. */
    o.logs_len = 3;
    CHECK(za_engine_set_alerts(engine, &o, NULL) == ZA_STATUS_OK);
    CHECK(alert_of(engine, &f).fate == ZA_FATE_NONE);

    za_day day;
    day.size = sizeof day;
    CHECK(za_engine_take_day(engine, 0, &day, NULL) == ZA_STATUS_OK && ! day.there && day.budget == NULL);
    CHECK(za_engine_take_day(engine, 1, &day, NULL) == ZA_STATUS_OK && day.there && day.per_day == 10);
    CHECK(za_engine_take_day(engine, 0, &day, NULL) == ZA_STATUS_OK && day.there && day.alerts == 1);
    CHECK(day.budget_len == 10 && memcmp(day.budget, "10.0.0.0/8", 10) == 0);
    CHECK(za_engine_take_day(engine, 1, &day, NULL) == ZA_STATUS_OK && ! day.there);

    /* What makes no sense changes nothing. */
    za_alert_options bad = wanted(NAN);
    FAILS(ZA_STATUS_INVALID, "per_day", za_engine_set_alerts(engine, &bad, &err));
    bad = wanted(20000);
    FAILS(ZA_STATUS_INVALID, "per_day", za_engine_set_alerts(engine, &bad, &err));
    bad = wanted(1);
    bad.share = 7;
    FAILS(ZA_STATUS_INVALID, "za_share", za_engine_set_alerts(engine, &bad, &err));
    bad = wanted(1);
    bad.threshold = NAN;
    FAILS(ZA_STATUS_INVALID, "threshold", za_engine_set_alerts(engine, &bad, &err));
    bad = wanted(1);
    bad.window = -1;
    FAILS(ZA_STATUS_INVALID, "window", za_engine_set_alerts(engine, &bad, &err));
    bad = wanted(1);
    bad.networks = "10.0.0.0/8,x";
    bad.networks_len = 12;
    FAILS(ZA_STATUS_INVALID, "network", za_engine_set_alerts(engine, &bad, &err));
    bad = wanted(1);
    bad.logs = "\xff";
    bad.logs_len = 1;
    FAILS(ZA_STATUS_TEXT, "UTF-8", za_engine_set_alerts(engine, &bad, &err));
    f.entity_len = 5;
    FAILS(ZA_STATUS_INVALID, "entity", za_engine_alert(engine, &f, &a, &err));
    f.entity_len = 0;
    f.log = 12345;
    CHECK(alert_of(engine, &f).fate == ZA_FATE_NONE);

    o = wanted(0);
    CHECK(za_engine_set_alerts(engine, &o, NULL) == ZA_STATUS_OK);
    f.log = 0;
    CHECK(alert_of(engine, &f).fate == ZA_FATE_NONE);
    FAILS(ZA_STATUS_NULL, "engine", za_engine_set_alerts(NULL, &o, &err));
    FAILS(ZA_STATUS_NULL, "za_alert_options", za_engine_set_alerts(engine, NULL, &err));
    FAILS(ZA_STATUS_NULL, "za_found", za_engine_alert(engine, NULL, &a, &err));
    FAILS(ZA_STATUS_NULL, "za_day", za_engine_take_day(engine, 0, NULL, &err));
    za_engine_close(engine);
}

/* A log that has lost a column has changed; that is told once. */
static void drift_is_told(const char* model) {
    za_engine* engine = opened(model);
    uint32_t b = 0;
    za_drift d;
    d.size = sizeof d;
    CHECK(za_engine_take_drift(engine, &d, NULL) == ZA_STATUS_OK && ! d.there && d.log == NULL);
    CHECK(za_engine_watch_drift(engine, 1, 1, NULL) == ZA_STATUS_OK);
    CHECK(za_engine_bind(engine, "conn", 4, conn, SERVICE, &b, NULL) == ZA_STATUS_OK);
    CHECK(za_engine_take_drift(engine, &d, NULL) == ZA_STATUS_OK && d.there && d.changes > 0);
    CHECK(isnan(d.day) && d.log_len == 4 && memcmp(d.log, "conn", 4) == 0 && d.text_len > 0);
    CHECK(za_engine_bind(engine, "conn", 4, conn, SERVICE, &b, NULL) == ZA_STATUS_OK);
    CHECK(za_engine_take_drift(engine, &d, NULL) == ZA_STATUS_OK && ! d.there);
    CHECK(za_engine_watch_drift(engine, 0, 0, NULL) == ZA_STATUS_OK);
    FAILS(ZA_STATUS_NULL, "engine", za_engine_watch_drift(NULL, 1, 1, &err));
    FAILS(ZA_STATUS_NULL, "za_drift", za_engine_take_drift(engine, NULL, &err));
    za_engine_close(engine);
}

enum { THREADS = 4, RECORDS = 500 };

static void* many(void* engine) {
    uint32_t binding = 0;
    if ( za_engine_bind(engine, "conn", 4, conn, N, &binding, NULL) != ZA_STATUS_OK )
        return engine;
    for ( int i = 0; i < RECORDS; i++ ) {
        za_value v[N];
        za_result r = fresh();
        za_error* err = NULL;
        (i % 2 ? strange : usual)(v);
        if ( za_engine_observe(engine, binding, v, N, 0.0, &r, NULL) != ZA_STATUS_OK )
            return engine;
        if ( za_engine_observe(engine, binding, v, 1, 0.0, &r, &err) != ZA_STATUS_INVALID )
            return engine;
        za_error_free(err);
    }
    return NULL;
}

static void threads_share_an_engine(const char* model) {
    za_engine* engine = opened(model);
    pthread_t t[THREADS];
    for ( int i = 0; i < THREADS; i++ )
        CHECK(pthread_create(&t[i], NULL, many, engine) == 0);
    for ( int i = 0; i < THREADS; i++ ) {
        void* bad = NULL;
        CHECK(pthread_join(t[i], &bad) == 0 && bad == NULL);
    }
    za_info info;
    info.size = sizeof info;
    CHECK(za_engine_info(engine, &info, NULL) == ZA_STATUS_OK);
    CHECK(info.records == THREADS * RECORDS);
    za_engine_close(engine);
}

int main(int argc, char** argv) {
    if ( argc != 4 ) {
        fprintf(stderr, "usage: abi MODEL DAMAGED MISSING\n");
        return 2;
    }
    about_the_library();
    records_are_scored(argv[1]);
    models_are_refused(argv[2], argv[3]);
    sizes_are_minded(argv[1]);
    bindings_are_checked(argv[1]);
    values_are_checked(argv[1]);
    alerts_are_raised(argv[1]);
    drift_is_told(argv[1]);
    threads_share_an_engine(argv[1]);
    return failed;
}
