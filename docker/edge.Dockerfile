# What a device runs: Debian's Python, one interpreter, the kit. No shell, no package manager, nothing that compiles.
#
#   docker build -f docker/edge.Dockerfile -t edge-runtime --platform linux/arm64 .
#
# Everything is put together on the machine that builds, for any platform, without emulation. Behind a mirror: BASE, APT_MIRROR and
# PIP_INDEX_URL; with a password in it: --secret id=pip.conf,src=… None of that is in the result.

# It only builds; but the packages are those of its release, and so is the device's Python.
ARG BASE=debian:bookworm-slim

FROM --platform=$BUILDPLATFORM ${BASE} AS builder
ARG APT_MIRROR
ENV PIP_CACHE_DIR=/var/cache/pip
COPY docker/build/prepare-builder.sh docker/build/with-pip-secret.sh /usr/local/bin/
RUN prepare-builder.sh
WORKDIR /kit

FROM builder AS system
ARG TARGETPLATFORM
# --signed adds what checks the signatures of bundles.
ARG SIGNED=
COPY docker/build/debian_root.py docker/build/
COPY tools/delivery/machines.py tools/delivery/
RUN python3 -m docker.build.debian_root --platform "$TARGETPLATFORM" --python-packages $SIGNED --out /image \
      base-files python3-minimal libpython3-stdlib libstdc++6 tini

FROM builder AS packages
ARG TARGETPLATFORM
ARG PIP_INDEX_URL
# auto: ai-edge-litert, or tflite-runtime where that is the only one. onnx: ONNX Runtime.
ARG INTERPRETER=auto
# --camera adds OpenCV for cameras and RTSP.
ARG FLAGS=
ARG SIGNED=
COPY tools/delivery/machines.py tools/delivery/target.py tools/delivery/device_tree.py tools/delivery/
COPY locks/edge-*.txt locks/
RUN --mount=type=cache,target=/var/cache/pip --mount=type=secret,id=pip.conf \
    with-pip-secret.sh python3 -m tools.delivery.device_tree packages --machine "$TARGETPLATFORM" \
      --interpreter "$INTERPRETER" $FLAGS $SIGNED --out /tree --compile-for /opt/edge-runtime

FROM builder AS kit
ARG PIP_INDEX_URL
COPY locks/build.txt locks/
RUN --mount=type=cache,target=/var/cache/pip --mount=type=secret,id=pip.conf \
    with-pip-secret.sh pip install --quiet --require-hashes --only-binary :all: --target /backend -r locks/build.txt
COPY tools/delivery/machines.py tools/delivery/target.py tools/delivery/device_tree.py tools/delivery/
COPY pyproject.toml LICENSE ./
COPY edge_runtime edge_runtime
# The time is the earliest that a zip file knows: the same sources give the same wheel.
RUN SOURCE_DATE_EPOCH=315532800 PYTHONPATH=/backend python3 -m flit_core.wheel --outdir /dist \
 && python3 -m tools.delivery.device_tree kit --wheel /dist/*.whl --out /tree --compile-for /opt/edge-runtime

FROM builder AS sbom
ARG VERSION=0
COPY docker/build/sbom.py docker/build/
COPY --from=system /image/var/lib/dpkg /image/var/lib/dpkg
COPY --from=packages /tree /tree
COPY --from=kit /tree /tree
RUN python3 -m docker.build.sbom --name edge-runtime --version "$VERSION" --root /image --python /tree \
      --out /sbom/edge-runtime.cdx.json \
 && mkdir -p /links/usr/bin && ln -s /opt/edge-runtime/bin/edge-runtime /links/usr/bin/edge-runtime

FROM scratch
# From what seldom changes to what often does: a new version of the kit moves the last two, some 600 kB.
COPY --from=system /image /
COPY --from=packages /tree /opt/edge-runtime
COPY --from=kit /tree /opt/edge-runtime
COPY --from=sbom /sbom /usr/share/sbom
COPY --from=sbom /links /
# /dev/shm is in memory and writable whatever the root is and whoever runs; the heartbeat goes there.
ENV PATH=/usr/bin:/bin LANG=C.UTF-8 HOME=/tmp TMPDIR=/dev/shm XDG_RUNTIME_DIR=/dev/shm EDGE_RUNTIME_IMAGE=1
USER 65532:65532
# tini is process 1, so that what hangs can be ended from inside and SIGTERM does what it does everywhere.
ENTRYPOINT ["tini", "--", "edge-runtime"]
CMD ["--help"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=2 CMD ["edge-runtime", "health", "--end-after", "45"]
ARG VERSION=0
ARG REVISION=unknown
ARG INPUTS=unknown
LABEL org.opencontainers.image.title="edge-runtime" \
      org.opencontainers.image.description="Classifies pictures on a small device's CPU" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      edge-runtime.inputs="$INPUTS"
