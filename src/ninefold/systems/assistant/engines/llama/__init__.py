"""The engine `llama`: llama.cpp in processes of its own, one for the chat model and one for the embedding model."""
