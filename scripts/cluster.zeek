##! The part that this process has in a cluster.
##!
##! The flows of one host are spread over workers. Workers pack the records that
##! behaviors need and send them to the proxy that a hash of the originator
##! chooses; proxies keep the state. Without a proxy, the manager does. More proxies
##! share the work: records about the responder go to the proxy chosen by a hash of
##! the responder, too, and who contacts whom goes to all of them.

@load ./options
@load base/frameworks/cluster

module Anomaly;

export {
	## Brings records from a worker to the process that keeps state of their hosts.
	##
	## records: Packed records.
	global packed_records: event(records: string);
}

function number_of_proxies(): count
	{
	local n = 0;

	for ( _, node in Cluster::nodes )
		{
		if ( node$node_type == Cluster::PROXY )
			++n;
		}

	return n;
	}

# Whether this process packs records for others.
function packs_records(): bool
	{
	return Cluster::is_enabled() && Cluster::local_node_type() == Cluster::WORKER;
	}

# Whether this process keeps the state of behaviors.
function keeps_behaviors(): bool
	{
	if ( ! Cluster::is_enabled() )
		return T;

	local me = Cluster::local_node_type();
	return me == Cluster::PROXY || (me == Cluster::MANAGER && number_of_proxies() == 0);
	}

# The alerts a day that this process may raise.
function share_of_budget(): double
	{
	if ( ! Cluster::is_enabled() )
		return alerts_per_day;

	local part = detect_behaviors && alert_behaviors ? alert_behaviors_part : 0.0;
	local mine = 1.0 - part;
	local among = Cluster::get_node_count(Cluster::WORKER);

	if ( part > 0.0 && keeps_behaviors() )
		{
		local proxies = Cluster::get_node_count(Cluster::PROXY);
		mine = part;
		among = proxies > 0 ? proxies : Cluster::get_node_count(Cluster::MANAGER);
		}

	# The engine knows no less.
	local share = alerts_per_day * mine / (among > 0 ? among : 1);
	return alerts_per_day > 0.0 && share < 0.01 ? 0.01 : share;
	}

# The path of this process's state files without their endings; empty for none.
function state_prefix(): string
	{
	# What a capture holds is no knowledge about this network.
	if ( state_directory == "" && ! reading_live_traffic() && ! Cluster::is_enabled() )
		return "";

	local dir = state_directory == "" ? __default_state_directory() : state_directory;
	return fmt("%s/%s", dir, Cluster::is_enabled() ? Cluster::node : "standalone");
	}

function publish(topic: string, records: string)
	{
@ifdef ( Cluster::publish )
	Cluster::publish(topic, packed_records, records);
@else
	Broker::publish(topic, packed_records, records);
@endif
	}

event records_packed(batch: Batch)
	{
	if ( batch$to_all )
		publish(Cluster::proxy_topic, batch$records);
	else if ( number_of_proxies() > 0 )
		Cluster::publish_hrw(Cluster::proxy_pool, cat("anomaly", batch$bucket), packed_records, batch$records);
	else
		publish(Cluster::manager_topic, batch$records);
	}

event packed_records(records: string)
	{
	__unpack(records);
	}
