"""A business on one machine, to look at: the daemon, operators, customers, resellers and their traffic."""
