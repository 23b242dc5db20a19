# @TEST-DOC: Every kind of finding that the engine knows has a notice type of its own.
#
# @TEST-REQUIRES: have zeek model
# @TEST-EXEC: $ZEEK_ANOMALY hunt --list | awk 'NR > 1 { if (NF == 0) exit; print $2 }' >notices
# @TEST-EXEC: test $(wc -l <notices) -ge 10
# @TEST-EXEC: sed 's/.*/print Anomaly::&;/' <notices >all.zeek
# @TEST-EXEC: zeek zeek-anomaly all.zeek >output 2>/dev/null
# @TEST-EXEC: test $(wc -l <output) -eq $(wc -l <notices)
