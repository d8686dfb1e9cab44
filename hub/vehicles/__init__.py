"""The register of vehicles: who they are, by which tags, numbers and plates they are known, what they may do."""
