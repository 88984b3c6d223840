#!/bin/bash
# Takes the place of the run_train.sh of Ascend base images; `sh run_train.sh` works as well.
exec "${ROPEWAY_RUNTIME_DIR:-/opt/ropeway}/launcher" run-train "$@"
