# @TEST-DOC: In a cluster two workers see halves of what many hosts try at one; of two proxies one sees all of it, and tells it once.
#
# @TEST-REQUIRES: have zeek
# @TEST-REQUIRES: test -d $(zeek-config --script_dir)/policy/frameworks/cluster/backend/zeromq
# @TEST-GROUP: cluster
# @TEST-PORT: MANAGER_PORT
# @TEST-PORT: PROXY1_PORT
# @TEST-PORT: PROXY2_PORT
# @TEST-PORT: WORKER1_PORT
# @TEST-PORT: WORKER2_PORT
# @TEST-PORT: XPUB_PORT
# @TEST-PORT: XSUB_PORT
#
# @TEST-EXEC: make-scan 1.pcap --many 10 1
# @TEST-EXEC: make-scan 2.pcap --many 10 11
# @TEST-EXEC: run-cluster zeromq
# @TEST-EXEC: zeek-cut kind host peer <manager-1/anomaly_behavior.log | grep scan_distributed | sort -u >found
# @TEST-EXEC: test $(wc -l <found) -eq 1 && grep -q '10.0.0.5.proxy-' found
# @TEST-EXEC: zeek-cut kind records <manager-1/anomaly_behavior.log | grep scan_distributed | tail -n 1 | cut -f 2 >records
# @TEST-EXEC: test $(cat records) -eq 20
# @TEST-EXEC: grep -q 'Anomaly::Scan.*kind=scan_distributed' manager-1/notice.log
