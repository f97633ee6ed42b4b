# docker build -t fecemo . && docker run --rm -v "$PWD/runs:/study/runs" fecemo
# Runs the whole study on drawn faces; the table and the report stand in runs/demo afterwards.
FROM python:3.12-slim
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /study
COPY setup.cfg pyproject.toml Makefile README.md LICENSE ./
COPY fecemo fecemo
COPY data_manifests data_manifests
RUN make .venv/demo.stamp
COPY pipelines pipelines
CMD ["make", "demo"]
