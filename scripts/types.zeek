##! The records that pass between the plugin and the scripts, and the events
##! that carry them. The plugin loads this file before its built-in functions.

module Anomaly;

export {
	## An anomalous record: one line of ``anomaly.log``.
	type Info: record {
		## Time of the record.
		ts: time &log;
		## The connection of the record.
		uid: string &log &optional;
		## The file of the record.
		fuid: string &log &optional;
		## The endpoints of the connection.
		id: conn_id &log &optional;
		## The log that has the record.
		log: string &log;
		## The anomaly score: -log10 of the share of the training records that
		## are at least as anomalous. See :zeek:see:`Anomaly::threshold`.
		score: double &log;
		## The confidence of the score: "measured" among the training records;
		## "extrapolated" where the record is more anomalous than all of them;
		## "at_least" where it is, and they are too few to extrapolate from.
		claim: string &log;
		## The detector's own value, before calibration.
		raw: double &log;
		## The detector that found the record most anomalous.
		detector: string &log;
		## The reasons, the most important first: feature, value, typical
		## values, and the share of the score.
		reasons: vector of string &log &optional;
		## Whether the originator is in :zeek:see:`Site::local_nets`.
		local_orig: bool &log &optional;
		## Whether the responder is in :zeek:see:`Site::local_nets`.
		local_resp: bool &log &optional;
		## The Zeek process that saw the record.
		peer: string &log &optional;
		## The finding. Records of the same log and host that are anomalous for
		## the same reasons are one finding.
		finding: string &log &optional;
		## What became of the record, where there is an alert budget: "raised",
		## it raised the notice of its finding; "aggregated", its finding has
		## raised a notice already; "suppressed", it would have raised one on a
		## day with fewer notices; "below_threshold", it is not anomalous enough
		## for a notice. Unset where the log raises no notices.
		disposition: string &log &optional;

		## The feature of the first reason.
		feature: string &optional;
		## The host that the record is about, where it has no connection.
		host: addr &optional;
		## The domain that the record names.
		domain: string &optional;
		## The columns of the record that have a value, as text by their names,
		## such as ``id.resp_p``.
		values: table[string] of string &optional;
		## The connection, where Zeek still has it.
		conn: connection &optional;
		## Names the record for the decision about an alert.
		event_id: count &default=0;
	};

	## Several of them.
	type Infos: vector of Info;

	## A detected behavior: one line of ``anomaly_behavior.log``. A finding that
	## grows is written again with the same *id*.
	type Behavior: record {
		## Time of the last record that is part of it.
		ts: time &log;
		## The kind of behavior, such as ``scan_vertical``.
		kind: string &log;
		## The stage of an attack that it usually belongs to.
		stage: string &log;
		## The host that shows the behavior.
		host: addr &log;
		## The other side, where it is one host.
		peer_host: addr &log &optional;
		## The port of the other side, where it is one port.
		peer_port: port &log &optional;
		## A name of the other side.
		name: string &log &optional;
		## How strong the evidence is; from 3 on it is worth a look.
		score: double &log;
		## What the score is: "probability", -log10 of the probability under
		## what the reasons state as ordinary; or "rule", the strength of a
		## stated rule.
		basis: string &log;
		## How sure it is that this means harm, from 0 to 1.
		confidence: double &log;
		## The number of records that are part of it.
		records: count &log;
		## Time of the first record that is part of it.
		first: time &log;
		## How often it was reported before, with less evidence.
		update: count &log;
		## The evidence.
		reasons: vector of string &log;
		## Some of the connections that are part of it.
		uids: vector of string &log;
		## The finding of the behavior itself, the same for all its lines.
		id: string &log;
		## The finding that an alert budget counts it with, as in
		## ``anomaly_findings.log``. Many hosts alike are one such finding.
		finding: string &log &optional;
		## What became of it, where it shares an alert budget, as in
		## :zeek:see:`Anomaly::Info`.
		disposition: string &log &optional;
		## The Zeek process that detected it.
		peer: string &log &optional;

		## The kind in words.
		title: string;
		## Names the behavior for the decision about an alert.
		event_id: count &default=0;
	};

	## A finding that raised a notice, with its final counts: one line of
	## ``anomaly_findings.log``.
	type FindingSummary: record {
		## When it raised its notice.
		ts: time &log;
		## The finding, as in ``anomaly.log`` and ``anomaly_behavior.log``.
		finding: string &log;
		## The log that has its records; "behavior" for behaviors.
		log: string &log;
		## The host that it is about, where it is one.
		host: addr &log &optional;
		## About how many hosts it is about.
		entities: count &log;
		## The number of its records.
		records: count &log;
		## The highest score among them.
		score: double &log;
		## Time of the first record.
		first: time &log;
		## Time of the last record.
		last: time &log;
		## The Zeek process that counted them.
		peer: string &log &optional;
	};

	## The decision about an anomaly or a behavior.
	type Decision: record {
		## As in :zeek:see:`Anomaly::Info`, or "none" where no budget counts it.
		disposition: string &default="none";
		## The finding that it was counted with. Where many hosts are anomalous
		## for the same reasons, they become one finding.
		finding: string &default="";
		## Records of the finding so far.
		records: count &default=0;
		## About how many hosts the finding has.
		entities: count &default=0;
		## The score that a notice takes.
		needed: double &default=0.0;
		## Whether now, for the first time today, the budget is exceeded.
		exceeded: bool &default=F;
		## Notices of the budget so far today.
		alerts_today: count &default=0;
		## Findings that were suppressed today.
		suppressed_today: count &default=0;
	};

	## A day of an alert budget that has ended.
	type Day: record {
		## When it began.
		begin: time;
		## The log or the network that the budget is for; empty for all.
		budget: string;
		## Notices that were raised.
		alerts: count;
		## Findings that were suppressed.
		suppressed: count;
		## Whether the budget was exceeded.
		exceeded: bool;
	};

	## What differs from training in one log.
	type Drift: record {
		## The log.
		log: string;
		## What differs, in words, the largest difference first.
		changes: string;
		## Records of the day.
		records: count;
		## When the day began; unset where columns differ.
		day: time &optional;
	};

	## Records on their way to the process that keeps state of their hosts.
	type Batch: record {
		## Names the hosts: all records of a bucket go to the same process.
		bucket: count;
		## Whether every process that keeps state needs the records.
		to_all: bool;
		## The packed records.
		records: string;
	};

	## Counts of behavioral detection in this process, since it started.
	type BehaviorStats: record {
		## Records that were watched.
		records: count;
		## Of these, records that the allowlist covered.
		allowed: count;
		## Detected behaviors, updates among them.
		findings: count;
		## Of these, behaviors that the allowlist covered.
		findings_allowed: count;
		## Of these, behaviors that the behavioral baseline covered.
		findings_in_baseline: count;
		## Findings and records that were dropped because nobody took them in time.
		dropped: count;
		## Bytes that the state takes.
		memory: count;
		## Hosts and pairs that were forgotten to stay within the memory.
		evicted: count;
	};

	## How the engine is opened. For the scripts of this package only.
	type EngineOptions: record {
		## How many connections are remembered; 0 leaves it to the engine.
		max_connections: count;
		## The filter whose lines are scored and watched.
		log_filter: string;
		## The path of state files without their endings; empty for none.
		state_prefix: string;
		## How often to check the model file for changes.
		model_check_interval: interval;
		## How often to save the state.
		state_interval: interval;
	};

	## How behaviors are detected. For the scripts of this package only. Lists
	## are texts with commas.
	type BehaviorOptions: record {
		## Whether records are packed for another process.
		packs: bool;
		## Whether the records of this process's own logs are watched.
		watches: bool;
		## The most memory that state may take, in bytes.
		memory: count;
		## Networks of the site.
		local_nets: string;
		## Parameters, as ``name=value``.
		settings: string;
		## The behavioral baseline; empty for none.
		baseline_path: string;
		## The allowlist; empty for none.
		allow_path: string;
		## After how long open connections are watched; 0 for never.
		open_after: interval;
	};

	## What may change while the engine runs. For the scripts of this package
	## only. Lists are texts with commas.
	type Settings: record {
		## The least score of an anomaly that is reported.
		threshold: double;
		## Alerts a day for each budget; 0 for no budget.
		per_day: double;
		## How long records count with the alert of their finding.
		window: interval;
		## Whether each log has a budget of its own.
		by_log: bool;
		## The logs that raise alerts; all where empty.
		logs: string;
		## Networks that have a budget of their own.
		networks: string;
		## Networks of the site: hosts outside cannot use up the last third
		## of a budget.
		local_nets: string;
		## Whether behaviors share the budget.
		behaviors: bool;
		## Whether drift is watched.
		drift: bool;
		## Whether this process sees all records of the network.
		sees_all: bool;
	};

	## Raised for every record whose score reaches :zeek:see:`Anomaly::threshold`,
	## before options and hooks exempt it.
	##
	## info: The record.
	global anomaly_found: event(info: Info);

	## Raised for every detected behavior, and again when it has more evidence,
	## before options and hooks exempt it.
	##
	## rec: The behavior.
	global behavior_found: event(rec: Behavior);

	## Raised when a finding that raised a notice counts no more records.
	##
	## rec: The finding, with its final counts.
	global finding_closed: event(rec: FindingSummary);

	## Raised when a day of an alert budget has ended.
	##
	## day: The day.
	global alert_day: event(day: Day);

	## Raised when the traffic of a log differs from training.
	##
	## drift: What differs.
	global model_drift: event(drift: Drift);

	## Raised when another model replaced the current one.
	##
	## path: The model file.
	global model_changed: event(path: string);

	## Raised when packed records are ready for the process that keeps state of
	## their hosts.
	##
	## batch: The records.
	global records_packed: event(batch: Batch);
}
