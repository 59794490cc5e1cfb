"""The image's health check: 0 when the service would take a visitor.

On its own, so that it costs an interpreter and no more; without `urllib`, which would ask the proxy
of an environment that has one.
"""

import sys
from http.client import HTTPConnection

PORT = 8000
TIMEOUT_S = 4

connection = HTTPConnection("127.0.0.1", PORT, timeout=TIMEOUT_S)
connection.request("GET", "/readyz")
sys.exit(connection.getresponse().status != 200)
