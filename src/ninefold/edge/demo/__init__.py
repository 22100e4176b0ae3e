"""`ninefold demo`: real payloads, a real Ninefold, difficult subscribers, and a comparison of every byte."""
