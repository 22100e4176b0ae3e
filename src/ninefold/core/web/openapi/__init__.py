"""The OpenAPI 3.1 document of the API.

`document` builds it from the routes' types, and `routes` serves it. A route uses `responses` to document a response
that isn't one JSON value. The page at `/docs` reads it in the browser (`console/src/reference`).
"""
