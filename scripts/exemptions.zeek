##! What is not reported: exemptions by options and by hooks.

@load ./options

module Anomaly;

export {
	## Sees every anomalous record that is about to be reported. A handler that
	## breaks exempts it. An exempt record does not use up an alert budget; it
	## still counts as part of its connection.
	##
	## info: The record; its columns are in *values*.
	global score_policy: hook(info: Info);

	## Sees every behavior that is about to be reported. A handler that breaks
	## exempts it.
	##
	## rec: The behavior.
	global behavior_policy: hook(rec: Behavior);

	## Tells whether the options exempt a record.
	##
	## info: The record.
	##
	## Returns: True if it is not reported.
	global is_exempt: function(info: Info): bool;

	## Tells whether the options exempt a behavior.
	##
	## rec: The behavior.
	##
	## Returns: True if it is not reported.
	global is_exempt_behavior: function(rec: Behavior): bool;
}

# Whether a log is one that is reported.
function is_reported_log(log: string): bool
	{
	return log !in ignored_logs && (|logs| == 0 || log in logs);
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

function is_exempt_behavior(rec: Behavior): bool
	{
	if ( is_exempt_host(rec$host) || (rec?$peer_host && is_exempt_host(rec$peer_host)) )
		return T;

	if ( rec?$peer_port && rec$peer_port in exempt_ports )
		return T;

	return rec?$name && |exempt_domains| > 0 && is_below(rec$name, exempt_domains);
	}
