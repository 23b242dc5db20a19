##! The options of this package.

@load-plugin Anomaly::Engine

module Anomaly;

export {
	## The model file. Where this is empty, the environment variable
	## ``ZEEK_ANOMALY_MODEL`` is used, and if that is not set either,
	## ``share/zeek-anomaly/model.zam`` below the prefix of the Zeek
	## installation, which ``zeekctl deploy`` brings to all hosts of a cluster.
	## When this option or the file changes, the new model loads in the background
	## and replaces the current model between two records. If it cannot be used, a
	## warning says so and the current model stays.
	option model_path: string = "";

	## How often to check the model file for changes; 0 for never.
	const model_check_interval = 1min &redef;

	## The directory of saved state: what is known of hosts and of alerts, and the
	## secret seed of this process. Where this is empty,
	## ``var/lib/zeek-anomaly`` below the prefix of the Zeek installation is used,
	## and only for live traffic. Each process of a cluster has files of its own.
	const state_directory = "" &redef;

	## How often to save the state; 0 for only at the end. Files are written in the
	## background.
	const state_interval = 1hr &redef;

	## How many connections are remembered at once, as context for later records
	## of the same connection. 0 leaves it to the engine.
	const max_connections = 0 &redef;

	## The filter of each log stream whose lines are scored. Lines of other
	## filters, such as those that send a copy elsewhere, are not.
	const log_filter = "default" &redef;

	## The least score that goes to ``anomaly.log``. A score is a number of
	## zeros: a record as anomalous as one in a thousand has 3, one in ten
	## thousand 4.
	option threshold: double = 3.0;

	## The logs whose records are reported, by the names of their files without
	## the ending. An empty set stands for all that the model knows.
	option logs: set[string] = {};

	## Logs that are never reported, because they describe Zeek and not the
	## network.
	option ignored_logs: set[string] = {
		"broker", "capture_loss", "cluster", "config", "loaded_scripts",
		"packet_filter", "print", "prof", "reporter", "stats", "telemetry",
		"telemetry_histogram", "zeekygen",
	};

	## The alert budget: about how many notices to raise on an ordinary day. The
	## score that a notice takes follows the traffic of each log; it is never below
	## :zeek:see:`Anomaly::threshold`. Similar records of one host are grouped into
	## one finding, which raises one notice a day. An attack may exceed the budget,
	## and then a notice says so. With 0 there is no budget, and
	## :zeek:see:`Anomaly::notice_threshold` decides.
	option alerts_per_day: double = 20.0;

	## Whether behaviors share the alert budget. If not, each of their findings
	## raises a notice.
	option alert_behaviors = T;

	## In a cluster, the part of the budget for the processes that detect behaviors;
	## they share it equally. Workers share the rest equally. Without a cluster
	## there is one budget.
	option alert_behaviors_part: double = 0.5;

	## Whether each log has an alert budget of its own. Otherwise all of
	## :zeek:see:`Anomaly::notice_logs` share one.
	option alerts_per_log = F;

	## Networks that have an alert budget of their own, each.
	option alert_networks: set[subnet] = {};

	## How long records count with the notice of their finding.
	option alert_window: interval = 1day;

	## Whether to raise a notice when a day of a log differs from the days of the
	## training: in its values, its columns or, without a cluster, its number of
	## records.
	option drift_notices = T;

	## How long not to repeat the notice about a log that differs from training.
	option drift_suppress_for: interval = 1day;

	## The least score of a record that raises a notice where
	## :zeek:see:`Anomaly::alerts_per_day` is 0.
	option notice_threshold: double = 4.0;

	## The logs whose records may raise a notice. An empty set stands for all.
	option notice_logs: set[string] = {
		"conn", "dce_rpc", "dns", "files", "ftp", "http", "kerberos", "ntlm",
		"rdp", "smb_files", "smb_mapping", "smtp", "snmp", "socks", "ssh", "ssl",
	};

	## The least score of severity "medium"; a lower one is "low".
	option severity_medium: double = 4.0;

	## The least score of severity "high".
	option severity_high: double = 5.0;

	## The least score of severity "critical".
	option severity_critical: double = 6.0;

	## Addresses whose records and behaviors are not reported, on either side of a
	## connection.
	option exempt_addresses: set[addr] = {};

	## Networks whose records and behaviors are not reported, on either side of a
	## connection.
	option exempt_networks: set[subnet] = {};

	## Ports of responders whose records and behaviors are not reported.
	option exempt_ports: set[port] = {};

	## Domains whose records and behaviors are not reported, in lower case. Each
	## stands for everything below it too. They are compared with DNS queries,
	## HTTP hosts and TLS server names.
	option exempt_domains: set[string] = {};

	## Whether to detect behaviors: beacons, scans, password guessing and others.
	## This needs no model. Takes effect when Zeek starts.
	const detect_behaviors = T &redef;

	## The most memory that the state of behaviors may take, in MiB, under whatever
	## traffic. In a cluster, on each proxy.
	const behavior_memory = 256 &redef;

	## Parameters of behaviors by their names, such as
	## ``["scan.threshold"] = 5.0``. The command ``zeek-anomaly hunt --list`` shows
	## all.
	const behavior_settings: table[string] of double = {} &redef;

	## The behavioral baseline: what ordinary logs taught
	## (``zeek-anomaly hunt --save-behavior-baseline``). Where this is empty,
	## ``usual.zau`` beside the default model is used, if it exists.
	const behavior_baseline_file = "" &redef;

	## After how long to watch a connection that is still open, and again each time
	## that it has lasted twice as long; 0 for never. ``connection.hours`` in
	## :zeek:see:`Anomaly::behavior_settings` says from when on one is long.
	const behavior_open_after = 4hr &redef;

	## The least score of a behavior that raises a notice. Each behavior in the log
	## has reached the threshold of its kind already.
	option behavior_notice_score: double = 0.0;

	## Kinds of behaviors that are neither logged nor raised, by their names in the
	## log.
	option ignored_kinds: set[string] = {};

	## The allowlist: a file of addresses, networks, domains, ports, services and
	## pairs whose records and behaviors are not reported. It is read again when it
	## changes. Each process reads it: in a cluster it has to be on all hosts. Needs
	## :zeek:see:`Anomaly::detect_behaviors`. The command ``zeek-anomaly`` takes the
	## same file.
	const allow_file = "" &redef;
}
