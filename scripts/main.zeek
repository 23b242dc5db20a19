##! Scores the records of Zeek's logs as they are written, with a model that
##! ``zeek-anomaly train`` made from logs of the same network, and detects
##! behaviors of hosts: beacons, scans, password guessing and others, which need no
##! model. Anomalous records go to ``anomaly.log``, behaviors to
##! ``anomaly_behavior.log``, both with their reasons; the most important ones are
##! raised as notices, within a budget.
##!
##! No other log changes: no record is altered, dropped or delayed. Without a
##! model, one line in ``reporter.log`` says so and Zeek runs on.
##!
##! A record is scored when it is handed to the writer of its log: after all policy
##! hooks, and with the columns of the log. So the command line gives the same score
##! to the same log.

@load ./options
@load ./exemptions
@load ./cluster
@load ./logs
@load ./notices
@load base/frameworks/reporter
@load base/utils/directions-and-hosts
@load base/utils/site

module Anomaly;

export {
	## Gives the counts of behavioral detection in this process.
	##
	## Returns: The counts.
	global behavior_stats: function(): BehaviorStats;
}

# An option has another value.
global configure: event();

# All events of the end were handled.
global save_at_end: event();

function behavior_stats(): BehaviorStats
	{
	return __stats();
	}

# The decision of the alert budget about an anomaly or a behavior.
function decide(event_id: count): Decision
	{
	local d = __decide(event_id);

	# Suppressed findings can exceed the budget, too.
	if ( d$exceeded )
		budget_exceeded(" so far today", d$alerts_today, d$suppressed_today, "so far");

	return d;
	}

event anomaly_found(info: Info)
	{
	if ( ! is_reported_log(info$log) || is_exempt(info) || ! hook score_policy(info) )
		return;

	if ( info?$id )
		{
		info$local_orig = Site::is_local_addr(info$id$orig_h);
		info$local_resp = Site::is_local_addr(info$id$resp_h);
		}

	info$peer = peer_description;
	local raises = |notice_logs| == 0 || info$log in notice_logs;
	local d = Decision();

	if ( alerts_per_day > 0.0 )
		{
		d = decide(info$event_id);
		raises = raises && d$disposition == "raised";

		if ( d$disposition != "none" )
			info$disposition = d$disposition;
		}
	else
		raises = raises && info$score >= notice_threshold;

	Log::write(LOG, info);

	if ( raises )
		raise_anomaly(info, d);
	}

event behavior_found(rec: Behavior)
	{
	if ( rec$kind in ignored_kinds || is_exempt_behavior(rec) || ! hook behavior_policy(rec) )
		return;

	rec$peer = peer_description;
	local raises = rec$score >= behavior_notice_score;
	local d = Decision();

	if ( raises && alerts_per_day > 0.0 && alert_behaviors )
		d = decide(rec$event_id);

	if ( d$disposition != "none" )
		{
		rec$disposition = d$disposition;
		rec$finding = d$finding;
		raises = d$disposition == "raised";
		}

	Log::write(BEHAVIOR_LOG, rec);

	if ( raises )
		raise_behavior(rec, d);
	}

# Before others look at it.
event finding_closed(rec: FindingSummary) &priority=5
	{
	rec$peer = peer_description;
	Log::write(FINDINGS_LOG, rec);
	}

event model_changed(path: string)
	{
	Reporter::info(fmt("Anomaly: another model is used from now on: %s", path));
	}

# Elements with commas between them, in an order that is always the same.
function list_of(elements: vector of string): string
	{
	return join_string_vec(sort(elements, strcmp), ",");
	}

function model_file(path: string): string
	{
	if ( path == "" )
		path = getenv("ZEEK_ANOMALY_MODEL");

	return path == "" ? __default_model() : path;
	}

# Networks as text for the engine.
function text_of(networks: set[subnet]): string
	{
	local texts: vector of string = vector();

	for ( network in networks )
		texts += cat(network);

	return list_of(texts);
	}

# Hands the options to the engine.
function apply_options()
	{
	local names: vector of string = vector();

	for ( log in notice_logs )
		if ( is_reported_log(log) )
			names += log;

	# Where no log is left of those that raise notices, none does.
	if ( |names| == 0 && |notice_logs| > 0 )
		names += "-";

	__configure(Settings($threshold=threshold, $per_day=share_of_budget(), $window=alert_window,
	                     $by_log=alerts_per_log, $logs=list_of(names), $networks=text_of(alert_networks),
	                     $local_nets=text_of(Site::local_nets),
	                     $behaviors=alert_behaviors, $drift=drift_notices, $sees_all=! Cluster::is_enabled()));
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

function model_path_changed(id: string, value: string): string
	{
	__load_model(model_file(value), F);
	return value;
	}

function start_behaviors()
	{
	local settings: vector of string = vector();

	for ( name, value in behavior_settings )
		settings += fmt("%s=%.9f", name, value);

	# Several proxies share the hosts: records about a responder have to come together, too.
	if ( packs_records() && number_of_proxies() > 1 )
		settings += "cluster.views=1";

	local baseline = behavior_baseline_file;

	if ( baseline == "" )
		{
		local beside = sub(__default_model(), /[^\/]*$/, "usual.zau");
		baseline = file_size(beside) >= 0.0 ? beside : "";
		}

	__watch_behaviors(BehaviorOptions($packs=packs_records(), $watches=! Cluster::is_enabled() || packs_records(),
	                                  $memory=behavior_memory * 1048576, $local_nets=text_of(Site::local_nets),
	                                  $settings=list_of(settings), $baseline_path=packs_records() ? "" : baseline,
	                                  $allow_path=allow_file,
	                                  $open_after=behavior_open_after));
	}

event zeek_init() &priority=3
	{
	__open(EngineOptions($max_connections=max_connections, $log_filter=log_filter, $state_prefix=state_prefix(),
	                     $model_check_interval=model_check_interval, $state_interval=state_interval));
	__load_model(model_file(model_path), T);
	apply_options();

	for ( id in set("threshold", "alerts_per_day", "alerts_per_log", "alert_networks", "alert_window", "notice_logs",
	                "ignored_logs", "logs", "alert_behaviors", "alert_behaviors_part", "drift_notices") )
		Option::set_change_handler("Anomaly::" + id, option_changed);

	Option::set_change_handler("Anomaly::model_path", model_path_changed);
	}

event zeek_init() &priority=-5
	{
	if ( detect_behaviors && (packs_records() || keeps_behaviors()) )
		start_behaviors();
	}

# After conn.log is written (-5), while the connection is still there for the notices
# about it and about what its protocols wrote last (-3).
event connection_state_remove(c: connection) &priority=-6
	{
	for ( _, info in __last_anomalies(c$uid) )
		info$conn = c;
	}

event conn_duration_threshold_crossed(c: connection, threshold: interval, is_orig: bool)
	{
	if ( detect_behaviors && behavior_open_after > 0sec && threshold >= behavior_open_after &&
	     __watch_open_connection(c, c$orig$size, c$resp$size) )
		set_current_conn_duration_threshold(c$id, threshold * 2.0);
	}

event zeek_done() &priority=-100
	{
	__finish();
	event Anomaly::save_at_end();
	}

event save_at_end()
	{
	__save();
	}
