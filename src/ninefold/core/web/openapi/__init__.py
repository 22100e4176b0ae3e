"""The OpenAPI 3.1 document, and the HTML documentation page that is rendered from it.

`routes` serves both. `document` builds the OpenAPI document from the routes' types. `docs_page` renders the page, with
examples that `examples` generates from the schemas. A route uses `responses` to document a response that isn't one JSON
value.
"""
