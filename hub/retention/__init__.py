"""Retention: what expires by age and by disk budget, its preview, and the deletion in small steps."""
