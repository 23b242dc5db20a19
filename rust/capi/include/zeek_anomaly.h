/*
 * zeek-anomaly: scores Zeek's log records with a trained model, and detects behaviors.
 *
 * Open an engine, name a model, watch behaviors, bind the columns of each log once: names
 * and types. After that a record is only its values, borrowed for the time of the call; one
 * za_engine_observe scores it and watches it. What the engine finds waits as events for
 * za_engine_next_event. An event has an id, by which za_engine_decide says whether it
 * raises an alert. In a cluster, an engine that packs stands where records are seen, and its
 * batches go to the engines that keep state.
 *
 * Status: every function that can fail returns a za_status, and says more in
 * a za_error if the caller wants one. Pass NULL for err, or the address of a
 * pointer; it is written on failure only, and the caller frees what it got with
 * za_error_free. Outputs are written on success only.
 *
 * Ownership: za_engine_open makes an engine, za_engine_close frees it;
 * za_error_free frees an error. Nothing else is ever to be freed. What is
 * passed in is borrowed until the call returns. What is handed out belongs to
 * the library, and each function says for how long it stays.
 *
 * NULL: each function says what it does with NULL. A pointer that its type's alignment
 * forbids gives ZA_STATUS_INVALID. The caller makes sure that any other pointer points to a
 * valid object; no library can check that.
 *
 * Text: a za_text is bytes and a length, in both directions. Names have to be UTF-8; a
 * record's texts may be any bytes. What is handed out is UTF-8 without control characters:
 * safe to print.
 *
 * Sizes: a struct that begins with a size is filled in by whoever was compiled
 * with it. A caller with an older, shorter struct and one with a newer, longer
 * struct are both served; beyond the shorter of the two nothing is read or
 * written. More than 4096 is taken for garbage.
 *
 * Threads: an engine carries its own lock, so any thread may call with it, and
 * calls from several wait for one another. An error belongs to one thread at a time.
 * There is no other state: two engines know nothing of each other.
 *
 * Panics: a defect of the library does not unwind into the caller; it gives
 * ZA_STATUS_PANIC, and every later call with that engine does so too. The
 * process's panic hook is left as it is. Memory that is exhausted aborts the
 * process, as everywhere in Rust.
 *
 * Versions: docs/reference/c-abi.md says what a version may change.
 *
 * Made by cbindgen from rust/capi/src: change it there.
 */

#ifndef ZEEK_ANOMALY_H
#define ZEEK_ANOMALY_H

#include <stddef.h>
#include <stdint.h>

/**
 * The version of this interface. docs/reference/c-abi.md says what a version may change.
 */
#define ZA_ABI_VERSION 2

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
 * Records are packed for another process of a cluster, and no state is kept here.
 */
#define ZA_BEHAVIORS_PACK 1

/**
 * The bucket of records that every process that keeps state needs.
 */
#define ZA_BUCKET_ALL 512

/**
 * Records of a binding are scored.
 */
#define ZA_USE_SCORE 1

/**
 * Records of a binding are watched for behaviors.
 */
#define ZA_USE_BEHAVIORS 2

/**
 * How a call went.
 */
enum za_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The call succeeded.
     */
    ZA_STATUS_OK = 0,
    /**
     * A pointer is NULL that must not be.
     */
    ZA_STATUS_NULL = 1,
    /**
     * A length, a size, a type, a value, a binding or an id is not valid.
     */
    ZA_STATUS_INVALID = 2,
    /**
     * A text is not UTF-8.
     */
    ZA_STATUS_TEXT = 3,
    /**
     * A file cannot be read or written.
     */
    ZA_STATUS_IO = 4,
    /**
     * A file was read and is refused: it is something else, is damaged, or was made by a
     * version with another format.
     */
    ZA_STATUS_REFUSED = 5,
    /**
     * There are too many bindings, or a schema has too many fields.
     */
    ZA_STATUS_LIMIT = 6,
    /**
     * A defect of the library. Every later call with the engine fails, too.
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
     * More anomalous than any training record: from the tail fitted to the most anomalous.
     */
    ZA_CLAIM_EXTRAPOLATED = 1,
    /**
     * More anomalous than any training record, which are too few for a tail: a lower bound.
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
 * Whether the traffic is compared with that of the training.
 */
enum za_watch_drift
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * No.
     */
    ZA_WATCH_DRIFT_OFF = 0,
    /**
     * The values and the columns are compared.
     */
    ZA_WATCH_DRIFT_VALUES = 1,
    /**
     * The number of records is compared, too: this engine sees all records of the network.
     */
    ZA_WATCH_DRIFT_VOLUMES = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum za_watch_drift za_watch_drift;
#else
typedef uint32_t za_watch_drift;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What an event tells.
 */
enum za_event_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * No event waits.
     */
    ZA_EVENT_KIND_NONE = 0,
    /**
     * A record is anomalous: as.anomaly.
     */
    ZA_EVENT_KIND_ANOMALY = 1,
    /**
     * A behavior was detected, or has more evidence: as.behavior.
     */
    ZA_EVENT_KIND_BEHAVIOR = 2,
    /**
     * A finding that raised an alert counts no more records: as.closed.
     */
    ZA_EVENT_KIND_FINDING_CLOSED = 3,
    /**
     * A day of a budget has ended: as.day.
     */
    ZA_EVENT_KIND_BUDGET_DAY = 4,
    /**
     * The traffic of a log differs from training: as.drift.
     */
    ZA_EVENT_KIND_DRIFT = 5,
    /**
     * Another model replaced the current one: as.text is its path.
     */
    ZA_EVENT_KIND_MODEL_LOADED = 6,
    /**
     * Something does not work, and the engine goes on without it: as.text says what.
     */
    ZA_EVENT_KIND_WARNING = 7,
    /**
     * Packed records for another process: as.batch.
     */
    ZA_EVENT_KIND_BATCH = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum za_event_kind za_event_kind;
#else
typedef uint32_t za_event_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What became of an anomaly or a behavior.
 */
enum za_disposition
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * No budget counts it.
     */
    ZA_DISPOSITION_NONE = 0,
    /**
     * It raises the alert of its finding.
     */
    ZA_DISPOSITION_RAISED = 1,
    /**
     * Its finding has raised an alert already.
     */
    ZA_DISPOSITION_AGGREGATED = 2,
    /**
     * It would have raised an alert on a day with fewer alerts.
     */
    ZA_DISPOSITION_SUPPRESSED = 3,
    /**
     * It is not anomalous enough for an alert.
     */
    ZA_DISPOSITION_BELOW_THRESHOLD = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum za_disposition za_disposition;
#else
typedef uint32_t za_disposition;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What the score of a behavior is.
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
 * An engine: it scores records, detects behaviors, and decides about alerts. It carries its
 * own lock.
 */
typedef struct za_engine za_engine;

/**
 * The text of one failure.
 */
typedef struct za_error za_error;

/**
 * A text: bytes and their number, without a NUL at the end. The data may be NULL where
 * the length is 0.
 */
typedef struct za_text {
    /**
     * The first byte.
     */
    const char *data;
    /**
     * The number of bytes.
     */
    size_t len;
} za_text;

/**
 * How an engine is opened.
 */
typedef struct za_options {
    /**
     * sizeof(za_options).
     */
    size_t size;
    /**
     * Connections that are remembered at once; 0 for the default, a million.
     */
    uint64_t max_connections;
    /**
     * The path of the state files without their endings: PREFIX.alerts, PREFIX.state and
     * PREFIX.seed. The directory is made where it does not exist. Empty: no state is kept.
     */
    struct za_text state_prefix;
    /**
     * How often to check the model file for changes, in seconds; 0 for never.
     */
    double model_check_interval;
    /**
     * How often to save the state, in seconds; 0 for never.
     */
    double save_interval;
} za_options;

/**
 * One field of a schema.
 */
typedef struct za_field {
    /**
     * Its name in the dotted form, "id.orig_h"; UTF-8, 1 to ZA_MAX_NAME bytes.
     */
    struct za_text name;
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
 * What became of one record.
 */
typedef struct za_result {
    /**
     * sizeof(za_result); set by the caller, and not changed.
     */
    size_t size;
    /**
     * 1 where the record has a score; 0 where the model does not know the log.
     */
    uint32_t scored;
    /**
     * How many events wait for za_engine_next_event because of records.
     */
    uint32_t waiting;
    /**
     * -log10(p), where p is the fraction of normal records that are at least as anomalous.
     * Higher is more anomalous; 3 is one in a thousand. 0 where there is no score.
     */
    double score;
} za_result;

/**
 * Counts of an engine since it was opened, and its model.
 */
typedef struct za_info {
    /**
     * sizeof(za_info); set by the caller, and not changed.
     */
    size_t size;
    /**
     * Records that the model saw.
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
     * Rows that the model was trained on; 0 where there is no model.
     */
    uint64_t model_trained_rows;
    /**
     * The version of Zeek that wrote them; empty where it is not known. It stays until
     * the engine is closed or loads another model.
     */
    struct za_text model_zeek_version;
    /**
     * Records that behaviors saw.
     */
    uint64_t behavior_records;
    /**
     * Of these: records that the allowlist covered.
     */
    uint64_t behavior_records_allowed;
    /**
     * Detected behaviors, updates among them.
     */
    uint64_t behaviors;
    /**
     * Of these: behaviors that the allowlist covered.
     */
    uint64_t behaviors_allowed;
    /**
     * Of these: behaviors that the behavioral baseline covered.
     */
    uint64_t behaviors_in_baseline;
    /**
     * Events, and packed records, that were dropped because nobody took them.
     */
    uint64_t dropped;
    /**
     * Bytes that the state of behaviors takes.
     */
    uint64_t behavior_memory;
    /**
     * Hosts and pairs that were forgotten to stay within the memory.
     */
    uint64_t behavior_evicted;
} za_info;

/**
 * How behaviors are detected. Lists are texts with commas between their elements.
 */
typedef struct za_behavior_options {
    /**
     * sizeof(za_behavior_options).
     */
    size_t size;
    /**
     * The most memory that all state may take, in bytes; 0 for the default.
     */
    uint64_t memory;
    /**
     * ZA_BEHAVIORS_PACK or 0.
     */
    uint32_t flags;
    /**
     * Networks of the site: "192.0.2.0/24,2001:db8::/32".
     */
    struct za_text local_nets;
    /**
     * Parameters: "beacon.threshold=4,scan.hosts=20".
     */
    struct za_text settings;
    /**
     * A file of the behavioral baseline; empty for none.
     */
    struct za_text baseline_path;
    /**
     * An allowlist file; empty for none. What it covers is not reported, neither behaviors nor
     * records. It is read again when it changes.
     */
    struct za_text allow_path;
} za_behavior_options;

/**
 * What may change while an engine runs.
 */
typedef struct za_settings {
    /**
     * sizeof(za_settings).
     */
    size_t size;
    /**
     * Alerts a day for each budget, from 0.01 to 10000; 0 for no budget.
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
     * 1 where behaviors share the budgets, as a log named "behavior"; else 0.
     */
    uint32_t behaviors;
    /**
     * Logs whose records raise alerts, with commas between them; empty for all.
     */
    struct za_text logs;
    /**
     * Networks whose hosts have a budget of their own, each, with commas between them:
     * "10.1.0.0/16,2001:db8::/32".
     */
    struct za_text networks;
    /**
     * Whether drift is watched: a za_watch_drift.
     */
    uint64_t drift;
    /**
     * Local networks, in addition to private ones, with commas between them: hosts outside
     * cannot use up the last third of a budget.
     */
    struct za_text local_nets;
} za_settings;

/**
 * The decision about an anomaly or a behavior.
 */
typedef struct za_decision {
    /**
     * sizeof(za_decision); set by the caller, and not changed.
     */
    size_t size;
    /**
     * What became of it: a za_disposition.
     */
    uint32_t disposition;
    /**
     * 1 where now, for the first time today, the budget is exceeded.
     */
    uint32_t exceeded;
    /**
     * The finding that it was counted with: its own, or that of many hosts alike.
     */
    uint64_t finding;
    /**
     * Records of the finding so far.
     */
    uint64_t records;
    /**
     * About how many hosts the finding has; more than 1 only for many hosts alike.
     */
    uint64_t entities;
    /**
     * Time of the first of its records, in seconds since the epoch.
     */
    double first;
    /**
     * The score that an alert takes.
     */
    double needed;
    /**
     * Alerts a day that are wanted.
     */
    double per_day;
    /**
     * Alerts of the budget so far today.
     */
    uint64_t raised_today;
    /**
     * Findings of the budget that were suppressed today.
     */
    uint64_t suppressed_today;
} za_decision;

/**
 * One feature that made a record anomalous.
 */
typedef struct za_reason {
    /**
     * The feature's name.
     */
    struct za_text feature;
    /**
     * Its value in the record, with its unit.
     */
    struct za_text value;
    /**
     * Its typical values.
     */
    struct za_text typical;
    /**
     * Its share of the score, from 0 to 1.
     */
    double share;
} za_reason;

/**
 * A record whose score is at least what za_engine_observe was given as report_from.
 */
typedef struct za_anomaly {
    /**
     * The finding: the same for records of the same log and host that are anomalous for the
     * same main reasons, in every run.
     */
    uint64_t finding;
    /**
     * The score, as in za_result.
     */
    double score;
    /**
     * The detector's own value, before calibration.
     */
    double raw;
    /**
     * How the score is known: a za_claim.
     */
    uint32_t claim;
    /**
     * The detector that found the record most anomalous.
     */
    struct za_text detector;
    /**
     * Why, the most important first.
     */
    const struct za_reason *reasons;
    /**
     * How many reasons there are.
     */
    size_t n_reasons;
} za_anomaly;

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
 * A behavior of a host.
 */
typedef struct za_behavior {
    /**
     * The finding: the same for every update of it, in every run.
     */
    uint64_t finding;
    /**
     * Records that are part of it.
     */
    uint64_t records;
    /**
     * How strong the evidence is.
     */
    double score;
    /**
     * How sure it is that this means harm, from 0 to 1.
     */
    double confidence;
    /**
     * Time of the first record, in seconds since the epoch.
     */
    double first;
    /**
     * Time of the last record.
     */
    double last;
    /**
     * How often it was reported before, with less evidence.
     */
    uint32_t update;
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
     * The kind in words.
     */
    struct za_text title;
    /**
     * The stage of an attack that it usually belongs to.
     */
    struct za_text stage;
    /**
     * The host that shows the behavior: an address.
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
     * A name of the other side, where it is known.
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
} za_behavior;

/**
 * A finding that raised an alert, with its final counts.
 */
typedef struct za_finding_summary {
    /**
     * The finding, as in za_decision.
     */
    uint64_t finding;
    /**
     * Its records, all of them.
     */
    uint64_t records;
    /**
     * About how many hosts it is about.
     */
    uint64_t entities;
    /**
     * When it raised its alert, in seconds since the epoch.
     */
    double raised;
    /**
     * Time of the first record.
     */
    double first;
    /**
     * Time of the last record.
     */
    double last;
    /**
     * The highest score among them.
     */
    double score;
    /**
     * The log of its records; "behavior" for behaviors.
     */
    struct za_text log;
    /**
     * The address of the host that it is about; empty where there are several, or none.
     */
    struct za_text host;
} za_finding_summary;

/**
 * A day of one budget that has ended.
 */
typedef struct za_budget_day {
    /**
     * When it began, in seconds since the epoch.
     */
    double begin;
    /**
     * The part of it that was seen, from 0 to 1.
     */
    double part;
    /**
     * Alerts a day that are wanted.
     */
    double per_day;
    /**
     * Alerts that were raised.
     */
    uint64_t raised;
    /**
     * Findings that were suppressed.
     */
    uint64_t suppressed;
    /**
     * Records of all logs.
     */
    uint64_t records;
    /**
     * 1 where the budget was exceeded.
     */
    uint32_t exceeded;
    /**
     * The log or network that the budget is for; empty where all share one.
     */
    struct za_text budget;
} za_budget_day;

/**
 * What differs from training in one log: on one day, or in its columns.
 */
typedef struct za_drift {
    /**
     * When the day began, in seconds since the epoch; NaN for columns.
     */
    double day;
    /**
     * Records of the day.
     */
    uint64_t records;
    /**
     * How many things differ.
     */
    uint32_t changes;
    /**
     * The log.
     */
    struct za_text log;
    /**
     * What differs, in words, the largest difference first; at most five of them.
     */
    struct za_text text;
} za_drift;

/**
 * Packed records. All of one bucket have to go to the same process.
 */
typedef struct za_batch {
    /**
     * The bucket. From ZA_BUCKET_ALL on, every process that keeps state needs them.
     */
    uint32_t bucket;
    /**
     * How many records there are.
     */
    uint32_t records;
    /**
     * The bytes, for za_engine_unpack.
     */
    const uint8_t *data;
    /**
     * How many bytes there are.
     */
    size_t len;
} za_batch;

/**
 * The contents of an event; za_event_kind says which member is used.
 */
typedef union za_event_data {
    /**
     * ANOMALY.
     */
    struct za_anomaly anomaly;
    /**
     * BEHAVIOR.
     */
    struct za_behavior behavior;
    /**
     * FINDING_CLOSED.
     */
    struct za_finding_summary closed;
    /**
     * BUDGET_DAY.
     */
    struct za_budget_day day;
    /**
     * DRIFT.
     */
    struct za_drift drift;
    /**
     * BATCH.
     */
    struct za_batch batch;
    /**
     * MODEL_LOADED, WARNING.
     */
    struct za_text text;
} za_event_data;

/**
 * One event.
 */
typedef struct za_event {
    /**
     * sizeof(za_event); set by the caller, and not changed.
     */
    size_t size;
    /**
     * What it tells: a za_event_kind, which says what member of the union is used.
     */
    uint32_t kind;
    /**
     * Names an anomaly or a behavior for za_engine_decide. 0 for other events.
     */
    uint64_t id;
    /**
     * The contents.
     */
    union za_event_data as;
} za_event;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The text of an error: one line that ends with a NUL.
 *
 * Ownership: the text belongs to the error and stays until the error is freed.
 * NULL: gives NULL. Threads: one at a time for an error.
 *
 * The caller guarantees:
 * error is NULL or was handed out by this library and is not yet freed.
 */
const char *za_error_message(const struct za_error *error);

/**
 * Frees an error.
 *
 * Ownership: the error and its text are gone. NULL: does nothing. Threads: one at a time
 * for an error.
 *
 * The caller guarantees:
 * error is NULL or was handed out by this library and is not yet freed.
 */
void za_error_free(struct za_error *error);

/**
 * The version of the interface that the loaded library speaks. Compare it with
 * ZA_ABI_VERSION, for which the program was compiled, before anything else.
 *
 * Threads: any.
 */
uint32_t za_abi_version(void);

/**
 * Opens an engine without a model: it scores nothing until za_engine_load_model, and
 * detects nothing until za_engine_watch_behaviors.
 *
 * Ownership: the caller gets the engine and closes it with za_engine_close. NULL:
 * ZA_STATUS_NULL for options or out. Threads: any.
 *
 * The caller guarantees:
 * options, out and err are each NULL or point to a valid object of their type.
 */
za_status za_engine_open(const struct za_options *options, struct za_engine **out, struct za_error **err);

/**
 * Closes an engine and frees all that belongs to it. Waits for files that are still being
 * read or written; saves nothing.
 *
 * Ownership: the engine and everything that it handed out are gone. NULL: does nothing.
 * Threads: no other call with the engine may be under way, and none may follow.
 *
 * The caller guarantees:
 * engine is NULL or was opened by this library and is not yet closed.
 */
void za_engine_close(struct za_engine *engine);

/**
 * Binds a schema: the names and types of a log's columns, in the order in which the
 * values of its records come. uses says what for: ZA_USE_SCORE, ZA_USE_BEHAVIORS or
 * both. out_binding becomes a number to give with each record; it stays valid until the
 * engine is closed. out_watched becomes 1 where behaviors need records of this log, else 0.
 *
 * Records of a log that the model does not know get no score, but tell of their
 * connections.
 *
 * Fails with ZA_STATUS_TEXT for a name that is not UTF-8, with ZA_STATUS_INVALID for no
 * fields, an empty or a very long name, a repeated name or an unknown type, and with
 * ZA_STATUS_LIMIT beyond ZA_MAX_FIELDS or ZA_MAX_BINDINGS.
 *
 * Ownership: what is passed is borrowed for the call. NULL: ZA_STATUS_NULL for engine,
 * log, fields and the outputs. Threads: any.
 *
 * The caller guarantees:
 * Each pointer is NULL or points to a valid object of its type; engine is open.
 */
za_status za_engine_bind(struct za_engine *engine,
                         struct za_text log,
                         const struct za_field *fields,
                         size_t n_fields,
                         uint32_t uses,
                         uint32_t *out_binding,
                         uint32_t *out_watched,
                         struct za_error **err);

/**
 * Takes a record: scores it with what its connection did so far, watches it for behaviors,
 * and remembers it for what follows. A conn record ends its connection, so records have
 * to come in the order in which Zeek writes them.
 *
 * There are as many values as the binding has fields, in the same order; each is of the
 * kind that its field's type takes, or unset. Otherwise the call fails with
 * ZA_STATUS_INVALID, and the record is neither scored nor remembered.
 *
 * A score of at least report_from is an event: 0 for always, NaN for never. Once its
 * buffers have grown, the call allocates memory only for events, for what is new of a
 * connection or host, and, now and then, to round a number with more than six decimals.
 *
 * Ownership: the values are borrowed for the call; result is the caller's. NULL:
 * ZA_STATUS_NULL for engine, values and result. Threads: any; calls wait for each other.
 *
 * The caller guarantees:
 * Each pointer, also inside the values, is NULL or points to a valid object of its
 * type; engine is open.
 */
za_status za_engine_observe(struct za_engine *engine,
                            uint32_t binding,
                            const struct za_value *values,
                            size_t n_values,
                            double report_from,
                            struct za_result *result,
                            struct za_error **err);

/**
 * Gives the counts of an engine and describes its model.
 *
 * Ownership: out is the caller's; the text belongs to the engine. NULL: ZA_STATUS_NULL for
 * engine and out. Threads: any.
 *
 * The caller guarantees:
 * Each pointer is NULL or points to a valid object of its type; engine is open.
 */
za_status za_engine_info(const struct za_engine *engine, struct za_info *out, struct za_error **err);

/**
 * Names the model file. With wait not 0 it is read now. Otherwise, and whenever the file
 * changes (za_options.model_check_interval), it is read and checked on a thread of its own;
 * a later za_engine_tick replaces the current model between two records. Then there is an
 * event ZA_EVENT_KIND_MODEL_LOADED, or a warning where the file cannot be used. The current model
 * stays in use until then. What is known of connections and alerts stays, and so do bindings.
 *
 * The file is checked as if it came from an enemy. With wait, the call fails with
 * ZA_STATUS_IO or ZA_STATUS_REFUSED where it cannot be used; it is tried again when it
 * changes.
 *
 * Ownership: the path is borrowed for the call. NULL: ZA_STATUS_NULL for engine and the
 * path's data. Threads: any.
 *
 * The caller guarantees:
 * Each pointer is NULL or points to a valid object of its type; engine is open.
 */
za_status za_engine_load_model(struct za_engine *engine,
                               struct za_text model_path,
                               uint32_t wait,
                               struct za_error **err);

/**
 * Detects behaviors from now on, or packs records for the process that does. Saved state
 * under za_options.state_prefix is used; where that cannot be, a warning event says so. Keys
 * are hashed under a secret seed that is made at the first start and kept with the state
 * (mode 0600), so that nobody can prepare collisions; without state the seed is 0.
 *
 * Fails with ZA_STATUS_REFUSED for a baseline or an allowlist that cannot be used, and with
 * ZA_STATUS_INVALID for a setting or network that is not valid, or a second call. Nothing is
 * detected then.
 *
 * Ownership: the options are borrowed for the call. NULL: ZA_STATUS_NULL for engine and
 * options. Threads: any.
 *
 * The caller guarantees:
 * Each pointer is NULL or points to a valid object of its type; engine is open.
 */
za_status za_engine_watch_behaviors(struct za_engine *engine,
                                    const struct za_behavior_options *options,
                                    struct za_error **err);

/**
 * Watches the records of a batch that another process packed.
 *
 * Fails with ZA_STATUS_INVALID for a batch of another version, one that is damaged, or an
 * engine that does not detect behaviors; records before the damage were watched.
 *
 * Ownership: the bytes are borrowed for the call. NULL: ZA_STATUS_NULL for engine, and for
 * data where len is not 0. Threads: any.
 *
 * The caller guarantees:
 * Each pointer is NULL or points to a valid object of its type; engine is open.
 */
za_status za_engine_unpack(struct za_engine *engine, const uint8_t *data, size_t len, struct za_error **err);

/**
 * Uses other settings from now on. What the engine learned of days stays, unless something
 * else shares a budget or there is no budget any more. With the first budget, saved state
 * under za_options.state_prefix is used; where that cannot be, a warning event says so. Drift
 * is watched in schemas that are bound after this call.
 *
 * Fails with ZA_STATUS_INVALID for a number, a za_share, a za_watch_drift or a network that
 * is not valid, and with ZA_STATUS_TEXT for lists that are not UTF-8; nothing changes then.
 *
 * Ownership: the settings are borrowed for the call. NULL: ZA_STATUS_NULL for engine and
 * settings. Threads: any.
 *
 * The caller guarantees:
 * Each pointer is NULL or points to a valid object of its type; engine is open.
 */
za_status za_engine_configure(struct za_engine *engine,
                              const struct za_settings *settings,
                              struct za_error **err);

/**
 * Decides about an anomaly or a behavior that is to be reported, by the id of its event: it
 * raises the alert of its finding, or not, and counts. Events that the caller exempts from
 * reports are not decided, so that they do not use up a budget.
 *
 * Fails with ZA_STATUS_INVALID for an id that no event had, one that was decided already, and
 * one of very long ago.
 *
 * Ownership: out is the caller's. NULL: ZA_STATUS_NULL for engine and out. Threads: any.
 *
 * The caller guarantees:
 * Each pointer is NULL or points to a valid object of its type; engine is open.
 */
za_status za_engine_decide(struct za_engine *engine,
                           uint64_t id,
                           struct za_decision *out,
                           struct za_error **err);

/**
 * Takes the next event: anomalies, behaviors, loaded models and warnings in their order; then
 * packed records, closed findings, days and drift. Its kind is ZA_EVENT_KIND_NONE where no
 * event waits. Call it until then: after za_engine_observe where events wait, and after
 * za_engine_tick, za_engine_unpack, za_engine_finish, za_engine_save,
 * za_engine_configure and za_engine_watch_behaviors.
 *
 * Ownership: out is the caller's; texts and arrays in it belong to the engine and stay
 * until the next za_engine_next_event. NULL: ZA_STATUS_NULL for engine and out. Threads:
 * any, but those that share an engine need a lock around this call and the use of what it
 * gave.
 *
 * The caller guarantees:
 * Each pointer is NULL or points to a valid object of its type; engine is open.
 */
za_status za_engine_next_event(struct za_engine *engine, struct za_event *out, struct za_error **err);

/**
 * Time has passed: now is that of the network, in seconds since the epoch. Call it about once
 * a second. It looks for another model and a changed allowlist, lets behaviors end and days
 * pass where no record says so, sends packed records on their way, and saves the state.
 * No call takes long: files are read and written on threads of their own.
 *
 * NULL: ZA_STATUS_NULL for engine. Threads: any. The threads that it starts block no signals:
 * block signals around this call if another thread is to get them.
 *
 * The caller guarantees:
 * Each pointer is NULL or points to a valid object of its type; engine is open.
 */
za_status za_engine_tick(struct za_engine *engine, double now, struct za_error **err);

/**
 * No more records come: behaviors that have more evidence than when they were reported are
 * events once more, and packed records are on their way. The engine may go on after it.
 *
 * NULL: ZA_STATUS_NULL for engine. Threads: any.
 *
 * The caller guarantees:
 * Each pointer is NULL or points to a valid object of its type; engine is open.
 */
za_status za_engine_finish(struct za_engine *engine, double now, struct za_error **err);

/**
 * Saves the state and waits until it is written: the last call before za_engine_close. Where no
 * state is kept, ends the open day of each budget instead, because nothing goes on from it.
 *
 * Fails with ZA_STATUS_IO where a file cannot be written; files are replaced whole or not at
 * all.
 *
 * NULL: ZA_STATUS_NULL for engine. Threads: any.
 *
 * The caller guarantees:
 * Each pointer is NULL or points to a valid object of its type; engine is open.
 */
za_status za_engine_save(struct za_engine *engine, struct za_error **err);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ZEEK_ANOMALY_H */
