"""Detection of persons and vehicles, and embeddings of persons; runs in a vision process only.

interfaces   what a detector and an encoder are
"""
