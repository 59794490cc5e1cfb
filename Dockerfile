# The service and its page, and nothing that builds them. Runs as a user of its own on a read-only
# file system; what it writes goes to /var/lib/avatar-chat.
#
#   docker build -t avatar-chat .
#   docker run --rm --read-only --tmpfs /tmp -p 8000:8000 -v avatar-chat:/var/lib/avatar-chat avatar-chat

FROM node:22-bookworm-slim AS page
WORKDIR /build/frontend
COPY frontend ./
RUN npm ci --no-audit --no-fund --loglevel=error
RUN npm run build && mkdir /page && cp --recursive --parents apps/*/dist /page/

# As `make setup` does: the installer by hash, and by it everything else by hash.
FROM python:3.11-slim-bookworm AS libraries
WORKDIR /app
COPY requirements-installer.lock requirements.lock ./
RUN python -m venv /opt/installer \
    && /opt/installer/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
    --require-hashes -r requirements-installer.lock
RUN python -m venv --without-pip .venv \
    && /opt/installer/bin/uv pip install --python .venv/bin/python --no-cache --compile-bytecode \
    --require-hashes --no-deps -r requirements.lock

FROM python:3.11-slim-bookworm AS service
RUN groupadd --gid 10001 avatar-chat \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/avatar-chat avatar-chat \
    && install --directory --owner=avatar-chat --group=avatar-chat /var/lib/avatar-chat \
    /var/lib/avatar-chat/whisper
WORKDIR /app
COPY --from=libraries /app/.venv .venv
COPY LICENSE NOTICE ./
COPY models/onnx models/onnx
COPY avatars avatars
COPY --from=page /page frontend
COPY deploy/docker/avatar-chat deploy/docker/healthy.py /usr/local/bin/
COPY bench bench
COPY backend backend
RUN .venv/bin/python -m compileall -q backend bench

# The face finder is not in here, so avatars are made elsewhere and mounted over /app/avatars.
ENV PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    AVATAR_CHAT_SERVER__HOST=0.0.0.0 \
    AVATAR_CHAT_LOG__FORMAT=json \
    AVATAR_CHAT_AVATAR__CREATION=off \
    AVATAR_CHAT_AVATAR__CACHE_DIR=/var/lib/avatar-chat/avatars \
    AVATAR_CHAT_ASR__MODELS_DIR=/var/lib/avatar-chat/whisper \
    AVATAR_CHAT_TIMELINE__DIR=/var/lib/avatar-chat/timelines
VOLUME /var/lib/avatar-chat
EXPOSE 8000
USER 10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "/usr/local/bin/healthy.py"]
ENTRYPOINT ["avatar-chat"]
CMD ["run"]
