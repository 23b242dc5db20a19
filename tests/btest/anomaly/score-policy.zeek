# @TEST-DOC: score_policy exempts by what a record says, log_policy by what is to be written; the event sees the rest.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly %INPUT Anomaly::threshold=-1.0 >events
# @TEST-EXEC: test "$(zeek-cut log <anomaly.log)" = "conn"
# @TEST-EXEC: btest-diff events

hook Anomaly::score_policy(info: Anomaly::Info)
	{
	if ( info$log == "http" && info$values["host"] == "bro.org" && info$values["status_code"] == "200" )
		break;
	}

hook Anomaly::log_policy(rec: Anomaly::Info, id: Log::ID, filter: Log::Filter)
	{
	if ( rec$log == "files" )
		break;
	}

event Anomaly::log_anomaly(rec: Anomaly::Info)
	{
	print rec$log;
	}
