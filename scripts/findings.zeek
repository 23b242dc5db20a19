##! What the engine found in a record becomes a line of ``anomaly.log`` and a notice.

@load ./settings
@load ./budget

module Anomaly;

# The connection that is being removed, while what was found in it is reported.
type Removing: record {
	c: connection &optional;
};

global removing = Removing();

# What the budget makes of the record that is being reported.
global verdict = Alert($fate="none", $finding="", $records=0, $entities=0, $first=double_to_time(0.0),
                       $needed=0.0, $exceeded=F, $alerts_today=0, $held_today=0);

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
