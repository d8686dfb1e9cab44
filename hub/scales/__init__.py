"""Scales: the lines of a weight indicator, and the weights on which it settles."""
