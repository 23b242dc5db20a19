##! Metrics of behavioral detection.

@load ./main
@load base/frameworks/telemetry

module Anomaly;

@ifdef ( Telemetry::sync )
global records_metric = Telemetry::register_gauge_family(Telemetry::MetricOpts(
	$prefix="zeek", $name="anomaly_behavior_records", $unit="",
	$help_text="Records that were watched for behaviors"));
global memory_metric = Telemetry::register_gauge_family(Telemetry::MetricOpts(
	$prefix="zeek", $name="anomaly_behavior_memory", $unit="bytes",
	$help_text="Bytes that the state of behaviors takes"));
global evicted_metric = Telemetry::register_gauge_family(Telemetry::MetricOpts(
	$prefix="zeek", $name="anomaly_behavior_evicted", $unit="",
	$help_text="Hosts and pairs that were forgotten to stay within the memory"));
global dropped_metric = Telemetry::register_gauge_family(Telemetry::MetricOpts(
	$prefix="zeek", $name="anomaly_behavior_dropped", $unit="",
	$help_text="Findings and packed records that were dropped because nobody took them in time"));

hook Telemetry::sync()
	{
	if ( ! detect_behaviors || ! (packs_records() || keeps_behaviors()) )
		return;

	local s = behavior_stats();
	Telemetry::gauge_family_set(records_metric, vector(), s$records);
	Telemetry::gauge_family_set(memory_metric, vector(), s$memory);
	Telemetry::gauge_family_set(evicted_metric, vector(), s$evicted);
	Telemetry::gauge_family_set(dropped_metric, vector(), s$dropped);
	}
@endif
