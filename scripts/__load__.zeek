@load ./main
@load ./telemetry
