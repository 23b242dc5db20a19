# @TEST-DOC: A finding that raised a notice is logged with all its records when it is closed.
#
# @TEST-REQUIRES: have zeek model workshop_2011_browse.pcap
# @TEST-EXEC: bash %INPUT
# @TEST-EXEC: btest-diff facts

source facts.sh

cat >closed.zeek <<'END'
event Anomaly::finding_closed(rec: Anomaly::FindingSummary)
	{
	print rec$finding, rec$peer;
	}
END

zeek-trace workshop_2011_browse.pcap zeek-anomaly ./closed.zeek Anomaly::threshold=-1.0 Anomaly::drift_notices=F \
    Anomaly::alerts_per_day=10000.0 >output || exit 1

zeek-cut finding disposition <anomaly.log | awk '$2 == "raised" || $2 == "aggregated" { print $1 }' | sort | uniq -c |
    awk '{ print $2, $1 }' >counted
zeek-cut finding records log <anomaly_findings.log | grep -v 'behavior$' | cut -f 1,2 | tr '\t' ' ' | sort >logged
fact "some findings have several records" grep -q ' [2-9]' logged
fact "the log counts all records" diff counted logged
fact "an event is raised for each" test "$(wc -l <output)" -eq "$(zeek-cut finding <anomaly_findings.log | wc -l)"
fact "with its process" test -z "$(grep -v ', zeek$' output)"

# The notice has the number as it was then.
{ echo "n of the notices:"; zeek-cut note n <notice.log | sed -n 's/^Anomaly::Anomalous_Record\t//p' | sort -u; } >>facts
fact "each has a host and a log" test -z "$(zeek-cut host log <anomaly_findings.log | grep -E '^-|-$')"
