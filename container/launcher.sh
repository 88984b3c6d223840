#!/bin/sh
# Starts the launcher from inside an image, whatever its libc: our loader, our libraries, our node.
# What would reach that runtime is parked under another name first; the launcher gives it back to the user's processes.
# Only POSIX words and no external program, so that busybox and dash do. A variable that came in exported goes out as this
# script leaves it, so it uses no name that a user may have, and unsets its own first: then they are not exported.
unset ROPEWAY_SH_NAME ROPEWAY_SH_RUNTIME ROPEWAY_SH_LOADER
ROPEWAY_SH_RUNTIME=${ROPEWAY_RUNTIME_DIR:-/opt/ropeway}
for ROPEWAY_SH_NAME in \
  LD_LIBRARY_PATH LD_PRELOAD LD_AUDIT LD_BIND_NOW LD_BIND_NOT LD_DEBUG LD_DEBUG_OUTPUT LD_ORIGIN_PATH LD_PROFILE \
  LD_SHOW_AUXV LD_TRACE_LOADED_OBJECTS LD_VERBOSE LD_WARN LD_ASSUME_KERNEL LD_HWCAP_MASK GLIBC_TUNABLES \
  NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_DEBUG NODE_DEBUG_NATIVE NODE_COMPILE_CACHE NODE_ICU_DATA \
  NODE_NO_WARNINGS NODE_PENDING_DEPRECATION NODE_PRESERVE_SYMLINKS NODE_REDIRECT_WARNINGS NODE_REPL_HISTORY \
  NODE_TLS_REJECT_UNAUTHORIZED NODE_USE_ENV_PROXY NODE_V8_COVERAGE NODE_CHANNEL_FD NODE_UNIQUE_ID NODE_TEST_CONTEXT \
  SSL_CERT_FILE SSL_CERT_DIR OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES UV_THREADPOOL_SIZE UV_USE_IO_URING; do
  eval "if [ \"\${$ROPEWAY_SH_NAME+set}\" = set ]; then
    ROPEWAY_USER_$ROPEWAY_SH_NAME=\$$ROPEWAY_SH_NAME; export ROPEWAY_USER_$ROPEWAY_SH_NAME; unset $ROPEWAY_SH_NAME; fi"
done
for ROPEWAY_SH_LOADER in "$ROPEWAY_SH_RUNTIME"/lib/ld-*; do
  # tini inherits the orphans of ranks, so that none gets away and none stays a zombie. Its pid is ours.
  case $1 in
    run-train | ranks)
      export ROPEWAY_REAPER=$$
      exec "$ROPEWAY_SH_RUNTIME/tini" -s -- "$ROPEWAY_SH_LOADER" --library-path "$ROPEWAY_SH_RUNTIME/lib" \
        "$ROPEWAY_SH_RUNTIME/node" "$ROPEWAY_SH_RUNTIME/launcher.js" "$@"
      ;;
  esac
  exec "$ROPEWAY_SH_LOADER" --library-path "$ROPEWAY_SH_RUNTIME/lib" \
    "$ROPEWAY_SH_RUNTIME/node" "$ROPEWAY_SH_RUNTIME/launcher.js" "$@"
done
