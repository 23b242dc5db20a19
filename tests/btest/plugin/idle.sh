# @TEST-DOC: A plugin that is installed but not loaded logs nothing and says nothing.
#
# @TEST-REQUIRES: have zeek http/get.pcap
# @TEST-EXEC: zeek -C -r $TRACES/http/get.pcap >output 2>&1
# @TEST-EXEC: test ! -s output && test ! -e anomaly.log && test ! -e reporter.log
