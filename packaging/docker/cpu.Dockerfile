# slideviewer without a window, for processors: inference.sh and train.sh on slides.
#
#   docker build --file packaging/docker/cpu.Dockerfile --tag slideviewer:cpu .
#   docker run --rm -v SLIDES:/input:ro -v RESULTS:/output slideviewer:cpu
#   docker run --rm -v SLIDES:/input:ro -v MARKUP:/markup:ro -v RESULTS:/output \
#       --entrypoint /opt/slideviewer/train.sh slideviewer:cpu
#
# For research use only. Not for use in diagnostic procedures.

ARG BASE=python:3.11.14-slim-bookworm

FROM ${BASE} AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY packaging/constraints.txt packaging/constraints.txt
COPY slideviewer slideviewer
COPY resources resources
# Nothing is shown here, so what draws the window is taken away again.
RUN python -m venv /opt/environment \
    && . /opt/environment/bin/activate \
    && pip install --no-cache-dir --constraint packaging/constraints.txt . \
    && pip uninstall --yes PySide6-Essentials shiboken6 pyqtgraph colorama QtAwesome QtPy pip \
    && find /opt/environment -name __pycache__ -prune -exec rm -r {} +

FROM ${BASE}
LABEL org.opencontainers.image.title="slideviewer" \
      org.opencontainers.image.description="For research use only. Not for use in diagnostic procedures." \
      org.opencontainers.image.licenses="MIT"
RUN useradd --create-home --uid 1000 slideviewer \
    && mkdir /input /output \
    && chown slideviewer /output
COPY --from=build /opt/environment /opt/environment
COPY packaging/docker/common.sh packaging/docker/inference.sh packaging/docker/train.sh /opt/slideviewer/
ENV PATH=/opt/environment/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
USER slideviewer
VOLUME ["/output"]
ENTRYPOINT ["/opt/slideviewer/inference.sh"]
