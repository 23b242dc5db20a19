# @TEST-DOC: IPv6 connections are scored, and locality is told.
#
# @TEST-REQUIRES: have zeek model ftp/ipv6.pcap
# @TEST-EXEC: echo 'redef Site::local_nets += { [2001:470:1f11:81f::]/64 };' >local.zeek
# @TEST-EXEC: zeek-trace ftp/ipv6.pcap zeek-anomaly Anomaly::threshold=-1.0 ./local.zeek
# @TEST-EXEC: zeek-cut log id.orig_h id.resp_h id.resp_p local_orig local_resp <anomaly.log | sort >records
# @TEST-EXEC: btest-diff records
