"""Messages to an MQTT broker: captures, detections, presence, states and alerts; Home Assistant finds the devices."""
