# @TEST-DOC: An attack exceeds the budget, and that is a notice: when it does, and with the numbers of the day when that is over.
#
# @TEST-REQUIRES: have zeek
# @TEST-EXEC: bash %INPUT

set -x

cat >days.zeek <<'END'
event Anomaly::alert_day(day: Anomaly::Day)
	{
	print fmt("%d exceeded=%s", day$alerts, day$exceeded);
	}
END

replay-attack ./days.zeek Anomaly::alerts_per_day=1.0 2>stderr | grep exceeded= >days || exit 1
zeek-cut note msg <notice.log | grep '^Anomaly::Alert_Budget_Exceeded' >notices || exit 1
grep -qE 'Budget exceeded: [0-9]+ alerts? so far today, 1.0 a day wanted; [0-9]+ findings held back' notices || exit 1
grep -qE 'Budget exceeded: [0-9]+ alerts on 2026-03-06, 1.0 a day wanted' notices || exit 1
test "$(wc -l <notices)" -eq 2 || exit 1

# The numbers are those of the notices: what takes time to see is among them.
alerts=$(zeek-cut note <notice.log | grep '^Anomaly::' | grep -vc Budget)
test "$alerts" -gt 2 && grep -qx "$alerts exceeded=T" days || exit 1
zeek-cut note <notice.log | grep -qx Anomaly::Vertical_Scan || exit 1

# With room enough it is not exceeded.
rm -f *.log
replay-attack ./days.zeek Anomaly::alerts_per_day=50.0 2>stderr | grep -q exceeded=F || exit 1
zeek-cut note <notice.log | grep -q Anomaly::Alert_Budget_Exceeded && exit 1
exit 0
