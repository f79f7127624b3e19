"""How requests reach a memory server: over HTTP, or through a Dify plugin in Dify's real runtime."""
