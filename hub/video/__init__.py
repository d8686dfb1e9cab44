"""Live pictures: the newest frame of every camera, who watches them, and their figures."""
