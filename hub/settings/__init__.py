"""Every setting, declared once, a file for each section."""
