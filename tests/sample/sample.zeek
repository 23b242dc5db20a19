##! What Zeek runs with to make the sample's logs: the default local.zeek of
##! Zeek 8, less what speaks of Zeek itself or asks servers of the real world.

redef Site::local_nets = { 192.168.10.0/24, [2001:db8:10::]/64, [fe80::]/10 };
# The sample's outside lives in the documentation ranges, which Zeek counts as
# private, and private as local.
redef Site::private_address_space_is_local = F;
redef Site::local_zones = { "office.example" };

# One file per log, tab-separated.
redef Log::default_rotation_interval = 0secs;
redef LogAscii::use_json = F;
redef digest_salt = "sample";

@load frameworks/software/vulnerable
@load frameworks/software/version-changes
@load protocols/ftp/software
@load protocols/smtp/software
@load protocols/ssh/software
@load protocols/http/software
@load protocols/dns/detect-external-names
@load protocols/ftp/detect
@load protocols/ssl/validate-certs
@load protocols/ssl/log-hostcerts-only
@load protocols/ssh/detect-bruteforcing
@load protocols/ssh/interesting-hostnames
@load protocols/http/detect-sql-injection
@load frameworks/files/hash-all-files
