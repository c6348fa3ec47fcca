"""Journal → entries, lines and positions in a store: live (project) and from the beginning (rebuild)."""
