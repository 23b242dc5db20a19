##! The notices. The exact kind of a behavior is in the notice's *sub* as
##! ``kind=``, and the log of an anomalous record as ``log=``.

@load ./options
@load ./cluster
@load ./exemptions
@load base/frameworks/notice

module Anomaly;

export {
	redef enum Notice::Type += {
		## A record of a log is anomalous for this network.
		Anomalous_Record,
		## A host contacts another host or a domain at regular intervals, or asks
		## DNS for a name at regular intervals.
		Beacon,
		## A host tries many ports or hosts, many hosts try one host, or a host
		## asks by ARP for one address after another.
		Scan,
		## A machine claims by ARP that the address of another machine is its own,
		## or sends ARP frames that nobody sends by mistake.
		ARP_Spoofing,
		## Logins fail again and again: of a host at another, of a host at many
		## hosts or with many users, or of many hosts at one.
		Password_Guessing,
		## A login succeeds after the same host failed again and again.
		Password_Guess_Succeeded,
		## A host sends data in the names of DNS queries.
		DNS_Tunnel,
		## A host asks DNS for generated names until one exists.
		DGA_Activity,
		## A host asks an unusual DNS resolver, or for unusual names or types.
		Unusual_DNS,
		## A host sends far more than it or its peers usually do, or a connection
		## to a rarely contacted host lasts for hours.
		Unusual_Transfer,
		## A host logs in to several others for the first time, runs something on
		## another, brings programs there, changes it, or lists its users.
		Lateral_Movement,
		## A host reads secrets of others, replicates the directory without being a
		## server of it, makes others log in elsewhere, or collects tickets.
		Credential_Theft,
		## A host is new, or does what it never did: new services, more hosts,
		## other hours. Behaviors that this version does not know are here, too.
		Unusual_Host_Activity,
		## The findings of a host add up.
		Host_At_Risk,
		## There are far more alerts in a day than the budget. Raised when that
		## happens, and with the final numbers when the day has ended.
		Alert_Budget_Exceeded,
		## The traffic of a log differs from training: scores may be off until
		## the model is trained again.
		Model_Drift,
	};

	## The notice type of each kind of behavior.
	const notice_types: table[string] of Notice::Type = {
		["beacon"] = Beacon,
		["dns_beacon"] = Beacon,
		["scan_horizontal"] = Scan,
		["scan_vertical"] = Scan,
		["scan_block"] = Scan,
		["scan_distributed"] = Scan,
		["scan_arp"] = Scan,
		["arp_spoofing"] = ARP_Spoofing,
		["arp_forged"] = ARP_Spoofing,
		["guessing"] = Password_Guessing,
		["guessing_spray"] = Password_Guessing,
		["guessing_distributed"] = Password_Guessing,
		["password_guess_succeeded"] = Password_Guess_Succeeded,
		["dns_tunnel"] = DNS_Tunnel,
		["dga_activity"] = DGA_Activity,
		["unusual_dns_resolver"] = Unusual_DNS,
		["dns_long"] = Unusual_DNS,
		["dns_rare_type"] = Unusual_DNS,
		["upload"] = Unusual_Transfer,
		["long_connection"] = Unusual_Transfer,
		["lateral_spread"] = Lateral_Movement,
		["lateral_execution"] = Lateral_Movement,
		["lateral_session"] = Lateral_Movement,
		["lateral_transfer"] = Lateral_Movement,
		["remote_change"] = Lateral_Movement,
		["remote_enumeration"] = Lateral_Movement,
		["directory_replication"] = Credential_Theft,
		["remote_secrets"] = Credential_Theft,
		["forced_authentication"] = Credential_Theft,
		["kerberos_tickets"] = Credential_Theft,
		["fan_out_increase"] = Unusual_Host_Activity,
		["off_hours_activity"] = Unusual_Host_Activity,
		["first_seen"] = Unusual_Host_Activity,
		["first_host"] = Unusual_Host_Activity,
		["host"] = Host_At_Risk,
	} &default=Unusual_Host_Activity &redef;

	## Names the severity of a score.
	##
	## score: The score of a record or a behavior.
	##
	## Returns: "low", "medium", "high" or "critical".
	global severity: function(score: double): string;
}

# The days since when logs differ from training, and the last day of each that did.
global differs_since: table[string] of time = table();
global differed_last: table[string] of time = table();

function severity(score: double): string
	{
	if ( score >= severity_critical )
		return "critical";

	if ( score >= severity_high )
		return "high";

	return score >= severity_medium ? "medium" : "low";
	}

# What a budget knows of the finding that a notice is about.
function add_decision(n: Notice::Info, d: Decision, records: count)
	{
	if ( d$disposition == "none" )
		return;

	# The engine ensures that this notice is the first of its finding.
	n$n = records;
	n$identifier = d$finding;
	n$suppress_for = alert_window;

	if ( d$entities > 1 )
		n$msg += fmt("; about %d hosts are affected in the same way", d$entities);
	}

# The connection of a record, where Zeek still has it.
function add_connection(n: Notice::Info, info: Info)
	{
	if ( info?$conn )
		n$conn = info$conn;
	else if ( info?$uid && info?$id &&
	          get_port_transport_proto(info$id$resp_p) != unknown_transport &&
	          connection_exists(info$id) )
		{
		local c = lookup_connection(info$id);

		# The same endpoints may have met again.
		if ( c$uid == info$uid )
			n$conn = c;
		}
	}

function raise_anomaly(info: Info, d: Decision)
	{
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
		$note = Anomalous_Record,
		$msg = fmt("Anomalous %s record, score %s%.1f: %s", info$log, known, info$score,
		           info?$reasons && |info$reasons| > 0 ? join_string_vec(info$reasons, "; ") : "no single reason"),
		$sub = fmt("log=%s score=%.2f severity=%s detector=%s feature=%s", info$log, info$score,
		           severity(info$score), info$detector, feature),
		$identifier = fmt("%s %s %s", info$log, subject, feature));

	add_decision(n, d, d$records);

	if ( info?$uid )
		n$uid = info$uid;

	if ( info?$fuid )
		n$fuid = info$fuid;

	if ( info?$id )
		n$id = info$id;
	else if ( info?$host )
		n$src = info$host;

	add_connection(n, info);
	NOTICE(n);
	}

function raise_behavior(rec: Behavior, d: Decision)
	{
	local whom = rec?$peer_host ? fmt(" -> %s", rec$peer_host) : "";

	if ( rec?$name )
		whom += fmt(" (%s)", rec$name);

	local n = Notice::Info(
		$note = notice_types[rec$kind],
		$msg = fmt("%s%s: %s, %s", rec$host, whom, rec$title, join_string_vec(rec$reasons, "; ")),
		$sub = fmt("kind=%s score=%.2f severity=%s confidence=%.2f stage=%s", rec$kind, rec$score,
		           severity(rec$score), rec$confidence, rec$stage),
		$src = rec$host,
		$n = rec$records,
		$identifier = cat(rec$kind, rec$id));

	add_decision(n, d, rec$records);

	if ( rec?$peer_host )
		n$dst = rec$peer_host;

	if ( rec?$peer_port )
		n$p = rec$peer_port;

	if ( |rec$uids| > 0 )
		n$uid = rec$uids[0];

	NOTICE(n);
	}

# The date of a day of UTC, from its begin: noon has the same date nearly everywhere.
function date_of(begin: time): string
	{
	return strftime("%Y-%m-%d", begin + 12hrs);
	}

function budget_exceeded(when_: string, alerts: count, suppressed: count, id: string)
	{
	local more = suppressed > 0 ? fmt("; %d findings suppressed", suppressed) : "";

	NOTICE(Notice::Info($note = Alert_Budget_Exceeded,
	                    $msg = fmt("Budget exceeded: %d alert%s%s, the budget is %s a day%s", alerts,
	                               alerts == 1 ? "" : "s", when_, share_of_budget(), more),
	                    $n = alerts,
	                    $identifier = id,
	                    $suppress_for = 1day));
	}

event alert_day(day: Day)
	{
	if ( ! day$exceeded )
		return;

	local date = date_of(day$begin);
	local whose = day$budget == "" ? "" : fmt(" for %s", day$budget);
	budget_exceeded(fmt(" on %s%s", date, whose), day$alerts, day$suppressed, fmt("%s %s", date, day$budget));
	}

event model_drift(drift: Drift)
	{
	if ( ! is_reported_log(drift$log) )
		return;

	local since = "";

	if ( drift?$day )
		{
		# Different on the day before, too?
		if ( drift$log !in differed_last || drift$day - differed_last[drift$log] > 36hrs )
			differs_since[drift$log] = drift$day;

		differed_last[drift$log] = drift$day;
		since = fmt(" since %s", date_of(differs_since[drift$log]));
		}

	NOTICE(Notice::Info($note = Model_Drift,
	                    $msg = fmt("%s differs from training%s: %s", drift$log, since, drift$changes),
	                    $sub = fmt("log=%s records=%d", drift$log, drift$records),
	                    $identifier = drift$log,
	                    $suppress_for = drift_suppress_for));
	}
