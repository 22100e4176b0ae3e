"""Centrifuge's protocol for bidirectional clients, version 2, with JSON.

The official clients, such as `centrifuge-js` and `centrifuge-python`, speak it. It is specified in
https://centrifugal.dev/docs/transports/client_protocol.
"""
