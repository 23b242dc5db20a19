##! The log streams: ``anomaly.log``, ``anomaly_behavior.log`` and
##! ``anomaly_findings.log``.

@load ./options
@load base/frameworks/logging

module Anomaly;

export {
	redef enum Log::ID += {
		## Anomalous records, ``anomaly.log``.
		LOG,
		## Detected behaviors, ``anomaly_behavior.log``.
		BEHAVIOR_LOG,
		## Findings that raised a notice, with their final counts,
		## ``anomaly_findings.log``.
		FINDINGS_LOG,
	};

	## The policy hook of ``anomaly.log``.
	global log_policy: Log::PolicyHook;

	## The policy hook of ``anomaly_behavior.log``.
	global behavior_log_policy: Log::PolicyHook;

	## The policy hook of ``anomaly_findings.log``.
	global findings_log_policy: Log::PolicyHook;

	## Raised for every line of ``anomaly.log``.
	global log_anomaly: event(rec: Info);

	## Raised for every line of ``anomaly_behavior.log``.
	global log_behavior: event(rec: Behavior);

	## Raised for every line of ``anomaly_findings.log``.
	global log_finding: event(rec: FindingSummary);
}

event zeek_init() &priority=5
	{
	Log::create_stream(LOG, Log::Stream($columns=Info, $ev=log_anomaly, $path="anomaly", $policy=log_policy));
	Log::create_stream(BEHAVIOR_LOG, Log::Stream($columns=Behavior, $ev=log_behavior, $path="anomaly_behavior",
	                                             $policy=behavior_log_policy));
	Log::create_stream(FINDINGS_LOG, Log::Stream($columns=FindingSummary, $ev=log_finding,
	                                             $path="anomaly_findings", $policy=findings_log_policy));
	}
