# @TEST-DOC: In a cluster (zeromq) two workers see halves of a scan, one proxy sees all of it, and the manager logs and raises it.
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
# @TEST-EXEC: make-scan 1.pcap 5
# @TEST-EXEC: make-scan 2.pcap 5 100
# @TEST-EXEC: run-cluster zeromq
# @TEST-EXEC: zeek-cut kind host records <manager-1/anomaly_behavior.log | head -n 1 >finding
# @TEST-EXEC: printf 'scan_horizontal\t10.0.0.5\t7\n' | diff - finding
# @TEST-EXEC: grep -q 'Anomaly::Scan.*kind=scan_horizontal' manager-1/notice.log
# @TEST-EXEC: zeek-cut peer <manager-1/anomaly_behavior.log | sort -u >by
# @TEST-EXEC: test $(wc -l <by) -eq 1 && grep -q proxy- by
