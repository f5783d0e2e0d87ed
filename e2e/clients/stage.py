"""The stage of a suite: a passage-server, and a way for a library to find it under the service's names.

The libraries have the addresses of the retired service built in. They are not changed; instead the suite's process is
led to a TLS listener on the loopback interface, with a certificate made for the run, that passes every byte on to the
server. The server knows by the host which API is meant. No other host can be reached.
"""

import json
import select
import socket
import ssl
import subprocess
import tempfile
import threading
import urllib.request
from pathlib import Path

HOSTS = ("api.passage.id", "auth.passage.id")


class Stage:
    """Everything that one suite needs. Use it in a `with` statement."""

    def __init__(self, binary, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.scratch = tempfile.TemporaryDirectory(dir=folder, prefix="run-")
        self.authority = make_certificate(Path(self.scratch.name))
        command = [binary, "dev", "--listen", "127.0.0.1:0", "--log", "error"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("passage-server did not start")
        self.server = json.loads(line)
        host, port = self.server["url"].removeprefix("http://").split(":")
        self.target = (host, int(port))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, Path(self.scratch.name) / "key.pem")
        self.tls = listen(lambda client: self.terminate(context, client))
        self.proxy = listen(self.connect)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tls.close()
        self.proxy.close()
        self.process.terminate()
        self.process.wait()
        self.scratch.cleanup()

    def environment(self):
        """What the suites and the TLS libraries below them read."""
        authority = str(self.authority)
        proxy = f"http://127.0.0.1:{self.proxy.getsockname()[1]}"
        return {
            "PASSAGE_APP_ID": self.server["app_id"],
            "PASSAGE_API_KEY": self.server["api_key"],
            "PASSAGE_SERVER": self.server["url"],
            "PASSAGE_TLS_PORT": str(self.tls.getsockname()[1]),
            "SSL_CERT_FILE": authority,
            "REQUESTS_CA_BUNDLE": authority,
            "NODE_EXTRA_CA_CERTS": authority,
            # The last word over a proxy that the machine may have.
            **{name: proxy for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")},
            "NO_PROXY": "",
            "no_proxy": "",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def requests(self):
        """The requests that the server saw, oldest first."""
        with urllib.request.urlopen(f"{self.server['url']}/_dev/requests") as reply:
            return json.load(reply)["requests"]

    def terminate(self, context, client):
        """Takes TLS off a connection, and passes on what is in it."""
        with context.wrap_socket(client, server_side=True) as plain, socket.create_connection(self.target) as server:
            splice(plain, server)

    def connect(self, client):
        """An HTTP proxy that knows the service's two hosts, for libraries that read `HTTPS_PROXY`."""
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (data := client.recv(4096)):
                    return
                head += data
            method, address = head.split(b" ")[:2]
            if method != b"CONNECT" or address.decode() not in {f"{host}:443" for host in HOSTS}:
                client.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
                return
            with socket.create_connection(self.tls.getsockname()) as tls:
                client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                splice(client, tls)


def make_certificate(folder):
    """A certificate for the two hosts, which is its own authority; the key is beside it."""
    names = ",".join(f"DNS:{host}" for host in HOSTS)
    certificate = folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    command += ["-subj", f"/CN={HOSTS[0]}", "-addext", f"subjectAltName={names}"]
    command += ["-keyout", folder / "key.pem", "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    return certificate


def listen(serve):
    """Serves each connection to a free port of the loopback interface by a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))

    def one(client):
        try:
            serve(client)
        except OSError:
            # The library closed the connection, or did not trust us: it says so itself.
            client.close()

    def accept():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # closed: the suite is over
            threading.Thread(target=one, args=[client], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


def splice(left, right):
    """Copies both ways until one side is done."""
    other = {left: right, right: left}
    while True:
        ready = [side for side in other if isinstance(side, ssl.SSLSocket) and side.pending()]
        for side in ready or select.select(list(other), [], [])[0]:
            if not (data := side.recv(65536)):
                return
            other[side].sendall(data)
