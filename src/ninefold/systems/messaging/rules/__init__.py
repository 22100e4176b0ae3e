"""The rules of messaging, which are pure."""
