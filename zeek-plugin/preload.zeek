# Zeek loads this file before the plugin's built-in functions, which need the types.
@load zeek-anomaly/types
