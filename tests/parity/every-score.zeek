# Every score that the plugin gives, with all its digits, in the order of the
# lines of each log. anomaly.log itself has six decimals, and is not written.

@load zeek-anomaly

redef Anomaly::threshold = -1.0;
redef Anomaly::notice_threshold = 1e9;
redef Anomaly::alerts_per_day = 0.0;
redef Anomaly::drift_notices = F;
redef Anomaly::ignored_logs = {};

global scores: file = open("every-score.txt");

hook Anomaly::log_policy(rec: Anomaly::Info, id: Log::ID, filter: Log::Filter)
	{
	print scores, fmt("%s %.6f %s %.17g", rec$log, rec$ts, rec?$uid ? rec$uid : "-", rec$score);
	break;
	}

# Hundreds of records a capture that say nothing about it.
event zeek_init() &priority=-10
	{
@ifdef ( Telemetry::LOG )
	Log::disable_stream(Telemetry::LOG);
@endif
	}
