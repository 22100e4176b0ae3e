"""OpenAI's API below `/openai/v1`: chat completions, responses, models and embeddings, for OpenAI's own clients.

It only translates. What it creates and streams are the responses of the assistant, which Ninefold's own API shows too.
"""
