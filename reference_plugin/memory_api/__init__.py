"""A client of the Memory API for Dify: within a deadline, with safe retries, and errors that say what to do."""
