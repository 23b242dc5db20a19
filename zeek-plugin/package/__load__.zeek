# What zkg loads with "@load packages". The scripts themselves travel in the plugin.
@load zeek-anomaly
