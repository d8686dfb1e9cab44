"""Weighbridge stations: capture results with their pictures, and the state of each station."""
