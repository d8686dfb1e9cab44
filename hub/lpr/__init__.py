"""Licence-plate cameras of every generation: detections, health reports, and finding them again."""
