# @TEST-DOC: Only what reaches the threshold is reported, and the threshold may change at run time.
#
# @TEST-REQUIRES: have zeek model http/get.pcap
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly Anomaly::threshold=1000.0
# @TEST-EXEC: test -s conn.log && test ! -e anomaly.log
# @TEST-EXEC: zeek-trace http/get.pcap zeek-anomaly %INPUT Anomaly::threshold=-1.0
# @TEST-EXEC: test ! -e anomaly.log

event zeek_init() &priority=-10
	{
	Config::set_value("Anomaly::threshold", 1000.0);
	}
