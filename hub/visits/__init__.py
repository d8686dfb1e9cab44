"""Visits: what stations and cameras of a checkpoint saw of one vehicle, joined and judged."""
