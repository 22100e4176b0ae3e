"""The services that official actions use: artifacts and caches (`/twirp`), and their contents."""
