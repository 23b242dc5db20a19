# @TEST-DOC: A finding that raised a notice is logged with all its records when it is over.
#
# @TEST-REQUIRES: have zeek model workshop_2011_browse.pcap
# @TEST-EXEC: bash %INPUT

set -x

zeek-trace workshop_2011_browse.pcap zeek-anomaly Anomaly::threshold=-1.0 Anomaly::drift_notices=F \
    Anomaly::alerts_per_day=10000.0 || exit 1

zeek-cut finding alert <anomaly.log | awk '$2 == "alert" || $2 == "counted" { print $1 }' | sort | uniq -c |
    awk '{ print $2, $1 }' >counted
zeek-cut finding records <anomaly_findings.log | grep . | tr '\t' ' ' | sort >told
grep -q ' [2-9]' told || exit 1
diff counted told || exit 1

# The notice has the number as it was then.
test "$(zeek-cut n note <notice.log | grep Anomaly::Unusual | cut -f 1 | sort -u)" = 1 || exit 1
test -z "$(zeek-cut host log <anomaly_findings.log | grep -E '^-|-$')"
