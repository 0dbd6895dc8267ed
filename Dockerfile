# A team's service in a container: docs/team.md says how to run it.
#
#     docker build -t perceptuna .
#     docker run -d --name perceptuna --restart unless-stopped -p 8090:8090 -v perceptuna:/srv/perceptuna perceptuna

FROM python:3.11-slim

# The versions that are tested, each with its hash; a layer of its own, which changes with them alone.
WORKDIR /opt/perceptuna
COPY requirements.lock ./
RUN python -m venv /opt/venv && /opt/venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY perceptuna ./perceptuna
COPY search ./search
COPY spaces ./spaces
COPY storage ./storage
RUN /opt/venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation .

# Databases, uploads, models and prepared data are in the volume, which belongs to the service's own user.
RUN useradd --system --home-dir /srv/perceptuna --create-home perceptuna && install -d -o perceptuna /srv/perceptuna/data
USER perceptuna
WORKDIR /srv/perceptuna
VOLUME /srv/perceptuna
ENV PATH=/opt/venv/bin:$PATH \
    PERCEPTUNA_STORAGE=sqlite:////srv/perceptuna/studies.db \
    PERCEPTUNA_CACHE=/srv/perceptuna/cache \
    PYTHONUNBUFFERED=1

EXPOSE 8090
HEALTHCHECK --interval=30s --timeout=5s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8090/api/v1/health', timeout=4)"]
# SIGTERM: studies end at their next epoch, and go on with the next container.
STOPSIGNAL SIGTERM
ENTRYPOINT ["perceptuna"]
CMD ["serve", "--host", "0.0.0.0", "--data", "/srv/perceptuna/data", "--log-format", "json"]
