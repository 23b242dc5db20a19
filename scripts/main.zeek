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

# An option has another value.
global configure: event();

# It is time to look whether a day has ended.
global look_at_days: event();

# It is time to look whether there is another model; and again later.
global check_model: event(again: bool);

# It is time to save what is known of alerts.
global save_alerts: event();

# The connection that is being removed, while what was found in it is reported.
type Removing: record {
	c: connection &optional;
};

global removing = Removing();

# What the budget makes of the record that is being reported.
global verdict = Alert($fate="none", $finding="", $records=0, $entities=0, $first=double_to_time(0.0),
                       $needed=0.0, $exceeded=F, $alerts_today=0, $held_today=0);

# The days since when logs are not as they were.
global changed_since: table[string] of time = table();

# The day of each log that was the last to be found changed.
global changed_last: table[string] of time = table();

function severity(score: double): string
	{
	if ( score >= severity_critical )
		return "critical";

	if ( score >= severity_high )
		return "high";

	return score >= severity_medium ? "medium" : "low";
	}

# Whether a name is one of these domains or below one.
function is_below(name: string, domains: set[string]): bool
	{
	local rest = to_lower(name);

	while ( rest != "" )
		{
		if ( rest in domains )
			return T;

		local parts = split_string1(rest, /\./);
		rest = |parts| == 2 ? parts[1] : "";
		}

	return F;
	}

function is_exempt_host(host: addr): bool
	{
	return host in exempt_addresses || host in exempt_networks;
	}

function is_exempt(info: Info): bool
	{
	if ( info?$id )
		{
		if ( is_exempt_host(info$id$orig_h) || is_exempt_host(info$id$resp_h) )
			return T;

		if ( info$id$resp_p in exempt_ports )
			return T;
		}

	if ( info?$host && is_exempt_host(info$host) )
		return T;

	return info?$domain && |exempt_domains| > 0 && is_below(info$domain, exempt_domains);
	}

# Whether what takes time to see is watched here, or in other processes of the cluster.
global behaviors_watched = F;

# How many processes of a cluster see what takes time.
function hunting_processes(): count
	{
	local proxies = Cluster::get_node_count(Cluster::PROXY);
	return proxies > 0 ? proxies : Cluster::get_node_count(Cluster::MANAGER);
	}

# The alerts a day that this process may raise.
function share_of_budget(): double
	{
	if ( ! Cluster::is_enabled() )
		return alerts_per_day;

	local workers = Cluster::get_node_count(Cluster::WORKER);
	local hunters = hunting_processes();
	local me = Cluster::local_node_type();
	local hunts = me == Cluster::PROXY || (me == Cluster::MANAGER && Cluster::get_node_count(Cluster::PROXY) == 0);
	local part = alert_behaviors && behaviors_watched ? alert_behaviors_part : 0.0;
	local mine = alerts_per_day * (hunts && part > 0.0 ? part : 1.0 - part);
	local among = hunts && part > 0.0 ? hunters : workers;

	# The engine knows no less.
	local share = mine / (among > 0 ? among : 1);
	return alerts_per_day > 0.0 && share < 0.01 ? 0.01 : share;
	}

# The file in which this process keeps something; empty where nothing is kept.
function state_file_of(ending: string): string
	{
	# What a capture holds is no part of what is known of this network.
	if ( state_directory == "" && ! reading_live_traffic() && ! Cluster::is_enabled() )
		return "";

	local dir = state_directory == "" ? __default_state_directory() : state_directory;
	return fmt("%s/%s.%s", dir, Cluster::is_enabled() ? Cluster::node : "standalone", ending);
	}

function alerts_file(): string
	{
	return alerts_per_day > 0.0 ? state_file_of("alerts") : "";
	}

# The model file that is to be used.
function model_file(): string
	{
	if ( model_path != "" )
		return model_path;

	local path = getenv("ZEEK_ANOMALY_MODEL");
	return path == "" ? __default_model() : path;
	}

# The date of a day of UTC, from its begin: noon has the same date nearly everywhere.
function date_of(begin: time): string
	{
	return strftime("%Y-%m-%d", begin + 12hrs);
	}

function budget_exceeded(when_: string, alerts: count, held: count, id: string)
	{
	local held_back = held > 0 ? fmt("; %d findings held back", held) : "";

	NOTICE(Notice::Info($note = Alert_Budget_Exceeded,
	                    $msg = fmt("Budget exceeded: %d alert%s%s, %s a day wanted%s", alerts, alerts == 1 ? "" : "s", when_,
	                               share_of_budget(), held_back),
	                    $n = alerts,
	                    $identifier = id,
	                    $suppress_for = 1day));
	}

# Tells that a log has changed, and since when.
function drifted(d: Drift)
	{
	if ( d$log in ignored_logs || (|logs| > 0 && d$log !in logs) )
		return;

	event Anomaly::model_drift(d);
	local since = "";

	if ( d?$day )
		{
		# Changed on the day before, too?
		if ( d$log !in changed_last || d$day - changed_last[d$log] > 36hrs )
			changed_since[d$log] = d$day;

		changed_last[d$log] = d$day;
		since = fmt(" since %s", date_of(changed_since[d$log]));
		}

	NOTICE(Notice::Info($note = Model_Drift,
	                    $msg = fmt("%s is not as it was in training%s: %s", d$log, since, d$changes),
	                    $sub = fmt("log=%s records=%d", d$log, d$records),
	                    $identifier = d$log,
	                    $suppress_for = drift_suppress_for));
	}

# Writes what was found, unless it is not wanted. Returns true if it deserves a
# notice too.
function report(info: Info): bool
	{
	verdict = Alert($fate="none", $finding="", $records=0, $entities=0, $first=network_time(),
	                $needed=0.0, $exceeded=F, $alerts_today=0, $held_today=0);

	if ( info$log in ignored_logs || (|logs| > 0 && info$log !in logs) )
		return F;

	if ( is_exempt(info) || ! hook score_policy(info) )
		return F;

	if ( info?$id )
		{
		info$local_orig = Site::is_local_addr(info$id$orig_h);
		info$local_resp = Site::is_local_addr(info$id$resp_h);
		}

	info$peer = peer_description;
	local raises = |notice_logs| == 0 || info$log in notice_logs;

	if ( alerts_per_day > 0.0 )
		{
		verdict = __alert() as Alert;
		raises = raises && verdict$fate == "alert";

		if ( verdict$fate != "none" )
			info$alert = verdict$fate;
		}
	else
		raises = raises && info$score >= notice_threshold;

	Log::write(LOG, info);
	return raises;
	}

function notice_of(info: Info): Notice::Info
	{
	local level = severity(info$score);
	local feature = info?$feature ? info$feature : "-";
	local subject = info?$host ? cat(info$host) : "";

	if ( info?$id )
		subject = fmt("%s %s %s", info$id$orig_h, info$id$resp_h, info$id$resp_p);

	local known = "";

	if ( info$claim == "at_least" )
		known = "at least ";
	else if ( info$claim == "extrapolated" )
		known = "about ";

	local n = Notice::Info(
		$note = info$log == "conn" ? Unusual_Connection : Unusual_Activity,
		$msg = fmt("Unusual %s record, score %s%.1f: %s", info$log, known, info$score,
		           info?$reasons && |info$reasons| > 0 ? join_string_vec(info$reasons, "; ") : "no single reason"),
		$sub = fmt("log=%s score=%.2f severity=%s detector=%s feature=%s", info$log, info$score, level,
		           info$detector, feature),
		$identifier = fmt("%s %s %s", info$log, subject, feature));

	if ( alerts_per_day > 0.0 )
		{
		# The engine has seen to it that this one is the first.
		n$n = verdict$records;
		n$identifier = verdict$finding;
		n$suppress_for = alert_window;

		if ( verdict$entities > 1 )
			n$msg += fmt("; other hosts are unusual in the same way, about %d", verdict$entities);
		}

	if ( info?$uid )
		n$uid = info$uid;

	if ( info?$fuid )
		n$fuid = info$fuid;

	if ( info?$id )
		n$id = info$id;
	else if ( info?$host )
		n$src = info$host;

	return n;
	}

# Whether Zeek still has the connection of a record.
function has_connection(info: Info): bool
	{
	return info?$uid && info?$id &&
	       get_port_transport_proto(info$id$resp_p) != unknown_transport &&
	       connection_exists(info$id);
	}

function raise_notice(info: Info)
	{
	local n = notice_of(info);

	if ( info?$uid && removing?$c && removing$c$uid == info$uid )
		n$conn = removing$c;
	else if ( has_connection(info) )
		{
		local c = lookup_connection(info$id);

		# The same endpoints may have met again.
		if ( c$uid == info$uid )
			n$conn = c;
		}

	NOTICE(n);
	}

# Reports what was found since the last time.
function report_findings()
	{
	while ( __has_findings() )
		{
		local info = __take_finding() as Info;
		local raises = report(info);

		# The budget can be exceeded by what is held back, too.
		if ( alerts_per_day > 0.0 && verdict$exceeded )
			budget_exceeded(" so far today", verdict$alerts_today, verdict$held_today, "so far");

		if ( raises )
			raise_notice(info);
		}
	}

# Tells of days that have ended and of what has changed. The last day ends here
# where that is asked for.
function report_days(finish: bool)
	{
	while ( T )
		{
		local days = __take_day(finish);

		if ( |days| == 0 )
			break;

		local d = days[0] as Day;

		if ( d$exceeded )
			{
			local whose = d$budget == "" ? "" : fmt(" for %s", d$budget);
			budget_exceeded(fmt(" on %s%s", date_of(d$begin), whose), d$alerts, d$held,
			                fmt("%s %s", date_of(d$begin), d$budget));
			}

		event Anomaly::alert_day(d);
		}

	while ( T )
		{
		local ended = __take_over();

		if ( |ended| == 0 )
			break;

		local over = ended[0] as Over;
		over$peer = peer_description;
		Log::write(FINDINGS_LOG, over);
		event Anomaly::finding_over(over);
		}

	while ( T )
		{
		local changes = __take_drift();

		if ( |changes| == 0 )
			break;

		drifted(changes[0] as Drift);
		}
	}

event found()
	{
	report_findings();
	}

# After conn.log is written (-5), while the connection is still at hand for the
# notices about it and about what its protocols wrote last (-3).
event connection_state_remove(c: connection) &priority=-6
	{
	if ( ! __has_findings() )
		return;

	removing$c = c;
	report_findings();
	delete removing$c;
	}

# Hands the options to the engine.
function apply_options()
	{
	local names: vector of string = vector();
	local networks: vector of string = vector();

	for ( log in notice_logs )
		if ( log !in ignored_logs && (|logs| == 0 || log in logs) )
			names += log;

	for ( network in alert_networks )
		networks += cat(network);

	# Where no log is left of those that raise notices, none does.
	if ( |names| == 0 && |notice_logs| > 0 )
		names += "-";

	__set_threshold(threshold);
	__set_alerts(share_of_budget(), threshold, alert_window, alerts_per_log, join_string_vec(names, ","),
	             join_string_vec(networks, ","), alert_behaviors);
	}

event configure()
	{
	apply_options();
	}

# An option gets its value after this.
function option_changed(id: string, value: any): any
	{
	event Anomaly::configure();
	return value;
	}

function threshold_changed(id: string, value: double): double
	{
	__set_threshold(value);
	event Anomaly::configure();
	return value;
	}

function drift_changed(id: string, value: bool): bool
	{
	__watch_drift(value, ! Cluster::is_enabled());
	return value;
	}

# An option gets its value after this.
function model_path_changed(id: string, value: string): string
	{
	event Anomaly::check_model(F);
	return value;
	}

# A file that has changed is seen, read, and taken.
event check_model(again: bool)
	{
	report_findings();
	local state = __reload_model(model_file());

	if ( state == 2 )
		{
		Reporter::info(fmt("Anomaly: another model is used from now on: %s", model_file()));
		event Anomaly::model_changed(model_file());
		}

	if ( state == 1 )
		schedule 1sec { Anomaly::check_model(again) };
	else if ( again )
		schedule model_check_interval { Anomaly::check_model(again) };
	}

event save_alerts()
	{
	if ( alerts_file() != "" )
		__save_alerts(alerts_file(), F);

	schedule state_interval { Anomaly::save_alerts() };
	}

event look_at_days()
	{
	__tick_budget(network_time());
	report_days(F);
	schedule 1min { Anomaly::look_at_days() };
	}

event zeek_init() &priority=5
	{
	Log::create_stream(LOG, Log::Stream($columns=Info, $ev=log_anomaly, $path="anomaly", $policy=log_policy));

	Log::create_stream(FINDINGS_LOG, Log::Stream($columns=Over, $ev=log_finding, $path="anomaly_findings",
	                                             $policy=findings_log_policy));

	__set_threshold(threshold);
	Option::set_change_handler("Anomaly::threshold", threshold_changed);
	Option::set_change_handler("Anomaly::model_path", model_path_changed);
	__open(model_file(), max_connections, log_filter);

	if ( model_check_interval > 0sec )
		schedule model_check_interval { Anomaly::check_model(T) };

	for ( id in set("alerts_per_day", "alerts_per_log", "alert_networks", "alert_window", "notice_logs",
	                "ignored_logs", "logs", "alert_behaviors", "alert_behaviors_part") )
		Option::set_change_handler("Anomaly::" + id, option_changed);

	Option::set_change_handler("Anomaly::drift_notices", drift_changed);
	__watch_drift(drift_notices, ! Cluster::is_enabled());
	apply_options();

	if ( alerts_file() != "" )
		{
		__resume_alerts(alerts_file());

		if ( state_interval > 0sec )
			schedule state_interval { Anomaly::save_alerts() };
		}

	# Others may set options in their zeek_init.
	event Anomaly::configure();
	schedule 1min { Anomaly::look_at_days() };
	}

event zeek_done() &priority=-100
	{
	report_findings();

	# What is kept goes on after a restart: the day is not over.
	if ( alerts_file() != "" )
		__save_alerts(alerts_file(), T);

	report_days(alerts_file() == "");
	}
