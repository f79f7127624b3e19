"""What tests of the suite share: material to send, models to compare with, ways to wait and to look."""
