##! Runs the engine: opens the model and looks for another one, hands options on, tells of
##! days that have ended and of logs that have changed.

@load ./settings
@load ./budget
@load ./findings

module Anomaly;

# An option has another value.
global configure: event();

# It is time to look whether a day has ended.
global look_at_days: event();

# It is time to look whether there is another model; and again later.
global check_model: event(again: bool);

# It is time to save what is known of alerts.
global save_alerts: event();

# The days since when logs are not as they were.
global changed_since: table[string] of time = table();

# The day of each log that was the last to be found changed.
global changed_last: table[string] of time = table();

# The model file that is to be used.
function model_file(): string
	{
	if ( model_path != "" )
		return model_path;

	local path = getenv("ZEEK_ANOMALY_MODEL");
	return path == "" ? __default_model() : path;
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
