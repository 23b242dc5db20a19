# @TEST-DOC: Notices follow the budget: one for each finding, with its count; what was held back is said; the options may change at run time.
#
# @TEST-REQUIRES: have zeek model workshop_2011_browse.pcap
# @TEST-EXEC: bash %INPUT

run() {
    rm -f *.log
    zeek-trace workshop_2011_browse.pcap zeek-anomaly Anomaly::threshold=-1.0 Anomaly::drift_notices=F "$@" || exit 1
    test -e anomaly.log || exit 1
}

notices() {
    test -e notice.log && zeek-cut note "$@" <notice.log | grep "^Anomaly::Unusual" || true
}

set -x

# So many that everything is an alert: then there is one notice for each finding.
run Anomaly::alerts_per_day=10000.0
zeek-cut alert <anomaly.log | sort | uniq -c >fates
grep -q ' alert$' fates && grep -q ' counted$' fates || exit 1
test "$(notices | wc -l)" -eq "$(zeek-cut alert <anomaly.log | grep -c '^alert$')" || exit 1
test -z "$(zeek-cut alert finding <anomaly.log | grep '^alert' | sort | uniq -d)" || exit 1
test -z "$(notices n | awk '$2 < 1')" || exit 1
test -z "$(zeek-cut finding <anomaly.log | grep -vE '^[0-9a-f]{16}$')" || exit 1

# One in a hundred days: next to nothing is.
run Anomaly::alerts_per_day=0.01
test "$(notices | wc -l)" -le 1 || exit 1
zeek-cut alert <anomaly.log | grep -qE '^(below|held)$' || exit 1

# No budget: the threshold of notices decides.
run Anomaly::alerts_per_day=0.0 Anomaly::notice_threshold=1000.0
test -z "$(notices)" && test "$(zeek-cut alert <anomaly.log | sort -u)" = "-" || exit 1

# The same, by a change at run time.
cat >change.zeek <<'END'
event zeek_init() &priority=-10
	{
	Config::set_value("Anomaly::alerts_per_day", 0.0);
	}
END
run Anomaly::alerts_per_day=10000.0 Anomaly::notice_threshold=1000.0 ./change.zeek
test -z "$(notices)" && test "$(zeek-cut alert <anomaly.log | sort -u)" = "-" || exit 1

# Logs that raise no notices do not use up the budget.
echo 'redef Anomaly::notice_logs = { "http" };' >http.zeek
run Anomaly::alerts_per_day=10000.0 ./http.zeek
test "$(zeek-cut log alert <anomaly.log | grep -v '	-$' | cut -f 1 | sort -u)" = "http" || exit 1
