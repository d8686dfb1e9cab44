"""The ZIP for a PC without Python: a Windows Python, the wheels of every requirement, and the project."""
