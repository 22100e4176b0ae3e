"""The data types of workflows: immutable, without I/O.

`values` has the values of expressions, `templates` what is written in a file and evaluated later. `workflow`,
`triggers` and `action` have files as they were read.
"""
