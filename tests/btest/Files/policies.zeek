# Policy scripts that sites usually load, so that tests see their logs and columns whatever
# this machine's local.zeek says.

@load misc/capture-loss
@load misc/loaded-scripts
@load misc/stats
@load frameworks/files/hash-all-files
@load frameworks/software/version-changes
@load frameworks/software/vulnerable
@load protocols/conn/known-hosts
@load protocols/conn/known-services
@load protocols/dns/detect-external-names
@load protocols/ftp/detect
@load protocols/ftp/software
@load protocols/http/software
@load protocols/smtp/software
@load protocols/ssh/detect-bruteforcing
@load protocols/ssh/interesting-hostnames
@load protocols/ssh/software
@load protocols/ssl/known-certs
@load protocols/ssl/log-hostcerts-only
@load protocols/ssl/validate-certs
