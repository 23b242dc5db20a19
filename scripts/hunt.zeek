##! Watches hosts and pairs of hosts for what takes time to see: beacons, scans,
##! password guessing, and the hosts that these are about. It needs no model.
##! What is found goes to ``anomaly_behavior.log`` with its evidence and the uids
##! behind it, and is raised as a notice.
##!
##! In a cluster the flows of one host are spread over workers. Workers send what is
##! looked at, in batches, to the proxy that is chosen by a hash of the originator, and
##! proxies keep the state; without a proxy, the manager does. More proxies share
##! the work: what is done to a host goes to the proxy chosen by a hash of that host, too,
##! and who talks to whom to all of them.
##!
##! State is bounded (:zeek:see:`Anomaly::hunt_memory`) and kept over a restart
##! (:zeek:see:`Anomaly::state_directory`).

@load-plugin Anomaly::Engine

@load base/frameworks/cluster
@load base/frameworks/logging
@load base/frameworks/notice
@load base/frameworks/telemetry
@load base/utils/directions-and-hosts
@load base/utils/site
@load ./main

module Anomaly;

export {
	## The log of what took time to see, ``anomaly_behavior.log``.
	redef enum Log::ID += { BEHAVIOR_LOG };

	redef enum Notice::Type += {
		## A host calls another, or a name, with the regularity of a machine.
		Beacon,
		## A host asks for a name with the regularity of a machine.
		DNS_Beacon,
		## A host tries one port at many hosts.
		Horizontal_Scan,
		## A host tries many ports of one host.
		Vertical_Scan,
		## A host tries many ports at many hosts.
		Block_Scan,
		## Many hosts try one host.
		Distributed_Scan,
		## A host asks by ARP for address after address.
		ARP_Scan,
		## A machine tells others by ARP that an address of another is its own.
		ARP_Spoofing,
		## ARP frames that nobody sends by mistake.
		ARP_Forged,
		## A host fails to log in again and again.
		Password_Guessing,
		## A host fails to log in to many hosts, or as many users.
		Password_Spraying,
		## Many hosts fail to log in to one host.
		Distributed_Guessing,
		## A login succeeded after the same host had failed again and again.
		Guess_Worked,
		## A host sends data in the names of DNS queries.
		DNS_Tunnel,
		## A host looks up generated names until one exists.
		Generated_Names,
		## A host asks for long names of a domain that hardly another asks.
		Long_Queries,
		## A host asks DNS for a type that nobody else asks for.
		Rare_Query_Type,
		## A host asks a DNS resolver that nobody else asks.
		Lone_Resolver,
		## A host sends far more than it, or its peers, usually do.
		Unusual_Upload,
		## A connection to a host that few others talk to lasts for hours.
		Long_Connection,
		## A host logs in to several others for the first time.
		Lateral_Movement,
		## A host talks to far more hosts or services here than it ever did.
		Fan_Out_Change,
		## A host is active at an hour when it never was.
		Silent_Hour,
		## A host makes a service or a task on another.
		Remote_Execution,
		## Several things about a host were never there before.
		First_Seen,
		## A host was never there before.
		New_Host,
		## What was found about a host adds up.
		Host_At_Risk,
		## Something else that takes time to see.
		Suspicious_Behavior,
	};

	## Whether hosts are watched. Takes effect when Zeek starts.
	const hunt = T &redef;

	## The most memory that what is known of hosts may take, in MiB, under whatever
	## traffic. In a cluster, on each proxy.
	const hunt_memory = 256 &redef;

	## Parameters by their names, such as ``["scan.threshold"] = 5.0``. The command
	## ``zeek-anomaly hunt --list`` shows all.
	const hunt_settings: table[string] of double = {} &redef;

	## A file of addresses, networks, domains, ports, services and pairs that are not
	## reported; it is read again when it changes. The command ``zeek-anomaly hunt``
	## takes the same file.
	const allow_file = "" &redef;

	## What ordinary logs taught (``zeek-anomaly hunt --learn``). Where this is empty,
	## ``usual.zau`` beside the default model is used, if it is there.
	const usual_file = "" &redef;

	## After how long a connection that is still open is looked at, and again each
	## time that it has lasted twice as long; 0 for never. ``connection.hours`` in
	## :zeek:see:`Anomaly::hunt_settings` says from when on one is long.
	const hunt_open_after = 4hr &redef;

	## The least score of a finding that raises a notice. Each finding in the log has
	## reached its behaviour's threshold already. How many do is bounded by
	## :zeek:see:`Anomaly::alerts_per_day`.
	option hunt_notice_score: double = 0.0;

	## Kinds of findings that are neither logged nor raised, by their names in the log.
	option ignored_kinds: set[string] = {};

	## One line of ``anomaly_behavior.log``. A finding that grows is written again with
	## the same *id*.
	type Behavior: record {
		## Time of the last record that is part of it.
		ts: time &log;
		## What it is, such as ``scan_vertical``.
		kind: string &log;
		## Where in an attack it usually belongs.
		stage: string &log;
		## The host whose doing it is.
		host: addr &log;
		## The other side, where it is one host.
		peer_host: addr &log &optional;
		## Its port, where it is one.
		peer_port: port &log &optional;
		## A name that the other side goes by.
		name: string &log &optional;
		## How strong the evidence is; from 3 on it is worth a look.
		score: double &log;
		## What the score is: ``probability``, -log10 p under what the reasons state as
		## ordinary, or ``rule``, the strength of a stated rule.
		basis: string &log;
		## How sure it is that this means harm, 0 to 1.
		confidence: double &log;
		## Records that are part of it.
		records: count &log;
		## Time of the first.
		first: time &log;
		## How often it was reported before, with less evidence.
		update: count &log;
		## Why.
		reasons: vector of string &log;
		## Some of the connections that are part of it.
		uids: vector of string &log;
		## Names the finding.
		id: string &log;
		## The finding that it is for a budget of alerts, as in ``anomaly_findings.log``.
		finding: string &log &optional;
		## What became of it, where it shares a budget, as :zeek:see:`Anomaly::Info` has it.
		alert: string &log &optional;
		## The Zeek process that found it.
		peer: string &log &optional;

		## What it is, for people.
		title: string;
		## The notice that it raises.
		note: Notice::Type &optional;
	};

	## Counts of what was looked at, since the start.
	type HuntStats: record {
		## Records.
		records: count;
		## Records that the allowlist covered.
		allowed: count;
		## Findings, updates among them.
		findings: count;
		## Findings that the allowlist covered.
		findings_allowed: count;
		## Findings that were as usual.
		findings_usual: count;
		## Findings and records that were dropped because nobody took them in time.
		dropped: count;
		## Bytes that state takes.
		memory: count;
		## Hosts and pairs that were forgotten to stay within the memory.
		given_up: count;
	};

	## Records on their way to the process that keeps state of their hosts.
	type Batch: record {
		## Names the hosts.
		bucket: count;
		## The records.
		records: string;
	};

	type Behaviors: vector of Behavior;
	type Batches: vector of Batch;

	## Sees every finding that is about to be reported. A handler that breaks exempts it.
	##
	## rec: The finding.
	global behavior_policy: hook(rec: Behavior);

	## The usual policy hook of a log stream, for ``anomaly_behavior.log``.
	global behavior_log_policy: Log::PolicyHook;

	## Raised for every line of ``anomaly_behavior.log``.
	global log_behavior: event(rec: Behavior);

	## Brings records from a worker to the process that keeps state of their hosts.
	##
	## records: A batch.
	global hunt_records: event(records: string);

	## Tells what was looked at by this process.
	##
	## Returns: Counts.
	global hunt_stats: function(): HuntStats;
}

## How often records are sent that do not fill a batch.
const send_interval = 1sec;

## How often the hunter is told the time.
const tick_interval = 10sec;

## How often it is looked whether the allowlist has changed.
const allow_interval = 1sec;

# The bucket whose records go to all; those before it are by originator and by target.
const to_all = 512;

# Whether this process packs records for others, and keeps state.
global packs = F;
global keeps = F;

function hunt_stats(): HuntStats
	{
	return __hunt_stats() as HuntStats;
	}

function is_exempt_behavior(rec: Behavior): bool
	{
	if ( is_exempt_host(rec$host) || (rec?$peer_host && is_exempt_host(rec$peer_host)) )
		return T;

	if ( rec?$peer_port && rec$peer_port in exempt_ports )
		return T;

	return rec?$name && |exempt_domains| > 0 && is_below(rec$name, exempt_domains);
	}

function behavior_notice(rec: Behavior): Notice::Info
	{
	local whom = rec?$peer_host ? fmt(" -> %s", rec$peer_host) : "";

	if ( rec?$name )
		whom += fmt(" (%s)", rec$name);

	local n = Notice::Info(
		$note = rec$note,
		$msg = fmt("%s%s: %s, %s", rec$host, whom, rec$title, join_string_vec(rec$reasons, "; ")),
		$sub = fmt("kind=%s score=%.2f severity=%s confidence=%.2f stage=%s", rec$kind, rec$score,
		           severity(rec$score), rec$confidence, rec$stage),
		$src = rec$host,
		$n = rec$records,
		$identifier = cat(rec$kind, rec$id));

	if ( rec?$peer_host )
		n$dst = rec$peer_host;

	if ( rec?$peer_port )
		n$p = rec$peer_port;

	if ( |rec$uids| > 0 )
		n$uid = rec$uids[0];

	return n;
	}

function report_behavior(rec: Behavior)
	{
	if ( rec$kind in ignored_kinds || is_exempt_behavior(rec) || ! hook behavior_policy(rec) )
		return;

	rec$peer = peer_description;
	local raises = rec?$note && rec$score >= hunt_notice_score;
	local v = Alert($fate="none", $finding="", $records=0, $entities=0, $first=rec$first, $needed=0.0, $exceeded=F,
	                $alerts_today=0, $held_today=0);

	if ( raises && alerts_per_day > 0.0 && alert_behaviors )
		v = __alert_behavior(rec$kind, rec$id, rec$host, rec$score, rec$ts, rec$records) as Alert;

	if ( v$fate != "none" )
		{
		rec$alert = v$fate;
		rec$finding = v$finding;
		raises = v$fate == "alert";
		}

	Log::write(BEHAVIOR_LOG, rec);

	if ( v$exceeded )
		budget_exceeded(" so far today", v$alerts_today, v$held_today, "so far");

	if ( ! raises )
		return;

	local n = behavior_notice(rec);

	if ( v$fate != "none" )
		{
		n$identifier = v$finding;
		n$suppress_for = alert_window;

		if ( v$entities > 1 )
			n$msg += fmt("; other hosts do the same, about %d", v$entities);
		}

	NOTICE(n);
	}

function report_behaviors()
	{
	while ( T )
		{
		local next_one = __hunt_take() as Behaviors;

		if ( |next_one| == 0 )
			return;

		report_behavior(next_one[0]);
		}
	}

event behavior_found()
	{
	report_behaviors();
	}

event hunt_records(records: string)
	{
	__hunt_unpack(records);
	}

function proxies(): count
	{
	local n = 0;

	for ( _, node in Cluster::nodes )
		{
		if ( node$node_type == Cluster::PROXY )
			++n;
		}

	return n;
	}

# Sends what was packed.
function send_records()
	{
	while ( T )
		{
		local batches = __hunt_take_batch(T) as Batches;

		if ( |batches| == 0 )
			return;

		local b = batches[0];

		# Who talks to whom is for all of them: how common a target is, each has to know.
		if ( b$bucket >= to_all )
			{
@ifdef ( Cluster::publish )
			Cluster::publish(Cluster::proxy_topic, hunt_records, b$records);
@else
			Broker::publish(Cluster::proxy_topic, hunt_records, b$records);
@endif
			}
		else if ( proxies() > 0 )
			Cluster::publish_hrw(Cluster::proxy_pool, cat("anomaly", b$bucket), hunt_records, b$records);
		else
			{
@ifdef ( Cluster::publish )
			Cluster::publish(Cluster::manager_topic, hunt_records, b$records);
@else
			Broker::publish(Cluster::manager_topic, hunt_records, b$records);
@endif
			}
		}
	}

event send_packed()
	{
	send_records();
	schedule send_interval { send_packed() };
	}

event tick_hunter()
	{
	__hunt_tick(network_time());
	schedule tick_interval { tick_hunter() };
	}

event look_at_allowlist()
	{
	__hunt_reload();
	schedule allow_interval { look_at_allowlist() };
	}

function state_file(): string
	{
	return state_file_of("state");
	}

# Each step is short; writing goes on by itself.
event save_state()
	{
	local state = __hunt_save_step(state_file());

	if ( state == 1 )
		schedule 100msec { save_state() };
	else if ( state == 2 )
		schedule 1sec { save_state() };
	else
		schedule state_interval { save_state() };
	}

function settings_text(): string
	{
	local texts: vector of string;

	for ( name, value in hunt_settings )
		texts += fmt("%s=%.9f", name, value);

	# Several proxies share the hosts: what is done to one has to come together, too.
	if ( packs && proxies() > 1 )
		texts += "cluster.views=1";

	return join_string_vec(sort(texts, strcmp), ",");
	}

function local_nets_text(): string
	{
	local texts: vector of string;

	for ( net in Site::local_nets )
		texts += fmt("%s", net);

	return join_string_vec(sort(texts, strcmp), ",");
	}

function usual_path(): string
	{
	if ( usual_file != "" )
		return usual_file;

	local beside = sub(__default_model(), /[^\/]*$/, "usual.zau");
	return file_size(beside) >= 0.0 ? beside : "";
	}

event zeek_init() &priority=-5
	{
	Log::create_stream(BEHAVIOR_LOG, Log::Stream($columns=Behavior, $ev=log_behavior,
		$path="anomaly_behavior", $policy=behavior_log_policy));

	behaviors_watched = hunt;

	if ( ! hunt )
		return;

	local watches = T;

	if ( Cluster::is_enabled() )
		{
		local me = Cluster::local_node_type();
		watches = me == Cluster::WORKER;
		packs = watches;
		keeps = me == Cluster::PROXY || (me == Cluster::MANAGER && proxies() == 0);
		}
	else
		keeps = T;

	if ( ! packs && ! keeps )
		return;

	local state = keeps ? state_file() : "";
	local opened = __hunt_open(packs, watches, hunt_memory * 1048576, local_nets_text(), settings_text(),
		keeps ? usual_path() : "", keeps ? allow_file : "", state, log_filter);

	if ( ! opened )
		{
		packs = F;
		keeps = F;
		return;
		}

	if ( watches && hunt_open_after > 0sec )
		__hunt_open_after(hunt_open_after);

	if ( packs )
		schedule send_interval { send_packed() };

	if ( keeps )
		schedule tick_interval { tick_hunter() };

	if ( keeps && allow_file != "" )
		schedule allow_interval { look_at_allowlist() };

	if ( state != "" && state_interval > 0sec )
		schedule state_interval { save_state() };
	}

event conn_duration_threshold_crossed(c: connection, threshold: interval, is_orig: bool)
	{
	if ( ! (packs || keeps) || hunt_open_after == 0sec || threshold < hunt_open_after )
		return;

	__hunt_open_connection(c, c$orig$size, c$resp$size);
	set_current_conn_duration_threshold(c$id, threshold * 2.0);
	}

event zeek_done() &priority=-90
	{
	if ( packs )
		send_records();

	if ( ! keeps )
		return;

	__hunt_tick(network_time());
	__hunt_finish();
	report_behaviors();

	if ( state_file() != "" )
		__hunt_save(state_file());
	}

@ifdef ( Telemetry::sync )
global records_metric = Telemetry::register_gauge_family(Telemetry::MetricOpts(
	$prefix="zeek", $name="anomaly_hunt_records", $unit="",
	$help_text="Records that the hunter looked at"));
global memory_metric = Telemetry::register_gauge_family(Telemetry::MetricOpts(
	$prefix="zeek", $name="anomaly_hunt_memory", $unit="bytes",
	$help_text="Bytes that the hunter's state takes"));
global given_up_metric = Telemetry::register_gauge_family(Telemetry::MetricOpts(
	$prefix="zeek", $name="anomaly_hunt_given_up", $unit="",
	$help_text="Hosts and pairs that the hunter forgot to stay within its memory"));
global dropped_metric = Telemetry::register_gauge_family(Telemetry::MetricOpts(
	$prefix="zeek", $name="anomaly_hunt_dropped", $unit="",
	$help_text="Findings and records of the hunter that nobody took in time"));

hook Telemetry::sync()
	{
	if ( ! packs && ! keeps )
		return;

	local s = hunt_stats();
	Telemetry::gauge_family_set(records_metric, vector(), s$records);
	Telemetry::gauge_family_set(memory_metric, vector(), s$memory);
	Telemetry::gauge_family_set(given_up_metric, vector(), s$given_up);
	Telemetry::gauge_family_set(dropped_metric, vector(), s$dropped);
	}
@endif
