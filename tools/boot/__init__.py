"""Start of the hub or the agent with the machine: units of systemd, tasks of Windows, and its firewall.

Both programs import this; it knows neither of them and needs the standard library only.
"""
