# @TEST-DOC: The same anomaly between the same hosts raises one notice, however many connections it has.
#
# @TEST-REQUIRES: have zeek model workshop_2011_browse.pcap
# @TEST-EXEC: zeek-trace workshop_2011_browse.pcap zeek-anomaly %INPUT Anomaly::threshold=-1.0 Anomaly::notice_threshold=-1.0 Anomaly::alerts_per_day=0.0
# @TEST-EXEC: test $(zeek-cut note <notice.log | grep -c Anomaly::) -lt $(zeek-cut log <anomaly.log | wc -l)
# @TEST-EXEC: zeek-cut id.orig_h id.resp_h id.resp_p sub <notice.log | sed 's/score=[^ ]* severity=[^ ]* detector=[^ ]*//' | sort | uniq -d >twice
# @TEST-EXEC: test ! -s twice
