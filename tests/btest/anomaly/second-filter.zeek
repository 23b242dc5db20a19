# @TEST-DOC: A second filter of a stream does not make its records count twice.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly %INPUT Anomaly::threshold=-1.0
# @TEST-EXEC: test -s http_copy.log && test "$(zeek-cut log <anomaly.log | sort | tr '\n' ' ')" = "conn files http "

event zeek_init()
	{
	Log::add_filter(HTTP::LOG, Log::Filter($name="copy", $path="http_copy"));
	}
