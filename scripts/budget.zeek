##! This process's part of the budget of alerts, and where what is kept over a restart is kept.

@load ./settings

module Anomaly;

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
