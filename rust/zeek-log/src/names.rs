//! What Zeek calls its logs and columns, for files that do not say it.
//!
//! The lists are those of Zeek 8.2's own scripts, older Zeek's, and the
//! packages most often installed. They only ever help: a log or column that is
//! not in them is read all the same.

use crate::schema::{Field, FieldType};

/// The logs that Zeek and its common packages write.
const LOGS: &[&str] = &[
    "analyzer",
    "analyzer_debug",
    "app_stats",
    "arp",
    "barnyard2",
    "bacnet",
    "broker",
    "capture_loss",
    "cip",
    "cluster",
    "config",
    "conn",
    "dce_rpc",
    "dhcp",
    "dnp3",
    "dns",
    "dpd",
    "enip",
    "ethercat",
    "files",
    "ftp",
    "generic_icmp",
    "http",
    "http2",
    "intel",
    "ipsec",
    "irc",
    "kerberos",
    "known_certs",
    "known_devices",
    "known_hosts",
    "known_modbus",
    "known_services",
    "ldap",
    "ldap_search",
    "loaded_scripts",
    "modbus",
    "modbus_register_change",
    "mqtt_connect",
    "mqtt_publish",
    "mqtt_subscribe",
    "mysql",
    "netcontrol",
    "netcontrol_catch_release",
    "netcontrol_drop",
    "netcontrol_shunt",
    "notice",
    "notice_alarm",
    "ntlm",
    "ntp",
    "ocsp",
    "openflow",
    "openvpn",
    "packet_filter",
    "pe",
    "postgresql",
    "profinet",
    "quic",
    "radius",
    "rdp",
    "redis",
    "reporter",
    "rfb",
    "s7comm",
    "signatures",
    "sip",
    "smb_cmd",
    "smb_files",
    "smb_mapping",
    "smtp",
    "snmp",
    "socks",
    "software",
    "ssh",
    "ssl",
    "stats",
    "stderr",
    "stdout",
    "stun",
    "stun_nat",
    "suricata_corelight",
    "syslog",
    "telemetry",
    "telemetry_histogram",
    "tds",
    "tftp",
    "traceroute",
    "tunnel",
    "unknown_protocols",
    "websocket",
    "weird",
    "weird_stats",
    "wireguard",
    "x509",
];

/// What packages call the records of connections that are still open, and the name they have here. Such an interim
/// record says what conn.log would say of the connection now; when it ends, conn.log has all of it once more.
const INTERIM: &[(&str, &str)] = &[
    ("conn_open", "conn_open"),
    ("open_conn", "conn_open"),
    ("conn_long", "conn_open"),
    ("long_conn", "conn_open"),
    ("http_open", "http_open"),
    ("open_http", "http_open"),
    ("ssl_open", "ssl_open"),
    ("open_ssl", "ssl_open"),
];

/// Names of Filebeat's Zeek module for logs that Zeek calls otherwise.
const OTHERWISE: &[(&str, &str)] = &[
    ("connection", "conn"),
    ("signature", "signatures"),
    ("tls", "ssl"),
];

fn known(name: &str) -> Option<&'static str> {
    LOGS.iter().copied().find(|l| *l == name)
}

/// Whether this is the name of a log that Zeek or a common package writes.
pub fn is_known_log(name: &str) -> bool {
    known(name).is_some()
}

/// Whether the records of a log, named as [`canonical`] names it, are of connections that have not ended. They are no
/// connections of their own: what counts connections or adds up their bytes leaves them out.
pub fn is_interim(log: &str) -> bool {
    log.ends_with("_open") && INTERIM.iter().any(|(_, name)| *name == log)
}

fn known_or_alias(name: &str) -> Option<&'static str> {
    let interim = || {
        INTERIM
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, log)| *log)
    };
    // Corelight's reduced logs hold the records of the whole ones.
    known(name)
        .or_else(interim)
        .or_else(|| known(name.strip_suffix("_red")?))
}

/// The one name of a log that goes by several: reduced logs (`conn_red`) are the logs themselves, and logs of open
/// connections (`conn_long`, `open_conn`) are `conn_open`. Every other name is returned as it is.
pub fn canonical(name: &str) -> &str {
    match name.as_bytes() {
        // The names that stand for another one have these in them.
        n if memchr::memchr(b'_', n).is_none() => name,
        _ if known(name).is_some() => name,
        _ => known_or_alias(name).unwrap_or(name),
    }
}

/// The log that a label of an exporter names: `zeek.connection` (Filebeat), `bro:conn:json` (Splunk), `zeek_dns`.
pub(crate) fn log_of_label(label: &str) -> Option<&'static str> {
    let label = label.to_ascii_lowercase();
    let separators = ['.', ':', '/', '-', ' '];
    let words: Vec<&str> = label.split(separators).filter(|w| !w.is_empty()).collect();
    words.iter().find_map(|word| {
        let word = ["zeek_", "bro_", "corelight_"]
            .iter()
            .fold(*word, |w, p| w.strip_prefix(p).unwrap_or(w));
        let otherwise = || {
            OTHERWISE
                .iter()
                .find(|(n, _)| *n == word)
                .map(|(_, log)| *log)
        };
        known_or_alias(word).or_else(otherwise)
    })
}

/// The log that a file of this name holds, as far as the name tells:
/// `conn.log`, `conn.00:00:00-01:00:00.log.gz`, `labeled-conn.log`,
/// `SENSOR_smb_files.log`, `conn_2022.log`.
pub fn log_of_file(file_name: &str) -> Option<&'static str> {
    let stem = file_name
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if let Some(log) = known_or_alias(&stem) {
        return Some(log);
    }
    let words: Vec<&str> = stem
        .split(['_', '-', ' '])
        .filter(|w| !w.is_empty())
        .collect();
    // The last words name the log better than the first: `conn_dns` would be a
    // conn sensor's dns log. Longer names first: `weird_stats` before `stats`.
    (0..words.len())
        .find_map(|from| known_or_alias(&words[from..].join("_")))
        .or_else(|| {
            (1..words.len())
                .rev()
                .find_map(|to| known_or_alias(&words[..to].join("_")))
        })
}

/// The log that has these columns, where no name tells it (JSON from a pipe). Only
/// logs with columns that no other has; each log's are set on every line.
pub fn log_of_columns(columns: &[&str]) -> Option<&'static str> {
    const SIGNS: &[(&str, &[&str])] = &[
        ("conn", &["uid", "proto", "conn_state", "missed_bytes"]),
        ("dns", &["uid", "proto", "rejected", "AA"]),
        ("http", &["uid", "trans_depth", "request_body_len"]),
        ("ssl", &["uid", "resumed", "established"]),
        ("files", &["fuid", "source", "seen_bytes", "missing_bytes"]),
        ("ssh", &["uid", "auth_attempts"]),
        ("x509", &["certificate.version", "certificate.serial"]),
        ("smtp", &["uid", "trans_depth", "helo"]),
        ("weird", &["name", "notice", "peer"]),
        ("notice", &["note", "actions"]),
    ];
    SIGNS
        .iter()
        .find(|(_, needed)| needed.iter().all(|n| columns.contains(n)))
        .map(|(log, _)| *log)
}

/// The dotted form of a column's name: Corelight and others write `id_orig_h`
/// for `id.orig_h`, and the same for other nested records.
pub fn dotted(name: &str) -> &str {
    match name {
        "id_orig_h" => "id.orig_h",
        "id_orig_p" => "id.orig_p",
        "id_resp_h" => "id.resp_h",
        "id_resp_p" => "id.resp_p",
        "certificate_version" => "certificate.version",
        "certificate_serial" => "certificate.serial",
        "certificate_subject" => "certificate.subject",
        "certificate_issuer" => "certificate.issuer",
        "certificate_cn" => "certificate.cn",
        "certificate_not_valid_before" => "certificate.not_valid_before",
        "certificate_not_valid_after" => "certificate.not_valid_after",
        "certificate_key_alg" => "certificate.key_alg",
        "certificate_sig_alg" => "certificate.sig_alg",
        "certificate_key_type" => "certificate.key_type",
        "certificate_key_length" => "certificate.key_length",
        "certificate_exponent" => "certificate.exponent",
        "certificate_curve" => "certificate.curve",
        "san_dns" => "san.dns",
        "san_uri" => "san.uri",
        "san_email" => "san.email",
        "san_ip" => "san.ip",
        "basic_constraints_ca" => "basic_constraints.ca",
        "basic_constraints_path_len" => "basic_constraints.path_len",
        "times_modified" => "times.modified",
        "times_accessed" => "times.accessed",
        "times_created" => "times.created",
        "times_changed" => "times.changed",
        "remote_location_country_code" => "remote_location.country_code",
        "remote_location_region" => "remote_location.region",
        "remote_location_city" => "remote_location.city",
        "remote_location_latitude" => "remote_location.latitude",
        "remote_location_longitude" => "remote_location.longitude",
        "version_major" => "version.major",
        "version_minor" => "version.minor",
        "version_minor2" => "version.minor2",
        "version_minor3" => "version.minor3",
        "version_addl" => "version.addl",
        "seen_indicator" => "seen.indicator",
        "seen_indicator_type" => "seen.indicator_type",
        "seen_where" => "seen.where",
        "seen_node" => "seen.node",
        "data_channel_passive" => "data_channel.passive",
        "data_channel_orig_h" => "data_channel.orig_h",
        "data_channel_resp_h" => "data_channel.resp_h",
        "data_channel_resp_p" => "data_channel.resp_p",
        other => other,
    }
}

/// What exporters call the time of a record, the most common first. Such a column is `ts` where there is no `ts`.
const TIMES: &[&str] = &[
    "@timestamp",
    "_time",
    "timestamp",
    "time",
    "TimeGenerated",
    "event_time",
];

/// Whether exporters have the time of a record in a column of this name.
pub(crate) fn is_time_elsewhere(name: &str) -> bool {
    TIMES.contains(&name)
}

/// Which of these columns holds the time of the records, where it is not called `ts`.
pub(crate) fn time_among<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<usize> {
    let mut names_twice = names.clone();
    match names_twice.any(|n| n == "ts") {
        true => None,
        false => TIMES
            .iter()
            .find_map(|t| names.clone().position(|n| n == *t)),
    }
}

/// Whether a column says which record this is: when, and between whom. A row whose value there is none of its type is
/// refused; in any other column the value stays what it is written as.
pub(crate) fn is_identity(name: &str) -> bool {
    matches!(
        name,
        "ts" | "id.orig_h" | "id.orig_p" | "id.resp_h" | "id.resp_p"
    )
}

/// Whether a column is one that tells a record of Zeek from other JSON.
pub(crate) fn is_sign_of_zeek(name: &str) -> bool {
    matches!(
        name,
        "ts" | "uid"
            | "uids"
            | "fuid"
            | "conn_uids"
            | "id.orig_h"
            | "id.resp_h"
            | "conn_state"
            | "certificate.serial"
    )
}

/// The type of a column that has the same type in every log that has it;
/// [`FieldType::Unknown`] for all others. For JSON, and TSV without `#types`.
pub fn known_type(name: &str) -> FieldType {
    match name {
        "ts"
        | "_write_ts"
        | "certificate.not_valid_before"
        | "certificate.not_valid_after"
        | "times.modified"
        | "times.accessed"
        | "times.created"
        | "times.changed"
        | "compile_ts"
        | "ref_time"
        | "org_time"
        | "rec_time"
        | "xmt_time"
        | "up_since"
        | "revoketime"
        | "thisUpdate"
        | "nextUpdate"
        | "from"
        | "till" => FieldType::Time,
        "duration" | "rtt" | "lease_time" | "suppress_for" | "ts_delta" | "pkt_lag" | "poll"
        | "precision" | "root_delay" | "root_disp" => FieldType::Interval,
        "id.orig_h" | "id.resp_h" => FieldType::Addr,
        "id.orig_p" | "id.resp_p" => FieldType::Port,
        "orig_bytes" | "resp_bytes" | "missed_bytes" | "orig_pkts" | "resp_pkts"
        | "orig_ip_bytes" | "resp_ip_bytes" => FieldType::Count,
        name if is_time_elsewhere(name) => FieldType::Time,
        _ => FieldType::Unknown,
    }
}

/// The columns of `conn.log`, for files that lost their header: 21 columns since
/// Bro 2.4; a 22nd, `ip_proto`, with Zeek 8; 20 before `local_resp`; and 23
/// where a labeller added two.
pub(crate) fn conn_columns(n: usize) -> Option<Vec<Field>> {
    use FieldType::{Addr, Bool, Count, Enum, Interval, Port, String, Time};
    let mut fields: Vec<Field> = [
        ("ts", Time),
        ("uid", String),
        ("id.orig_h", Addr),
        ("id.orig_p", Port),
        ("id.resp_h", Addr),
        ("id.resp_p", Port),
        ("proto", Enum),
        ("service", String),
        ("duration", Interval),
        ("orig_bytes", Count),
        ("resp_bytes", Count),
        ("conn_state", String),
        ("local_orig", Bool),
        ("local_resp", Bool),
        ("missed_bytes", Count),
        ("history", String),
        ("orig_pkts", Count),
        ("orig_ip_bytes", Count),
        ("resp_pkts", Count),
        ("resp_ip_bytes", Count),
    ]
    .into_iter()
    .map(|(name, ty)| Field::new(name, ty))
    .collect();
    fields.push(Field::list("tunnel_parents", String));
    match n {
        20 => {
            fields.remove(13);
        }
        21 => {}
        22 => fields.push(Field::new("ip_proto", Count)),
        23 => {
            fields.push(Field::new("label", String));
            fields.push(Field::new("detailedlabel", String));
        }
        _ => return None,
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_exporters_tell_their_log() {
        for (label, log) in [
            ("zeek.connection", Some("conn")),
            ("bro:conn:json", Some("conn")),
            ("corelight_conn_long", Some("conn_open")),
            ("zeek_dns", Some("dns")),
            ("smb_files", Some("smb_files")),
            ("suricata.eve", None),
        ] {
            assert_eq!(log_of_label(label), log, "{label}");
        }
        assert_eq!(canonical("conn_red"), "conn");
        assert_eq!(canonical("my_red"), "my_red");
        assert!(is_interim(canonical("conn_long")) && !is_interim("conn"));
    }

    #[test]
    fn file_names_tell_their_log() {
        for (file, log) in [
            ("conn.log", Some("conn")),
            ("conn.log.labeled", Some("conn")),
            ("labeled-conn.log", Some("conn")),
            ("conn.00:00:00-01:00:00.log.gz", Some("conn")),
            ("NASHUA_conn.log", Some("conn")),
            ("NASHUA_dce_rpc.log", Some("dce_rpc")),
            ("SCRANTON_smb_files.log", Some("smb_files")),
            ("conn_date_issue.log", Some("conn")),
            ("http_empty.log", Some("http")),
            ("http.log.corrupt.gz", Some("http")),
            ("dhcp_002.log.gz", Some("dhcp")),
            ("conn-22-04-01_00.00.00.log", Some("conn")),
            ("weird_stats.log", Some("weird_stats")),
            ("tor_ssl.log", Some("ssl")),
            ("conn_red.log", Some("conn")),
            ("dns_red_20260304.log.gz", Some("dns")),
            ("conn_long.log", Some("conn_open")),
            ("open_conn.00:00:00-01:00:00.log.gz", Some("conn_open")),
            ("NASHUA_open_http.log", Some("http_open")),
            ("combined_zeek.log", None),
            ("export.json", None),
            ("", None),
            (".log", None),
        ] {
            assert_eq!(log_of_file(file), log, "{file}");
        }
    }
}
