"""Sends to players what they load, at `/stream`. It is a plain ASGI application."""
