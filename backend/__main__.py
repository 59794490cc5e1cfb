"""`python -m backend` is `avatar-chat`."""

from backend.cli import main

main()
