"""Person tracking: embeddings of persons, and sessions that find them in pictures."""
