"""Trouble of years in minutes: a gate whose hub and agent are killed, stopped, cut off and set to other times.

`gate` lets vehicles come, `troubles` makes the trouble, `account` asks the hub for every vehicle afterwards.
"""
