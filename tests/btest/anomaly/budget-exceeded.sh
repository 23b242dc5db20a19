# @TEST-DOC: An attack exceeds the budget, and that is a notice: when it does, and with the numbers of the day when that has ended.
#
# @TEST-REQUIRES: have zeek
# @TEST-EXEC: bash %INPUT
# @TEST-EXEC: btest-diff facts

source facts.sh

cat >days.zeek <<'END'
event Anomaly::alert_day(day: Anomaly::Day)
	{
	print fmt("%d exceeded=%s", day$alerts, day$exceeded);
	}
END

replay-attack ./days.zeek Anomaly::alerts_per_day=1.0 2>stderr | grep exceeded= >days || exit 1
zeek-cut note msg <notice.log | sed -n 's/^Anomaly::Alert_Budget_Exceeded\t//p' >exceeded
sed 's/[0-9]* alerts*/N alerts/; s/;.*//' exceeded >>facts
fact "it says how many were suppressed" grep -qE 'so far today, .*; [0-9]+ findings suppressed' exceeded

# The numbers are those of the notices: behaviors are among them.
alerts=$(zeek-cut note <notice.log | grep '^Anomaly::' | grep -vc Budget)
fact "more alerts than the budget" test "$alerts" -gt 2
fact "the day counts all of them" grep -qx "$alerts exceeded=T" days
fact "the vertical scan is one" grep -q "kind=scan_vertical" <(zeek-cut sub <notice.log)

# With room enough it is not exceeded.
rm -f *.log
replay-attack ./days.zeek Anomaly::alerts_per_day=50.0 2>stderr | grep exceeded= >days
fact "a large budget is not exceeded" grep -q exceeded=F days
fact "and no notice says so" test "$(notices Alert_Budget_Exceeded)" -eq 0
