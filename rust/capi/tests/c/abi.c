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

#define TEXT(s)                                                                                                        \
    { s, sizeof(s) - 1 }

#define FIELD(name, type, element)                                                                                     \
    { TEXT(name), type, element }

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

static za_text bytes(const char* data, size_t len) {
    za_text t = {data, len};
    return t;
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

static za_options options(void) {
    za_options o;
    memset(&o, 0, sizeof o);
    o.size = sizeof o;
    return o;
}

static za_engine* opened(const char* path) {
    za_options o = options();
    za_engine* engine = NULL;
    za_error* err = NULL;
    if ( za_engine_open(&o, &engine, &err) != ZA_STATUS_OK ||
         za_engine_load_model(engine, bytes(path, strlen(path)), 1, &err) != ZA_STATUS_OK ) {
        fprintf(stderr, "cannot open: %s\n", za_error_message(err));
        exit(2);
    }
    CHECK(err == NULL);
    return engine;
}

static uint32_t bind_fields(za_engine* engine, const char* log, const za_field* fields, size_t n) {
    uint32_t binding = 99, watched = 99;
    CHECK(za_engine_bind(engine, bytes(log, strlen(log)), fields, n, ZA_USE_SCORE, &binding, &watched, NULL) ==
          ZA_STATUS_OK);
    CHECK(watched == 0);
    return binding;
}

static uint32_t bound(za_engine* engine) { return bind_fields(engine, "conn", conn, N); }

/* The next event. */
static za_event next(za_engine* engine) {
    za_event e;
    memset(&e, 0xff, sizeof e);
    e.size = sizeof e;
    CHECK(za_engine_next_event(engine, &e, NULL) == ZA_STATUS_OK);
    CHECK(e.size == sizeof e);
    return e;
}

static void about_the_library(void) {
    CHECK(za_abi_version() == ZA_ABI_VERSION);
    CHECK(za_error_message(NULL) == NULL);
    za_error_free(NULL);
    za_engine_close(NULL);
}

static int safe_to_print(za_text t) {
    for ( size_t i = 0; i < t.len; i++ )
        if ( (unsigned char)t.data[i] < 0x20 || t.data[i] == 0x7f )
            return 0;
    return t.len > 0;
}

static void records_are_scored(const char* model) {
    za_engine* engine = opened(model);
    uint32_t binding = bound(engine);
    CHECK(binding == 0);

    za_value v[N];
    usual(v);
    za_result a = fresh(), b = fresh();
    CHECK(za_engine_observe(engine, binding, v, N, 3.0, &a, NULL) == ZA_STATUS_OK);
    CHECK(a.size == sizeof a && a.scored == 1 && a.score >= 0 && a.score < 3 && a.waiting == 0);
    CHECK(next(engine).kind == ZA_EVENT_KIND_NONE);

    strange(v);
    CHECK(za_engine_observe(engine, binding, v, N, 0.0, &b, NULL) == ZA_STATUS_OK);
    CHECK(b.scored == 1 && b.score > a.score && b.waiting == 1);
    za_event e = next(engine);
    CHECK(e.kind == ZA_EVENT_KIND_ANOMALY && e.id != 0);
    const za_anomaly* found = &e.as.anomaly;
    CHECK(found->score == b.score && found->finding != 0 && found->n_reasons > 0);
    CHECK(safe_to_print(found->detector));
    double sum = 0;
    for ( size_t i = 0; i < found->n_reasons; i++ ) {
        const za_reason* r = &found->reasons[i];
        CHECK(r->share > 0);
        CHECK(safe_to_print(r->feature));
        CHECK(safe_to_print(r->value));
        CHECK(safe_to_print(r->typical));
        sum += r->share;
    }
    CHECK(sum <= 1.0 + 1e-9);

    /* What an event borrows outlives everything but the next event. */
    za_info info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    CHECK(za_engine_info(engine, &info, NULL) == ZA_STATUS_OK);
    CHECK(bound(engine) == 1);
    CHECK(found->reasons[0].feature.data[0] != '\0');
    CHECK(info.records == 2 && info.contexts == 0 && info.model_trained_rows == 4000);
    CHECK(info.model_zeek_version.len == 5 && memcmp(info.model_zeek_version.data, "8.0.1", 5) == 0);

    za_result never = fresh();
    CHECK(za_engine_observe(engine, binding, v, N, NAN, &never, NULL) == ZA_STATUS_OK);
    CHECK(never.score == b.score && never.waiting == 0);

    for ( int i = 0; i < N; i++ )
        v[i] = unset();
    CHECK(za_engine_observe(engine, binding, v, N, 0.0, &never, NULL) == ZA_STATUS_OK);
    CHECK(never.scored == 1 && ! isnan(never.score));

    /* A log that the model knows nothing of. */
    const za_field other[1] = {FIELD("uid", ZA_TYPE_STRING, 0)};
    uint32_t unknown = bind_fields(engine, "http", other, 1);
    za_value uid = text("CAbcdef");
    za_result none = fresh();
    none.scored = 7;
    CHECK(za_engine_observe(engine, unknown, &uid, 1, 0.0, &none, NULL) == ZA_STATUS_OK);
    CHECK(none.scored == 0 && none.score == 0);
    CHECK(za_engine_info(engine, &info, NULL) == ZA_STATUS_OK && info.contexts == 1);
    usual(v);
    CHECK(za_engine_observe(engine, binding, v, N, NAN, &a, NULL) == ZA_STATUS_OK);
    CHECK(za_engine_info(engine, &info, NULL) == ZA_STATUS_OK && info.contexts == 0);
    za_engine_close(engine);
}

static void models_are_refused(const char* damaged, const char* missing) {
    za_engine* engine = (za_engine*)&failed;
    za_engine* const before = engine;
    za_options o = options();
    FAILS(ZA_STATUS_NULL, "za_options", za_engine_open(NULL, &engine, &err));
    FAILS(ZA_STATUS_NULL, "out", za_engine_open(&o, NULL, &err));
    CHECK(za_engine_open(NULL, NULL, NULL) == ZA_STATUS_NULL);
    o.state_prefix.len = 1;
    FAILS(ZA_STATUS_NULL, "state_prefix", za_engine_open(&o, &engine, &err));
    CHECK(engine == before);

    o = options();
    CHECK(za_engine_open(&o, &engine, NULL) == ZA_STATUS_OK);
    za_text path = bytes(damaged, strlen(damaged));
    FAILS(ZA_STATUS_REFUSED, "damaged", za_engine_load_model(engine, path, 1, &err));
    path = bytes(missing, strlen(missing));
    FAILS(ZA_STATUS_IO, missing, za_engine_load_model(engine, path, 1, &err));
    FAILS(ZA_STATUS_IO, "/", za_engine_load_model(engine, bytes("/", 1), 1, &err));
    FAILS(ZA_STATUS_IO, "\\x00", za_engine_load_model(engine, bytes("a\0b", 3), 1, &err));
    FAILS(ZA_STATUS_IO, "\\x0a", za_engine_load_model(engine, bytes("\xff\n", 2), 1, &err));
    FAILS(ZA_STATUS_INVALID, "model_path", za_engine_load_model(engine, bytes("x", 0), 1, &err));
    FAILS(ZA_STATUS_INVALID, "model_path", za_engine_load_model(engine, bytes("x", SIZE_MAX), 1, &err));
    FAILS(ZA_STATUS_NULL, "model_path", za_engine_load_model(engine, bytes(NULL, 0), 1, &err));
    FAILS(ZA_STATUS_NULL, "engine", za_engine_load_model(NULL, path, 1, &err));

    /* Without a model nothing is scored. */
    uint32_t b = bound(engine);
    za_value v[N];
    strange(v);
    za_result r = fresh();
    CHECK(za_engine_observe(engine, b, v, N, 0.0, &r, NULL) == ZA_STATUS_OK && r.scored == 0);
    za_engine_close(engine);
}

static void sizes_are_minded(const char* model) {
    za_options o = options();
    za_engine* engine = NULL;
    const size_t bad[] = {0, 1, sizeof(za_options) - 1, 4097, SIZE_MAX};
    for ( size_t i = 0; i < sizeof bad / sizeof *bad; i++ ) {
        o.size = bad[i];
        FAILS(ZA_STATUS_INVALID, "za_options", za_engine_open(&o, &engine, &err));
    }
    CHECK(engine == NULL);

    /* A caller that was compiled later. */
    struct {
        za_options known;
        uint64_t unknown[4];
    } newer_options = {options(), {1, 2, 3, 4}};
    newer_options.known.size = sizeof newer_options;
    newer_options.known.max_connections = UINT64_MAX;
    CHECK(za_engine_open(&newer_options.known, &engine, NULL) == ZA_STATUS_OK);
    CHECK(za_engine_load_model(engine, bytes(model, strlen(model)), 1, NULL) == ZA_STATUS_OK);
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
    za_event event;
    const size_t worse[] = {0, 1, sizeof(size_t), 23, 4097, SIZE_MAX};
    for ( size_t i = 0; i < sizeof worse / sizeof *worse; i++ ) {
        r.size = info.size = event.size = worse[i];
        FAILS(ZA_STATUS_INVALID, "za_result", za_engine_observe(engine, binding, v, N, 0.0, &r, &err));
        FAILS(ZA_STATUS_INVALID, "za_info", za_engine_info(engine, &info, &err));
        FAILS(ZA_STATUS_INVALID, "za_event", za_engine_next_event(engine, &event, &err));
    }
    CHECK(r.scored == 0 && info.records == 0);
    za_engine_close(engine);
}

static void bindings_are_checked(const char* model) {
    za_engine* engine = opened(model);
    uint32_t b = 99, w = 99;
    za_field f[2] = {FIELD("a", ZA_TYPE_COUNT, 0), FIELD("b", ZA_TYPE_LIST, ZA_TYPE_ADDR)};
    CHECK(za_engine_bind(engine, bytes("x", 1), f, 2, ZA_USE_SCORE, &b, &w, NULL) == ZA_STATUS_OK && b == 0);
    b = 99;

    FAILS(ZA_STATUS_NULL, "engine", za_engine_bind(NULL, bytes("x", 1), f, 2, ZA_USE_SCORE, &b, &w, &err));
    FAILS(ZA_STATUS_NULL, "log", za_engine_bind(engine, bytes(NULL, 1), f, 2, ZA_USE_SCORE, &b, &w, &err));
    FAILS(ZA_STATUS_NULL, "log", za_engine_bind(engine, bytes(NULL, 0), f, 2, ZA_USE_SCORE, &b, &w, &err));
    FAILS(ZA_STATUS_NULL, "fields", za_engine_bind(engine, bytes("x", 1), NULL, 2, ZA_USE_SCORE, &b, &w, &err));
    FAILS(ZA_STATUS_NULL, "fields", za_engine_bind(engine, bytes("x", 1), NULL, 0, ZA_USE_SCORE, &b, &w, &err));
    FAILS(ZA_STATUS_NULL, "out_watched", za_engine_bind(engine, bytes("x", 1), f, 2, ZA_USE_SCORE, &b, NULL, &err));
    FAILS(ZA_STATUS_NULL, "out_binding", za_engine_bind(engine, bytes("x", 1), f, 2, ZA_USE_SCORE, NULL, &w, &err));
    CHECK(za_engine_bind(NULL, bytes(NULL, 0), NULL, 0, ZA_USE_SCORE, NULL, &w, NULL) == ZA_STATUS_NULL);

    FAILS(ZA_STATUS_INVALID, "empty", za_engine_bind(engine, bytes("x", 0), f, 2, ZA_USE_SCORE, &b, &w, &err));
    FAILS(ZA_STATUS_INVALID, "long", za_engine_bind(engine, bytes("x", 1025), f, 2, ZA_USE_SCORE, &b, &w, &err));
    FAILS(ZA_STATUS_INVALID, "long", za_engine_bind(engine, bytes("x", SIZE_MAX), f, 2, ZA_USE_SCORE, &b, &w, &err));
    FAILS(ZA_STATUS_TEXT, "UTF-8", za_engine_bind(engine, bytes("\xc3(", 2), f, 2, ZA_USE_SCORE, &b, &w, &err));
    FAILS(ZA_STATUS_INVALID, "no fields", za_engine_bind(engine, bytes("x", 1), f, 0, ZA_USE_SCORE, &b, &w, &err));
    FAILS(ZA_STATUS_LIMIT, "4097", za_engine_bind(engine, bytes("x", 1), f, 4097, ZA_USE_SCORE, &b, &w, &err));
    FAILS(ZA_STATUS_LIMIT, "fields", za_engine_bind(engine, bytes("x", 1), f, SIZE_MAX, ZA_USE_SCORE, &b, &w, &err));

    const za_field good = f[1];
    f[1].name = bytes("\xff\xfe", 2);
    FAILS(ZA_STATUS_TEXT, "field 1", za_engine_bind(engine, bytes("x", 1), f, 2, ZA_USE_SCORE, &b, &w, &err));
    f[1].name.data = NULL;
    FAILS(ZA_STATUS_NULL, "field 1", za_engine_bind(engine, bytes("x", 1), f, 2, ZA_USE_SCORE, &b, &w, &err));
    f[1] = good;
    f[1].name.len = 0;
    FAILS(ZA_STATUS_INVALID, "field 1", za_engine_bind(engine, bytes("x", 1), f, 2, ZA_USE_SCORE, &b, &w, &err));
    f[1].name.len = SIZE_MAX;
    FAILS(ZA_STATUS_INVALID, "field 1", za_engine_bind(engine, bytes("x", 1), f, 2, ZA_USE_SCORE, &b, &w, &err));
    f[1] = good;
    f[1].name = bytes("a", 1);
    FAILS(ZA_STATUS_INVALID, "twice", za_engine_bind(engine, bytes("x", 1), f, 2, ZA_USE_SCORE, &b, &w, &err));
    f[1] = good;
    f[1].type = 13;
    FAILS(ZA_STATUS_INVALID, "type", za_engine_bind(engine, bytes("x", 1), f, 2, ZA_USE_SCORE, &b, &w, &err));
    f[1] = good;
    f[1].element = UINT32_MAX;
    FAILS(ZA_STATUS_INVALID, "type", za_engine_bind(engine, bytes("x", 1), f, 2, ZA_USE_SCORE, &b, &w, &err));
    f[1].element = ZA_TYPE_LIST;
    FAILS(ZA_STATUS_INVALID, "lists", za_engine_bind(engine, bytes("x", 1), f, 2, ZA_USE_SCORE, &b, &w, &err));
    f[1] = good;
    f[0].element = UINT32_MAX; /* not looked at */
    CHECK(b == 99);
    CHECK(za_engine_bind(engine, bytes("x", 1), f, 2, ZA_USE_SCORE, &b, &w, NULL) == ZA_STATUS_OK && b == 1);

    _Alignas(za_field) char room[2 * sizeof(za_field) + 1];
    memset(room, 0, sizeof room);
    const za_field* askew = (const za_field*)(uintptr_t)((uintptr_t)room + 1);
    FAILS(ZA_STATUS_INVALID, "aligned", za_engine_bind(engine, bytes("x", 1), askew, 2, ZA_USE_SCORE, &b, &w, &err));
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

/* The strange record once more, as an event. */
static za_event anomaly(za_engine* engine, uint32_t binding) {
    za_value v[N];
    strange(v);
    za_result r = fresh();
    CHECK(za_engine_observe(engine, binding, v, N, 0.0, &r, NULL) == ZA_STATUS_OK && r.waiting == 1);
    za_event e = next(engine);
    CHECK(e.kind == ZA_EVENT_KIND_ANOMALY);
    return e;
}

static za_decision decided(za_engine* engine, uint64_t id) {
    za_decision d;
    memset(&d, 0xff, sizeof d);
    d.size = sizeof d;
    CHECK(za_engine_decide(engine, id, &d, NULL) == ZA_STATUS_OK);
    return d;
}

static za_settings wanted(double per_day) {
    za_settings s;
    memset(&s, 0, sizeof s);
    s.size = sizeof s;
    s.per_day = per_day;
    return s;
}

static void alerts_are_decided(const char* model) {
    za_engine* engine = opened(model);
    uint32_t b = bound(engine);

    /* Without a budget there is no alert, with one there is, and only one. */
    CHECK(decided(engine, anomaly(engine, b).id).disposition == ZA_DISPOSITION_NONE);
    za_settings s = wanted(10);
    s.logs = bytes("dns, conn", 9);
    s.networks = bytes("10.0.0.0/8", 10);
    CHECK(za_engine_configure(engine, &s, NULL) == ZA_STATUS_OK);
    za_event e = anomaly(engine, b);
    za_decision d = decided(engine, e.id);
    CHECK(d.disposition == ZA_DISPOSITION_RAISED && d.finding == e.as.anomaly.finding);
    CHECK(d.records == 1 && d.raised_today == 1 && d.per_day == 10 && d.needed <= e.as.anomaly.score);
    CHECK(! d.exceeded);
    FAILS(ZA_STATUS_INVALID, "decision", za_engine_decide(engine, e.id, &d, &err));
    FAILS(ZA_STATUS_INVALID, "decision", za_engine_decide(engine, 0, &d, &err));
    d = decided(engine, anomaly(engine, b).id);
    CHECK(d.disposition == ZA_DISPOSITION_AGGREGATED && d.records == 2 && d.raised_today == 1);

    /* A log that raises no alerts. */
    s.logs.len = 3;
    CHECK(za_engine_configure(engine, &s, NULL) == ZA_STATUS_OK);
    CHECK(decided(engine, anomaly(engine, b).id).disposition == ZA_DISPOSITION_NONE);

    /* Where no state is kept, saving ends the day. */
    CHECK(next(engine).kind == ZA_EVENT_KIND_NONE);
    CHECK(za_engine_save(engine, NULL) == ZA_STATUS_OK);
    int closed = 0, days = 0, raised = 0;
    for ( e = next(engine); e.kind != ZA_EVENT_KIND_NONE; e = next(engine) ) {
        CHECK(e.id == 0);
        if ( e.kind == ZA_EVENT_KIND_FINDING_CLOSED ) {
            closed += 1;
            CHECK(e.as.closed.records == 2 && safe_to_print(e.as.closed.log) && safe_to_print(e.as.closed.host));
        }
        if ( e.kind == ZA_EVENT_KIND_BUDGET_DAY ) {
            days += 1;
            raised += (int)e.as.day.raised;
            CHECK(e.as.day.per_day == 10);
        }
    }
    CHECK(closed == 1 && days == 2 && raised == 1);

    /* What makes no sense changes nothing. */
    za_settings bad = wanted(NAN);
    FAILS(ZA_STATUS_INVALID, "per_day", za_engine_configure(engine, &bad, &err));
    bad = wanted(20000);
    FAILS(ZA_STATUS_INVALID, "per_day", za_engine_configure(engine, &bad, &err));
    bad = wanted(1);
    bad.share = 7;
    FAILS(ZA_STATUS_INVALID, "za_share", za_engine_configure(engine, &bad, &err));
    bad = wanted(1);
    bad.drift = 7;
    FAILS(ZA_STATUS_INVALID, "za_watch_drift", za_engine_configure(engine, &bad, &err));
    bad = wanted(1);
    bad.threshold = NAN;
    FAILS(ZA_STATUS_INVALID, "threshold", za_engine_configure(engine, &bad, &err));
    bad = wanted(1);
    bad.window = -1;
    FAILS(ZA_STATUS_INVALID, "window", za_engine_configure(engine, &bad, &err));
    bad = wanted(1);
    bad.networks = bytes("10.0.0.0/8,x", 12);
    FAILS(ZA_STATUS_INVALID, "network", za_engine_configure(engine, &bad, &err));
    bad = wanted(1);
    bad.local_nets = bytes("x", 1);
    FAILS(ZA_STATUS_INVALID, "local_nets", za_engine_configure(engine, &bad, &err));
    bad = wanted(1);
    bad.logs = bytes("\xff", 1);
    FAILS(ZA_STATUS_TEXT, "UTF-8", za_engine_configure(engine, &bad, &err));

    s = wanted(0);
    CHECK(za_engine_configure(engine, &s, NULL) == ZA_STATUS_OK);
    CHECK(decided(engine, anomaly(engine, b).id).disposition == ZA_DISPOSITION_NONE);
    FAILS(ZA_STATUS_NULL, "engine", za_engine_configure(NULL, &s, &err));
    FAILS(ZA_STATUS_NULL, "za_settings", za_engine_configure(engine, NULL, &err));
    FAILS(ZA_STATUS_NULL, "za_decision", za_engine_decide(engine, 1, NULL, &err));
    FAILS(ZA_STATUS_NULL, "engine", za_engine_decide(NULL, 1, &d, &err));
    FAILS(ZA_STATUS_NULL, "za_event", za_engine_next_event(engine, NULL, &err));
    FAILS(ZA_STATUS_NULL, "engine", za_engine_next_event(NULL, &e, &err));
    za_engine_close(engine);
}

/* A log that has lost a column differs from training; that is one event. */
static void drift_is_an_event(const char* model) {
    za_engine* engine = opened(model);
    za_settings s = wanted(0);
    s.drift = ZA_WATCH_DRIFT_VOLUMES;
    CHECK(za_engine_configure(engine, &s, NULL) == ZA_STATUS_OK);
    bind_fields(engine, "conn", conn, SERVICE);
    za_event e = next(engine);
    const za_drift* d = &e.as.drift;
    CHECK(e.kind == ZA_EVENT_KIND_DRIFT && d->changes > 0 && isnan(d->day));
    CHECK(d->log.len == 4 && memcmp(d->log.data, "conn", 4) == 0 && safe_to_print(d->text));
    bind_fields(engine, "conn", conn, SERVICE);
    CHECK(next(engine).kind == ZA_EVENT_KIND_NONE);
    za_engine_close(engine);
}

/* Everything that takes an engine minds NULL. */
static void null_is_minded(void) {
    FAILS(ZA_STATUS_NULL, "engine", za_engine_tick(NULL, 0, &err));
    FAILS(ZA_STATUS_NULL, "engine", za_engine_finish(NULL, 0, &err));
    FAILS(ZA_STATUS_NULL, "engine", za_engine_save(NULL, &err));
    FAILS(ZA_STATUS_NULL, "engine", za_engine_unpack(NULL, NULL, 0, &err));
    FAILS(ZA_STATUS_NULL, "engine", za_engine_watch_behaviors(NULL, NULL, &err));
    za_options o = options();
    za_engine* engine = NULL;
    CHECK(za_engine_open(&o, &engine, NULL) == ZA_STATUS_OK);
    FAILS(ZA_STATUS_NULL, "za_behavior_options", za_engine_watch_behaviors(engine, NULL, &err));
    FAILS(ZA_STATUS_NULL, "data", za_engine_unpack(engine, NULL, 1, &err));
    CHECK(za_engine_tick(engine, NAN, NULL) == ZA_STATUS_OK);
    CHECK(za_engine_finish(engine, INFINITY, NULL) == ZA_STATUS_OK);
    CHECK(next(engine).kind == ZA_EVENT_KIND_NONE);
    za_engine_close(engine);
}

enum { THREADS = 4, RECORDS = 500 };

static void* many(void* engine) {
    uint32_t binding = 0, watched = 0;
    if ( za_engine_bind(engine, bytes("conn", 4), conn, N, ZA_USE_SCORE, &binding, &watched, NULL) != ZA_STATUS_OK )
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
    alerts_are_decided(argv[1]);
    drift_is_an_event(argv[1]);
    null_is_minded();
    threads_share_an_engine(argv[1]);
    return failed;
}
