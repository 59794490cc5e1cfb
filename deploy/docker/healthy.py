"""The image's health check: 0 when the service would take a visitor.

On its own, so that it costs an interpreter and no more; without `urllib`, which would ask the proxy
of an environment that has one.
"""

import os
import sys
from http.client import HTTPConnection

TIMEOUT_S = 4

port = int(os.environ.get("AVATAR_CHAT_SERVER__PORT", "8000"))
connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
connection.request("GET", "/readyz")
sys.exit(connection.getresponse().status != 200)
