"""Ninefold's own versions of official actions, for jobs where no mirror has those of GitHub.

Each is an `action.yml` in `actions/` and a program of the same name here. A program runs in a process of its own, as a
JavaScript action does, and only uses the standard library and `expressions.path_patterns`.
"""
