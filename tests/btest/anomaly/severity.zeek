# @TEST-DOC: The severity follows the score, by thresholds that are options.
#
# @TEST-REQUIRES: have zeek
# @TEST-EXEC: zeek zeek-anomaly %INPUT Anomaly::severity_critical=9.0 >output 2>/dev/null
# @TEST-EXEC: btest-diff output

event zeek_init()
	{
	for ( i, score in vector(3.0, 3.99, 4.0, 5.0, 6.0, 8.99, 9.0, 100.0) )
		print score, Anomaly::severity(score);
	}
