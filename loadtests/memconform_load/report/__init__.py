"""What people and machines read of a load test, one file for each form; all of it comes from `result.json`."""
