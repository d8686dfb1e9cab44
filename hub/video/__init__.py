"""Live pictures: the newest frame of every camera, its viewers and its metrics."""
