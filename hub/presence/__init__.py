"""Vehicle presence: whether a vehicle is in front of a camera of the hub, found in the camera's pictures."""
