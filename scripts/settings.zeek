##! Scores the records of Zeek's logs as they are written, with a model that
##! ``zeek-anomaly train`` made from logs of the same network. What is unusual
##! goes to ``anomaly.log`` with the reasons; what is very unusual is raised as
##! a notice.
##!
##! Nothing that Zeek writes elsewhere changes: no log gets another column, no
##! record is altered, dropped or delayed. Without a model, one line in
##! ``reporter.log`` says so and Zeek runs on.
##!
##! A record is scored when it is handed to its log's writer: after all policy
##! hooks, with the columns and cuts that the log has, so the log scored later
##! gives the same. It is scored with what its connection did before. Exemptions
##! keep a record from being reported, never from being remembered as part of
##! its connection: the other records' scores stay the same.

@load-plugin Anomaly::Engine

@load base/frameworks/cluster
@load base/frameworks/logging
@load base/frameworks/notice
@load base/frameworks/reporter
@load base/utils/site

module Anomaly;

export {
	## The log of what is unusual, ``anomaly.log``.
	redef enum Log::ID += { LOG };

	## The log of findings that raised a notice and are over, with all their
	## records, ``anomaly_findings.log``.
	redef enum Log::ID += { FINDINGS_LOG };

	redef enum Notice::Type += {
		## A connection is unusual for this network.
		Unusual_Connection,
		## What a protocol log, or any log but ``conn.log``, says is unusual
		## for this network.
		Unusual_Activity,
		## There are far more alerts in a day than were wanted. Raised when that is
		## so, and with the final numbers when the day is over.
		Alert_Budget_Exceeded,
		## A log is no longer as it was when the model was trained: scores may
		## be off until it is trained anew.
		Model_Drift,
	};

	## The model file. Where this is empty, the environment's
	## ``ZEEK_ANOMALY_MODEL`` is used, and if that is not set either,
	## ``share/zeek-anomaly/model.zam`` below the prefix of the Zeek
	## installation, which ``zeekctl deploy`` brings to all hosts of a cluster.
	## When it changes, and when the file does, the new model is read and checked
	## on a thread of its own; if it is of no use, that is said, and the old one stays.
	option model_path: string = "";

	## How often it is looked whether the model's file has changed; 0 for never.
	const model_check_interval = 1min &redef;

	## The directory in which state is kept over a restart: what is known of hosts, and of
	## alerts. Where this is empty, that is ``var/lib/zeek-anomaly`` below the prefix of the
	## Zeek installation, and only used on live traffic. Each process of a cluster has
	## files of its own there.
	const state_directory = "" &redef;

	## How often state is saved, beside at the end; 0 for never. Files are written on threads of
	## their own.
	const state_interval = 1hr &redef;

	## How many connections are remembered at once, as context for what comes
	## later in them. 0 leaves it to the engine.
	const max_connections = 0 &redef;

	## The filter of each log stream whose lines are scored. Others, such as
	## those that send a copy elsewhere, are not.
	const log_filter = "default" &redef;

	## The least score that goes to ``anomaly.log``. A score is the number of
	## zeros: a record as unusual as one in a thousand has 3, one in ten
	## thousand 4.
	option threshold: double = 3.0;

	## The logs whose records are reported, by the names of their files without
	## the ending. An empty set stands for all that the model knows.
	option logs: set[string] = {};

	## Logs that are never reported: they tell about Zeek, not about the network.
	option ignored_logs: set[string] = {
		"broker", "capture_loss", "cluster", "config", "loaded_scripts",
		"packet_filter", "print", "prof", "reporter", "stats", "telemetry",
		"telemetry_histogram", "zeekygen",
	};

	## About how many notices there are to be on an ordinary day. The score that
	## it takes follows the traffic, log by log; never is it less than
	## :zeek:see:`Anomaly::threshold`. Records of the same log and host that
	## are unusual for the same reasons raise one notice a day. An
	## attack may exceed the budget, and then that is a notice too. What takes time to
	## see shares it (:zeek:see:`Anomaly::alert_behaviors`). In a cluster, each
	## process has a part of it (:zeek:see:`Anomaly::alert_behaviors_part`). With 0,
	## :zeek:see:`Anomaly::notice_threshold` decides.
	option alerts_per_day: double = 20.0;

	## Whether what takes time to see shares the budget. If not, each finding
	## of it raises a notice.
	option alert_behaviors = T;

	## In a cluster, the part of the budget that the processes share equally which see what takes
	## time; workers share the rest equally. Elsewhere all is one budget.
	option alert_behaviors_part: double = 0.5;

	## Whether each log has a budget of its own; otherwise all of
	## :zeek:see:`Anomaly::notice_logs` share one.
	option alerts_per_log = F;

	## Networks that have a budget of their own, each.
	option alert_networks: set[subnet] = {};

	## How long records count with the notice of their finding.
	option alert_window: interval = 1day;

	## Whether it is a notice when a day of a log differs from the days that the
	## model was trained on: by its values, its columns or, outside of
	## clusters, by its number of records.
	option drift_notices = T;

	## How long the notice about a changed log is not repeated.
	option drift_suppress_for: interval = 1day;

	## The least score that raises a notice where
	## :zeek:see:`Anomaly::alerts_per_day` is 0.
	option notice_threshold: double = 4.0;

	## The logs whose records may raise a notice. An empty set stands for all.
	option notice_logs: set[string] = {
		"conn", "dce_rpc", "dns", "files", "ftp", "http", "kerberos", "ntlm",
		"rdp", "smb_files", "smb_mapping", "smtp", "snmp", "socks", "ssh", "ssl",
	};

	## The least score of severity "medium"; less is "low".
	option severity_medium: double = 4.0;

	## The least score of severity "high".
	option severity_high: double = 5.0;

	## The least score of severity "critical".
	option severity_critical: double = 6.0;

	## Addresses whose records are not reported, on either side of a connection.
	option exempt_addresses: set[addr] = {};

	## Networks whose records are not reported, on either side of a connection.
	option exempt_networks: set[subnet] = {};

	## Ports of responders whose records are not reported.
	option exempt_ports: set[port] = {};

	## Domains whose records are not reported, in lower case. Each stands for
	## everything below it too. They are looked for in DNS queries, HTTP hosts
	## and TLS server names.
	option exempt_domains: set[string] = {};

	## One line of ``anomaly.log``.
	type Info: record {
		## Time of the record that is unusual.
		ts: time &log;
		## Its connection.
		uid: string &log &optional;
		## Its file.
		fuid: string &log &optional;
		## Endpoints of the connection.
		id: conn_id &log &optional;
		## The log that it is in.
		log: string &log;
		## How unusual it is: -log10 of the share of the training records that
		## are at least as unusual. See :zeek:see:`Anomaly::threshold`.
		score: double &log;
		## How the score is known: "measured" among the training records;
		## "extrapolated" where the record is more unusual than any of them;
		## "at_least" where it is, and they are too few to extrapolate from.
		claim: string &log;
		## The detector's own value, before it was calibrated.
		raw: double &log;
		## The detector that found it most unusual.
		detector: string &log;
		## Why, the weightiest first: what it has, what is usual, and the share
		## of the score that comes from it.
		reasons: vector of string &log &optional;
		## Whether the originator is in :zeek:see:`Site::local_nets`.
		local_orig: bool &log &optional;
		## Whether the responder is.
		local_resp: bool &log &optional;
		## The Zeek process that saw it.
		peer: string &log &optional;
		## The finding: the same for records of the same log and host that are
		## unusual for the same reasons.
		finding: string &log &optional;
		## What became of it, where there is a budget: "alert" raised the notice of
		## the finding, "counted" came after that, "held" would have raised one
		## on a day with fewer, "below" is not unusual enough. Unset where
		## the log raises no notices.
		alert: string &log &optional;

		## The feature of the first reason.
		feature: string &optional;
		## The host that the record is about, where it has no connection.
		host: addr &optional;
		## The domain that the record names.
		domain: string &optional;
		## The record as it stands in its log, without the columns that are
		## unset: text by the name of the column, like ``id.resp_p``.
		values: table[string] of string &optional;
	};

	## What a budget of alerts makes of a record.
	type Alert: record {
		## As :zeek:see:`Anomaly::Info` has it in *alert*, or "none".
		fate: string;
		## The finding that it was counted with: where many hosts are unusual for
		## the same reasons, later ones are one finding.
		finding: string;
		## Records of the finding so far.
		records: count;
		## About how many hosts the finding has.
		entities: count;
		## The time of the first of its records.
		first: time;
		## The score that it took.
		needed: double;
		## Whether now, for the first time today, the budget is exceeded.
		exceeded: bool;
		## Notices of the budget so far today.
		alerts_today: count;
		## Findings that were held back today.
		held_today: count;
	};

	## A day of a budget that has ended.
	type Day: record {
		## When it began.
		begin: time;
		## The log or the network that the budget is for; empty for all.
		budget: string;
		## Notices that were raised.
		alerts: count;
		## Findings that were held back.
		held: count;
		## Whether the budget was exceeded.
		exceeded: bool;
	};

	## A finding that raised a notice and counts no more records: one line of
	## ``anomaly_findings.log``.
	type Over: record {
		## When it raised its notice.
		ts: time &log;
		## The finding, as in ``anomaly.log`` and ``anomaly_behavior.log``.
		finding: string &log;
		## The log that its records are in; "behavior" for what takes time to see.
		log: string &log;
		## The host that it is about, where it is one.
		host: addr &log &optional;
		## About how many hosts it is about.
		entities: count &log;
		## Its records, all of them.
		records: count &log;
		## The highest score among them.
		score: double &log;
		## When the first of its records was.
		first: time &log;
		## When the last came.
		last: time &log;
		## The Zeek process that counted them.
		peer: string &log &optional;
	};

	## How a log has changed.
	type Drift: record {
		## The log.
		log: string;
		## What changed, in words, the largest change first.
		changes: string;
		## Records of the day.
		records: count;
		## When the day began; unset for columns.
		day: time &optional;
	};

	## Raised when a day of a budget is over.
	global alert_day: event(day: Day);

	## Raised when a finding is over that raised a notice, with its final counts.
	global finding_over: event(over: Over);

	## Raised for every line of ``anomaly_findings.log``.
	global log_finding: event(rec: Over);

	## The usual policy hook of a log stream, for ``anomaly_findings.log``.
	global findings_log_policy: Log::PolicyHook;

	## Raised when lines are scored by another model than before.
	global model_changed: event(path: string);

	## Raised when a log has changed.
	global model_drift: event(drift: Drift);

	## Sees every record that is about to be reported. A handler that breaks
	## exempts it.
	##
	## info: What is known of the record; its columns are in *values*.
	global score_policy: hook(info: Info);

	## The usual policy hook of a log stream, for ``anomaly.log``.
	global log_policy: Log::PolicyHook;

	## Raised for every line of ``anomaly.log``.
	global log_anomaly: event(rec: Info);

	## Names how severe a score is.
	##
	## score: The score of a record.
	##
	## Returns: "low", "medium", "high" or "critical".
	global severity: function(score: double): string;

	## Tells whether the options exempt a record.
	##
	## info: What is known of the record.
	##
	## Returns: True if it is not to be reported.
	global is_exempt: function(info: Info): bool;
}
