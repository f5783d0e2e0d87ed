"""What the tests need besides the library: the way to the server, and its controls."""

import json
import os
import socket
import urllib.error
import urllib.request

APP_ID = os.environ["PASSAGE_APP_ID"]
API_KEY = os.environ["PASSAGE_API_KEY"]
SERVER = os.environ["PASSAGE_SERVER"]
HOSTS = {"api.passage.id", "auth.passage.id"}

find = socket.getaddrinfo


def redirected(host, port, *arguments, **named):
    """The two hosts of the service are at the suite's TLS listener, and no other host has an address."""
    if host in HOSTS and port == 443:
        return find("127.0.0.1", int(os.environ["PASSAGE_TLS_PORT"]), *arguments, **named)
    if host in {"127.0.0.1", "localhost"}:
        return find(host, port, *arguments, **named)
    raise socket.gaierror(socket.EAI_NONAME, f"{host} does not exist here")


socket.getaddrinfo = redirected


def call(method, path, body=None):
    """The status and the JSON of a request to the server, as a browser or a developer makes it."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(SERVER + path, data, method=method)
    try:
        with urllib.request.urlopen(request) as reply:
            status, content = reply.status, reply.read()
    except urllib.error.HTTPError as error:
        status, content = error.code, error.read()
    return status, json.loads(content) if content else None


def made(path, body=None):
    """What the server made."""
    status, reply = call("POST", path, {} if body is None else body)
    assert status == 201, (path, status, reply)
    return reply


def auth_api(method, path, body=None):
    """A request to the Auth API of the app."""
    return call(method, f"/auth/v1/apps/{APP_ID}/{path}", body)


def token(user_id, **members):
    """An auth token, good unless the members say otherwise."""
    return made("/_dev/tokens", {"subject": user_id, **members})["token"]
