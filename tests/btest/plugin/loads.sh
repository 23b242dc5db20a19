# @TEST-DOC: Zeek knows the plugin, with the version of the workspace.
#
# @TEST-REQUIRES: have zeek
# @TEST-EXEC: zeek -N Anomaly::Engine >output
# @TEST-EXEC: version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$TOP/Cargo.toml" | head -n 1); grep "version $version)" output
