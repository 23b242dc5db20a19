# @TEST-DOC: Notices follow the budget: one for each finding, with its count; the rest is aggregated or suppressed; the options may change at run time.
#
# @TEST-REQUIRES: have zeek model workshop_2011_browse.pcap
# @TEST-EXEC: bash %INPUT
# @TEST-EXEC: btest-diff facts

source facts.sh

run() {
    rm -f *.log
    zeek-trace workshop_2011_browse.pcap zeek-anomaly Anomaly::threshold=-1.0 Anomaly::drift_notices=F "$@" || exit 1
    test -e anomaly.log || exit 1
}

raised() { zeek-cut disposition finding <anomaly.log | grep '^raised'; }

# So many that everything is an alert: then there is one notice for each finding.
run Anomaly::alerts_per_day=10000.0
fact "large budget: some are raised" grep -qx raised <(values anomaly disposition)
fact "large budget: some are aggregated" grep -qx aggregated <(values anomaly disposition)
fact "one notice for each raised record" test "$(notices Anomalous_Record)" -eq "$(raised | wc -l)"
fact "no finding is raised twice" test -z "$(raised | sort | uniq -d)"
fact "each notice counts records" test -z "$(zeek-cut note n <notice.log | awk '/Anomalous_Record/ && $2 < 1')"
fact "each record has a finding" test -z "$(zeek-cut finding <anomaly.log | grep -vE '^[0-9a-f]{16}$')"

# One in a hundred days: next to nothing is.
run Anomaly::alerts_per_day=0.01
fact "small budget: at most one notice" test "$(notices Anomalous_Record)" -le 1
fact "small budget: the rest is held back" grep -qE '^(below_threshold|suppressed)$' <(values anomaly disposition)

# No budget: the threshold of notices decides.
run Anomaly::alerts_per_day=0.0 Anomaly::notice_threshold=1000.0
{ echo "no budget:"; values anomaly disposition; notices Anomalous_Record; } >>facts

# The same, by a change at run time.
cat >change.zeek <<'END'
event zeek_init() &priority=-10
	{
	Config::set_value("Anomaly::alerts_per_day", 0.0);
	}
END
run Anomaly::alerts_per_day=10000.0 Anomaly::notice_threshold=1000.0 ./change.zeek
{ echo "no budget any more:"; values anomaly disposition; notices Anomalous_Record; } >>facts

# Logs that raise no notices do not use up the budget.
echo 'redef Anomaly::notice_logs = { "http" };' >http.zeek
run Anomaly::alerts_per_day=10000.0 ./http.zeek
{ echo "logs with a disposition:"; values anomaly log disposition | grep -v '	-$' | cut -f 1 | sort -u; } >>facts
