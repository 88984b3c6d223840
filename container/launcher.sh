#!/bin/sh
# Starts the launcher from inside an image, whatever its libc: our loader, our libraries, our node.
# What would reach that runtime is parked under another name first; the launcher gives it back to the user's processes.
# Only POSIX words and no external program, so that busybox and dash do.
runtime=${ROPEWAY_RUNTIME_DIR:-/opt/ropeway}
for name in \
  LD_LIBRARY_PATH LD_PRELOAD LD_AUDIT LD_BIND_NOW LD_BIND_NOT LD_DEBUG LD_DEBUG_OUTPUT LD_ORIGIN_PATH LD_PROFILE \
  LD_SHOW_AUXV LD_TRACE_LOADED_OBJECTS LD_VERBOSE LD_WARN LD_ASSUME_KERNEL LD_HWCAP_MASK GLIBC_TUNABLES \
  NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_DEBUG NODE_DEBUG_NATIVE NODE_COMPILE_CACHE NODE_ICU_DATA \
  NODE_NO_WARNINGS NODE_PENDING_DEPRECATION NODE_PRESERVE_SYMLINKS NODE_REDIRECT_WARNINGS NODE_REPL_HISTORY \
  NODE_TLS_REJECT_UNAUTHORIZED NODE_USE_ENV_PROXY NODE_V8_COVERAGE NODE_CHANNEL_FD NODE_UNIQUE_ID NODE_TEST_CONTEXT \
  SSL_CERT_FILE SSL_CERT_DIR OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES UV_THREADPOOL_SIZE UV_USE_IO_URING; do
  eval "if [ \"\${$name+set}\" = set ]; then ROPEWAY_USER_$name=\$$name; export ROPEWAY_USER_$name; unset $name; fi"
done
for loader in "$runtime"/lib/ld-*; do
  # tini inherits the orphans of ranks, so that none gets away and none stays a zombie. Its pid is ours.
  case $1 in
    run-train | ranks)
      export ROPEWAY_REAPER=$$
      exec "$runtime/tini" -s -- "$loader" --library-path "$runtime/lib" "$runtime/node" "$runtime/launcher.js" "$@"
      ;;
  esac
  exec "$loader" --library-path "$runtime/lib" "$runtime/node" "$runtime/launcher.js" "$@"
done
