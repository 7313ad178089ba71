"""Personal data duties: notice, register, requests with their clock, access log, breaches, delegations."""
