# A cluster of a manager, two proxies and two workers on this host; each worker reads a
# capture once all others are there, and the end of that is the end of the cluster.

@load base/frameworks/cluster
@load zeek-anomaly

module Anomaly;

redef exit_only_after_terminate = T;
redef Anomaly::state_directory = ".";
redef Log::default_rotation_interval = 0sec;

@if ( Cluster::local_node_type() == Cluster::WORKER )
global others: set[string] = {};

event zeek_init()
	{
	suspend_processing();
	}

event Cluster::node_up(name: string, id: string)
	{
	if ( name == "manager-1" || /^proxy-/ in name )
		add others[name];

	if ( |others| == 3 )
		continue_processing();
	}

# What is still packed is sent at the end.
event Pcap::file_done(path: string)
	{
	terminate();
	}

event zeek_done() &priority=-1000
	{
	local f = open(fmt("../%s.done", Cluster::node));
	print f, "done";
	close(f);
	}
@endif

@if ( Cluster::local_node_type() != Cluster::WORKER )
event finish()
	{
	terminate();
	}

# Once the workers are done, the proxies end, and the manager last: notices and log lines
# are on their way to it.
event look()
	{
	if ( file_size("../worker-1.done") >= 0.0 && file_size("../worker-2.done") >= 0.0 )
		schedule Cluster::local_node_type() == Cluster::MANAGER ? 12sec : 6sec { finish() };
	else
		schedule 1sec { look() };
	}

event zeek_init()
	{
	schedule 1sec { look() };
	}
@endif
