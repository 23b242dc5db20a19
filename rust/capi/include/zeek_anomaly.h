/*
 * zeek-anomaly: scores Zeek's log records with a trained model.
 *
 * One engine is opened with a model. The columns of each log are bound to it
 * once, names and types; after that a record is only its values, borrowed
 * from the caller for the time of the call.
 *
 * A hunter is what takes time to see: beacons, scans, guessing, and the hosts that they
 * are about. It needs no model, looks at the same records, and hands out findings.
 * In a cluster a hunter that packs stands where records are seen, and sends batches to
 * those that keep state.
 *
 * Status: every function that can fail returns a za_status, and says more in
 * a za_error if the caller wants one. Pass NULL for err, or the address of a
 * pointer; it is written on failure only, and the caller frees what it got with
 * za_error_free.
 *
 * Outputs: written on success only.
 *
 * Ownership: za_engine_open makes an engine, za_engine_close frees it;
 * za_error_free frees an error. Nothing else is ever to be freed. What is
 * passed in is borrowed until the call returns; what is handed out belongs to
 * the library, and each function says for how long it stays.
 *
 * NULL: where something has to be, NULL gives ZA_STATUS_NULL; the functions that
 * free do nothing. A pointer that its type's alignment forbids gives
 * ZA_STATUS_INVALID. Any other pointer has to be good for what it is said
 * to point to; no library could check that.
 *
 * Text: bytes and a length, in both directions, without a NUL at the end
 * unless it is said. Names have to be UTF-8; a record's texts may be any bytes.
 * What is handed out is UTF-8 without control characters: safe to print.
 *
 * Sizes: a struct that begins with a size is filled in by whoever was compiled
 * with it. A caller with an older, shorter struct and one with a newer, longer
 * struct are both served; beyond the shorter of the two nothing is read or
 * written. More than 4096 is taken for garbage.
 *
 * Threads: an engine carries its own lock, so any thread may call with it, and
 * calls from several wait for one another. But the reasons in a
 * za_result stay only until the next za_engine_observe on that engine:
 * threads that share an engine and want reasons need a lock of their own.
 * Closing must be the last call; it waits for files that are still being written. Threads that
 * the library starts block no signals: start them where signals are blocked if another thread
 * is to get them. An error belongs to one thread at a time.
 * There is no other state: two engines know nothing of each other.
 *
 * Panics: a defect of the library does not unwind into the caller; it gives
 * ZA_STATUS_PANIC, and every later call with that engine does so too. The
 * process's panic hook is left as it is. Memory that is exhausted aborts the
 * process, as everywhere in Rust.
 *
 * Version: compare za_abi_version() with ZA_ABI_VERSION before anything else.
 *
 * Made by cbindgen from rust/capi/src: change it there.
 */

#ifndef ZEEK_ANOMALY_H
#define ZEEK_ANOMALY_H

#include <stddef.h>
#include <stdint.h>

/**
 * The version of this interface. It grows when something is changed that a
 * program compiled before would stumble over.
 */
#define ZA_ABI_VERSION 1

/**
 * The most fields that a schema may have.
 */
#define ZA_MAX_FIELDS 4096

/**
 * The most schemas that one engine binds.
 */
#define ZA_MAX_BINDINGS 4096

/**
 * The most bytes of a log's or a field's name.
 */
#define ZA_MAX_NAME 1024

/**
 * There is no model (yet): nothing is scored, but there may be a budget of alerts for what a
 * hunter finds.
 */
#define ZA_ENGINE_WITHOUT_MODEL 1

/**
 * Records are packed for another process, and no state is kept here.
 */
#define ZA_HUNTER_PACKS 1

/**
 * How a call went.
 */
enum za_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It went well.
     */
    ZA_STATUS_OK = 0,
    /**
     * A pointer is NULL that must not be.
     */
    ZA_STATUS_NULL = 1,
    /**
     * A length, a size, a type, a value or a binding is not what it has to be.
     */
    ZA_STATUS_INVALID = 2,
    /**
     * A name is not UTF-8.
     */
    ZA_STATUS_TEXT = 3,
    /**
     * The model file cannot be read.
     */
    ZA_STATUS_MODEL_IO = 4,
    /**
     * The model file was read and is refused: it is none, or is damaged, or was made by
     * a version with another format or other features.
     */
    ZA_STATUS_MODEL_REFUSED = 5,
    /**
     * There are too many bindings, or a schema has too many fields.
     */
    ZA_STATUS_LIMIT = 6,
    /**
     * A defect of the library. The engine that was called is of no more use.
     */
    ZA_STATUS_PANIC = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum za_status za_status;
#else
typedef uint32_t za_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The type of a field.
 */
enum za_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Not known: values of every kind are taken.
     */
    ZA_TYPE_UNKNOWN = 0,
    /**
     * bool: values of kind BOOL.
     */
    ZA_TYPE_BOOL = 1,
    /**
     * count: values of kind COUNT.
     */
    ZA_TYPE_COUNT = 2,
    /**
     * int: values of kind INT.
     */
    ZA_TYPE_INT = 3,
    /**
     * double: values of kind DOUBLE.
     */
    ZA_TYPE_DOUBLE = 4,
    /**
     * time: values of kind TIME.
     */
    ZA_TYPE_TIME = 5,
    /**
     * interval: values of kind INTERVAL.
     */
    ZA_TYPE_INTERVAL = 6,
    /**
     * port: values of kind PORT.
     */
    ZA_TYPE_PORT = 7,
    /**
     * addr: values of kind ADDR.
     */
    ZA_TYPE_ADDR = 8,
    /**
     * subnet: values of kind TEXT, as Zeek logs it ("10.0.0.0/8").
     */
    ZA_TYPE_SUBNET = 9,
    /**
     * string: values of kind TEXT.
     */
    ZA_TYPE_STRING = 10,
    /**
     * enum: values of kind TEXT, the name.
     */
    ZA_TYPE_ENUM = 11,
    /**
     * A set or vector: values of kind LIST.
     */
    ZA_TYPE_LIST = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum za_type za_type;
#else
typedef uint32_t za_type;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a value is.
 */
enum za_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Not there; fits every field. Neither zero nor empty.
     */
    ZA_KIND_UNSET = 0,
    /**
     * A truth value, in as.count: 0 is false, everything else is true.
     */
    ZA_KIND_BOOL = 1,
    /**
     * An unsigned number, in as.count.
     */
    ZA_KIND_COUNT = 2,
    /**
     * A signed number, in as.integer.
     */
    ZA_KIND_INT = 3,
    /**
     * A fraction, in as.real. NaN and infinities count as unset.
     */
    ZA_KIND_DOUBLE = 4,
    /**
     * Seconds since the epoch, in as.real. NaN and infinities count as unset.
     */
    ZA_KIND_TIME = 5,
    /**
     * Seconds, in as.real. NaN and infinities count as unset.
     */
    ZA_KIND_INTERVAL = 6,
    /**
     * A port number, in as.count; at most 65535.
     */
    ZA_KIND_PORT = 7,
    /**
     * An address, in as.addr, in network order; len is 4 or 16.
     */
    ZA_KIND_ADDR = 8,
    /**
     * Text, any bytes, in as.bytes; len of them. Cut where it is very long. NULL
     * will do where len is 0.
     */
    ZA_KIND_TEXT = 9,
    /**
     * A set or vector, in as.items; len of them, none a list itself. Only the first
     * 64 are looked at. NULL will do where len is 0.
     */
    ZA_KIND_LIST = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum za_kind za_kind;
#else
typedef uint32_t za_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How a score is known.
 */
enum za_claim
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Counted among the training records.
     */
    ZA_CLAIM_MEASURED = 0,
    /**
     * Stranger than any training record: from the tail fitted to the strangest of them.
     */
    ZA_CLAIM_EXTRAPOLATED = 1,
    /**
     * Stranger than any training record, of which there are too few for a tail: a lower
     * bound.
     */
    ZA_CLAIM_AT_LEAST = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum za_claim za_claim;
#else
typedef uint32_t za_claim;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What shares one budget of alerts.
 */
enum za_share
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * All logs together.
     */
    ZA_SHARE_ALL = 0,
    /**
     * Each log has its own.
     */
    ZA_SHARE_LOG = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum za_share za_share;
#else
typedef uint32_t za_share;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What became of a record that stands out.
 */
enum za_fate
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It can raise no alert: there is no budget, its log does not count, or its score is
     * below the least.
     */
    ZA_FATE_NONE = 0,
    /**
     * It raises the alert of its finding.
     */
    ZA_FATE_ALERT = 1,
    /**
     * Its finding has raised an alert already.
     */
    ZA_FATE_COUNTED = 2,
    /**
     * It would have, had there not been so many alerts today.
     */
    ZA_FATE_HELD = 3,
    /**
     * It is not strange enough.
     */
    ZA_FATE_BELOW = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum za_fate za_fate;
#else
typedef uint32_t za_fate;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a finding's score is.
 */
enum za_basis
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * -log10 of the probability under what the reasons state as ordinary.
     */
    ZA_BASIS_PROBABILITY = 0,
    /**
     * The strength of a stated rule: 3 is worth a look, 6 is grave.
     */
    ZA_BASIS_RULE = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum za_basis za_basis;
#else
typedef uint32_t za_basis;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How far a change of the model has come.
 */
enum za_reload
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The file is the one that was read last.
     */
    ZA_RELOAD_UNCHANGED = 0,
    /**
     * Another one is being read and checked, on a thread of its own.
     */
    ZA_RELOAD_READING = 1,
    /**
     * The engine goes on with another model from now on.
     */
    ZA_RELOAD_TAKEN = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum za_reload za_reload;
#else
typedef uint32_t za_reload;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How far the state has come on its way to a file.
 */
enum za_saving
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It is there.
     */
    ZA_SAVING_DONE = 0,
    /**
     * There is more to encode: call again.
     */
    ZA_SAVING_ENCODING = 1,
    /**
     * It is being written, on a thread of its own.
     */
    ZA_SAVING_WRITING = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum za_saving za_saving;
#else
typedef uint32_t za_saving;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * An engine: a model, and what is remembered of the connections that are open.
 * It carries its own lock.
 */
typedef struct za_engine za_engine;

/**
 * The text of one failure.
 */
typedef struct za_error za_error;

/**
 * A hunter: what is known of hosts and pairs over time. It carries its own lock.
 */
typedef struct za_hunter za_hunter;

/**
 * How an engine is opened.
 */
typedef struct za_options {
    /**
     * sizeof(za_options).
     */
    size_t size;
    /**
     * The model file.
     */
    const char *model_path;
    /**
     * Bytes of the path.
     */
    size_t model_path_len;
    /**
     * Connections that are remembered at once; 0 for the default, a million.
     */
    uint64_t max_connections;
    /**
     * ZA_ENGINE_WITHOUT_MODEL or 0.
     */
    uint64_t flags;
} za_options;

/**
 * One field of a schema.
 */
typedef struct za_field {
    /**
     * Its name in the dotted form, "id.orig_h"; UTF-8.
     */
    const char *name;
    /**
     * Bytes of the name; 1 to ZA_MAX_NAME.
     */
    size_t name_len;
    /**
     * Its type: a za_type.
     */
    uint32_t type;
    /**
     * The type of the elements: a za_type, but not ZA_TYPE_LIST. Looked at only
     * where the type is ZA_TYPE_LIST.
     */
    uint32_t element;
} za_field;

/**
 * The contents of a value; za_kind says which member is used.
 */
typedef union za_data {
    /**
     * BOOL, COUNT, PORT.
     */
    uint64_t count;
    /**
     * INT.
     */
    int64_t integer;
    /**
     * DOUBLE, TIME, INTERVAL.
     */
    double real;
    /**
     * TEXT.
     */
    const uint8_t *bytes;
    /**
     * LIST.
     */
    const struct za_value *items;
    /**
     * ADDR.
     */
    uint8_t addr[16];
} za_data;

/**
 * One value of a record, borrowed for the time of the call.
 */
typedef struct za_value {
    /**
     * What it is: a za_kind.
     */
    uint32_t kind;
    /**
     * TEXT: bytes. LIST: elements. ADDR: 4 or 16. Otherwise not looked at.
     */
    uint32_t len;
    /**
     * The contents.
     */
    union za_data as;
} za_value;

/**
 * One feature that made a record strange.
 */
typedef struct za_reason {
    /**
     * The feature's name.
     */
    const char *feature;
    /**
     * Bytes of the name.
     */
    size_t feature_len;
    /**
     * Its value in the record, with its unit.
     */
    const char *value;
    /**
     * Bytes of the value.
     */
    size_t value_len;
    /**
     * What is usual for it.
     */
    const char *usual;
    /**
     * Bytes of what is usual.
     */
    size_t usual_len;
    /**
     * Its part in what makes the record strange, from 0 to 1.
     */
    double share;
} za_reason;

/**
 * The judgement of one record.
 */
typedef struct za_result {
    /**
     * sizeof(za_result); set by the caller, and not changed.
     */
    size_t size;
    /**
     * 1 where the record has a score. 0 where the model knows nothing of the log: all that
     * follows is 0 and NULL then, and the record is remembered all the same.
     */
    uint32_t scored;
    /**
     * -log10(p), where p is the fraction of normal records that look at least as
     * strange. Higher is more anomalous; 3 is one in a thousand.
     */
    double score;
    /**
     * The detector's own value.
     */
    double raw;
    /**
     * The detector's name; static.
     */
    const char *detector;
    /**
     * Bytes of the detector's name.
     */
    size_t detector_len;
    /**
     * Why, the most telling first, where the score is at least explain_from; else
     * NULL. Stays until the next za_engine_observe on the engine, or its end.
     */
    const struct za_reason *reasons;
    /**
     * How many reasons there are.
     */
    size_t n_reasons;
    /**
     * How the score is known: a za_claim.
     */
    uint32_t claim;
} za_result;

/**
 * What there is to know of an engine. The texts stay until the engine is closed.
 */
typedef struct za_info {
    /**
     * sizeof(za_info); set by the caller, and not changed.
     */
    size_t size;
    /**
     * Records observed.
     */
    uint64_t records;
    /**
     * Connections that are remembered now.
     */
    uint64_t contexts;
    /**
     * Connections that were forgotten before their end, because of max_connections.
     */
    uint64_t contexts_evicted;
    /**
     * Rows that the model was trained on.
     */
    uint64_t model_trained_rows;
    /**
     * The first time in them, in seconds since the epoch; NaN where there is none.
     */
    double model_first_ts;
    /**
     * The last time in them; NaN where there is none.
     */
    double model_last_ts;
    /**
     * The version of Zeek that wrote them; NULL where it is not known.
     */
    const char *model_zeek_version;
    /**
     * Bytes of the version.
     */
    size_t model_zeek_version_len;
    /**
     * The logs that the model scores, with commas between them.
     */
    const char *logs;
    /**
     * Bytes of the logs.
     */
    size_t logs_len;
} za_info;

/**
 * How alerts are raised.
 */
typedef struct za_alert_options {
    /**
     * sizeof(za_alert_options).
     */
    size_t size;
    /**
     * Alerts a day for each budget, from 0.01 to 10000; 0 for no alerts at all.
     */
    double per_day;
    /**
     * The least score of an alert, whatever the budget.
     */
    double threshold;
    /**
     * Seconds for which records count with the alert of their finding; 0 for a day.
     */
    double window;
    /**
     * What shares a budget: a za_share.
     */
    uint32_t share;
    /**
     * Logs whose records raise alerts, with commas between them; none for all.
     */
    const char *logs;
    /**
     * Bytes of the logs.
     */
    size_t logs_len;
    /**
     * Networks whose hosts have a budget of their own, each, with commas between them:
     * "10.1.0.0/16,2001:db8::/32".
     */
    const char *networks;
    /**
     * Bytes of the networks.
     */
    size_t networks_len;
    /**
     * 1 where what za_engine_alert_behavior takes shares the budgets, as a log named
     * "behavior"; else 0.
     */
    uint64_t behaviors;
} za_alert_options;

/**
 * What a record belongs to that was explained. It may be kept, copied and given back later.
 */
typedef struct za_found {
    /**
     * sizeof(za_found); set by the caller, and not changed.
     */
    size_t size;
    /**
     * The finding: the same for records of the same log and entity that are strange for the
     * same main reasons, in every run. 0 where the record has no reasons.
     */
    uint64_t id;
    /**
     * The log and the reasons alone.
     */
    uint64_t kind;
    /**
     * The log's number in the engine.
     */
    uint32_t log;
    /**
     * Bytes of the entity's address: 0, 4 or 16.
     */
    uint32_t entity_len;
    /**
     * The entity's address, in network order.
     */
    uint8_t entity[16];
    /**
     * The record's score.
     */
    double score;
    /**
     * When it was, in seconds since the epoch; NaN where that is not known.
     */
    double ts;
} za_found;

/**
 * What became of it, and of its finding.
 */
typedef struct za_alert {
    /**
     * sizeof(za_alert); set by the caller, and not changed.
     */
    size_t size;
    /**
     * What became of it: a za_fate.
     */
    uint32_t fate;
    /**
     * 1 where now, for the first time today, the budget is exceeded.
     */
    uint32_t exceeded;
    /**
     * The finding that it was counted with: its own, or that of many entities alike.
     */
    uint64_t finding;
    /**
     * Records of the finding so far.
     */
    uint64_t records;
    /**
     * About how many entities the finding has; more than 1 only for many alike.
     */
    uint64_t entities;
    /**
     * When the first of its records was, in seconds since the epoch.
     */
    double first;
    /**
     * The score that it took.
     */
    double needed;
    /**
     * Alerts that are wanted a day.
     */
    double per_day;
    /**
     * Alerts of the budget so far today.
     */
    uint64_t alerts_today;
    /**
     * Findings of the budget that were held back today.
     */
    uint64_t held_today;
} za_alert;

/**
 * What a hunter found, for a budget.
 */
typedef struct za_behavior {
    /**
     * sizeof(za_behavior).
     */
    size_t size;
    /**
     * Its kind, as in za_finding.
     */
    const char *kind;
    /**
     * Bytes of the kind.
     */
    size_t kind_len;
    /**
     * The finding's id, as in za_finding.
     */
    uint64_t id;
    /**
     * Its records so far.
     */
    uint64_t records;
    /**
     * Its score.
     */
    double score;
    /**
     * When its last record was, in seconds since the epoch; NaN where that is not known.
     */
    double ts;
    /**
     * The host's address, in network order.
     */
    uint8_t host[16];
    /**
     * Bytes of the address: 4 or 16.
     */
    size_t host_len;
} za_behavior;

/**
 * A finding that raised an alert and counts no more records.
 */
typedef struct za_over {
    /**
     * sizeof(za_over); set by the caller, and not changed.
     */
    size_t size;
    /**
     * 1 where there is one; 0 where all were taken, and all that follows is 0 and NULL.
     */
    uint32_t there;
    /**
     * Bytes of the entity's address: 0 where it is none, or many; 4 or 16.
     */
    uint32_t entity_len;
    /**
     * The entity's address, in network order.
     */
    uint8_t entity[16];
    /**
     * The finding, as in za_alert.
     */
    uint64_t finding;
    /**
     * Its records, all of them.
     */
    uint64_t records;
    /**
     * About how many entities it had.
     */
    uint64_t entities;
    /**
     * When it raised its alert, in seconds since the epoch.
     */
    double alerted;
    /**
     * When the first of its records was.
     */
    double first;
    /**
     * When the last came.
     */
    double last;
    /**
     * The highest score among them.
     */
    double score;
    /**
     * The log; "behavior" where a hunter found it. Stays until the next is taken.
     */
    const char *log;
    /**
     * Bytes of the log.
     */
    size_t log_len;
} za_over;

/**
 * A day of one budget that has ended.
 */
typedef struct za_day {
    /**
     * sizeof(za_day); set by the caller, and not changed.
     */
    size_t size;
    /**
     * 1 where there is one; 0 where all days were taken, and all that follows is 0 and NULL.
     */
    uint32_t there;
    /**
     * 1 where the budget was exceeded.
     */
    uint32_t exceeded;
    /**
     * When it began, in seconds since the epoch.
     */
    double begin;
    /**
     * The part of it that was seen, from 0 to 1.
     */
    double part;
    /**
     * Alerts that were wanted.
     */
    double per_day;
    /**
     * Alerts that were raised.
     */
    uint64_t alerts;
    /**
     * Findings that were held back.
     */
    uint64_t held;
    /**
     * Records of all logs.
     */
    uint64_t records;
    /**
     * The budget; NULL where all share one. Stays until the next day is taken.
     */
    const char *budget;
    /**
     * Bytes of the budget.
     */
    size_t budget_len;
} za_day;

/**
 * What changed in one log: on one day, or in its columns.
 */
typedef struct za_drift {
    /**
     * sizeof(za_drift); set by the caller, and not changed.
     */
    size_t size;
    /**
     * 1 where there is one; 0 where all were taken, and all that follows is 0 and NULL.
     */
    uint32_t there;
    /**
     * How many things changed.
     */
    uint32_t changes;
    /**
     * When the day began, in seconds since the epoch; NaN where it is no matter of a day.
     */
    double day;
    /**
     * Records of the day.
     */
    uint64_t records;
    /**
     * The log. Texts stay until the next change is taken.
     */
    const char *log;
    /**
     * Bytes of the log.
     */
    size_t log_len;
    /**
     * What changed, in words, the largest first; at most five things.
     */
    const char *text;
    /**
     * Bytes of the words.
     */
    size_t text_len;
} za_drift;

/**
 * How a hunter is opened. Lists are texts with commas between their elements; NULL and 0
 * for none.
 */
typedef struct za_hunter_options {
    /**
     * sizeof(za_hunter_options).
     */
    size_t size;
    /**
     * The most memory that all state may take, in bytes; 0 for the default.
     */
    uint64_t memory;
    /**
     * Mixed into all keys, so that nobody can prepare collisions. State belongs to its seed.
     */
    uint64_t seed;
    /**
     * ZA_HUNTER_PACKS or 0.
     */
    uint32_t flags;
    /**
     * Networks that are ours: "192.0.2.0/24,2001:db8::/32".
     */
    const char *local_nets;
    /**
     * Bytes of local_nets.
     */
    size_t local_nets_len;
    /**
     * Parameters: "beacon.threshold=4,scan.hosts=20".
     */
    const char *settings;
    /**
     * Bytes of settings.
     */
    size_t settings_len;
    /**
     * A file of what ordinary logs taught.
     */
    const char *usual_path;
    /**
     * Bytes of usual_path.
     */
    size_t usual_path_len;
    /**
     * A file of what is not reported.
     */
    const char *allow_path;
    /**
     * Bytes of allow_path.
     */
    size_t allow_path_len;
    /**
     * A file of saved state to go on from. One that is not there is no failure.
     */
    const char *state_path;
    /**
     * Bytes of state_path.
     */
    size_t state_path_len;
} za_hunter_options;

/**
 * A text.
 */
typedef struct za_text {
    /**
     * Its first byte; NULL where it is empty.
     */
    const char *data;
    /**
     * How many there are.
     */
    size_t len;
} za_text;

/**
 * One piece of evidence.
 */
typedef struct za_evidence {
    /**
     * What it is.
     */
    struct za_text what;
    /**
     * Its value, in words.
     */
    struct za_text value;
} za_evidence;

/**
 * Something found. All texts and arrays stay until the next za_hunter_take on the
 * hunter, or its end.
 */
typedef struct za_finding {
    /**
     * sizeof(za_finding); set by the caller, and not changed.
     */
    size_t size;
    /**
     * 1 where there was a finding to take; 0 where there was none, and all else is 0.
     */
    uint32_t taken;
    /**
     * How often it was handed out before, with less evidence.
     */
    uint32_t update;
    /**
     * The same for every update of one finding.
     */
    uint64_t id;
    /**
     * Records that are part of it.
     */
    uint64_t count;
    /**
     * How strong the evidence is.
     */
    double score;
    /**
     * How sure it is that this means harm, 0 to 1.
     */
    double confidence;
    /**
     * When it began, in seconds since the epoch.
     */
    double first;
    /**
     * The last record that is part of it.
     */
    double last;
    /**
     * What the score is: a za_basis.
     */
    uint32_t basis;
    /**
     * The responder's port; 65536 where there is none.
     */
    uint32_t port;
    /**
     * Its kind: "scan_vertical".
     */
    struct za_text kind;
    /**
     * The kind as the name of a notice type: "Vertical_Scan".
     */
    struct za_text notice;
    /**
     * The kind in words.
     */
    struct za_text title;
    /**
     * Where in an attack it belongs, in words.
     */
    struct za_text stage;
    /**
     * The host whose doing it is: an address.
     */
    struct za_text host;
    /**
     * The other side, where it is one host: an address.
     */
    struct za_text peer;
    /**
     * The transport protocol, where it is known.
     */
    struct za_text proto;
    /**
     * A name that the other side goes by, where it is known.
     */
    struct za_text name;
    /**
     * Why.
     */
    const struct za_evidence *reasons;
    /**
     * How many reasons there are.
     */
    size_t n_reasons;
    /**
     * Some of the connections that are part of it.
     */
    const struct za_text *uids;
    /**
     * How many uids there are.
     */
    size_t n_uids;
} za_finding;

/**
 * What there is to know of a hunter.
 */
typedef struct za_hunter_info {
    /**
     * sizeof(za_hunter_info); set by the caller, and not changed.
     */
    size_t size;
    /**
     * Records looked at.
     */
    uint64_t records;
    /**
     * Records that the allowlist covered.
     */
    uint64_t allowed;
    /**
     * Findings, updates among them.
     */
    uint64_t findings;
    /**
     * Findings that the allowlist covered.
     */
    uint64_t findings_allowed;
    /**
     * Findings that were as usual.
     */
    uint64_t findings_usual;
    /**
     * Findings, and packed records, that were dropped because nobody took them.
     */
    uint64_t dropped;
    /**
     * Bytes that all state takes.
     */
    uint64_t memory;
    /**
     * Entities that were forgotten to stay within the memory.
     */
    uint64_t given_up;
} za_hunter_info;

/**
 * Records on their way to another process. The bytes stay until the next call with the
 * hunter.
 */
typedef struct za_batch {
    /**
     * sizeof(za_batch); set by the caller, and not changed.
     */
    size_t size;
    /**
     * Whose records these are: all of one bucket have to go to the same process.
     */
    uint32_t bucket;
    /**
     * Records in it; 0 where there was no batch to take.
     */
    uint32_t records;
    /**
     * The bytes, for za_hunter_unpack.
     */
    const uint8_t *data;
    /**
     * How many there are.
     */
    size_t len;
} za_batch;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the interface that the loaded library speaks; ZA_ABI_VERSION
 * is the one that the program was compiled for. From any thread.
 */
uint32_t za_abi_version(void);

/**
 * The version of the library, such as "0.1.0": static, ends with a NUL. From any
 * thread.
 */
const char *za_version(void);

/**
 * Opens an engine: reads the model, and checks it as if it came from an enemy. The
 * caller closes it with za_engine_close.
 *
 * Fails with ZA_STATUS_MODEL_IO or ZA_STATUS_MODEL_REFUSED for a model that
 * cannot be used; the error says which and why.
 *
 * The caller answers for this:
 * options, out and err are NULL or point to what they are said to point to.
 */
za_status za_engine_open(const struct za_options *options, struct za_engine **out, struct za_error **err);

/**
 * Closes an engine and frees all that belongs to it. Nothing for NULL. No other call
 * with it may be under way, and none may follow.
 *
 * The caller answers for this:
 * engine is NULL or was opened by this library and is not yet closed.
 */
void za_engine_close(struct za_engine *engine);

/**
 * Binds a schema: the names and types of a log's columns, in the order in which the
 * values of its records will come. Once for each schema; the number that is written
 * to out_binding is given with each of its records, and stays until the
 * engine is closed. Nothing that is passed has to stay.
 *
 * The log is "conn", "http", and so on. One that the model knows nothing of
 * can be bound too: its records get no score, but tell of their connections.
 *
 * Fails with ZA_STATUS_TEXT for a name that is not UTF-8, with
 * ZA_STATUS_INVALID for no fields, an empty or a very long name, a name that is there
 * twice, or an unknown type, and with ZA_STATUS_LIMIT beyond ZA_MAX_FIELDS or
 * ZA_MAX_BINDINGS.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_bind(struct za_engine *engine,
                         const char *log,
                         size_t log_len,
                         const struct za_field *fields,
                         size_t n_fields,
                         uint32_t *out_binding,
                         struct za_error **err);

/**
 * Scores a record with what its connection did so far, and remembers it for what
 * follows. A conn record ends its connection, which is forgotten then. So records have
 * to come in the order in which Zeek writes them.
 *
 * There are as many values as the binding has fields, in the same order; each is of the
 * kind that its field's type takes, or unset. Otherwise the call fails with
 * ZA_STATUS_INVALID, and the record is neither scored nor remembered.
 *
 * Where the score is at least explain_from, the result has reasons: 0 for always,
 * NaN for never. Once its buffers have grown, the call allocates memory only for
 * reasons, for what is new of a connection, and, now and then, to round a number that
 * has more than six decimals.
 *
 * The caller answers for this:
 * The pointers, also those in the values, are NULL or point to what they are said to
 * point to; engine is open.
 */
za_status za_engine_observe(struct za_engine *engine,
                            uint32_t binding,
                            const struct za_value *values,
                            size_t n_values,
                            double explain_from,
                            struct za_result *result,
                            struct za_error **err);

/**
 * Tells of an engine and its model. From any thread.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_info(const struct za_engine *engine, struct za_info *out, struct za_error **err);

/**
 * Raises alerts from now on, or otherwise than before, or not at all. What the engine has
 * learned of days stays, unless something else shares a budget or alerts are switched off.
 *
 * Fails with ZA_STATUS_INVALID for a number, a za_share or a network that makes no sense,
 * and with ZA_STATUS_TEXT for lists that are not UTF-8; nothing changes then.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_set_alerts(struct za_engine *engine,
                               const struct za_alert_options *options,
                               struct za_error **err);

/**
 * Tells of the finding that the record observed last belongs to: its id is 0 where that
 * record had no reasons.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_found(const struct za_engine *engine, struct za_found *out, struct za_error **err);

/**
 * Takes a record that is to be reported, by its finding, and tells whether it is an alert.
 * Not every record that was explained has to come here: what is exempt from reports does
 * not use up a budget.
 *
 * Fails with ZA_STATUS_INVALID for an id of 0 or an impossible length of the entity.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_alert(struct za_engine *engine,
                          const struct za_found *finding,
                          struct za_alert *out,
                          struct za_error **err);

/**
 * Takes what a hunter found and is to be reported, and tells whether it is an alert, as
 * za_engine_alert does.
 *
 * Fails with ZA_STATUS_INVALID for an empty or very long kind, or an impossible length of the
 * host.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_alert_behavior(struct za_engine *engine,
                                   const struct za_behavior *behavior,
                                   struct za_alert *out,
                                   struct za_error **err);

/**
 * Takes the oldest finding that raised an alert and is over, and was not taken.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_take_over(struct za_engine *engine, struct za_over *out, struct za_error **err);

/**
 * Takes the oldest day of a budget that has ended and was not taken. With finish not 0
 * the day that is open ends here, as far as it was seen.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_take_day(struct za_engine *engine,
                             uint32_t finish,
                             struct za_day *out,
                             struct za_error **err);

/**
 * Watches from now on whether the world has changed that the model knows, or no more
 * where on is 0. With volumes not 0 the engine sees all records of the network, so that
 * their number means something. Schemas that were bound before are not compared.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_watch_drift(struct za_engine *engine,
                                uint32_t on,
                                uint32_t volumes,
                                struct za_error **err);

/**
 * Takes the oldest change that was not taken. A day is compared an hour after its end, by
 * the records' time.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_take_drift(struct za_engine *engine, struct za_drift *out, struct za_error **err);

/**
 * Looks whether the model's file has changed, or another one is named. If so, it is read and
 * checked on a thread of its own, from the second call on that finds it the same; a call after
 * that takes it. To be called now and then, until out_state, a za_reload, is not
 * ZA_RELOAD_READING.
 *
 * What is known of connections and alerts stays, and so do bindings; what za_engine_info handed
 * out is gone, and a za_found of before must not be given to za_engine_alert.
 *
 * Fails with ZA_STATUS_MODEL_IO or ZA_STATUS_MODEL_REFUSED, once for each change, where the
 * file cannot be used; the engine goes on with the model that it has.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_reload(struct za_engine *engine,
                           const char *path,
                           size_t path_len,
                           uint32_t *out_state,
                           struct za_error **err);

/**
 * Saves what is known of days, budgets and today's findings to a file, which is replaced whole
 * or not at all, on a thread of its own; with wait not 0 the call returns when it is there. Does
 * nothing where no alerts are raised.
 *
 * Fails with ZA_STATUS_MODEL_IO where this, or the last time, could not be written.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_save_alerts(struct za_engine *engine,
                                const char *path,
                                size_t path_len,
                                uint32_t wait,
                                struct za_error **err);

/**
 * Goes on from what za_engine_save_alerts wrote; after za_engine_set_alerts. A file that is not
 * there is no failure. Where something else shares a budget than did then, only what is known of
 * the logs' records is used.
 *
 * Fails with ZA_STATUS_MODEL_IO or ZA_STATUS_MODEL_REFUSED where the file cannot be used;
 * nothing changes then.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_resume_alerts(struct za_engine *engine,
                                  const char *path,
                                  size_t path_len,
                                  struct za_error **err);

/**
 * Time has passed, although no record says so: now is that of the network, in seconds since the
 * epoch. For engines without a model, whose days nothing else ends.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; engine is open.
 */
za_status za_engine_tick(struct za_engine *engine, double now, struct za_error **err);

/**
 * Opens a hunter. The caller closes it with za_hunter_close.
 *
 * Fails with ZA_STATUS_MODEL_REFUSED for a file that cannot be used, and with
 * ZA_STATUS_INVALID for a setting or network that makes no sense.
 *
 * The caller answers for this:
 * options, out and err are NULL or point to what they are said to point to.
 */
za_status za_hunter_open(const struct za_hunter_options *options,
                         struct za_hunter **out,
                         struct za_error **err);

/**
 * Closes a hunter and frees all that belongs to it. Nothing for NULL. No other call with it
 * may be under way, and none may follow.
 *
 * The caller answers for this:
 * hunter is NULL or was opened by this library and is not yet closed.
 */
void za_hunter_close(struct za_hunter *hunter);

/**
 * Binds a schema, as za_engine_bind does. out_wanted becomes 1 where hunters look at records
 * of this log, else 0: those need not be handed over.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; hunter is open.
 */
za_status za_hunter_bind(struct za_hunter *hunter,
                         const char *log,
                         size_t log_len,
                         const struct za_field *fields,
                         size_t n_fields,
                         uint32_t *out_binding,
                         uint32_t *out_wanted,
                         struct za_error **err);

/**
 * Looks at a record, or packs it. Records come in the order in which Zeek writes them.
 * out_waiting becomes the number of findings that wait to be taken.
 *
 * The caller answers for this:
 * The pointers, also those in the values, are NULL or point to what they are said to point
 * to; hunter is open.
 */
za_status za_hunter_observe(struct za_hunter *hunter,
                            uint32_t binding,
                            const struct za_value *values,
                            size_t n_values,
                            size_t *out_waiting,
                            struct za_error **err);

/**
 * Time has passed: now is that of the network, in seconds since the epoch. To be called now
 * and then, so that findings come although no records do.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; hunter is open.
 */
za_status za_hunter_tick(struct za_hunter *hunter, double now, size_t *out_waiting, struct za_error **err);

/**
 * There is nothing more to see: findings that have grown since they were handed out wait to be
 * taken once more, with all their evidence. The hunter may go on after it.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; hunter is open.
 */
za_status za_hunter_finish(struct za_hunter *hunter, size_t *out_waiting, struct za_error **err);

/**
 * Takes the oldest finding.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; hunter is open.
 */
za_status za_hunter_take(struct za_hunter *hunter, struct za_finding *out, struct za_error **err);

/**
 * Tells of a hunter.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; hunter is open.
 */
za_status za_hunter_tell(const struct za_hunter *hunter, struct za_hunter_info *out, struct za_error **err);

/**
 * Looks at the records of a batch that another process packed.
 *
 * Fails with ZA_STATUS_INVALID for a batch of another version, or one that is damaged;
 * what came before the damage was looked at.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; hunter is open.
 */
za_status za_hunter_unpack(struct za_hunter *hunter,
                           const uint8_t *data,
                           size_t len,
                           size_t *out_waiting,
                           struct za_error **err);

/**
 * Takes a batch of packed records: a full one, or with all not 0 one that is not full, too.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; hunter is open.
 */
za_status za_hunter_take_batch(struct za_hunter *hunter,
                               uint32_t all,
                               struct za_batch *out,
                               struct za_error **err);

/**
 * Reads the allowlist again if its file has changed; out_changed becomes 1 then, else 0.
 * Where it cannot be read, or has lines that are no entries, the old list stays, and the call
 * fails once for each change.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; hunter is open.
 */
za_status za_hunter_reload(struct za_hunter *hunter, uint32_t *out_changed, struct za_error **err);

/**
 * Saves the state to a file, which is replaced whole or not at all. When the call returns,
 * it is there.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; hunter is open.
 */
za_status za_hunter_save(struct za_hunter *hunter, const char *path, size_t path_len, struct za_error **err);

/**
 * Does a part of what za_hunter_save does, so that no call takes long: each encodes the state of
 * one behaviour, and the last has all of it written on a thread of its own. out_state becomes a
 * za_saving. The next call after ZA_SAVING_DONE begins anew.
 *
 * The caller answers for this:
 * The pointers are NULL or point to what they are said to point to; hunter is open.
 */
za_status za_hunter_save_step(struct za_hunter *hunter,
                              const char *path,
                              size_t path_len,
                              uint32_t *out_state,
                              struct za_error **err);

/**
 * What a status means, in a few words: static, ends with a NUL, never NULL. Any
 * number may be given. From any thread.
 */
const char *za_status_text(uint32_t status);

/**
 * The text of an error: one line, ends with a NUL, stays until the error is
 * freed. NULL for NULL.
 *
 * The caller answers for this:
 * error is NULL or was handed out by this library and is not yet freed.
 */
const char *za_error_message(const struct za_error *error);

/**
 * Frees an error. Nothing for NULL.
 *
 * The caller answers for this:
 * error is NULL or was handed out by this library and is not yet freed.
 */
void za_error_free(struct za_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ZEEK_ANOMALY_H */
