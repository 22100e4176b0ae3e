"""The assistant: conversations with a language model, whose answers survive the failure of every process.

Each answer is a response. A worker generates it, whether or not somebody watches, and appends every piece to a durable
log before anybody sees it. The log is what clients follow, and what another worker continues from.
"""
