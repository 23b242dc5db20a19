# @TEST-DOC: Every kind of behavior that the engine knows has a notice type.
#
# @TEST-REQUIRES: have zeek model
# @TEST-EXEC: $ZEEK_ANOMALY hunt --list | awk 'NR > 1 { if (NF == 0) exit; print $1 }' >kinds
# @TEST-EXEC: sed 's/.*/print "&", "&" in Anomaly::notice_types, Anomaly::notice_types["&"];/' <kinds >all.zeek
# @TEST-EXEC: zeek zeek-anomaly all.zeek 2>/dev/null | sort >types
# @TEST-EXEC: btest-diff types
