# @TEST-DOC: A record that a policy hook keeps out of its log is not scored, whichever hook it is.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly %INPUT Anomaly::threshold=-1.0
# @TEST-EXEC: test "$(zeek-cut log <anomaly.log)" = "conn"

hook HTTP::log_policy(rec: HTTP::Info, id: Log::ID, filter: Log::Filter)
	{
	break;
	}

hook Log::log_stream_policy(rec: any, id: Log::ID) &priority=-50
	{
	if ( id == Files::LOG )
		break;
	}
