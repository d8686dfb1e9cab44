"""Person tracking: embeddings of persons, WebSockets that find them in pictures, searches in videos."""
