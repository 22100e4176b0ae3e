"""`ninefold demo workflows`: a project with a workflow is pushed, its runner is killed, and its run ends as it must."""
