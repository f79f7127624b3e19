"""The rules beyond the shape of declarations, one module for each subject.

Each module has `judge(plugin)`, which yields the problems of a whole plugin.
"""
