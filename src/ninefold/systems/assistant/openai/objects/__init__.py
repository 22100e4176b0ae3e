"""What clients of OpenAI's API get: the objects of each endpoint, built from the assistant's responses."""
