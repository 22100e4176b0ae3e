"""The address by which a client has reached this server."""

from ninefold.core.web.surfaces import Connection


def base_url_of(connection: Connection) -> str:
    """Return the address by which a client has reached this server, such as `https://ninefold.example.com`.

    Only the client itself may get it back: it can send any `Host`.
    """
    headers = connection.headers
    scheme = {"ws": "http", "wss": "https"}.get(connection.scope["scheme"], connection.scope["scheme"])
    forwarded = headers.get("x-forwarded-proto", "").split(",")[-1].strip().lower()
    if forwarded in ("http", "https"):
        scheme = forwarded
    return f"{scheme}://{headers.get('host', 'localhost')}"
